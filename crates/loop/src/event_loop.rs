//! The event loop as an object: what it holds, what others put into it, and what they may ask it. How it runs is in `turn.rs`.
//!
//! Everything here runs on the loop thread. A `Loop` may move to another thread between turns only under a lock that
//! also guards every other use of it (the Python face uses the GIL).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::os::fd::RawFd;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use slab::Slab;

use crate::checks::{CheckKey, Checks};
use crate::clock::{Clock, Nanos};
use crate::entry::{Entry, Host, HostId};
use crate::inbox::{Inbox, Message, Remote};
use crate::net::{Buffers, FlushQueue};
use crate::pool;
use crate::source::{Mode, Source, SourceKey, SourceState};
use crate::spin::Spins;
use crate::statistics::{Counters, Statistics, Traffic};
use crate::sys::{Driver, Event, watch_asked};
use crate::task::{JoinHandle, TaskId, Tasks, begin, spawn};
use crate::timers::{TimerKey, Timers};
use crate::trace::{Kind, Language, Recorder, Span, Timed};

/// An event loop. Clones are handles to the same loop.
#[derive(Clone)]
pub struct Loop(pub(crate) Rc<LoopInner>);

/// A handle that does not keep the loop's memory alive; for what the loop itself owns.
#[derive(Clone)]
pub struct WeakLoop(Weak<LoopInner>);

pub(crate) struct LoopInner {
    /// Tells loops apart in wakers, which may be on any thread.
    pub(crate) id: u64,

    // ---- what is to be run ----
    /// Entries in the order in which they run. A turn runs those that are here when it begins to.
    pub(crate) ready: RefCell<VecDeque<Entry>>,
    /// Entries of the check phase, which comes between I/O and timers.
    pub(crate) checks: RefCell<Checks>,
    /// Entries that wait for a time.
    pub(crate) timers: RefCell<Timers>,
    /// Futures; the queue holds their names.
    pub(crate) tasks: Tasks,
    /// What other threads have posted.
    pub(crate) inbox: Arc<Inbox>,
    /// The future of `block_on` was woken.
    pub(crate) root_woken: Cell<bool>,
    /// No entry runs: see [`Loop::halt`].
    pub(crate) halted: Cell<bool>,

    // ---- time ----
    /// What deadlines are measured by, unless a language has a time of its own.
    pub(crate) clock: Clock,
    /// That time of its own: see [`Loop::follow_time`].
    pub(crate) followed: RefCell<Option<TimeSource>>,
    /// When the driver was last asked, and when the languages' locks were last given up; always by `clock`.
    pub(crate) last_poll: Cell<Nanos>,
    pub(crate) last_release: Cell<Nanos>,
    /// Spent blocked so far, and when the first turn began.
    pub(crate) idle: Cell<Nanos>,
    pub(crate) started: Cell<Option<Nanos>>,
    /// Whether spinning before blocking has lately paid.
    pub(crate) spins: Spins,

    // ---- descriptors ----
    pub(crate) driver: Driver,
    /// Every registration, by its slot.
    pub(crate) sources: RefCell<Slab<Rc<SourceState>>>,
    /// Of the next registration: a slot that is used again has another one.
    pub(crate) source_generation: Cell<u32>,
    /// The registration that was made last for each descriptor's number.
    pub(crate) latest_sources: RefCell<Vec<Option<SourceKey>>>,
    /// Streams whose writes leave at the end of the turn, and memory for such writes.
    pub(crate) flush: FlushQueue,
    pub(crate) buffers: Buffers,

    // ---- languages ----
    pub(crate) hosts: Hosts,

    // ---- what keeps `run` going, and statistics ----
    /// How many [`Hold`]s there are.
    pub(crate) holds: Cell<usize>,
    /// Operations under way on the blocking pool; the test clock waits for them.
    pub(crate) blocking: Cell<usize>,
    pub(crate) counters: Counters,
    /// While the process is traced or looked at; `is_recorded` says whether there is one.
    recorder: RefCell<Option<Rc<Recorder>>>,
    is_recorded: Cell<bool>,

    // ---- memory that each turn uses again; empty in between ----
    pub(crate) events: RefCell<Vec<Event>>,
    pub(crate) messages: RefCell<Vec<Message>>,
}

/// A language's own time: see [`Loop::follow_time`].
pub type TimeSource = Rc<dyn Fn() -> Nanos>;

/// The languages of a loop. Numbers are never used again: an entry of a language that has left, which another thread may have
/// posted late, must not reach one that joined later.
#[derive(Default)]
pub(crate) struct Hosts {
    present: RefCell<HostList>,
    /// Changes with the list, so that a turn under way notices a language that has just joined.
    version: Cell<u32>,
}

/// The languages at one time.
#[derive(Clone, Default)]
pub(crate) struct HostList {
    /// The number of the first of them.
    first: u32,
    hosts: Vec<Rc<dyn Host>>,
}

impl Hosts {
    pub(crate) fn list(&self) -> HostList {
        self.present.borrow().clone()
    }

    pub(crate) fn version(&self) -> u32 {
        self.version.get()
    }

    fn add(&self, host: Rc<dyn Host>) -> HostId {
        let mut present = self.present.borrow_mut();
        let index =
            u32::try_from(present.hosts.len()).expect("a process has a handful of languages");
        present.hosts.push(host);
        self.version.set(self.version.get().wrapping_add(1));
        HostId(present.first.wrapping_add(index))
    }

    fn remove_all(&self) -> Vec<Rc<dyn Host>> {
        let mut present = self.present.borrow_mut();
        let gone = std::mem::take(&mut present.hosts);
        present.first = present.first.wrapping_add(gone.len() as u32);
        self.version.set(self.version.get().wrapping_add(1));
        gone
    }
}

impl HostList {
    pub(crate) fn get(&self, id: HostId) -> Option<&Rc<dyn Host>> {
        // A number below the first one wraps, to one that is far beyond the last.
        self.hosts.get(id.0.wrapping_sub(self.first) as usize)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Rc<dyn Host>> {
        self.hosts.iter()
    }
}

impl Loop {
    /// A loop on the monotonic clock.
    ///
    /// # Errors
    /// When the process has no descriptors left for the driver.
    pub fn new() -> io::Result<Loop> {
        Loop::with_clock(Clock::monotonic())
    }

    /// A loop on the given clock.
    ///
    /// # Errors
    /// When the process has no descriptors left for the driver.
    pub fn with_clock(clock: Clock) -> io::Result<Loop> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let driver = Driver::new()?;
        let inbox = Arc::new(Inbox::new(driver.wake_handle()));
        let recorder = Recorder::of_process();
        watch_asked();
        Ok(Loop(Rc::new(LoopInner {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            ready: RefCell::default(),
            checks: RefCell::default(),
            timers: RefCell::default(),
            tasks: Tasks::default(),
            inbox,
            root_woken: Cell::new(false),
            halted: Cell::new(false),
            clock,
            followed: RefCell::new(None),
            last_poll: Cell::new(0),
            idle: Cell::new(0),
            started: Cell::new(None),
            last_release: Cell::new(0),
            spins: Spins::default(),
            driver,
            sources: RefCell::default(),
            source_generation: Cell::new(0),
            latest_sources: RefCell::default(),
            flush: FlushQueue::default(),
            buffers: Buffers::default(),
            hosts: Hosts::default(),
            holds: Cell::new(0),
            blocking: Cell::new(0),
            counters: Counters::default(),
            is_recorded: Cell::new(recorder.is_some()),
            recorder: RefCell::new(recorder),
            events: RefCell::default(),
            messages: RefCell::default(),
        })))
    }

    /// Drops every task and discards every entry and timer. The loop can be used again afterwards, but its hosts are gone.
    pub fn close(&self) {
        let _entered = self.enter();
        let inner = &*self.0;
        inner.tasks.clear();
        let timers = inner.timers.borrow_mut().drain();
        let ready = std::mem::take(&mut *inner.ready.borrow_mut());
        let checks = inner.checks.borrow_mut().drain();
        let mut messages = Vec::new();
        inner.inbox.take(&mut messages);
        let posted = messages.into_iter().filter_map(|message| match message {
            Message::Host(host, token) | Message::Timer(_, host, token) => {
                Some(Entry::Host(host, token))
            }
            Message::Wake(_) | Message::Call(_) => None,
        });
        let hosts = inner.hosts.list();
        for entry in timers.into_iter().chain(ready).chain(checks).chain(posted) {
            if let Entry::Host(host, token) = entry
                && let Some(host) = hosts.get(host)
            {
                host.discard(token);
            }
        }
        inner.halted.set(false);
        let gone = inner.hosts.remove_all();
        drop(gone);
    }

    /// In a process that was forked while this loop existed: parts from the descriptors that it shares with the parent.
    /// Nothing that happens to the loop or its sources here reaches the parent's loop; it is of no further use.
    ///
    /// # Errors
    /// When the process has no descriptors left.
    pub fn part_from_parent(&self) -> io::Result<()> {
        if let Some(recorder) = self.recorder() {
            recorder.stop();
        }
        self.0.driver.part_from_parent()
    }

    // ---- what others put in ---------------------------------------------------------------------------------------

    /// Lets a language join.
    pub fn add_host(&self, host: Rc<dyn Host>) -> HostId {
        self.0.hosts.add(host)
    }

    /// Measures deadlines by a language's own time from now on, or by the loop's clock again (`None`). The time may run at any
    /// speed, stand still or jump: the loop asks it before each wait and each time that it looks for timers that are due. It is
    /// asked on the loop thread, with the languages' locks held and nothing of the loop borrowed.
    pub fn follow_time(&self, time: Option<TimeSource>) {
        let old = self.0.followed.replace(time);
        drop(old);
    }

    /// Ends the turn after the present entry, and runs none until [`Loop::resume`]: an error is on its way to whoever runs
    /// the loop. The entries that are left stay where they are in the queue.
    pub fn halt(&self) {
        self.0.halted.set(true);
    }

    /// Lets entries run again.
    pub fn resume(&self) {
        self.0.halted.set(false);
    }

    /// Appends to the ready queue.
    pub fn push(&self, entry: Entry) {
        self.0.ready.borrow_mut().push_back(entry);
    }

    /// Appends to the check phase: the entry runs in this turn, if the phase is still to come, or in the next.
    pub fn push_check(&self, entry: Entry) -> CheckKey {
        self.0.checks.borrow_mut().push(entry)
    }

    /// Sets whether an entry of the check phase keeps [`Loop::run`] going, and the loop from waiting; it begins so. False if it has run.
    pub fn set_check_referenced(&self, key: CheckKey, referenced: bool) -> bool {
        self.0.checks.borrow_mut().set_referenced(key, referenced)
    }

    /// Queues `entry` for the first turn that begins at or after `deadline`. Equal deadlines keep their order.
    pub fn push_at(&self, deadline: Nanos, entry: Entry) -> TimerKey {
        self.0.timers.borrow_mut().insert(deadline, entry)
    }

    /// Takes a timer back, in constant time; `None` if it has fired or was cancelled before.
    pub fn cancel_timer(&self, key: TimerKey) -> Option<Entry> {
        self.0.timers.borrow_mut().remove(key)
    }

    /// Sets whether the timer keeps [`Loop::run`] going; timers begin referenced. False if the timer no longer exists.
    pub fn set_timer_referenced(&self, key: TimerKey, referenced: bool) -> bool {
        self.0.timers.borrow_mut().set_referenced(key, referenced)
    }

    /// Runs `future` as a task of its own, beginning in the next turn.
    pub fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        spawn(self, future)
    }

    /// Runs a future whose outcome nobody waits for, polling it once before this returns: what it has to do first is done in
    /// the present entry, and if that is all, it costs no turn. `hold` is dropped when it has ended.
    pub fn begin(&self, future: Pin<Box<dyn Future<Output = ()>>>, hold: Option<Hold>) {
        begin(self, future, hold);
    }

    /// Runs `function` on the blocking pool. It goes on to its end also when the handle is dropped.
    pub fn spawn_blocking<T: Send + 'static>(
        &self,
        function: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let timed = self.recorder().as_ref().map(Timed::new);
        let times = timed.as_ref().map(Timed::times);
        let work = pool::submit(move || match times {
            Some(times) => times.around(function),
            None => function(),
        });
        let count = BlockingCount::new(self.downgrade());
        self.spawn(async move {
            let _count = count;
            let outcome = work.await;
            if let Some(timed) = timed {
                timed.record();
            }
            match outcome {
                Ok(value) => value,
                // The panic goes on in the task, which hands it to the join handle.
                Err(payload) => std::panic::resume_unwind(payload),
            }
        })
    }

    /// A handle for other threads.
    #[must_use]
    pub fn remote(&self) -> Remote {
        Remote(Arc::clone(&self.0.inbox))
    }

    /// Keeps [`Loop::run`] going until the hold is dropped.
    pub fn hold(&self) -> Hold {
        self.0.holds.set(self.0.holds.get() + 1);
        Hold(self.downgrade())
    }

    /// Registers a descriptor with the driver.
    ///
    /// # Errors
    /// EEXIST if the descriptor is registered already, EPERM for a regular file, EBADF for one that is not open.
    pub fn register(&self, fd: RawFd, mode: Mode) -> io::Result<Source> {
        let inner = &*self.0;
        let generation = inner.source_generation.get();
        inner.source_generation.set(generation.wrapping_add(1));
        let mut sources = inner.sources.borrow_mut();
        let vacant = sources.vacant_entry();
        let state = Rc::new(SourceState::new(
            SourceKey::new(vacant.key(), generation),
            fd,
        ));
        inner.driver.add(fd, state.key.as_u64(), mode)?;
        vacant.insert(Rc::clone(&state));
        drop(sources);
        let mut latest = inner.latest_sources.borrow_mut();
        let index = fd as usize;
        if latest.len() <= index {
            latest.resize(index + 1, None);
        }
        latest[index] = Some(state.key);
        drop(latest);
        if let Some(recorder) = self.recorder() {
            recorder.descriptor(fd);
        }
        Ok(Source::new(self, state, mode))
    }

    /// Shows the token of each of a host's entries that is queued or timed, for a language whose collector looks for cycles.
    /// Shows none while the queue or the timers are being changed.
    pub fn visit_tokens(&self, host: HostId, visit: &mut dyn FnMut(u64)) {
        let (Ok(ready), Ok(checks), Ok(timers)) = (
            self.0.ready.try_borrow(),
            self.0.checks.try_borrow(),
            self.0.timers.try_borrow(),
        ) else {
            return;
        };
        for entry in ready.iter().chain(checks.iter()).chain(timers.entries()) {
            if let Entry::Host(owner, token) = entry
                && *owner == host
            {
                visit(*token);
            }
        }
    }

    // ---- questions ------------------------------------------------------------------------------------------------

    /// The time that deadlines are measured by: the loop's clock, or what it follows.
    #[must_use]
    pub fn now(&self) -> Nanos {
        match self.followed_time() {
            Some(time) => time(),
            None => self.0.clock.now(),
        }
    }

    /// How long the loop has been blocked until now, because nothing was ready.
    #[must_use]
    pub fn idle(&self) -> Nanos {
        self.0.idle.get()
    }

    /// How long ago the first turn began; none before it.
    #[must_use]
    pub fn age(&self) -> Option<Nanos> {
        let started = self.0.started.get()?;
        Some(self.0.clock.now().saturating_sub(started))
    }

    /// The language's own time, if there is one.
    pub(crate) fn followed_time(&self) -> Option<TimeSource> {
        self.0.followed.borrow().clone()
    }

    /// True if an entry is ready, or another thread has posted one.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.is_ready() || self.0.inbox.has_posts()
    }

    /// True if an entry waits for its turn and for nothing else.
    pub(crate) fn is_ready(&self) -> bool {
        !self.0.ready.borrow().is_empty() || self.0.checks.borrow().referenced() > 0
    }

    /// How many operations are under way on the blocking pool.
    #[must_use]
    pub fn blocking(&self) -> usize {
        self.0.blocking.get()
    }

    /// The earliest deadline of a timer, by the time that [`Loop::now`] tells.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Nanos> {
        self.0.timers.borrow_mut().next_deadline()
    }

    /// [`Statistics::turns`] alone, which costs nothing.
    #[must_use]
    pub fn turns(&self) -> u64 {
        self.0.counters.turns()
    }

    /// What the loop has done and holds.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let inner = &*self.0;
        Statistics {
            ready: inner.ready.borrow().len() + inner.checks.borrow().len(),
            timers: inner.timers.borrow().len(),
            tasks: inner.tasks.len(),
            descriptors: inner.sources.borrow().len(),
            holds: inner.holds.get(),
            wakes: inner.inbox.wakes(),
            ..inner.counters.statistics()
        }
    }

    /// A bar of the trace for what runs outside of a turn, until it is dropped; nothing if the process is not traced.
    #[must_use]
    pub fn record(&self, language: Language, name: impl FnOnce() -> String) -> Option<Span> {
        let recorder = self.recorder()?;
        Some(recorder.span(Kind::Callback, language, &name()))
    }

    /// Begins (from zero) or ends timing each entry with its checkpoint, for [`Statistics::entry_times`].
    pub fn time_entries(&self, on: bool) {
        self.0.counters.set_timing(on);
    }

    /// Whether both handles are to the same loop.
    #[must_use]
    pub fn is_same(&self, other: &Loop) -> bool {
        self.0.id == other.0.id
    }

    /// The same loop, without keeping it alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakLoop {
        WeakLoop(Rc::downgrade(&self.0))
    }

    /// Sends what streams have queued for the end of this turn, now: for a program that ends in the middle of one.
    pub fn flush_writes(&self) {
        self.flush_queue().flush_all();
    }

    /// Counts bytes that somebody else than this crate's own sockets received and sent, for the statistics.
    pub fn count_traffic(&self, received: usize, sent: usize) {
        let traffic = self.traffic();
        traffic.add_received(received);
        traffic.add_sent(sent);
    }

    // ---- for the other files of this crate ------------------------------------------------------------------------

    pub(crate) fn id(&self) -> u64 {
        self.0.id
    }

    /// What writes down what this loop does, if something is to.
    #[inline(always)]
    pub(crate) fn recorder(&self) -> Option<Rc<Recorder>> {
        if !self.0.is_recorded.get() {
            return None;
        }
        self.0.recorder.borrow().clone()
    }

    pub(crate) fn set_recorder(&self, recorder: Option<Rc<Recorder>>) {
        self.0.is_recorded.set(recorder.is_some());
        let old = self.0.recorder.replace(recorder);
        drop(old);
    }

    pub(crate) fn hosts(&self) -> Vec<Rc<dyn Host>> {
        self.0.hosts.list().iter().cloned().collect()
    }

    /// The registered descriptors.
    pub(crate) fn descriptors(&self) -> Vec<RawFd> {
        let sources = self.0.sources.borrow();
        sources.iter().map(|(_, state)| state.fd).collect()
    }

    /// The time of the clock, whatever time the loop follows.
    pub(crate) fn clock_now(&self) -> Nanos {
        self.0.clock.now()
    }

    pub(crate) fn driver(&self) -> &Driver {
        &self.0.driver
    }

    pub(crate) fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    pub(crate) fn traffic(&self) -> &Rc<Traffic> {
        &self.0.counters.traffic
    }

    pub(crate) fn buffers(&self) -> &Buffers {
        &self.0.buffers
    }

    pub(crate) fn flush_queue(&self) -> &FlushQueue {
        &self.0.flush
    }

    pub(crate) fn insert_task(
        &self,
        future: Pin<Box<dyn Future<Output = ()>>>,
        hold: Option<Hold>,
    ) -> TaskId {
        self.0.tasks.insert(self.0.id, &self.0.inbox, future, hold)
    }

    pub(crate) fn push_task(&self, id: TaskId) {
        self.0.tasks.mark_queued(id);
        self.push(Entry::Task(id));
    }

    pub(crate) fn deregister(&self, key: SourceKey, fd: RawFd) {
        let mut sources = self.0.sources.borrow_mut();
        if sources
            .get(key.slot())
            .is_some_and(|state| state.key == key)
        {
            sources.remove(key.slot());
        }
        drop(sources);
        let mut latest = self.0.latest_sources.borrow_mut();
        if let Some(slot) = latest.get_mut(fd as usize)
            && *slot == Some(key)
        {
            *slot = None;
            // ENOENT and EBADF: the descriptor was closed before, which ended the registration.
            let _ = self.0.driver.delete(fd);
        }
        // Otherwise it was closed before too, and its number names another source's descriptor now.
    }

    pub(crate) fn source_state(&self, key: SourceKey) -> Option<Rc<SourceState>> {
        self.0
            .sources
            .borrow()
            .get(key.slot())
            .filter(|state| state.key == key)
            .cloned()
    }
}

impl WeakLoop {
    /// The loop, if it still exists.
    #[must_use]
    pub fn upgrade(&self) -> Option<Loop> {
        self.0.upgrade().map(Loop)
    }
}

/// Keeps [`Loop::run`] going while it exists.
#[must_use]
pub struct Hold(WeakLoop);

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(event_loop) = self.0.upgrade() {
            event_loop.0.holds.set(event_loop.0.holds.get() - 1);
        }
    }
}

struct BlockingCount(WeakLoop);

impl BlockingCount {
    fn new(event_loop: WeakLoop) -> BlockingCount {
        if let Some(event_loop) = event_loop.upgrade() {
            event_loop.0.blocking.set(event_loop.0.blocking.get() + 1);
        }
        BlockingCount(event_loop)
    }
}

impl Drop for BlockingCount {
    fn drop(&mut self) {
        if let Some(event_loop) = self.0.upgrade() {
            event_loop.0.blocking.set(event_loop.0.blocking.get() - 1);
        }
    }
}

macro_rules! opaque_debug {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(stringify!($name))
            }
        }
    )*};
}
opaque_debug!(Loop, WeakLoop, Hold);
