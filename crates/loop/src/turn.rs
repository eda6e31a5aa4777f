//! The turn of the loop, top to bottom, and the ways to run it.
//!
//! One turn: 1 poll, 2 move what is due into the ready queue (I/O, inbox, timers), 3 run exactly the entries that were
//! queued at this point, 4 after each of them a microtask checkpoint, 5 flush the writes of the turn. `Loop::turn` is the
//! only place that blocks the loop thread (rule ONE-WAIT); what an entry adds to the queue runs in the next turn.
//!
//! Everything here runs on the loop thread. A `Loop` may move to another thread between turns only under a lock that
//! also guards every other use of it (the Python face uses the GIL).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::os::fd::RawFd;
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use slab::Slab;

use crate::clock::{Clock, Nanos};
use crate::entry::{Entry, Host, HostId};
use crate::inbox::{Inbox, Message, Remote};
use crate::look::Looks;
use crate::net::{Buffers, FlushQueue};
use crate::pool;
use crate::source::{Mode, Source, SourceKey, State};
use crate::statistics::{Counters, Statistics, Traffic};
use crate::sys::{Driver, Event};
use crate::task::{JoinHandle, TaskId, TaskWaker, Tasks, spawn};
use crate::timers::{TimerKey, Timers};

/// While entries are ready the driver is asked at most this often: a poll costs as much as three callbacks.
const SKIP_POLL_NS: Nanos = 20_000;

/// A loop that never blocks gives the languages' locks to other threads this often: twice CPython's switching interval.
/// Who waits for the GIL asks for it only after an interval without a release, and a release that nobody has asked for
/// passes it to nobody, so releasing as often as that could keep others out for good.
const KEEP_LOCKS_NS: Nanos = 10_000_000;

/// How long a turn may block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    No,
    /// Until something is ready or the time has come; `None` is for as long as it takes.
    Until(Option<Nanos>),
}

/// An event loop. Clones are handles to the same loop.
#[derive(Clone)]
pub struct Loop(Rc<Inner>);

/// A handle that does not keep the loop's memory alive; for what the loop itself owns.
#[derive(Clone)]
pub struct WeakLoop(Weak<Inner>);

struct Inner {
    id: u64,
    clock: Clock,
    driver: Driver,
    ready: RefCell<VecDeque<Entry>>,
    timers: RefCell<Timers>,
    tasks: Tasks,
    inbox: Arc<Inbox>,
    sources: RefCell<Slab<Rc<State>>>,
    source_generation: Cell<u32>,
    /// The registration that was made last for each descriptor's number.
    latest_sources: RefCell<Vec<Option<SourceKey>>>,
    flush: FlushQueue,
    buffers: Buffers,
    hosts: RefCell<Vec<Rc<dyn Host>>>,
    /// Changes with `hosts`, so that a turn under way notices a language that has just joined.
    hosts_version: Cell<u32>,
    holds: Cell<usize>,
    /// Operations under way on the blocking pool; the test clock waits for them.
    blocking: Cell<usize>,
    last_poll: Cell<Nanos>,
    /// When the languages' locks were last given up.
    last_release: Cell<Nanos>,
    looks: Looks,
    counters: Counters,
    root_woken: Cell<bool>,
    events: RefCell<Vec<Event>>,
    messages: RefCell<Vec<Message>>,
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
        Ok(Loop(Rc::new(Inner {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            clock,
            driver,
            ready: RefCell::default(),
            timers: RefCell::default(),
            tasks: Tasks::default(),
            inbox,
            sources: RefCell::default(),
            source_generation: Cell::new(0),
            latest_sources: RefCell::default(),
            flush: FlushQueue::default(),
            buffers: Buffers::default(),
            hosts: RefCell::default(),
            hosts_version: Cell::new(0),
            holds: Cell::new(0),
            blocking: Cell::new(0),
            last_poll: Cell::new(0),
            last_release: Cell::new(0),
            looks: Looks::default(),
            counters: Counters::default(),
            root_woken: Cell::new(false),
            events: RefCell::default(),
            messages: RefCell::default(),
        })))
    }

    // ---- the turn -------------------------------------------------------------------------------------------------

    /// Runs one turn.
    ///
    /// # Panics
    /// When called from inside an entry of the same loop's turn only through a host that allows it; nested turns are
    /// otherwise a defect of the caller.
    pub fn turn(&self, wait: Wait) {
        let _entered = self.enter();
        let inner = &*self.0;
        inner.counters.count_turn();

        // Writes made outside a turn must not wait for an event that only they would cause.
        inner.flush.flush_all();
        self.poll(wait);
        self.take_inbox();
        self.take_timers();
        self.run_entries();
        inner.flush.flush_all();
    }

    /// Step 1: asks the driver, and blocks only if nothing is ready.
    fn poll(&self, wait: Wait) {
        let inner = &*self.0;
        let now = inner.clock.now();
        if now.saturating_sub(inner.last_release.get()) >= KEEP_LOCKS_NS {
            inner.last_release.set(now);
            wait_guarded(&self.guards(), &mut || ());
        }
        if !inner.ready.borrow().is_empty() || inner.inbox.has_posts() {
            if now.saturating_sub(inner.last_poll.get()) >= SKIP_POLL_NS {
                self.wait_for_events(Some(0));
                inner.last_poll.set(now);
            }
            return;
        }
        let Wait::Until(limit) = wait else {
            self.wait_for_events(Some(0));
            inner.last_poll.set(inner.clock.now());
            return;
        };
        let timer = inner.timers.borrow_mut().next_deadline();
        let deadline = match (timer, limit) {
            (Some(timer), Some(limit)) => Some(timer.min(limit)),
            (timer, limit) => timer.or(limit),
        };
        if inner.clock.is_test() {
            self.wait_on_test_clock(deadline);
        } else {
            self.block(deadline);
        }
        inner.last_poll.set(inner.clock.now());
    }

    /// Blocks with the languages' locks released, after a look that does not block.
    fn block(&self, deadline: Option<Nanos>) {
        let inner = &*self.0;
        if inner.looks.are_worth_it() && self.look(deadline) {
            return;
        }
        let timeout = deadline.map(|deadline| deadline.saturating_sub(inner.clock.now()));
        if timeout == Some(0) {
            return self.wait_for_events(Some(0));
        }
        let guards = self.guards();
        if inner.inbox.prepare_sleep() {
            // Events go into a buffer of this call: with the lock released nothing of the loop may be touched but the
            // driver, which is only waited on.
            let mut events = std::mem::take(&mut *inner.events.borrow_mut());
            let mut result = Ok(());
            let mut over = 0;
            wait_guarded(&guards, &mut || {
                result = inner.driver.wait(timeout, &mut events);
                over = inner.clock.now();
            });
            if !guards.is_empty() {
                let now = inner.clock.now();
                inner.looks.report_lock(now.saturating_sub(over));
                inner.last_release.set(now);
            }
            inner.inbox.awake();
            self.report_events(result, events);
        }
    }

    /// The languages with a lock that other threads want.
    fn guards(&self) -> Vec<Rc<dyn Host>> {
        let hosts = self.0.hosts.borrow();
        let guards = hosts.iter().filter(|host| host.guards_wait());
        guards.map(Rc::clone).collect()
    }

    /// Asks the driver for a short while; true if something came.
    fn look(&self, deadline: Option<Nanos>) -> bool {
        let inner = &*self.0;
        let end = inner.clock.now() + inner.looks.limit();
        let end = deadline.map_or(end, |deadline| deadline.min(end));
        loop {
            self.wait_for_events(Some(0));
            let found = !inner.ready.borrow().is_empty() || inner.inbox.has_posts();
            if found || inner.clock.now() >= end {
                inner.looks.report(found);
                return found;
            }
        }
    }

    fn wait_on_test_clock(&self, deadline: Option<Nanos>) {
        let inner = &*self.0;
        self.wait_for_events(Some(0));
        if !inner.ready.borrow().is_empty() || inner.inbox.has_posts() {
            return;
        }
        match deadline {
            Some(deadline) if inner.blocking.get() == 0 => inner.clock.advance_to(deadline),
            _ => self.block(None),
        }
    }

    fn wait_for_events(&self, timeout: Option<Nanos>) {
        let mut events = std::mem::take(&mut *self.0.events.borrow_mut());
        let result = self.0.driver.wait(timeout, &mut events);
        self.report_events(result, events);
    }

    /// Step 2, I/O: each event queues its handler or wakes the futures that wait for it.
    fn report_events(&self, result: io::Result<()>, mut events: Vec<Event>) {
        // The driver's descriptor is open as long as the loop is; nothing but a defect here makes the wait fail.
        debug_assert!(result.is_ok(), "the driver failed to wait: {result:?}");
        for event in events.drain(..) {
            let state = self.source_state(SourceKey::from_u64(event.key));
            if let Some(state) = state {
                state.report(self, event.readiness);
            }
        }
        *self.0.events.borrow_mut() = events;
    }

    /// Step 2, inbox.
    fn take_inbox(&self) {
        let inner = &*self.0;
        if !inner.inbox.has_posts() {
            return;
        }
        let mut messages = std::mem::take(&mut *inner.messages.borrow_mut());
        inner.inbox.take(&mut messages);
        inner.counters.count_posts(messages.len());
        let mut ready = inner.ready.borrow_mut();
        for message in messages.drain(..) {
            ready.push_back(match message {
                Message::Wake(task) => Entry::Task(task),
                Message::Host(host, token) => Entry::Host(host, token),
                Message::Call(function) => Entry::call(move |event_loop| function(event_loop)),
            });
        }
        drop(ready);
        *inner.messages.borrow_mut() = messages;
    }

    /// Step 2, timers: by deadline, then by sequence; never early.
    fn take_timers(&self) {
        let inner = &*self.0;
        let mut timers = inner.timers.borrow_mut();
        if timers.len() == 0 {
            return;
        }
        let now = inner.clock.now();
        let mut ready = inner.ready.borrow_mut();
        while let Some(entry) = timers.pop_due(now) {
            ready.push_back(entry);
        }
    }

    /// Steps 3 and 4.
    fn run_entries(&self) {
        let inner = &*self.0;
        let count = inner.ready.borrow().len();
        let mut hosts = inner.hosts.borrow().clone();
        let mut version = inner.hosts_version.get();
        let mut started = inner.counters.is_timing().then(|| inner.clock.now());
        for _ in 0..count {
            // `close` empties the queue from inside an entry.
            let Some(entry) = inner.ready.borrow_mut().pop_front() else {
                break;
            };
            inner.counters.count_entry();
            match entry {
                Entry::Host(host, token) => match hosts.get(host.0 as usize) {
                    Some(host) => host.run(token),
                    None => debug_assert!(false, "an entry of a host that never joined"),
                },
                Entry::Task(TaskId::ROOT) => inner.root_woken.set(true),
                Entry::Task(task) => inner.tasks.run(task),
                Entry::Io(key) => {
                    if let Some(state) = self.source_state(key) {
                        state.run_handler();
                    }
                }
                Entry::Call(function) => function(self),
            }
            if version != inner.hosts_version.get() {
                version = inner.hosts_version.get();
                hosts = inner.hosts.borrow().clone();
            }
            for host in &hosts {
                host.checkpoint();
            }
            if let Some(started) = &mut started {
                let now = inner.clock.now();
                inner.counters.add_time(now.saturating_sub(*started));
                *started = now;
            }
        }
    }

    // ---- ways to run ----------------------------------------------------------------------------------------------

    /// Runs until nothing is referenced: no ready entry, no referenced timer, no [`Hold`].
    pub fn run(&self) {
        while self.is_alive() {
            self.turn(Wait::Until(None));
        }
    }

    /// Runs turns until `done` says so; asked before each turn.
    pub fn run_until(&self, done: &dyn Fn() -> bool) {
        while !done() {
            self.turn(Wait::Until(None));
        }
    }

    /// Runs until `future` is done and returns its result.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _entered = self.enter();
        let inner = &*self.0;
        let mut future = pin!(future);
        let signal = TaskWaker::new(TaskId::ROOT, inner.id, Arc::clone(&inner.inbox));
        let waker = Waker::from(Arc::clone(&signal));
        inner.root_woken.set(true);
        loop {
            if inner.root_woken.replace(false) {
                signal.unqueue();
                if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    inner.flush.flush_all();
                    return value;
                }
                self.checkpoint();
                inner.flush.flush_all();
            }
            self.turn(Wait::Until(None));
        }
    }

    /// Runs the checkpoint of every host, as after an entry. For code that enters a language outside the turn.
    pub fn checkpoint(&self) {
        let hosts = self.0.hosts.borrow().clone();
        for host in &hosts {
            host.checkpoint();
        }
    }

    /// True while something referenced is left to run or to wait for.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let inner = &*self.0;
        inner.holds.get() > 0
            || !inner.ready.borrow().is_empty()
            || inner.inbox.has_posts()
            || inner.timers.borrow().referenced() > 0
    }

    /// Drops every task and discards every entry and timer. The loop can be used again afterwards, but its hosts are gone.
    pub fn close(&self) {
        let _entered = self.enter();
        let inner = &*self.0;
        inner.tasks.clear();
        let timers = inner.timers.borrow_mut().drain();
        let ready = std::mem::take(&mut *inner.ready.borrow_mut());
        let mut messages = Vec::new();
        inner.inbox.take(&mut messages);
        let posted = messages.into_iter().filter_map(|message| match message {
            Message::Host(host, token) => Some(Entry::Host(host, token)),
            Message::Wake(_) | Message::Call(_) => None,
        });
        let hosts = inner.hosts.borrow().clone();
        for entry in timers.into_iter().chain(ready).chain(posted) {
            if let Entry::Host(host, token) = entry
                && let Some(host) = hosts.get(host.0 as usize)
            {
                host.discard(token);
            }
        }
        inner.hosts.borrow_mut().clear();
        inner
            .hosts_version
            .set(inner.hosts_version.get().wrapping_add(1));
    }

    /// In a process that was forked while this loop existed: parts from the descriptors that it shares with the parent.
    /// Nothing that happens to the loop or its sources here reaches the parent's loop; it is of no further use.
    ///
    /// # Errors
    /// When the process has no descriptors left.
    pub fn part_from_parent(&self) -> io::Result<()> {
        self.0.driver.part_from_parent()
    }

    // ---- what others put in ---------------------------------------------------------------------------------------

    /// Lets a language join.
    pub fn add_host(&self, host: Rc<dyn Host>) -> HostId {
        let mut hosts = self.0.hosts.borrow_mut();
        hosts.push(host);
        self.0
            .hosts_version
            .set(self.0.hosts_version.get().wrapping_add(1));
        HostId(u32::try_from(hosts.len() - 1).expect("a process has a handful of languages"))
    }

    /// Appends to the ready queue.
    pub fn push(&self, entry: Entry) {
        self.0.ready.borrow_mut().push_back(entry);
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

    /// Runs `function` on the blocking pool. It goes on to its end also when the handle is dropped.
    pub fn spawn_blocking<T: Send + 'static>(
        &self,
        function: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let work = pool::submit(function);
        let count = BlockingCount::new(self.downgrade());
        self.spawn(async move {
            let _count = count;
            match work.await {
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
        let state = Rc::new(State::new(SourceKey::new(vacant.key(), generation)));
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
        Ok(Source::new(self, state, fd, mode))
    }

    // ---- questions ------------------------------------------------------------------------------------------------

    /// The time on the loop's clock.
    #[must_use]
    pub fn now(&self) -> Nanos {
        self.0.clock.now()
    }

    /// What the loop has done and holds.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let inner = &*self.0;
        Statistics {
            ready: inner.ready.borrow().len(),
            timers: inner.timers.borrow().len(),
            tasks: inner.tasks.len(),
            descriptors: inner.sources.borrow().len(),
            holds: inner.holds.get(),
            wakes: inner.inbox.wakes(),
            ..inner.counters.statistics()
        }
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

    pub(crate) fn driver(&self) -> &Driver {
        &self.0.driver
    }

    pub(crate) fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    /// Lends the loop's read buffer of 256 KiB. A nested call gets a buffer of its own.
    pub fn with_scratch<T>(&self, function: impl FnOnce(&mut [u8]) -> T) -> T {
        self.0.buffers.with_scratch(function)
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
        future: std::pin::Pin<Box<dyn Future<Output = ()>>>,
    ) -> TaskId {
        self.0.tasks.insert(self.0.id, &self.0.inbox, future)
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

    fn source_state(&self, key: SourceKey) -> Option<Rc<State>> {
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

/// Calls `wait` inside the `around_wait` of every host in `guards`.
fn wait_guarded(guards: &[Rc<dyn Host>], wait: &mut dyn FnMut()) {
    match guards.split_first() {
        Some((first, rest)) => first.around_wait(&mut || wait_guarded(rest, wait)),
        None => wait(),
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
