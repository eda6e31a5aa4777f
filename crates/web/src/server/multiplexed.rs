//! The streams of one HTTP/2 connection: the same exchanges as over HTTP/1.1, many at a time.
//!
//! `crate::http2` is the protocol; here its events become exchanges and their answers become frames. A stream's body is given back to the peer's
//! window as somebody takes it, so what nobody reads stays with the client; data is taken out of the protocol as the socket takes it, and the
//! writer of a stream waits while more than 64 KiB of it do (rule BOUNDED). Nothing is borrowed while a handler runs.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use twinloop_loop::Nanos;
use twinloop_loop::net::StreamHandler;

use super::exchange::{Channel, Exchange};
use super::fields::Fields;
use super::link::{Link, Received};
use super::listening::{Core, Member};
use crate::http1::{Head, Start};
use crate::http2::{self, Code, Event, Kind, Options, Role, setting};
use crate::{Error, ErrorKind, Result};

/// A stream of which more than this waits is not written on; a connection of which more waits gives no data to the socket.
const QUEUE_LIMIT: usize = 64 * 1024;

/// So much of a body that nobody wants is read all the same.
const SKIPPED_LIMIT: u64 = 256 * 1024;

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
    /// Requests that no handler has seen yet.
    waiting: Vec<u32>,
    is_over: bool,
    /// Everything is said; the socket is to end.
    is_ending: bool,
}

struct Stream {
    head: Option<Box<Head>>,
    is_head_request: bool,
    body: VecDeque<Bytes>,
    received: u64,
    incoming: Incoming,
    outgoing: Outgoing,
    /// The sizes of pieces that were not taken by the socket yet.
    pieces: VecDeque<usize>,
    queued: usize,
    heard: Nanos,
    reader: Option<Waker>,
    writer: Option<Waker>,
    gone: Vec<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Incoming {
    Coming,
    Whole,
    Failed(ErrorKind, &'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outgoing {
    Unbegun,
    /// Bytes of a body are not sent.
    Silent,
    Length(u64),
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
                waiting: Vec::new(),
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
                let waiting = std::mem::take(&mut inner.waiting);
                let mut found = None;
                let mut rest = waiting.into_iter();
                for id in rest.by_ref() {
                    if let Some(head) = inner.streams.get_mut(&id).and_then(|s| s.head.take()) {
                        found = Some((id, head));
                        break;
                    }
                }
                inner.waiting = rest.collect();
                found
            };
            let (Some((id, head)), Some(me)) = (next, self.me.upgrade()) else {
                return;
            };
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
                let Some(head) = head_of(&fields, ends) else {
                    let _ = inner.protocol.reset(stream, Code::PROTOCOL);
                    return;
                };
                inner
                    .streams
                    .insert(stream, Stream::new(head, ends, self.server.now()));
                inner.waiting.push(stream);
            }
            Event::Head { stream, ends, .. } if ends => self.body_ended(inner, stream),
            Event::Data { stream, range } => self.data(inner, stream, &bytes[range]),
            Event::End { stream } => self.body_ended(inner, stream),
            Event::Closed { stream, .. } | Event::Rejected { stream, .. } => {
                if let Some(stream) = inner.streams.remove(&stream) {
                    stream.tell_gone();
                }
            }
            _ => {}
        }
    }

    fn data(&self, inner: &mut Inner, id: u32, bytes: &[u8]) {
        let length = bytes.len();
        let Some(stream) = inner.streams.get_mut(&id) else {
            inner.protocol.consume(id, length as u32);
            return;
        };
        stream.heard = self.server.now();
        stream.received += length as u64;
        if stream.outgoing == Outgoing::Over || stream.incoming != Incoming::Coming {
            inner.protocol.consume(id, length as u32);
            if stream.received > SKIPPED_LIMIT {
                self.end_unread(inner, id);
            }
            return;
        }
        if stream.received > self.server.limits.body_bytes {
            stream.incoming =
                Incoming::Failed(ErrorKind::Full, "the body is longer than the limit");
            stream.body.clear();
            wake(&mut stream.reader);
            inner.protocol.consume(id, length as u32);
            return;
        }
        stream.body.push_back(Bytes::copy_from_slice(bytes));
        wake(&mut stream.reader);
    }

    fn body_ended(&self, inner: &mut Inner, id: u32) {
        if let Some(stream) = inner.streams.get_mut(&id) {
            if stream.incoming == Incoming::Coming {
                stream.incoming = Incoming::Whole;
            }
            wake(&mut stream.reader);
        }
    }

    /// The answer is complete, and nobody wants the rest of the request (RFC 9113, 8.1).
    fn end_unread(&self, inner: &mut Inner, id: u32) {
        let _ = inner.protocol.reset(id, Code::NONE);
        if let Some(stream) = inner.streams.remove(&id) {
            stream.tell_gone();
        }
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
            if bytes.is_empty() {
                break;
            }
            self.sent.set(self.server.now());
            if self.link.write_shared(&Bytes::from(bytes)).is_err() {
                self.close(inner);
                return;
            }
        }
        // What was taken may have ended streams.
        let now = Instant::now();
        while let Ok(Some(event)) = inner.protocol.receive(&[], &mut 0, now) {
            self.happened(inner, event, &[]);
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
            stream.tell_gone();
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
        self.flush(inner);
        outcome
    }

    fn send_head(
        &self,
        protocol: &mut http2::Connection,
        stream: &mut Stream,
        id: u32,
        status: u16,
        fields: &Fields,
        body: Option<&Bytes>,
    ) -> Result<()> {
        let has_no_body = stream.is_head_request || matches!(status, 204 | 304);
        let own = fields.length;
        let length = match body {
            _ if status == 204 => None,
            Some(body) if has_no_body => {
                own.or_else(|| (status != 304 || !body.is_empty()).then_some(body.len() as u64))
            }
            Some(body) => Some(body.len() as u64),
            None => own,
        };
        let ends = has_no_body || body.is_some_and(Bytes::is_empty);
        let mut sent = wire_fields(status, fields);
        if let Some(length) = length {
            sent.push(b"content-length", length.to_string().as_bytes(), false);
        }
        if !fields.has_date {
            self.server
                .with_date(|date| sent.push(b"date", date, false));
        }
        protocol
            .headers(id, &sent, ends && body.is_some())
            .map_err(|_| gone())?;
        stream.outgoing = match body {
            Some(_) => Outgoing::Over,
            None if has_no_body => Outgoing::Silent,
            None => own.map_or(Outgoing::Open, Outgoing::Length),
        };
        match body {
            Some(body) if !ends => {
                stream.queue(protocol, id, body)?;
                protocol.end(id).map_err(|_| gone())
            }
            _ => Ok(()),
        }
    }
}

impl Stream {
    fn new(head: Box<Head>, ends: bool, now: Nanos) -> Stream {
        let is_head_request =
            matches!(&head.start, Start::Request { method, .. } if method == "HEAD");
        Stream {
            head: Some(head),
            is_head_request,
            body: VecDeque::new(),
            received: 0,
            incoming: if ends {
                Incoming::Whole
            } else {
                Incoming::Coming
            },
            outgoing: Outgoing::Unbegun,
            pieces: VecDeque::new(),
            queued: 0,
            heard: now,
            reader: None,
            writer: None,
            gone: Vec::new(),
        }
    }

    fn queue(&mut self, protocol: &mut http2::Connection, id: u32, bytes: &Bytes) -> Result<()> {
        protocol.data(id, bytes.to_vec()).map_err(|_| gone())?;
        self.pieces.push_back(bytes.len());
        self.queued += bytes.len();
        Ok(())
    }

    fn tell_gone(mut self) {
        wake(&mut self.reader);
        wake(&mut self.writer);
        self.gone.drain(..).for_each(Waker::wake);
    }
}

/// The head as it would have come over HTTP/1.1. The authority is the host, and cookies are one field (RFC 9113, 8.2.3 and 8.3.1).
fn head_of(fields: &http2::Fields, ends: bool) -> Option<Box<Head>> {
    let mut method = None;
    let mut target = None;
    let mut authority = None;
    let mut text = Vec::with_capacity(fields.text().len());
    let mut cookies: Vec<u8> = Vec::new();
    let mut host = None;
    for field in fields.iter() {
        match field.name {
            b":method" => method = String::from_utf8(field.value.to_vec()).ok(),
            b":path" => target = Some(field.value.to_vec()),
            b":authority" => authority = Some(field.value),
            b":scheme" | b":protocol" => {}
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
    let method = method?;
    // A tunnel names a host alone.
    let target = target.or_else(|| authority.map(<[u8]>::to_vec))?;
    Some(Box::new(Head {
        start: Start::Request { method, target },
        minor_version: 1,
        fields: text,
        keeps_alive: true,
        upgrades: false,
        expects_continue: false,
        expects_other: false,
        has_body: !ends,
        length: None,
        has_host: true,
    }))
}

fn push_field(text: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    text.extend_from_slice(name);
    text.push(0);
    text.extend_from_slice(value);
    text.push(0);
}

fn wire_fields(status: u16, fields: &Fields) -> http2::Fields {
    let mut sent = http2::Fields::default();
    sent.push(b":status", status.to_string().as_bytes(), false);
    push_all(&mut sent, fields);
    sent
}

fn push_all(sent: &mut http2::Fields, fields: &Fields) {
    for (name, value) in fields.iter() {
        let name = name.to_ascii_lowercase();
        // What speaks of a connection of HTTP/1.1 has no meaning here.
        if name != b"upgrade" {
            sent.push(&name, value, false);
        }
    }
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
        if inner.is_ending && is_late(self.heard.get(), limits.lingering_time) {
            self.close(inner);
            return;
        }
        let silent: Vec<u32> = inner
            .streams
            .iter()
            .filter(|(_, stream)| {
                stream.incoming == Incoming::Coming
                    && stream.body.is_empty()
                    && is_late(stream.heard, limits.body_time)
            })
            .map(|(id, _)| *id)
            .collect();
        for id in silent {
            let _ = inner.protocol.reset(id, Code::CANCEL);
            if let Some(stream) = inner.streams.remove(&id) {
                stream.tell_gone();
            }
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

impl Channel for Multiplexed {
    fn respond(&self, id: u32, status: u16, fields: &Fields, body: &Bytes) -> Result<()> {
        self.with_stream(id, |protocol, stream| {
            self.send_head(protocol, stream, id, status, fields, Some(body))
        })
    }

    fn begin(&self, id: u32, status: u16, fields: &Fields) -> Result<()> {
        self.with_stream(id, |protocol, stream| {
            self.send_head(protocol, stream, id, status, fields, None)
        })
    }

    fn write(&self, id: u32, bytes: &Bytes) -> Result<()> {
        let fits = self.with_stream(id, |protocol, stream| {
            match &mut stream.outgoing {
                Outgoing::Silent => return Ok(true),
                _ if bytes.is_empty() => return Ok(true),
                Outgoing::Length(left) if (bytes.len() as u64) > *left => return Ok(false),
                Outgoing::Length(left) => *left -= bytes.len() as u64,
                _ => {}
            }
            stream.queue(protocol, id, bytes).map(|()| true)
        })?;
        if fits {
            return Ok(());
        }
        self.cut(id);
        Err(Error::new(
            ErrorKind::Argument,
            "the body is longer than its content-length",
        ))
    }

    fn finish(&self, id: u32, trailers: &Fields) -> Result<()> {
        let missing = self.with_stream(id, |protocol, stream| {
            if let Outgoing::Length(left @ 1..) = stream.outgoing {
                return Ok(left);
            }
            stream.outgoing = Outgoing::Over;
            let ended = if trailers.bytes.is_empty() {
                protocol.end(id)
            } else {
                let mut fields = http2::Fields::default();
                push_all(&mut fields, trailers);
                protocol.trailers(id, fields)
            };
            ended.map(|()| 0).map_err(|_| gone())
        })?;
        if missing == 0 {
            return Ok(());
        }
        self.cut(id);
        Err(Error::new(
            ErrorKind::Argument,
            format!("the body is {missing} bytes shorter than its content-length"),
        ))
    }

    fn inform(&self, id: u32, status: u16, fields: &Fields) -> Result<()> {
        self.with_stream(id, |protocol, _| {
            protocol
                .headers(id, &wire_fields(status, fields), false)
                .map_err(|_| gone())
        })
    }

    fn cut(&self, id: u32) {
        let inner = &mut *self.inner.borrow_mut();
        if let Some(stream) = inner.streams.remove(&id) {
            let _ = inner.protocol.reset(id, Code::INTERNAL);
            stream.tell_gone();
            self.flush(inner);
        }
    }

    fn queued(&self, id: u32) -> usize {
        let inner = self.inner.borrow();
        inner.streams.get(&id).map_or(0, |stream| stream.queued)
    }

    fn poll_ready(&self, id: u32, context: &mut Context<'_>) -> Poll<Result<()>> {
        let inner = &mut *self.inner.borrow_mut();
        match inner.streams.get_mut(&id) {
            None => Poll::Ready(Err(gone())),
            Some(stream) if stream.queued < QUEUE_LIMIT => Poll::Ready(Ok(())),
            Some(stream) => {
                remember(&mut stream.writer, context);
                Poll::Pending
            }
        }
    }

    fn take_whole_body(&self, id: u32) -> Option<Bytes> {
        let inner = &mut *self.inner.borrow_mut();
        let stream = inner.streams.get_mut(&id)?;
        if stream.incoming != Incoming::Whole {
            return None;
        }
        let mut whole = BytesMut::new();
        for piece in stream.body.drain(..) {
            whole.extend_from_slice(&piece);
        }
        inner.protocol.consume(id, whole.len() as u32);
        self.flush(inner);
        Some(whole.freeze())
    }

    fn poll_body(&self, id: u32, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let inner = &mut *self.inner.borrow_mut();
        let Some(stream) = inner.streams.get_mut(&id) else {
            return Poll::Ready(Some(Err(gone())));
        };
        if let Some(piece) = stream.body.pop_front() {
            inner.protocol.consume(id, piece.len() as u32);
            self.flush(inner);
            return Poll::Ready(Some(Ok(piece)));
        }
        match stream.incoming {
            Incoming::Whole => Poll::Ready(None),
            Incoming::Failed(kind, what) => Poll::Ready(Some(Err(Error::new(kind, what)))),
            Incoming::Coming => {
                remember(&mut stream.reader, context);
                Poll::Pending
            }
        }
    }

    fn poll_gone(&self, id: u32, context: &mut Context<'_>) -> Poll<()> {
        let inner = &mut *self.inner.borrow_mut();
        match inner.streams.get_mut(&id) {
            None => Poll::Ready(()),
            Some(stream) => {
                let waker = context.waker();
                if !stream.gone.iter().any(|other| other.will_wake(waker)) {
                    stream.gone.push(waker.clone());
                }
                Poll::Pending
            }
        }
    }

    fn take_link(&self, _id: u32) -> Result<(Rc<Core>, Rc<Link>, Vec<u8>)> {
        Err(Error::new(
            ErrorKind::Argument,
            "a stream of HTTP/2 cannot become a connection of another protocol",
        ))
    }

    fn link(&self) -> Option<Rc<Link>> {
        Some(Rc::clone(&self.link))
    }

    fn is_http2(&self) -> bool {
        true
    }
}

fn gone() -> Error {
    Error::new(ErrorKind::Closed, "the client has gone")
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

fn remember(slot: &mut Option<Waker>, context: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(context.waker()),
        None => *slot = Some(context.waker().clone()),
    }
}
