//! One HTTP/2 connection shared by all requests to an origin.
//!
//! Its driver is a task of its own on the loop (many streams, one socket); a stream's unread body holds its flow-control
//! window back, so a stalled reader stalls the peer (rule BOUNDED: at most the window of 2 MiB a stream).

use super::RequestBody;
use super::body::Incoming;
use super::http1::{Answer, Ending, Failure};
use crate::connect::Transport;
use bytes::Bytes;
use http_body::Body as _;
use hyper::client::conn::http2;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use twinloop_loop::{Loop, Nanos};

/// The largest list of response headers.
const HEAD_LIMIT: u32 = 256 * 1024;

/// A connection that any number of requests share.
pub(super) struct Connection {
    sender: http2::SendRequest<RequestBody>,
    /// The peer has refused a stream: what comes next goes over another connection.
    refuses: Cell<bool>,
    streams: Cell<usize>,
    idle_since: Cell<Nanos>,
}

impl Connection {
    /// Makes a connection of a transport and spawns its driver, which ends with the last handle and stream.
    pub(super) async fn new(transport: Transport) -> Result<Rc<Connection>, hyper::Error> {
        let (sender, driver) = http2::Builder::new(LocalExecutor)
            .max_header_list_size(HEAD_LIMIT)
            .handshake(transport)
            .await?;
        let event_loop = Loop::current();
        // A fault of the connection reaches every stream on it; the driver's own result says nothing more.
        drop(event_loop.spawn(async move { drop(driver.await) }));
        Ok(Rc::new(Connection {
            sender,
            refuses: Cell::new(false),
            streams: Cell::new(0),
            idle_since: Cell::new(event_loop.now()),
        }))
    }

    /// Whether new requests may go over it.
    pub(super) fn is_open(&self) -> bool {
        !self.refuses.get() && !self.sender.is_closed()
    }

    /// Since when no stream uses it; `None` while one does.
    pub(super) fn idle_since(&self) -> Option<Nanos> {
        (self.streams.get() == 0).then(|| self.idle_since.get())
    }

    /// Sends `request` and waits for the head of its response. Dropping the future resets the stream.
    pub(super) async fn exchange(
        self: Rc<Self>,
        request: http::Request<RequestBody>,
    ) -> Result<Answer, Failure> {
        let stream = StreamUse::new(self);
        let mut sender = stream.connection.sender.clone();
        match sender.try_send_request(request).await {
            Ok(response) => {
                let (head, incoming) = response.into_parts();
                let body = match incoming.is_end_stream() {
                    true => Incoming::Whole(Bytes::new()),
                    false => Incoming::Http2(Http2Body {
                        incoming,
                        _stream: stream,
                    }),
                };
                Ok(Answer::from_parts(head, body))
            }
            Err(mut failed) => {
                let unsent = failed.take_message().map(http::Request::into_body);
                let error = failed.into_error();
                let refused = is_refusal(&error);
                if refused {
                    stream.connection.refuses.set(true);
                }
                Err(Failure {
                    error,
                    unsent,
                    ending: if refused {
                        Ending::Unprocessed
                    } else {
                        Ending::Broken
                    },
                })
            }
        }
    }
}

/// Whether the peer says that it has not begun to work on the request (RFC 9113, section 8.7): it refused the stream, or is going
/// away and named an earlier one as the last. (A stream that it had begun ends with the connection, by an error of the transport.)
fn is_refusal(error: &hyper::Error) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes
        .filter_map(|cause| cause.downcast_ref::<h2::Error>())
        .any(|error| {
            let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
            error.is_remote() && (refused || error.is_go_away())
        })
}

/// Counts a stream for as long as it lives.
struct StreamUse {
    connection: Rc<Connection>,
}

impl StreamUse {
    fn new(connection: Rc<Connection>) -> StreamUse {
        connection.streams.set(connection.streams.get() + 1);
        StreamUse { connection }
    }
}

impl Drop for StreamUse {
    fn drop(&mut self) {
        self.connection
            .streams
            .set(self.connection.streams.get() - 1);
        if let Some(event_loop) = Loop::try_current() {
            self.connection.idle_since.set(event_loop.now());
        }
    }
}

/// The body of a response, one stream of the connection. Dropping it resets the stream.
pub(super) struct Http2Body {
    incoming: hyper::body::Incoming,
    _stream: StreamUse,
}

impl Http2Body {
    /// The next chunk; never an empty one.
    pub(super) fn poll_chunk(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        loop {
            match std::task::ready!(Pin::new(&mut self.incoming).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Poll::Ready(Some(Ok(data))),
                    _ => {}
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// hyper's executor: tasks of the current loop.
#[derive(Clone)]
struct LocalExecutor;

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        drop(Loop::current().spawn(future));
    }
}
