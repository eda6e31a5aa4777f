//! The turn of the loop, top to bottom, and the ways to run it.
//!
//! One turn: 1 poll, 2 move what is due into the ready queue (I/O, inbox, timers), 3 run exactly the entries that were
//! queued at this point, and before the timers those of the check phase (`checks.rs`), 4 after each of them a microtask checkpoint, 5 flush the writes of the turn. `Loop::turn` is the
//! only place that blocks the loop thread (rule ONE-WAIT); what an entry adds to the queue runs in the next turn.
//!
//! Everything here runs on the loop thread.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::clock::Nanos;
use crate::entry::{Entry, Host};
use crate::event_loop::{HostList, Loop};
use crate::inbox::Message;
use crate::source::SourceKey;
use crate::sys::{Event, is_asked};
use crate::task::{TaskId, TaskWaker};
use crate::trace::{self, Kind, Recorder};

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

impl Loop {
    // ---- the turn -------------------------------------------------------------------------------------------------

    /// Runs one turn.
    ///
    /// An entry may run turns of its own loop, as a program does that steps the loop while it waits for something. They run what
    /// was queued behind that entry and what comes; the outer turn goes on with what they leave.
    pub fn turn(&self, wait: Wait) {
        let _entered = self.enter();
        let inner = &*self.0;
        inner.counters.count_turn();
        if inner.started.get().is_none() {
            inner.started.set(Some(inner.clock.now()));
        }

        // Writes made outside a turn must not wait for an event that only they would cause.
        inner.flush.flush_all();
        if inner.halted.get() {
            // Whoever runs the loop has an error to look at before anything else.
            return;
        }
        let recorder = self.recorder();
        let recorder = recorder.as_ref();
        let traced = recorder.map(|recorder| recorder.begin_turn(self, inner.ready.borrow().len()));
        self.poll(wait);
        self.take_inbox();
        let before_timers = inner.ready.borrow().len();
        if let Some(recorder) = recorder {
            recorder.polled(before_timers);
        }
        self.take_timers(before_timers, recorder);
        self.run_entries(before_timers, recorder);
        inner.flush.flush_all();
        drop(traced);
    }

    /// Step 1: asks the driver, and blocks only if nothing is ready.
    fn poll(&self, wait: Wait) {
        let inner = &*self.0;
        let now = inner.clock.now();
        if now.saturating_sub(inner.last_release.get()) >= KEEP_LOCKS_NS {
            inner.last_release.set(now);
            wait_guarded(&self.guards(), &mut || ());
            self.answer_if_asked();
        }
        if self.has_work() {
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
        let timer = timer.map(|deadline| self.on_clock(deadline));
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

    /// When the clock will have reached `deadline` of the followed time, as far as is known now.
    fn on_clock(&self, deadline: Nanos) -> Nanos {
        match self.followed_time() {
            Some(time) => {
                let left = deadline.saturating_sub(time());
                self.0.clock.now().saturating_add(left)
            }
            None => deadline,
        }
    }

    /// Blocks with the languages' locks released, after a spin.
    fn block(&self, deadline: Option<Nanos>) {
        let inner = &*self.0;
        if inner.spins.are_worth_it() && self.spin(deadline) {
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
            let since = inner.clock.now();
            wait_guarded(&guards, &mut || {
                result = inner.driver.wait(timeout, &mut events);
                over = inner.clock.now();
            });
            inner
                .idle
                .set(inner.idle.get() + over.saturating_sub(since));
            if !guards.is_empty() {
                let now = inner.clock.now();
                inner.spins.report_lock(now.saturating_sub(over));
                inner.last_release.set(now);
            }
            inner.inbox.awake();
            self.report_events(result, events);
            self.answer_if_asked();
        }
    }

    /// A process may be asked what it is at, by a signal, which ends a wait.
    fn answer_if_asked(&self) {
        if is_asked() {
            trace::answer(self);
        }
    }

    /// The languages with a lock that other threads want.
    fn guards(&self) -> Vec<Rc<dyn Host>> {
        let hosts = self.0.hosts.list();
        let guards = hosts.iter().filter(|host| host.guards_wait());
        guards.map(Rc::clone).collect()
    }

    /// Asks the driver for a short while; true if something came.
    fn spin(&self, deadline: Option<Nanos>) -> bool {
        let inner = &*self.0;
        let end = inner.clock.now() + inner.spins.limit();
        let end = deadline.map_or(end, |deadline| deadline.min(end));
        loop {
            self.wait_for_events(Some(0));
            let found = self.has_work();
            if found || inner.clock.now() >= end {
                inner.spins.report(found);
                return found;
            }
        }
    }

    fn wait_on_test_clock(&self, deadline: Option<Nanos>) {
        let inner = &*self.0;
        self.wait_for_events(Some(0));
        if self.has_work() {
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
                Message::Timer(deadline, host, token) => {
                    self.push_at(deadline, Entry::Host(host, token));
                    continue;
                }
                Message::Call(function) => Entry::call(move |event_loop| function(event_loop)),
            });
        }
        drop(ready);
        *inner.messages.borrow_mut() = messages;
    }

    /// Steps 3 and 4. The check phase comes when `before_timers` entries have run.
    fn run_entries(&self, before_timers: usize, recorder: Option<&Rc<Recorder>>) {
        let inner = &*self.0;
        let mut count = inner.ready.borrow().len();
        let mut running = Running::new(self, recorder);
        let mut index = 0;
        loop {
            if index == before_timers && self.run_checks(&mut running) {
                count += self.take_timers(count - index, recorder);
            }
            if index == count || inner.halted.get() {
                break;
            }
            index += 1;
            // `close` empties the queue from inside an entry.
            let Some(entry) = inner.ready.borrow_mut().pop_front() else {
                break;
            };
            running.run(entry, true);
        }
    }

    /// The check phase; false if there was nothing to do in it.
    fn run_checks(&self, running: &mut Running<'_>) -> bool {
        let inner = &*self.0;
        let count = inner.checks.borrow().len();
        for _ in 0..count {
            if inner.halted.get() {
                return false;
            }
            let Some(entry) = inner.checks.borrow_mut().pop() else {
                break;
            };
            running.run(entry, false);
        }
        count > 0
    }

    /// Step 2, timers: by deadline, then by sequence; never early. They come into the ready queue at `place`: behind all, or, when the check
    /// phase is over, before what waits for the next turn. Gives how many they are.
    fn take_timers(&self, place: usize, recorder: Option<&Rc<Recorder>>) -> usize {
        let inner = &*self.0;
        if inner.timers.borrow().len() == 0 {
            return 0;
        }
        let now = self.now();
        let mut timers = inner.timers.borrow_mut();
        let mut ready = inner.ready.borrow_mut();
        let mut end = place.min(ready.len());
        loop {
            let due = recorder.and_then(|_| timers.next_deadline());
            let Some(entry) = timers.pop_due(now) else {
                break;
            };
            if let (Some(recorder), Some(due)) = (recorder, due) {
                recorder.timer(end, due, now);
            }
            ready.insert(end, entry);
            end += 1;
        }
        end - place.min(end)
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
                    // One `block_on` inside another may have taken the entry that was to wake the outer one.
                    inner.root_woken.set(true);
                    return value;
                }
                self.checkpoint();
                inner.flush.flush_all();
            }
            // Set already after a `block_on` inside the poll.
            let wait = if inner.root_woken.get() {
                Wait::No
            } else {
                Wait::Until(None)
            };
            self.turn(wait);
        }
    }

    /// Runs the checkpoint of every host, as after an entry. For code that enters a language outside the turn.
    pub fn checkpoint(&self) {
        for host in self.0.hosts.list().iter() {
            host.checkpoint();
        }
    }

    /// True while something referenced is left to run or to wait for.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let inner = &*self.0;
        inner.holds.get() > 0
            || self.is_ready()
            || inner.inbox.has_posts()
            || inner.timers.borrow().referenced() > 0
    }
}

/// What the entries of a turn run with.
struct Running<'l> {
    event_loop: &'l Loop,
    hosts: HostList,
    version: u32,
    /// When the entry began, while entries are timed.
    started: Option<Nanos>,
    recorder: Option<&'l Rc<Recorder>>,
}

impl<'l> Running<'l> {
    fn new(event_loop: &'l Loop, recorder: Option<&'l Rc<Recorder>>) -> Running<'l> {
        let inner = &*event_loop.0;
        Running {
            event_loop,
            hosts: inner.hosts.list(),
            version: inner.hosts.version(),
            started: inner.counters.is_timing().then(|| inner.clock.now()),
            recorder,
        }
    }

    fn renew_hosts(&mut self) {
        let hosts = &self.event_loop.0.hosts;
        if self.version != hosts.version() {
            self.version = hosts.version();
            self.hosts = hosts.list();
        }
    }

    /// Steps 3 and 4 for an entry. `was_queued` if it was in the ready queue.
    fn run(&mut self, entry: Entry, was_queued: bool) {
        let inner = &*self.event_loop.0;
        inner.counters.count_entry();
        // A language may have joined in the checkpoint of the entry before.
        self.renew_hosts();
        match self.recorder {
            None => {
                self.dispatch(entry);
                self.checkpoint();
            }
            Some(recorder) => self.run_recorded(recorder, entry, was_queued),
        }
        if let Some(started) = &mut self.started {
            let now = inner.clock.now();
            inner.counters.add_time(now.saturating_sub(*started));
            *started = now;
        }
    }

    fn run_recorded(&mut self, recorder: &Recorder, entry: Entry, was_queued: bool) {
        let inner = &*self.event_loop.0;
        let (kind, value) = match &entry {
            Entry::Host(..) | Entry::Call(_) => (Kind::Callback, 0),
            Entry::Task(_) => (Kind::Future, 0),
            Entry::Io(key) => {
                let state = self.event_loop.source_state(*key);
                (Kind::Io, state.map_or(0, |state| state.fd as u32))
            }
        };
        recorder.begin_entry(kind, value, was_queued);
        self.dispatch(entry);
        recorder.queued(inner.ready.borrow().len());
        self.checkpoint();
        recorder.queued(inner.ready.borrow().len());
        recorder.end_entry();
    }

    #[inline(always)]
    fn dispatch(&self, entry: Entry) {
        let inner = &*self.event_loop.0;
        match entry {
            Entry::Host(id, token) => {
                // A language that has left: another thread posted too late.
                if let Some(host) = self.hosts.get(id) {
                    host.run(token);
                }
            }
            Entry::Task(TaskId::ROOT) => inner.root_woken.set(true),
            Entry::Task(task) => inner.tasks.run(task),
            Entry::Io(key) => {
                if let Some(state) = self.event_loop.source_state(key) {
                    state.dispatch();
                }
            }
            Entry::Call(function) => function(self.event_loop),
        }
    }

    #[inline(always)]
    fn checkpoint(&mut self) {
        self.renew_hosts();
        for host in self.hosts.iter() {
            host.checkpoint();
        }
    }
}

/// Calls `wait` inside the `around_wait` of every host in `guards`.
fn wait_guarded(guards: &[Rc<dyn Host>], wait: &mut dyn FnMut()) {
    match guards.split_first() {
        Some((first, rest)) => first.around_wait(&mut || wait_guarded(rest, wait)),
        None => wait(),
    }
}
