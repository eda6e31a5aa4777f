//! A request as it arrives, whatever protocol brings it: its head, as much of its body as nobody has taken, and who waits for more.
//!
//! The protocol says what came and what that costs its peer; here is what becomes of it. What a handler may not see is refused by
//! [`refusal`], for every protocol alike.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};

use super::listening::Limits;
use crate::http1::{Head, Start};
use crate::{Error, ErrorKind, Result};

/// A body that is to be no longer than this is awaited before its request is handed on: most handlers want it whole, and get it without a stream.
const AWAITED_BODY: u64 = 128 * 1024;

/// So much of a body that nobody wants is read all the same, so that the client hears the answer.
pub(super) const SKIPPED_LIMIT: usize = 256 * 1024;

pub(super) struct Arriving {
    /// Until the handler gets it.
    head: Option<Box<Head>>,
    pub(super) is_head_request: bool,
    /// The client waits to be told to send the body.
    pub(super) awaits_continue: bool,
    /// The handler hears of it with its body, of which this is what came in pieces.
    is_awaited: bool,
    awaited: BytesMut,
    body: VecDeque<Bytes>,
    size: usize,
    /// As its head says.
    expected: Option<u64>,
    received: u64,
    /// It is no message that could be too long.
    pub(super) is_endless: bool,
    skipped: usize,
    state: Incoming,
    reader: Option<Waker>,
    /// Whoever wants to know that the client has gone, in the order in which they asked.
    gone: Vec<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Incoming {
    Coming,
    Whole,
    Failed(ErrorKind, &'static str),
}

/// With which status a request is refused that no handler should see.
pub(super) fn refusal(head: &Head, limits: &Limits) -> Option<u16> {
    // Of two hosts two readers could choose two, and of one that is none each a part of it (RFC 9112, 3.2).
    if head.has_hosts || head.has_bad_host || (head.minor_version == 1 && !head.has_host) {
        return Some(400);
    }
    if let Start::Request { method, target } = &head.start {
        // Nothing here is a proxy, and an answer that begins with 2 would say that a tunnel begins (RFC 9110, 9.3.6).
        if method == "CONNECT" {
            return Some(501);
        }
        if !target.starts_with(b"/") && names_another_host(target, &head.fields) {
            return Some(400);
        }
    }
    // HTTP/1.0 knew no codings, so who reads it as such sees another end; and nothing here undoes one but chunks (RFC 9112, 6.1).
    if head.has_coding && head.minor_version == 0 {
        return Some(400);
    }
    if head.has_other_coding {
        return Some(501);
    }
    if head.expects_other {
        return Some(417);
    }
    // It says so itself: nobody need read it to know.
    let is_long = head.length.is_some_and(|length| length > limits.body_bytes);
    is_long.then_some(413)
}

/// Whether a target that is a whole URL has not the host of the field: one reader would go by this, another by that (RFC 9112, 3.2.2).
fn names_another_host(target: &[u8], fields: &[u8]) -> bool {
    if target == b"*" {
        return false;
    }
    let Some(end) = memchr::memmem::find(target, b"://") else {
        return true;
    };
    let (scheme, rest) = (&target[..end], &target[end + 3..]);
    let is_end = |byte: &u8| matches!(byte, b'/' | b'?' | b'#' | b'\\');
    let authority = &rest[..rest.iter().position(is_end).unwrap_or(rest.len())];
    let usual: &[u8] = match scheme.to_ascii_lowercase().as_slice() {
        b"http" => b":80",
        b"https" => b":443",
        _ => b":",
    };
    let plain = |host: &'_ [u8]| {
        host.strip_suffix(usual)
            .unwrap_or(host)
            .to_ascii_lowercase()
    };
    let authority = plain(authority);
    let mut parts = fields.split(|&byte| byte == 0);
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        if name.eq_ignore_ascii_case(b"host") && plain(value) != authority {
            return true;
        }
    }
    authority.is_empty()
}

impl Arriving {
    /// A request whose head is there. `is_whole`: nothing follows.
    pub(super) fn new(head: Box<Head>, is_whole: bool) -> Arriving {
        let awaits_continue = head.expects_continue && head.minor_version == 1;
        let is_awaited = !is_whole
            && head.has_body
            && head.length.is_some_and(|length| length <= AWAITED_BODY)
            && !head.expects_continue;
        Arriving {
            is_head_request: matches!(&head.start, Start::Request { method, .. } if method == "HEAD"),
            awaits_continue,
            is_awaited,
            awaited: BytesMut::new(),
            expected: head.length,
            head: Some(head),
            body: VecDeque::new(),
            size: 0,
            received: 0,
            is_endless: false,
            skipped: 0,
            state: if is_whole {
                Incoming::Whole
            } else {
                Incoming::Coming
            },
            reader: None,
            gone: Vec::new(),
        }
    }

    /// The head, for the handler, once: at once, or with a short body.
    pub(super) fn take_head(&mut self) -> Option<Box<Head>> {
        if self.is_awaited {
            return None;
        }
        self.head.take()
    }

    /// Whether no handler has heard of it.
    pub(super) fn is_unseen(&self) -> bool {
        self.head.is_some()
    }

    /// Whether its client may go on with another protocol behind it.
    pub(super) fn may_upgrade(&self) -> bool {
        self.head.as_ref().is_some_and(|head| head.upgrades)
    }

    /// Whether the handler hears of it with its body.
    pub(super) fn is_awaited(&self) -> bool {
        self.is_awaited
    }

    pub(super) fn is_coming(&self) -> bool {
        self.state == Incoming::Coming
    }

    pub(super) fn is_whole(&self) -> bool {
        self.state == Incoming::Whole
    }

    pub(super) fn has_failed(&self) -> bool {
        matches!(self.state, Incoming::Failed(..))
    }

    /// How much of its body has come.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Bytes that wait to be taken.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// A piece of the body came, and the same bytes in memory that may be kept, if there is any. False when that makes the body longer than the limit: it
    /// has failed then.
    pub(super) fn data(&mut self, bytes: &[u8], kept: Option<Bytes>, limits: &Limits) -> bool {
        self.received += bytes.len() as u64;
        if self.received > limits.body_bytes && !self.is_endless {
            self.fail(ErrorKind::Full, "the body is longer than the limit");
            return false;
        }
        self.size += bytes.len();
        let is_all = self.expected == Some(bytes.len() as u64);
        match kept {
            Some(kept) if is_all || !self.is_awaited => self.body.push_back(kept),
            _ if self.is_awaited => {
                if self.awaited.is_empty() {
                    self.awaited.reserve(self.expected.unwrap_or(0) as usize);
                }
                self.awaited.extend_from_slice(bytes);
            }
            _ => self.body.push_back(Bytes::copy_from_slice(bytes)),
        }
        if !self.is_awaited {
            wake(&mut self.reader);
        }
        true
    }

    /// A piece came that nobody wants. False when there were too many of them.
    pub(super) fn skip(&mut self, count: usize) -> bool {
        self.skipped += count;
        self.skipped <= SKIPPED_LIMIT
    }

    /// All of it is here.
    pub(super) fn end(&mut self) {
        if self.is_coming() {
            self.state = Incoming::Whole;
        }
        self.is_awaited = false;
        if !self.awaited.is_empty() {
            self.body
                .push_back(std::mem::take(&mut self.awaited).freeze());
        }
        wake(&mut self.reader);
    }

    /// The rest will never come, or is not wanted.
    pub(super) fn fail(&mut self, kind: ErrorKind, what: &'static str) {
        self.state = Incoming::Failed(kind, what);
        self.discard();
        wake(&mut self.reader);
    }

    /// Nobody will take what waits: how much it was.
    pub(super) fn discard(&mut self) -> usize {
        self.is_awaited = false;
        self.awaited = BytesMut::new();
        self.body.clear();
        std::mem::take(&mut self.size)
    }

    /// The whole body, if it is here.
    pub(super) fn take_whole(&mut self) -> Option<Bytes> {
        if !self.is_whole() {
            return None;
        }
        let size = std::mem::take(&mut self.size);
        let mut pieces = std::mem::take(&mut self.body);
        Some(match pieces.len() {
            0 => Bytes::new(),
            1 => pieces.pop_front().unwrap_or_default(),
            _ => {
                let mut whole = BytesMut::with_capacity(size);
                for piece in pieces {
                    whole.extend_from_slice(&piece);
                }
                whole.freeze()
            }
        })
    }

    /// The next piece, or the end of the body.
    pub(super) fn poll(&mut self, context: &Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if let Some(piece) = self.body.pop_front() {
            self.size -= piece.len();
            return Poll::Ready(Some(Ok(piece)));
        }
        match self.state {
            Incoming::Whole => Poll::Ready(None),
            Incoming::Failed(kind, what) => Poll::Ready(Some(Err(Error::new(kind, what)))),
            Incoming::Coming => {
                remember(&mut self.reader, context);
                Poll::Pending
            }
        }
    }

    /// Has this task woken when the exchange has ended.
    pub(super) fn watch(&mut self, context: &Context<'_>) {
        let waker = context.waker();
        if !self.gone.iter().any(|other| other.will_wake(waker)) {
            self.gone.push(waker.clone());
        }
    }

    /// The client sends no more, or the exchange has ended: whoever wants to know hears of it.
    pub(super) fn tell_gone(&mut self) {
        self.gone.drain(..).for_each(Waker::wake);
    }

    /// The exchange has ended: nobody is left waiting.
    pub(super) fn forget(mut self) {
        wake(&mut self.reader);
        self.tell_gone();
    }
}

pub(super) fn gone() -> Error {
    Error::new(ErrorKind::Closed, "the client has gone")
}

pub(super) fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

pub(super) fn remember(slot: &mut Option<Waker>, context: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(context.waker()),
        None => *slot = Some(context.waker().clone()),
    }
}
