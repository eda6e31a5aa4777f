//! Connections kept between requests, by origin.
//!
//! An idle connection is closed after `idle_timeout`, and looked at before it is used again. Its peer may still close it
//! while the request is on its way: a request that was not written at all goes out again over another connection; one that
//! was written is repeated once, if its body can be sent again and its method or the way the connection ended says that this
//! does no harm. `docs/design/connections.md` says why so.

use super::http1::{Answer, Ending};
use super::origin::Origin;
use super::slots::{Slot, Slots};
use super::wire::{exchange_error, is_idempotent};
use super::{Request, RequestBody};
use crate::connect::Connector;
use crate::{Error, ErrorKind, Result};
use http::StatusCode;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::time::Duration;
use twinloop_loop::{JoinHandle, Loop, Nanos};
use url::{Position, Url};

/// Attempts at one request. The second is over a new connection; more are for an HTTP/2 peer that is going away.
const MOST_ATTEMPTS: usize = 4;

const MISDIRECTED: StatusCode = StatusCode::MISDIRECTED_REQUEST;

/// All kept connections of one client.
pub(super) struct Pool {
    shared: Rc<SharedPool>,
}

pub(super) struct SharedPool {
    pub(super) connector: Connector,
    origins: RefCell<HashMap<Box<str>, Rc<Origin>>>,
    /// The places of requests under way over connections of HTTP/1.1, if those are limited. What is idle besides is closed where a
    /// connection more would be too many, so there is always room for who has a place.
    places: Option<Rc<Slots>>,
    /// Closes what is idle for too long; runs only while something may be.
    sweeper: RefCell<Option<JoinHandle<()>>>,
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Pool {
        let places = connector.config().max_connections;
        let shared = SharedPool {
            connector,
            places: places.map(|limit| Slots::new(limit.max(1))),
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
            let place = match origin.has_http2() {
                true => None,
                false => self.shared.place().await,
            };
            let lease = origin.checkout(fresh, place).await?;
            let was_used = lease.was_used();
            let failure = match lease.send(&origin, request, body).await? {
                // <https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch>, step 15: the connection was the wrong one.
                Ok(answer) if answer.status() == MISDIRECTED && !fresh => {
                    let Some(replay) = replay else {
                        return Ok(answer);
                    };
                    drop(answer);
                    body = replay;
                    fresh = true;
                    continue;
                }
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if let Some(own) = own_failure.as_ref().and_then(|failure| failure.get()) {
                return Err(own.clone());
            }
            let unprocessed = failure.ending == Ending::Unprocessed;
            let harmless = is_idempotent(&request.method) || failure.ending == Ending::AsIfIdle;
            body = match (failure.unsent, replay) {
                (Some(unsent), _) if was_used => unsent,
                (None, Some(replay)) if unprocessed => replay,
                (None, Some(replay)) if was_used && !fresh && harmless => replay,
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

impl SharedPool {
    /// A place for a request, if their number is limited; waits for one.
    async fn place(&self) -> Option<Slot> {
        let places = self.places.as_ref()?;
        // Behind those who wait already, or woken as the first of them.
        let mut is_first = places.waiting.get() == 0;
        loop {
            if is_first && let Some(place) = places.take() {
                return Some(place);
            }
            places.wait().await;
            is_first = true;
        }
    }

    /// Closes what is idle for longest, of any origin, while there are more connections than there may be.
    pub(super) fn make_room(&self) {
        let Some(limit) = self.connector.config().max_connections else {
            return;
        };
        loop {
            let origins = self.origins.borrow();
            let open: usize = origins.values().map(|origin| origin.slots.open.get()).sum();
            let oldest = origins
                .values()
                .filter_map(|origin| Some((origin.oldest_idle()?, origin)))
                .min_by_key(|(since, _)| *since);
            let Some((_, origin)) = oldest.filter(|_| open > limit) else {
                return;
            };
            let closed = origin.take_oldest();
            drop(origins);
            // Outside of the borrow, as by a sweep.
            drop(closed);
        }
    }

    /// Makes sure that something will close idle connections.
    pub(super) fn start_sweeper(self: &Rc<Self>) {
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
async fn sweep_regularly(pool: Weak<SharedPool>) {
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

pub(super) fn nanos(duration: Duration) -> Nanos {
    Nanos::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}
