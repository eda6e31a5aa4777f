//! `Response`: what a server has answered, and what a handler answers with.
//!
//! One that was fetched keeps what `web` gave, and makes objects of it when they are asked for; its body is read once (`reading.rs`) and
//! then kept. One that a program makes keeps its body as it was given, for `serve` to send. GIL held; nothing is borrowed while Python
//! runs.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bytes::Bytes;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};
use twinloop_web::fetch::header::{CONTENT_TYPE, HeaderValue};
use twinloop_web::fetch::{Body, HeaderMap, Url, Version};

use super::client::{Running, running};
use super::failures::status_error;
use super::headers::{Fields, Headers, read_into};
use super::reading::{self, Want};
use super::request::json_text;
use crate::asyncio::event_loop::LoopState;
use crate::ffi::handle::Owned;
use crate::ffi::{GilBound, Object, done};
use crate::waiting::Limit;

/// Where a body is.
pub(super) enum Content {
    /// A program has made the response of it.
    Given(Object),
    Whole(Bytes),
    /// Still on its connection; `pieces` if some of it was read.
    Arriving {
        body: Body,
        pieces: bool,
    },
    /// A coroutine has it.
    Reading,
    /// It was read piece by piece, to its end.
    Read,
    /// Why it cannot be had.
    GivenUp(&'static str),
}

pub(super) struct State {
    status: Cell<u16>,
    reason: String,
    fields: Fields,
    /// `None` for one that a program has made.
    url: Option<Url>,
    redirected: bool,
    version: Version,
    /// The body was decoded on its way, so that some fields do not describe what is read.
    is_decoded: bool,
    pub(super) content: RefCell<Content>,
    pub(super) limit: Option<Limit>,
    /// The hook of the signal that ends the reading of the body.
    pub(super) signal: Option<Object>,
    /// Whose connection the body is on.
    core: Option<Rc<LoopState>>,
}

impl State {
    /// The response in an error.
    pub(super) fn name(&self) -> String {
        match &self.url {
            Some(url) => url.to_string(),
            None => "a response".to_owned(),
        }
    }

    /// The encoding that the response names, if it is another than UTF-8.
    pub(super) fn charset(&self) -> Option<String> {
        let fields = self.fields.borrow();
        let kind = fields.get(CONTENT_TYPE)?.to_str().ok()?;
        let parameter = |part: &str| {
            let (name, value) = part.split_once('=')?;
            let value = value.trim().trim_matches('"');
            (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty())
                .then(|| value.to_owned())
        };
        let charset = kind.split(';').skip(1).find_map(parameter)?;
        let is_utf8 = ["utf-8", "utf8", "us-ascii"]
            .iter()
            .any(|name| charset.eq_ignore_ascii_case(name));
        (!is_utf8).then_some(charset)
    }
}

/// A url as errors may show it.
pub(crate) fn without_password(url: &Url) -> Url {
    let mut url = url.clone();
    // Only a url without a host refuses, and that has no password.
    let _ = url.set_password(None);
    url
}

/// An answer: what `fetch` gives, and what a handler of `serve` returns.
#[pyclass(frozen, module = "twinloop")]
pub(super) struct Response {
    state: GilBound<State>,
}

impl Response {
    pub(super) fn state<'a>(&'a self, py: Python<'a>) -> &'a State {
        self.state.get(py)
    }
}

/// The object for a response that has come.
pub(super) fn arrived<'py>(
    py: Python<'py>,
    core: &Rc<LoopState>,
    response: twinloop_web::Response,
    limit: Option<Limit>,
    signal: Option<Object>,
) -> PyResult<Bound<'py, PyAny>> {
    let is_decoded = response.body.is_coded();
    let content = match response.body.buffered() {
        Some(bytes) => Content::Whole(bytes),
        None => Content::Arriving {
            body: response.body,
            pieces: false,
        },
    };
    let state = State {
        status: Cell::new(response.status.as_u16()),
        reason: response.reason,
        fields: Rc::new(RefCell::new(response.headers)),
        url: Some(response.url),
        redirected: response.redirected,
        version: response.version,
        is_decoded,
        content: RefCell::new(content),
        limit,
        signal,
        core: Some(Rc::clone(core)),
    };
    let object = Response {
        state: GilBound::new(state),
    };
    Ok(Bound::new(py, object)?.into_any())
}

#[pymethods]
impl Response {
    /// An answer whose body is text, bytes, or an (asynchronous) iterable of them, which is sent piece by piece.
    #[new]
    #[pyo3(signature = (body=None, status=200, headers=None, *, content_type=None))]
    fn new(
        py: Python<'_>,
        body: Option<Bound<'_, PyAny>>,
        status: u16,
        headers: Option<&Bound<'_, PyAny>>,
        content_type: Option<&str>,
    ) -> PyResult<Response> {
        let is_text = |body: &Bound<'_, PyAny>| body.is_instance_of::<PyString>();
        let kind = content_type.or_else(|| {
            body.as_ref()
                .is_some_and(is_text)
                .then_some("text/plain; charset=utf-8")
        });
        let content = match body {
            Some(body) => Content::Given(Object::new(body)),
            None => Content::Given(Object::new(PyBytes::new(py, b"").into_any())),
        };
        made(content, status, headers, kind)
    }

    /// The status. That of an answer can be set before it is sent.
    #[getter]
    fn status(&self, py: Python<'_>) -> u16 {
        self.state(py).status.get()
    }

    #[setter]
    fn set_status(&self, py: Python<'_>, status: u16) {
        self.state(py).status.set(status);
    }

    /// Whether the status is one of success, 200 to 299.
    #[getter]
    fn ok(&self, py: Python<'_>) -> bool {
        (200..300).contains(&self.state(py).status.get())
    }

    /// The words that HTTP/1.1 has beside the status.
    #[getter]
    fn reason<'a>(&'a self, py: Python<'a>) -> &'a str {
        &self.state(py).reason
    }

    /// The headers, as the server sent them or as they will be sent.
    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, Headers>> {
        Bound::new(py, Headers::of(&self.state(py).fields))
    }

    /// The url that answered, after redirects; empty for a response that a program has made.
    #[getter]
    fn url<'a>(&'a self, py: Python<'a>) -> &'a str {
        self.state(py).url.as_ref().map_or("", Url::as_str)
    }

    /// Whether a redirect was followed.
    #[getter]
    fn redirected(&self, py: Python<'_>) -> bool {
        self.state(py).redirected
    }

    /// "HTTP/1.1" or "HTTP/2".
    #[getter]
    fn http_version(&self, py: Python<'_>) -> &'static str {
        match self.state(py).version {
            Version::HTTP_2 => "HTTP/2",
            Version::HTTP_10 => "HTTP/1.0",
            _ => "HTTP/1.1",
        }
    }

    /// The body as it was given; that of a fetched response as bytes if all of it is here, else the response itself, which is an
    /// asynchronous iterable of it.
    #[getter]
    fn body<'py>(slf: &Bound<'py, Response>) -> Bound<'py, PyAny> {
        let py = slf.py();
        match &*slf.get().state(py).content.borrow() {
            Content::Given(body) => body.bind(py).to_owned(),
            Content::Whole(bytes) => PyBytes::new(py, bytes).into_any(),
            _ => slf.clone().into_any(),
        }
    }

    /// Whether headers tell of a coding that was undone.
    #[getter]
    fn _is_decoded(&self, py: Python<'_>) -> bool {
        self.state(py).is_decoded
    }

    /// The whole body.
    fn bytes<'py>(slf: &Bound<'py, Response>) -> PyResult<Bound<'py, PyAny>> {
        read(slf, Want::Bytes)
    }

    /// The whole body as text, in `encoding`, else in the one that the response names, else as UTF-8.
    #[pyo3(signature = (encoding=None))]
    fn text<'py>(
        slf: &Bound<'py, Response>,
        encoding: Option<String>,
    ) -> PyResult<Bound<'py, PyAny>> {
        read(slf, Want::Text(encoding))
    }

    /// This response, or an `HTTPStatusError` if its status is 400 or more.
    fn raise_for_status<'py>(slf: &Bound<'py, Response>) -> PyResult<Bound<'py, Response>> {
        let state = slf.get().state(slf.py());
        let status = state.status.get();
        if status < 400 {
            return Ok(slf.clone());
        }
        let message = format!("{} answered {status} {}", state.name(), state.reason);
        let response = slf.as_any().as_borrowed();
        Err(status_error(slf.py(), message.trim_end(), response))
    }

    /// Gives up what has not been read of the body.
    fn close(&self, py: Python<'_>) {
        let content = &self.state(py).content;
        if matches!(&*content.borrow(), Content::Arriving { .. }) {
            let old = content.replace(Content::GivenUp("was closed"));
            drop(old);
        }
    }

    fn __aiter__<'py>(slf: &Bound<'py, Response>) -> Bound<'py, Response> {
        slf.clone()
    }

    fn __anext__<'py>(slf: &Bound<'py, Response>) -> PyResult<Bound<'py, PyAny>> {
        read(slf, Want::Piece)
    }

    fn __aenter__<'py>(slf: &Bound<'py, Response>) -> PyResult<Bound<'py, PyAny>> {
        read(slf, Want::Response)
    }

    #[pyo3(signature = (*_exception))]
    fn __aexit__<'py>(
        &self,
        py: Python<'py>,
        _exception: &Bound<'py, PyTuple>,
    ) -> Bound<'py, PyAny> {
        self.close(py);
        done(py)
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let state = self.state(py);
        match &state.url {
            Some(url) => format!("<Response {} {url}>", state.status.get()),
            None => format!("<Response {}>", state.status.get()),
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let mut owned = Owned::new(&visit, None);
        let state = self.state.get_for(&visit);
        if let Some(signal) = &state.signal {
            owned.add(signal);
        }
        if let Ok(content) = state.content.try_borrow()
            && let Content::Given(body) = &*content
        {
            owned.add(body);
        }
        owned.finish()
    }

    fn __clear__(&self, py: Python<'_>) {
        let old = self.state(py).content.replace(Content::Read);
        drop(old);
    }
}

/// A response of a program.
fn made(
    content: Content,
    status: u16,
    headers: Option<&Bound<'_, PyAny>>,
    content_type: Option<&str>,
) -> PyResult<Response> {
    let mut fields = HeaderMap::new();
    if let Some(headers) = headers {
        read_into(&mut fields, headers)?;
    }
    if let Some(kind) = content_type
        && !fields.contains_key(CONTENT_TYPE)
    {
        let kind = HeaderValue::from_str(kind).map_err(|_| {
            PyValueError::new_err("the content type has a character that ends lines or controls")
        })?;
        fields.insert(CONTENT_TYPE, kind);
    }
    let state = State {
        status: Cell::new(status),
        reason: String::new(),
        fields: Rc::new(RefCell::new(fields)),
        url: None,
        redirected: false,
        version: Version::HTTP_11,
        is_decoded: false,
        content: RefCell::new(content),
        limit: None,
        signal: None,
        core: None,
    };
    Ok(Response {
        state: GilBound::new(state),
    })
}

/// A coroutine of the running loop that reads the body.
fn read<'py>(response: &Bound<'py, Response>, want: Want) -> PyResult<Bound<'py, PyAny>> {
    let py = response.py();
    let running: Running<'_> = running(py, "the body of a Response")?;
    if let Some(core) = &response.get().state(py).core
        && !Rc::ptr_eq(core, &running.core)
    {
        return Err(PyRuntimeError::new_err(
            "a response is read on the event loop that fetched it",
        ));
    }
    reading::read(response, running, want)
}

// ---- json

/// A value as JSON.
#[pyfunction]
#[pyo3(name = "json", signature = (value, status=200, headers=None))]
fn json_of(
    value: &Bound<'_, PyAny>,
    status: u16,
    headers: Option<&Bound<'_, PyAny>>,
) -> PyResult<Response> {
    let text = PyBytes::new(value.py(), &json_text(value)?);
    let content = Content::Given(Object::new(text.into_any()));
    made(content, status, headers, Some("application/json"))
}

/// The value that the whole body is, or what `loads` makes of its bytes.
#[pyfunction]
#[pyo3(name = "json", signature = (response, /, *, loads=None))]
fn json_in<'py>(
    response: &Bound<'py, Response>,
    loads: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    read(response, Want::Json(loads.map(Object::new)))
}

/// The attribute `json`, which is two things, as in the web: of the class it makes a response, of a response it reads the body.
#[pyclass(frozen, module = "_twinloop._native")]
struct JsonAttribute {
    make: Py<PyAny>,
    read: Py<PyAny>,
}

#[pymethods]
impl JsonAttribute {
    fn __get__<'py>(
        &self,
        py: Python<'py>,
        instance: &Bound<'py, PyAny>,
        _owner: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if instance.is_none() {
            return Ok(self.make.bind(py).clone());
        }
        static METHOD: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        METHOD
            .import(py, "types", "MethodType")?
            .call1((&self.read, instance))
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let class = py.get_type::<Response>();
    let json = JsonAttribute {
        make: wrap_pyfunction!(json_of, py)?.into_any().unbind(),
        read: wrap_pyfunction!(json_in, py)?.into_any().unbind(),
    };
    class.setattr("json", Bound::new(py, json)?)?;
    module.add("Response", class)
}
