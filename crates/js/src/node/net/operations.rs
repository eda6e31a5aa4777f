//! The operations of `node:net`: stream sockets and listeners of the loop, as host objects.
//!
//! What happens on a socket is told to functions that JavaScript gives once (`netSetReceiver`), each time in an entry of the turn of its own,
//! with the object that `netAttach` or `netConnect` named. An open socket keeps that object, as Node's handles do. It keeps the program alive
//! while it connects, reads, or has something to send, and a listener while it is open, unless it is not to (`netReference`). Errors are the
//! system's numbers. Loop thread only.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::time::Duration;

use twinloop_loop::net::{ListenOptions, Listener, Stream, StreamHandler};
use twinloop_loop::{Hold, IoHandler, JoinHandle, Loop, Readiness, take_inherited};

use crate::builtins::errno::errno_of;
use crate::builtins::permissions::{Access, limits};
use crate::engine::{Arguments, Context, Error, Local, Op, Scope, Slot};

use super::receivers::Receivers;
use crate::node::child_process::operations::Received;

pub(crate) const OPS: &[Op] = &[
    Op::new("netAddress", 2, address),
    Op::new("netAdopt", 1, adopt),
    Op::new("netAdoptListener", 3, adopt_listener),
    Op::new("netAttach", 2, attach),
    Op::new("netBind", 4, bind),
    Op::new("netBindPath", 2, bind_path),
    Op::new("netClose", 1, close),
    Op::new("netConnect", 5, connect),
    Op::new("netConnectPath", 2, connect_path),
    Op::new("netKeepAlive", 3, keep_alive),
    Op::new("netListen", 5, listen),
    Op::new("netListenPath", 3, listen_path),
    Op::new("netNoDelay", 2, no_delay),
    Op::new("netNumber", 1, number),
    Op::new("netOpen", 1, open),
    Op::new("netOpenListener", 3, open_listener),
    Op::new("netPermit", 2, permit),
    Op::new("netQueued", 1, queued),
    Op::new("netRead", 2, read),
    Op::new("netReference", 2, reference),
    Op::new("netReset", 1, reset),
    Op::new("netSetReceiver", 1, set_receiver),
    Op::new("netShare", 1, share),
    Op::new("netShutdown", 1, shut_down),
    Op::new("netTypeOfService", 2, type_of_service),
    Op::new("netWrite", 3, write),
];

/// How long a listener waits after an accept that failed, for instance because of too many open files.
const RETRY: Duration = Duration::from_millis(50);

/// The most that one read takes.
const READ_SIZE: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_SIZE]);
}

/// The functions that hear of everything, at their places in the array that `netSetReceiver` takes.
#[derive(Clone, Copy)]
enum Heard {
    /// `(object, errno)`: a connection is there, or failed.
    Connected,
    /// `(object, bytes or undefined)`: bytes came, or the end.
    Received,
    /// `(object)`: everything has been sent.
    Drained,
    /// `(object, errno, isRead)`
    Failed,
    /// `(object, socket)`: a connection came.
    Accepted,
}

/// Tells JavaScript of something. It runs the program's own code.
fn tell(
    context: &Context,
    object: &RefCell<Option<Slot>>,
    heard: Heard,
    rest: impl for<'s> FnOnce(&Scope<'s>) -> Result<Vec<Local<'s>>, Error>,
) {
    Receivers::<Heard>::tell(context, object, heard as usize, rest);
}

pub(crate) fn errno<'s>(scope: &Scope<'s>, error: &io::Error) -> Local<'s> {
    scope.number(f64::from(-errno_of(error)))
}

// ---- sockets --------------------------------------------------------------------------------------------------------

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
    fn new(scope: &Scope<'_>) -> Rc<Socket> {
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

    fn stream(&self) -> io::Result<Rc<Stream>> {
        (self.stream.borrow().clone()).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Takes over a connection, which is not read yet.
    fn take(self: &Rc<Self>, stream: Stream) {
        stream.pause_reading();
        stream.set_handler(Some(Rc::new(SocketHandler(Rc::downgrade(self)))));
        *self.stream.borrow_mut() = Some(Rc::new(stream));
    }

    fn begin_connecting(
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

    fn close(&self, is_reset: bool) {
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

    // ---- for who reads and writes in its place --------------------------------------------------------------------

    /// From now on this hears of the socket; it is let go when the socket is closed.
    pub(in crate::node) fn set_filter(&self, filter: Rc<dyn Filter>) {
        let old = self.filter.replace(Some(filter));
        drop(old);
    }

    fn filter(&self) -> Option<Rc<dyn Filter>> {
        self.filter.borrow().clone()
    }

    /// Whether it is read; nothing happens before it is connected.
    pub(in crate::node) fn set_reading(&self, on: bool) {
        let Ok(stream) = self.stream() else { return };
        self.is_reading.set(on);
        if on {
            stream.resume_reading();
        } else {
            stream.pause_reading();
        }
        self.update_hold();
    }

    /// Sends; true when it may be taken as sent, false when the filter will be told that it is.
    pub(in crate::node) fn send(&self, bytes: &[u8]) -> io::Result<bool> {
        let stream = self.stream()?;
        stream.write(bytes)?;
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

pub(crate) fn keep(hold: &RefCell<Option<Hold>>, wanted: bool) {
    if wanted == hold.borrow().is_some() {
        return;
    }
    let old = hold.replace(wanted.then(|| Loop::current().hold()));
    drop(old);
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
        // JavaScript runs only after the buffer is free again, so that what it does may read.
        let mut bytes = Vec::new();
        let outcome = BUFFER.with_borrow_mut(|buffer| {
            let count = stream.read_once(buffer)?;
            bytes.extend_from_slice(&buffer[..count]);
            Ok::<_, io::Error>(())
        });
        match outcome {
            Ok(()) if bytes.is_empty() => {
                socket.is_reading.set(false);
                tell(&socket.context, &socket.object, Heard::Received, |_| {
                    Ok(vec![])
                });
                socket.update_hold();
            }
            Ok(()) => tell(&socket.context, &socket.object, Heard::Received, |scope| {
                Ok(vec![scope.uint8_array(bytes)?])
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

fn socket_of<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>) -> Result<Rc<Socket>, Error> {
    socket_in(scope, arguments.get(0))
}

/// The socket that a value is.
pub(in crate::node) fn socket_in(scope: &Scope<'_>, value: Local<'_>) -> Result<Rc<Socket>, Error> {
    scope.expect_host::<Socket>(value, "a socket")
}

fn ip_of(scope: &Scope<'_>, value: Local<'_>) -> Result<IpAddr, Error> {
    let text = scope.string_of(value)?;
    // A zone is a link's name or number, which only the system's resolver can read.
    (text.parse()).map_err(|_| Error::type_error("the value is not an address"))
}

fn socket_address(
    scope: &Scope<'_>,
    host: Local<'_>,
    port: Local<'_>,
) -> Result<SocketAddr, Error> {
    let address = ip_of(scope, host)?;
    Ok(SocketAddr::new(address, scope.int32_of(port)? as u16))
}

/// `netSetReceiver([connected, received, drained, failed, accepted])`
fn set_receiver<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    Receivers::<Heard>::set(scope, arguments.get(0))?;
    Ok(Local::undefined())
}

/// `netPermit(host, port)`: throws what a program is told that may not reach this, or listen there.
fn permit<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let host = scope.string_of(arguments.get(0))?;
    let port = scope.int32_of(arguments.get(1))?;
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host
    };
    limits(scope).host(&format!("{host}:{port}"))?;
    Ok(Local::undefined())
}

/// `netConnect(object, address, port, localAddress, localPort)`: a socket that connects. `connected` is told.
fn connect<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let remote = socket_address(scope, arguments.get(1), arguments.get(2))?;
    let local = if arguments.get(3).is_undefined() {
        None
    } else {
        Some(socket_address(scope, arguments.get(3), arguments.get(4))?)
    };
    let socket = Socket::new(scope);
    *socket.object.borrow_mut() = Some(scope.persist(arguments.get(0)));
    socket.begin_connecting(async move { Stream::connect_from(remote, local).await });
    scope.host_object(socket)
}

/// Who speaks over a local path writes to it and reads from it; a name without a file is for who may reach everything.
fn permit_path(scope: &Scope<'_>, path: &Path) -> Result<(), Error> {
    let limits = limits(scope);
    if path.as_os_str().as_encoded_bytes().first() == Some(&0) {
        limits.host("*")?;
        return Ok(());
    }
    limits.path(Access::READ_AND_WRITE, path)?;
    Ok(())
}

/// `netConnectPath(object, path)`
fn connect_path<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = PathBuf::from(scope.string_of(arguments.get(1))?);
    permit_path(scope, &path)?;
    let socket = Socket::new(scope);
    *socket.object.borrow_mut() = Some(scope.persist(arguments.get(0)));
    socket.begin_connecting(async move { Stream::connect_unix(&path).await });
    scope.host_object(socket)
}

/// `netOpen(descriptor)`: a socket that was open when the process began; or the error's number.
fn open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.int32_of(arguments.get(0))?;
    let opened = take_inherited(number).and_then(|descriptor| {
        rustix::io::ioctl_fionbio(&descriptor, true)?;
        Stream::from_fd(descriptor)
    });
    match opened {
        Ok(stream) => {
            let socket = Socket::new(scope);
            socket.take(stream);
            scope.host_object(socket)
        }
        Err(error) => Ok(errno(scope, &error)),
    }
}

/// `netAdopt(descriptor)`: a socket that another process sent, or the error's number.
fn adopt<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let opened = Received::take(scope, arguments.get(0))?.and_then(|descriptor| {
        rustix::io::ioctl_fionbio(&descriptor, true)?;
        Stream::from_fd(descriptor)
    });
    match opened {
        Ok(stream) => {
            let socket = Socket::new(scope);
            socket.is_shared.set(true);
            socket.take(stream);
            scope.host_object(socket)
        }
        Err(error) => Ok(errno(scope, &error)),
    }
}

/// `netShare(socket)`: another process has it as well from now on.
fn share<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    socket_of(scope, &arguments)?.is_shared.set(true);
    Ok(Local::undefined())
}

/// `netAttach(socket, object)`: who hears of it.
fn attach<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let old = socket.object.replace(Some(scope.persist(arguments.get(1))));
    drop(old);
    Ok(Local::undefined())
}

/// `netRead(socket, on)`: whether it is read; 0 or the error's number.
fn read<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let on = scope.bool_of(arguments.get(1));
    let stream = match socket.stream() {
        Ok(stream) => stream,
        Err(error) => return Ok(errno(scope, &error)),
    };
    socket.is_reading.set(on);
    if on {
        stream.resume_reading();
    } else {
        stream.pause_reading();
    }
    socket.update_hold();
    Ok(scope.number(0.0))
}

/// `netWrite(socket, content, isLatin1)`: 0 when it may be taken as sent, 1 when `drained` will be told, or the error's number.
fn write<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let stream = match socket.stream() {
        Ok(stream) => stream,
        Err(error) => return Ok(errno(scope, &error)),
    };
    let content = arguments.get(1);
    let written = if content.is_string() {
        let latin1 = if scope.bool_of(arguments.get(2)) {
            scope.latin1_of(content)?
        } else {
            None
        };
        match latin1 {
            Some(bytes) => stream.write(&bytes),
            None => stream.write(scope.string_of(content)?.as_bytes()),
        }
    } else {
        scope.with_bytes(content, |bytes| stream.write(bytes))?
    };
    let written = written.and_then(|()| match socket.is_shared.get() {
        true => stream.flush_now(),
        false => Ok(()),
    });
    if let Err(error) = written {
        return Ok(errno(scope, &error));
    }
    if !stream.is_blocked() && stream.queued() <= READ_SIZE {
        return Ok(scope.number(0.0));
    }
    socket.is_sending.set(true);
    socket.update_hold();
    Ok(scope.number(1.0))
}

/// `netQueued(socket)`: how many bytes the system has not taken yet.
fn queued<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let queued = (socket.stream.borrow().as_ref()).map_or(0, |stream| stream.queued());
    Ok(scope.number(queued as f64))
}

/// `netShutdown(socket)`: nothing more will be written; as `netWrite`.
fn shut_down<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let stream = match socket.stream() {
        Ok(stream) => stream,
        Err(error) => return Ok(errno(scope, &error)),
    };
    if let Err(error) = stream.flush_now() {
        return Ok(errno(scope, &error));
    }
    stream.shutdown_write_when_flushed();
    let waits = stream.queued() > 0;
    socket.is_sending.set(waits);
    socket.update_hold();
    Ok(scope.number(f64::from(u8::from(waits))))
}

/// `netReset(socket)`: closes it; the other end is told of a reset.
fn reset<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    socket_of(scope, &arguments)?.close(true);
    Ok(Local::undefined())
}

/// `netNoDelay(socket, on)`: 0 or the error's number.
fn no_delay<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let on = scope.bool_of(arguments.get(1));
    let outcome = socket.stream().and_then(|stream| stream.set_nodelay(on));
    Ok(number_of(scope, outcome))
}

/// `netTypeOfService(socket, value)`: the byte of the IP header, or the error's number; -1 only asks.
fn type_of_service<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let value = u8::try_from(scope.int32_of(arguments.get(1))?).ok();
    let outcome = (socket.stream()).and_then(|stream| match value {
        Some(value) => stream.set_type_of_service(value).map(|()| value),
        None => stream.type_of_service(),
    });
    Ok(match outcome {
        Ok(value) => scope.number(value.into()),
        Err(error) => errno(scope, &error),
    })
}

/// `netKeepAlive(socket, on, seconds)`: 0 or the error's number.
fn keep_alive<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let on = scope.bool_of(arguments.get(1));
    let seconds = scope.int32_of(arguments.get(2))?;
    let idle = (seconds > 0).then(|| Duration::from_secs(seconds.unsigned_abs().into()));
    let outcome = (socket.stream()).and_then(|stream| stream.set_keepalive(on, idle));
    Ok(number_of(scope, outcome))
}

pub(crate) fn number_of<'s>(scope: &Scope<'s>, outcome: io::Result<()>) -> Local<'s> {
    match outcome {
        Ok(()) => scope.number(0.0),
        Err(error) => errno(scope, &error),
    }
}

// ---- listeners ------------------------------------------------------------------------------------------------------

struct Server {
    listener: RefCell<Option<Listener>>,
    context: Context,
    object: RefCell<Option<Slot>>,
    is_referenced: Cell<bool>,
    hold: RefCell<Option<Hold>>,
    retry: RefCell<Option<JoinHandle<()>>>,
}

impl Server {
    fn update_hold(&self) {
        let is_open = self.listener.borrow().is_some();
        keep(&self.hold, self.is_referenced.get() && is_open);
    }

    fn close(&self) {
        let retry = self.retry.borrow_mut().take();
        if let Some(retry) = retry {
            retry.abort();
        }
        let listener = self.listener.borrow_mut().take();
        drop(listener);
        self.update_hold();
        let object = self.object.borrow_mut().take();
        drop(object);
    }

    /// Looks again when there may be room: no edge tells of it.
    fn look_later(self: &Rc<Self>) {
        let server = Rc::downgrade(self);
        let task = Loop::current().spawn(async move {
            twinloop_loop::time::sleep(RETRY).await;
            if let Some(server) = server.upgrade()
                && let Some(listener) = server.listener.borrow().as_ref()
            {
                listener.look_again();
            }
        });
        *self.retry.borrow_mut() = Some(task);
    }
}

struct ServerHandler(Weak<Server>);

impl IoHandler for ServerHandler {
    fn ready(&self, _: Readiness) {
        let Some(server) = self.0.upgrade() else {
            return;
        };
        let accepted = match &*server.listener.borrow() {
            Some(listener) => listener.accept_once(),
            None => return,
        };
        match accepted.and_then(Stream::from_fd) {
            Ok(stream) => tell(&server.context, &server.object, Heard::Accepted, |scope| {
                let socket = Socket::new(scope);
                socket.take(stream);
                Ok(vec![scope.host_object(socket)?])
            }),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // The peer has left meanwhile.
            Err(error) if errno_of(&error) == libc::ECONNABORTED => {
                if let Some(listener) = server.listener.borrow().as_ref() {
                    listener.look_again();
                }
            }
            Err(_) => server.look_later(),
        }
    }
}

fn server_object<'s>(
    scope: &Scope<'s>,
    object: Local<'s>,
    listener: io::Result<Listener>,
) -> Result<Local<'s>, Error> {
    let listener = match listener {
        Ok(listener) => listener,
        Err(error) => return Ok(errno(scope, &error)),
    };
    let server = Rc::new(Server {
        listener: RefCell::default(),
        context: scope.context(),
        object: RefCell::new(Some(scope.persist(object))),
        is_referenced: Cell::new(true),
        hold: RefCell::default(),
        retry: RefCell::default(),
    });
    listener.set_handler(Some(Rc::new(ServerHandler(Rc::downgrade(&server)))));
    *server.listener.borrow_mut() = Some(listener);
    server.update_hold();
    scope.host_object(server)
}

fn backlog_of(scope: &Scope<'_>, value: Local<'_>) -> Result<i32, Error> {
    let backlog = scope.int32_of(value)?;
    Ok(if backlog > 0 { backlog } else { 511 })
}

fn listen_options(
    scope: &Scope<'_>,
    backlog: Local<'_>,
    flags: Local<'_>,
) -> Result<ListenOptions, Error> {
    let flags = scope.int32_of(flags)?;
    Ok(ListenOptions {
        backlog: backlog_of(scope, backlog)?,
        ipv6_only: flags & 1 != 0,
        reuse_port: flags & 2 != 0,
    })
}

/// `netAdoptListener(object, descriptor, backlog)`: a listener that another process sent, or the error's number.
fn adopt_listener<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let backlog = backlog_of(scope, arguments.get(2))?;
    let listener = Received::take(scope, arguments.get(1))?
        .and_then(|descriptor| Listener::from_fd(descriptor, backlog));
    server_object(scope, arguments.get(0), listener)
}

/// `netBind(object, address, port, flags)`: what others are to listen at, as `netListen`.
fn bind<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let address = socket_address(scope, arguments.get(1), arguments.get(2))?;
    limits(scope).host(&address.to_string())?;
    let options = listen_options(scope, Local::undefined(), arguments.get(3))?;
    let listener = Listener::bound(address, options);
    server_object(scope, arguments.get(0), listener)
}

/// `netBindPath(object, path)`: as `netBind`.
fn bind_path<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = scope.string_of(arguments.get(1))?;
    permit_path(scope, Path::new(&path))?;
    let listener = Listener::bound_unix(Path::new(&path));
    server_object(scope, arguments.get(0), listener)
}

/// `netListen(object, address, port, backlog, flags)`: a listener, or the error's number. Flags: 1 only IPv6, 2 a shared port.
fn listen<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let address = socket_address(scope, arguments.get(1), arguments.get(2))?;
    limits(scope).host(&address.to_string())?;
    let options = listen_options(scope, arguments.get(3), arguments.get(4))?;
    let listener = Listener::bind_with(address, options);
    server_object(scope, arguments.get(0), listener)
}

/// `netListenPath(object, path, backlog)`
fn listen_path<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = scope.string_of(arguments.get(1))?;
    let backlog = backlog_of(scope, arguments.get(2))?;
    permit_path(scope, Path::new(&path))?;
    let listener = Listener::bind_unix_with(Path::new(&path), backlog);
    server_object(scope, arguments.get(0), listener)
}

/// `netOpenListener(object, descriptor, backlog)`: a socket that was open when the process began.
fn open_listener<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.int32_of(arguments.get(1))?;
    let backlog = backlog_of(scope, arguments.get(2))?;
    let listener =
        take_inherited(number).and_then(|descriptor| Listener::from_fd(descriptor, backlog));
    server_object(scope, arguments.get(0), listener)
}

// ---- both -----------------------------------------------------------------------------------------------------------

/// Either of the two, by what a value is.
enum Either {
    Socket(Rc<Socket>),
    Server(Rc<Server>),
}

fn either<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>) -> Result<Either, Error> {
    if let Ok(socket) = socket_of(scope, arguments) {
        return Ok(Either::Socket(socket));
    }
    let server = scope.expect_host::<Server>(arguments.get(0), "a socket or a listener")?;
    Ok(Either::Server(server))
}

/// `netReference(either, on)`: whether it keeps the program alive.
fn reference<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let on = scope.bool_of(arguments.get(1));
    match either(scope, &arguments)? {
        Either::Socket(socket) => {
            socket.is_referenced.set(on);
            socket.update_hold();
        }
        Either::Server(server) => {
            server.is_referenced.set(on);
            server.update_hold();
        }
    }
    Ok(Local::undefined())
}

/// `netClose(either)`
fn close<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    match either(scope, &arguments)? {
        Either::Socket(socket) => socket.close(false),
        Either::Server(server) => server.close(),
    }
    Ok(Local::undefined())
}

/// `netNumber(either)`: the descriptor's, or -1.
fn number<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = match either(scope, &arguments)? {
        Either::Socket(socket) => (socket.stream()).and_then(|stream| stream.number()).ok(),
        Either::Server(server) => server.listener.borrow().as_ref().map(Listener::number),
    };
    Ok(scope.number(number.unwrap_or(-1).into()))
}

/// `netAddress(either, isRemote)`: `[address, port]` of a socket of IP, or undefined.
fn address<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let is_remote = scope.bool_of(arguments.get(1));
    let address = match either(scope, &arguments)? {
        Either::Socket(socket) => socket.stream().and_then(|stream| {
            if is_remote {
                stream.peer_addr()
            } else {
                stream.local_addr()
            }
        }),
        Either::Server(server) => match &*server.listener.borrow() {
            Some(listener) => listener.local_addr(),
            None => Err(io::ErrorKind::NotConnected.into()),
        },
    };
    let Ok(address) = address else {
        return Ok(Local::undefined());
    };
    let host = scope.string(&address.ip().to_string())?;
    scope.array(&[host, scope.number(address.port().into())])
}
