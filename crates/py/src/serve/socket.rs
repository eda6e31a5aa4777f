//! A request that asks for a websocket, until it is closed.
//!
//! What the client sends waits here until the application receives it; when much does, the client is not read. A message that comes while the
//! application waits wakes its task in the same entry of the turn. Loop thread, GIL held; nothing is borrowed while Python runs.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use bytes::Bytes;
use pyo3::Borrowed;
use pyo3::exceptions::{PyConnectionResetError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use twinloop_web::server::{Exchange, Fields, Socket, SocketHandler};
use twinloop_web::websocket::{CloseStatus, Message};

use super::application::Application;
use super::call::{Call, QUEUE_LIMIT, Stage, pause};
use super::messages::{answer_of, unexpected};
use crate::ffi::buffers::with_bytes;
use crate::ffi::{self, GilBound, done};

/// So much of what a client sent waits for the application before the client is no longer read.
const WAITING_LIMIT: usize = 64 * 1024;

/// And so many messages.
const WAITING_MESSAGES: usize = 64;

/// What a call has that is a websocket's.
#[derive(Default)]
pub(super) struct SocketSide {
    /// `websocket.connect` was received.
    is_told: Cell<bool>,
    socket: RefCell<Option<Rc<Socket>>>,
    messages: RefCell<VecDeque<Message>>,
    waiting_bytes: Cell<usize>,
    closed: RefCell<Option<(u16, String)>>,
}

/// Why a request for a websocket is refused that no application should see.
pub(super) struct Refusal(u16, &'static str);

impl Refusal {
    pub(super) fn answer(&self, application: &Application, exchange: &Exchange) {
        let Refusal(status, what) = *self;
        let mut fields = Fields::new();
        let named = fields
            .append(b"content-type", b"text/plain; charset=utf-8")
            .and_then(|()| fields.append(b"sec-websocket-version", b"13"))
            .is_ok();
        if named && application.add_defaults(&mut fields, false).is_ok() {
            // A client that has gone needs none.
            let _ = exchange.respond(status, &fields, Bytes::from_static(what.as_bytes()));
        }
    }
}

impl SocketSide {
    /// The websocket that a request asks for, if it does.
    pub(super) fn wanted_by(exchange: &Exchange) -> Result<Option<SocketSide>, Refusal> {
        if !exchange.upgrades() || !exchange.asks_for_socket() {
            return Ok(None);
        }
        if exchange.field("sec-websocket-version") != Some(b"13") {
            return Err(Refusal(426, "Upgrade Required"));
        }
        if !exchange.has_socket_key() {
            return Err(Refusal(400, "Bad Request"));
        }
        Ok(Some(SocketSide::default()))
    }

    /// Whether the application has begun with it.
    pub(super) fn is_told(&self) -> bool {
        self.is_told.get()
    }

    /// The socket, once it was accepted.
    pub(super) fn open(&self) -> Option<Rc<Socket>> {
        self.socket.borrow().clone()
    }
}

/// What the client offers as `sec-websocket-protocol`.
pub(super) fn protocols<'py>(py: Python<'py>, exchange: &Exchange) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for (name, value) in exchange.fields() {
        if name.eq_ignore_ascii_case(b"sec-websocket-protocol") {
            for word in value.split(|&byte| byte == b',') {
                let word = String::from_utf8_lossy(word.trim_ascii());
                if !word.is_empty() {
                    list.append(word)?;
                }
            }
        }
    }
    Ok(list)
}

impl Call {
    /// The next message of the client; none if there is nothing yet.
    pub(super) fn receive_message<'py>(
        self: &Rc<Self>,
        py: Python<'py>,
        side: &SocketSide,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if !side.is_told.replace(true) {
            let message = PyDict::new(py);
            message.set_item(intern!(py, "type"), intern!(py, "websocket.connect"))?;
            return Ok(Some(message.into_any()));
        }
        let next = side.messages.borrow_mut().pop_front();
        if let Some(next) = next {
            let left = side.waiting_bytes.get() - next.as_bytes().len();
            side.waiting_bytes.set(left);
            if left < WAITING_LIMIT / 2
                && side.messages.borrow().len() < WAITING_MESSAGES / 2
                && let Some(socket) = side.open()
            {
                socket.hold(false);
            }
            return received(py, &next).map(Some);
        }
        let closed = side.closed.borrow().clone();
        if let Some((code, reason)) = closed {
            return disconnect(py, code, &reason).map(Some);
        }
        match self.stage.get() {
            Stage::Open | Stage::Closed => Ok(None),
            // It was refused, or answered as a request.
            Stage::Complete => disconnect(py, 1006, "").map(Some),
            _ => {
                let mut context = Context::from_waker(self.waker());
                match self.exchange.poll_gone(&mut context) {
                    Poll::Ready(()) => disconnect(py, 1006, "").map(Some),
                    Poll::Pending => Ok(None),
                }
            }
        }
    }

    pub(super) fn send_message<'py>(
        self: &Rc<Self>,
        py: Python<'py>,
        this: Borrowed<'_, 'py, PyAny>,
        kind: &str,
        message: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Some(side) = &self.socket else {
            return Err(unexpected("of a request", kind));
        };
        match (self.stage.get(), kind) {
            (Stage::Handshake, "websocket.accept") => self.accept(py, side, message)?,
            (Stage::Handshake, "websocket.close") => self.refuse(py),
            (Stage::Open, "websocket.send") => return self.send_data(py, this, side, message),
            (Stage::Open, "websocket.close") => self.close(py, side, message)?,
            (Stage::Handshake, kind) => {
                return Err(unexpected(
                    "'websocket.accept', 'websocket.close' or 'websocket.http.response.start'",
                    kind,
                ));
            }
            (Stage::Open, kind) => {
                return Err(unexpected("'websocket.send' or 'websocket.close'", kind));
            }
            (_, kind) => {
                return Err(PyRuntimeError::new_err(format!(
                    "Unexpected ASGI message '{kind}', after sending 'websocket.close' or response already completed."
                )));
            }
        }
        Ok(done(py))
    }

    fn accept(
        self: &Rc<Self>,
        py: Python<'_>,
        side: &SocketSide,
        message: &Bound<'_, PyDict>,
    ) -> PyResult<()> {
        let protocol = message.get_item(intern!(py, "subprotocol"))?;
        let protocol: Option<String> = match protocol {
            Some(protocol) => protocol.extract()?,
            None => None,
        };
        let mut answer = answer_of(message)?;
        self.application
            .add_defaults(&mut answer.fields, answer.has_server)?;
        let events = Rc::new(Events(GilBound::new(Rc::downgrade(self))));
        let accepted = self.exchange.accept_socket(
            self.application.socket_options.clone(),
            protocol.as_deref(),
            &answer.fields,
            events,
        );
        match accepted {
            Ok(socket) => {
                self.stage.set(Stage::Open);
                *side.socket.borrow_mut() = Some(socket);
                self.log(py, 101);
                Ok(())
            }
            Err(error) if error.is_closed() => {
                // It is told where it receives or sends.
                self.stage.set(Stage::Open);
                side.closed
                    .borrow_mut()
                    .get_or_insert((1006, String::new()));
                Ok(())
            }
            Err(error) => Err(PyRuntimeError::new_err(error.chain())),
        }
    }

    fn refuse(&self, py: Python<'_>) {
        self.log(py, 403);
        self.application.apologise(&self.exchange, 403, "");
        self.complete(py);
    }

    fn send_data<'py>(
        self: &Rc<Self>,
        py: Python<'py>,
        this: Borrowed<'_, 'py, PyAny>,
        side: &SocketSide,
        message: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let given = |name: &Bound<'py, PyString>| -> PyResult<Option<Bound<'py, PyAny>>> {
            Ok(message.get_item(name)?.filter(|value| !value.is_none()))
        };
        let Some(socket) = side.open() else {
            return self.sent_to_nobody(py);
        };
        let sent = if let Some(bytes) = given(intern!(py, "bytes"))? {
            match bytes.cast_exact::<PyBytes>() {
                Ok(bytes) => socket.send_binary(bytes.as_bytes()),
                Err(_) => with_bytes(&bytes, |bytes| socket.send_binary(bytes))?,
            }
        } else if let Some(text) = given(intern!(py, "text"))? {
            let Ok(text) = text.cast::<PyString>() else {
                return Err(PyTypeError::new_err(format!(
                    "the text of a websocket's message is a str, not '{}'",
                    text.get_type().name()?
                )));
            };
            socket.send_text(text.to_str()?)
        } else {
            return Err(PyValueError::new_err(
                "the message 'websocket.send' has neither 'bytes' nor 'text'",
            ));
        };
        match sent {
            Ok(()) if socket.queued() < QUEUE_LIMIT => Ok(done(py)),
            Ok(()) => self.drain(py, this),
            Err(error) if error.is_closed() => self.sent_to_nobody(py),
            Err(error) => Err(PyRuntimeError::new_err(error.chain())),
        }
    }

    /// Who waits in `receive` hears of it there, and has a turn for that; otherwise the sender is told.
    fn sent_to_nobody<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.is_listened_to() {
            return pause(py);
        }
        self.is_gone.set(true);
        Err(PyConnectionResetError::new_err("the websocket is closed"))
    }

    fn close(
        &self,
        py: Python<'_>,
        side: &SocketSide,
        message: &Bound<'_, PyDict>,
    ) -> PyResult<()> {
        let code = message.get_item(intern!(py, "code"))?;
        let code: u16 = match code.filter(|code| !code.is_none()) {
            Some(code) => code.extract()?,
            None => 1000,
        };
        let reason = message.get_item(intern!(py, "reason"))?;
        let reason: String = match reason.filter(|reason| !reason.is_none()) {
            Some(reason) => reason.extract()?,
            None => String::new(),
        };
        // What the client has closed is closed: no fault of who closes it too, as frameworks do after a failure of their handler.
        if side.closed.borrow().is_none()
            && let Some(socket) = side.open()
        {
            socket
                .close(Some(code), &reason)
                .map_err(|error| PyValueError::new_err(error.chain()))?;
        }
        self.stage.set(Stage::Closed);
        Ok(())
    }

    /// The application has ended.
    pub(super) fn socket_ended(&self, is_failed: bool) {
        if let Some(side) = &self.socket
            && let Some(socket) = side.open()
        {
            // One that is closed already stays so.
            let _ = socket.close(Some(if is_failed { 1011 } else { 1000 }), "");
            socket.hold(false);
            side.messages.borrow_mut().clear();
            side.waiting_bytes.set(0);
        }
        self.stage.set(Stage::Closed);
    }

    fn message_came(&self, py: Python<'_>, socket: &Rc<Socket>, message: Message) {
        let Some(side) = &self.socket else { return };
        if self.stage.get() != Stage::Open {
            return;
        }
        let waiting = side.waiting_bytes.get() + message.as_bytes().len();
        side.waiting_bytes.set(waiting);
        let count = {
            let mut messages = side.messages.borrow_mut();
            messages.push_back(message);
            messages.len()
        };
        if waiting > WAITING_LIMIT || count > WAITING_MESSAGES {
            socket.hold(true);
        }
        self.wake_now(py);
    }

    /// The code is the client's. Where it said none, it is the one that it was told, as uvicorn has it: 1007 for a text that is none.
    fn closed_by(&self, py: Python<'_>, told: Option<u16>, status: CloseStatus) {
        let code = match told {
            Some(told) if !status.was_clean => told,
            _ => status.code,
        };
        if let Some(side) = &self.socket {
            side.closed
                .borrow_mut()
                .get_or_insert((code, status.reason));
        }
        self.wake(py);
    }
}

fn received<'py>(py: Python<'py>, message: &Message) -> PyResult<Bound<'py, PyAny>> {
    let dict = PyDict::new(py);
    dict.set_item(intern!(py, "type"), intern!(py, "websocket.receive"))?;
    match message {
        Message::Text(text) => dict.set_item(intern!(py, "text"), text)?,
        Message::Binary(bytes) => dict.set_item(intern!(py, "bytes"), PyBytes::new(py, bytes))?,
    }
    Ok(dict.into_any())
}

fn disconnect<'py>(py: Python<'py>, code: u16, reason: &str) -> PyResult<Bound<'py, PyAny>> {
    let message = PyDict::new(py);
    message.set_item(intern!(py, "type"), intern!(py, "websocket.disconnect"))?;
    message.set_item(intern!(py, "code"), code)?;
    message.set_item(intern!(py, "reason"), reason)?;
    Ok(message.into_any())
}

/// What happens on the socket, for its call. The call is kept by its task and by what the application holds.
struct Events(GilBound<Weak<Call>>);

impl Events {
    fn with(&self, act: impl FnOnce(Python<'_>, &Call)) {
        ffi::with_gil_held(|py| {
            if let Some(call) = self.0.get(py).upgrade() {
                act(py, &call);
            }
        });
    }
}

impl SocketHandler for Events {
    fn message(&self, socket: &Rc<Socket>, message: Message) {
        self.with(|py, call| call.message_came(py, socket, message));
    }

    fn drained(&self, _socket: &Rc<Socket>) {
        self.with(|py, call| call.wake(py));
    }

    fn closed(&self, socket: &Rc<Socket>, status: CloseStatus) {
        let told = socket.told();
        self.with(|py, call| call.closed_by(py, told, status));
    }
}
