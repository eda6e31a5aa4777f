//! An open WebSocket: the messages that have come, who waits for one, and how it has ended.
//!
//! A task of the loop reads, as long as the socket's object or a coroutine of it is there. Loop thread, GIL held.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use pyo3::exceptions::{PyRuntimeError, PyStopAsyncIteration, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFloat, PyString};
use twinloop_loop::Hold;
use twinloop_web::websocket::{CloseStatus, Message, Receiver, Sender};
use twinloop_web::{Error, ErrorKind, WebSocket};

use crate::asyncio::event_loop::LoopState;
use crate::fetch::failures::{class, fetch_error};
use crate::ffi::buffers::{is_bytes_like, with_bytes};
use crate::ffi::coroutine::{self, Attempt, Operation, WaitSlot, Waiter};
use crate::ffi::{self, Object, done, text_of_latin1};
use crate::waiting;

/// So many bytes may wait for the program before the peer is no longer read, and so many messages.
const READ_AHEAD: usize = 64 * 1024;
const MESSAGES_AHEAD: usize = 64;

/// `send` waits above this many bytes that the peer has not taken.
const SHORT_QUEUE: usize = 64 * 1024;

pub(super) struct Open {
    core: Rc<LoopState>,
    pub(super) event_loop: Object,
    pub(super) sender: Sender,
    pub(super) protocol: String,
    pub(super) extensions: String,
    inbox: RefCell<Inbox>,
    /// The coroutine that waits for a message.
    receiving: Rc<WaitSlot>,
}

#[derive(Default)]
struct Inbox {
    messages: VecDeque<Message>,
    bytes: usize,
    /// The program has closed it: what comes now is for nobody.
    is_closing: bool,
    end: Option<End>,
    /// The task that reads.
    reader: Option<Waker>,
    /// Who waits for the end.
    closers: Vec<Waker>,
}

/// How it has ended.
#[derive(Clone)]
pub(super) struct End {
    pub(super) code: u16,
    pub(super) reason: String,
    /// What went wrong, if something did.
    failure: Option<String>,
}

impl End {
    fn of(status: Option<CloseStatus>, failure: Option<&Error>) -> End {
        let Some(error) = failure else {
            let status = status.unwrap_or(CloseStatus {
                code: 1006,
                reason: String::new(),
                was_clean: false,
            });
            return End {
                code: status.code,
                reason: status.reason,
                failure: None,
            };
        };
        // What the peer was told, where it was.
        let code = match error.kind() {
            ErrorKind::Full => 1009,
            ErrorKind::Decode => 1007,
            ErrorKind::Protocol => 1002,
            ErrorKind::Timeout => 1011,
            _ => 1006,
        };
        End {
            code,
            reason: String::new(),
            failure: Some(error.chain()),
        }
    }

    /// Whether both sides have ended it as one does.
    fn is_ordinary(&self) -> bool {
        self.failure.is_none() && matches!(self.code, 1000 | 1001 | 1005)
    }

    pub(super) fn error(&self, py: Python<'_>) -> PyErr {
        let name = match self.is_ordinary() {
            true => "ConnectionClosedOK",
            false => "ConnectionClosedError",
        };
        class(py, name)
            .and_then(|class| class.call1((self.code, &self.reason, self.failure.as_deref())))
            .map_or_else(|failure| failure, PyErr::from_value)
    }
}

impl Open {
    /// Takes a socket over, and begins to read it.
    pub(super) fn start(
        core: &Rc<LoopState>,
        event_loop: Bound<'_, PyAny>,
        socket: WebSocket,
    ) -> PyResult<Rc<Open>> {
        let (protocol, extensions) = (socket.protocol().to_owned(), socket.extensions().to_owned());
        let (sender, receiver) = socket.split();
        let open = Rc::new(Open {
            core: Rc::clone(core),
            event_loop: Object::new(event_loop),
            sender,
            protocol,
            extensions,
            inbox: RefCell::default(),
            receiving: Rc::default(),
        });
        let reading = Reading {
            open: Rc::downgrade(&open),
            receiver,
        };
        core.open()?.begin(Box::pin(reading), None);
        Ok(open)
    }

    pub(super) fn end(&self) -> Option<End> {
        self.inbox.borrow().end.clone()
    }

    /// Whether nothing can be sent any more.
    pub(super) fn is_closed(&self) -> bool {
        let inbox = self.inbox.borrow();
        inbox.is_closing || inbox.end.is_some()
    }

    fn take(&self) -> Option<Message> {
        let mut inbox = self.inbox.borrow_mut();
        let message = inbox.messages.pop_front()?;
        inbox.bytes -= message.as_bytes().len();
        let has_room = inbox.bytes < READ_AHEAD / 2 && inbox.messages.len() < MESSAGES_AHEAD / 2;
        if has_room && let Some(reader) = inbox.reader.take() {
            drop(inbox);
            reader.wake();
        }
        Some(message)
    }

    /// A coroutine that gives the next message; at the end of an iteration that ends as one does.
    pub(super) fn receive<'py>(
        self: &Rc<Self>,
        py: Python<'py>,
        is_iteration: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let receiving = Receiving {
            open: Rc::clone(self),
            is_iteration,
            hold: None,
        };
        coroutine::make(py, self.event_loop.bind(py), Box::new(receiving))
    }

    /// Queues a message, and gives what is awaited until the queue is short.
    pub(super) fn send<'py>(&self, message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = message.py();
        self.check_thread(py)?;
        let sender = &self.sender;
        let sent = if let Ok(text) = message.cast::<PyString>() {
            sender.send_text_nowait(text.to_str()?)
        } else if is_bytes_like(message) {
            with_bytes(message, |bytes| sender.send_binary_nowait(bytes))?
        } else {
            return Err(PyTypeError::new_err(format!(
                "a message is a str or bytes, not '{}'",
                message.get_type().name()?
            )));
        };
        self.sent(py, sent)
    }

    /// As [`Open::send`], for text in UTF-8.
    pub(super) fn send_text<'py>(
        &self,
        py: Python<'py>,
        text: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.check_thread(py)?;
        let sent = self.sender.send_text_nowait(text);
        self.sent(py, sent)
    }

    fn sent<'py>(
        &self,
        py: Python<'py>,
        sent: twinloop_web::Result<()>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let Err(error) = sent {
            return Err(self.unsent(py, &error));
        }
        if self.sender.buffered_amount() < SHORT_QUEUE {
            return Ok(done(py));
        }
        let sender = self.sender.clone();
        let drained = async move { sender.drain().await };
        let event_loop = self.event_loop.bind(py);
        waiting::coroutine(
            event_loop,
            &self.core,
            "WebSocket.send",
            drained,
            |py, ()| Ok(py.None()),
        )
    }

    #[cold]
    fn unsent(&self, py: Python<'_>, error: &Error) -> PyErr {
        if !error.is_closed() {
            return fetch_error(py, error);
        }
        let end = self.end();
        end.unwrap_or_else(|| End {
            // Its end is not known yet: the program has closed it, or the peer has gone.
            code: 1006,
            reason: String::new(),
            failure: Some(error.chain()),
        })
        .error(py)
    }

    /// A coroutine that gives the seconds until the peer has answered a ping.
    pub(super) fn ping<'py>(self: &Rc<Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let round_trip = self.sender.round_trip();
        let open = Rc::clone(self);
        let event_loop = self.event_loop.bind(py);
        waiting::coroutine(
            event_loop,
            &self.core,
            "WebSocket.ping",
            round_trip,
            move |py, time| match time {
                Ok(time) => Ok(PyFloat::new(py, time.as_secs_f64()).into_any().unbind()),
                Err(error) => Err(open.unsent(py, &error)),
            },
        )
    }

    /// Begins to close; gives what is awaited until the peer has closed too.
    pub(super) fn close<'py>(
        self: &Rc<Self>,
        py: Python<'py>,
        code: u16,
        reason: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.check_thread(py)?;
        self.sender
            .close(Some(code), reason)
            .map_err(|error| fetch_error(py, &error))?;
        let reader = {
            let mut inbox = self.inbox.borrow_mut();
            if inbox.end.is_some() {
                return Ok(done(py));
            }
            inbox.is_closing = true;
            inbox.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
        let ended = Ended(Rc::clone(self));
        let event_loop = self.event_loop.bind(py);
        waiting::coroutine(
            event_loop,
            &self.core,
            "WebSocket.close",
            ended,
            |py, ()| Ok(py.None()),
        )
    }

    fn check_thread(&self, py: Python<'_>) -> PyResult<()> {
        self.core.check_thread(py)
    }

    // ---- what comes

    fn arrived(&self, message: Message) {
        {
            let mut inbox = self.inbox.borrow_mut();
            if inbox.is_closing {
                return;
            }
            inbox.bytes += message.as_bytes().len();
            inbox.messages.push_back(message);
        }
        self.wake();
    }

    fn ended(&self, end: End) {
        let closers = {
            let mut inbox = self.inbox.borrow_mut();
            inbox.end = Some(end);
            std::mem::take(&mut inbox.closers)
        };
        for closer in closers {
            closer.wake();
        }
        self.wake();
    }

    /// Lets who waits for a message go on.
    fn wake(&self) {
        ffi::with_gil_held(|py| {
            if let Some(waiter) = self.receiving.take(py)
                && let Err(error) = waiter.wake(py)
            {
                self.core.host().interrupt(error);
            }
        });
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // The task that reads finds that nobody is there any more.
        let reader = self.inbox.borrow_mut().reader.take();
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

/// Reads until the end, as far ahead as it may.
struct Reading {
    open: Weak<Open>,
    receiver: Receiver,
}

impl Future for Reading {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let Some(open) = self.open.upgrade() else {
                return Poll::Ready(());
            };
            {
                let mut inbox = open.inbox.borrow_mut();
                match &mut inbox.reader {
                    Some(reader) => reader.clone_from(context.waker()),
                    None => inbox.reader = Some(context.waker().clone()),
                }
                let is_full = inbox.bytes > READ_AHEAD || inbox.messages.len() >= MESSAGES_AHEAD;
                if is_full && !inbox.is_closing {
                    return Poll::Pending;
                }
            }
            let message = match self.receiver.poll_receive(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(message) => message,
            };
            match message {
                Ok(Some(message)) => open.arrived(message),
                Ok(None) => {
                    open.ended(End::of(self.receiver.close_status(), None));
                    return Poll::Ready(());
                }
                Err(error) => {
                    open.ended(End::of(None, Some(&error)));
                    return Poll::Ready(());
                }
            }
        }
    }
}

/// Waits for the end.
struct Ended(Rc<Open>);

impl Future for Ended {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut inbox = self.0.inbox.borrow_mut();
        if inbox.end.is_some() {
            return Poll::Ready(());
        }
        let waker = context.waker();
        if !inbox.closers.iter().any(|known| known.will_wake(waker)) {
            inbox.closers.push(waker.clone());
        }
        Poll::Pending
    }
}

/// Waits for a message.
struct Receiving {
    open: Rc<Open>,
    is_iteration: bool,
    /// What waits for a message keeps a program going.
    hold: Option<Hold>,
}

impl Operation for Receiving {
    fn name(&self) -> &'static str {
        match self.is_iteration {
            true => "WebSocket.__anext__",
            false => "WebSocket.receive",
        }
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        let open = &self.open;
        if let Some(message) = open.take() {
            return made(py, &message).map(Some);
        }
        if let Some(end) = open.end() {
            if self.is_iteration && end.is_ordinary() {
                return Err(PyStopAsyncIteration::new_err(()));
            }
            return Err(end.error(py));
        }
        if !open.core.runs_here(py) {
            return Err(PyRuntimeError::new_err(
                "a websocket is received from on the event loop that it was opened on",
            ));
        }
        if open.receiving.is_taken() {
            return Err(PyRuntimeError::new_err(
                "another coroutine waits for a message of this websocket already",
            ));
        }
        open.receiving.register(waiter);
        if self.hold.is_none() {
            self.hold = Some(open.core.open()?.hold());
        }
        Ok(None)
    }

    fn withdraw(&mut self, _py: Python<'_>, _waiter: &Waiter) {
        // The coroutine leaves its slot by itself.
    }

    fn visit(&self, _visitor: &mut dyn FnMut(&Object)) {
        // What the socket holds is shown by its object, which whoever receives has.
    }
}

fn made<'py>(py: Python<'py>, message: &Message) -> PyResult<Bound<'py, PyAny>> {
    match message {
        Message::Text(text) if text.is_ascii() => text_of_latin1(py, text.as_bytes()),
        Message::Text(text) => Ok(PyString::new(py, text).into_any()),
        Message::Binary(bytes) => Ok(PyBytes::new(py, bytes).into_any()),
    }
}
