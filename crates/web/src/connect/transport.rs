//! A connection, plain or TLS, with the I/O traits of tokio (our own code) and of hyper.
//!
//! hyper hands out uninitialised memory, which safe code cannot advance through; so reads go through a scratch buffer of
//! the thread (hot in the cache: 30 ns for 1 KiB) and are copied out exact. This keeps `unsafe` out of this crate.

use super::tls::handshake;
use crate::{Error, ErrorKind, Result};
use rustls::ClientConfig;
use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;
use twinloop_loop::net::Stream;

/// The most that one read takes from a socket.
const SCRATCH: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH]);
}

/// A connected stream socket, with or without TLS.
pub struct Transport {
    layer: Layer,
    watch: Rc<Watch>,
}

/// What can be asked of a transport, and told to it, once a protocol's state machine owns it.
#[derive(Debug)]
pub(crate) struct Watch {
    /// How long the TCP handshake took: one way there and back.
    pub(crate) round_trip: Duration,
    /// The next read asks the kernel, whatever the loop knows.
    look: Cell<bool>,
    heard: Cell<bool>,
    /// The last write was taken in part, or not at all.
    is_behind: Cell<bool>,
}

impl Watch {
    fn wrote(&self, written: &Poll<io::Result<usize>>, wanted: usize) {
        let is_all = matches!(written, Poll::Ready(Ok(count)) if *count == wanted);
        self.is_behind.set(!is_all);
    }

    /// Makes the next read ask the kernel: a loop that was busy has not heard of what arrived meanwhile.
    pub(crate) fn look_again(&self) {
        self.look.set(true);
    }

    /// Whether the peer has said anything since [`Watch::forget`]. TLS's own messages do not count.
    pub(crate) fn has_heard(&self) -> bool {
        self.heard.get()
    }

    /// Whether everything that was written was taken, by the system or by TLS.
    pub(crate) fn is_written(&self) -> bool {
        !self.is_behind.get()
    }

    /// Begins to listen anew.
    pub(crate) fn forget(&self) {
        self.heard.set(false);
    }
}

enum Layer {
    Plain(Stream),
    // A TLS session is about a kilobyte; boxed so that plain connections do not pay for it.
    Tls(Box<TlsStream<Stream>>),
    // Through a proxy with which TLS is spoken.
    TlsInTls(Box<TlsStream<TlsStream<Stream>>>),
}

impl Transport {
    pub(super) fn plain(stream: Stream, round_trip: Duration) -> Transport {
        Transport::new(Layer::Plain(stream), round_trip)
    }

    /// TLS over this connection, whose other end is `host`.
    pub(super) async fn secure(
        self,
        config: Arc<ClientConfig>,
        host: &str,
        port: u16,
    ) -> Result<Transport> {
        let layer = match self.layer {
            Layer::Plain(stream) => {
                Layer::Tls(Box::new(handshake(config, stream, host, port).await?))
            }
            Layer::Tls(stream) => {
                let inner = Box::pin(handshake(config, *stream, host, port)).await?;
                Layer::TlsInTls(Box::new(inner))
            }
            Layer::TlsInTls(_) => {
                let message = format!("tls with {host}:{port} in two others");
                return Err(Error::new(ErrorKind::Internal, message));
            }
        };
        Ok(Transport::new(layer, self.watch.round_trip))
    }

    /// What was heard so far was not the peer's.
    pub(super) fn forget(&self) {
        self.watch.forget();
    }

    fn new(layer: Layer, round_trip: Duration) -> Transport {
        let watch = Watch {
            round_trip,
            look: Cell::new(false),
            heard: Cell::new(false),
            is_behind: Cell::new(false),
        };
        Transport {
            layer,
            watch: Rc::new(watch),
        }
    }

    /// Whether ALPN chose HTTP/2.
    pub fn is_http2(&self) -> bool {
        match &self.layer {
            Layer::Plain(_) => false,
            Layer::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
            Layer::TlsInTls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }

    /// The handle to keep when the transport is given away.
    pub(crate) fn watch(&self) -> Rc<Watch> {
        self.watch.clone()
    }
}

impl Layer {
    fn socket(&self) -> &Stream {
        match self {
            Layer::Plain(stream) => stream,
            Layer::Tls(stream) => stream.get_ref().0,
            Layer::TlsInTls(stream) => stream.get_ref().0.get_ref().0,
        }
    }
}

/// One dispatch for the I/O calls below that only pass on.
macro_rules! delegate {
    ($self:ident, $stream:ident => $call:expr) => {
        match &mut $self.get_mut().layer {
            Layer::Plain($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
            Layer::Tls($stream) => {
                let $stream = Pin::new($stream.as_mut());
                $call
            }
            Layer::TlsInTls($stream) => {
                let $stream = Pin::new($stream.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Transport { layer, watch } = self.get_mut();
        if watch.look.take() {
            layer.socket().assume_readable();
        }
        let filled = buffer.filled().len();
        let polled = match layer {
            Layer::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Layer::Tls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
            Layer::TlsInTls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
        };
        match polled {
            Poll::Ready(Ok(())) if buffer.filled().len() > filled => watch.heard.set(true),
            // A peer that closes without TLS's farewell. Whether the message before was whole is for its protocol to say, by
            // its length, its last chunk or its closing frame; one that only the end of the connection ends is accepted, as
            // by browsers, curl and Node: too many servers never say farewell.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            polled => return polled,
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, stream => stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, stream => stream.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.layer {
            Layer::Plain(stream) => stream.is_write_vectored(),
            Layer::Tls(stream) => stream.is_write_vectored(),
            Layer::TlsInTls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, stream => stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, stream => stream.poll_shutdown(context))
    }
}

impl hyper::rt::Read for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        BUFFER.with_borrow_mut(|scratch| {
            let most = cursor.remaining().min(scratch.len());
            let mut buffer = ReadBuf::new(&mut scratch[..most]);
            ready!(AsyncRead::poll_read(self, context, &mut buffer))?;
            cursor.put_slice(buffer.filled());
            Poll::Ready(Ok(()))
        })
    }
}

impl hyper::rt::Write for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let watch = Rc::clone(&self.watch);
        let written = AsyncWrite::poll_write(self, context, bytes);
        watch.wrote(&written, bytes.len());
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let watch = Rc::clone(&self.watch);
        let written = AsyncWrite::poll_write_vectored(self, context, slices);
        watch.wrote(&written, slices.iter().map(|slice| slice.len()).sum());
        written
    }

    fn is_write_vectored(&self) -> bool {
        AsyncWrite::is_write_vectored(self)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(self, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_shutdown(self, context)
    }
}
