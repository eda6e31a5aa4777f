//! A stream socket of `node:net`, between a stream of the loop and whoever hears of it: an object of JavaScript, or what stands in between.
//!
//! What happens is told each time in an entry of the turn of its own, with the object that `netAttach` or `netConnect` named. An open socket
//! keeps that object, as Node's handles do. It keeps the program alive while it connects, reads, or has something to send, unless it is not to
//! (`netReference`). Loop thread only.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::rc::{Rc, Weak};

use twinloop_loop::net::{Stream, StreamHandler};
use twinloop_loop::{Hold, JoinHandle, Loop};

use crate::builtins::errno::errno_of;
use crate::engine::{Context, Error, Local, Scope, Slot};

use super::telling::{Heard, errno, keep, tell};

/// The most that one read takes.
const READ_SIZE: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_SIZE]);
}

/// What stands between a socket and JavaScript: `node:tls` reads and writes in its place.
pub(in crate::node) trait Filter {
    /// Takes in what came. JavaScript must not run.
    fn take(&self, bytes: &[u8]);
    /// Bytes were taken in.
    fn received(&self);
    /// The other end has ended.
    fn ended(&self);
    /// Everything has been sent.
    fn drained(&self);
    /// Reading or writing failed.
    fn failed(&self, error: &io::Error, is_read: bool);
}

pub(in crate::node) struct Socket {
    stream: RefCell<Option<Rc<Stream>>>,
    connecting: RefCell<Option<JoinHandle<()>>>,
    context: Context,
    object: RefCell<Option<Slot>>,
    is_referenced: Cell<bool>,
    is_reading: Cell<bool>,
    /// Somebody waits for what is queued to be sent.
    is_sending: Cell<bool>,
    /// Another process has it as well, whose writes come between: what is written here goes out at once.
    is_shared: Cell<bool>,
    hold: RefCell<Option<Hold>>,
    filter: RefCell<Option<Rc<dyn Filter>>>,
}

impl Socket {
    pub(super) fn new(scope: &Scope<'_>) -> Rc<Socket> {
        Rc::new(Socket {
            stream: RefCell::default(),
            connecting: RefCell::default(),
            context: scope.context(),
            object: RefCell::default(),
            is_referenced: Cell::new(true),
            is_reading: Cell::new(false),
            is_sending: Cell::new(false),
            is_shared: Cell::new(false),
            hold: RefCell::default(),
            filter: RefCell::default(),
        })
    }

    fn update_hold(&self) {
        let is_busy =
            self.is_reading.get() || self.is_sending.get() || self.connecting.borrow().is_some();
        keep(&self.hold, self.is_referenced.get() && is_busy);
    }

    pub(super) fn stream(&self) -> io::Result<Rc<Stream>> {
        (self.stream.borrow().clone()).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Takes over a connection, which is not read yet.
    pub(super) fn take(self: &Rc<Self>, stream: Stream) {
        stream.pause_reading();
        stream.set_handler(Some(Rc::new(SocketHandler(Rc::downgrade(self)))));
        *self.stream.borrow_mut() = Some(Rc::new(stream));
    }

    pub(super) fn begin_connecting(
        self: &Rc<Self>,
        connection: impl Future<Output = io::Result<Stream>> + 'static,
    ) {
        let socket = Rc::downgrade(self);
        let task = Loop::current().spawn(async move {
            let outcome = connection.await;
            let Some(socket) = socket.upgrade() else {
                return;
            };
            // Who is told may close the socket, or begin to read.
            let task = socket.connecting.borrow_mut().take();
            drop(task);
            let number = match outcome {
                Ok(stream) => {
                    socket.take(stream);
                    0
                }
                Err(error) => -errno_of(&error),
            };
            tell(&socket.context, &socket.object, Heard::Connected, |scope| {
                Ok(vec![scope.number(number.into())])
            });
            socket.update_hold();
        });
        *self.connecting.borrow_mut() = Some(task);
        self.update_hold();
    }

    pub(super) fn close(&self, is_reset: bool) {
        let task = self.connecting.borrow_mut().take();
        if let Some(task) = task {
            task.abort();
        }
        let stream = self.stream.borrow_mut().take();
        if let Some(stream) = stream
            && (!is_reset || stream.reset().is_err())
        {
            // What was written in this turn is sent, as far as the other end takes it.
            let _ = stream.flush_now();
            stream.close();
        }
        self.is_reading.set(false);
        self.is_sending.set(false);
        self.update_hold();
        let object = self.object.borrow_mut().take();
        drop(object);
        let filter = self.filter.borrow_mut().take();
        drop(filter);
    }

    /// Who hears of it from now on.
    pub(super) fn attach(&self, object: Slot) {
        let old = self.object.replace(Some(object));
        drop(old);
    }

    /// Whether it keeps the program alive while it is busy.
    pub(super) fn reference(&self, on: bool) {
        self.is_referenced.set(on);
        self.update_hold();
    }

    /// Another process has it as well from now on.
    pub(super) fn share(&self) {
        self.is_shared.set(true);
    }

    /// How many bytes the system has not taken yet.
    pub(super) fn queued(&self) -> usize {
        (self.stream.borrow().as_ref()).map_or(0, |stream| stream.queued())
    }

    // ---- for who reads and writes, JavaScript or somebody in its place --------------------------------------------

    /// From now on this hears of the socket; it is let go when the socket is closed.
    pub(in crate::node) fn set_filter(&self, filter: Rc<dyn Filter>) {
        let old = self.filter.replace(Some(filter));
        drop(old);
    }

    fn filter(&self) -> Option<Rc<dyn Filter>> {
        self.filter.borrow().clone()
    }

    /// Whether it is read.
    ///
    /// # Errors
    /// When it is not connected.
    pub(in crate::node) fn set_reading(&self, on: bool) -> io::Result<()> {
        let stream = self.stream()?;
        self.is_reading.set(on);
        if on {
            stream.resume_reading();
        } else {
            stream.pause_reading();
        }
        self.update_hold();
        Ok(())
    }

    /// Sends; true when it may be taken as sent, false when whoever hears of it will be told that it is.
    pub(in crate::node) fn send(&self, bytes: &[u8]) -> io::Result<bool> {
        let stream = self.stream()?;
        stream.write(bytes)?;
        if self.is_shared.get() {
            stream.flush_now()?;
        }
        if !stream.is_blocked() && stream.queued() <= READ_SIZE {
            return Ok(true);
        }
        self.is_sending.set(true);
        self.update_hold();
        Ok(false)
    }

    /// Nothing more will be sent; as [`Socket::send`].
    pub(in crate::node) fn end_sending(&self) -> io::Result<bool> {
        let stream = self.stream()?;
        stream.flush_now()?;
        stream.shutdown_write_when_flushed();
        let waits = stream.queued() > 0;
        self.is_sending.set(waits);
        self.update_hold();
        Ok(!waits)
    }
}

struct SocketHandler(Weak<Socket>);

impl StreamHandler for SocketHandler {
    fn readable(&self) {
        let Some(socket) = self.0.upgrade() else {
            return;
        };
        let Ok(stream) = socket.stream() else { return };
        if let Some(filter) = socket.filter() {
            socket.read_through(&stream, &filter);
            return;
        }
        let outcome = BUFFER.with_borrow_mut(|buffer| stream.read_once(buffer));
        match outcome {
            Ok(0) => {
                socket.is_reading.set(false);
                tell(&socket.context, &socket.object, Heard::Received, |_| {
                    Ok(vec![])
                });
                socket.update_hold();
            }
            // JavaScript runs only after the buffer is free again, so that what it does may read.
            Ok(count) => tell(&socket.context, &socket.object, Heard::Received, |scope| {
                let bytes = BUFFER.with_borrow(|buffer| scope.uint8_array_copy(&buffer[..count]));
                Ok(vec![bytes?])
            }),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => socket.failed(&error, true),
        }
    }

    fn flushed(&self) {
        let Some(socket) = self.0.upgrade() else {
            return;
        };
        let is_empty = (socket.stream.borrow().as_ref()).is_some_and(|stream| stream.queued() == 0);
        if is_empty && socket.is_sending.replace(false) {
            if let Some(filter) = socket.filter() {
                filter.drained();
                socket.update_hold();
                return;
            }
            tell(&socket.context, &socket.object, Heard::Drained, |_| {
                Ok(vec![])
            });
            socket.update_hold();
        }
    }

    fn failed(&self, error: io::Error) {
        if let Some(socket) = self.0.upgrade() {
            socket.failed(&error, false);
        }
    }
}

impl Socket {
    fn read_through(&self, stream: &Stream, filter: &Rc<dyn Filter>) {
        let outcome = BUFFER.with_borrow_mut(|buffer| {
            let count = stream.read_once(buffer)?;
            filter.take(&buffer[..count]);
            Ok::<_, io::Error>(count)
        });
        match outcome {
            Ok(0) => {
                self.is_reading.set(false);
                filter.ended();
                self.update_hold();
            }
            Ok(_) => filter.received(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => self.failed(&error, true),
        }
    }

    fn failed(&self, error: &io::Error, is_read: bool) {
        self.is_sending.set(false);
        if is_read {
            self.is_reading.set(false);
            if let Ok(stream) = self.stream() {
                stream.pause_reading();
            }
        }
        if let Some(filter) = self.filter() {
            filter.failed(error, is_read);
            self.update_hold();
            return;
        }
        tell(&self.context, &self.object, Heard::Failed, |scope| {
            Ok(vec![errno(scope, error), Local::boolean(is_read)])
        });
        self.update_hold();
    }
}

/// The socket that a value is.
pub(in crate::node) fn socket_in(scope: &Scope<'_>, value: Local<'_>) -> Result<Rc<Socket>, Error> {
    scope.expect_host::<Socket>(value, "a socket")
}
