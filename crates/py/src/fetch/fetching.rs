//! `fetch(url, ...)`: one request and the head of its answer, as a native coroutine.
//!
//! The request is read when it is called and sent when it is awaited. A task that is cancelled drops the coroutine's future, which
//! aborts the request. Loop thread, GIL held.

use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use pyo3::prelude::*;
use twinloop_web::{Client, Response, Result};

use super::abort;
use super::client::{Running, client_of, running};
use super::failures::{class, fetch_error};
use super::request::{self, Prepared, Wanted};
use super::response;
use super::upload::Raised;
use crate::asyncio::event_loop::LoopState;
use crate::ffi::Object;
use crate::ffi::coroutine::{self, Attempt, Operation, Waiter};
use crate::waiting::{self, Clock, Limit, Wakeup};

/// One fetch under way.
struct Fetching {
    core: Rc<LoopState>,
    answer: Pin<Box<dyn Future<Output = Result<Response>>>>,
    clock: Option<Clock>,
    /// Method and url, for the error of one that takes too long.
    what: String,
    /// What the program's own code raised while the body was read.
    raised: Option<Raised>,
    /// The hook of its signal.
    signal: Option<Object>,
    wakeup: Option<Wakeup>,
}

impl Operation for Fetching {
    fn name(&self) -> &'static str {
        "fetch"
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        let (answer, clock, signal) = (&mut self.answer, &mut self.clock, self.signal.as_ref());
        let mut is_aborted = false;
        let polled = waiting::poll(py, &self.core, &mut self.wakeup, waiter, |context| {
            if abort::is_aborted(py, signal, context) {
                is_aborted = true;
                return Poll::Ready(None);
            }
            match answer.as_mut().poll(context) {
                Poll::Ready(answer) => Poll::Ready(Some(answer)),
                Poll::Pending if waiting::is_over(clock, context) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })?;
        if is_aborted {
            return Err(abort::reason(py, signal));
        }
        let limit = self.clock.as_ref().map(|clock| clock.limit);
        match polled {
            Poll::Pending => Ok(None),
            Poll::Ready(Some(Ok(answer))) => {
                response::arrived(py, &self.core, answer, limit, self.signal.take()).map(Some)
            }
            Poll::Ready(Some(Err(error))) => {
                let raised = self.raised.as_ref().and_then(|raised| raised.take());
                Err(raised.unwrap_or_else(|| fetch_error(py, &error)))
            }
            Poll::Ready(None) => {
                let when = limit.map(|limit| limit.shown()).unwrap_or_default();
                let message = format!("{} was not answered {when}", self.what);
                Err(PyErr::from_value(
                    class(py, "FetchTimeoutError")?.call1((message,))?,
                ))
            }
        }
    }

    fn withdraw(&mut self, _py: Python<'_>, _waiter: &Waiter) {
        // The coroutine leaves its slot by itself.
    }

    fn is_entered(&self) -> bool {
        true
    }

    fn visit(&self, visitor: &mut dyn FnMut(&Object)) {
        if let Some(signal) = &self.signal {
            visitor(signal);
        }
    }
}

/// A coroutine that sends `request` when it is awaited, and gives the response.
pub(super) fn start<'py>(
    py: Python<'py>,
    running: Running<'py>,
    client: &Client,
    prepared: Prepared,
    limit: Option<Limit>,
) -> PyResult<Bound<'py, PyAny>> {
    let Prepared {
        request,
        raised,
        signal,
    } = prepared;
    let what = match limit {
        Some(_) => format!(
            "{} {}",
            request.method,
            response::without_password(&request.url)
        ),
        None => String::new(),
    };
    let fetching = Fetching {
        core: running.core,
        answer: Box::pin(client.fetch(request)),
        clock: limit.map(Clock::of),
        what,
        raised,
        signal,
        wakeup: None,
    };
    coroutine::make(py, running.event_loop.as_borrowed(), Box::new(fetching))
}

/// Fetches a url: awaiting the result gives the response once its status and headers are here; its body follows.
///
/// The method is GET, or POST where there is a body: `json` (a value), `data` (a form as a mapping or pairs), `files` (beside `data`), or
/// `content` (bytes, text, a file, a path, or an iterable of bytes, asynchronous or not). `params` is added to the url's query. `timeout` is how many seconds the whole may take, the body included.
/// `redirect` is "follow", "error" or "manual". `signal`, an `AbortSignal`, ends it and the reading of its body. Without `decompress` no coding is asked for, and none undone.
#[pyfunction]
#[pyo3(signature = (url, *, method=None, headers=None, params=None, json=None, data=None, content=None, files=None, cookies=None, auth=None, timeout=None,
    redirect=None, decompress=None, signal=None))]
#[expect(
    clippy::too_many_arguments,
    reason = "each is an option of its own, given by keyword"
)]
fn fetch<'py>(
    url: &Bound<'py, PyAny>,
    method: Option<Bound<'py, PyAny>>,
    headers: Option<Bound<'py, PyAny>>,
    params: Option<Bound<'py, PyAny>>,
    json: Option<Bound<'py, PyAny>>,
    data: Option<Bound<'py, PyAny>>,
    content: Option<Bound<'py, PyAny>>,
    files: Option<Bound<'py, PyAny>>,
    cookies: Option<Bound<'py, PyAny>>,
    auth: Option<Bound<'py, PyAny>>,
    timeout: Option<Bound<'py, PyAny>>,
    redirect: Option<Bound<'py, PyAny>>,
    decompress: Option<Bound<'py, PyAny>>,
    signal: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = url.py();
    let running = running(py, "twinloop.fetch()")?;
    let client = client_of(py, &running.core)?;
    let wanted = Wanted {
        method,
        headers,
        params,
        json,
        data,
        content,
        files,
        cookies,
        auth,
        timeout,
        redirect,
        decompress,
        signal,
    };
    let prepared = request::read(url, &wanted, None)?;
    let limit = wanted.limit()?;
    start(py, running, &client, prepared, limit)
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(fetch, module)?)
}
