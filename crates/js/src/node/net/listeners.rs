//! The listeners of `node:net`, and the operations that make them. A listener keeps the program alive while it is open, unless it is not to
//! (`netReference`). Loop thread only.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::{Rc, Weak};
use std::time::Duration;

use twinloop_loop::net::{ListenOptions, Listener, Stream};
use twinloop_loop::{Hold, IoHandler, JoinHandle, Loop, Readiness, take_inherited};

use crate::builtins::errno::errno_of;
use crate::builtins::permissions::limits;
use crate::engine::{Arguments, Context, Error, Local, Op, Scope, Slot};
use crate::node::child_process::operations::Received;

use super::places::{permit_path, socket_address};
use super::sockets::Socket;
use super::telling::{Heard, errno, keep, tell};

pub(crate) const OPS: &[Op] = &[
    Op::new("netAdoptListener", 3, adopt_listener),
    Op::new("netBind", 4, bind),
    Op::new("netBindPath", 2, bind_path),
    Op::new("netListen", 5, listen),
    Op::new("netListenPath", 3, listen_path),
    Op::new("netOpenListener", 3, open_listener),
];

/// How long a listener waits after an accept that failed, for instance because of too many open files.
const RETRY: Duration = Duration::from_millis(50);

/// A listener, and who hears of connections.
pub(super) struct Server {
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

    pub(super) fn close(&self) {
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

    /// Whether it keeps the program alive while it is open.
    pub(super) fn reference(&self, on: bool) {
        self.is_referenced.set(on);
        self.update_hold();
    }

    /// The descriptor's number, while it is open.
    pub(super) fn number(&self) -> Option<i32> {
        self.listener.borrow().as_ref().map(Listener::number)
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        match &*self.listener.borrow() {
            Some(listener) => listener.local_addr(),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
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
