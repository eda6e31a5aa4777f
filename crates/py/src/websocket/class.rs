//! `WebSocketCore`: the native half of `twinloop.WebSocket`, and what one is made with. Loop thread, GIL held.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use twinloop_web::fetch::Url;
use twinloop_web::websocket::Handshake;

use super::open::{End, Open};
use super::opening;
use crate::fetch::client::{client_of, running};
use crate::fetch::failures::fetch_error;
use crate::fetch::request::{self, Wanted, json_text};
use crate::fetch::session::{SessionCore, seconds};
use crate::ffi::handle::Owned;
use crate::ffi::{GilBound, done};
use crate::waiting::Limit;

/// Longer than anybody waits.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

struct State {
    url: Url,
    /// What it is opened with, until somebody opens it.
    handshake: RefCell<Option<Handshake>>,
    limit: Option<Limit>,
    session: Option<Py<SessionCore>>,
    open: RefCell<Option<Rc<Open>>>,
}

/// The native half of `twinloop.WebSocket`.
#[pyclass(frozen, subclass, weakref, module = "_twinloop._native")]
pub(super) struct WebSocketCore {
    state: GilBound<State>,
}

impl WebSocketCore {
    /// Takes note that it is open.
    pub(super) fn opened(&self, py: Python<'_>, open: Rc<Open>) {
        *self.state.get(py).open.borrow_mut() = Some(open);
    }

    fn open(&self, py: Python<'_>) -> PyResult<Rc<Open>> {
        self.known(py).ok_or_else(|| {
            PyRuntimeError::new_err("the websocket is not open: `async with` or `await` opens it")
        })
    }

    fn known(&self, py: Python<'_>) -> Option<Rc<Open>> {
        self.state.get(py).open.borrow().clone()
    }

    fn end(&self, py: Python<'_>) -> Option<End> {
        self.known(py)?.end()
    }
}

#[pymethods]
impl WebSocketCore {
    #[new]
    #[pyo3(signature = (url, *, protocols, headers, params, cookies, auth, compress, max_size, open_timeout, ping_interval, ping_timeout,
        close_timeout, session))]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is an option of its own, given by keyword"
    )]
    fn new<'py>(
        url: &Bound<'py, PyAny>,
        protocols: Option<&Bound<'py, PyAny>>,
        headers: Option<Bound<'py, PyAny>>,
        params: Option<Bound<'py, PyAny>>,
        cookies: Option<Bound<'py, PyAny>>,
        auth: Option<Bound<'py, PyAny>>,
        compress: bool,
        max_size: Option<usize>,
        open_timeout: Option<f64>,
        ping_interval: Option<f64>,
        ping_timeout: Option<f64>,
        close_timeout: Option<f64>,
        session: Option<&Bound<'py, SessionCore>>,
    ) -> PyResult<WebSocketCore> {
        let py = url.py();
        let wanted = Wanted {
            headers,
            params,
            cookies,
            auth,
            ..Wanted::default()
        };
        let defaults = session.map(|session| &session.get().session(py).defaults);
        let (url, headers) = request::address(url, &wanted, defaults)?;
        let mut handshake = Handshake::with_url(url).map_err(|error| fetch_error(py, &error))?;
        handshake.headers = headers;
        handshake.protocols = protocols.map(names).transpose()?.unwrap_or_default();
        handshake.compress = compress;
        handshake.max_message_bytes = max_size.unwrap_or(usize::MAX);
        handshake.ping_interval = time_of(ping_interval, "ping_interval")?;
        handshake.ping_timeout = time_of(ping_timeout, "ping_timeout")?.unwrap_or(NEVER);
        handshake.close_timeout = time_of(close_timeout, "close_timeout")?.unwrap_or(NEVER);
        let state = State {
            url: crate::fetch::without_password(&handshake.url),
            handshake: RefCell::new(Some(handshake)),
            limit: time_of(open_timeout, "open_timeout")?.map(Limit::of),
            session: session.map(|session| session.clone().unbind()),
            open: RefCell::default(),
        };
        Ok(WebSocketCore {
            state: GilBound::new(state),
        })
    }

    fn __aenter__<'py>(slf: &Bound<'py, WebSocketCore>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let state = slf.get().state.get(py);
        let running = running(py, "a twinloop.WebSocket")?;
        let client = match &state.session {
            Some(session) => session.get().session(py).client(py, &running)?,
            None => client_of(py, &running.core)?,
        };
        let Some(handshake) = state.handshake.take() else {
            return Err(PyRuntimeError::new_err(
                "the websocket was opened already: make another for another connection",
            ));
        };
        opening::open(slf, &running, &client, handshake, state.limit)
    }

    fn __await__<'py>(slf: &Bound<'py, WebSocketCore>) -> PyResult<Bound<'py, PyAny>> {
        // A native coroutine is the iterator that it is awaited by.
        Self::__aenter__(slf)
    }

    #[pyo3(signature = (*_exception))]
    fn __aexit__<'py>(
        &self,
        py: Python<'py>,
        _exception: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.close(py, 1000, "")
    }

    /// Sends text or bytes. Awaiting it waits while much is on its way that the server has not taken yet.
    fn send<'py>(&self, message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.open(message.py())?.send(message)
    }

    /// Sends a value as JSON, in a message of text.
    fn send_json<'py>(&self, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let open = self.open(value.py())?;
        let text = json_text(value)?;
        let text = std::str::from_utf8(&text)
            .map_err(|_| PyValueError::new_err("the value has no text as json"))?;
        open.send_text(value.py(), text)
    }

    /// The next message: str or bytes. A `ConnectionClosed` if there is none any more.
    fn receive<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.open(py)?.receive(py, false)
    }

    /// As `receive`.
    fn recv<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.open(py)?.receive(py, false)
    }

    /// Asks the server for a sign of life: the seconds until its answer.
    fn ping<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.open(py)?.ping(py)
    }

    /// Closes, and waits for the server to do so. What was sent goes first; what arrives from now on is lost. Does nothing if it is closed.
    #[pyo3(signature = (code=1000, reason=""))]
    fn close<'py>(&self, py: Python<'py>, code: u16, reason: &str) -> PyResult<Bound<'py, PyAny>> {
        match self.known(py) {
            Some(open) => open.close(py, code, reason),
            None => Ok(done(py)),
        }
    }

    /// Ends the connection at once, without a word to the server.
    fn abort(&self, py: Python<'_>) {
        if let Some(open) = self.known(py) {
            open.sender.abort();
        }
    }

    fn __aiter__<'py>(slf: &Bound<'py, WebSocketCore>) -> Bound<'py, WebSocketCore> {
        slf.clone()
    }

    fn __anext__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.open(py)?.receive(py, true)
    }

    /// Where it is connected to, without user and password.
    #[getter]
    fn url<'a>(&'a self, py: Python<'a>) -> &'a str {
        self.state.get(py).url.as_str()
    }

    /// The subprotocol that the server chose; empty if none.
    #[getter]
    fn protocol(&self, py: Python<'_>) -> String {
        self.known(py)
            .map_or_else(String::new, |open| open.protocol.clone())
    }

    /// The extensions that the server chose, such as "permessage-deflate"; empty if none.
    #[getter]
    fn extensions(&self, py: Python<'_>) -> String {
        self.known(py)
            .map_or_else(String::new, |open| open.extensions.clone())
    }

    /// Whether it was closed, by either side.
    #[getter]
    fn closed(&self, py: Python<'_>) -> bool {
        self.known(py).is_some_and(|open| open.is_closed())
    }

    /// The code of the end, which the server gave: 1000 for an ordinary one, 1006 where nobody said why. None while it is open.
    #[getter]
    fn close_code(&self, py: Python<'_>) -> Option<u16> {
        self.end(py).map(|end| end.code)
    }

    /// The server's reason for the end. None while it is open.
    #[getter]
    fn close_reason(&self, py: Python<'_>) -> Option<String> {
        self.end(py).map(|end| end.reason)
    }

    /// How many bytes of messages are on their way that the operating system has not taken yet.
    #[getter]
    fn buffered_amount(&self, py: Python<'_>) -> usize {
        self.known(py)
            .map_or(0, |open| open.sender.buffered_amount())
    }

    fn __repr__(slf: &Bound<'_, WebSocketCore>) -> String {
        let this = slf.get();
        let state = this.state.get(slf.py());
        let stage = match &*state.open.borrow() {
            None => "not open",
            Some(open) if open.end().is_some() => "closed",
            Some(open) if open.is_closed() => "closing",
            Some(_) => "open",
        };
        format!("<WebSocket {stage} {}>", state.url)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let state = self.state.get_for(&visit);
        if let Some(session) = &state.session {
            visit.call(session)?;
        }
        let mut owned = Owned::new(&visit, None);
        if let Ok(open) = state.open.try_borrow()
            && let Some(open) = &*open
            // A coroutine of it owns it too, and is not the collector's to look into.
            && Rc::strong_count(open) == 1
        {
            owned.add(&open.event_loop);
        }
        owned.finish()
    }

    fn __clear__(&self, py: Python<'_>) {
        let open = self.state.get(py).open.take();
        drop(open);
    }
}

/// One name, or several.
fn names(given: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if let Ok(name) = given.cast::<PyString>() {
        return Ok(vec![name.to_str()?.to_owned()]);
    }
    let wrong = || PyTypeError::new_err("protocols is a str, or several of them");
    let items = given.try_iter().map_err(|_| wrong())?;
    items
        .map(|name| name?.extract::<String>().map_err(|_| wrong()))
        .collect()
}

fn time_of(time: Option<f64>, what: &str) -> PyResult<Option<Duration>> {
    let time = time.map(|time| seconds(time, what)).transpose()?;
    if time.is_some_and(|time| time.is_zero()) {
        return Err(PyValueError::new_err(format!(
            "{what} is a number of seconds, or None for no limit"
        )));
    }
    Ok(time)
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<WebSocketCore>()
}
