//! The messages of one HTTP/1.1 connection: bytes to requests, answers to bytes.
//!
//! One request at a time: what came behind it waits, unparsed, until it is answered (pipelining). A request whose body has not come is handed on all
//! the same, and reading stops while too much of it waits to be taken. An answer may be over before its request: what is left of the body is
//! skipped, up to a limit. The end: after the last answer the server says that it ends, and waits a moment for the client to do so, because a
//! socket that is closed with unread bytes takes its last answer back (RFC 9112, 9.6). Nothing is borrowed while a handler runs.

mod sending;

use std::cell::{Cell, RefCell};
use std::io;
use std::ops::Range;
use std::rc::{Rc, Weak};
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use twinloop_loop::net::StreamHandler;
use twinloop_loop::{Entry, Loop, Nanos};

use self::sending::{QUEUE_LIMIT, reason};
use super::arriving::{Arriving, SKIPPED_LIMIT, refusal, wake};
use super::exchange::Exchange;
use super::link::{Link, MOST, Received, Room};
use super::listening::{Core, Member};
use super::multiplexed::Multiplexed;
use crate::ErrorKind;
use crate::http1::{Event, Failure, Head, Kind, Parser};
use crate::http2::PREFACE;

/// Above this much of a body that nobody took, or of requests that wait for their turn, reading stops.
const WAITING_LIMIT: usize = 64 * 1024;

/// From this size on a body is worth memory of its own.
const KEPT_BODY: u64 = 16 * 1024;

/// How long a server that closes waits for the first request of a connection.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

pub(super) struct Connection {
    server: Rc<Core>,
    key: Cell<usize>,
    link: Rc<Link>,
    me: Weak<Connection>,
    inner: RefCell<Inner>,
    /// When whatever is awaited now has lasted too long.
    deadline: Cell<Nanos>,
    /// What waited at the last look, and since when nobody has read of it.
    stuck: Cell<(usize, Nanos)>,
    /// Nothing of HTTP/1.1 has come yet, and so much of what may be HTTP/2.
    is_fresh: Cell<bool>,
    first: RefCell<Vec<u8>>,
    /// For another request like the last, if that came with one read and is mostly body.
    room: Cell<Option<Room>>,
    /// Bytes are being parsed further up the stack: whoever ends a request there need not go on.
    feeding: Cell<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// Everything is said; the client may end too.
    Ending,
    /// Closed, or another protocol's.
    Over,
}

struct Inner {
    parser: Parser,
    /// What came behind the request that is being answered.
    held: Vec<u8>,
    running: Option<Running>,
    next_id: u32,
    phase: Phase,
    peer_ended: bool,
    is_paused: bool,
    /// A head has begun to come: its time runs.
    head_begun: bool,
    /// What came after everything was said.
    lingered: usize,
}

/// A request that is being received or answered.
struct Running {
    id: u32,
    arriving: Arriving,
    minor_version: u8,
    keeps_alive: bool,
    outgoing: Outgoing,
    writer: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outgoing {
    Unbegun,
    /// Bytes of a body are not sent: the answer is to HEAD, or of a status without one.
    Silent,
    /// The head says how many bytes come.
    Length,
    Chunked,
    /// The end of the connection ends the body.
    Rest,
    Over,
}

/// Bytes that are parsed, in whatever they came in.
enum Input {
    Received(Received),
    Held(Vec<u8>),
    Used,
}

impl Input {
    fn bytes(&self) -> &[u8] {
        match self {
            Input::Received(received) => received.bytes(),
            Input::Held(bytes) => bytes,
            Input::Used => &[],
        }
    }

    /// A part of them without a copy, where they came in may be kept.
    fn keep(&self, range: Range<usize>) -> Option<Bytes> {
        match self {
            Input::Received(received) => received.keep(range),
            _ => None,
        }
    }
}

/// What a look at the bytes came to.
enum Step {
    /// All is read, or waits for the answer.
    Done,
    Dispatch(u32, Box<Head>),
    Refuse(u16),
}

/// Room for a request like one of which so much came in the read with which it ended; none if it was not all, or is small.
fn room_for(came: usize, body: u64) -> Option<Room> {
    if body >= KEPT_BODY && came as u64 > body && came <= MOST {
        Some(Room {
            // The next may be a little longer.
            bytes: came + came / 16,
            // A client's heads are mostly as long as each other.
            head: came - body as usize,
        })
    } else {
        None
    }
}

impl Connection {
    pub(super) fn start(server: &Rc<Core>, link: Link) -> Rc<Connection> {
        let connection = Rc::new_cyclic(|me| Connection {
            server: Rc::clone(server),
            key: Cell::new(0),
            link: Rc::new(link),
            me: me.clone(),
            inner: RefCell::new(Inner {
                parser: Parser::new(Kind::Request, server.limits.head_bytes).any_method(),
                held: Vec::new(),
                running: None,
                next_id: 0,
                phase: Phase::Open,
                peer_ended: false,
                is_paused: false,
                head_begun: true,
                lingered: 0,
            }),
            deadline: Cell::new(server.after(server.limits.head_time)),
            stuck: Cell::new((0, 0)),
            is_fresh: Cell::new(true),
            first: RefCell::default(),
            room: Cell::new(None),
            feeding: Cell::new(false),
        });
        connection
            .key
            .set(server.admit(Rc::clone(&connection) as Rc<dyn Member>));
        let handler = Rc::clone(&connection) as Rc<dyn StreamHandler>;
        connection.link.set_handler(Some(handler));
        connection
    }

    // ---- receiving

    fn arrived(&self, received: Received) {
        let mut input = Input::Received(received);
        if self.is_fresh.get() {
            // A client of HTTP/2 says so first (RFC 9113, 3.4), or by TLS (3.2).
            let mut first = self.first.take();
            first.extend_from_slice(input.bytes());
            let known = first.len().min(PREFACE.len());
            let has_agreed = self.link.has_agreed_on_http2();
            if has_agreed || first[..known] == PREFACE[..known] {
                if known < PREFACE.len() && !has_agreed {
                    self.first.replace(first);
                    return;
                }
                self.is_fresh.set(false);
                self.leave(&mut self.inner.borrow_mut());
                Multiplexed::start(&self.server, Rc::clone(&self.link), &first);
                return;
            }
            self.is_fresh.set(false);
            input = Input::Held(first);
        }
        {
            let inner = &mut *self.inner.borrow_mut();
            match inner.phase {
                Phase::Open => {}
                Phase::Ending => {
                    inner.lingered += input.bytes().len();
                    if inner.lingered > SKIPPED_LIMIT {
                        self.close(inner);
                    }
                    return;
                }
                Phase::Over => return,
            }
            if !inner.held.is_empty() {
                inner.held.extend_from_slice(input.bytes());
                if inner.held.len() > WAITING_LIMIT {
                    self.pause(inner);
                }
                return;
            }
        }
        self.feed(input);
    }

    /// Parses, and hands on what is there.
    fn feed(&self, mut input: Input) {
        self.feeding.set(true);
        let mut at = 0;
        loop {
            let step = {
                let inner = &mut *self.inner.borrow_mut();
                self.step(inner, &input, &mut at)
            };
            match step {
                Step::Done => break,
                Step::Dispatch(id, head) => {
                    let Some(me) = self.me.upgrade() else { break };
                    if at == input.bytes().len() {
                        // A body that stands there is the handler's alone, who need not copy it to change it.
                        (input, at) = (Input::Used, 0);
                    }
                    let handler = self.server.handler();
                    handler.request(Exchange::new(me, id, head));
                }
                Step::Refuse(status) => {
                    self.refuse(&mut self.inner.borrow_mut(), status);
                    break;
                }
            }
        }
        self.feeding.set(false);
        let inner = &mut *self.inner.borrow_mut();
        if inner.phase != Phase::Open {
            return;
        }
        let rest = &input.bytes()[at..];
        if !rest.is_empty() {
            inner.held.extend_from_slice(rest);
            if inner.held.len() > WAITING_LIMIT {
                self.pause(inner);
            }
        } else if inner.peer_ended && inner.running.is_none() {
            self.end(inner);
        }
    }

    fn step(&self, inner: &mut Inner, input: &Input, at: &mut usize) -> Step {
        let bytes = input.bytes();
        loop {
            if inner.phase != Phase::Open {
                return Step::Done;
            }
            if let Some(running) = &mut inner.running
                && !running.arriving.is_coming()
            {
                // Whoever changes the protocol gets what came behind the request.
                if running.arriving.may_upgrade() {
                    inner.held.extend_from_slice(&bytes[*at..]);
                    *at = bytes.len();
                }
                return running.dispatch();
            }
            let event = match inner.parser.next(bytes, at) {
                Ok(Some(event)) => event,
                Ok(None) => return self.wait_for_more(inner),
                Err(failure) => return self.malformed(inner, failure),
            };
            match event {
                Event::Head(head) => {
                    if let Some(status) = refusal(&head, &self.server.limits) {
                        return Step::Refuse(status);
                    }
                    inner.begin(head);
                }
                Event::Data(range) => {
                    let kept = input.keep(range.clone());
                    self.data(inner, &bytes[range], kept);
                }
                Event::End(_) => {
                    if let Some(running) = &mut inner.running {
                        running.arriving.end();
                        self.room.set(room_for(*at, running.arriving.received()));
                    }
                    self.deadline.set(Nanos::MAX);
                    self.settle(inner);
                }
            }
        }
    }

    fn wait_for_more(&self, inner: &mut Inner) -> Step {
        match &mut inner.running {
            Some(running) => {
                self.deadline
                    .set(self.server.after(self.server.limits.body_time));
                running.dispatch()
            }
            None => {
                if !inner.head_begun && inner.parser.is_within() {
                    inner.head_begun = true;
                    self.deadline
                        .set(self.server.after(self.server.limits.head_time));
                }
                Step::Done
            }
        }
    }

    fn malformed(&self, inner: &mut Inner, failure: Failure) -> Step {
        let Some(running) = &mut inner.running else {
            return Step::Refuse(match failure.code {
                "HPE_HEADER_OVERFLOW" => 431,
                "HPE_INVALID_VERSION" => 505,
                _ => 400,
            });
        };
        running.keeps_alive = false;
        if running.arriving.is_unseen() {
            return Step::Refuse(400);
        }
        running.arriving.fail(ErrorKind::Protocol, failure.reason);
        self.settle(inner);
        Step::Done
    }

    fn data(&self, inner: &mut Inner, bytes: &[u8], kept: Option<Bytes>) {
        let Some(running) = &mut inner.running else {
            return;
        };
        if running.outgoing == Outgoing::Over {
            if !running.arriving.skip(bytes.len()) {
                self.end(inner);
            }
            return;
        }
        if !running.arriving.data(bytes, kept, &self.server.limits) {
            running.keeps_alive = false;
            return;
        }
        if running.arriving.size() > WAITING_LIMIT && !running.arriving.is_awaited() {
            self.pause(inner);
        }
    }

    fn pause(&self, inner: &mut Inner) {
        if !inner.is_paused {
            inner.is_paused = true;
            self.link.pause();
        }
    }

    fn resume(&self, inner: &mut Inner) {
        if inner.is_paused {
            inner.is_paused = false;
            self.link.resume();
        }
    }

    fn ended_by_peer(&self) {
        let inner = &mut *self.inner.borrow_mut();
        inner.peer_ended = true;
        if inner.phase == Phase::Ending {
            self.close_if_sent(inner);
            return;
        }
        if inner.phase != Phase::Open {
            return;
        }
        match &mut inner.running {
            None if inner.held.is_empty() => self.end(inner),
            None => {}
            // Nobody has seen it.
            Some(running) if running.arriving.is_unseen() => self.end(inner),
            Some(running) => {
                if running.arriving.is_coming() && inner.held.is_empty() {
                    running.arriving.fail(
                        ErrorKind::Closed,
                        "the client ended the connection before the end of the body",
                    );
                    running.keeps_alive = false;
                }
                running.arriving.tell_gone();
                self.settle(inner);
            }
        }
    }

    /// What waits is looked at, in an entry of its own: a handler may be at work here.
    fn feed_held_soon(&self) {
        let me = self.me.clone();
        Loop::current().push(Entry::call(move |_| {
            let Some(me) = me.upgrade() else { return };
            let held = {
                let inner = &mut *me.inner.borrow_mut();
                if inner.phase != Phase::Open || inner.running.is_some() {
                    return;
                }
                me.resume(inner);
                std::mem::take(&mut inner.held)
            };
            me.feed(Input::Held(held));
        }));
    }

    // ---- the end of a request, and of the connection

    /// Goes on behind a request whose answer is over.
    fn settle(&self, inner: &mut Inner) {
        let Some(running) = &mut inner.running else {
            return;
        };
        if running.outgoing != Outgoing::Over {
            return;
        }
        let goes_on = running.keeps_alive && !self.server.is_closing();
        match &mut running.arriving {
            arriving if goes_on && arriving.is_coming() => {
                arriving.discard();
                self.deadline
                    .set(self.server.after(self.server.limits.body_time));
                self.resume(inner);
            }
            arriving if goes_on && arriving.is_whole() => {
                inner.forget_running();
                inner.head_begun = false;
                self.deadline
                    .set(self.server.after(self.server.limits.idle_time));
                if self.feeding.get() {
                    return;
                }
                if !inner.held.is_empty() {
                    self.feed_held_soon();
                } else if inner.peer_ended {
                    self.end(inner);
                }
            }
            _ => self.end(inner),
        }
    }

    fn refuse(&self, inner: &mut Inner, status: u16) {
        let text = reason(status);
        let answer =
            format!("HTTP/1.1 {status} {text}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let _ = self.link.write(answer.as_bytes());
        inner.forget_running();
        self.end(inner);
    }

    /// Nothing more is said. The client may have something on its way still.
    fn end(&self, inner: &mut Inner) {
        if inner.phase != Phase::Open {
            return;
        }
        inner.phase = Phase::Ending;
        inner.forget_running();
        inner.held = Vec::new();
        inner.lingered = 0;
        self.link.end();
        self.linger();
        self.resume(inner);
        self.close_if_sent(inner);
    }

    /// The client may end the connection too, for a while.
    fn linger(&self) {
        self.deadline
            .set(self.server.after(self.server.limits.lingering_time));
    }

    /// Ends a connection on which nothing is under way: its client has had all answers and need not be waited for.
    fn leave_idle(&self, inner: &mut Inner) {
        self.link.end();
        self.link.flush();
        if self.link.queued() == 0 {
            self.close(inner);
        } else {
            self.end(inner);
        }
    }

    fn close_if_sent(&self, inner: &mut Inner) {
        if inner.peer_ended && self.link.queued() == 0 {
            self.close(inner);
        }
    }

    fn close(&self, inner: &mut Inner) {
        if inner.phase == Phase::Over {
            return;
        }
        self.leave(inner);
        self.link.close();
    }

    /// Nothing of this connection is left but its socket.
    fn leave(&self, inner: &mut Inner) {
        inner.phase = Phase::Over;
        inner.held = Vec::new();
        inner.forget_running();
        self.server.dismiss(self.key.get());
    }

    /// Whether it waits for the next request, of which nothing has come.
    fn is_idle(&self) -> bool {
        let inner = self.inner.borrow();
        inner.phase == Phase::Open && inner.running.is_none() && !inner.parser.is_within()
    }

    fn settle_now(&self) {
        self.settle(&mut self.inner.borrow_mut());
    }
}

impl Inner {
    /// The exchange has ended: whoever waits for anything of it hears of that.
    fn forget_running(&mut self) {
        if let Some(mut running) = self.running.take() {
            wake(&mut running.writer);
            running.arriving.forget();
        }
    }

    fn begin(&mut self, head: Box<Head>) {
        self.next_id = self.next_id.wrapping_add(1);
        self.running = Some(Running {
            id: self.next_id,
            minor_version: head.minor_version,
            keeps_alive: head.keeps_alive,
            arriving: Arriving::new(head, false),
            outgoing: Outgoing::Unbegun,
            writer: None,
        });
    }
}

impl Running {
    /// Hands the request on, if it is due and was not yet.
    fn dispatch(&mut self) -> Step {
        match self.arriving.take_head() {
            Some(head) => Step::Dispatch(self.id, head),
            None => Step::Done,
        }
    }
}

impl StreamHandler for Connection {
    fn readable(&self) {
        let received = match self.room.get() {
            None => self.link.receive(),
            Some(room) => self.link.receive_own(room),
        };
        match received {
            Ok(Received::Nothing) => {}
            Ok(Received::End) => self.ended_by_peer(),
            Ok(received) => self.arrived(received),
            Err(error) => self.failed(error),
        }
    }

    fn flushed(&self) {
        let inner = &mut *self.inner.borrow_mut();
        let queued = self.link.queued();
        if let Some(running) = &mut inner.running
            && queued < QUEUE_LIMIT
        {
            wake(&mut running.writer);
        }
        if inner.phase == Phase::Ending {
            self.close_if_sent(inner);
        }
    }

    fn failed(&self, _error: io::Error) {
        self.close(&mut self.inner.borrow_mut());
    }
}

impl Member for Connection {
    fn sweep(&self, now: Nanos) {
        let inner = &mut *self.inner.borrow_mut();
        let queued = self.link.queued();
        let (before, since) = self.stuck.get();
        if queued == 0 || queued != before {
            self.stuck.set((queued, now));
        } else if now.saturating_sub(since) > self.server.limits.write_time.as_nanos() as Nanos {
            self.close(inner);
            return;
        }
        if now < self.deadline.get() {
            return;
        }
        match (inner.phase, &inner.running) {
            (Phase::Open, None) if inner.head_begun && inner.parser.is_within() => {
                self.refuse(inner, 408);
            }
            (Phase::Open, Some(running)) if running.arriving.is_coming() => {
                if running.outgoing == Outgoing::Unbegun && running.arriving.is_unseen() {
                    self.refuse(inner, 408);
                } else {
                    self.close(inner);
                }
            }
            (Phase::Open, None) => self.leave_idle(inner),
            (Phase::Open, Some(_)) => {}
            // The client's time begins when it has been sent everything.
            (Phase::Ending, _) if queued > 0 => self.linger(),
            _ => self.close(inner),
        }
    }

    fn drain(&self) {
        // In an entry of its own, as it may hand on a request: whoever closes the server is at work here.
        let me = self.me.clone();
        Loop::current().push(Entry::call(move |_| {
            if let Some(me) = me.upgrade() {
                me.drain_now();
            }
        }));
    }

    fn abort(&self) {
        self.close(&mut self.inner.borrow_mut());
    }
}

impl Connection {
    fn drain_now(&self) {
        // What has come already is answered.
        if self.is_idle() {
            self.readable();
        }
        if !self.is_idle() {
            return;
        }
        let inner = &mut *self.inner.borrow_mut();
        if self.is_fresh.get() {
            // Who has only just connected is about to ask: another try would find nobody.
            let soon = self.server.after(FIRST_REQUEST);
            self.deadline.set(self.deadline.get().min(soon));
        } else {
            self.leave_idle(inner);
        }
    }
}
