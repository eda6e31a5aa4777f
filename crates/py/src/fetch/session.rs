//! `SessionCore`: what the requests of a session share, and the requests themselves.
//!
//! A session belongs to the loop that it is first used on. Where it repeats requests or has hooks, each goes by `_fetch` of its Python
//! class (`_twinloop/fetch/session.py`), which sends by `_send`; otherwise a request is one native coroutine, as that of `fetch`. Loop
//! thread, GIL held.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use twinloop_web::fetch::{Cookie, CookieJar};
use twinloop_web::{Client, Config, Proxies};

use super::client::{self, Running, running};
use super::failures::fetch_error;
use super::fetching::start;
use super::request::{self, Defaults, Wanted};
use crate::asyncio::event_loop::LoopState;
use crate::ffi::{GilBound, done};

pub(crate) struct Session {
    config: Config,
    pub(crate) defaults: Defaults,
    jar: CookieJar,
    bond: RefCell<Option<Bond>>,
    is_closed: Cell<bool>,
    /// Python has a part in each request.
    is_wrapped: bool,
}

/// The loop that a session belongs to, and its connections there.
struct Bond {
    core: Rc<LoopState>,
    client: Client,
}

/// The native half of `twinloop.Session`.
#[pyclass(frozen, subclass, module = "_twinloop._native")]
pub(crate) struct SessionCore {
    session: GilBound<Session>,
}

impl SessionCore {
    pub(crate) fn session<'a>(&'a self, py: Python<'a>) -> &'a Session {
        self.session.get(py)
    }

    /// A coroutine that sends a request.
    fn send<'py>(
        &self,
        url: &Bound<'py, PyAny>,
        wanted: &Wanted<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = url.py();
        let session = self.session.get(py);
        let running = running(py, "a twinloop.Session")?;
        let client = session.client(py, &running)?;
        let prepared = request::read(url, wanted, Some(&session.defaults))?;
        let limit = wanted.limit()?.or(session.defaults.limit);
        start(py, running, &client, prepared, limit)
    }
}

impl Session {
    /// Its connections on the loop that it belongs to, which is this one from now on.
    pub(crate) fn client(&self, py: Python<'_>, running: &Running<'_>) -> PyResult<Client> {
        if self.is_closed.get() {
            return Err(PyRuntimeError::new_err("the session is closed"));
        }
        if let Some(bond) = &*self.bond.borrow() {
            if !Rc::ptr_eq(&bond.core, &running.core) {
                return Err(PyRuntimeError::new_err(
                    "a session is used on one event loop, and this is another than before",
                ));
            }
            return Ok(bond.client.clone());
        }
        let client = Client::new(self.config.clone()).map_err(|error| fetch_error(py, &error))?;
        *self.bond.borrow_mut() = Some(Bond {
            core: Rc::clone(&running.core),
            client: client.clone(),
        });
        Ok(client)
    }
}

/// One request of a session, whose method may be set already.
fn begin<'py>(
    this: &Bound<'py, SessionCore>,
    name: &str,
    method: Option<&str>,
    url: &Bound<'py, PyAny>,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = url.py();
    let core = this.get();
    if core.session.get(py).is_wrapped {
        let options = options.cloned().unwrap_or_else(|| PyDict::new(py));
        return this.call_method1(intern!(py, "_fetch"), (method, url, options));
    }
    let mut wanted = Wanted::of(options, name)?;
    if let Some(method) = method {
        wanted.set_method(py, method, name)?;
    }
    core.send(url, &wanted)
}

#[pymethods]
impl SessionCore {
    #[new]
    #[pyo3(signature = (base_url, *, headers, cookies, auth, timeout, proxies, max_connections, connect_timeout, idle_timeout, http2, ca_file,
        user_agent, keeps_cookies, wrapped, max_total_connections=None))]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is an option of its own, given by keyword"
    )]
    fn new<'py>(
        py: Python<'py>,
        base_url: Option<&Bound<'py, PyAny>>,
        headers: Option<Bound<'py, PyAny>>,
        cookies: Option<Bound<'py, PyAny>>,
        auth: Option<Bound<'py, PyAny>>,
        timeout: Option<Bound<'py, PyAny>>,
        proxies: Option<Vec<(String, String)>>,
        max_connections: usize,
        connect_timeout: Option<f64>,
        idle_timeout: f64,
        http2: bool,
        ca_file: Option<std::path::PathBuf>,
        user_agent: Option<String>,
        keeps_cookies: bool,
        wrapped: bool,
        max_total_connections: Option<usize>,
    ) -> PyResult<SessionCore> {
        if max_total_connections == Some(0) {
            return Err(PyValueError::new_err("max_total_connections is at least 1"));
        }
        if max_connections == 0 {
            return Err(PyValueError::new_err("max_connections is at least 1"));
        }
        let jar = CookieJar::default();
        let mut config = client::config(py)?;
        if let Some(proxies) = proxies {
            config.proxies = Proxies::of(|name| {
                let found = proxies.iter().find(|(known, _)| known == name);
                found.map(|(_, value)| value.clone())
            });
        }
        config.max_connections_per_origin = max_connections;
        config.max_connections = max_total_connections;
        config.connect_timeout = connect_timeout
            .map(|time| seconds(time, "connect_timeout"))
            .transpose()?;
        config.idle_timeout = seconds(idle_timeout, "idle_timeout")?;
        config.http2 = http2;
        config.cookies = keeps_cookies.then(|| jar.clone());
        if ca_file.is_some() {
            config.ca_file = ca_file;
        }
        if user_agent.is_some() {
            config.user_agent = user_agent;
        }
        let wanted = Wanted {
            headers,
            cookies,
            auth,
            timeout,
            ..Wanted::default()
        };
        let session = Session {
            config,
            defaults: Defaults::of(base_url, &wanted)?,
            jar,
            bond: RefCell::default(),
            is_closed: Cell::new(false),
            is_wrapped: wrapped,
        };
        Ok(SessionCore {
            session: GilBound::new(session),
        })
    }

    /// Fetches a url, as `twinloop.fetch`. One without a scheme is below the base url.
    #[pyo3(signature = (url, **options))]
    fn fetch<'py>(
        slf: &Bound<'py, SessionCore>,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        begin(slf, "fetch", None, url, options)
    }

    /// Fetches a url by a method.
    #[pyo3(signature = (method, url, **options))]
    fn request<'py>(
        slf: &Bound<'py, SessionCore>,
        method: &str,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        begin(slf, "request", Some(method), url, options)
    }

    /// Fetches a url by GET.
    #[pyo3(signature = (url, **options))]
    fn get<'py>(
        slf: &Bound<'py, SessionCore>,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        begin(slf, "get", Some("GET"), url, options)
    }

    /// Fetches a url by HEAD.
    #[pyo3(signature = (url, **options))]
    fn head<'py>(
        slf: &Bound<'py, SessionCore>,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        begin(slf, "head", Some("HEAD"), url, options)
    }

    /// Fetches a url by OPTIONS.
    #[pyo3(signature = (url, **options))]
    fn options<'py>(
        slf: &Bound<'py, SessionCore>,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        begin(slf, "options", Some("OPTIONS"), url, options)
    }

    /// Fetches a url by POST.
    #[pyo3(signature = (url, **options))]
    fn post<'py>(
        slf: &Bound<'py, SessionCore>,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        begin(slf, "post", Some("POST"), url, options)
    }

    /// Fetches a url by PUT.
    #[pyo3(signature = (url, **options))]
    fn put<'py>(
        slf: &Bound<'py, SessionCore>,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        begin(slf, "put", Some("PUT"), url, options)
    }

    /// Fetches a url by PATCH.
    #[pyo3(signature = (url, **options))]
    fn patch<'py>(
        slf: &Bound<'py, SessionCore>,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        begin(slf, "patch", Some("PATCH"), url, options)
    }

    /// Fetches a url by DELETE.
    #[pyo3(signature = (url, **options))]
    fn delete<'py>(
        slf: &Bound<'py, SessionCore>,
        url: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        begin(slf, "delete", Some("DELETE"), url, options)
    }

    /// Sends one request, past retries and hooks.
    fn _send<'py>(
        &self,
        method: &str,
        url: &Bound<'py, PyAny>,
        options: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut wanted = Wanted::of(Some(options), "fetch")?;
        wanted.set_method(url.py(), method, "fetch")?;
        self.send(url, &wanted)
    }

    /// Closes the connections that are not in use; those in use when they are free. There are no more requests afterwards. Need not be
    /// awaited.
    fn close<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        let session = self.session.get(py);
        session.is_closed.set(true);
        let bond = session.bond.take();
        if let Some(bond) = &bond {
            bond.client.close_idle();
        }
        drop(bond);
        done(py)
    }

    /// Whether `close` was called.
    #[getter]
    fn closed(&self, py: Python<'_>) -> bool {
        self.session.get(py).is_closed.get()
    }

    /// The cookies that answers have set, each as name, value, domain and path.
    fn _cookies<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let cookies = self.session.get(py).jar.cookies();
        let rows = cookies
            .into_iter()
            .map(|cookie: Cookie| (cookie.name, cookie.value, cookie.domain, cookie.path));
        PyList::new(py, rows.collect::<Vec<_>>())
    }

    /// Forgets the cookies that answers have set.
    fn _clear_cookies(&self, py: Python<'_>) {
        self.session.get(py).jar.clear();
    }
}

pub(crate) fn seconds(time: f64, what: &str) -> PyResult<Duration> {
    Duration::try_from_secs_f64(time)
        .map_err(|_| PyValueError::new_err(format!("{what} cannot be {time} seconds")))
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SessionCore>()
}
