//! A long body of HTTP/1.1 past hyper.
//!
//! hyper reads into memory that it goes on to use, so whoever wants to keep a chunk has to copy it, and what is read has been copied into that memory
//! before (only unsafe code may read into it). A body whose length is known needs no parser: once its head is here, the transport is taken out of
//! hyper's hands, read into memory that belongs to each chunk alone, and put into new hands behind the last byte. A GiB costs two copies less of each byte.

use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::AsyncReadExt;

use super::http1::Connection;
use super::slots::Slot;
use crate::connect::Transport;

/// A body of which less is to come is left to hyper.
pub(super) const LEAST: u64 = 256 * 1024;

/// What one chunk has room for: at first, and where the peer fills that.
const FIRST_ROOM: usize = 64 * 1024;
const MOST_ROOM: usize = 256 * 1024;

/// The rest of a body, and the transport that it comes by.
pub(super) struct Direct {
    transport: Transport,
    slot: Slot,
    place: Option<Slot>,
    /// What was read before.
    begun: Bytes,
    /// Bytes that were not given yet.
    left: u64,
    chunk: BytesMut,
    room: usize,
    failure: Option<io::Error>,
    /// Whether another request may follow.
    is_kept: bool,
}

impl Direct {
    /// The rest of a body, of which `left` bytes are to come, and `begun` has the first that do.
    pub(super) fn new(
        (transport, slot, place): (Transport, Slot, Option<Slot>),
        begun: Bytes,
        left: u64,
        is_kept: bool,
    ) -> Direct {
        // What the peer says beyond its body is nobody's answer.
        let is_longer = begun.len() as u64 > left;
        let begun = begun.slice(..begun.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        Direct {
            transport,
            slot,
            place,
            begun,
            left,
            chunk: BytesMut::new(),
            room: FIRST_ROOM,
            failure: None,
            is_kept: is_kept && !is_longer,
        }
    }

    /// The next chunk; `None` is the end.
    pub(super) fn poll_chunk(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Bytes>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        if !self.begun.is_empty() {
            self.left -= self.begun.len() as u64;
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.begun))));
        }
        // As much as is here: TLS gives a record at a time.
        while self.failure.is_none() && self.wanted() > 0 {
            match self.poll_read(context) {
                Poll::Ready(Ok(0)) => {
                    let message = "end of file before message length reached";
                    self.failure = Some(io::Error::new(io::ErrorKind::UnexpectedEof, message));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => self.failure = Some(error),
                Poll::Pending if self.chunk.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        if self.chunk.is_empty() {
            return Poll::Ready(self.failure.take().map(Err));
        }
        self.left -= self.chunk.len() as u64;
        Poll::Ready(Some(Ok(self.take_chunk())))
    }

    /// What the present chunk still has room for.
    fn wanted(&self) -> usize {
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        self.room.min(left) - self.chunk.len()
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let wanted = self.wanted();
        self.chunk.reserve(wanted);
        let mut buffer = (&mut self.chunk).limit(wanted);
        pin!(self.transport.read_buf(&mut buffer)).poll(context)
    }

    /// The chunk in memory of its own, without much that it does not need.
    fn take_chunk(&mut self) -> Bytes {
        let count = self.chunk.len();
        if count < self.room / 2 {
            let chunk = Bytes::copy_from_slice(&self.chunk);
            self.chunk.clear();
            return chunk;
        }
        if count == self.room {
            self.room = (self.room * 2).min(MOST_ROOM);
        }
        std::mem::take(&mut self.chunk).freeze()
    }

    /// The connection for another request, if there may be one.
    pub(super) fn into_connection(self) -> Option<Box<Connection>> {
        if self.left > 0 || !self.is_kept {
            return None;
        }
        // Nothing is waited for: over HTTP/1.1 there is no handshake.
        let made = pin!(Connection::new(self.transport, self.slot))
            .poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(Ok(mut connection)) = made else {
            return None;
        };
        connection.used = true;
        connection.place = self.place;
        Some(connection)
    }
}
