//! A WebSocket's server side (RFC 6455, RFC 7692, over HTTP/2 RFC 8441): what an exchange becomes that is accepted as one.
//!
//! Told of by the loop like the connection that it was: messages are handed to the [`SocketHandler`] as they come, and what is sent is encoded once,
//! straight into the socket's queue. A connection that is quiet has no buffers. Reading stops while the client does not read (rule BOUNDED), and
//! one that says nothing for long is asked, and then given up. Nothing is borrowed while a handler runs.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::time::Duration;

use twinloop_loop::Nanos;
use twinloop_loop::net::StreamHandler;

use super::arriving::gone;
use super::exchange::Exchange;
use super::fields::Fields;
use super::link::Received;
use super::listening::{Core, Member};
use super::wire::{Wire, WireHandler};
use crate::http1::words;
use crate::websocket::{
    CloseStatus, Deflate, Event, Inbound, LONGEST_CONTROL, Message, Opcode, Role, accept_of,
    accept_offer, append_plain_header, check_close, close_payload, code_of,
};
use crate::{Error, ErrorKind, Result};

thread_local! {
    /// Where frames are encoded before they are queued.
    static FRAME: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// For the next socket to which something comes.
    static SPARE: Cell<Option<Box<Inbound>>> = const { Cell::new(None) };
}

/// For a message of at most so many bytes.
fn spare_inbound(limit: usize) -> Box<Inbound> {
    match SPARE.take() {
        Some(mut spare) => {
            spare.begin_anew(limit);
            spare
        }
        None => Box::new(Inbound::empty(limit, Role::Server)),
    }
}

/// Up to this size a payload is copied behind its header, into one write.
const COPIED_PAYLOAD: usize = 16 * 1024;

/// Why a client was given up that did not answer, in the words of other servers.
const NO_ANSWER: &str = "keepalive ping timeout";

/// What a WebSocket may use. Times are kept to the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// The longest message accepted, decompressed; a longer one closes the connection with 1009.
    pub max_message_bytes: usize,
    /// The most bytes that may wait to be sent.
    pub max_queued_bytes: usize,
    /// Take up permessage-deflate when it is offered.
    pub compress: bool,
    /// After so long without a byte from the client it is asked with a ping; none, if zero.
    pub ping_time: Duration,
    /// After so long without a byte from the client the connection is given up; never, if zero.
    pub idle_time: Duration,
    /// What a client is told, as a close with this code, that is given up; nothing, if `None`.
    pub idle_code: Option<u16>,
    /// How long the client may take to answer our close.
    pub close_time: Duration,
}

impl Default for SocketOptions {
    fn default() -> SocketOptions {
        SocketOptions {
            max_message_bytes: 16 << 20,
            max_queued_bytes: 16 << 20,
            compress: true,
            ping_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(120),
            idle_code: None,
            close_time: Duration::from_secs(10),
        }
    }
}

/// Told what happens on a socket, each time in an entry of the turn or at its end. None of its methods may unwind.
pub trait SocketHandler {
    /// A message has come.
    fn message(&self, socket: &Rc<Socket>, message: Message);
    /// Everything that waited has been handed to the system, after [`Socket::backlog`] was above zero.
    fn drained(&self, _socket: &Rc<Socket>) {}
    /// The client has asked whether we are there, and was answered.
    fn pinged(&self, _socket: &Rc<Socket>, _payload: &[u8]) {}
    /// The client has answered a ping.
    fn ponged(&self, _socket: &Rc<Socket>, _payload: &[u8]) {}
    /// The connection has ended. Called once, and last.
    fn closed(&self, socket: &Rc<Socket>, status: CloseStatus);
}

/// An open WebSocket.
pub struct Socket {
    server: Rc<Core>,
    key: Cell<usize>,
    wire: Wire,
    me: Weak<Socket>,
    options: Rc<SocketOptions>,
    handler: RefCell<Option<Rc<dyn SocketHandler>>>,
    inner: RefCell<SocketInner>,
    is_paused: Cell<bool>,
    /// Whoever gets the messages has enough for now.
    is_held: Cell<bool>,
    /// Something has waited for the client to read.
    was_held_up: Cell<bool>,
    heard: Cell<Nanos>,
    asked: Cell<bool>,
    deadline: Cell<Nanos>,
    /// What waited for the client when its time was over.
    unsent: Cell<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// Our close is sent; the client's is awaited.
    Closing,
    /// Both are said; the socket is to end.
    Ending,
    Over,
}

struct SocketInner {
    /// What has come of a message that is not complete; none while the client is quiet, as most are of many.
    inbound: Option<Box<Inbound>>,
    deflate: Option<Deflate>,
    phase: Phase,
    /// The code of the close that we sent; 0 for none.
    said: u16,
    status: Option<Box<CloseStatus>>,
}

impl Exchange {
    /// Whether the request asks for a WebSocket. HTTP/1.0 knows no upgrades (RFC 6455, 4.2.1).
    #[must_use]
    pub fn asks_for_socket(&self) -> bool {
        self.upgrades()
            && self.minor_version() > 0
            && self.method() == "GET"
            && self.field("upgrade").is_some_and(|value| {
                words(value).any(|word| word.eq_ignore_ascii_case(b"websocket"))
            })
    }

    /// Whether a request for a WebSocket has a key that is one: sixteen bytes in base64. A stream of HTTP/2 cannot be taken for another protocol by
    /// mistake, so there is none (RFC 8441, 5).
    #[must_use]
    pub fn has_socket_key(&self) -> bool {
        let key = self.field("sec-websocket-key").unwrap_or_default();
        self.is_http2() || (key.len() == 24 && key.ends_with(b"==") && key.is_ascii())
    }

    /// Answers with 101 (200 over HTTP/2) and goes on as a WebSocket, with the subprotocol that was chosen and further fields.
    ///
    /// # Errors
    /// `is_argument()` when the request does not ask for one, or not as it has to: nothing is answered then. `is_closed()` when the client has gone.
    pub fn accept_socket(
        &self,
        options: impl Into<Rc<SocketOptions>>,
        protocol: Option<&str>,
        fields: &Fields,
        handler: Rc<dyn SocketHandler>,
    ) -> Result<Rc<Socket>> {
        let options = options.into();
        let refused = |what: &str| Error::new(ErrorKind::Argument, what.to_owned());
        if !self.asks_for_socket() {
            return Err(refused("the request does not ask for a websocket"));
        }
        if self.field("sec-websocket-version") != Some(b"13") {
            return Err(refused("the client speaks another version of websocket"));
        }
        let mut head = Fields::new();
        if !self.has_socket_key() {
            return Err(refused("the request has no valid sec-websocket-key"));
        }
        if !self.is_http2() {
            let key = self.field("sec-websocket-key").unwrap_or_default();
            let accepted = accept_of(&String::from_utf8_lossy(key));
            head.append(b"sec-websocket-accept", accepted.as_bytes())?;
        }
        if let Some(protocol) = protocol {
            head.append(b"sec-websocket-protocol", protocol.as_bytes())?;
        }
        let offers = self.offers();
        let agreed = options.compress.then(|| accept_offer(&offers)).flatten();
        let deflate = match agreed {
            Some((agreement, answer)) => {
                head.append(b"sec-websocket-extensions", answer.as_bytes())?;
                Some(Deflate::new(agreement))
            }
            None => None,
        };
        head.extend(fields);
        let (server, wire, received) = self.take_wire(&head)?;
        Ok(Socket::start(
            server, wire, received, options, deflate, handler,
        ))
    }

    fn offers(&self) -> String {
        let values = self
            .fields()
            .filter(|(name, _)| name.eq_ignore_ascii_case(b"sec-websocket-extensions"))
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned());
        values.collect::<Vec<_>>().join(", ")
    }
}

impl Socket {
    fn start(
        server: Rc<Core>,
        wire: Wire,
        received: Vec<u8>,
        options: Rc<SocketOptions>,
        deflate: Option<Deflate>,
        handler: Rc<dyn SocketHandler>,
    ) -> Rc<Socket> {
        let socket = Rc::new_cyclic(|me| Socket {
            key: Cell::new(0),
            me: me.clone(),
            handler: RefCell::new(Some(handler)),
            inner: RefCell::new(SocketInner {
                inbound: None,
                deflate,
                phase: Phase::Open,
                said: 0,
                status: None,
            }),
            is_paused: Cell::new(false),
            is_held: Cell::new(false),
            was_held_up: Cell::new(false),
            heard: Cell::new(server.now()),
            asked: Cell::new(false),
            deadline: Cell::new(Nanos::MAX),
            unsent: Cell::new(usize::MAX),
            options,
            server,
            wire,
        });
        socket
            .key
            .set(socket.server.admit(Rc::clone(&socket) as Rc<dyn Member>));
        socket.wire.set_handler(&socket);
        if !received.is_empty() {
            // In an entry of its own: who accepted does not have the socket yet.
            let me = Rc::clone(&socket);
            twinloop_loop::Loop::current()
                .push(twinloop_loop::Entry::call(move |_| me.take_in(&received)));
        }
        socket
    }

    // ---- sending

    /// Queues a text. It leaves at the end of the turn.
    ///
    /// # Errors
    /// `is_closed()` once closing has begun, `is_full()` when the queue's limit is reached (nothing is queued then).
    pub fn send_text(&self, text: &str) -> Result<()> {
        self.send(Opcode::Text, text.as_bytes(), true)
    }

    /// Queues bytes.
    ///
    /// # Errors
    /// As [`Socket::send_text`].
    pub fn send_binary(&self, bytes: &[u8]) -> Result<()> {
        self.send(Opcode::Binary, bytes, true)
    }

    /// Queues a message, compressed only if `compresses` and that was agreed and is worth it.
    ///
    /// # Errors
    /// As [`Socket::send_text`].
    pub fn send_message(&self, is_text: bool, payload: &[u8], compresses: bool) -> Result<()> {
        let opcode = if is_text {
            Opcode::Text
        } else {
            Opcode::Binary
        };
        self.send(opcode, payload, compresses)
    }

    /// Queues a ping.
    ///
    /// # Errors
    /// As [`Socket::send_text`]; `is_argument()` when `payload` is longer than 125 bytes.
    pub fn ping(&self, payload: &[u8]) -> Result<()> {
        self.send_control(Opcode::Ping, payload)
    }

    /// Queues a pong that nobody asked for.
    ///
    /// # Errors
    /// As [`Socket::ping`].
    pub fn pong(&self, payload: &[u8]) -> Result<()> {
        self.send_control(Opcode::Pong, payload)
    }

    fn send_control(&self, opcode: Opcode, payload: &[u8]) -> Result<()> {
        if payload.len() > LONGEST_CONTROL {
            return Err(Error::new(
                ErrorKind::Argument,
                "a ping carries at most 125 bytes",
            ));
        }
        self.send(opcode, payload, false)
    }

    fn send(&self, opcode: Opcode, payload: &[u8], compresses: bool) -> Result<()> {
        let inner = &mut *self.inner.borrow_mut();
        if inner.phase != Phase::Open {
            return Err(Error::new(ErrorKind::Closed, "the websocket is closed"));
        }
        let queued = self.wire.queued();
        // An empty queue takes any one message: a message longer than the limit could never be sent otherwise.
        if queued > 0 && queued + payload.len() > self.options.max_queued_bytes {
            return Err(Error::new(
                ErrorKind::Full,
                format!("{queued} bytes wait already for the client to read"),
            ));
        }
        let compressed = match &mut inner.deflate {
            Some(deflate) if compresses => deflate.compress(payload)?,
            _ => None,
        };
        let (bytes, is_compressed) = match &compressed {
            Some(compressed) => (compressed.as_slice(), true),
            None => (payload, false),
        };
        self.queue(opcode, is_compressed, bytes).map_err(|cause| {
            self.wire.close();
            gone().with_source(cause)
        })
    }

    fn queue(&self, opcode: Opcode, is_compressed: bool, payload: &[u8]) -> io::Result<()> {
        FRAME.with_borrow_mut(|frame| {
            frame.clear();
            append_plain_header(frame, opcode, is_compressed, payload.len());
            if payload.len() > COPIED_PAYLOAD {
                self.wire.write(frame)?;
                self.wire.write(payload)?;
            } else {
                frame.extend_from_slice(payload);
                self.wire.write(frame)?;
            }
            self.note_held_up();
            Ok(())
        })
    }

    /// A frame that was encoded once for many.
    fn queue_encoded(&self, frame: &[u8]) {
        if self.inner.borrow().phase == Phase::Open
            && self.wire.queued() + frame.len() <= self.options.max_queued_bytes
        {
            // That the client has gone is told where it is read.
            let _ = self.wire.write(frame);
            self.note_held_up();
        }
    }

    fn note_held_up(&self) {
        if self.wire.is_held_up() {
            self.was_held_up.set(true);
        }
    }

    /// Of what is queued, what waits for the client to read: nothing while all of it leaves at the end of the turn. [`SocketHandler::drained`] is told when
    /// it has left.
    #[must_use]
    pub fn backlog(&self) -> usize {
        if self.wire.is_held_up() {
            self.wire.queued()
        } else {
            0
        }
    }

    /// Bytes that the system has not taken yet, with what leaves at the end of the turn.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.wire.queued()
    }

    /// Begins the closing handshake, after what is queued. A second call does nothing.
    ///
    /// # Errors
    /// `is_argument()` for a code that may not be sent or a reason of more than 123 bytes.
    pub fn close(&self, code: Option<u16>, reason: &str) -> Result<()> {
        check_close(code, reason)?;
        let inner = &mut *self.inner.borrow_mut();
        if inner.phase == Phase::Open {
            let _ = self.queue(Opcode::Close, false, &close_payload(code, reason));
            inner.phase = Phase::Closing;
            inner.said = code.unwrap_or(0);
            self.deadline
                .set(self.server.after(self.options.close_time));
            // The client's close is waited for.
            self.hold(false);
            self.resume();
        }
        Ok(())
    }

    /// Ends the connection now, without a word.
    pub fn abort_now(&self) {
        self.over(CloseStatus::unclean());
    }

    /// The code that the client was told: by [`Socket::close`], as the answer to its own close, or because it broke a rule or was silent for too long.
    #[must_use]
    pub fn told(&self) -> Option<u16> {
        let said = self.inner.borrow().said;
        (said != 0).then_some(said)
    }

    /// Whether messages can be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.inner.borrow().phase == Phase::Open
    }

    /// The client's address, if it has one of IP and is still there.
    #[must_use]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.wire.peer_addr()
    }

    // ---- receiving

    fn take_in(&self, bytes: &[u8]) {
        self.heard.set(self.server.now());
        self.asked.set(false);
        let Some(me) = self.me.upgrade() else { return };
        {
            let inner = &mut *self.inner.borrow_mut();
            if matches!(inner.phase, Phase::Ending | Phase::Over) {
                return;
            }
            let limit = self.options.max_message_bytes;
            let inbound = inner.inbound.get_or_insert_with(|| spare_inbound(limit));
            inbound.feed(bytes);
        }
        loop {
            let event = {
                let inner = &mut *self.inner.borrow_mut();
                if matches!(inner.phase, Phase::Ending | Phase::Over) {
                    return;
                }
                let SocketInner {
                    inbound, deflate, ..
                } = inner;
                inbound
                    .as_mut()
                    .map_or(Ok(None), |inbound| inbound.next(deflate))
            };
            match event {
                Ok(None) => break,
                Ok(Some(event)) => self.answer(&me, event),
                Err(error) => {
                    let code = code_of(&error);
                    self.say_close(Some(code), "");
                    self.ending(CloseStatus {
                        code: 1006,
                        reason: error.chain(),
                        was_clean: false,
                    });
                    return;
                }
            }
        }
        let quiet = |inbound: &mut Box<Inbound>| inbound.is_between_messages();
        let done = self.inner.borrow_mut().inbound.take_if(quiet);
        if done.is_some() {
            SPARE.set(done);
        }
        if self.wire.queued() > self.options.max_queued_bytes {
            self.is_paused.set(true);
            self.wire.pause();
        }
    }

    fn answer(&self, me: &Rc<Socket>, event: Event) {
        let handler = self.handler.borrow().clone();
        match event {
            Event::Message(message) => {
                // What comes while we wait for the client's close is of no use any more.
                if self.is_open()
                    && let Some(handler) = handler
                {
                    handler.message(me, message);
                }
            }
            Event::Ping(payload) => {
                if self.is_open() {
                    let _ = self.queue(Opcode::Pong, false, &payload);
                }
                if let Some(handler) = handler {
                    handler.pinged(me, &payload);
                }
            }
            Event::Pong(payload) => {
                if let Some(handler) = handler {
                    handler.ponged(me, &payload);
                }
            }
            Event::Close { code, reason } => {
                self.say_close(code, "");
                self.ending(CloseStatus {
                    code: code.unwrap_or(1005),
                    reason,
                    was_clean: true,
                });
            }
        }
    }

    fn say_close(&self, code: Option<u16>, reason: &str) {
        if self.is_open() {
            let _ = self.queue(Opcode::Close, false, &close_payload(code, reason));
            self.inner.borrow_mut().said = code.unwrap_or(0);
        }
    }

    /// Everything is said: the socket ends when the client has had a chance to read it.
    fn ending(&self, status: CloseStatus) {
        {
            let inner = &mut *self.inner.borrow_mut();
            inner.phase = Phase::Ending;
            inner.status.get_or_insert_with(|| Box::new(status));
            inner.inbound = None;
        }
        self.wire.end();
        self.deadline
            .set(self.server.after(self.server.limits.lingering_time));
        self.hold(false);
        self.resume();
        self.tell_closed();
    }

    /// The client is quiet for too long. It is not waited for what it says to our close, if it is told one.
    fn give_up(&self) {
        let Some(code) = self.options.idle_code else {
            self.over(CloseStatus::unclean());
            return;
        };
        self.say_close(Some(code), NO_ANSWER);
        self.ending(CloseStatus {
            code: 1006,
            reason: NO_ANSWER.to_owned(),
            was_clean: false,
        });
    }

    fn over(&self, status: CloseStatus) {
        {
            let inner = &mut *self.inner.borrow_mut();
            if inner.phase == Phase::Over {
                return;
            }
            inner.phase = Phase::Over;
            inner.status.get_or_insert_with(|| Box::new(status));
            inner.inbound = None;
        }
        self.wire.close();
        self.tell_closed();
        self.server.dismiss(self.key.get());
    }

    fn tell_closed(&self) {
        let handler = self.handler.take();
        let status = self.inner.borrow().status.clone();
        if let (Some(handler), Some(status), Some(me)) = (handler, status, self.me.upgrade()) {
            handler.closed(&me, *status);
        }
    }

    /// Has no more read from the client while `held`; what was read already is still handed on. A client that is not read is not taken for quiet.
    pub fn hold(&self, held: bool) {
        if self.is_held.replace(held) == held {
            return;
        }
        if held {
            self.wire.pause();
        } else {
            self.heard.set(self.server.now());
            if !self.is_paused.get() {
                self.wire.resume();
            }
        }
    }

    fn resume(&self) {
        if self.is_paused.replace(false) && !self.is_held.get() {
            self.wire.resume();
        }
    }
}

/// Sends one message to many: it is encoded once, and not compressed.
pub fn broadcast<'a>(
    sockets: impl IntoIterator<Item = &'a Rc<Socket>>,
    is_text: bool,
    payload: &[u8],
) {
    let opcode = if is_text {
        Opcode::Text
    } else {
        Opcode::Binary
    };
    let mut frame = Vec::with_capacity(payload.len() + 10);
    append_plain_header(&mut frame, opcode, false, payload.len());
    frame.extend_from_slice(payload);
    for socket in sockets {
        socket.queue_encoded(&frame);
    }
}

impl StreamHandler for Socket {
    fn readable(&self) {
        let Wire::Link(link) = &self.wire else {
            return;
        };
        match link.receive() {
            Ok(Received::Nothing) => {}
            Ok(Received::End) => self.over(CloseStatus::unclean()),
            Ok(received) => self.take_in(received.bytes()),
            Err(_) => self.over(CloseStatus::unclean()),
        }
    }

    fn flushed(&self) {
        let queued = self.wire.queued();
        if queued <= self.options.max_queued_bytes / 2 {
            self.resume();
        }
        if queued > 0 {
            self.was_held_up.set(true);
        } else if self.was_held_up.replace(false)
            && let Some(me) = self.me.upgrade()
            && let Some(handler) = self.handler.borrow().clone()
        {
            handler.drained(&me);
        }
    }

    fn failed(&self, _error: io::Error) {
        self.over(CloseStatus::unclean());
    }
}

impl WireHandler for Socket {
    fn arrived(&self, bytes: &[u8]) {
        self.take_in(bytes);
    }

    fn ended(&self) {
        self.over(CloseStatus::unclean());
    }
}

impl Member for Socket {
    fn sweep(&self, now: Nanos) {
        if now >= self.deadline.get() {
            // Who reads what was said before has its time after that.
            let queued = self.wire.queued();
            if queued > 0 && queued < self.unsent.replace(queued) {
                self.deadline
                    .set(self.server.after(self.server.limits.lingering_time));
            } else {
                self.over(CloseStatus::unclean());
            }
            return;
        }
        let phase = self.inner.borrow().phase;
        if phase != Phase::Open || self.is_held.get() {
            return;
        }
        let quiet = Duration::from_nanos(now.saturating_sub(self.heard.get()));
        let SocketOptions {
            idle_time,
            ping_time,
            ..
        } = *self.options;
        if !idle_time.is_zero() && quiet >= idle_time {
            self.give_up();
        } else if !ping_time.is_zero() && quiet >= ping_time && !self.asked.replace(true) {
            let _ = self.queue(Opcode::Ping, false, b"");
        }
    }

    fn drain(&self) {
        // 1001: the server goes away.
        let _ = self.close(Some(1001), "");
    }

    fn abort(&self) {
        self.over(CloseStatus::unclean());
    }
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Socket")
            .field("queued", &self.queued())
            .field("is_open", &self.is_open())
            .finish_non_exhaustive()
    }
}
