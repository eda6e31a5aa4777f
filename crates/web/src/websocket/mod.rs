//! WebSocket, the client's side and what a server's (`server/socket.rs`) shares with it (RFC 6455, RFC 7692 permessage-deflate, <https://websockets.spec.whatwg.org/>).
//!
//! - `handshake`: opening; `frame`: the wire format; `deflate`: compression
//! - `inbound`: bytes to messages; `outbound`: the queue of what is sent; `connection`: an open socket's life;
//!   `keepalive`: pings, and who waits for their answers
//!
//! Reading has no task: whoever awaits [`Receiver::receive`] polls the socket, so a message not asked for stays with the
//! peer (rule BOUNDED), and pings are answered while somebody receives. Writing has one small task, so that sending
//! needs no await and the messages of one turn leave in one system call.

mod connection;
mod deflate;
mod frame;
mod handshake;
mod inbound;
mod keepalive;
mod outbound;

pub(crate) use deflate::{Deflate, accept_offer};
pub(crate) use frame::{LONGEST_CONTROL, Opcode, Role, append_plain_header};
pub use handshake::Handshake;
pub(crate) use handshake::accept_of;
pub(crate) use inbound::{Event, Inbound};

use crate::fetch::Client;
use crate::{Error, ErrorKind, Result};
use bytes::Bytes;
use connection::Connection;
use futures_core::Stream;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use url::Url;

/// What a server agrees on with a client that offers all there is.
#[cfg(fuzzing)]
pub(crate) fn deflate_for_fuzzing() -> Option<Deflate> {
    accept_offer("permessage-deflate").map(|(agreement, _)| Deflate::new(agreement))
}

/// What is sent and received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// UTF-8 text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

impl Message {
    /// The payload's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes,
        }
    }

    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Message::Text(text) => Some(text),
            Message::Binary(_) => None,
        }
    }

    fn opcode(&self) -> Opcode {
        match self {
            Message::Text(_) => Opcode::Text,
            Message::Binary(_) => Opcode::Binary,
        }
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Message {
        Message::Text(text.to_owned())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Message {
        Message::Text(text)
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Message {
        Message::Binary(bytes)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Message {
        Message::Binary(bytes.into())
    }
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseStatus {
    /// The peer's code; 1005 when its close frame had none, 1006 when the connection ended without one.
    pub code: u16,
    /// The peer's reason.
    pub reason: String,
    /// Whether both sides said close.
    pub was_clean: bool,
}

impl CloseStatus {
    /// Nobody said why.
    pub(crate) fn unclean() -> CloseStatus {
        CloseStatus {
            code: 1006,
            reason: String::new(),
            was_clean: false,
        }
    }
}

/// An open WebSocket. Dropping it (with all its senders) closes the connection at once.
#[derive(Debug)]
pub struct WebSocket {
    sender: Sender,
    receiver: Receiver,
}

impl WebSocket {
    /// Opens a WebSocket.
    ///
    /// # Errors
    /// As a fetch's connection; `is_connect()` when the server refuses, `is_protocol()` when it does not speak WebSocket.
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection.
    pub fn connect(
        client: &Client,
        handshake: Handshake,
    ) -> impl Future<Output = Result<WebSocket>> + 'static {
        let client = client.clone();
        async move {
            let opened = handshake::open(&client, &handshake).await?;
            let connection = Connection::start(opened, handshake);
            let user = User::new(connection);
            Ok(WebSocket {
                sender: Sender { user: user.clone() },
                receiver: Receiver { user },
            })
        }
    }

    /// The subprotocol that the server chose, else empty.
    pub fn protocol(&self) -> &str {
        self.sender.user.connection.protocol()
    }

    /// The extensions that the server chose, else empty.
    pub fn extensions(&self) -> &str {
        self.sender.user.connection.extensions()
    }

    /// The url, without fragment.
    pub fn url(&self) -> &Url {
        self.sender.user.connection.url()
    }

    /// The two directions, for different tasks.
    pub fn split(self) -> (Sender, Receiver) {
        (self.sender, self.receiver)
    }

    /// One more handle that sends.
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// See [`Sender::send`].
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub async fn send(&self, message: impl Into<Message>) -> Result<()> {
        self.sender.send(message).await
    }

    /// See [`Receiver::receive`].
    ///
    /// # Errors
    /// As [`Receiver::receive`].
    pub async fn receive(&mut self) -> Result<Option<Message>> {
        self.receiver.receive().await
    }

    /// See [`Receiver::close_status`].
    pub fn close_status(&self) -> Option<CloseStatus> {
        self.receiver.close_status()
    }

    /// Closes, and waits for the peer's answer; messages that still arrive are dropped.
    ///
    /// # Errors
    /// As [`Sender::close`], or when the connection breaks first.
    pub async fn close(mut self, code: u16, reason: &str) -> Result<CloseStatus> {
        self.sender.close(Some(code), reason)?;
        while self.receiver.receive().await?.is_some() {}
        Ok(self.close_status().unwrap_or_else(CloseStatus::unclean))
    }
}

/// A WebSocket yields what it receives; an error is its last item.
impl Stream for WebSocket {
    type Item = Result<Message>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Message>>> {
        self.receiver.poll_receive(context).map(Result::transpose)
    }
}

/// The sending side. A cheap handle: clone it.
#[derive(Clone)]
pub struct Sender {
    user: Rc<User>,
}

impl Sender {
    /// Queues a message. It leaves at the end of the turn, with all others of the turn.
    ///
    /// # Errors
    /// `is_closed()` once closing has begun, `is_full()` when the queue's limit is reached (nothing is queued then).
    pub fn send_nowait(&self, message: impl Into<Message>) -> Result<()> {
        let message = message.into();
        self.user
            .connection
            .queue_message(message.opcode(), message.as_bytes())
    }

    /// As [`Sender::send_nowait`] for borrowed text, which is copied once, into the queue.
    ///
    /// # Errors
    /// As [`Sender::send_nowait`].
    pub fn send_text_nowait(&self, text: &str) -> Result<()> {
        self.user
            .connection
            .queue_message(Opcode::Text, text.as_bytes())
    }

    /// As [`Sender::send_nowait`] for borrowed bytes, which are copied once, into the queue.
    ///
    /// # Errors
    /// As [`Sender::send_nowait`].
    pub fn send_binary_nowait(&self, bytes: &[u8]) -> Result<()> {
        self.user.connection.queue_message(Opcode::Binary, bytes)
    }

    /// Waits until the queue is short (64 KiB) and queues the message: backpressure.
    ///
    /// # Errors
    /// As [`Sender::send_nowait`].
    ///
    /// # Cancel safety
    /// A dropped future has queued nothing.
    pub async fn send(&self, message: impl Into<Message>) -> Result<()> {
        self.user.connection.wait_until_short().await;
        self.send_nowait(message)
    }

    /// Waits until the queue is short, or the connection has ended: what [`Sender::send`] does first.
    pub async fn drain(&self) {
        self.user.connection.wait_until_short().await;
    }

    /// Waits until everything queued has been handed to the operating system, or the connection has ended.
    pub async fn flush(&self) {
        self.user.connection.wait_until_empty().await;
    }

    /// Queues a ping; the answer is consumed silently.
    ///
    /// # Errors
    /// As [`Sender::send_nowait`]; `ErrorKind::Argument` when `data` is longer than 125 bytes.
    pub fn ping(&self, data: &[u8]) -> Result<()> {
        if data.len() > frame::LONGEST_CONTROL {
            return Err(Error::new(
                ErrorKind::Argument,
                "a ping carries at most 125 bytes",
            ));
        }
        self.user.connection.queue_control(Opcode::Ping, data)
    }

    /// Sends a ping and waits for its answer: how long that took. Somebody has to receive meanwhile.
    ///
    /// # Errors
    /// As [`Sender::send_nowait`]; `is_closed()` if the connection ends first.
    pub fn round_trip(&self) -> impl Future<Output = Result<Duration>> + 'static {
        let user = self.user.clone();
        async move { user.connection.round_trip().await }
    }

    /// Bytes of messages queued that the operating system has not taken yet, as `WebSocket.bufferedAmount`.
    pub fn buffered_amount(&self) -> usize {
        self.user.connection.buffered_amount()
    }

    /// Begins the closing handshake, after what is queued; [`Receiver::receive`] ends once the peer has answered.
    /// A second call does nothing.
    ///
    /// # Errors
    /// `ErrorKind::Argument` for a code that may not be sent or a reason of more than 123 bytes.
    pub fn close(&self, code: Option<u16>, reason: &str) -> Result<()> {
        check_close(code, reason)?;
        self.user.connection.begin_close(code, reason);
        Ok(())
    }

    /// Ends the connection now, without closing handshake; `receive` then ends with status 1006.
    pub fn abort(&self) {
        self.user.connection.cut();
    }
}

/// Whether a program may close with this.
pub(crate) fn check_close(code: Option<u16>, reason: &str) -> Result<()> {
    if let Some(code) = code
        && !frame::may_be_sent(code)
    {
        return Err(Error::new(
            ErrorKind::Argument,
            format!("the close code {code} may not be sent"),
        ));
    }
    if reason.len() > frame::LONGEST_CONTROL - 2 {
        return Err(Error::new(
            ErrorKind::Argument,
            "a close reason is at most 123 bytes of utf-8",
        ));
    }
    Ok(())
}

/// The code that tells a peer which rule it broke.
pub(crate) fn code_of(error: &Error) -> u16 {
    match error.kind() {
        ErrorKind::Full => 1009,
        ErrorKind::Decode => 1007,
        ErrorKind::Internal => 1011,
        _ => 1002,
    }
}

/// The payload of a close frame.
pub(crate) fn close_payload(code: Option<u16>, reason: &str) -> Vec<u8> {
    let mut payload = Vec::with_capacity(2 + reason.len());
    if let Some(code) = code {
        payload.extend_from_slice(&code.to_be_bytes());
        payload.extend_from_slice(reason.as_bytes());
    }
    payload
}

impl fmt::Debug for Sender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Sender({}, {} bytes queued)",
            self.user.connection.url(),
            self.buffered_amount()
        )
    }
}

/// The receiving side.
pub struct Receiver {
    user: Rc<User>,
}

impl Receiver {
    /// The next message; `None` once the connection has ended, see [`Receiver::close_status`].
    ///
    /// # Errors
    /// `is_closed()` when the connection was cut, `is_timeout()` when a ping was not answered, `is_protocol()` when the peer broke the protocol, `is_full()` when a
    /// message is too long, `is_decode()` when text is not UTF-8. The next call gives `None`.
    ///
    /// # Cancel safety
    /// A dropped future loses nothing.
    pub async fn receive(&mut self) -> Result<Option<Message>> {
        poll_fn(|context| self.poll_receive(context)).await
    }

    /// [`Receiver::receive`] for futures written by hand.
    pub fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Message>>> {
        self.user.connection.poll_receive(context)
    }

    /// How the connection ended; `None` while it is open.
    pub fn close_status(&self) -> Option<CloseStatus> {
        self.user.connection.close_status()
    }
}

impl Stream for Receiver {
    type Item = Result<Message>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Message>>> {
        self.poll_receive(context).map(Result::transpose)
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Receiver({})", self.user.connection.url())
    }
}

/// What all handles share. The last one to go lets the connection go, which its writing task holds too.
struct User {
    connection: Rc<Connection>,
}

impl User {
    fn new(connection: Rc<Connection>) -> Rc<User> {
        Rc::new(User { connection })
    }
}

impl Drop for User {
    fn drop(&mut self) {
        self.connection.abandon();
    }
}
