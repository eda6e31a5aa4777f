//! Connections kept between requests, by origin.
//!
//! HTTP/1.1: the connection used last is used next; at most `max_connections_per_origin` are open, later requests wait
//! in order; an idle one is closed after `idle_timeout`. HTTP/2: one connection per origin. Until the first TLS
//! connection to an origin has said which of the two it speaks, others wait for it instead of opening more.
//!
//! A kept connection may have been closed by its peer unseen. A request that was not written at all goes out again over
//! another; one that was written is repeated once if its method is idempotent and its body can be sent again (RFC 9110).

use super::http1::{Answer, Failure};
use super::{Request, RequestBody, http1, http2};
use crate::connect::{Alpn, Connector, rustls_error};
use crate::{Error, ErrorKind, Result};
use http::header::{CONNECTION, HOST, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use twinloop_loop::{JoinHandle, Loop, Nanos};
use url::{Position, Url};

/// Attempts at one request. The second is over a new connection; more are for an HTTP/2 peer that is going away.
const MOST_ATTEMPTS: usize = 4;

/// All kept connections of one client.
pub(super) struct Pool {
    shared: Rc<Shared>,
}

struct Shared {
    connector: Connector,
    origins: RefCell<HashMap<Box<str>, Rc<Origin>>>,
    /// Closes what is idle for too long; runs only while something may be.
    sweeper: RefCell<Option<JoinHandle<()>>>,
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Pool {
        let shared = Shared {
            connector,
            origins: RefCell::default(),
            sweeper: RefCell::default(),
        };
        Pool {
            shared: Rc::new(shared),
        }
    }

    /// Sends `request` with `body` over a kept or a new connection.
    pub(super) async fn exchange(
        &self,
        request: &Request,
        mut body: RequestBody,
    ) -> Result<Answer> {
        let origin = self.origin(&request.url)?;
        let own_failure = body.failure();
        let mut fresh = false;
        for _ in 0..MOST_ATTEMPTS {
            let replay = body.try_clone();
            let lease = origin.checkout(fresh).await?;
            let was_used = lease.was_used();
            let failure = match lease.send(&origin, request, body).await? {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if let Some(own) = own_failure.as_ref().and_then(|failure| failure.get()) {
                return Err(own.clone());
            }
            body = match (failure.unsent, replay) {
                (Some(unsent), _) if was_used => unsent,
                (None, Some(replay)) if was_used && !fresh && is_idempotent(&request.method) => {
                    replay
                }
                _ => return Err(exchange_error(failure.error, request)),
            };
            fresh = true;
        }
        Err(Error::new(
            ErrorKind::Closed,
            format!("no connection to {} stays open", request.url),
        ))
    }

    pub(super) fn close_idle(&self) {
        self.shared.sweep(Nanos::MAX, Nanos::MAX);
    }

    fn origin(&self, url: &Url) -> Result<Rc<Origin>> {
        // "https://host:port": what connections are shared by. A slice of the url, so that a lookup allocates nothing.
        let key = &url[Position::BeforeScheme..Position::BeforePath];
        if let Some(origin) = self.shared.origins.borrow().get(key) {
            return Ok(origin.clone());
        }
        let origin = Rc::new(Origin::new(url, &self.shared)?);
        self.shared
            .origins
            .borrow_mut()
            .insert(key.into(), origin.clone());
        Ok(origin)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(sweeper) = self.shared.sweeper.take() {
            sweeper.abort();
        }
    }
}

impl Shared {
    /// Makes sure that something will close idle connections.
    fn start_sweeper(self: &Rc<Self>) {
        if self.sweeper.borrow().is_none() {
            let sweeper = Loop::current().spawn(sweep_regularly(Rc::downgrade(self)));
            *self.sweeper.borrow_mut() = Some(sweeper);
        }
    }

    /// Closes what is idle since before `cutoff`, and returns since when the oldest of the rest is.
    fn sweep(&self, cutoff: Nanos, now: Nanos) -> Option<Nanos> {
        let mut closed = Vec::new();
        let mut oldest: Option<Nanos> = None;
        self.origins.borrow_mut().retain(|_key, origin| {
            let idle_since = origin.sweep(cutoff, now, &mut closed);
            oldest = oldest.into_iter().chain(idle_since).min();
            // Whoever waits or has a response open holds a handle; the rest of the map is not a leak.
            idle_since.is_some() || Rc::strong_count(origin) > 1 || origin.slots.open.get() > 0
        });
        // Dropped outside the borrow: closing a connection wakes whoever waits for its place.
        drop(closed);
        oldest
    }
}

/// Sleeps until the oldest idle connection is due, closes it, and ends when none is left.
async fn sweep_regularly(pool: Weak<Shared>) {
    let mut pause = match pool.upgrade() {
        Some(shared) => shared.connector.config().idle_timeout,
        None => return,
    };
    loop {
        twinloop_loop::time::sleep(pause).await;
        let Some(shared) = pool.upgrade() else { return };
        let timeout = nanos(shared.connector.config().idle_timeout);
        let now = Loop::current().now();
        let Some(oldest) = shared.sweep(now.saturating_sub(timeout), now) else {
            // The handle is our own: dropping it detaches a task that ends here anyway.
            shared.sweeper.take();
            return;
        };
        pause = Duration::from_nanos((oldest + timeout).saturating_sub(now).max(1_000_000));
    }
}

fn nanos(duration: Duration) -> Nanos {
    Nanos::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}

/// One scheme, host and port, and its connections.
pub(super) struct Origin {
    secure: bool,
    host: String,
    port: u16,
    /// The Host header, shared by all requests.
    authority: HeaderValue,
    pool: Weak<Shared>,
    connector: Connector,
    slots: Rc<Slots>,
    idle: RefCell<Vec<Box<http1::Connection>>>,
    shared: RefCell<Option<Rc<http2::Connection>>>,
    speaks: Cell<Speaks>,
}

/// What is known of the protocol of an origin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaks {
    Unknown,
    /// A first connection is being made.
    Asking,
    Http1,
    Http2,
}

/// A connection on loan for one exchange.
enum Lease {
    Http1(Box<http1::Connection>),
    Http2(Rc<http2::Connection>),
}

impl Origin {
    fn new(url: &Url, pool: &Rc<Shared>) -> Result<Origin> {
        let failed = || Error::new(ErrorKind::Url, format!("{url} names no host"));
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or_else(failed)?;
        let port = url.port_or_known_default().ok_or_else(failed)?;
        let secure = url.scheme() == "https";
        let authority = HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort])
            .map_err(|cause| failed().with_source(cause))?;
        let connector = pool.connector.clone();
        let limit = connector.config().max_connections_per_origin.max(1);
        Ok(Origin {
            secure,
            host: host.to_owned(),
            port,
            authority,
            pool: Rc::downgrade(pool),
            connector,
            slots: Rc::new(Slots {
                limit,
                ..Slots::default()
            }),
            idle: RefCell::default(),
            shared: RefCell::default(),
            speaks: Cell::new(if secure {
                Speaks::Unknown
            } else {
                Speaks::Http1
            }),
        })
    }

    /// A connection for one exchange: kept, or new (`fresh` forces that), or after waiting for a place.
    async fn checkout(self: &Rc<Self>, fresh: bool) -> Result<Lease> {
        if fresh {
            // One kept connection turned out stale after it was written to: its siblings are as old.
            let stale = std::mem::take(&mut *self.idle.borrow_mut());
            drop(stale);
        }
        let mut queued = self.slots.waiting.get() == 0;
        loop {
            if let Some(connection) = self.open_http2() {
                return Ok(Lease::Http2(connection));
            }
            // Behind those who wait already, or woken as the first of them.
            if queued {
                if let Some(connection) = self.take_idle() {
                    return Ok(Lease::Http1(connection));
                }
                let alone = matches!(self.speaks.get(), Speaks::Http1 | Speaks::Unknown);
                if alone && let Some(slot) = self.slots.take() {
                    return self.connect(slot).await;
                }
                if self.speaks.get() == Speaks::Http2
                    && let Some(slot) = self.slots.take()
                {
                    // The shared connection has ended; whoever comes first makes the next.
                    self.speaks.set(Speaks::Unknown);
                    return self.connect(slot).await;
                }
            }
            self.slots.wait().await;
            queued = true;
        }
    }

    fn open_http2(&self) -> Option<Rc<http2::Connection>> {
        let mut shared = self.shared.borrow_mut();
        if shared
            .as_ref()
            .is_some_and(|connection| !connection.is_open())
        {
            *shared = None;
        }
        shared.clone()
    }

    fn take_idle(&self) -> Option<Box<http1::Connection>> {
        let timeout = nanos(self.connector.config().idle_timeout);
        let now = Loop::current().now();
        let connection = self.idle.borrow_mut().pop()?;
        if now.saturating_sub(connection.idle_since) <= timeout {
            return Some(connection);
        }
        // The newest is too old, so all are. Dropped outside the borrow.
        let expired = std::mem::take(&mut *self.idle.borrow_mut());
        drop((connection, expired));
        None
    }

    async fn connect(&self, slot: Slot) -> Result<Lease> {
        let asking = (self.speaks.get() == Speaks::Unknown).then(|| Asking::new(self));
        let transport = if self.secure {
            self.connector
                .connect_tls(&self.host, self.port, Alpn::Http)
                .await?
        } else {
            self.connector.connect_plain(&self.host, self.port).await?
        };
        let failed = |cause: hyper::Error| {
            let message = format!("cannot speak http with {}:{}", self.host, self.port);
            Error::new(ErrorKind::Protocol, message).with_source(cause)
        };
        if transport.is_http2() {
            // It counts as no slot: there is one, and it carries everything.
            drop(slot);
            let connection = http2::Connection::new(transport).await.map_err(failed)?;
            *self.shared.borrow_mut() = Some(connection.clone());
            if let Some(asking) = asking {
                asking.answered(Speaks::Http2);
            }
            if let Some(pool) = self.pool.upgrade() {
                pool.start_sweeper();
            }
            return Ok(Lease::Http2(connection));
        }
        if let Some(asking) = asking {
            asking.answered(Speaks::Http1);
        }
        Ok(Lease::Http1(
            http1::Connection::new(transport, slot)
                .await
                .map_err(failed)?,
        ))
    }

    /// Takes back a connection that is free for the next request.
    pub(super) fn give_back(&self, connection: Box<http1::Connection>) {
        let Some(pool) = self.pool.upgrade() else {
            return;
        };
        self.idle.borrow_mut().push(connection);
        self.slots.wake_one();
        pool.start_sweeper();
    }

    /// Moves what is idle since before `cutoff` into `closed`; returns since when the oldest of the rest is idle.
    fn sweep(&self, cutoff: Nanos, now: Nanos, closed: &mut Vec<Closed>) -> Option<Nanos> {
        let mut idle = self.idle.borrow_mut();
        // In order of idleness, as the newest is taken and given back at the end.
        let kept_from = idle.partition_point(|connection| connection.idle_since <= cutoff);
        closed.extend(idle.drain(..kept_from).map(|connection| Closed::Http1 {
            _connection: connection,
        }));
        let mut shared = self.shared.borrow_mut();
        let shared_idle_since = shared
            .as_ref()
            .and_then(|connection| connection.idle_since());
        if shared_idle_since.is_some_and(|since| since <= cutoff) {
            closed.extend(shared.take().map(|connection| Closed::Http2 {
                _connection: connection,
            }));
            return idle.first().map(|connection| connection.idle_since);
        }
        // A connection in use is looked at again after a whole timeout.
        let shared_since = shared.as_ref().map(|_| shared_idle_since.unwrap_or(now));
        idle.first()
            .map(|connection| connection.idle_since)
            .into_iter()
            .chain(shared_since)
            .min()
    }
}

/// Connections taken out by a sweep, to be dropped where no borrow is held.
enum Closed {
    Http1 { _connection: Box<http1::Connection> },
    Http2 { _connection: Rc<http2::Connection> },
}

/// The first connection to a TLS origin is being made; however that ends, the others go on.
struct Asking<'a> {
    origin: &'a Origin,
}

impl<'a> Asking<'a> {
    fn new(origin: &'a Origin) -> Asking<'a> {
        origin.speaks.set(Speaks::Asking);
        Asking { origin }
    }

    fn answered(self, speaks: Speaks) {
        self.origin.speaks.set(speaks);
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if self.origin.speaks.get() == Speaks::Asking {
            self.origin.speaks.set(Speaks::Unknown);
        }
        self.origin.slots.wake_all();
    }
}

/// The places for connections to one origin, and the queue for them.
#[derive(Default)]
struct Slots {
    limit: usize,
    open: Cell<usize>,
    waiting: Cell<usize>,
    freed: Notify,
}

/// One place, free again when dropped.
pub(super) struct Slot {
    slots: Rc<Slots>,
}

impl Slots {
    fn take(self: &Rc<Self>) -> Option<Slot> {
        if self.open.get() >= self.limit {
            return None;
        }
        self.open.set(self.open.get() + 1);
        Some(Slot {
            slots: self.clone(),
        })
    }

    /// Waits in the queue until something changes.
    async fn wait(&self) {
        self.waiting.set(self.waiting.get() + 1);
        let mut waiting = Waiting {
            slots: self,
            woken: false,
        };
        self.freed.notified().await;
        waiting.woken = true;
    }

    fn wake_one(&self) {
        if self.waiting.get() > 0 {
            self.freed.notify_one();
        }
    }

    fn wake_all(&self) {
        self.freed.notify_waiters();
    }
}

/// One request in the queue.
struct Waiting<'a> {
    slots: &'a Slots,
    woken: bool,
}

impl Drop for Waiting<'_> {
    /// A request that is given up hands its turn on: it may have been woken and never looked.
    fn drop(&mut self) {
        self.slots.waiting.set(self.slots.waiting.get() - 1);
        if !self.woken {
            self.slots.wake_one();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.open.set(self.slots.open.get() - 1);
        self.slots.wake_one();
    }
}

impl Lease {
    fn was_used(&self) -> bool {
        match self {
            Lease::Http1(connection) => connection.used,
            // Shared, so somebody else's fate on it says nothing about this request.
            Lease::Http2(_) => true,
        }
    }

    async fn send(
        self,
        origin: &Rc<Origin>,
        request: &Request,
        body: RequestBody,
    ) -> Result<Result<Answer, Failure>> {
        Ok(match self {
            Lease::Http1(connection) => {
                let request = http1_request(origin, request, body)?;
                connection.exchange(origin.clone(), request).await
            }
            Lease::Http2(connection) => connection.exchange(http2_request(request, body)?).await,
        })
    }
}

/// The request as HTTP/1.1 wants it: the path alone, and Host first, as some servers insist.
fn http1_request(
    origin: &Origin,
    request: &Request,
    body: RequestBody,
) -> Result<http::Request<RequestBody>> {
    let uri = uri(
        &request.url[Position::BeforePath..Position::AfterQuery],
        &request.url,
    )?;
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 2);
    if !request.headers.contains_key(HOST) {
        headers.insert(HOST, origin.authority.clone());
    }
    for (name, value) in &request.headers {
        headers.append(name, value.clone());
    }
    Ok(assemble(
        &request.method,
        uri,
        Version::HTTP_11,
        headers,
        body,
    ))
}

/// The request as HTTP/2 wants it: the whole url, and nothing about the connection.
fn http2_request(request: &Request, body: RequestBody) -> Result<http::Request<RequestBody>> {
    const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
    let uri = uri(
        &request.url[Position::BeforeScheme..Position::AfterQuery],
        &request.url,
    )?;
    let mut headers = request.headers.clone();
    for name in [HOST, CONNECTION, TRANSFER_ENCODING, UPGRADE, KEEP_ALIVE] {
        headers.remove(name);
    }
    Ok(assemble(
        &request.method,
        uri,
        Version::HTTP_2,
        headers,
        body,
    ))
}

fn assemble(
    method: &Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    body: RequestBody,
) -> http::Request<RequestBody> {
    let mut assembled = http::Request::new(body);
    *assembled.method_mut() = method.clone();
    *assembled.uri_mut() = uri;
    *assembled.version_mut() = version;
    *assembled.headers_mut() = headers;
    assembled
}

fn uri(text: &str, url: &Url) -> Result<Uri> {
    text.parse().map_err(|cause| {
        Error::new(ErrorKind::Url, format!("cannot send the url '{url}'")).with_source(cause)
    })
}

/// RFC 9110, section 9.2.2.
fn is_idempotent(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    )
}

/// Says in our terms why there is no response.
fn exchange_error(error: hyper::Error, request: &Request) -> Error {
    let causes =
        || std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    let io = causes().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    let (kind, what) = if error.is_parse() {
        (ErrorKind::Protocol, "the answer is not http")
    } else if error.is_user() {
        (ErrorKind::Body, "the request cannot be sent")
    } else if io.and_then(rustls_error).is_some() {
        (ErrorKind::Tls, "tls broke")
    } else if error.is_incomplete_message()
        || error.is_canceled()
        || error.is_closed()
        || io.is_some()
    {
        (
            ErrorKind::Closed,
            "the connection was closed before the answer",
        )
    } else {
        (ErrorKind::Protocol, "the peer broke the protocol")
    };
    Error::new(
        kind,
        format!("{} {} failed: {what}", request.method, request.url),
    )
    .with_source(error)
}
