//! Reading a body: the native coroutines behind `bytes()`, `text()`, `json()` and `async for`.
//!
//! A body that came with its head is there at once. Of one that arrives each poll takes what is there; what nobody asks for stays with the
//! peer (rule BOUNDED). Who reads the whole and is cancelled has given it up, and the connection with it; a piece is not lost that way. Loop
//! thread, GIL held; the content is not borrowed while Python runs.

use std::rc::Rc;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use jiter::PythonParse;
use pyo3::exceptions::{PyRuntimeError, PyStopAsyncIteration, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use twinloop_web::fetch::Body;

use super::abort;
use super::client::Running;
use super::failures::{class, fetch_error, json_error};
use super::response::{Content, Response, State};
use super::upload::known_bytes;
use crate::asyncio::event_loop::LoopState;
use crate::ffi::coroutine::{self, Attempt, Operation, Waiter};
use crate::ffi::{self, Object, text_of_latin1};
use crate::waiting::{self, Clock, Wakeup};

/// What is made of a body.
pub(super) enum Want {
    Bytes,
    /// In this encoding, or in the one that the response names.
    Text(Option<String>),
    /// By this function, if one is given.
    Json(Option<Object>),
    /// Its next piece.
    Piece,
    /// Nothing: the response itself is wanted.
    Response,
}

struct Reading {
    core: Rc<LoopState>,
    response: Py<Response>,
    want: Want,
    /// Taken out of the response while it is read.
    body: Option<Body>,
    collected: Collected,
    clock: Option<Clock>,
    wakeup: Option<Wakeup>,
}

/// The pieces of a body: most have one, which is not copied.
#[derive(Default)]
struct Collected {
    first: Bytes,
    more: BytesMut,
}

impl Collected {
    fn push(&mut self, piece: Bytes) {
        if self.first.is_empty() && self.more.is_empty() {
            self.first = piece;
            return;
        }
        if self.more.is_empty() {
            self.more.reserve((self.first.len() + piece.len()) * 2);
            self.more
                .extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.more.extend_from_slice(&piece);
    }

    fn finish(&mut self) -> Bytes {
        match self.more.is_empty() {
            true => std::mem::take(&mut self.first),
            false => std::mem::take(&mut self.more).freeze(),
        }
    }
}

impl Reading {
    fn state<'a>(&'a self, py: Python<'a>) -> &'a State {
        self.response.get().state(py)
    }

    /// What the response has: all of its body, or one that arrives.
    fn begin(&mut self, py: Python<'_>) -> PyResult<Option<Bytes>> {
        let state = self.response.get().state(py);
        let is_piece = matches!(self.want, Want::Piece);
        let mut content = state.content.borrow_mut();
        match &*content {
            Content::Whole(bytes) => return Ok(Some(bytes.clone())),
            Content::Given(given) => {
                let given = given.share(py);
                drop(content);
                return bytes_of(&given.bind(py)).map(Some);
            }
            Content::Arriving { pieces: true, .. } if !is_piece => {
                return Err(refused(state, "is being read piece by piece"));
            }
            Content::Arriving { .. } => {}
            Content::Reading => return Err(refused(state, "is being read by somebody else")),
            Content::Read => return Err(refused(state, "was read already, piece by piece")),
            Content::GivenUp(why) => return Err(refused(state, why)),
        }
        if let Content::Arriving { body, .. } = std::mem::replace(&mut *content, Content::Reading) {
            self.body = Some(body);
        }
        self.clock = state.limit.map(Clock::of);
        Ok(None)
    }

    /// Takes what is there. `Some` is the end of the body, or a piece if that is what is wanted.
    fn advance(&mut self, py: Python<'_>, waiter: &Waiter) -> PyResult<Option<Option<Bytes>>> {
        let is_piece = matches!(self.want, Want::Piece);
        let Some(body) = &mut self.body else {
            return Ok(Some(None));
        };
        let (collected, clock) = (&mut self.collected, &mut self.clock);
        let signal = self.response.get().state(py).signal.as_ref();
        let mut is_aborted = false;
        let polled = waiting::poll(py, &self.core, &mut self.wakeup, waiter, |context| {
            if abort::is_aborted(py, signal, context) {
                is_aborted = true;
                return Poll::Ready(None);
            }
            loop {
                match body.poll_chunk(context) {
                    Poll::Ready(Some(Ok(piece))) if is_piece => {
                        return Poll::Ready(Some(Ok(Some(piece))));
                    }
                    Poll::Ready(Some(Ok(piece))) => collected.push(piece),
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                    Poll::Ready(None) => return Poll::Ready(Some(Ok(None))),
                    Poll::Pending if waiting::is_over(clock, context) => {
                        return Poll::Ready(None);
                    }
                    Poll::Pending => return Poll::Pending,
                }
            }
        });
        let polled = match polled {
            Ok(Poll::Pending) => return Ok(None),
            Ok(Poll::Ready(Some(Ok(outcome)))) => return Ok(Some(outcome)),
            Ok(Poll::Ready(Some(Err(error)))) => Err(fetch_error(py, &error)),
            Ok(Poll::Ready(None)) if is_aborted => Err(abort::reason(py, signal)),
            Ok(Poll::Ready(None)) => Err(self.too_late(py)),
            Err(error) => Err(error),
        };
        self.leave(py, Content::GivenUp("broke off"));
        polled
    }

    #[cold]
    fn too_late(&self, py: Python<'_>) -> PyErr {
        let limit = self.clock.as_ref().map(|clock| clock.limit.shown());
        let message = format!(
            "the body of {} did not arrive {}",
            self.state(py).name(),
            limit.unwrap_or_default()
        );
        class(py, "FetchTimeoutError")
            .and_then(|class| class.call1((message,)))
            .map_or_else(|failure| failure, PyErr::from_value)
    }

    /// Leaves the response with this content, and lets go of the body.
    fn leave(&mut self, py: Python<'_>, content: Content) {
        let body = self.body.take();
        let old = self.state(py).content.replace(content);
        drop((body, old));
    }

    fn made<'py>(&mut self, py: Python<'py>, bytes: &Bytes) -> PyResult<Bound<'py, PyAny>> {
        match &self.want {
            Want::Bytes | Want::Piece => Ok(PyBytes::new(py, bytes).into_any()),
            Want::Text(encoding) => text(py, self.state(py), bytes, encoding.as_deref()),
            Want::Json(loads) => json(py, self.state(py), bytes, loads.as_ref()),
            Want::Response => Ok(self.response.bind(py).clone().into_any()),
        }
    }
}

impl Operation for Reading {
    fn name(&self) -> &'static str {
        match self.want {
            Want::Bytes => "Response.bytes",
            Want::Text(_) => "Response.text",
            Want::Json(_) => "Response.json",
            Want::Piece => "Response.__anext__",
            Want::Response => "Response.__aenter__",
        }
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        if matches!(self.want, Want::Response) {
            return self.made(py, &Bytes::new()).map(Some);
        }
        if self.body.is_none() {
            let is_piece = matches!(self.want, Want::Piece);
            if is_piece && matches!(&*self.state(py).content.borrow(), Content::Read) {
                return Err(PyStopAsyncIteration::new_err(()));
            }
            if let Some(whole) = self.begin(py)? {
                if is_piece {
                    self.leave(py, Content::Read);
                    if whole.is_empty() {
                        return Err(PyStopAsyncIteration::new_err(()));
                    }
                }
                return self.made(py, &whole).map(Some);
            }
        }
        let Some(outcome) = self.advance(py, waiter)? else {
            return Ok(None);
        };
        if matches!(self.want, Want::Piece) {
            let Some(piece) = outcome else {
                self.leave(py, Content::Read);
                return Err(PyStopAsyncIteration::new_err(()));
            };
            self.give_back(py);
            return self.made(py, &piece).map(Some);
        }
        let whole = self.collected.finish();
        self.leave(py, Content::Whole(whole.clone()));
        self.made(py, &whole).map(Some)
    }

    fn withdraw(&mut self, _py: Python<'_>, _waiter: &Waiter) {
        // The coroutine leaves its slot by itself.
    }

    fn visit(&self, visitor: &mut dyn FnMut(&Object)) {
        if let Want::Json(Some(loads)) = &self.want {
            visitor(loads);
        }
    }
}

impl Reading {
    /// Puts the body back, whose next piece somebody else may ask for.
    fn give_back(&mut self, py: Python<'_>) {
        if let Some(body) = self.body.take() {
            let content = Content::Arriving { body, pieces: true };
            let old = self.state(py).content.replace(content);
            drop(old);
        }
    }
}

impl Drop for Reading {
    /// A task that is cancelled lets go of its coroutine in the middle.
    fn drop(&mut self) {
        if self.body.is_none() {
            return;
        }
        // Coroutines are released under the GIL.
        ffi::with_gil_held(|py| match self.want {
            Want::Piece => self.give_back(py),
            _ => self.leave(py, Content::GivenUp("was given up by its reader")),
        });
    }
}

#[cold]
fn refused(state: &State, why: &str) -> PyErr {
    PyRuntimeError::new_err(format!("the body of {} {why}", state.name()))
}

/// What a program has made a response of, as bytes.
fn bytes_of(given: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    match known_bytes(given)? {
        Some(bytes) => Ok(bytes),
        None => Err(PyTypeError::new_err(format!(
            "the body of this response is a '{}', which its server reads and nobody else",
            given.get_type().name()?
        ))),
    }
}

/// A body as text, in its own encoding; UTF-8 where it names none. What is not of the encoding becomes U+FFFD.
fn text<'py>(
    py: Python<'py>,
    state: &State,
    bytes: &Bytes,
    encoding: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let named = match encoding {
        Some(_) => None,
        None => state.charset(),
    };
    let Some(name) = encoding.or(named.as_deref()) else {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if text.is_ascii() {
            return text_of_latin1(py, text);
        }
        return Ok(PyString::new(py, &String::from_utf8_lossy(text)).into_any());
    };
    PyBytes::new(py, bytes).call_method1(intern!(py, "decode"), (name, intern!(py, "replace")))
}

/// A body as the value that it is. What is refused here is tried by Python's own `json`, which takes more (deeper nesting, lone
/// surrogates) and knows the words for what is wrong.
fn json<'py>(
    py: Python<'py>,
    state: &State,
    bytes: &Bytes,
    loads: Option<&Object>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(loads) = loads {
        return loads.bind(py).call1((PyBytes::new(py, bytes),));
    }
    let parse = PythonParse {
        allow_inf_nan: true,
        ..PythonParse::default()
    };
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    parse.python_parse(py, text).or_else(|_| {
        py.import("json")?
            .call_method1("loads", (PyBytes::new(py, bytes),))
            .map_err(|error| json_error(py, &state.name(), error))
    })
}

/// A coroutine that reads the body of `response`.
pub(super) fn read<'py>(
    response: &Bound<'py, Response>,
    running: Running<'py>,
    want: Want,
) -> PyResult<Bound<'py, PyAny>> {
    let reading = Reading {
        core: running.core,
        response: response.clone().unbind(),
        want,
        body: None,
        collected: Collected::default(),
        clock: None,
        wakeup: None,
    };
    coroutine::make(
        response.py(),
        running.event_loop.as_borrowed(),
        Box::new(reading),
    )
}
