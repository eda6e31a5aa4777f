//! Bodies, both ways.
//!
//! [`RequestBody`] is what hyper pulls chunks from as the socket takes them: a stream's next chunk is asked for only
//! once the last one is on its way (backpressure). [`Body`] is what a caller pulls chunks from; a chunk not asked for
//! stays in the socket, and so with the peer (rule BOUNDED).

use super::decode::{Coding, Decoder};
use super::http1::{Cut, Http1Body};
use super::http2::Http2Body;
use crate::connect::rustls_error;
use crate::{Error, ErrorKind, Result};
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::any::Any;
use std::cell::OnceCell;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use url::Url;

type ChunkStream = Pin<Box<dyn Stream<Item = Result<Bytes>>>>;

/// A request's body.
#[derive(Default)]
pub struct RequestBody {
    content: Content,
}

#[derive(Default)]
enum Content {
    #[default]
    Empty,
    Bytes(Bytes),
    Stream {
        stream: ChunkStream,
        /// It is not asked again.
        ended: bool,
        /// How many bytes are still to come, if that is known: what is announced must be kept.
        length: Option<u64>,
        /// With these bytes the announced length is reached; they wait for the stream to say that it has ended.
        last: Option<Bytes>,
        /// HTTP/2 tells its peer of a failed body but not its caller; the caller finds the failure here.
        failure: Rc<OnceCell<Error>>,
    },
}

impl RequestBody {
    /// No body.
    pub fn empty() -> RequestBody {
        RequestBody::default()
    }

    /// A body that is produced as it is sent; a chunk is asked for once the one before it is on its way.
    ///
    /// An `Err` of the stream fails the fetch with that error. HTTP/1.1 sends it chunked.
    pub fn stream(stream: impl Stream<Item = Result<Bytes>> + 'static) -> RequestBody {
        RequestBody::of_stream(Box::pin(stream), None)
    }

    /// As [`RequestBody::stream`], for a stream of exactly `length` bytes (sent as Content-Length). One that gives more or
    /// fewer fails the fetch.
    pub fn stream_with_length(
        stream: impl Stream<Item = Result<Bytes>> + 'static,
        length: u64,
    ) -> RequestBody {
        RequestBody::of_stream(Box::pin(stream), Some(length))
    }

    fn of_stream(stream: ChunkStream, length: Option<u64>) -> RequestBody {
        RequestBody {
            content: Content::Stream {
                stream,
                ended: false,
                length,
                last: None,
                failure: Rc::default(),
            },
        }
    }

    /// Where a streamed body's own error will be found.
    pub(super) fn failure(&self) -> Option<Rc<OnceCell<Error>>> {
        match &self.content {
            Content::Stream { failure, .. } => Some(failure.clone()),
            _ => None,
        }
    }

    /// Whether there is no body.
    pub fn is_empty(&self) -> bool {
        matches!(self.content, Content::Empty)
    }

    /// How many bytes it has, if that is known.
    pub(super) fn length(&self) -> Option<u64> {
        http_body::Body::size_hint(self).exact()
    }

    /// Tells a stream of unknown length how many bytes its headers promise. Nothing is no promise: HTTP would not even ask.
    pub(super) fn promise(&mut self, promised: u64) {
        if let Content::Stream { length, .. } = &mut self.content
            && promised > 0
        {
            length.get_or_insert(promised);
        }
    }

    /// The same body once more, unless it is a stream.
    pub fn try_clone(&self) -> Option<RequestBody> {
        let content = match &self.content {
            Content::Empty => Content::Empty,
            Content::Bytes(bytes) => Content::Bytes(bytes.clone()),
            Content::Stream { .. } => return None,
        };
        Some(RequestBody { content })
    }
}

impl From<Bytes> for RequestBody {
    fn from(bytes: Bytes) -> RequestBody {
        RequestBody {
            content: Content::Bytes(bytes),
        }
    }
}

impl From<Vec<u8>> for RequestBody {
    fn from(bytes: Vec<u8>) -> RequestBody {
        Bytes::from(bytes).into()
    }
}

impl From<String> for RequestBody {
    fn from(text: String) -> RequestBody {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for RequestBody {
    fn from(text: &'static str) -> RequestBody {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Empty => formatter.write_str("RequestBody(empty)"),
            Content::Bytes(bytes) => write!(formatter, "RequestBody({} bytes)", bytes.len()),
            Content::Stream { length, .. } => {
                write!(formatter, "RequestBody(stream of {length:?} bytes)")
            }
        }
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        match &mut self.content {
            Content::Empty => Poll::Ready(None),
            Content::Bytes(bytes) => {
                let bytes = std::mem::take(bytes);
                self.content = Content::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Content::Stream {
                stream,
                ended,
                length,
                last,
                failure,
            } => {
                if *ended {
                    return Poll::Ready(None);
                }
                let chunk = match length {
                    Some(left) => ready!(poll_counted(stream, left, last, context)),
                    None => ready!(stream.as_mut().poll_next(context)),
                };
                // After an error nothing counts; of a promised length the last chunk comes after the end.
                *ended = !matches!(chunk, Some(Ok(_))) || *length == Some(0);
                if let Some(Err(error)) = &chunk {
                    // The first failure is the one that counts.
                    let _ = failure.set(error.clone());
                }
                Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Empty => true,
            Content::Bytes(bytes) => bytes.is_empty(),
            Content::Stream { .. } => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Empty => SizeHint::with_exact(0),
            Content::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream {
                length: Some(length),
                ..
            } => SizeHint::with_exact(*length),
            Content::Stream { length: None, .. } => SizeHint::default(),
        }
    }
}

/// The next chunk of a stream that was announced with a length, of which `left` bytes have not come. HTTP would cut what is more, and
/// leave the peer waiting for what is missing. Once the length is reached nobody asks for more, so the last chunk is only given
/// when the stream has ended.
fn poll_counted(
    stream: &mut ChunkStream,
    left: &mut u64,
    last: &mut Option<Bytes>,
    context: &mut Context<'_>,
) -> Poll<Option<Result<Bytes>>> {
    let failed = |what: String| {
        let message = format!("the body of the request does not have its content-length: {what}");
        Poll::Ready(Some(Err(Error::new(ErrorKind::Request, message))))
    };
    loop {
        match ready!(stream.as_mut().poll_next(context)) {
            Some(Ok(chunk)) => match left.checked_sub(chunk.len() as u64) {
                None => return failed(format!("{} bytes too many", chunk.len() as u64 - *left)),
                Some(0) if last.is_none() => {
                    *left = 0;
                    *last = Some(chunk);
                }
                // Empty, after the last.
                Some(0) => {}
                Some(rest) => {
                    *left = rest;
                    return Poll::Ready(Some(Ok(chunk)));
                }
            },
            None if *left > 0 => return failed(format!("{left} bytes are missing")),
            None => return Poll::Ready(last.take().map(Ok)),
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
        }
    }
}

/// Chunks as they come from a connection, still coded.
pub(super) enum Incoming {
    Whole(Bytes),
    Http1(Box<Http1Body>),
    Http2(Http2Body),
}

/// A response's body: pull chunks, or take it whole. Dropping it aborts what has not arrived.
pub struct Body {
    source: Source,
    decoder: Option<Decoder>,
    /// Whose body it is, for messages; not needed where nothing can fail.
    url: Option<Url>,
    /// Chunks handed out since the last pause.
    without_pause: u32,
}

/// After so many chunks at once the reader's task lets others run: a fast peer must not occupy the loop.
const FAIR_SHARE: u32 = 32;

enum Source {
    /// There is no body at all.
    Null,
    Ended,
    Whole(Bytes),
    Http1(Box<Http1Body>),
    Http2(Http2Body),
    /// A body whose outer coding another body undoes: "Content-Encoding: gzip, br".
    Coded(Box<Body>),
    /// What a server's client sends.
    Stream(ChunkStream),
    /// Chunks of something that somebody may want back.
    Known(Box<dyn Known>),
}

/// A stream of chunks that is asked what it is.
trait Known: Stream<Item = Result<Bytes>> + Unpin {
    fn as_any(&self) -> &dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<T: Stream<Item = Result<Bytes>> + Unpin + 'static> Known for T {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl Body {
    /// The body of `url`, decoded as `headers` say, if given.
    pub(super) fn new(incoming: Incoming, headers: Option<&HeaderMap>, url: &Url) -> Body {
        let source = match incoming {
            Incoming::Whole(bytes) => Source::Whole(bytes),
            Incoming::Http1(body) => Source::Http1(body),
            Incoming::Http2(body) => Source::Http2(body),
        };
        let codings = headers.map(Coding::of_headers).unwrap_or_default();
        let can_fail = !codings.is_empty() || !matches!(source, Source::Whole(_));
        let mut body = Body {
            source,
            decoder: None,
            url: can_fail.then(|| url.clone()),
            without_pause: 0,
        };
        for coding in codings {
            if body.decoder.is_some() {
                let url = body.url.clone();
                body = Body {
                    source: Source::Coded(Box::new(body)),
                    decoder: None,
                    url,
                    without_pause: 0,
                };
            }
            body.decoder = Some(Decoder::new(coding));
        }
        body
    }

    /// No body: that of a response which cannot have one.
    pub(super) fn null() -> Body {
        Body::of(Source::Null)
    }

    /// A body of chunks that come from elsewhere.
    pub fn stream(stream: impl Stream<Item = Result<Bytes>> + 'static) -> Body {
        Body::of(Source::Stream(Box::pin(stream)))
    }

    /// As [`Body::stream`], of chunks whose source [`Body::take_source`] gives back as what it is.
    pub fn source(source: impl Stream<Item = Result<Bytes>> + Unpin + 'static) -> Body {
        Body::of(Source::Known(Box::new(source)))
    }

    /// Takes the source of the chunks out, if it is a `T` that [`Body::source`] was given and of which nothing is decoded here.
    pub fn take_source<T: 'static>(&mut self) -> Option<Box<T>> {
        match std::mem::replace(&mut self.source, Source::Ended) {
            // The trait object's methods: its box is a stream, too.
            Source::Known(known)
                if self.decoder.is_none() && <dyn Known>::as_any(&*known).is::<T>() =>
            {
                <dyn Known>::into_any(known).downcast().ok()
            }
            source => {
                self.source = source;
                None
            }
        }
    }

    /// A body without bytes.
    pub fn empty() -> Body {
        Body::of(Source::Ended)
    }

    fn of(source: Source) -> Body {
        Body {
            source,
            decoder: None,
            url: None,
            without_pause: 0,
        }
    }

    /// The whole body, if it is here already and needs no decoding. Then no other call waits either.
    pub fn buffered(&self) -> Option<Bytes> {
        match (&self.source, &self.decoder) {
            (Source::Whole(bytes), None) => Some(bytes.clone()),
            (Source::Ended | Source::Null, None) => Some(Bytes::new()),
            _ => None,
        }
    }

    /// Whether the response could not have a body, which is less than an empty one.
    pub fn is_null(&self) -> bool {
        matches!(self.source, Source::Null)
    }

    /// Whether what comes is decoded here, and so not what the response's fields describe.
    pub fn is_coded(&self) -> bool {
        self.decoder.is_some()
    }

    /// Whether nothing will come any more.
    pub fn is_ended(&self) -> bool {
        matches!(self.source, Source::Ended | Source::Null)
    }

    /// The next chunk; `None` is the end, also after an error. Chunks are never empty.
    ///
    /// # Errors
    /// `is_body()` when the body was cut, `is_decode()` when its content coding is broken.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: the next call goes on.
    pub async fn next_chunk(&mut self) -> Option<Result<Bytes>> {
        poll_fn(|context| self.poll_chunk(context)).await
    }

    /// [`Body::next_chunk`] for futures written by hand.
    pub fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if self.without_pause >= FAIR_SHARE {
            self.without_pause = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = self.poll_decoded(context);
        match polled {
            Poll::Pending => self.without_pause = 0,
            Poll::Ready(Some(Ok(_))) => self.without_pause += 1,
            Poll::Ready(None) if self.is_null() => {}
            Poll::Ready(None | Some(Err(_))) => {
                self.source = Source::Ended;
                self.decoder = None;
            }
        }
        polled
    }

    fn poll_decoded(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        loop {
            let Some(decoder) = &mut self.decoder else {
                return self.source.poll_chunk(context, self.url.as_ref());
            };
            match decoder.next() {
                Ok(Some(chunk)) => return Poll::Ready(Some(Ok(chunk))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(named(error, self.url.as_ref())))),
            }
            match ready!(self.source.poll_chunk(context, self.url.as_ref())) {
                Some(Ok(chunk)) => decoder.push(chunk),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    let finished = decoder
                        .finish()
                        .map_err(|error| named(error, self.url.as_ref()));
                    return Poll::Ready(finished.err().map(Err));
                }
            }
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Body::next_chunk`].
    pub async fn bytes(mut self) -> Result<Bytes> {
        let Some(first) = self.next_chunk().await.transpose()? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.next_chunk().await.transpose()? else {
            return Ok(first);
        };
        let mut whole = BytesMut::with_capacity((first.len() + second.len()) * 2);
        whole.extend_from_slice(&first);
        whole.extend_from_slice(&second);
        while let Some(chunk) = self.next_chunk().await.transpose()? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    /// The whole body as UTF-8, with replacement characters and without a byte order mark.
    ///
    /// # Errors
    /// As [`Body::next_chunk`].
    pub async fn text(self) -> Result<String> {
        let bytes = self.bytes().await?;
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        Ok(String::from_utf8_lossy(text).into_owned())
    }
}

impl Source {
    fn poll_chunk(
        &mut self,
        context: &mut Context<'_>,
        url: Option<&Url>,
    ) -> Poll<Option<Result<Bytes>>> {
        let polled = match self {
            Source::Ended | Source::Null => return Poll::Ready(None),
            Source::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Source::Ended;
                return Poll::Ready((!bytes.is_empty()).then_some(Ok(bytes)));
            }
            Source::Coded(body) => return body.poll_chunk(context),
            Source::Stream(stream) => return stream.as_mut().poll_next(context),
            Source::Known(known) => return Pin::new(&mut **known).poll_next(context),
            Source::Http1(body) => {
                let polled = body.poll_chunk(context);
                return polled.map(|chunk| {
                    chunk.map(|chunk| {
                        chunk.map_err(|cut| match cut {
                            Cut::Hyper(cause) => body_error(cause, url),
                            Cut::Io(cause) => cut_error(url).with_source(cause),
                        })
                    })
                });
            }
            Source::Http2(body) => body.poll_chunk(context),
        };
        polled.map(|chunk| chunk.map(|chunk| chunk.map_err(|cause| body_error(cause, url))))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Body {
        Body::of(Source::Whole(bytes))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Null => formatter.write_str("Body(none)"),
            Source::Ended => formatter.write_str("Body(ended)"),
            Source::Whole(bytes) => write!(formatter, "Body({} bytes)", bytes.len()),
            _ => formatter.write_str("Body(arriving)"),
        }
    }
}

fn body_error(cause: hyper::Error, url: Option<&Url>) -> Error {
    let name = url.map_or("a response", Url::as_str);
    if is_malformed(&cause) {
        let message = format!("the body of {name} is not framed as http says");
        return Error::new(ErrorKind::Protocol, message).with_source(cause);
    }
    cut_error(url).with_source(cause)
}

fn cut_error(url: Option<&Url>) -> Error {
    let name = url.map_or("a response", Url::as_str);
    Error::new(ErrorKind::Body, format!("the body of {name} was cut"))
}

/// Whether what arrived is no chunk, rather than nothing: hyper says so by an error that no socket has.
fn is_malformed(error: &hyper::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    let io = std::error::Error::source(error)
        .and_then(|cause| cause.downcast_ref::<std::io::Error>())
        .filter(|error| error.raw_os_error().is_none() && rustls_error(error).is_none());
    io.is_some_and(|error| matches!(error.kind(), InvalidData | InvalidInput))
}

fn named(error: Error, url: Option<&Url>) -> Error {
    let name = url.map_or("a response", Url::as_str);
    Error::new(error.kind(), format!("cannot decode the body of {name}")).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Stream for Nothing {
        type Item = Result<Bytes>;

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(None)
        }
    }

    #[test]
    fn a_source_comes_back_as_what_it_is_and_only_as_that() {
        let mut body = Body::source(Nothing);
        assert!(body.take_source::<String>().is_none());
        assert!(body.take_source::<Nothing>().is_some());
        assert!(body.is_ended());
        assert!(Body::stream(Nothing).take_source::<Nothing>().is_none());
    }
}
