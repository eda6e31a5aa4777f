//! `HttpServer`: a server as Python has it, and the application behind it.
//!
//! Whatever is rare is asked of `hooks`, an object of `_twinloop/serve`: what to do with an exception, with a line of the access log, with
//! what a proxy says. The application's tasks are kept here while they run, as asyncio itself holds them weakly. Loop thread, GIL held.

use std::cell::{Cell, RefCell};
use std::os::fd::RawFd;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyType};
use pyo3::{PyTraverseError, PyVisit};
use slab::Slab;
use twinloop_loop::net::Listener;
use twinloop_web::server::{
    Clients, Compression, Exchange, Fields, Handler, Identity, Limits, Server, SocketOptions,
};

use super::call;
use super::messages::append;
use super::scope::{self, Ends};
use super::socket::{self, SocketSide};
use crate::asyncio::event_loop::{LoopState, begin_task, core_of};
use crate::errors::{must_leave, os_error};
use crate::ffi::context::CallbackContext;
use crate::ffi::handle::Owned;
use crate::ffi::sockets::owned;
use crate::ffi::{self, GilBound, Object};

/// What the requests of a server share.
pub(super) struct Application {
    pub(super) core: Rc<LoopState>,
    pub(super) event_loop: Object,
    pub(super) root_path: String,
    /// The root stands in the paths of requests already: they come from a server that others share.
    pub(super) is_mounted: bool,
    /// The ASGI callable.
    application: RefCell<Object>,
    pub(super) hooks: Object,
    /// What the scopes of all requests have in common, and of all websockets.
    http: RefCell<Object>,
    websocket: RefCell<Object>,
    pub(super) socket_options: Rc<SocketOptions>,
    /// The server's address where a connection has none.
    pub(super) listens_on: RefCell<Object>,
    /// Fields of every answer.
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    server_header: Option<Vec<u8>>,
    has_date: bool,
    pub(super) logs_access: bool,
    trusts_proxies: bool,
    most_running: usize,
    most_requests: u64,
    /// Of answers, if there is any.
    compression: Option<Compression>,
    requests: Cell<u64>,
    /// The tasks of requests that are being answered.
    running: RefCell<Slab<Object>>,
    /// What tasks begin with: the context in which the server was made.
    context: CallbackContext,
    servers: RefCell<Vec<Server>>,
}

impl Application {
    /// Adds what every answer has.
    pub(super) fn add_defaults(&self, fields: &mut Fields, has_server: bool) -> PyResult<()> {
        if let Some(server) = &self.server_header
            && !has_server
        {
            append(fields, b"server", server)?;
        }
        for (name, value) in &self.headers {
            append(fields, name, value)?;
        }
        if !self.has_date {
            fields.omit_date();
        }
        Ok(())
    }

    /// Answers for the application, which did not.
    pub(super) fn apologise(&self, exchange: &Exchange, status: u16, text: &'static str) {
        let mut fields = Fields::new();
        let named = append(&mut fields, b"content-type", b"text/plain; charset=utf-8");
        if named
            .and_then(|()| self.add_defaults(&mut fields, false))
            .is_ok()
        {
            // A client that has gone needs none.
            let _ = exchange.respond(status, &fields, Bytes::from_static(text.as_bytes()));
        }
    }

    /// Calls a hook; what it raises is the loop's to report.
    pub(super) fn tell<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, pyo3::types::PyString>,
        arguments: impl pyo3::call::PyCallArgs<'py>,
    ) {
        if let Err(error) = self.hooks.bind(py).call_method1(name, arguments) {
            self.report(py, error);
        }
    }

    /// For an exception that nobody expects.
    pub(super) fn report(&self, py: Python<'_>, error: PyErr) {
        if must_leave(py, &error) {
            self.core.host().interrupt(error);
        } else {
            error.write_unraisable(py, Some(&self.hooks.bind(py)));
        }
    }

    pub(super) fn forget(&self, key: usize) {
        let task = self.running.borrow_mut().try_remove(key);
        drop(task);
    }

    /// A request has come.
    fn begin(self: &Rc<Self>, py: Python<'_>, exchange: Rc<Exchange>) -> PyResult<()> {
        let requests = self.requests.get() + 1;
        self.requests.set(requests);
        if requests == self.most_requests {
            self.tell(py, intern!(py, "enough"), ());
        }
        let connections =
            || -> usize { self.servers.borrow().iter().map(Server::connections).sum() };
        if self.running.borrow().len() >= self.most_running || connections() > self.most_running {
            self.tell(py, intern!(py, "refused"), ());
            self.apologise(&exchange, 503, "Service Unavailable");
            return Ok(());
        }
        let ends = exchange.noted(|| Ends::of(py, &exchange, self));
        let ends = match ends.as_deref() {
            Some(Ok(ends)) => Some(ends),
            Some(Err(error)) => return Err(error.clone_ref(py)),
            // Its connection has gone.
            None => None,
        };
        let socket = match SocketSide::wanted_by(&exchange) {
            Err(refusal) => {
                refusal.answer(self, &exchange);
                return Ok(());
            }
            Ok(socket) => socket,
        };
        let made = {
            let template = match &socket {
                Some(_) => &self.websocket,
                None => &self.http,
            };
            let template = template.borrow().share(py);
            scope::make(py, self, &template, &exchange, ends)?
        };
        if socket.is_some() {
            let protocols = socket::protocols(py, &exchange)?;
            made.dict.set_item(intern!(py, "subprotocols"), protocols)?;
        }
        if made.is_forwarded && self.trusts_proxies {
            self.tell(py, intern!(py, "forwarded"), (&made.dict,));
        }
        let call = call::Call::new(Rc::clone(self), exchange, &made.dict, socket);
        let application = self.application.borrow().share(py);
        call::begin(py, &call, application.bind(py), made.dict)
    }

    /// Answers a request. An exception that is on its way out of the loop lets no more Python code run, and the dropped exchange answers with 500.
    fn take(self: &Rc<Self>, py: Python<'_>, exchange: Rc<Exchange>) {
        if self.core.host().is_interrupted() {
            return;
        }
        let begun = self.in_context(py, || self.begin(py, exchange));
        if let Err(error) = begun {
            self.report(py, error);
        }
    }

    /// Awaits what the application returned in a task, in the server's context; its first step is made before this returns.
    pub(super) fn task<'py>(
        &self,
        py: Python<'py>,
        awaitable: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        static COROUTINE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = COROUTINE.import(py, "types", "CoroutineType")?;
        // An application may be any callable whose result can be awaited; a task wants a coroutine.
        let coroutine = if awaitable.get_type().is(class) {
            awaitable
        } else {
            let hooks = self.hooks.bind(py);
            hooks.call_method1(intern!(py, "awaiting"), (awaitable,))?
        };
        begin_task(py, self.event_loop.bind(py), &self.core, &coroutine)
    }

    /// Keeps a task until it has ended.
    pub(super) fn keep(&self, task: Object) -> usize {
        self.running.borrow_mut().insert(task)
    }

    pub(super) fn in_context<R>(
        &self,
        py: Python<'_>,
        body: impl FnOnce() -> PyResult<R>,
    ) -> PyResult<R> {
        self.context.run(py, body)
    }
}

/// The server's way to its application.
struct Requests(Rc<Application>);

impl Handler for Requests {
    fn request(&self, exchange: Exchange) {
        if let Some(compression) = self.0.compression {
            exchange.compress(compression);
        }
        ffi::with_gil_held(|py| self.0.take(py, Rc::new(exchange)));
    }
}

/// A server on its sockets, for `_twinloop/serve`.
#[pyclass(frozen, module = "_twinloop._native")]
struct HttpServer {
    application: GilBound<Rc<Application>>,
}

#[pymethods]
impl HttpServer {
    #[new]
    #[pyo3(signature = (event_loop, application, hooks, *, http, websocket, ws_max_size, ws_ping_s, ws_idle_s, ws_deflate, root_path=String::new(), headers=Vec::new(), server_header=None, date_header=true,
        access_log=false, trusts_proxies=false, limit_concurrency=None, limit_max_requests=None, compress_from=None, is_mounted=false))]
    #[allow(
        clippy::too_many_arguments,
        reason = "each is an option of its own, given by keyword"
    )]
    fn new(
        event_loop: &Bound<'_, PyAny>,
        application: Bound<'_, PyAny>,
        hooks: Bound<'_, PyAny>,
        http: Bound<'_, PyDict>,
        websocket: Bound<'_, PyDict>,
        ws_max_size: usize,
        ws_ping_s: f64,
        ws_idle_s: f64,
        ws_deflate: bool,
        root_path: String,
        headers: Vec<(Vec<u8>, Vec<u8>)>,
        server_header: Option<Vec<u8>>,
        date_header: bool,
        access_log: bool,
        trusts_proxies: bool,
        limit_concurrency: Option<usize>,
        limit_max_requests: Option<u64>,
        compress_from: Option<u64>,
        is_mounted: bool,
    ) -> PyResult<HttpServer> {
        let py = event_loop.py();
        let mut fields = Fields::new();
        for (name, value) in &headers {
            append(&mut fields, name, value)?;
        }
        let core = Rc::clone(core_of(&event_loop.as_borrowed())?.state(py));
        let application = Application {
            core,
            event_loop: Object::new(event_loop.clone()),
            root_path,
            is_mounted,
            application: RefCell::new(Object::new(application)),
            hooks: Object::new(hooks),
            http: RefCell::new(Object::new(http.into_any())),
            websocket: RefCell::new(Object::new(websocket.into_any())),
            socket_options: Rc::new(SocketOptions {
                max_message_bytes: ws_max_size,
                compress: ws_deflate,
                ping_time: seconds(ws_ping_s)?,
                idle_time: seconds(ws_idle_s)?,
                // As uvicorn's users know it.
                idle_code: Some(1011),
                ..SocketOptions::default()
            }),
            listens_on: RefCell::new(Object::new(py.None().into_bound(py))),
            headers,
            server_header,
            has_date: date_header,
            logs_access: access_log,
            trusts_proxies,
            most_running: limit_concurrency.unwrap_or(usize::MAX),
            most_requests: limit_max_requests.unwrap_or(u64::MAX),
            compression: compress_from.map(|min_bytes| Compression { min_bytes }),
            requests: Cell::new(0),
            running: RefCell::default(),
            context: CallbackContext::copy_current(py)?,
            servers: RefCell::default(),
        };
        Ok(HttpServer {
            application: GilBound::new(Rc::new(application)),
        })
    }

    /// Serves what a listening socket accepts, whose descriptor this takes over. `name` stands for its address in scopes where a connection has
    /// none; `identity` has a chain of certificates and its key in PEM, the key's
    /// password, the authorities of clients in PEM, and whether clients need no certificate.
    #[allow(
        clippy::too_many_arguments,
        reason = "each is an option of its own, given by keyword"
    )]
    #[pyo3(signature = (fd, name, *, backlog, head_bytes, idle_s, identity=None))]
    fn listen(
        &self,
        py: Python<'_>,
        fd: RawFd,
        name: Bound<'_, PyAny>,
        backlog: i32,
        head_bytes: usize,
        idle_s: f64,
        identity: Option<Wanted>,
    ) -> PyResult<()> {
        let application = self.application.get(py);
        let fd = owned(fd).map_err(|error| os_error(py, &error))?;
        application.core.check_thread(py)?;
        let event_loop = application.core.open()?;
        let _entered = event_loop.enter();
        let identity = identity.map(|wanted| self::identity(&wanted)).transpose()?;
        let listener = Listener::from_fd(fd, backlog).map_err(|error| os_error(py, &error))?;
        let limits = Limits {
            head_bytes,
            body_bytes: u64::MAX,
            idle_time: seconds(idle_s)?,
            ..Limits::default()
        };
        *application.listens_on.borrow_mut() = Object::new(name);
        let handler = Rc::new(Requests(Rc::clone(application)));
        let server = Server::start(listener, identity, limits, handler);
        application.servers.borrow_mut().push(server);
        Ok(())
    }

    /// Has another application answer from now on.
    fn set_application(&self, application: Bound<'_, PyAny>) {
        let application_of_server = self.application.get(application.py());
        let old = application_of_server
            .application
            .replace(Object::new(application.clone()));
        drop(old);
    }

    /// Shows other certificates from the next connection on.
    fn set_identity(&self, py: Python<'_>, identity: Wanted) -> PyResult<()> {
        let identity = self::identity(&identity)?;
        for server in &*self.application.get(py).servers.borrow() {
            server.set_identity(identity.clone());
        }
        Ok(())
    }

    /// Accepts no more, ends what is idle, and sets the result of `future` when what is under way has been answered.
    fn close(&self, future: Bound<'_, PyAny>) -> PyResult<()> {
        let py = future.py();
        let application = Rc::clone(self.application.get(py));
        application.core.check_thread(py)?;
        let event_loop = application.core.open()?;
        let servers = application.servers.borrow().clone();
        let future = Object::new(future);
        event_loop.begin(
            Box::pin(async move {
                for server in &servers {
                    server.close().await;
                }
                ffi::with_gil_held(|py| {
                    let future = future.bind(py);
                    let settled = future
                        .call_method0(intern!(py, "done"))
                        .and_then(|done| done.is_truthy())
                        .and_then(|done| match done {
                            true => Ok(()),
                            false => future
                                .call_method1(intern!(py, "set_result"), (py.None(),))
                                .map(drop),
                        });
                    if let Err(error) = settled {
                        application.report(py, error);
                    }
                });
            }),
            None,
        );
        Ok(())
    }

    /// Cuts what is open.
    fn abort(&self, py: Python<'_>) -> PyResult<()> {
        let application = self.application.get(py);
        application.core.check_thread(py)?;
        let event_loop = application.core.open()?;
        let _entered = event_loop.enter();
        let servers = application.servers.take();
        for server in &servers {
            server.abort();
        }
        Ok(())
    }

    /// How many connections are open.
    fn connections(&self, py: Python<'_>) -> usize {
        let servers = self.application.get(py).servers.borrow();
        servers.iter().map(Server::connections).sum()
    }

    /// How many requests have come.
    fn requests(&self, py: Python<'_>) -> u64 {
        self.application.get(py).requests.get()
    }

    /// The tasks of requests that are being answered.
    fn tasks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let running = self.application.get(py).running.borrow();
        PyList::new(py, running.iter().map(|(_, task)| task.bind(py)))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let application = self.application.get_for(&visit);
        let mut owned = Owned::new(&visit, None);
        owned.add(&application.event_loop);
        owned.add(&application.hooks);
        for cell in [
            &application.application,
            &application.http,
            &application.websocket,
            &application.listens_on,
        ] {
            if let Ok(object) = cell.try_borrow() {
                owned.add(&object);
            }
        }
        owned.finish()
    }

    fn __clear__(&self, py: Python<'_>) {
        let application = self.application.get(py);
        for cell in [
            &application.application,
            &application.http,
            &application.websocket,
        ] {
            let old = cell.replace(Object::new(py.None().into_bound(py)));
            drop(old);
        }
    }
}

/// Has the application of `server`, an `HttpServer`, answer a request that came to another server.
///
/// # Errors
/// TypeError for what is no `HttpServer`; that its loop is closed, or another thread's.
pub fn take_exchange(server: &Bound<'_, PyAny>, exchange: Rc<Exchange>) -> PyResult<()> {
    let py = server.py();
    let server = server.cast::<HttpServer>()?.get();
    let application = server.application.get(py);
    application.core.check_thread(py)?;
    application.take(py, exchange);
    Ok(())
}

fn seconds(seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Chain, key, password, authorities, and whether clients need no certificate.
type Wanted = (Vec<u8>, Vec<u8>, Option<String>, Option<Vec<u8>>, bool);

fn identity((chain, key, password, authorities, optional): &Wanted) -> PyResult<Identity> {
    let clients = authorities.as_ref().map(|authorities| Clients {
        authorities,
        optional: *optional,
    });
    Identity::from_pem_for(chain, key, password.as_deref(), clients)
        .map_err(|error| PyValueError::new_err(error.chain()))
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<HttpServer>()
}
