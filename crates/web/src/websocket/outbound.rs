//! The queue of bytes to be sent: frames encoded once, straight into it.
//!
//! No I/O. The queue's limit is the connection's `max_queued_bytes` (rule BOUNDED); what it counts as buffered are the
//! messages' own bytes, as `WebSocket.bufferedAmount` wants, and a message counts until its last byte has left.

use super::frame::{Opcode, append_frame};
use crate::{Error, ErrorKind, Result};
use std::collections::VecDeque;

/// An emptied queue keeps at most this much memory.
const KEPT_CAPACITY: usize = 64 * 1024;

/// The sending half of a connection's state.
#[derive(Default)]
pub(super) struct Outbound {
    bytes: Vec<u8>,
    sent: usize,
    /// For each queued message: where it ends, counted in all bytes ever queued, and its own length.
    messages: VecDeque<(u64, usize)>,
    buffered: usize,
    /// All bytes ever queued.
    position: u64,
    masks: Masks,
}

impl Outbound {
    /// Queues one frame; `counted` bytes of it are the caller's message.
    pub(super) fn push(
        &mut self,
        opcode: Opcode,
        compressed: bool,
        payload: &[u8],
        counted: usize,
    ) -> Result<()> {
        let mask = self.masks.next()?;
        let before = self.bytes.len();
        append_frame(&mut self.bytes, opcode, compressed, payload, mask);
        self.position += (self.bytes.len() - before) as u64;
        if counted > 0 {
            self.messages.push_back((self.position, counted));
            self.buffered += counted;
        }
        Ok(())
    }

    /// What is to be sent next.
    pub(super) fn unsent(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of messages that have not left as a whole.
    pub(super) fn buffered(&self) -> usize {
        self.buffered
    }

    /// Takes note of bytes that have left.
    pub(super) fn advance(&mut self, count: usize) {
        self.sent += count;
        let left = self.position - self.len() as u64;
        while let Some(&(end, length)) = self.messages.front()
            && end <= left
        {
            self.messages.pop_front();
            self.buffered -= length;
        }
        if self.is_empty() {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT_CAPACITY);
            self.sent = 0;
        } else if self.sent > KEPT_CAPACITY && self.sent * 2 > self.bytes.len() {
            // The front half is gone: move the rest, at most once for every byte sent.
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }

    /// Forgets what can no longer be sent; it stays counted as buffered, since it never left.
    pub(super) fn discard(&mut self) {
        self.bytes = Vec::new();
        self.sent = 0;
    }
}

/// Masking keys from the system's random numbers (RFC 6455, section 10.3), fetched 64 at a time.
struct Masks {
    pool: [u8; 256],
    used: usize,
}

impl Default for Masks {
    fn default() -> Masks {
        Masks {
            pool: [0; 256],
            used: 256,
        }
    }
}

impl Masks {
    fn next(&mut self) -> Result<[u8; 4]> {
        if self.used == self.pool.len() {
            getrandom::fill(&mut self.pool).map_err(|cause| {
                Error::new(ErrorKind::Internal, "the system has no random numbers")
                    .with_source(cause)
            })?;
            self.used = 0;
        }
        let mask = &self.pool[self.used..self.used + 4];
        self.used += 4;
        Ok([mask[0], mask[1], mask[2], mask[3]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_buffered_until_its_last_byte_has_left() {
        let mut queue = Outbound::default();
        queue.push(Opcode::Text, false, b"hello", 5).unwrap();
        queue.push(Opcode::Pong, false, b"x", 0).unwrap();
        queue.push(Opcode::Binary, false, &[0; 300], 300).unwrap();
        assert_eq!((queue.buffered(), queue.len()), (305, 11 + 7 + 308));
        queue.advance(10);
        assert_eq!(queue.buffered(), 305);
        queue.advance(1);
        assert_eq!(queue.buffered(), 300);
        queue.advance(queue.len());
        assert_eq!((queue.buffered(), queue.is_empty()), (0, true));
    }

    #[test]
    fn masks_differ() {
        let mut masks = Masks::default();
        let distinct: std::collections::HashSet<_> =
            (0..200).map(|_| masks.next().unwrap()).collect();
        assert!(distinct.len() > 190);
    }
}
