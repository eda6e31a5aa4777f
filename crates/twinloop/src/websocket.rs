//! A WebSocket as Rust programs like it: a stream of messages that also sends.

use crate::{Client, CloseStatus, Message, Result};
use futures_core::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};
use twinloop_web::websocket::{self, Handshake, Receiver, Sender};

/// An open WebSocket: a [`Stream`] of received messages, with [`send`](WebSocket::send).
///
/// An error is the stream's last item. Dropping it closes the connection at once; [`close`](WebSocket::close) says
/// goodbye.
///
/// # Examples
/// ```no_run
/// use twinloop::WebSocket;
///
/// # fn main() -> twinloop::Result<()> {
/// twinloop::run(async {
///     let mut socket = WebSocket::connect("ws://example.com/socket").await?;
///     socket.send("hello").await?;
///     while let Some(message) = socket.next().await {
///         println!("Message from server: {:?}", message?);
///     }
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct WebSocket {
    inner: websocket::WebSocket,
}

impl WebSocket {
    /// Begins to open a WebSocket; await the result, or set options first.
    pub fn connect(url: impl AsRef<str>) -> Connect {
        Connect {
            handshake: Handshake::new(url.as_ref()),
            client: None,
        }
    }

    /// The next message; `None` once the connection has ended.
    pub async fn next(&mut self) -> Option<Result<Message>> {
        self.inner.receive().await.transpose()
    }

    /// Sends text (`&str`, `String`) or bytes (`Vec<u8>`, [`Bytes`](crate::Bytes)), waiting while the queue is long.
    ///
    /// # Errors
    /// `is_closed()` once the connection has ended or closes.
    pub async fn send(&self, message: impl Into<Message>) -> Result<()> {
        self.inner.send(message).await
    }

    /// Bytes of messages that wait to be sent.
    pub fn buffered_amount(&self) -> usize {
        self.inner.sender().buffered_amount()
    }

    /// The subprotocol that the server chose, else empty.
    pub fn protocol(&self) -> &str {
        self.inner.protocol()
    }

    /// How the connection ended; `None` while it is open.
    pub fn close_status(&self) -> Option<CloseStatus> {
        self.inner.close_status()
    }

    /// Closes with `code` (1000, or 3000 to 4999 for your own) and waits for the peer's answer.
    ///
    /// # Errors
    /// When the code or reason may not be sent, or the connection breaks first.
    pub async fn close(self, code: u16, reason: &str) -> Result<CloseStatus> {
        self.inner.close(code, reason).await
    }

    /// The two directions, for different tasks.
    pub fn split(self) -> (Sender, Receiver) {
        self.inner.split()
    }
}

impl Stream for WebSocket {
    type Item = Result<Message>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Message>>> {
        Pin::new(&mut self.inner).poll_next(context)
    }
}

/// A WebSocket about to be opened.
#[derive(Debug)]
#[must_use = "nothing is opened until awaited"]
pub struct Connect {
    handshake: Result<Handshake>,
    client: Option<OpaqueClient>,
}

struct OpaqueClient(Client);

impl std::fmt::Debug for OpaqueClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Client")
    }
}

impl Connect {
    /// Offers a subprotocol, after those offered before.
    pub fn protocol(self, name: impl Into<String>) -> Connect {
        self.with(|handshake| handshake.protocols.push(name.into()))
    }

    /// Changes anything else of the handshake: headers, limits, compression.
    pub fn with(mut self, change: impl FnOnce(&mut Handshake)) -> Connect {
        if let Ok(handshake) = &mut self.handshake {
            change(handshake);
        }
        self
    }

    /// Opens it with `client` instead of the thread's own.
    pub fn client(mut self, client: &Client) -> Connect {
        self.client = Some(OpaqueClient(client.clone()));
        self
    }
}

impl IntoFuture for Connect {
    type Output = Result<WebSocket>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<WebSocket>>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let client = match self.client {
                Some(OpaqueClient(client)) => client,
                None => crate::client()?,
            };
            let inner = websocket::WebSocket::connect(&client, self.handshake?).await?;
            Ok(WebSocket { inner })
        })
    }
}
