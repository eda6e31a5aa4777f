//! A stream and what both sides have said on it (RFC 9113, 5.1).

use super::{Fields, Priority};
use std::collections::VecDeque;

/// RFC 9113, 5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has used it.
    Idle,
    /// Both sides may send.
    Open,
    /// Promised by this side.
    ReservedLocal,
    /// Promised by the peer.
    ReservedRemote,
    /// This side is over.
    HalfClosedLocal,
    /// The peer's side is over.
    HalfClosedRemote,
    /// Both are.
    Closed,
}

/// How this side of a stream ends, when its data is sent.
#[derive(Debug, Default)]
pub(super) enum Ending {
    /// It does not yet.
    #[default]
    Open,
    /// With the last data.
    Data,
    /// With these.
    Trailers(Box<Fields>),
    /// It has.
    Sent,
}

/// How a stream became closed: it decides what a frame means that comes after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// Both sides were over.
    Ended,
    /// The peer has reset it.
    ByPeer,
    /// This side has, and the peer may not know.
    ByUs,
}

#[derive(Debug)]
pub(super) struct Stream {
    /// A request of this side that the peer does not know of yet: it has a number, and nothing of it may be sent.
    pub(super) is_waiting: bool,
    /// Promised, and its response has not begun.
    pub(super) is_reserved: bool,
    /// Whether the peer began it, which counts against this side's limit.
    pub(super) is_remote: bool,
    pub(super) remote_is_over: bool,
    pub(super) ending: Ending,
    /// Whether the final head of the peer's message has come.
    pub(super) has_head: bool,
    /// What its head said of its length, if the length of the body says the same.
    pub(super) length: Option<u64>,
    pub(super) received: u64,
    /// Whether our request was HEAD, whose response tells the length of nothing.
    pub(super) is_head_request: bool,
    /// What may still be sent.
    pub(super) send_window: i64,
    /// What the peer may still send, and how much of the window has been given back without telling it.
    pub(super) receive_window: i64,
    pub(super) consumed: u32,
    /// What `receive_window` goes back to.
    pub(super) window_size: i64,
    /// The largest list of fields when it began: what holds later is for later streams.
    pub(super) list_limit: usize,
    pub(super) body: VecDeque<Vec<u8>>,
    /// Bytes of it that are not sent.
    pub(super) unsent: usize,
    /// Bytes of the first piece that are sent.
    pub(super) body_at: usize,
    /// Whether it stands in the queue of those that have something to send.
    pub(super) is_queued: bool,
    pub(super) priority: Option<Priority>,
}

impl Stream {
    pub(super) fn new(is_remote: bool, send_window: i64, receive_window: i64) -> Stream {
        Stream {
            is_waiting: false,
            is_reserved: false,
            is_remote,
            remote_is_over: false,
            ending: Ending::Open,
            has_head: false,
            length: None,
            received: 0,
            is_head_request: false,
            send_window,
            receive_window,
            consumed: 0,
            window_size: receive_window,
            list_limit: usize::MAX,
            body: VecDeque::new(),
            unsent: 0,
            body_at: 0,
            is_queued: false,
            priority: None,
        }
    }

    pub(super) fn local_is_over(&self) -> bool {
        matches!(self.ending, Ending::Sent)
    }

    pub(super) fn state(&self) -> State {
        match (self.is_reserved, self.local_is_over(), self.remote_is_over) {
            (true, _, true) => State::ReservedLocal,
            (true, true, false) => State::ReservedRemote,
            (_, true, true) => State::Closed,
            (_, true, false) => State::HalfClosedLocal,
            (_, false, true) => State::HalfClosedRemote,
            (_, false, false) => State::Open,
        }
    }

    /// Whether something could be sent now, as far as the stream's own window goes.
    pub(super) fn is_ready(&self) -> bool {
        if self.is_waiting || self.is_reserved || self.local_is_over() {
            return false;
        }
        if self.body.is_empty() {
            !matches!(self.ending, Ending::Open)
        } else {
            self.send_window > 0 || self.body.front().is_some_and(Vec::is_empty)
        }
    }
}
