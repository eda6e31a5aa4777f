//! The lines of a head, or of trailers, one after the other, as far as they are there.
//!
//! A line is looked at once: what came of a head so far is kept by the parser, and scanning goes on where it stood.

use super::failure::Failure;
use std::ops::Range;

/// Where the lines of a head are, up to the place that was scanned.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The beginning of the line that is not complete yet.
    at: usize,
    /// How far that line was looked at: a byte that comes alone costs no look at those before it.
    seen: usize,
    /// Whether a colon has been seen in it.
    is_named: bool,
    /// The first line without its end, unless it is awaited still.
    pub(super) start: Option<Range<usize>>,
    /// Names and values. A value that goes on in the next line (which only `is_lenient` takes) has another entry, without a name.
    pub(super) fields: Vec<(Range<usize>, Range<usize>)>,
    /// Whether values may go on in the next line and have control characters.
    pub(super) is_lenient: bool,
    /// Whether methods need not be known.
    pub(super) takes_any_method: bool,
}

/// What a message may begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    Request,
    Response,
    /// Trailers have no first line.
    Field,
}

impl Lines {
    pub(super) fn clear(&mut self) {
        self.begin_line(0);
        self.start = None;
        self.fields.clear();
    }

    /// Scans on in `bytes`, which begin where the head begins. Gives the place behind the empty line at the end.
    pub(super) fn scan(
        &mut self,
        bytes: &[u8],
        first: First,
        limit: usize,
    ) -> Result<Option<usize>, Failure> {
        loop {
            let unseen = self.seen.max(self.at);
            let Some(length) = memchr::memchr(b'\n', &bytes[unseen..]) else {
                if bytes.len() > limit {
                    return Err(Failure::OVERFLOW);
                }
                self.check_beginning(&bytes[self.at..], &bytes[unseen..], first)?;
                self.seen = bytes.len();
                return Ok(None);
            };
            let next = unseen + length + 1;
            if next > limit {
                return Err(Failure::OVERFLOW);
            }
            let rest = &bytes[self.at..next];
            let length = rest.len() - 1;
            let line = &rest[..length];
            let is_first = self.start.is_none() && first != First::Field;
            let Some((b'\r', line)) = line.split_last() else {
                // An empty line before a request is forgiven, as RFC 9112 2.2 asks.
                if is_first && line.is_empty() {
                    self.begin_line(next);
                    continue;
                }
                if is_first {
                    self.check_start(line, first)?;
                }
                return Err(Failure::CR_EXPECTED);
            };
            if memchr::memchr(b'\r', line).is_some() {
                return Err(Failure::LF_EXPECTED);
            }
            let from = self.at;
            if is_first {
                if !line.is_empty() {
                    self.check_start(line, first)?;
                    self.start = Some(from..from + line.len());
                }
                self.begin_line(next);
                continue;
            }
            self.begin_line(next);
            if line.is_empty() {
                return Ok(Some(next));
            }
            let (name, value) = if matches!(line[0], b' ' | b'\t') {
                if !self.is_lenient || self.fields.is_empty() {
                    return Err(Failure::FOLDED);
                }
                (0..0, value_in(line, 0, true)?)
            } else {
                field(line, self.is_lenient)?
            };
            self.fields.push((
                from + name.start..from + name.end,
                from + value.start..from + value.end,
            ));
        }
    }

    fn begin_line(&mut self, at: usize) {
        self.at = at;
        self.seen = at;
        self.is_named = false;
    }

    /// Whether a line that has not ended can still become a good one: who speaks something else is told at once.
    fn check_beginning(&mut self, line: &[u8], new: &[u8], first: First) -> Result<(), Failure> {
        /// No method is longer, nor is the name of the protocol.
        const LONGEST: usize = 16;
        if self.start.is_none() && first != First::Field {
            if line.len() - new.len() > LONGEST {
                return Ok(());
            }
            if line == b"\r" {
                return Ok(());
            }
            if first == First::Request {
                let space = memchr::memchr(b' ', line);
                let method = &line[..space.unwrap_or(line.len())];
                return check_method(method, space.is_some(), self.takes_any_method);
            }
            let expected = b"HTTP/";
            let count = line.len().min(expected.len());
            return if line[..count] == expected[..count] {
                Ok(())
            } else {
                Err(Failure::CONSTANT)
            };
        }
        if self.is_named {
            return Ok(());
        }
        let colon = memchr::memchr(b':', new);
        self.is_named = colon.is_some();
        let name = &new[..colon.unwrap_or(new.len())];
        // A line that is a carriage return so far may be the last.
        if line == b"\r" || name.iter().all(|&byte| is_token_char(byte)) {
            Ok(())
        } else {
            Err(Failure::TOKEN)
        }
    }

    fn check_start(&self, line: &[u8], first: First) -> Result<(), Failure> {
        match first {
            First::Request => request_line(line, self.takes_any_method).map(|_| ()),
            _ => status_line(line).map(|_| ()),
        }
    }
}

/// Method, target and minor version of HTTP/1.
pub(super) fn request_line(line: &[u8], any: bool) -> Result<(&str, &[u8], u8), Failure> {
    let space = memchr::memchr(b' ', line).unwrap_or(line.len());
    let method = &line[..space];
    check_method(method, true, any)?;
    let method = std::str::from_utf8(method).map_err(|_| Failure::METHOD)?;
    let rest = line.get(space + 1..).ok_or(Failure::URL)?;
    let space = memchr::memchr(b' ', rest).ok_or(Failure::CONSTANT)?;
    let target = &rest[..space];
    if target.is_empty() || target.iter().any(|&byte| byte <= b' ' || byte == 0x7f) {
        return Err(Failure::URL);
    }
    if method == "PRI" {
        return Err(Failure::HTTP2);
    }
    // Which name a tunnel's end has is for others to judge.
    if method != "CONNECT" && !is_target(target) {
        return Err(Failure::URL);
    }
    Ok((method, target, version(&rest[space + 1..])?))
}

/// Whether it begins as a path, as a whole URL, or asks for the server itself (RFC 9112, 3.2): `admin` is `/admin` for some readers and nothing for others.
fn is_target(target: &[u8]) -> bool {
    let is_of_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    match target {
        [b'/', ..] | [b'*'] => true,
        [first, ..] if first.is_ascii_alphabetic() => {
            let end = memchr::memchr(b':', target).unwrap_or(0);
            target[..end].iter().all(is_of_scheme) && target[end..].starts_with(b"://")
        }
        _ => false,
    }
}

/// What stands for the version 0.9, which some servers still say that they speak.
pub(super) const OLDEST: u8 = 9;

/// Status, reason and minor version.
pub(super) fn status_line(line: &[u8]) -> Result<(u16, &[u8], u8), Failure> {
    let space = memchr::memchr(b' ', line).unwrap_or(line.len());
    let version = match &line[..space] {
        b"HTTP/0.9" => OLDEST,
        text => version(text)?,
    };
    let rest = line.get(space + 1..).ok_or(Failure::STATUS)?;
    let (digits, reason) = rest.split_at_checked(3).ok_or(Failure::STATUS)?;
    let mut status = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(Failure::STATUS);
        }
        status = status * 10 + u16::from(digit - b'0');
    }
    let reason = match reason.split_first() {
        None => reason,
        Some((b' ', reason)) => reason,
        Some(_) => return Err(Failure::STATUS),
    };
    if reason.iter().any(|&byte| !is_value_char(byte)) {
        return Err(Failure::STATUS);
    }
    Ok((status, reason, version))
}

fn version(text: &[u8]) -> Result<u8, Failure> {
    let digits = text.strip_prefix(b"HTTP/").ok_or(Failure::CONSTANT)?;
    match digits {
        b"1.1" => Ok(1),
        b"1.0" => Ok(0),
        _ => Err(Failure::VERSION),
    }
}

/// The methods that Node's parser knows, `http.METHODS`.
const METHODS: [&str; 35] = [
    "ACL",
    "BIND",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LINK",
    "LOCK",
    "M-SEARCH",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "NOTIFY",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SOURCE",
    "SUBSCRIBE",
    "TRACE",
    "UNBIND",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
];

/// Of those that are not known no small letters: who writes `get` does not mean another method than GET.
fn check_method(method: &[u8], is_whole: bool, any: bool) -> Result<(), Failure> {
    let is_of_method =
        |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-_".contains(byte);
    if any && !(is_whole && method.is_empty()) && method.iter().all(is_of_method) {
        return Ok(());
    }
    let is_known = |known: &str| {
        if is_whole {
            known.as_bytes() == method
        } else {
            known.as_bytes().starts_with(method)
        }
    };
    // Those of nearly every request come first.
    if ["GET", "POST", "PRI"].into_iter().any(is_known) || METHODS.into_iter().any(is_known) {
        Ok(())
    } else {
        Err(Failure::METHOD)
    }
}

fn field(line: &[u8], is_lenient: bool) -> Result<(Range<usize>, Range<usize>), Failure> {
    let colon = memchr::memchr(b':', line).ok_or(Failure::TOKEN)?;
    if !is_token(&line[..colon]) {
        return Err(Failure::TOKEN);
    }
    Ok((0..colon, value_in(line, colon + 1, is_lenient)?))
}

/// Where the value is that begins at `from`, without the space around it.
fn value_in(line: &[u8], from: usize, is_lenient: bool) -> Result<Range<usize>, Failure> {
    let value = &line[from..];
    let is_fit = |&byte: &u8| is_value_char(byte) || (is_lenient && byte != 0);
    if !value.iter().all(is_fit) {
        return Err(Failure::VALUE);
    }
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let first = value
        .iter()
        .position(|byte| !is_space(byte))
        .unwrap_or(value.len());
    let last = value
        .iter()
        .rposition(|byte| !is_space(byte))
        .map_or(first, |at| at + 1);
    Ok(from + first..from + last)
}

/// RFC 9110's "token".
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_token_char(byte))
}

fn is_token_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_value_char(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}
