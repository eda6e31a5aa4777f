//! The places for HTTP/1.1 connections to one origin, and the queue for them.
//!
//! At most so many are open (rule BOUNDED: the waiting are futures that their callers hold). Who waits is woken in order;
//! one that is given up hands its turn on.

use std::cell::Cell;
use std::rc::Rc;
use tokio::sync::Notify;

/// The places for connections to one origin, and the queue for them.
pub(super) struct Slots {
    limit: usize,
    pub(super) open: Cell<usize>,
    pub(super) waiting: Cell<usize>,
    freed: Notify,
}

/// One place, free again when dropped.
pub(super) struct Slot {
    slots: Rc<Slots>,
}

impl Slots {
    pub(super) fn new(limit: usize) -> Rc<Slots> {
        Rc::new(Slots {
            limit,
            open: Cell::new(0),
            waiting: Cell::new(0),
            freed: Notify::new(),
        })
    }

    pub(super) fn take(self: &Rc<Self>) -> Option<Slot> {
        if self.open.get() >= self.limit {
            return None;
        }
        self.open.set(self.open.get() + 1);
        Some(Slot {
            slots: self.clone(),
        })
    }

    /// Waits in the queue until something changes.
    pub(super) async fn wait(&self) {
        self.waiting.set(self.waiting.get() + 1);
        let mut waiting = Waiting {
            slots: self,
            woken: false,
        };
        self.freed.notified().await;
        waiting.woken = true;
    }

    pub(super) fn wake_one(&self) {
        if self.waiting.get() > 0 {
            self.freed.notify_one();
        }
    }

    pub(super) fn wake_all(&self) {
        self.freed.notify_waiters();
    }
}

/// One request in the queue.
struct Waiting<'a> {
    slots: &'a Slots,
    woken: bool,
}

impl Drop for Waiting<'_> {
    /// A request that is given up hands its turn on: it may have been woken and never looked.
    fn drop(&mut self) {
        self.slots.waiting.set(self.slots.waiting.get() - 1);
        if !self.woken {
            self.slots.wake_one();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.open.set(self.slots.open.get() - 1);
        self.slots.wake_one();
    }
}
