//! What a stream has accepted and the kernel has not: the queue, the buffers behind it, and the flush of the turn.
//!
//! Bytes are copied when they are queued, so a caller may change its buffer at once; of a large write that nobody can change
//! the rest is kept as it is, which spares a seventh of the sender's time in bulk. Small writes wait for the end of the
//! turn and leave in one system call; measured against sending each at once that is 11 % more requests at 16
//! connections. The queue itself has no limit: its users see its length and stop (BOUNDED: `AsyncWrite` by
//! waiting, asyncio's transports by `pause_writing`).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::rc::Rc;

use rustix::net::{SendAncillaryBuffer, SendFlags, send, sendmsg};

use super::stream::{DescriptorKind, StreamInner};

/// Buffers above this size go back to the allocator, smaller ones to the pool.
const POOLED_CAPACITY: usize = 64 * 1024;
const POOLED_BUFFERS: usize = 64;

/// The memory of emptied write queues, for the next writer.
#[derive(Default)]
pub(crate) struct Buffers {
    pool: RefCell<Vec<Vec<u8>>>,
}

impl Buffers {
    fn take(&self) -> Vec<u8> {
        self.pool.borrow_mut().pop().unwrap_or_default()
    }

    fn give(&self, mut buffer: Vec<u8>) {
        let mut pool = self.pool.borrow_mut();
        if buffer.capacity() <= POOLED_CAPACITY
            && buffer.capacity() > 0
            && pool.len() < POOLED_BUFFERS
        {
            buffer.clear();
            pool.push(buffer);
        }
    }
}

/// Bytes that stay where they are until they have been sent.
pub type Kept = Box<dyn AsRef<[u8]>>;

/// Bytes in order, sent from the front.
#[derive(Default)]
pub(crate) struct WriteQueue {
    /// The first of the queue, and of it what is sent. All there is, unless something was kept.
    bytes: Vec<u8>,
    sent: usize,
    /// What follows.
    later: VecDeque<Segment>,
    later_length: usize,
}

enum Segment {
    Copied(Vec<u8>),
    /// And how much of it is sent.
    Kept(Kept, usize),
}

impl WriteQueue {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.sent + self.later_length
    }

    pub(crate) fn push(&mut self, data: &[u8], buffers: Option<&Buffers>) {
        if !self.later.is_empty() {
            self.later_length += data.len();
            match self.later.back_mut() {
                Some(Segment::Copied(bytes)) => bytes.extend_from_slice(data),
                _ => self.later.push_back(Segment::Copied(data.to_vec())),
            }
            return;
        }
        if self.bytes.capacity() == 0
            && let Some(buffers) = buffers
        {
            self.bytes = buffers.take();
        }
        // Moving what is left to the front once more than half is sent keeps the cost of a byte constant.
        if self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        self.bytes.extend_from_slice(data);
    }

    /// Queues all of `data` but its first `sent` bytes, which are not all of it.
    pub(crate) fn push_kept(&mut self, data: Kept, sent: usize) {
        self.later_length += (*data).as_ref().len() - sent;
        self.later.push_back(Segment::Kept(data, sent));
    }

    /// Sends what waits and `data` behind it in one call; how much of `data` left. Nothing is done, and nothing of it sent, where more waits than
    /// one piece.
    pub(crate) fn send_before(&mut self, fd: impl AsFd, data: &[u8]) -> io::Result<usize> {
        if !self.later.is_empty() {
            return Ok(0);
        }
        let copied = &self.bytes[self.sent..];
        let count = send_both(&fd, copied, data)?;
        let of_data = count.saturating_sub(copied.len());
        self.sent += count - of_data;
        Ok(of_data)
    }

    /// Sends what waits, as the beginning of what follows at once; false where more waits than one piece, or the socket does not take it.
    pub(crate) fn send_ahead(&mut self, fd: impl AsFd) -> io::Result<bool> {
        if !self.later.is_empty() {
            return Ok(false);
        }
        if self.sent < self.bytes.len() {
            self.sent += send_with(&fd, &self.bytes[self.sent..], SendFlags::MORE)?;
        }
        Ok(self.sent == self.bytes.len())
    }

    /// Sends until the queue is empty or the socket is full; true if it was full.
    pub(crate) fn send_all(&mut self, fd: impl AsFd, kind: DescriptorKind) -> io::Result<bool> {
        loop {
            // What is copied and what is kept behind it (a head and its body) leave in one call.
            while self.sent < self.bytes.len()
                && kind == DescriptorKind::Socket
                && let Some(Segment::Kept(data, from)) = self.later.front_mut()
            {
                let kept = &(**data).as_ref()[*from..];
                let copied = &self.bytes[self.sent..];
                let count = send_both(&fd, copied, kept)?;
                let of_kept = count.saturating_sub(copied.len());
                let all = of_kept == kept.len();
                self.sent += count - of_kept;
                *from += of_kept;
                self.later_length -= of_kept;
                if all {
                    self.later.pop_front();
                } else if count == 0 {
                    return Ok(true);
                }
            }
            while self.sent < self.bytes.len() {
                match send_some(&fd, &self.bytes[self.sent..], kind)? {
                    0 => return Ok(true),
                    count => self.sent += count,
                }
            }
            match self.later.front_mut() {
                None => return Ok(false),
                Some(Segment::Copied(bytes)) => {
                    self.later_length -= bytes.len();
                    self.bytes = std::mem::take(bytes);
                    self.sent = 0;
                    self.later.pop_front();
                }
                Some(Segment::Kept(data, sent)) => {
                    let unsent = &(**data).as_ref()[*sent..];
                    let count = send_some(&fd, unsent, kind)?;
                    let all = count == unsent.len();
                    *sent += count;
                    self.later_length -= count;
                    if all {
                        self.later.pop_front();
                    } else if count == 0 {
                        return Ok(true);
                    }
                }
            }
        }
    }

    /// Returns an empty queue's memory.
    pub(crate) fn release(&mut self, buffers: Option<&Buffers>) {
        debug_assert_eq!(self.len(), 0, "bytes that are not sent would be lost");
        let bytes = std::mem::take(self).bytes;
        if let Some(buffers) = buffers {
            buffers.give(bytes);
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = WriteQueue::default();
    }
}

/// Sends once; zero means that the socket is full.
pub(crate) fn send_some(fd: impl AsFd, data: &[u8], kind: DescriptorKind) -> io::Result<usize> {
    match kind {
        DescriptorKind::Socket => send_with(fd, data, SendFlags::empty()),
        DescriptorKind::Pipe | DescriptorKind::Device => {
            until_taken(|| rustix::io::write(&fd, data))
        }
    }
}

fn send_with(fd: impl AsFd, data: &[u8], flags: SendFlags) -> io::Result<usize> {
    let flags = flags | SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    until_taken(|| send(&fd, data, flags))
}

/// Sends bytes of a file once, from `offset` on; zero means that the socket is full, or the file ends there.
pub(crate) fn send_of_file(
    fd: impl AsFd,
    file: impl AsFd,
    offset: u64,
    length: usize,
) -> io::Result<usize> {
    until_taken(|| rustix::fs::sendfile(&fd, &file, Some(&mut { offset }), length))
}

/// Calls until no signal came between; zero if it would have to wait.
fn until_taken(mut call: impl FnMut() -> rustix::io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Ok(count) => return Ok(count),
            Err(rustix::io::Errno::AGAIN) => return Ok(0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Sends once what lies in two places; zero means that the socket is full.
fn send_both(fd: impl AsFd, first: &[u8], second: &[u8]) -> io::Result<usize> {
    let slices = [IoSlice::new(first), IoSlice::new(second)];
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    until_taken(|| sendmsg(&fd, &slices, &mut SendAncillaryBuffer::default(), flags))
}

/// The streams with writes of this turn.
#[derive(Default)]
pub(crate) struct FlushQueue(RefCell<Vec<Rc<StreamInner>>>);

impl FlushQueue {
    pub(crate) fn push(&self, stream: Rc<StreamInner>) {
        self.0.borrow_mut().push(stream);
    }

    /// Step 5 of the turn. A handler that writes while it is told of the flush is flushed too, before the loop may block.
    pub(crate) fn flush_all(&self) {
        while !self.0.borrow().is_empty() {
            let mut streams = std::mem::take(&mut *self.0.borrow_mut());
            for stream in streams.drain(..) {
                stream.flush_deferred();
            }
            let mut queue = self.0.borrow_mut();
            if queue.is_empty() {
                *queue = streams;
            }
        }
    }
}
