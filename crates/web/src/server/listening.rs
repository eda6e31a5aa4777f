//! Who is let in, how long each may take, and how all of it ends.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime};

use slab::Slab;
use twinloop_loop::net::{Listener, Stream};
use twinloop_loop::time::sleep;
use twinloop_loop::{Hold, IoHandler, Loop, Nanos, Readiness};

use super::Handler;
use super::connection::Connection;
use super::link::Link;
use super::tls::Identity;

/// So many connections are accepted in one entry of the turn.
const ACCEPTED_AT_ONCE: usize = 64;

/// How often connections are looked at that may last too long.
const SWEEP: Duration = Duration::from_secs(1);

/// How long the listener rests when the process has no descriptors left.
const REST: Duration = Duration::from_millis(100);

/// What clients may use. Times are kept to the second.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Of a request's head, and of its trailers.
    pub head_bytes: usize,
    /// Of a request's body.
    pub body_bytes: u64,
    /// Open at a time; more wait in the listener's queue.
    pub connections: usize,
    /// From the first byte of a head, or the beginning of the connection, to its end. TLS's handshake counts.
    pub head_time: Duration,
    /// Between two pieces of a body.
    pub body_time: Duration,
    /// Between an answer and the next request.
    pub idle_time: Duration,
    /// How long a client may read nothing of an answer.
    pub write_time: Duration,
    /// How long a client may take to end a connection that the server has ended.
    pub lingering_time: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head_bytes: 64 * 1024,
            body_bytes: 128 * 1024 * 1024,
            connections: 100_000,
            head_time: Duration::from_secs(60),
            body_time: Duration::from_secs(60),
            idle_time: Duration::from_secs(75),
            write_time: Duration::from_secs(60),
            lingering_time: Duration::from_secs(5),
        }
    }
}

/// Whatever has a socket of the server's.
pub(super) trait Member {
    /// A second has passed.
    fn sweep(&self, now: Nanos);
    /// Ends as soon as what is under way has ended.
    fn drain(&self);
    /// Ends now.
    fn abort(&self);
}

/// What the server's connections share.
pub(super) struct Core {
    pub(super) limits: Limits,
    handler: RefCell<Rc<dyn Handler>>,
    identity: RefCell<Option<Identity>>,
    listener: RefCell<Option<Rc<Listener>>>,
    members: RefCell<Slab<Rc<dyn Member>>>,
    /// Accepting waits until a connection has ended.
    is_full: Cell<bool>,
    is_closing: Cell<bool>,
    is_swept: Cell<bool>,
    now: Cell<Nanos>,
    /// `date: ...\r\n`, as of the last second.
    date: RefCell<Vec<u8>>,
    drained: RefCell<Option<Waker>>,
    hold: RefCell<Option<Hold>>,
}

/// A server that listens. A handle: it goes on when this is dropped, until [`Server::close`] or [`Server::abort`].
#[derive(Clone)]
pub struct Server(Rc<Core>);

impl Server {
    /// Serves what `listener` accepts, by TLS if there is an identity, on the current loop, which it keeps going.
    #[must_use]
    pub fn start(
        listener: Listener,
        identity: Option<Identity>,
        limits: Limits,
        handler: Rc<dyn Handler>,
    ) -> Server {
        let listener = Rc::new(listener);
        let core = Rc::new(Core {
            limits,
            handler: RefCell::new(handler),
            identity: RefCell::new(identity),
            listener: RefCell::new(Some(Rc::clone(&listener))),
            members: RefCell::default(),
            is_full: Cell::new(false),
            is_closing: Cell::new(false),
            is_swept: Cell::new(false),
            now: Cell::new(Loop::current().now()),
            date: RefCell::default(),
            drained: RefCell::new(None),
            hold: RefCell::new(Some(Loop::current().hold())),
        });
        core.tell_time();
        listener.set_handler(Some(Rc::new(Door(Rc::downgrade(&core)))));
        Server(core)
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// When it has been closed, or listens on a path.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &*self.0.listener.borrow() {
            Some(listener) => listener.local_addr(),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Has another handler answer from now on; requests under way are not concerned.
    pub fn set_handler(&self, handler: Rc<dyn Handler>) {
        let old = self.0.handler.replace(handler);
        drop(old);
    }

    /// Shows other certificates from the next connection on.
    pub fn set_identity(&self, identity: Identity) {
        *self.0.identity.borrow_mut() = Some(identity);
    }

    /// How many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.members.borrow().len()
    }

    /// Whether it keeps the loop going; it begins so.
    pub fn set_referenced(&self, referenced: bool) {
        let hold = (referenced && !self.0.is_closing.get()).then(|| Loop::current().hold());
        let old = self.0.hold.replace(hold);
        drop(old);
    }

    /// Accepts no more, ends what is idle, and waits until what is under way has been answered.
    ///
    /// # Cancel safety
    /// A dropped future leaves the server closing.
    pub async fn close(&self) {
        self.begin_closing();
        let core = &self.0;
        poll_fn(|context| {
            if core.members.borrow().is_empty() {
                return Poll::Ready(());
            }
            *core.drained.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
        self.set_referenced(false);
    }

    fn begin_closing(&self) {
        let core = &self.0;
        // Who has connected already would be told that nobody is here.
        core.accept();
        core.is_closing.set(true);
        let listener = core.listener.take();
        if let Some(listener) = &listener {
            listener.set_handler(None);
        }
        drop(listener);
        for member in core.all() {
            member.drain();
        }
    }

    /// Accepts no more and cuts what is open.
    pub fn abort(&self) {
        self.begin_closing();
        for member in self.0.all() {
            member.abort();
        }
        self.set_referenced(false);
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Server")
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}

impl Core {
    pub(super) fn handler(&self) -> Rc<dyn Handler> {
        self.handler.borrow().clone()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.get()
    }

    /// The time, by the second.
    pub(super) fn now(&self) -> Nanos {
        self.now.get()
    }

    /// When so much time will have passed, by the second.
    pub(super) fn after(&self, time: Duration) -> Nanos {
        let time = Nanos::try_from(time.as_nanos()).unwrap_or(Nanos::MAX);
        self.now.get().saturating_add(time)
    }

    pub(super) fn push_date(&self, head: &mut Vec<u8>) {
        head.extend_from_slice(&self.date.borrow());
    }

    /// The date as HTTP writes it.
    pub(super) fn with_date<T>(&self, use_it: impl FnOnce(&[u8]) -> T) -> T {
        let line = self.date.borrow();
        let date = line.strip_prefix(b"date: ").unwrap_or(&line);
        use_it(date.trim_ascii_end())
    }

    pub(super) fn admit(self: &Rc<Self>, member: Rc<dyn Member>) -> usize {
        let key = self.members.borrow_mut().insert(member);
        if !self.is_swept.replace(true) {
            self.tell_time();
            let core = Rc::downgrade(self);
            drop(Loop::current().spawn(sweep(core)));
        }
        key
    }

    pub(super) fn dismiss(&self, key: usize) {
        let member = self.members.borrow_mut().try_remove(key);
        // The connection itself may be what is dropped: not while the list is borrowed.
        drop(member);
        if self.is_full.replace(false)
            && let Some(listener) = &*self.listener.borrow()
        {
            listener.look_again();
        }
        if self.members.borrow().is_empty()
            && let Some(waker) = self.drained.take()
        {
            waker.wake();
        }
    }

    fn all(&self) -> Vec<Rc<dyn Member>> {
        let members = self.members.borrow();
        members
            .iter()
            .map(|(_, member)| Rc::clone(member))
            .collect()
    }

    fn tell_time(&self) {
        self.now.set(Loop::current().now());
        let date = httpdate::fmt_http_date(SystemTime::now());
        *self.date.borrow_mut() = format!("date: {date}\r\n").into_bytes();
    }

    fn accept(self: &Rc<Self>) {
        let Some(listener) = self.listener.borrow().clone() else {
            return;
        };
        for _ in 0..ACCEPTED_AT_ONCE {
            if self.members.borrow().len() >= self.limits.connections {
                self.is_full.set(true);
                return;
            }
            match listener.accept_once() {
                Ok(socket) => {
                    // A client that has gone already is nobody's fault.
                    if let Ok(stream) = Stream::from_fd(socket) {
                        let _ = self.begin(stream);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if is_of_one_connection(&error) => {}
                Err(_) => {
                    // No descriptors or no memory: those that wait, wait.
                    let core = Rc::downgrade(self);
                    drop(Loop::current().spawn(async move {
                        sleep(REST).await;
                        if let Some(core) = core.upgrade()
                            && let Some(listener) = &*core.listener.borrow()
                        {
                            listener.look_again();
                        }
                    }));
                    return;
                }
            }
        }
    }

    fn begin(self: &Rc<Self>, stream: Stream) -> io::Result<()> {
        if stream.is_tcp() {
            stream.set_nodelay(true)?;
        }
        let identity = self.identity.borrow().clone();
        let link = match identity {
            Some(identity) => Link::tls(stream, identity.config)?,
            None => Link::plain(stream),
        };
        Connection::start(self, link);
        Ok(())
    }
}

/// Whether accepting failed because of the connection that was to be accepted (accept(2)).
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, PermissionDenied};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted | PermissionDenied
    )
}

async fn sweep(core: Weak<Core>) {
    loop {
        sleep(SWEEP).await;
        let Some(core) = core.upgrade() else { return };
        core.tell_time();
        let members = core.all();
        if members.is_empty() {
            core.is_swept.set(false);
            return;
        }
        for member in members {
            member.sweep(core.now.get());
        }
    }
}

/// What listens tells of clients.
struct Door(Weak<Core>);

impl IoHandler for Door {
    fn ready(&self, _: Readiness) {
        if let Some(core) = self.0.upgrade() {
            core.accept();
        }
    }
}
