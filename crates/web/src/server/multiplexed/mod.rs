//! The streams of one HTTP/2 connection: the same exchanges as over HTTP/1.1, many at a time.
//!
//! `crate::http2` is the protocol; here its events become exchanges and their answers become frames. A stream's body is given back to the peer's
//! window as somebody takes it, so what nobody reads stays with the client; data is taken out of the protocol as the socket takes it, and the
//! writer of a stream waits while more than 64 KiB of it do (rule BOUNDED). Nothing is borrowed while a handler runs.

mod sending;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::rc::{Rc, Weak};
use std::task::Waker;
use std::time::Instant;

use bytes::Bytes;
use twinloop_loop::Nanos;
use twinloop_loop::net::StreamHandler;

use super::arriving::{Arriving, gone, refusal, wake};
use super::exchange::{Content, Exchange};
use super::fields::Fields;
use super::link::{Link, Received};
use super::listening::{Core, Member};
use crate::Result;
use crate::http1::Head;
use crate::http2::{self, Code, Event, Kind, Options, Role, State, setting};

/// A stream of which more than this waits is not written on; a connection of which more waits gives no data to the socket.
const QUEUE_LIMIT: usize = 64 * 1024;

/// How much of a body a client may send before somebody reads it, and of all its bodies.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// How many requests a client may have under way.
const MOST_STREAMS: u32 = 256;

pub(super) struct Multiplexed {
    server: Rc<Core>,
    key: Cell<usize>,
    link: Rc<Link>,
    me: Weak<Multiplexed>,
    inner: RefCell<Inner>,
    /// When the peer last said anything, and when something of ours last went.
    heard: Cell<Nanos>,
    sent: Cell<Nanos>,
    is_feeding: Cell<bool>,
}

struct Inner {
    protocol: http2::Connection,
    streams: HashMap<u32, Stream>,
    /// Requests that no handler has seen yet, though it may.
    due: VecDeque<u32>,
    /// Streams whose answers are complete and of whose bodies nobody wants the rest.
    unwanted: Vec<u32>,
    is_over: bool,
    /// Everything is said; the socket is to end.
    is_ending: bool,
}

struct Stream {
    arriving: Arriving,
    outgoing: Outgoing,
    /// The sizes of pieces that were not taken by the socket yet.
    pieces: VecDeque<usize>,
    queued: usize,
    heard: Nanos,
    writer: Option<Waker>,
    /// Its rest is refused once its answer has gone.
    is_unwanted: bool,
    tunnel: Tunneled,
}

/// Whether a stream is to carry another protocol (RFC 8441).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tunneled {
    No,
    Asked,
    Accepted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outgoing {
    Unbegun,
    /// Bytes of a body are not sent.
    Silent,
    Open,
    Over,
}

impl Multiplexed {
    /// Goes on with a connection whose first bytes are those of HTTP/2.
    pub(super) fn start(server: &Rc<Core>, link: Rc<Link>, received: &[u8]) {
        let options = Options {
            settings: vec![
                (setting::MAX_CONCURRENT_STREAMS, MOST_STREAMS),
                (setting::INITIAL_WINDOW_SIZE, STREAM_WINDOW),
                (
                    setting::MAX_HEADER_LIST_SIZE,
                    u32::try_from(server.limits.head_bytes).unwrap_or(u32::MAX),
                ),
                (setting::ENABLE_CONNECT_PROTOCOL, 1),
            ],
            ..Options::default()
        };
        let mut protocol = http2::Connection::new(Role::Server, options);
        // A larger window than the standard one is allowed at any time.
        let _ = protocol.set_window(CONNECTION_WINDOW);
        let connection = Rc::new_cyclic(|me| Multiplexed {
            server: Rc::clone(server),
            key: Cell::new(0),
            link,
            me: me.clone(),
            inner: RefCell::new(Inner {
                protocol,
                streams: HashMap::new(),
                due: VecDeque::new(),
                unwanted: Vec::new(),
                is_over: false,
                is_ending: false,
            }),
            heard: Cell::new(server.now()),
            sent: Cell::new(server.now()),
            is_feeding: Cell::new(false),
        });
        let member = Rc::clone(&connection) as Rc<dyn Member>;
        connection.key.set(server.admit(member));
        let handler = Rc::clone(&connection) as Rc<dyn StreamHandler>;
        connection.link.set_handler(Some(handler));
        connection.arrived(received);
    }

    // ---- receiving

    fn arrived(&self, bytes: &[u8]) {
        self.heard.set(self.server.now());
        self.is_feeding.set(true);
        {
            let inner = &mut *self.inner.borrow_mut();
            let now = Instant::now();
            let mut at = 0;
            while !inner.is_over {
                match inner.protocol.receive(bytes, &mut at, now) {
                    Ok(Some(event)) => self.happened(inner, event, bytes),
                    Ok(None) | Err(_) => break,
                }
            }
        }
        self.dispatch();
        self.is_feeding.set(false);
        self.flush(&mut self.inner.borrow_mut());
    }

    /// Hands on what has come, after what came with it: a short body is there then.
    fn dispatch(&self) {
        loop {
            let next = {
                let inner = &mut *self.inner.borrow_mut();
                let id = inner.due.pop_front();
                id.map(|id| {
                    let stream = inner.streams.get_mut(&id);
                    (id, stream.and_then(|stream| stream.arriving.take_head()))
                })
            };
            let (id, head) = match next {
                Some((id, Some(head))) => (id, head),
                // It has gone again.
                Some((_, None)) => continue,
                None => return,
            };
            let Some(me) = self.me.upgrade() else { return };
            let handler = self.server.handler();
            handler.request(Exchange::new(me, id, head));
        }
    }

    fn happened(&self, inner: &mut Inner, event: Event, bytes: &[u8]) {
        match event {
            Event::Head {
                stream,
                kind: Kind::Request,
                fields,
                ends,
                ..
            } => {
                let Some((head, protocol)) = head_of(&fields, ends) else {
                    let _ = inner.protocol.reset(stream, Code::PROTOCOL);
                    return;
                };
                self.began(inner, stream, head, protocol, ends);
            }
            Event::Head { stream, ends, .. } if ends => self.body_ended(inner, stream),
            Event::Data { stream, range } => self.data(inner, stream, &bytes[range]),
            Event::End { stream } => self.body_ended(inner, stream),
            Event::Closed { stream, .. } | Event::Rejected { stream, .. } => {
                inner.forget(stream);
            }
            _ => {}
        }
    }

    fn began(&self, inner: &mut Inner, id: u32, head: Box<Head>, asked: Protocol, ends: bool) {
        let refused = match asked {
            Protocol::Other => Some(501),
            _ => refusal(&head, &self.server.limits),
        };
        let mut stream = Stream::new(head, ends, self.server.now());
        if asked == Protocol::WebSocket {
            stream.tunnel = Tunneled::Asked;
        }
        if let Some(status) = refused {
            let (protocol, nothing) = (&mut inner.protocol, Content::Lent(b""));
            let fields = Fields::new();
            let sent = self.send_head(protocol, &mut stream, id, status, &fields, Some(nothing));
            debug_assert!(sent.is_ok(), "a stream that has just begun");
            stream.refuse_rest(id, &mut inner.unwanted);
        } else if ends || !stream.arriving.is_awaited() {
            inner.due.push_back(id);
        }
        inner.streams.insert(id, stream);
    }

    fn data(&self, inner: &mut Inner, id: u32, bytes: &[u8]) {
        let length = bytes.len();
        let Some(stream) = inner.streams.get_mut(&id) else {
            inner.protocol.consume(id, length as u32);
            return;
        };
        stream.heard = self.server.now();
        let is_answered = stream.outgoing == Outgoing::Over;
        if !is_answered && !stream.arriving.has_failed() {
            let waited = stream.arriving.size();
            if stream.arriving.data(bytes, None, &self.server.limits) {
                return;
            }
            inner.protocol.consume_connection(waited as u32);
        }
        // Others may send instead. Until it is answered its own window stays as it is.
        inner.protocol.consume_connection(length as u32);
        if !is_answered {
            return;
        }
        if stream.arriving.skip(length) {
            inner.protocol.consume_stream(id, length as u32);
        } else {
            stream.refuse_rest(id, &mut inner.unwanted);
        }
    }

    fn body_ended(&self, inner: &mut Inner, id: u32) {
        if let Some(stream) = inner.streams.get_mut(&id) {
            let was_awaited = stream.arriving.is_awaited();
            stream.arriving.end();
            if was_awaited {
                inner.due.push_back(id);
            }
        }
    }

    /// Refuses the rest of requests whose answers have gone (RFC 9113, 8.1). Whether there were any.
    fn end_unwanted(&self, inner: &mut Inner) -> bool {
        let before = inner.unwanted.len();
        let mut unwanted = std::mem::take(&mut inner.unwanted);
        unwanted.retain(|&id| match inner.protocol.stream_state(id) {
            State::HalfClosedLocal => {
                let _ = inner.protocol.reset(id, Code::NONE);
                inner.forget(id);
                false
            }
            state => state != State::Closed,
        });
        inner.unwanted = unwanted;
        inner.unwanted.len() < before
    }

    // ---- sending

    /// Gives the socket what it takes, unless a read is being looked at: its end does so.
    fn flush(&self, inner: &mut Inner) {
        if self.is_feeding.get() || inner.is_over {
            return;
        }
        loop {
            let room = QUEUE_LIMIT.saturating_sub(self.link.queued());
            let bytes = inner.protocol.take(room);
            self.note_written(inner);
            let is_done = bytes.is_empty();
            if !is_done {
                self.sent.set(self.server.now());
                let bytes = Bytes::from(bytes);
                if self.link.write_content(Content::Shared(&bytes)).is_err() {
                    self.close(inner);
                    return;
                }
            }
            // What was taken may have ended streams, and what is told of that may be answered.
            let mut has_news = self.end_unwanted(inner);
            let now = Instant::now();
            while let Ok(Some(event)) = inner.protocol.receive(&[], &mut 0, now) {
                self.happened(inner, event, &[]);
                has_news = true;
            }
            if is_done && !has_news {
                break;
            }
        }
        if inner.protocol.is_over() && !inner.is_ending && !inner.protocol.has_output() {
            inner.is_ending = true;
            self.link.end();
        }
    }

    fn note_written(&self, inner: &mut Inner) {
        for id in inner.protocol.take_written() {
            if let Some(stream) = inner.streams.get_mut(&id)
                && let Some(size) = stream.pieces.pop_front()
            {
                stream.queued -= size;
                if stream.queued < QUEUE_LIMIT {
                    wake(&mut stream.writer);
                }
            }
        }
    }

    fn close(&self, inner: &mut Inner) {
        if std::mem::replace(&mut inner.is_over, true) {
            return;
        }
        for (_, stream) in inner.streams.drain() {
            stream.forget();
        }
        self.link.close();
        self.server.dismiss(self.key.get());
    }

    fn with_stream<T>(
        &self,
        id: u32,
        act: impl FnOnce(&mut http2::Connection, &mut Stream) -> Result<T>,
    ) -> Result<T> {
        let inner = &mut *self.inner.borrow_mut();
        let Some(stream) = inner.streams.get_mut(&id) else {
            return Err(gone());
        };
        let outcome = act(&mut inner.protocol, stream);
        if stream.outgoing == Outgoing::Over {
            stream.leave_rest(&mut inner.protocol, id, &mut inner.unwanted);
        }
        self.flush(inner);
        outcome
    }
}

impl Stream {
    fn new(head: Box<Head>, ends: bool, now: Nanos) -> Stream {
        Stream {
            arriving: Arriving::new(head, ends),
            outgoing: Outgoing::Unbegun,
            pieces: VecDeque::new(),
            queued: 0,
            heard: now,
            writer: None,
            is_unwanted: false,
            tunnel: Tunneled::No,
        }
    }

    /// Nobody wants what else comes of the request.
    fn refuse_rest(&mut self, id: u32, unwanted: &mut Vec<u32>) {
        if !self.arriving.is_whole() && !std::mem::replace(&mut self.is_unwanted, true) {
            unwanted.push(id);
        }
    }

    /// It is answered: what has come of its body is of no use, and what comes is only so that the client hears the answer.
    fn leave_rest(&mut self, protocol: &mut http2::Connection, id: u32, unwanted: &mut Vec<u32>) {
        if self.arriving.has_failed() || self.tunnel == Tunneled::Asked {
            self.refuse_rest(id, unwanted);
        } else {
            protocol.consume(id, self.arriving.discard() as u32);
        }
    }

    fn queue(&mut self, protocol: &mut http2::Connection, id: u32, bytes: &[u8]) -> Result<()> {
        protocol.data(id, bytes.to_vec()).map_err(|_| gone())?;
        self.pieces.push_back(bytes.len());
        self.queued += bytes.len();
        Ok(())
    }

    /// Whoever waits for anything of it hears that it has ended.
    fn forget(mut self) {
        wake(&mut self.writer);
        self.arriving.forget();
    }
}

impl Inner {
    /// A stream is over. What nobody has taken of its body is given back to all others.
    fn forget(&mut self, id: u32) {
        if let Some(stream) = self.streams.remove(&id) {
            self.protocol
                .consume_connection(stream.arriving.size() as u32);
            stream.forget();
        }
    }
}

/// What CONNECT asks for besides a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    None,
    WebSocket,
    Other,
}

/// The head as it would have come over HTTP/1.1. The authority is the host, cookies are one field (RFC 9113, 8.2.3 and 8.3.1), and who wants a
/// WebSocket asks for it as there, without a key.
fn head_of(fields: &http2::Fields, ends: bool) -> Option<(Box<Head>, Protocol)> {
    let mut method = None;
    let mut target = None;
    let mut authority = None;
    let mut text = Vec::with_capacity(fields.text().len());
    let mut cookies: Vec<u8> = Vec::new();
    let mut host = None;
    let mut protocol = Protocol::None;
    for field in fields.iter() {
        match field.name {
            b":method" => method = String::from_utf8(field.value.to_vec()).ok(),
            b":path" => target = Some(field.value.to_vec()),
            b":authority" => authority = Some(field.value),
            b":scheme" => {}
            b":protocol" if field.value == b"websocket" => protocol = Protocol::WebSocket,
            b":protocol" => protocol = Protocol::Other,
            b"cookie" => {
                if !cookies.is_empty() {
                    cookies.extend_from_slice(b"; ");
                }
                cookies.extend_from_slice(field.value);
            }
            name => {
                if name == b"host" {
                    host = Some(field.value);
                }
                push_field(&mut text, name, field.value);
            }
        }
    }
    // Two names for one host are for two readers (RFC 9113, 8.3.1).
    if host.is_some() && authority.is_some() && host != authority {
        return None;
    }
    if let Some(authority) = authority.filter(|_| host.is_none()) {
        push_field(&mut text, b"host", authority);
    }
    if !cookies.is_empty() {
        push_field(&mut text, b"cookie", &cookies);
    }
    let mut method = method?;
    if protocol == Protocol::WebSocket {
        method = "GET".to_owned();
        push_field(&mut text, b"connection", b"upgrade");
        push_field(&mut text, b"upgrade", b"websocket");
    }
    // A tunnel names a host alone.
    let target = target.or_else(|| authority.map(<[u8]>::to_vec))?;
    let mut head = Head::of_request(method, target, text, ends).ok()?;
    if protocol == Protocol::WebSocket {
        head.upgrades = true;
        // What comes is the other protocol's.
        head.has_body = false;
    }
    Some((Box::new(head), protocol))
}

fn push_field(text: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    text.extend_from_slice(name);
    text.push(0);
    text.extend_from_slice(value);
    text.push(0);
}

impl StreamHandler for Multiplexed {
    fn readable(&self) {
        match self.link.receive() {
            Ok(Received::Nothing) => {}
            Ok(Received::End) => {
                let inner = &mut *self.inner.borrow_mut();
                // Who closes one direction has no use for the other, as requests end by themselves.
                self.close(inner);
            }
            Ok(received) => self.arrived(received.bytes()),
            Err(error) => self.failed(error),
        }
    }

    fn flushed(&self) {
        self.flush(&mut self.inner.borrow_mut());
    }

    fn failed(&self, _error: io::Error) {
        self.close(&mut self.inner.borrow_mut());
    }
}

impl Member for Multiplexed {
    fn sweep(&self, now: Nanos) {
        let inner = &mut *self.inner.borrow_mut();
        let limits = &self.server.limits;
        let is_late = |since: Nanos, most: std::time::Duration| {
            u128::from(now.saturating_sub(since)) > most.as_nanos()
        };
        let waits = self.link.queued() > 0 || inner.protocol.queued_bytes() > 0;
        if !waits {
            self.sent.set(now);
        } else if is_late(self.sent.get(), limits.write_time) {
            self.close(inner);
            return;
        }
        if inner.is_ending && !waits && is_late(self.heard.get(), limits.lingering_time) {
            self.close(inner);
            return;
        }
        let silent: Vec<u32> = inner
            .streams
            .iter()
            .filter(|(_, stream)| {
                stream.tunnel != Tunneled::Accepted
                    && stream.arriving.is_coming()
                    && (stream.arriving.size() == 0 || stream.arriving.is_awaited())
                    && is_late(stream.heard, limits.body_time)
            })
            .map(|(id, _)| *id)
            .collect();
        for id in silent {
            let _ = inner.protocol.reset(id, Code::CANCEL);
            inner.forget(id);
        }
        if inner.streams.is_empty() && is_late(self.heard.get(), limits.idle_time) {
            inner.protocol.go_away(None, Code::NONE, &[]);
        }
        self.flush(inner);
    }

    fn drain(&self) {
        let inner = &mut *self.inner.borrow_mut();
        inner.protocol.go_away(None, Code::NONE, &[]);
        self.flush(inner);
    }

    fn abort(&self) {
        self.close(&mut self.inner.borrow_mut());
    }
}
