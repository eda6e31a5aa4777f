//! The inbox: the one way by which another thread reaches the loop (rules NO-GIL-OFF-LOOP and ONE-WAKE).
//!
//! A post takes a short lock, appends, and writes the eventfd only if the loop said that it may be asleep. The loop sets
//! that flag before it looks at the queue for the last time and blocks, so no post is missed and, under load, almost none
//! costs a system call. Unbounded by design (rule BOUNDED): a post is the completion of an operation that the loop
//! started and whose number its own limits bound, or a call that the program itself queues, as with `call_soon`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Nanos;
use crate::entry::HostId;
use crate::event_loop::Loop;
use crate::sys::WakeHandle;
use crate::task::TaskId;

pub(crate) enum Message {
    Wake(TaskId),
    Host(HostId, u64),
    Timer(Nanos, HostId, u64),
    Call(Box<dyn FnOnce(&Loop) + Send>),
}

pub(crate) struct Inbox {
    queue: Mutex<Vec<Message>>,
    /// True while posts are waiting: lets the loop skip the lock when nothing came.
    waiting: AtomicBool,
    sleeping: AtomicBool,
    wakes: AtomicU64,
    wake: WakeHandle,
}

impl Inbox {
    pub(crate) fn new(wake: WakeHandle) -> Inbox {
        Inbox {
            queue: Mutex::new(Vec::new()),
            waiting: AtomicBool::new(false),
            sleeping: AtomicBool::new(false),
            wakes: AtomicU64::new(0),
            wake,
        }
    }

    pub(crate) fn post(&self, message: Message) {
        {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.push(message);
            self.waiting.store(true, Ordering::SeqCst);
        }
        if self.sleeping.load(Ordering::SeqCst) && self.sleeping.swap(false, Ordering::SeqCst) {
            self.wakes.fetch_add(1, Ordering::Relaxed);
            self.wake.wake();
        }
    }

    /// How often a post found the loop asleep.
    pub(crate) fn wakes(&self) -> u64 {
        self.wakes.load(Ordering::Relaxed)
    }

    pub(crate) fn has_posts(&self) -> bool {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Announces that the loop may block. Returns false, and takes it back, if something was posted meanwhile.
    pub(crate) fn prepare_sleep(&self) -> bool {
        self.sleeping.store(true, Ordering::SeqCst);
        if self.has_posts() {
            self.sleeping.store(false, Ordering::SeqCst);
            return false;
        }
        true
    }

    pub(crate) fn awake(&self) {
        self.sleeping.store(false, Ordering::SeqCst);
    }

    /// Swaps the waiting posts into `buffer`, which must be empty.
    pub(crate) fn take(&self, buffer: &mut Vec<Message>) {
        debug_assert!(
            buffer.is_empty(),
            "the caller has not handled the last batch"
        );
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.store(false, Ordering::SeqCst);
        std::mem::swap(&mut *queue, buffer);
    }
}

/// A handle to a [`Loop`] for other threads. Posts to a loop that is gone are dropped.
#[derive(Clone)]
pub struct Remote(pub(crate) Arc<Inbox>);

impl Remote {
    /// Runs `function` on the loop thread in a coming turn.
    pub fn post(&self, function: Box<dyn FnOnce(&Loop) + Send>) {
        self.0.post(Message::Call(function));
    }

    /// Puts a host's token into the ready queue in a coming turn.
    pub fn post_host(&self, host: HostId, token: u64) {
        self.0.post(Message::Host(host, token));
    }

    /// Queues a host's token for the first turn that begins at or after `deadline`.
    pub fn post_host_at(&self, deadline: Nanos, host: HostId, token: u64) {
        self.0.post(Message::Timer(deadline, host, token));
    }

    /// Makes a blocked loop return from its wait, without anything to run.
    pub fn wake(&self) {
        self.0.wake.wake();
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Remote")
    }
}
