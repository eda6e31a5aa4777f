//! What a loop holds besides its native loop, and what all rooms ask it: the thread check, scheduling, the buffers, the
//! descriptors that belong to transports.
//!
//! All methods run under the GIL. On the loop's thread, or while the loop does not run, they use the loop directly; from
//! another thread a callback goes through the inbox (rule ONE-WAKE), so `call_soon` from a wrong thread is safe too.
//! Turns are run only by `run_turns` and `step` (rule ONE-WAIT), and never with a cell of this file borrowed.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::os::fd::RawFd;
use std::rc::{Rc, Weak};

use pyo3::Borrowed;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use twinloop_loop::{Clock, Entry, HostId, Loop, Nanos, Remote, TimerKey, Wait};
use twinloop_web::Client;

use super::core::LoopCore;
use super::descriptors::Descriptors;
use super::host::PythonHost;
use crate::asyncio::transports::SocketTransport;
use crate::ffi::handle::{LoopLink, Owned};
use crate::ffi::{self, Object, ThreadIdentity};

/// What a `LoopCore` holds; every transport, stream and operation of the loop has a reference to it.
pub(crate) struct LoopState {
    /// Made with the first handle.
    pub(super) link: OnceCell<LoopLink>,
    /// `None` once closed: dropping the loop closes its descriptors.
    pub(super) event_loop: RefCell<Option<Loop>>,
    pub(super) clock: Clock,
    pub(super) host: Rc<PythonHost>,
    host_id: HostId,
    /// `None` once closed: it keeps the loop's wake-up descriptor open.
    pub(super) remote: RefCell<Option<Remote>>,
    /// Why this process may not use the loop: another one, which forked it, does.
    pub(super) left_to_parent: RefCell<Option<String>>,
    /// The thread in `_run`.
    pub(super) runner: Cell<Option<ThreadIdentity>>,
    pub(super) stopping: Cell<bool>,
    /// `_run` also ends when nothing is referenced any more, as a JavaScript program does.
    pub(super) until_idle: Cell<bool>,
    /// The program, or a subclass, has replaced `time`: what the last look found. A look costs as much as a timer, so there is one
    /// for each run, and one before it.
    has_own_time: Cell<Option<bool>>,
    pub(super) debug: Cell<bool>,
    pub(super) has_task_factory: Cell<bool>,
    pub(super) redirects_connections: Cell<bool>,
    /// The program steps the loop within one of its callbacks, so that a task may be running further down the stack.
    pub(super) is_nested: Cell<bool>,
    /// The next `call_soon` comes from a task that is being made (`begin_task`), and is kept in `first_step`.
    pub(super) begins_task: Cell<bool>,
    pub(super) first_step: RefCell<Option<Object>>,
    /// The connections of fetches without a session, made with the first.
    pub(crate) client: RefCell<Option<Client>>,
    pub(crate) descriptors: Descriptors,
    /// Descriptors that belong to transports, and the transport of each that is a stream socket: the program's own operations
    /// on them are refused.
    pub(super) transports: RefCell<HashMap<RawFd, Weak<SocketTransport>>>,
    /// The size of the last read of `sock_recv`, by which the next one chooses its way.
    pub(crate) last_sock_recv: Cell<usize>,
    scratch: RefCell<Vec<u8>>,
    /// What a TLS connection has just encrypted, on its way to its socket; empty in between.
    tls_output: RefCell<Vec<u8>>,
}

/// Room for the largest read that is copied afterwards.
const SCRATCH_SIZE: usize = 256 * 1024;

/// What is kept of the memory for encrypted bytes: a write of 256 KiB with what its records add fits, so that a program that
/// sends such pieces does not make it grow and shrink again with each (rule BOUNDED).
const TLS_OUTPUT_SIZE: usize = 512 * 1024;

impl LoopState {
    pub(super) fn new(test_clock: bool) -> PyResult<LoopState> {
        let clock = if test_clock {
            Clock::test()
        } else {
            Clock::monotonic()
        };
        let event_loop = Loop::with_clock(clock.clone())?;
        let host = PythonHost::join(&event_loop);
        Ok(LoopState {
            link: OnceCell::new(),
            host_id: host.id(),
            host,
            remote: RefCell::new(Some(event_loop.remote())),
            event_loop: RefCell::new(Some(event_loop)),
            clock,
            left_to_parent: RefCell::default(),
            runner: Cell::new(None),
            stopping: Cell::new(false),
            until_idle: Cell::new(false),
            has_own_time: Cell::new(None),
            debug: Cell::new(false),
            has_task_factory: Cell::new(false),
            redirects_connections: Cell::new(false),
            is_nested: Cell::new(false),
            begins_task: Cell::new(false),
            first_step: RefCell::default(),
            client: RefCell::default(),
            descriptors: Descriptors::default(),
            transports: RefCell::default(),
            last_sock_recv: Cell::new(0),
            scratch: RefCell::default(),
            tls_output: RefCell::default(),
        })
    }

    pub(super) fn close(&self, py: Python<'_>) {
        let event_loop = self.event_loop.take();
        self.remote.replace(None);
        self.descriptors.clear(py);
        let client = self.client.take();
        if let Some(event_loop) = event_loop {
            let _entered = event_loop.enter();
            drop(client);
            event_loop.close();
        }
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // A running loop is on the stack, and what it runs is not in its queue. Showing less than there is is always safe.
        if self.runner.get().is_some() {
            return Ok(());
        }
        let mut owned = Owned::new(visit, self.link.get());
        if let Ok(event_loop) = self.event_loop.try_borrow()
            && let Some(event_loop) = &*event_loop
        {
            event_loop.visit_tokens(self.host_id, &mut |token| owned.add_entry(token));
        }
        self.descriptors.visit(&mut owned);
        owned.finish()
    }

    /// What the handles of the loop know it by. `this` is the loop's object.
    #[inline(always)]
    pub(super) fn link(&self, this: Borrowed<'_, '_, PyAny>) -> PyResult<&LoopLink> {
        match self.link.get() {
            Some(link) => Ok(link),
            None => self.make_link(this),
        }
    }

    #[cold]
    fn make_link(&self, this: Borrowed<'_, '_, PyAny>) -> PyResult<&LoopLink> {
        let link = LoopLink::new(&this)?;
        Ok(self.link.get_or_init(|| link))
    }

    /// The loop, or the RuntimeError for a closed one.
    pub(crate) fn open(&self) -> PyResult<Loop> {
        self.event_loop
            .borrow()
            .clone()
            .ok_or_else(|| self.closed())
    }

    pub(super) fn check_open(&self) -> PyResult<()> {
        if self.event_loop.borrow().is_none() {
            return Err(self.closed());
        }
        Ok(())
    }

    pub(super) fn is_left_to_parent(&self) -> bool {
        self.left_to_parent.borrow().is_some()
    }

    #[cold]
    fn closed(&self) -> PyErr {
        let reason = self.left_to_parent.borrow();
        PyRuntimeError::new_err(reason.clone().unwrap_or("Event loop is closed".into()))
    }

    /// True if the loop may be touched directly: it does not run, or runs in this very thread.
    pub(crate) fn is_here(&self, py: Python<'_>) -> bool {
        match self.runner.get() {
            None => true,
            Some(runner) => runner == ffi::current_thread(py),
        }
    }

    /// True while the loop runs in this very thread: the end of the turn comes soon.
    pub(crate) fn runs_here(&self, py: Python<'_>) -> bool {
        self.runner.get() == Some(ffi::current_thread(py))
    }

    /// After a change that the loop may not notice while it waits: wakes it, if it runs in another thread.
    pub(crate) fn wake_if_elsewhere(&self, py: Python<'_>) {
        if !self.is_here(py)
            && let Some(remote) = &*self.remote.borrow()
        {
            remote.wake();
        }
    }

    pub(crate) fn check_thread(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_here(py) {
            Ok(())
        } else {
            Err(wrong_thread())
        }
    }

    pub(crate) fn host(&self) -> &Rc<PythonHost> {
        &self.host
    }

    pub(crate) fn redirects_connections(&self) -> bool {
        self.redirects_connections.get()
    }

    pub(crate) fn is_debug(&self) -> bool {
        self.debug.get()
    }

    /// Marks a descriptor as a transport's; whatever watched it before ends.
    pub(crate) fn claim_for_transport(&self, py: Python<'_>, fd: RawFd) -> PyResult<()> {
        self.descriptors.forget(py, fd)?;
        self.transports.borrow_mut().insert(fd, Weak::new());
        Ok(())
    }

    /// After `claim_for_transport`, for a stream socket.
    pub(crate) fn note_transport(&self, fd: RawFd, transport: &Rc<SocketTransport>) {
        let transport = Rc::downgrade(transport);
        self.transports.borrow_mut().insert(fd, transport);
    }

    pub(crate) fn release_from_transport(&self, fd: RawFd) {
        self.transports.borrow_mut().remove(&fd);
    }

    /// As `release_from_transport`, unless the number belongs to another one by now: its socket was closed under the first.
    pub(crate) fn forget_transport(&self, fd: RawFd, transport: &SocketTransport) {
        let mut transports = self.transports.borrow_mut();
        if let Some(known) = transports.get(&fd)
            && std::ptr::eq(known.as_ptr(), transport)
        {
            transports.remove(&fd);
        }
    }

    /// The transport whose stream socket has this descriptor.
    pub(crate) fn transport_at(&self, fd: RawFd) -> Option<Rc<SocketTransport>> {
        self.transports.borrow().get(&fd)?.upgrade()
    }

    pub(crate) fn is_transport(&self, fd: RawFd) -> bool {
        let transports = self.transports.borrow();
        !transports.is_empty() && transports.contains_key(&fd)
    }

    /// Puts a handle into the ready queue, from any thread.
    pub(crate) fn schedule(&self, py: Python<'_>, handle: Object) {
        if self.is_here(py) {
            if let Some(event_loop) = &*self.event_loop.borrow() {
                event_loop.push(Entry::Host(self.host_id, handle.into_token()));
            }
        } else if let Some(remote) = &*self.remote.borrow() {
            remote.post_host(self.host_id, handle.into_token());
        }
    }

    pub(super) fn schedule_at(&self, deadline: Nanos, handle: Object) -> PyResult<TimerKey> {
        match &*self.event_loop.borrow() {
            Some(event_loop) => {
                Ok(event_loop.push_at(deadline, Entry::Host(self.host_id, handle.into_token())))
            }
            None => Err(self.closed()),
        }
    }

    /// A timer from another thread: the wake-up makes the loop look at its deadlines again.
    pub(super) fn post_timer(&self, deadline: Nanos, handle: Object) {
        if let Some(remote) = &*self.remote.borrow() {
            remote.post_host_at(deadline, self.host_id, handle.into_token());
        }
    }

    pub(super) fn run_turns(&self, py: Python<'_>, event_loop: &Loop) -> PyResult<()> {
        loop {
            if self.until_idle.get() && !event_loop.is_alive() {
                self.until_idle.set(false);
                return Ok(());
            }
            let wait = if self.stopping.get() {
                Wait::No
            } else {
                Wait::Until(None)
            };
            event_loop.turn(wait);
            if let Some(error) = self.host.take_error() {
                return Err(error);
            }
            // Python-level signal handlers run here when no callback gave the interpreter a chance to run them.
            py.check_signals()?;
            if self.stopping.get() {
                break;
            }
        }
        Ok(())
    }

    /// One turn, in which the program may wait for `timeout` seconds.
    pub(super) fn step(
        &self,
        py: Python<'_>,
        event_loop: &Loop,
        timeout: Option<f64>,
    ) -> PyResult<u64> {
        let wait = match timeout {
            _ if self.stopping.get() => Wait::No,
            None => Wait::Until(None),
            Some(seconds) if seconds <= 0.0 => Wait::No,
            Some(seconds) => {
                let limit = self.clock.now().saturating_add(deadline(seconds));
                Wait::Until(Some(limit))
            }
        };
        let before = event_loop.statistics().entries;
        event_loop.turn(wait);
        if let Some(error) = self.host.take_error() {
            return Err(error);
        }
        py.check_signals()?;
        Ok(event_loop.statistics().entries - before)
    }

    /// Looks whether the loop's class or the program has a `time` of its own: then timers follow it, as in asyncio, until
    /// `Loop::follow_time(None)`.
    pub(super) fn follow_time_of(&self, this: &Bound<'_, PyAny>) -> PyResult<()> {
        if !self.look_for_own_time(this)? {
            return Ok(());
        }
        let (this, host) = (Object::new(this.clone()), Rc::clone(&self.host));
        let time = move || {
            ffi::with_gil_held(|py| {
                own_time(&this.bind(py)).map_or_else(
                    |error| {
                        host.interrupt(error);
                        0
                    },
                    deadline,
                )
            })
        };
        self.open()?.follow_time(Some(Rc::new(time)));
        Ok(())
    }

    /// The loop no longer runs: what replaces `time` from now on is to be noticed again.
    pub(super) fn forget_own_time(&self, event_loop: &Loop) {
        self.has_own_time.set(None);
        event_loop.follow_time(None);
    }

    #[cold]
    fn look_for_own_time(&self, this: &Bound<'_, PyAny>) -> PyResult<bool> {
        let has_own = has_own_time(this)?;
        self.has_own_time.set(Some(has_own));
        Ok(has_own)
    }

    /// The time by which the program counts, in seconds.
    #[inline(always)]
    pub(super) fn time_of(&self, this: Borrowed<'_, '_, PyAny>) -> PyResult<f64> {
        let has_own = match self.has_own_time.get() {
            Some(known) => known,
            None => self.look_for_own_time(&this)?,
        };
        if has_own {
            own_time(&this)
        } else {
            Ok(self.seconds_now())
        }
    }

    /// Runs `body`, which calls the protocol of the transport that `owner` gives; in debug mode a slow one is reported.
    pub(crate) fn timed<R>(
        &self,
        py: Python<'_>,
        owner: impl FnOnce() -> Option<Object>,
        body: impl FnOnce() -> R,
    ) -> R {
        if !self.debug.get() {
            return body();
        }
        // Taken before, as the end of the connection, which may come now, makes the transport forget all of it.
        let known = owner().map(|transport| {
            let transport = transport.into_bound(py);
            Ok::<_, PyErr>((
                transport.getattr(intern!(py, "_loop"))?,
                transport.getattr(intern!(py, "_protocol"))?,
                transport,
            ))
        });
        let started = self.clock.now();
        let result = body();
        let took = seconds(self.clock.now().saturating_sub(started));
        if let Some(Ok((event_loop, protocol, transport))) = known
            && !event_loop.is_none()
        {
            let told = event_loop.call_method1("_transport_took", (transport, protocol, took));
            if let Err(error) = told {
                error.write_unraisable(py, Some(&event_loop));
            }
        }
        result
    }

    /// Lends the loop's read buffer. A nested call gets one of its own.
    pub(crate) fn with_scratch<R>(&self, body: impl FnOnce(&mut [u8]) -> R) -> R {
        let mut scratch = self.scratch.take();
        scratch.resize(SCRATCH_SIZE, 0);
        let result = body(&mut scratch);
        self.scratch.replace(scratch);
        result
    }

    /// Memory, empty, for what a TLS connection encrypts; to be given back.
    pub(crate) fn take_tls_output(&self) -> Vec<u8> {
        self.tls_output.take()
    }

    pub(crate) fn give_tls_output_back(&self, mut memory: Vec<u8>) {
        memory.clear();
        memory.shrink_to(TLS_OUTPUT_SIZE);
        self.tls_output.replace(memory);
    }

    pub(super) fn seconds_now(&self) -> f64 {
        seconds(self.clock.now())
    }
}

/// Whether `time` of a loop is another one than `LoopCore.time`.
fn has_own_time(this: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = this.py();
    let name = intern!(py, "time");
    let of_class = this.get_type().getattr(name)?;
    if !of_class.is(py.get_type::<LoopCore>().getattr(name)?) {
        return Ok(true);
    }
    match this.getattr_opt(intern!(py, "__dict__"))? {
        Some(own) => own.contains(name),
        None => Ok(false),
    }
}

fn own_time(this: &Bound<'_, PyAny>) -> PyResult<f64> {
    this.call_method0(intern!(this.py(), "time"))?.extract()
}

pub(super) fn seconds(nanos: Nanos) -> f64 {
    nanos as f64 / 1e9
}

/// The first nanosecond that is not before `when` seconds, also after rounding back (timers are never early).
pub(super) fn deadline(when: f64) -> Nanos {
    // The cast saturates: the past becomes zero and infinity the end of time. NaN becomes zero too: due at once, as in
    // asyncio.
    let nanos = (when * 1e9).ceil() as Nanos;
    if seconds(nanos) < when {
        nanos.saturating_add(1)
    } else {
        nanos
    }
}

#[cold]
fn wrong_thread() -> PyErr {
    PyRuntimeError::new_err(
        "Non-thread-safe operation invoked on an event loop other than the current one",
    )
}
