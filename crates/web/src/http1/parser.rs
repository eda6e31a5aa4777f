//! The messages of a connection, one after the other.

use super::body::{Body, Chunk, Step};
use super::failure::Failure;
use super::head::{First, Lines, request_line, status_line};
use std::ops::Range;

/// Which side of a connection is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What a server reads.
    Request,
    /// What a client reads.
    Response,
}

/// The first line of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Start {
    /// Of a request.
    Request {
        /// In capitals.
        method: String,
        /// As it came.
        target: Vec<u8>,
    },
    /// Of a response.
    Response {
        /// Three digits.
        status: u16,
        /// As it came; may be empty.
        reason: Vec<u8>,
    },
}

/// A message up to the empty line.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// Its first line.
    pub start: Start,
    /// Of HTTP/1; 9 of a response of HTTP/0.9.
    pub minor_version: u8,
    /// Names and values in turn, each followed by a zero byte, as they came.
    pub fields: Vec<u8>,
    /// Whether the connection may go on after this message.
    pub keeps_alive: bool,
    /// Whether the connection is to speak something else, or is a tunnel (CONNECT).
    pub upgrades: bool,
    /// Whether `Expect: 100-continue` is there.
    pub expects_continue: bool,
    /// Whether there is another expectation.
    pub expects_other: bool,
    /// Whether bytes of a body can come.
    pub has_body: bool,
    /// What `Content-Length` said.
    pub length: Option<u64>,
    /// Whether `Transfer-Encoding` is there.
    pub has_coding: bool,
    /// Whether it names more than `chunked`.
    pub has_other_coding: bool,
    /// Whether `Host` is there.
    pub has_host: bool,
    /// Whether it is there more than once.
    pub has_hosts: bool,
    /// Whether its value can be no host (RFC 9112, 3.2).
    pub has_bad_host: bool,
}

impl Head {
    /// Of a request that came in the frames of another protocol, by the rules of this one. Names and values as in `fields`; `ends`: nothing follows.
    pub(crate) fn of_request(
        method: String,
        target: Vec<u8>,
        fields: Vec<u8>,
        ends: bool,
    ) -> Result<Head, Failure> {
        let mut told = Told::default();
        let mut parts = fields.split(|&byte| byte == 0);
        while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            told.field(name, value)?;
        }
        Ok(Head {
            upgrades: method == "CONNECT",
            start: Start::Request { method, target },
            minor_version: 1,
            keeps_alive: true,
            expects_continue: told.expects_continue,
            expects_other: told.expects_other,
            has_body: !ends,
            length: told.length,
            has_coding: told.has_coding,
            has_other_coding: told.has_other_coding,
            has_host: told.has_host,
            has_hosts: told.has_hosts,
            has_bad_host: told.has_bad_host,
            fields,
        })
    }
}

/// What the bytes of a connection tell.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A message begins.
    Head(Box<Head>),
    /// A piece of the body, as a range of the bytes that were given.
    Data(Range<usize>),
    /// The message is over; trailers are as the fields of a head.
    End(Vec<u8>),
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Head,
    Body,
    Trailers,
    /// The end of the message is to be told.
    Ends,
    /// Nothing more may come.
    Closed,
    /// What comes is not HTTP any more.
    Handed,
}

/// Reads one side of a connection.
#[derive(Debug)]
pub struct Parser {
    kind: Kind,
    limit: usize,
    state: State,
    body: Body,
    lines: Lines,
    /// The beginning of a head, or of trailers, that is not complete.
    held: Vec<u8>,
    extensions: usize,
    keeps_alive: bool,
    /// What was wrong once is wrong for ever.
    failure: Option<Failure>,
}

impl Parser {
    /// Reads heads of at most `limit` bytes.
    #[must_use]
    pub fn new(kind: Kind, limit: usize) -> Parser {
        Parser {
            kind,
            limit,
            state: State::Head,
            body: Body::None,
            lines: Lines::default(),
            held: Vec::new(),
            extensions: 0,
            keeps_alive: true,
            failure: None,
        }
    }

    /// Which side it reads.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Takes values that go on in the next line and that have control characters, which others may read in another way. What tells how long
    /// a message is stays as strict as ever.
    #[must_use]
    pub fn lenient(mut self) -> Parser {
        self.lines.is_lenient = true;
        self
    }

    /// Takes requests of methods that are not known (RFC 9110, 9.1): it is for who answers them to know their methods.
    #[must_use]
    pub fn any_method(mut self) -> Parser {
        self.lines.takes_any_method = true;
        self
    }

    /// Whether a message has begun and is not over.
    #[must_use]
    pub fn is_within(&self) -> bool {
        match self.state {
            State::Head => !self.held.is_empty(),
            State::Body | State::Trailers | State::Ends => true,
            State::Closed | State::Handed => false,
        }
    }

    /// The message whose head has just been told has no body: it answers HEAD.
    pub fn skip_body(&mut self) {
        if self.state == State::Body {
            self.body = Body::None;
            self.state = State::Ends;
        }
    }

    /// What follows the head that has just been told is not HTTP: it is left to the caller.
    pub fn hand_over(&mut self) {
        self.state = State::Handed;
    }

    /// The next event in `bytes`, from `at` on, which moves behind what was read. Nothing, when more bytes are needed.
    ///
    /// # Errors
    /// When the bytes are no message, or one that is refused. What follows is refused for the same reason.
    pub fn next(&mut self, bytes: &[u8], at: &mut usize) -> Result<Option<Event>, Failure> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let outcome = self.advance(bytes, at);
        self.failure = outcome.as_ref().err().copied();
        outcome
    }

    fn advance(&mut self, bytes: &[u8], at: &mut usize) -> Result<Option<Event>, Failure> {
        loop {
            match self.state {
                State::Handed => return Ok(None),
                State::Closed => {
                    // What ends a line of a message that is over hurts nobody.
                    while matches!(bytes.get(*at), Some(b'\r' | b'\n')) {
                        *at += 1;
                    }
                    return if *at < bytes.len() {
                        Err(Failure::AFTER_CLOSE)
                    } else {
                        Ok(None)
                    };
                }
                State::Ends => return Ok(Some(self.end(Vec::new()))),
                State::Head => {
                    if *at == bytes.len() {
                        return Ok(None);
                    }
                    let first = match self.kind {
                        Kind::Request => First::Request,
                        Kind::Response => First::Response,
                    };
                    let Some(head) = self.lines_of(bytes, at, first, Parser::head)? else {
                        return Ok(None);
                    };
                    return Ok(Some(Event::Head(Box::new(head))));
                }
                State::Trailers => {
                    if *at == bytes.len() {
                        return Ok(None);
                    }
                    let Some(fields) =
                        self.lines_of(bytes, at, First::Field, |parser, bytes| {
                            Ok(parser.fields(bytes))
                        })?
                    else {
                        return Ok(None);
                    };
                    return Ok(Some(self.end(fields)));
                }
                State::Body => {
                    if let Some(event) = self.body(bytes, at)? {
                        return Ok(Some(event));
                    }
                    if self.state == State::Body {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The connection has ended: the last event, if that ends a message.
    ///
    /// # Errors
    /// When it ended in the middle of one, unless that one was refused before.
    pub fn finish(&mut self) -> Result<Option<Event>, Failure> {
        if self.failure.is_some() {
            return Ok(None);
        }
        match (&self.state, &self.body) {
            (State::Body, Body::Rest) | (State::Ends, _) => Ok(Some(self.end(Vec::new()))),
            (State::Head, _) if self.held.iter().all(|byte| matches!(byte, b'\r' | b'\n')) => {
                Ok(None)
            }
            (State::Closed | State::Handed, _) => Ok(None),
            _ => Err(Failure::EARLY_END),
        }
    }

    fn end(&mut self, trailers: Vec<u8>) -> Event {
        self.state = if self.keeps_alive {
            State::Head
        } else {
            State::Closed
        };
        self.body = Body::None;
        self.extensions = 0;
        Event::End(trailers)
    }

    /// Reads lines up to an empty one and makes something of them.
    fn lines_of<T>(
        &mut self,
        bytes: &[u8],
        at: &mut usize,
        first: First,
        made: impl FnOnce(&mut Parser, &[u8]) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        if self.held.is_empty() {
            let rest = &bytes[*at..];
            let Some(end) = self.lines.scan(rest, first, self.limit)? else {
                self.held.extend_from_slice(rest);
                *at = bytes.len();
                return Ok(None);
            };
            *at += end;
            let outcome = made(self, &rest[..end]);
            self.lines.clear();
            return outcome.map(Some);
        }
        let before = self.held.len();
        // No more than can be of use: what follows the head stays where it is.
        let most = (self.limit + 1)
            .saturating_sub(before)
            .min(bytes.len() - *at);
        self.held.extend_from_slice(&bytes[*at..*at + most]);
        let held = std::mem::take(&mut self.held);
        let Some(end) = self.lines.scan(&held, first, self.limit)? else {
            self.held = held;
            *at += most;
            return Ok(None);
        };
        *at += end - before;
        let outcome = made(self, &held[..end]);
        self.lines.clear();
        outcome.map(Some)
    }

    fn fields(&self, bytes: &[u8]) -> Vec<u8> {
        let size = self
            .lines
            .fields
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2);
        let mut fields = Vec::with_capacity(size.sum());
        for (name, value) in &self.lines.fields {
            if name.is_empty() {
                // The line before goes on.
                fields.pop();
                fields.push(b' ');
            } else {
                fields.extend_from_slice(&bytes[name.clone()]);
                fields.push(0);
            }
            fields.extend_from_slice(&bytes[value.clone()]);
            fields.push(0);
        }
        fields
    }

    fn head(&mut self, bytes: &[u8]) -> Result<Head, Failure> {
        let line = &bytes[self.lines.start.clone().ok_or(Failure::CONSTANT)?];
        let (start, minor_version) = match self.kind {
            Kind::Request => {
                let (method, target, version) = request_line(line, self.lines.takes_any_method)?;
                let (method, target) = (method.to_owned(), target.to_vec());
                (Start::Request { method, target }, version)
            }
            Kind::Response => {
                let (status, reason, version) = status_line(line)?;
                let reason = reason.to_vec();
                (Start::Response { status, reason }, version)
            }
        };
        let mut told = Told::default();
        let mut before: &[u8] = &[];
        for (name, value) in &self.lines.fields {
            if !name.is_empty() {
                before = &bytes[name.clone()];
                told.field(before, &bytes[value.clone()])?;
            } else if is_framing(before) {
                return Err(Failure::FOLDED);
            }
        }
        self.body = self.framing(&start, &told)?;
        let is_connect = matches!(&start, Start::Request { method, .. } if method == "CONNECT");
        let is_switch = matches!(&start, Start::Response { status: 101, .. });
        let upgrades = is_connect || is_switch || (told.has_upgrade && told.connection_upgrade);
        let keeps_alive = if minor_version == 1 {
            !told.connection_close
        } else {
            told.connection_keep_alive && !told.connection_close
        };
        self.keeps_alive = keeps_alive && self.body != Body::Rest;
        self.state = if self.body == Body::None {
            State::Ends
        } else {
            State::Body
        };
        Ok(Head {
            start,
            minor_version,
            fields: self.fields(bytes),
            keeps_alive: self.keeps_alive,
            upgrades,
            expects_continue: told.expects_continue,
            expects_other: told.expects_other,
            has_body: self.body != Body::None,
            length: told.length,
            has_coding: told.has_coding,
            has_other_coding: told.has_other_coding,
            has_host: told.has_host,
            has_hosts: told.has_hosts,
            has_bad_host: told.has_bad_host,
        })
    }

    /// RFC 9112 6.3.
    fn framing(&self, start: &Start, told: &Told) -> Result<Body, Failure> {
        if let Start::Response { status, .. } = start
            && (*status < 200 || matches!(status, 204 | 304))
        {
            return Ok(Body::None);
        }
        if told.has_coding {
            if told.is_chunked {
                return Ok(Body::Chunked(Chunk::new()));
            }
            return match start {
                Start::Request { .. } => Err(Failure::CODING),
                Start::Response { .. } => Ok(Body::Rest),
            };
        }
        Ok(match (told.length, start) {
            (Some(0), _) => Body::None,
            (Some(length), _) => Body::Length(length),
            (None, Start::Request { .. }) => Body::None,
            (None, Start::Response { .. }) => Body::Rest,
        })
    }

    fn body(&mut self, bytes: &[u8], at: &mut usize) -> Result<Option<Event>, Failure> {
        let left = bytes.len() - *at;
        match &mut self.body {
            Body::None => self.state = State::Ends,
            Body::Length(0) => self.state = State::Ends,
            Body::Length(length) => {
                let count = usize::try_from(*length).unwrap_or(usize::MAX).min(left);
                if count == 0 {
                    return Ok(None);
                }
                *length -= count as u64;
                if *length == 0 {
                    self.state = State::Ends;
                }
                return Ok(Some(data(at, count)));
            }
            Body::Rest if left > 0 => return Ok(Some(data(at, left))),
            Body::Rest => {}
            Body::Chunked(chunk) => {
                while *at < bytes.len() {
                    match chunk.step(&bytes[*at..], &mut self.extensions)? {
                        Step::Skipped(count) => *at += count,
                        Step::Data(count) => return Ok(Some(data(at, count))),
                        Step::Last(count) => {
                            *at += count;
                            self.state = State::Trailers;
                            return Ok(None);
                        }
                    }
                }
            }
        }
        Ok(None)
    }
}

/// Whether a field tells something of the connection or of the body.
fn is_framing(name: &[u8]) -> bool {
    [
        "connection",
        "content-length",
        "expect",
        "host",
        "transfer-encoding",
        "upgrade",
    ]
    .iter()
    .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

fn data(at: &mut usize, count: usize) -> Event {
    let from = *at;
    *at += count;
    Event::Data(from..*at)
}

/// What the fields of a head say of the connection and of the body.
#[derive(Default)]
struct Told {
    length: Option<u64>,
    has_coding: bool,
    has_other_coding: bool,
    /// The last coding is chunks.
    is_chunked: bool,
    has_upgrade: bool,
    has_host: bool,
    has_hosts: bool,
    has_bad_host: bool,
    connection_close: bool,
    connection_keep_alive: bool,
    connection_upgrade: bool,
    expects_continue: bool,
    expects_other: bool,
}

impl Told {
    fn field(&mut self, name: &[u8], value: &[u8]) -> Result<(), Failure> {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => {
                self.has_hosts |= std::mem::replace(&mut self.has_host, true);
                self.has_bad_host |= !is_host(value);
            }
            6 if name.eq_ignore_ascii_case(b"expect") => {
                if value.eq_ignore_ascii_case(b"100-continue") {
                    self.expects_continue = true;
                } else {
                    self.expects_other = true;
                }
            }
            7 if name.eq_ignore_ascii_case(b"upgrade") => self.has_upgrade = true,
            10 if name.eq_ignore_ascii_case(b"connection") => {
                for word in words(value) {
                    self.connection_close |= word.eq_ignore_ascii_case(b"close");
                    self.connection_keep_alive |= word.eq_ignore_ascii_case(b"keep-alive");
                    self.connection_upgrade |= word.eq_ignore_ascii_case(b"upgrade");
                }
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                if self.has_coding {
                    return Err(Failure::LENGTH_WITH_CODING);
                }
                if self.length.is_some() {
                    return Err(Failure::TWO_LENGTHS);
                }
                self.length = Some(length(value)?);
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                if self.length.is_some() {
                    return Err(Failure::LENGTH_WITH_CODING);
                }
                // Nothing may follow chunks.
                if self.is_chunked {
                    return Err(Failure::CODING);
                }
                self.has_coding = true;
                for word in words(value) {
                    if self.is_chunked {
                        return Err(Failure::CODING);
                    }
                    self.is_chunked = word.eq_ignore_ascii_case(b"chunked");
                    self.has_other_coding |= !self.is_chunked;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// What stands between the commas of a list.
pub(crate) fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii)
}

/// Whether a value of `host` is one: a name, which may be empty, or an address, and perhaps a port (RFC 9110, 7.2; RFC 3986, 3.2.2).
fn is_host(value: &[u8]) -> bool {
    let (host, port) = match value.strip_prefix(b"[") {
        Some(rest) => {
            let Some(end) = memchr::memchr(b']', rest) else {
                return false;
            };
            let (address, port) = (&rest[..end], &rest[end + 1..]);
            let is_of_address = |&byte: &u8| is_of_name(byte) || byte == b':';
            if address.is_empty() || !address.iter().all(is_of_address) {
                return false;
            }
            (&b""[..], port)
        }
        None => value.split_at(memchr::memchr(b':', value).unwrap_or(value.len())),
    };
    let mut at = 0;
    while at < host.len() {
        at += match host[at..] {
            [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => 3,
            [byte, ..] if is_of_name(byte) => 1,
            _ => return false,
        };
    }
    match port {
        [] => true,
        [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Whether it stands for itself in the name of a host.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

/// What `content-length` says: digits, and nothing else (RFC 9110, 8.6).
pub(crate) fn length(value: &[u8]) -> Result<u64, Failure> {
    if value.is_empty() {
        return Err(Failure::LENGTH);
    }
    let mut length: u64 = 0;
    for &byte in value {
        if !byte.is_ascii_digit() {
            return Err(Failure::LENGTH);
        }
        length = length
            .checked_mul(10)
            .and_then(|length| length.checked_add((byte - b'0').into()))
            .ok_or(Failure::LENGTH_OVERFLOW)?;
    }
    Ok(length)
}
