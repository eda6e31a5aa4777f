//! One request that an application answers: its `receive` and `send`, and what becomes of its task.
//!
//! `send` acts when it is called and returns an awaitable that is done, unless the client has much to read first. The start of an answer
//! waits for the first piece of its body, so that an answer in one piece leaves as one. `receive` is a native coroutine, which acts when it is
//! awaited: a message is not lost with one that is cancelled before it began. Loop thread, GIL held; nothing is borrowed while Python runs.

use std::cell::{Cell, OnceCell, RefCell};
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use pyo3::Borrowed;
use pyo3::exceptions::{PyConnectionResetError, PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict};
use twinloop_web::server::{Exchange, Fields};
use twinloop_web::{Error, Result};

use super::application::Application;
use super::messages::{answer_of, append, body_of, fields_of, is_set, kind_of, unexpected};
use super::socket::SocketSide;
use crate::errors::must_leave;
use crate::ffi::coroutine::{self, Attempt, Operation, WaitSlot, Waiter};
use crate::ffi::{self, GilBound, Object, Parameters, done, fast_methods};

/// An answer of which more than this waits to be read is not added to.
pub(super) const QUEUE_LIMIT: usize = 64 * 1024;

/// What the application has to send next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Start,
    Body,
    Trailers,
    Complete,
    /// A websocket is asked for.
    Handshake,
    /// It was accepted.
    Open,
    /// The application has closed it.
    Closed,
    /// Somebody else answers.
    HandedOver,
}

/// The start of an answer, which waits for its body.
pub(super) struct Start {
    pub(super) status: u16,
    pub(super) fields: Fields,
}

pub(super) struct Call {
    pub(super) application: Rc<Application>,
    pub(super) exchange: Rc<Exchange>,
    pub(super) stage: Cell<Stage>,
    /// Of a websocket.
    pub(super) socket: Option<SocketSide>,
    pub(super) start: RefCell<Option<Start>>,
    has_trailers: Cell<bool>,
    is_body_taken: Cell<bool>,
    /// How many wait in `receive`: they hear there that the client has gone, so `send` need not tell it.
    listeners: Cell<usize>,
    /// The application was told so by `receive`.
    pub(super) has_heard: Cell<bool>,
    /// The client went before the whole answer was sent, and the application has noticed.
    has_vanished: Cell<bool>,
    /// The application was told, by an exception, that the client has gone.
    pub(super) is_gone: Cell<bool>,
    /// Of the task, among those that run.
    key: Cell<Option<usize>>,
    /// What waits in `receive` and `send`.
    waiting: RefCell<Vec<Rc<WaitSlot>>>,
    waker: OnceCell<Waker>,
    /// The scope, if its request is to be logged.
    logged: RefCell<Option<Object>>,
}

/// Wakes a call.
struct CallWaker(GilBound<Weak<Call>>);

impl Wake for CallWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        ffi::with_gil_held(|py| {
            if let Some(call) = self.0.get(py).upgrade() {
                call.wake(py);
            }
        });
    }
}

impl Call {
    pub(super) fn new(
        application: Rc<Application>,
        exchange: Rc<Exchange>,
        scope: &Bound<'_, PyDict>,
        socket: Option<SocketSide>,
    ) -> Rc<Call> {
        let logged = application
            .logs_access
            .then(|| Object::new(scope.clone().into_any()));
        let stage = match &socket {
            Some(_) => Stage::Handshake,
            None => Stage::Start,
        };
        Rc::new(Call {
            application,
            exchange,
            stage: Cell::new(stage),
            socket,
            start: RefCell::new(None),
            has_trailers: Cell::new(false),
            is_body_taken: Cell::new(false),
            listeners: Cell::new(0),
            has_heard: Cell::new(false),
            has_vanished: Cell::new(false),
            is_gone: Cell::new(false),
            key: Cell::new(None),
            waiting: RefCell::default(),
            waker: OnceCell::new(),
            logged: RefCell::new(logged),
        })
    }

    // ---- waiting

    pub(super) fn waker(self: &Rc<Self>) -> &Waker {
        self.waker
            .get_or_init(|| Waker::from(Arc::new(CallWaker(GilBound::new(Rc::downgrade(self))))))
    }

    pub(super) fn wait(&self, waiter: &Waiter) {
        let slot = Rc::new(WaitSlot::default());
        slot.register(waiter);
        let mut waiting = self.waiting.borrow_mut();
        waiting.retain(|slot| slot.is_taken());
        waiting.push(slot);
    }

    /// Lets everything that waits look again.
    pub(super) fn wake(&self, py: Python<'_>) {
        let waiting = self.waiting.take();
        for slot in waiting {
            if let Some(waiter) = slot.take(py) {
                waiter.wake_soon(py, &self.application.core);
            }
        }
    }

    /// Lets what waits go on at once, in an entry of the turn in which nobody else is at work.
    pub(super) fn wake_now(&self, py: Python<'_>) {
        let waiting = self.waiting.take();
        for slot in waiting {
            if let Some(waiter) = slot.take(py)
                && let Err(error) = waiter.wake(py)
            {
                self.application.core.host().interrupt(error);
            }
        }
    }

    // ---- receive

    /// The next message; none if there is nothing yet, and the call's waker is remembered.
    fn receive<'py>(self: &Rc<Self>, py: Python<'py>) -> Attempt<'py> {
        if let Some(socket) = &self.socket
            && self.stage.get() != Stage::HandedOver
        {
            return self.receive_message(py, socket);
        }
        if self.stage.get() == Stage::Complete {
            return self.end_of_client(py);
        }
        if self.is_body_taken.get() || self.stage.get() == Stage::HandedOver {
            let mut context = Context::from_waker(self.waker());
            return match self.exchange.poll_gone(&mut context) {
                Poll::Ready(()) => self.end_of_client(py),
                Poll::Pending => Ok(None),
            };
        }
        if let Some(whole) = self.exchange.take_whole_body() {
            self.is_body_taken.set(true);
            return request(py, &whole, false).map(Some);
        }
        let mut context = Context::from_waker(self.waker());
        match self.exchange.poll_body(&mut context) {
            Poll::Pending => Ok(None),
            Poll::Ready(Some(Ok(bytes))) => request(py, &bytes, true).map(Some),
            Poll::Ready(None) => {
                self.is_body_taken.set(true);
                request(py, b"", false).map(Some)
            }
            Poll::Ready(Some(Err(_))) => self.end_of_client(py),
        }
    }

    /// That the client has gone, or has its answer.
    fn end_of_client<'py>(&self, py: Python<'py>) -> Attempt<'py> {
        self.has_heard.set(true);
        if self.stage.get() != Stage::Complete {
            self.has_vanished.set(true);
        }
        disconnect(py).map(Some)
    }

    // ---- a client that goes

    /// Whether the client has gone. If not, `listener` is called when it goes before it has its whole answer.
    fn watch(self: &Rc<Self>, py: Python<'_>, listener: Object) -> PyResult<bool> {
        if self.exchange.is_over() {
            return Ok(false);
        }
        let mut context = Context::from_waker(Waker::noop());
        if self.exchange.poll_gone(&mut context).is_ready() {
            return Ok(true);
        }
        self.application.core.check_thread(py)?;
        let event_loop = self.application.core.open()?;
        let call = Rc::clone(self);
        event_loop.begin(
            Box::pin(async move {
                poll_fn(|context| call.exchange.poll_gone(context)).await;
                let is_gone = !call.exchange.is_over();
                ffi::with_gil_held(|py| {
                    if is_gone && let Err(error) = listener.bind(py).call0() {
                        call.application.report(py, error);
                    }
                    drop((listener, call));
                });
            }),
            None,
        );
        Ok(false)
    }

    // ---- send

    fn send<'py>(
        self: &Rc<Self>,
        py: Python<'py>,
        this: Borrowed<'_, 'py, PyAny>,
        message: Borrowed<'_, 'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Ok(message) = message.cast::<PyDict>() else {
            return Err(PyTypeError::new_err(format!(
                "a message is a dict, not '{}'",
                message.get_type().name()?
            )));
        };
        let kind = kind_of(&message)?;
        match (self.stage.get(), kind.to_str()?) {
            (Stage::Start, "http.response.start") => self.send_start(py, &message)?,
            (Stage::Start, "http.response.early_hint") => self.send_hint(py, &message)?,
            (Stage::Start, kind) => return Err(unexpected("'http.response.start'", kind)),
            (Stage::Body, "http.response.body") if self.socket.is_none() => {
                return self.send_body(py, this, &message);
            }
            (Stage::Body, "http.response.pathsend") if self.socket.is_none() => {
                return self.send_path(py, this, &message);
            }
            (Stage::Body, "websocket.http.response.body") if self.socket.is_some() => {
                return self.send_body(py, this, &message);
            }
            (Stage::Body, kind) if self.socket.is_some() => {
                return Err(unexpected("'websocket.http.response.body'", kind));
            }
            (Stage::Body, kind) => return Err(unexpected("'http.response.body'", kind)),
            (Stage::Trailers, "http.response.trailers") => self.send_trailers(py, &message)?,
            (Stage::Trailers, kind) => return Err(unexpected("'http.response.trailers'", kind)),
            (Stage::Handshake, "websocket.http.response.start") => self.send_start(py, &message)?,
            (Stage::Handshake | Stage::Open | Stage::Closed, kind) => {
                return self.send_message(py, this, kind, &message);
            }
            (Stage::Complete | Stage::HandedOver, kind) => {
                return Err(PyRuntimeError::new_err(format!(
                    "Unexpected ASGI message '{kind}' sent, after response already completed."
                )));
            }
        }
        Ok(done(py))
    }

    fn send_start(&self, py: Python<'_>, message: &Bound<'_, PyDict>) -> PyResult<()> {
        let status = message.get_item(intern!(py, "status"))?;
        let status = status.ok_or_else(|| {
            PyTypeError::new_err("the message 'http.response.start' has no 'status'")
        })?;
        let status: u16 = status.extract()?;
        if !(200..=999).contains(&status) {
            return Err(PyRuntimeError::new_err(format!(
                "{status} is no status that can be answered with"
            )));
        }
        let mut answer = answer_of(message)?;
        self.application
            .add_defaults(&mut answer.fields, answer.has_server)?;
        self.has_trailers
            .set(is_set(message, intern!(py, "trailers"))?);
        self.start.replace(Some(Start {
            status,
            fields: answer.fields,
        }));
        self.stage.set(Stage::Body);
        Ok(())
    }

    fn send_hint(&self, py: Python<'_>, message: &Bound<'_, PyDict>) -> PyResult<()> {
        let mut fields = Fields::new();
        if let Some(links) = message.get_item(intern!(py, "links"))? {
            for link in links.try_iter()? {
                append(&mut fields, b"link", link?.cast::<PyBytes>()?.as_bytes())?;
            }
        }
        // A client that has gone needs no hints.
        let _ = self.exchange.inform(103, &fields);
        Ok(())
    }

    fn send_body<'py>(
        self: &Rc<Self>,
        py: Python<'py>,
        this: Borrowed<'_, 'py, PyAny>,
        message: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let more = is_set(message, intern!(py, "more_body"))?;
        let bytes = body_of(message)?;
        let start = self.start.take();
        let outcome = match start {
            Some(start) if !more && !self.has_trailers.get() => {
                self.check_length(&start, &bytes)?;
                self.log(py, start.status);
                self.exchange.respond(start.status, &start.fields, bytes)
            }
            Some(start) => {
                self.log(py, start.status);
                self.exchange
                    .begin(start.status, &start.fields)
                    .and_then(|()| self.exchange.write(bytes))
                    .and_then(|()| self.finish_unless(more))
            }
            None => self
                .exchange
                .write(bytes)
                .and_then(|()| self.finish_unless(more)),
        };
        if let Err(error) = outcome {
            self.failed(py, &error, more)?;
            // Whoever listens gets a turn, whatever else the sender never waits for.
            return pause(py);
        }
        if !more {
            if self.has_trailers.get() {
                self.stage.set(Stage::Trailers);
            } else {
                self.complete(py);
            }
        } else if self.exchange.queued() >= QUEUE_LIMIT {
            return self.drain(py, this);
        }
        Ok(done(py))
    }

    /// What a sender waits for when the client has much to read.
    pub(super) fn drain<'py>(
        self: &Rc<Self>,
        py: Python<'py>,
        this: Borrowed<'_, 'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let operation = Box::new(Drain(Task::new(this, self)));
        coroutine::make(py, self.application.event_loop.bind(py), operation)
    }

    fn finish_unless(&self, more: bool) -> Result<()> {
        if more || self.has_trailers.get() {
            return Ok(());
        }
        self.exchange.finish(&Fields::new())
    }

    /// A whole body has the length that was said; otherwise nothing is sent.
    fn check_length(&self, start: &Start, body: &Bytes) -> PyResult<()> {
        let Some(length) = start.fields.length() else {
            return Ok(());
        };
        let has_body = self.exchange.method() != "HEAD" && !matches!(start.status, 204 | 304);
        let what = match (body.len() as u64).cmp(&length) {
            _ if !has_body => return Ok(()),
            std::cmp::Ordering::Equal => return Ok(()),
            std::cmp::Ordering::Less => "shorter",
            std::cmp::Ordering::Greater => "longer",
        };
        Err(PyRuntimeError::new_err(format!(
            "Response content {what} than Content-Length"
        )))
    }

    /// Who goes on sending to nobody is told, unless `receive` tells it. That the last piece was for nobody is of no use to an application that has
    /// ended.
    fn failed(&self, py: Python<'_>, error: &Error, more: bool) -> PyResult<()> {
        if !error.is_closed() {
            return Err(PyRuntimeError::new_err(error.chain()));
        }
        self.has_vanished.set(true);
        if !more {
            self.complete(py);
        } else if !self.is_listened_to() && !self.has_heard.get() {
            self.is_gone.set(true);
            return Err(PyConnectionResetError::new_err(error.chain()));
        }
        Ok(())
    }

    /// Whether somebody waits in `receive`, and hears there that the client has gone.
    pub(super) fn is_listened_to(&self) -> bool {
        self.listeners.get() > 0
    }

    fn send_trailers(&self, py: Python<'_>, message: &Bound<'_, PyDict>) -> PyResult<()> {
        let fields = fields_of(message)?;
        if is_set(message, intern!(py, "more_trailers"))? {
            return Err(PyRuntimeError::new_err(
                "trailers are sent in one message here: collect them",
            ));
        }
        match self.exchange.finish(&fields) {
            Err(error) if !error.is_closed() => Err(PyRuntimeError::new_err(error.chain())),
            _ => {
                self.complete(py);
                Ok(())
            }
        }
    }

    pub(super) fn complete(&self, py: Python<'_>) {
        self.stage.set(Stage::Complete);
        self.wake(py);
    }

    /// A line of the access log, when the answer begins.
    pub(super) fn log(&self, py: Python<'_>, status: u16) {
        let logged = self.logged.take();
        if let Some(scope) = logged {
            self.application
                .tell(py, intern!(py, "access"), (scope.bind(py), status));
        }
    }

    /// What clients see before the paths that they ask for, unless it stands in them.
    fn root(&self) -> &str {
        match self.application.is_mounted {
            true => "",
            false => &self.application.root_path,
        }
    }

    /// Gives the exchange to somebody who answers in the application's place, if nothing of it was used.
    pub(super) fn hand_over(&self) -> Option<Rc<Exchange>> {
        let is_new = match &self.socket {
            Some(socket) => self.stage.get() == Stage::Handshake && !socket.is_told(),
            None => self.stage.get() == Stage::Start && !self.is_body_taken.get(),
        };
        if !is_new || self.exchange.is_begun() {
            return None;
        }
        self.stage.set(Stage::HandedOver);
        Some(Rc::clone(&self.exchange))
    }

    // ---- the end of the task

    fn tell_vanished(&self, py: Python<'_>) {
        self.application.tell(py, intern!(py, "vanished"), ());
    }

    /// The application has ended, with an exception or without.
    fn ended(&self, py: Python<'_>, error: Option<PyErr>) {
        if let Some(key) = self.key.take() {
            self.application.forget(key);
        }
        let is_failed = error.is_some();
        let stage = self.stage.get();
        if let Some(error) = error {
            // What ends programs has left the loop already, with the step of the task that raised it.
            if !must_leave(py, &error) {
                let error = error.into_value(py);
                self.application
                    .tell(py, intern!(py, "failed"), (error, self.is_gone.get()));
            }
        }
        match stage {
            Stage::Complete => {
                if self.has_vanished.get() {
                    self.tell_vanished(py);
                }
                return;
            }
            Stage::HandedOver => {
                self.log(py, self.exchange.status());
                self.complete(py);
                return;
            }
            Stage::Open | Stage::Closed => {
                self.socket_ended(is_failed);
                return;
            }
            _ => {}
        }
        let has_client = {
            let mut context = Context::from_waker(Waker::noop());
            self.exchange.poll_gone(&mut context).is_pending()
        };
        if !is_failed && has_client {
            let what = match stage {
                Stage::Start => "ASGI callable returned without starting response.",
                Stage::Handshake => "ASGI callable returned without sending handshake.",
                _ => "ASGI callable returned without completing response.",
            };
            self.application.tell(py, intern!(py, "complain"), (what,));
        }
        if !has_client || self.has_vanished.get() {
            self.tell_vanished(py);
        }
        if self.exchange.is_begun() {
            self.exchange.cut();
        } else {
            self.log(py, 500);
            self.application
                .apologise(&self.exchange, 500, "Internal Server Error");
        }
        self.complete(py);
    }
}

fn request<'py>(py: Python<'py>, body: &[u8], more: bool) -> PyResult<Bound<'py, PyAny>> {
    let message = PyDict::new(py);
    message.set_item(intern!(py, "type"), intern!(py, "http.request"))?;
    message.set_item(intern!(py, "body"), PyBytes::new(py, body))?;
    message.set_item(intern!(py, "more_body"), more)?;
    Ok(message.into_any())
}

fn disconnect(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let message = PyDict::new(py);
    message.set_item(intern!(py, "type"), intern!(py, "http.disconnect"))?;
    Ok(message.into_any())
}

/// What lets everybody else have a turn when it is awaited.
pub(super) fn pause(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static SLEEP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    SLEEP.import(py, "asyncio", "sleep")?.call1((0,))
}

/// Calls the application and begins its task.
pub(super) fn begin(
    py: Python<'_>,
    call: &Rc<Call>,
    application: Borrowed<'_, '_, PyAny>,
    scope: Bound<'_, PyDict>,
) -> PyResult<()> {
    let exchange = Bound::new(
        py,
        HttpExchange {
            call: GilBound::new(Rc::clone(call)),
        },
    )?;
    let receive = exchange.getattr(intern!(py, "receive"))?;
    let send = exchange.getattr(intern!(py, "send"))?;
    let task = application
        .call1((scope, receive, send))
        .and_then(|awaitable| call.application.task(py, awaitable));
    let task = match task {
        Ok(task) => task,
        Err(error) => {
            if must_leave(py, &error) {
                let leaving = error.clone_ref(py);
                call.application.core.host().interrupt(leaving);
            }
            call.ended(py, Some(error));
            return Ok(());
        }
    };
    if task.call_method0(intern!(py, "done"))?.is_truthy()? {
        ended_as(py, call, &task);
        return Ok(());
    }
    let ended = exchange.getattr(intern!(py, "_ended"))?;
    task.call_method1(intern!(py, "add_done_callback"), (ended,))?;
    let key = call.application.keep(Object::new(task));
    call.key.set(Some(key));
    Ok(())
}

/// Takes note of a task that is done.
fn ended_as(py: Python<'_>, call: &Rc<Call>, task: &Bound<'_, PyAny>) {
    let outcome = task.call_method0(intern!(py, "result")).and_then(|value| {
        if value.is_none() {
            return Ok(());
        }
        let what = format!(
            "ASGI callable should return None, but returned '{}'.",
            value.repr()?
        );
        call.application.tell(py, intern!(py, "complain"), (what,));
        Ok(())
    });
    call.ended(py, outcome.err());
}

/// What a native coroutine of a call keeps of it.
pub(super) struct Task {
    /// The exchange's object, which the collector sees.
    pub(super) object: Object,
    pub(super) call: Rc<Call>,
}

impl Task {
    pub(super) fn new(object: Borrowed<'_, '_, PyAny>, call: &Rc<Call>) -> Task {
        Task {
            object: Object::new(object.to_owned()),
            call: Rc::clone(call),
        }
    }
}

struct Receive {
    task: Task,
    /// While it waits.
    listening: Option<Listening>,
}

/// One of a call's listeners; others may wait beside it, as who asks Starlette's `is_disconnected` beside what streams.
struct Listening(Rc<Call>);

impl Listening {
    fn new(call: &Rc<Call>) -> Listening {
        call.listeners.update(|count| count + 1);
        Listening(Rc::clone(call))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.listeners.update(|count| count - 1);
    }
}

impl Operation for Receive {
    fn name(&self) -> &'static str {
        "receive"
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        let call = &self.task.call;
        let message = call.receive(py)?;
        if message.is_none() {
            self.listening.get_or_insert_with(|| Listening::new(call));
            call.wait(waiter);
        } else {
            self.listening = None;
        }
        Ok(message)
    }

    fn withdraw(&mut self, _py: Python<'_>, _waiter: &Waiter) {
        // The coroutine leaves its slot by itself.
        self.listening = None;
    }

    fn visit(&self, visitor: &mut dyn FnMut(&Object)) {
        visitor(&self.task.object);
    }
}

/// Waits until the client has read enough for more.
struct Drain(Task);

impl Operation for Drain {
    fn name(&self) -> &'static str {
        "send"
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        let call = &self.0.call;
        if let Some(socket) = call.socket.as_ref().and_then(SocketSide::open) {
            if !socket.is_open() || socket.queued() < QUEUE_LIMIT {
                return Ok(Some(py.None().into_bound(py)));
            }
            call.wait(waiter);
            return Ok(None);
        }
        let mut context = Context::from_waker(call.waker());
        match call.exchange.poll_ready(&mut context) {
            Poll::Ready(Ok(())) => Ok(Some(py.None().into_bound(py))),
            Poll::Ready(Err(error)) => {
                call.failed(py, &error, true)?;
                Ok(Some(py.None().into_bound(py)))
            }
            Poll::Pending => {
                call.wait(waiter);
                Ok(None)
            }
        }
    }

    fn withdraw(&mut self, _py: Python<'_>, _waiter: &Waiter) {}

    fn visit(&self, visitor: &mut dyn FnMut(&Object)) {
        visitor(&self.0.object);
    }
}

/// A request as its application has it: `receive` and `send` are methods of it.
#[pyclass(frozen, module = "_twinloop._native")]
pub(super) struct HttpExchange {
    call: GilBound<Rc<Call>>,
}

/// The exchange behind `receive` and its server's root path, if that is a server's own and nothing of the request was used: from here on somebody
/// else answers it, and `receive` waits for the end of that.
///
/// # Errors
/// What the interpreter raises.
pub fn hand_over(receive: &Bound<'_, PyAny>) -> PyResult<Option<(Rc<Exchange>, String)>> {
    let Some(owner) = receive.getattr_opt(intern!(receive.py(), "__self__"))? else {
        return Ok(None);
    };
    Ok(owner.cast::<HttpExchange>().ok().and_then(|exchange| {
        let call = exchange.get().call.get(receive.py());
        Some((call.hand_over()?, call.root().to_owned()))
    }))
}

fn call_of<'a>(this: &'a Borrowed<'_, '_, PyAny>) -> PyResult<&'a Rc<Call>> {
    Ok(this.cast::<HttpExchange>()?.get().call.get(this.py()))
}

fast_methods! {
    fn install_methods;

    c"receive", Parameters::NONE,
    c"receive()\n--\n\nThe next message of the client.",
    |py, this, _arguments| {
        let call = call_of(&this)?;
        let event_loop = call.application.event_loop.bind(py);
        let operation = Box::new(Receive {
            task: Task::new(this, call),
            listening: None,
        });
        coroutine::make(py, event_loop, operation)
    };

    c"send", Parameters::named(&["message"]),
    c"send(message)\n--\n\nSends a message to the client.",
    |py, this, arguments| {
        let message = arguments.required(0, "send", "message")?;
        call_of(&this)?.send(py, this, message)
    };

    c"_watch", Parameters::named(&["listener"]),
    c"_watch(listener)\n--\n\nWhether the client has gone; if not, has the listener called when it goes before it has its answer.",
    |py, this, arguments| {
        let listener = arguments.required(0, "_watch", "listener")?;
        call_of(&this)?.watch(py, Object::new(listener.to_owned()))
    };

    c"_ended", Parameters::named(&["task"]),
    c"_ended(task)\n--\n\nThe application's task is done.",
    |py, this, arguments| {
        let task = arguments.required(0, "_ended", "task")?;
        ended_as(py, call_of(&this)?, &task);
        Ok(())
    };
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let class = module.py().get_type::<HttpExchange>();
    install_methods(&class)?;
    module.add_class::<HttpExchange>()?;
    Ok(())
}
