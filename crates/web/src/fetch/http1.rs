//! One exchange over one HTTP/1.1 connection, without a task of its own.
//!
//! hyper splits a connection into a handle that sends and a future that drives. Here both live in one value, and whoever
//! waits for the response (then for its body) polls the driver: no second task, no channel wake-ups, and no reading
//! ahead of the reader. The response future and the body need no waker, because only the driver, polled in the same
//! breath, can make them ready.

use super::RequestBody;
use super::body::Incoming;
use super::direct::{self, Direct};
use super::origin::Origin;
use super::slots::Slot;
use crate::connect::{Transport, Watch};
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use hyper::client::conn::http1;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};
use twinloop_loop::{Loop, Nanos};

/// A response's head, and where its body comes from.
pub(super) type Answer = http::Response<Incoming>;

/// How much of a body is taken at once with the head, or drained for the sake of the connection.
const READY_LIMIT: usize = 64 * 1024;

/// The largest response head.
const HEAD_LIMIT: usize = 256 * 1024;

/// A connection between requests or in the middle of one.
pub(super) struct Connection {
    sender: http1::SendRequest<RequestBody>,
    driver: http1::Connection<Transport, RequestBody>,
    watch: Rc<Watch>,
    /// Whether a response came over it already: only then may a failure mean that it was stale.
    pub(super) used: bool,
    pub(super) idle_since: Nanos,
    /// Its request's among those of all origins, if they are limited.
    pub(super) place: Option<Slot>,
    _slot: Slot,
}

/// A failed exchange, and what it says about whether the server has seen the request.
pub(super) struct Failure {
    pub(super) error: hyper::Error,
    /// The request's body, if not a byte of the request was written.
    pub(super) unsent: Option<RequestBody>,
    pub(super) ending: Ending,
}

/// How the connection of a failed exchange ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Closed by the peer, without a byte of an answer, within [`AT_ONCE`] and a round trip: as a server does that closed it
    /// for being idle before the request had arrived.
    AsIfIdle,
    /// Closed by the peer without a byte of an answer, but later.
    Unanswered,
    /// The peer said that it has not begun to work on the request (HTTP/2).
    Unprocessed,
    /// Anything else.
    Broken,
}

/// Beyond the round trip, what a busy machine may add to the way of a closing that crossed with the request.
const AT_ONCE: Duration = Duration::from_millis(100);

impl Connection {
    /// Makes a connection of a transport.
    pub(super) async fn new(
        transport: Transport,
        slot: Slot,
    ) -> Result<Box<Connection>, hyper::Error> {
        let watch = transport.watch();
        let (sender, driver) = http1::Builder::new()
            .max_header_size(HEAD_LIMIT)
            .max_headers(1024)
            .handshake(transport)
            .await?;
        Ok(Box::new(Connection {
            sender,
            driver,
            watch,
            used: false,
            idle_since: 0,
            place: None,
            _slot: slot,
        }))
    }

    /// Sends `request` and waits for the head of its response. Dropping the future closes the connection.
    pub(super) async fn exchange(
        mut self: Box<Self>,
        origin: Rc<Origin>,
        request: http::Request<RequestBody>,
    ) -> Result<Answer, Failure> {
        let watch = self.watch.clone();
        watch.forget();
        // A body on its way there needs hyper as long as it goes.
        let is_whole = request.body().is_empty();
        let closes = asks_to_close(request.headers());
        let start = Instant::now();
        let mut response = pin!(self.sender.try_send_request(request));
        let mut finished = false;
        let outcome = poll_fn(|context| {
            finished = Pin::new(&mut self.driver).poll(context).is_ready();
            let mut no_waker = Context::from_waker(Waker::noop());
            match response.as_mut().poll(&mut no_waker) {
                Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                Poll::Pending if finished => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        let outcome = outcome.await;
        self.used = true;
        // A driver that has ended must not be polled again; what it received is in its channels.
        let connection = if finished {
            drop(self);
            None
        } else {
            Some(self)
        };
        let outcome = match outcome {
            Some(outcome) => outcome,
            // Dropping the driver, just now, has failed the request if nothing else did.
            None => response.await,
        };
        match outcome {
            Ok(response) => {
                let (head, incoming) = response.into_parts();
                let is_kept = head.version == http::Version::HTTP_11
                    && !closes
                    && !asks_to_close(&head.headers);
                let direct = match is_whole {
                    true => Way::MayBeDirect { is_kept },
                    false => Way::Hyper,
                };
                let body = Box::new(Http1Body::new(incoming, connection, origin, direct));
                Ok(Answer::from_parts(head, body.take_ready()))
            }
            Err(mut failed) => {
                let unsent = failed.take_message().map(http::Request::into_body);
                let error = failed.into_error();
                let ending = if watch.has_heard() || !is_closing(&error) {
                    Ending::Broken
                } else if start.elapsed() <= watch.round_trip + AT_ONCE {
                    Ending::AsIfIdle
                } else {
                    Ending::Unanswered
                };
                Err(Failure {
                    error,
                    unsent,
                    ending,
                })
            }
        }
    }

    /// Whether it may carry a request after having been idle: asks the kernel for what arrived meanwhile, which no event may
    /// have told a busy loop of. The end of the connection, or an answer that nobody asked for (a 408 before the server hangs
    /// up), must not become the answer to the next request.
    pub(super) fn is_alive(&mut self) -> bool {
        self.watch.look_again();
        let finished = Pin::new(&mut self.driver)
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready();
        !finished && self.sender.is_ready() && !self.sender.is_closed()
    }

    /// Whether the next request may go over it.
    fn is_reusable(&mut self) -> bool {
        if !self.sender.is_ready() {
            // The driver takes up the end of the body, and asks for the next request, only when polled once more.
            let finished = Pin::new(&mut self.driver)
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_ready();
            if finished {
                return false;
            }
        }
        self.sender.is_ready() && !self.sender.is_closed()
    }
}

fn asks_to_close(headers: &http::HeaderMap) -> bool {
    let values = headers.get_all(http::header::CONNECTION).into_iter();
    let mut tokens = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"))
}

/// Whether an exchange failed by the end of its connection.
fn is_closing(error: &hyper::Error) -> bool {
    let io = || std::error::Error::source(error)?.downcast_ref::<std::io::Error>();
    let is_end = |error: &std::io::Error| {
        use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
        matches!(
            error.kind(),
            ConnectionReset | ConnectionAborted | BrokenPipe
        )
    };
    error.is_incomplete_message() || io().is_some_and(is_end)
}

/// The body of a response that is still on its connection.
pub(super) struct Http1Body {
    incoming: hyper::body::Incoming,
    /// Taken with the head, not handed out yet.
    ready: VecDeque<Bytes>,
    failed: Option<Cut>,
    /// `None` once the connection went back to the pool or ended, or is read past hyper.
    connection: Option<Box<Connection>>,
    way: Way,
    origin: Rc<Origin>,
}

/// How a body is read.
enum Way {
    Hyper,
    /// Past hyper, if it is long; whether the connection is good for another request afterwards.
    MayBeDirect {
        is_kept: bool,
    },
    Direct(Box<Direct>),
}

/// Why a body ends before its end.
pub(super) enum Cut {
    Hyper(hyper::Error),
    Io(std::io::Error),
}

impl Http1Body {
    fn new(
        incoming: hyper::body::Incoming,
        connection: Option<Box<Connection>>,
        origin: Rc<Origin>,
        way: Way,
    ) -> Http1Body {
        Http1Body {
            incoming,
            ready: VecDeque::new(),
            failed: None,
            connection,
            way,
            origin,
        }
    }

    /// Takes what came together with the head. A body that is here as a whole sets its connection free at once.
    fn take_ready(mut self: Box<Self>) -> Incoming {
        let mut taken = 0;
        while taken < READY_LIMIT {
            match self.poll_incoming(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Some(Ok(chunk))) => {
                    taken += chunk.len();
                    self.ready.push_back(chunk);
                }
                Poll::Ready(Some(Err(error))) => {
                    self.failed = Some(error);
                    break;
                }
                Poll::Ready(None) => {
                    return Incoming::Whole(join(std::mem::take(&mut self.ready), taken));
                }
                Poll::Pending => break,
            }
        }
        Incoming::Http1(self)
    }

    /// The next chunk; never an empty one.
    pub(super) fn poll_chunk(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Cut>>> {
        if let Some(chunk) = self.ready.pop_front() {
            return Poll::Ready(Some(Ok(chunk)));
        }
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        self.poll_incoming(context)
    }

    fn poll_incoming(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        loop {
            if let Way::Direct(direct) = &mut self.way {
                let polled = ready!(direct.poll_chunk(context));
                if polled.is_none() {
                    self.give_back();
                }
                return Poll::Ready(polled.map(|chunk| chunk.map_err(Cut::Io)));
            }
            let mut polled = self.poll_frames();
            if polled.is_pending() {
                if self.go_direct() {
                    continue;
                }
                let Some(connection) = &mut self.connection else {
                    debug_assert!(false, "a driver that ends has ended its body first");
                    return Poll::Ready(None);
                };
                let finished = Pin::new(&mut connection.driver).poll(context).is_ready();
                polled = self.poll_frames();
                if finished {
                    self.connection = None;
                    if polled.is_pending() {
                        continue;
                    }
                }
            }
            match &polled {
                Poll::Ready(None) => self.give_back(),
                Poll::Ready(Some(Err(_))) => self.connection = None,
                _ => {}
            }
            return polled.map(|chunk| chunk.map(|chunk| chunk.map_err(Cut::Hyper)));
        }
    }

    /// Takes the transport of a long body out of hyper's hands, which have given all that they had of it; false for any other body.
    fn go_direct(&mut self) -> bool {
        let left = self.incoming.size_hint().exact().unwrap_or_default();
        let Way::MayBeDirect { is_kept } = self.way else {
            return false;
        };
        let is_written = |connection: &mut Box<Connection>| connection.watch.is_written();
        if left < direct::LEAST {
            return false;
        }
        let Some(connection) = self.connection.take_if(is_written) else {
            return false;
        };
        let Connection {
            driver,
            place,
            _slot: slot,
            ..
        } = *connection;
        let parts = driver.into_parts();
        let direct = Direct::new((parts.io, slot, place), parts.read_buf, left, is_kept);
        self.way = Way::Direct(Box::new(direct));
        true
    }

    /// What the driver has put into the body's channel: data, skipping trailers.
    fn poll_frames(&mut self) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match Pin::new(&mut self.incoming).poll_frame(&mut context) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Poll::Ready(Some(Ok(data))),
                    _ => {}
                },
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The body has ended: the connection is free for the next request, if it is still good.
    fn give_back(&mut self) {
        let connection = match std::mem::replace(&mut self.way, Way::Hyper) {
            Way::Direct(direct) => direct.into_connection(),
            _ => self.connection.take(),
        };
        if let Some(mut connection) = connection
            && connection.is_reusable()
            && let Some(event_loop) = Loop::try_current()
        {
            connection.idle_since = event_loop.now();
            self.origin.give_back(connection);
        }
    }
}

impl Drop for Http1Body {
    /// A body that nobody wants: if its rest is here already, the connection is saved; else it is closed, as waiting for
    /// the rest would cost more than a new connection.
    fn drop(&mut self) {
        let is_over = self.connection.is_none() && !matches!(self.way, Way::Direct(_));
        if is_over || Loop::try_current().is_none() {
            return;
        }
        let mut drained = 0;
        while drained < READY_LIMIT {
            match self.poll_incoming(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Some(Ok(chunk))) => drained += chunk.len(),
                _ => return,
            }
        }
    }
}

/// One piece of several; a single one is not copied.
fn join(mut chunks: VecDeque<Bytes>, length: usize) -> Bytes {
    match chunks.pop_front() {
        None => Bytes::new(),
        Some(only) if chunks.is_empty() => only,
        Some(first) => {
            let mut whole = BytesMut::with_capacity(length);
            whole.extend_from_slice(&first);
            chunks
                .iter()
                .for_each(|chunk| whole.extend_from_slice(chunk));
            whole.freeze()
        }
    }
}
