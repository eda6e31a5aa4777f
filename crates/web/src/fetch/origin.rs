//! One scheme, host and port, and its connections.
//!
//! HTTP/1.1: the connection used last is used next. HTTP/2: one connection for all. Until the first TLS connection has
//! said which of the two the origin speaks, other requests wait for it instead of opening more.

use super::http1::{Answer, Failure};
use super::pool::{SharedPool, nanos};
use super::slots::{Slot, Slots};
use super::wire::{http1_request, http2_request};
use super::{Request, RequestBody, http1, http2};
use crate::connect::{Alpn, Connector, Proxy};
use crate::{Error, ErrorKind, Result};
use http::HeaderValue;
use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use twinloop_loop::{Loop, Nanos};
use url::{Position, Url};

/// One scheme, host and port, and its connections.
pub(super) struct Origin {
    secure: bool,
    host: String,
    port: u16,
    /// The Host header, shared by all requests.
    authority: HeaderValue,
    /// The proxy that requests are given to by their whole url.
    proxy: Option<Proxy>,
    pool: Weak<SharedPool>,
    connector: Connector,
    pub(super) slots: Rc<Slots>,
    #[expect(
        clippy::vec_box,
        reason = "a connection is large and moves as a pointer everywhere else"
    )]
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
pub(super) enum Lease {
    Http1(Box<http1::Connection>),
    Http2(Rc<http2::Connection>),
}

impl Origin {
    pub(super) fn new(url: &Url, pool: &Rc<SharedPool>) -> Result<Origin> {
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
        let proxy = match secure {
            false => connector.forwarding_proxy(host, port)?,
            true => None,
        };
        let limit = connector.config().max_connections_per_origin.max(1);
        Ok(Origin {
            secure,
            host: host.to_owned(),
            port,
            authority,
            proxy,
            pool: Rc::downgrade(pool),
            connector,
            slots: Slots::new(limit),
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
    ///
    /// `place` is that among the requests of all origins, which a connection of HTTP/1.1 keeps until it is given back.
    pub(super) async fn checkout(
        self: &Rc<Self>,
        fresh: bool,
        place: Option<Slot>,
    ) -> Result<Lease> {
        let mut lease = self.find(fresh).await?;
        if let Lease::Http1(connection) = &mut lease {
            connection.place = place;
        }
        Ok(lease)
    }

    async fn find(self: &Rc<Self>, fresh: bool) -> Result<Lease> {
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
                    return self.connect_apart(slot).await;
                }
                if self.speaks.get() == Speaks::Http2
                    && let Some(slot) = self.slots.take()
                {
                    // The shared connection has ended; whoever comes first makes the next.
                    self.speaks.set(Speaks::Unknown);
                    return self.connect_apart(slot).await;
                }
            }
            self.slots.wait().await;
            queued = true;
        }
    }

    /// Whether requests go over one connection for all.
    pub(super) fn has_http2(&self) -> bool {
        self.open_http2().is_some()
    }

    /// Since when the connection is idle that is so for longest.
    pub(super) fn oldest_idle(&self) -> Option<Nanos> {
        Some(self.idle.borrow().first()?.idle_since)
    }

    /// The connection that is idle for longest.
    pub(super) fn take_oldest(&self) -> Option<Box<http1::Connection>> {
        let mut idle = self.idle.borrow_mut();
        (!idle.is_empty()).then(|| idle.remove(0))
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
        loop {
            let mut connection = self.idle.borrow_mut().pop()?;
            if now.saturating_sub(connection.idle_since) > timeout {
                // The newest is too old, so all are. Dropped outside the borrow.
                let expired = std::mem::take(&mut *self.idle.borrow_mut());
                drop((connection, expired));
                return None;
            }
            if connection.is_alive() {
                return Some(connection);
            }
        }
    }

    /// A future of its own: connecting needs kilobytes of state, which every fetch over a kept connection would carry and copy.
    fn connect_apart(&self, slot: Slot) -> Pin<Box<dyn Future<Output = Result<Lease>> + '_>> {
        Box::pin(self.connect(slot))
    }

    async fn connect(&self, slot: Slot) -> Result<Lease> {
        let asking = (self.speaks.get() == Speaks::Unknown).then(|| Asking::new(self));
        if let Some(pool) = self.pool.upgrade() {
            pool.make_room();
        }
        let transport = if self.secure {
            let protocols = match self.connector.config().http2 {
                true => Alpn::Http,
                false => Alpn::Http1,
            };
            self.connector
                .connect_tls(&self.host, self.port, protocols)
                .await?
        } else if let Some(proxy) = &self.proxy {
            self.connector.connect_to_proxy(proxy).await?
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
    pub(super) fn give_back(&self, mut connection: Box<http1::Connection>) {
        let Some(pool) = self.pool.upgrade() else {
            return;
        };
        let place = connection.place.take();
        self.idle.borrow_mut().push(connection);
        self.slots.wake_one();
        // Whoever gets it may need what is idle here to go.
        drop(place);
        pool.start_sweeper();
    }

    /// Moves what is idle since before `cutoff` into `closed`; returns since when the oldest of the rest is idle.
    pub(super) fn sweep(
        &self,
        cutoff: Nanos,
        now: Nanos,
        closed: &mut Vec<Closed>,
    ) -> Option<Nanos> {
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
pub(super) enum Closed {
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
impl Lease {
    pub(super) fn was_used(&self) -> bool {
        match self {
            Lease::Http1(connection) => connection.used,
            // SharedPool, so somebody else's fate on it says nothing about this request.
            Lease::Http2(_) => true,
        }
    }

    pub(super) async fn send(
        self,
        origin: &Rc<Origin>,
        request: &Request,
        body: RequestBody,
    ) -> Result<Result<Answer, Failure>> {
        Ok(match self {
            Lease::Http1(connection) => {
                let proxy = origin.proxy.as_ref();
                let request = http1_request(&origin.authority, proxy, request, body)?;
                connection.exchange(origin.clone(), request).await
            }
            Lease::Http2(connection) => connection.exchange(http2_request(request, body)?).await,
        })
    }
}
