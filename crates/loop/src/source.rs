//! A descriptor registered with the driver: its readiness, who waits for it, and its place in the turn.
//!
//! Two modes. Edge: registered once for everything and for good; readiness is remembered here, a caller tries the system
//! call first and clears the bit when the call would block. Level: the kernel repeats itself while the descriptor is
//! ready, as `add_reader` of asyncio promises. On an event either the handler gets an entry in the ready queue or the
//! wakers of waiting futures are woken. Loop thread only.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::entry::Entry;
use crate::event_loop::{Loop, WeakLoop};

bitflags::bitflags! {
    /// What a descriptor is ready for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Readiness: u8 {
        /// A read will not block: bytes, the end of the stream or an error.
        const READ = 1;
        /// A write will not block.
        const WRITE = 2;
        /// The peer has closed its sending side; the end of the stream follows the bytes that are left.
        const READ_CLOSED = 4;
        /// Urgent data has come. A read stops at it, so from now on a short one does not mean that nothing is left.
        const PRIORITY = 8;
    }
}

/// How a descriptor is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Reported once per change, in both directions.
    Edge,
    /// Reported in each turn while it lasts, for the given directions.
    Level {
        /// Report when a read would not block.
        read: bool,
        /// Report when a write would not block.
        write: bool,
    },
}

/// Called in its own entry of the turn when its descriptor is ready.
pub trait IoHandler {
    /// `readiness` is what was reported since the last call. Must not unwind.
    fn ready(&self, readiness: Readiness);
}

/// Names a registration in the driver: the slot and a generation, so that an event that was already fetched when its
/// descriptor was closed finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceKey(u64);

impl SourceKey {
    pub(crate) fn new(slot: usize, generation: u32) -> SourceKey {
        // Slots are bounded by the limit of open descriptors, far below 2^32.
        SourceKey((slot as u64) << 32 | u64::from(generation))
    }

    pub(crate) fn from_u64(key: u64) -> SourceKey {
        SourceKey(key)
    }

    pub(crate) fn as_u64(self) -> u64 {
        self.0
    }

    pub(crate) fn slot(self) -> usize {
        (self.0 >> 32) as usize
    }
}

pub(crate) struct SourceState {
    pub(crate) key: SourceKey,
    pub(crate) fd: RawFd,
    /// What is known to be ready (edge mode) or was reported last (level mode).
    readiness: Cell<Readiness>,
    /// Reported to no handler yet.
    pending: Cell<Readiness>,
    queued: Cell<bool>,
    handler: RefCell<Option<Rc<dyn IoHandler>>>,
    reader: RefCell<Option<Waker>>,
    writer: RefCell<Option<Waker>>,
}

impl SourceState {
    pub(crate) fn new(key: SourceKey, fd: RawFd) -> SourceState {
        SourceState {
            key,
            fd,
            readiness: Cell::new(Readiness::empty()),
            pending: Cell::new(Readiness::empty()),
            queued: Cell::new(false),
            handler: RefCell::new(None),
            reader: RefCell::new(None),
            writer: RefCell::new(None),
        }
    }

    /// Takes in one event: queues the handler's entry or wakes whoever waits.
    pub(crate) fn report(&self, event_loop: &Loop, readiness: Readiness) {
        self.readiness.set(self.readiness.get() | readiness);
        if self.handler.borrow().is_some() {
            self.pending.set(self.pending.get() | readiness);
            if !self.queued.replace(true) {
                event_loop.push(Entry::Io(self.key));
            }
            return;
        }
        if readiness.contains(Readiness::READ) {
            wake(&self.reader);
        }
        if readiness.contains(Readiness::WRITE) {
            wake(&self.writer);
        }
    }

    /// Runs the handler's entry: tells it what was reported since the last time.
    pub(crate) fn dispatch(&self) {
        self.queued.set(false);
        let pending = self.pending.replace(Readiness::empty());
        let handler = self.handler.borrow().clone();
        if let Some(handler) = handler {
            handler.ready(pending);
        }
    }
}

fn wake(waiter: &RefCell<Option<Waker>>) {
    let waker = waiter.borrow_mut().take();
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// A registered descriptor. It does not own the descriptor: drop the source before closing the descriptor.
pub struct Source {
    state: Rc<SourceState>,
    mode: Cell<Mode>,
    event_loop: WeakLoop,
}

impl Source {
    pub(crate) fn new(event_loop: &Loop, state: Rc<SourceState>, mode: Mode) -> Source {
        Source {
            state,
            mode: Cell::new(mode),
            event_loop: event_loop.downgrade(),
        }
    }

    /// The descriptor's number.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.state.fd
    }

    /// Sends events to `handler`, each in an entry of its own, instead of to waiting futures.
    pub fn set_handler(&self, handler: Option<Rc<dyn IoHandler>>) {
        let has_handler = handler.is_some();
        // The old handler may own this very source: it must not be dropped while the cell is borrowed.
        let old = self.state.handler.replace(handler);
        drop(old);
        if has_handler && matches!(self.mode.get(), Mode::Edge) && !self.readiness().is_empty() {
            self.call_again(self.readiness());
        }
    }

    /// Changes what a level-mode registration reports.
    ///
    /// # Errors
    /// What the driver reports, for instance ENOENT after the descriptor was closed behind the loop's back.
    pub fn set_mode(&self, mode: Mode) -> io::Result<()> {
        if self.mode.get() != mode {
            if let Some(event_loop) = self.event_loop.upgrade() {
                event_loop
                    .driver()
                    .modify(self.state.fd, self.state.key.as_u64(), mode)?;
            }
            self.mode.set(mode);
        }
        Ok(())
    }

    /// What is known to be ready.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.state.readiness.get()
    }

    /// Forgets a readiness that a system call found used up (edge mode).
    pub fn clear(&self, readiness: Readiness) {
        self.state
            .readiness
            .set(self.state.readiness.get() - readiness);
    }

    /// Takes note of a read that returned something and did not fill its buffer (edge mode): that has emptied the descriptor,
    /// unless the kernel may have stopped `at_boundary` ([`Boundaries`](crate::net::Boundaries)). Nor does it prove anything
    /// after urgent data, or after the peer has closed, because the end of the stream is still to come and no further edge
    /// announces it.
    pub fn note_short_read(&self, at_boundary: bool) {
        let unsure = Readiness::READ_CLOSED | Readiness::PRIORITY;
        if !at_boundary && !self.readiness().intersects(unsure) {
            self.clear(Readiness::READ);
        }
    }

    /// Takes back what was reported and not told to the handler yet: whoever it was for has left, and another one must not be
    /// told in its place. What is still ready in level mode is reported again.
    pub fn forget_report(&self, readiness: Readiness) {
        let pending = self.state.pending.get();
        self.state.pending.set(pending - readiness);
    }

    /// Takes a readiness for granted until a system call finds otherwise (edge mode).
    pub fn assume(&self, readiness: Readiness) {
        self.state
            .readiness
            .set(self.state.readiness.get() | readiness);
    }

    /// Queues the handler once more for the next turn, for readiness it has not used up.
    pub fn call_again(&self, readiness: Readiness) {
        if let Some(event_loop) = self.event_loop.upgrade() {
            self.state.pending.set(self.state.pending.get() | readiness);
            if !self.state.queued.replace(true) {
                event_loop.push(Entry::Io(self.state.key));
            }
        }
    }

    /// Ready when a read would not block, as far as is known.
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        self.poll_ready(Readiness::READ, &self.state.reader, context)
    }

    /// Ready when a write would not block, as far as is known.
    pub fn poll_writable(&self, context: &mut Context<'_>) -> Poll<()> {
        self.poll_ready(Readiness::WRITE, &self.state.writer, context)
    }

    /// Waits until a read would not block.
    pub async fn readable(&self) {
        poll_fn(|context| self.poll_readable(context)).await;
    }

    /// Waits until a write would not block.
    pub async fn writable(&self) {
        poll_fn(|context| self.poll_writable(context)).await;
    }

    fn poll_ready(
        &self,
        wanted: Readiness,
        waiter: &RefCell<Option<Waker>>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        if self.readiness().contains(wanted) {
            return Poll::Ready(());
        }
        let mut waiter = waiter.borrow_mut();
        match &mut *waiter {
            Some(waker) => waker.clone_from(context.waker()),
            None => *waiter = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Runs a non-blocking system call when the descriptor is ready for it, and again after each false alarm.
    ///
    /// # Errors
    /// What `operation` returns, except `WouldBlock`.
    pub fn poll_io<T>(
        &self,
        wanted: Readiness,
        context: &mut Context<'_>,
        mut operation: impl FnMut() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let waiter = if wanted == Readiness::READ {
            &self.state.reader
        } else {
            &self.state.writer
        };
        loop {
            if self.poll_ready(wanted, waiter, context).is_pending() {
                return Poll::Pending;
            }
            match operation() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.clear(wanted),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Some(event_loop) = self.event_loop.upgrade() {
            event_loop.deregister(self.state.key, self.state.fd);
        }
        // Whoever still waits finds out by trying.
        wake(&self.state.reader);
        wake(&self.state.writer);
        let handler = self.state.handler.take();
        drop(handler);
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Source")
            .field("fd", &self.state.fd)
            .field("mode", &self.mode.get())
            .finish_non_exhaustive()
    }
}
