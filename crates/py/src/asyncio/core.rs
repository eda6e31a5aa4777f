//! `LoopCore`: the native half of `twinloop.EventLoop`: callbacks, timers, futures and tasks, and the run itself.
//!
//! All methods run under the GIL. On the loop's thread, or while the loop does not run, they use the loop directly; from
//! another thread a callback goes through the inbox (rule ONE-WAKE), so `call_soon` from a wrong thread is safe too.
//! Turns are run only by `_run` (rule ONE-WAIT), and never with a cell of this file borrowed.

mod methods;

pub(crate) use methods::register;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::os::fd::RawFd;
use std::rc::{Rc, Weak};

use pyo3::Borrowed;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use twinloop_loop::{Clock, Entry, HostId, Loop, Nanos, Remote, TimerKey, Wait};

use super::closing;
use super::descriptors::{Descriptors, Direction};
use super::host::PythonHost;
use super::transport::Transport;
use crate::ffi::handle::{Handle, Kind, LoopLink, Owned};
use crate::ffi::{self, GilBound, Object, ThreadIdentity};

/// The native half of `twinloop.EventLoop`.
#[pyclass(frozen, subclass, module = "_twinloop._native")]
pub(crate) struct LoopCore {
    state: GilBound<Rc<State>>,
}

pub(crate) struct State {
    /// Made with the first handle.
    link: OnceCell<LoopLink>,
    /// `None` once closed: dropping the loop closes its descriptors.
    event_loop: RefCell<Option<Loop>>,
    clock: Clock,
    host: Rc<PythonHost>,
    host_id: HostId,
    /// `None` once closed: it keeps the loop's wake-up descriptor open.
    remote: RefCell<Option<Remote>>,
    /// Why this process may not use the loop: another one, which forked it, does.
    left_to_parent: RefCell<Option<String>>,
    /// The thread in `_run`.
    runner: Cell<Option<ThreadIdentity>>,
    stopping: Cell<bool>,
    /// `_run` also ends when nothing is referenced any more, as a JavaScript program does.
    until_idle: Cell<bool>,
    debug: Cell<bool>,
    has_task_factory: Cell<bool>,
    redirects_connections: Cell<bool>,
    pub(crate) descriptors: Descriptors,
    /// Descriptors that belong to transports, and the transport of each that is a stream socket: the program's own operations
    /// on them are refused.
    transports: RefCell<HashMap<RawFd, Weak<Transport>>>,
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

#[pymethods]
impl LoopCore {
    /// The other arguments are for the `__init__` of a subclass, as with any class.
    #[new]
    #[pyo3(signature = (*_arguments, test_clock = false, **_keywords))]
    fn new(
        _arguments: &Bound<'_, PyTuple>,
        test_clock: bool,
        _keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<LoopCore> {
        let clock = if test_clock {
            Clock::test()
        } else {
            Clock::monotonic()
        };
        let event_loop = Loop::with_clock(clock.clone())?;
        let host = PythonHost::join(&event_loop);
        let state = State {
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
            debug: Cell::new(false),
            has_task_factory: Cell::new(false),
            redirects_connections: Cell::new(false),
            descriptors: Descriptors::default(),
            transports: RefCell::default(),
            last_sock_recv: Cell::new(0),
            scratch: RefCell::default(),
            tls_output: RefCell::default(),
        };
        Ok(LoopCore {
            state: GilBound::new(Rc::new(state)),
        })
    }

    /// Runs turns until `stop`; raises what a callback raised if it has to leave the loop.
    fn _run(&self, py: Python<'_>) -> PyResult<()> {
        let state = self.state.get(py);
        let event_loop = state.open()?;
        state.runner.set(Some(ffi::current_thread(py)));
        let result = state.run_turns(py, &event_loop);
        state.runner.set(None);
        state.stopping.set(false);
        state.until_idle.set(false);
        result
    }

    /// Discards everything that is queued and closes the loop's own descriptors.
    fn _close(&self, py: Python<'_>) {
        self.state.get(py).close(py);
    }

    /// What is queued, timed and watched, for the collector of reference cycles: nearly every callback leads back to its
    /// loop.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.state.get_for(&visit).traverse(&visit)
    }

    fn __clear__(&self, py: Python<'_>) {
        // Almost always closed by now: the collector calls `__del__` first.
        self.state.get(py).close(py);
    }

    /// In a forked process: leaves everything to the parent. Whoever uses this loop from now on gets `reason` as a
    /// RuntimeError; if the fork happened in one of its callbacks, the run ends with it, or with what the callback raises:
    /// a child that is to end by SystemExit does.
    fn _part_from_parent(&self, py: Python<'_>, reason: String) -> PyResult<()> {
        let state = self.state.get(py);
        state.remote.replace(None);
        let Some(event_loop) = state.event_loop.take() else {
            return Ok(());
        };
        if state.runner.take().is_some() {
            state.host.leave(PyRuntimeError::new_err(reason.clone()));
        }
        state.left_to_parent.replace(Some(reason));
        event_loop.part_from_parent()?;
        // Dropping it would run the destructors of what is queued: that is for the parent to do.
        std::mem::forget(event_loop);
        Ok(())
    }

    /// In a forked process: what the run was for is done, so it ends as by `stop` and not with the reason against going on.
    fn _end_run_in_child(&self, py: Python<'_>) {
        let state = self.state.get(py);
        state.host.leave_in_peace();
        state.stopping.set(true);
    }

    fn _check_open(&self, py: Python<'_>) -> PyResult<()> {
        self.state.get(py).check_open()
    }

    /// Makes the next run end when nothing is referenced any more: no callback, referenced timer or operation.
    fn _stop_when_idle(&self, py: Python<'_>) {
        self.state.get(py).until_idle.set(true);
    }

    fn _has_test_clock(&self, py: Python<'_>) -> bool {
        self.state.get(py).clock.is_test()
    }

    /// True if the caller may touch the loop directly.
    fn _is_here(&self, py: Python<'_>) -> bool {
        self.state.get(py).is_here(py)
    }

    fn _set_native_debug(&self, py: Python<'_>, debug: bool) {
        let state = self.state.get(py);
        state.debug.set(debug);
        state.host.set_debug(debug);
    }

    fn _set_has_task_factory(&self, py: Python<'_>, has: bool) {
        self.state.get(py).has_task_factory.set(has);
    }

    /// Whether connections go elsewhere than their addresses say (`--connect-to`): then Python looks at each.
    fn _set_redirects_connections(&self, py: Python<'_>, redirects: bool) {
        self.state.get(py).redirects_connections.set(redirects);
    }

    /// Asks the system's resolver on the blocking pool; `numbers` are family, type, protocol and flags.
    fn _resolve(
        slf: &Bound<'_, LoopCore>,
        future: Bound<'_, PyAny>,
        host: Option<Vec<u8>>,
        service: Option<Vec<u8>>,
        numbers: [i32; 4],
    ) -> PyResult<()> {
        slf.get().state.get(slf.py()).check_thread(slf.py())?;
        super::names::resolve_into(slf, future, host, service, numbers)
    }

    /// Calls the method `read` of this object when the descriptor is readable, without a reference that would keep the loop
    /// alive.
    fn _watch_self_pipe(slf: &Bound<'_, LoopCore>, fd: i32, read: String) -> PyResult<()> {
        let state = slf.get().state.get(slf.py());
        let event_loop = state.open()?;
        state
            .descriptors
            .watch_self_pipe(slf, &event_loop, Rc::clone(&state.host), fd, read)
    }

    /// Queues an existing handle object (`asyncio.Handle` or one of ours), from any thread.
    fn _add_callback(&self, handle: Bound<'_, PyAny>) -> PyResult<()> {
        let py = handle.py();
        let state = self.state.get(py);
        state.check_open()?;
        state.schedule(py, Object::new(handle));
        Ok(())
    }

    /// Queues an existing handle object for the time `when`.
    fn _add_timer(&self, when: f64, handle: Bound<'_, PyAny>) -> PyResult<()> {
        let py = handle.py();
        self.state
            .get(py)
            .schedule_at(deadline(when), Object::new(handle))?;
        Ok(())
    }

    /// Whether a descriptor has a reader and a writer.
    fn _watched(&self, py: Python<'_>, fd: &Bound<'_, PyAny>) -> PyResult<(bool, bool)> {
        Ok(self.state.get(py).descriptors.watched(file_descriptor(fd)?))
    }

    #[pyo3(signature = (fd, callback, *arguments))]
    fn _add_reader<'py>(
        slf: &Bound<'py, LoopCore>,
        fd: &Bound<'py, PyAny>,
        callback: &Bound<'py, PyAny>,
        arguments: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        watch(slf, fd, callback, arguments, Direction::Read)
    }

    #[pyo3(signature = (fd, callback, *arguments))]
    fn _add_writer<'py>(
        slf: &Bound<'py, LoopCore>,
        fd: &Bound<'py, PyAny>,
        callback: &Bound<'py, PyAny>,
        arguments: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        watch(slf, fd, callback, arguments, Direction::Write)
    }

    fn _remove_reader(&self, fd: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.unwatch(fd, Direction::Read)
    }

    fn _remove_writer(&self, fd: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.unwatch(fd, Direction::Write)
    }

    /// Before one of asyncio's own operations that ends when its socket is closed; false if there is nothing to notice.
    fn _notice_closing(&self, socket: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = socket.py();
        let state = self.state.get(py);
        let fd: RawFd = socket.call_method0("fileno")?.extract()?;
        if fd < 0 || state.is_transport(fd) {
            return Ok(false);
        }
        state.check_thread(py)?;
        let event_loop = state.open()?;
        let descriptor = state
            .descriptors
            .of_socket(&event_loop, &state.host, fd, socket)?;
        closing::notice_closing(socket, &descriptor, state, true)
    }

    /// After an operation for which `_notice_closing` returned true.
    #[staticmethod]
    fn _leave_to_be_closed(socket: &Bound<'_, PyAny>) -> PyResult<()> {
        closing::leave_to_be_closed(socket)
    }

    /// The transport whose stream socket has this descriptor, or None.
    fn _transport_at(&self, py: Python<'_>, fd: RawFd) -> Option<Py<PyAny>> {
        let transport = self.state.get(py).transport_at(fd)?;
        let owner = transport.owner(py)?;
        Some(owner.into_bound(py).unbind())
    }

    /// Ends the transports of stream sockets, without a callback.
    fn _release_transports(&self, py: Python<'_>) {
        let transports: Vec<_> = self
            .state
            .get(py)
            .transports
            .borrow()
            .values()
            .cloned()
            .collect();
        for transport in transports.iter().filter_map(Weak::upgrade) {
            transport.release();
        }
    }

    /// Counts of what the loop has done and holds. `callback_times` is None, or a list of (seconds, count): how many
    /// callbacks took less than so long and not less than the entry before; the seconds of the last may be None.
    fn statistics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let statistics = self.state.get(py).open()?.statistics();
        let counts = PyDict::new(py);
        for (name, count) in [
            ("turns", statistics.turns),
            ("callbacks", statistics.entries),
            ("ready", statistics.ready as u64),
            ("timers", statistics.timers as u64),
            ("native_tasks", statistics.tasks as u64),
            ("descriptors", statistics.descriptors as u64),
            ("inbox_posts", statistics.posts),
            ("inbox_wakes", statistics.wakes),
            ("bytes_received", statistics.bytes_received),
            ("bytes_sent", statistics.bytes_sent),
        ] {
            counts.set_item(name, count)?;
        }
        let times = statistics.entry_times.map(|times| {
            let bucket = |(limit, count): (Option<Nanos>, u64)| (limit.map(seconds), count);
            times.buckets().map(bucket).collect::<Vec<_>>()
        });
        counts.set_item("callback_times", times)?;
        Ok(counts)
    }

    /// Begins (from zero) or ends timing each callback, for `statistics()["callback_times"]`.
    fn time_callbacks(&self, py: Python<'_>, enabled: bool) -> PyResult<()> {
        self.state.get(py).open()?.time_entries(enabled);
        Ok(())
    }
}

impl LoopCore {
    pub(crate) fn state<'a>(&'a self, py: Python<'a>) -> &'a Rc<State> {
        self.state.get(py)
    }

    fn unwatch(&self, fd: &Bound<'_, PyAny>, direction: Direction) -> PyResult<bool> {
        let py = fd.py();
        let state = self.state.get(py);
        if state.event_loop.borrow().is_none() {
            return Ok(false);
        }
        state.check_thread(py)?;
        let number = match file_descriptor(fd) {
            Ok(number) => number,
            // A file that was closed without removing its callback is known by itself, as in asyncio.
            Err(error) => state.descriptors.named_by(fd).ok_or(error)?,
        };
        state.descriptors.remove(py, number, direction)
    }
}

fn watch<'py>(
    slf: &Bound<'py, LoopCore>,
    fd: &Bound<'py, PyAny>,
    callback: &Bound<'py, PyAny>,
    arguments: &Bound<'py, PyTuple>,
    direction: Direction,
) -> PyResult<Bound<'py, PyAny>> {
    let py = slf.py();
    let state = slf.get().state.get(py);
    let event_loop = state.open()?;
    state.check_thread(py)?;
    let named_by = fd;
    let fd = file_descriptor(fd)?;
    let handle = if state.is_debug() {
        Object::new(slf.call_method1("_make_reader_handle", (callback, arguments))?)
    } else {
        let arguments: Vec<_> = arguments
            .iter_borrowed()
            .map(|value| value.as_ptr())
            .collect();
        let handle = Handle::new(
            py,
            Kind::Persistent,
            state.link(slf.as_any().as_borrowed())?,
            callback.as_borrowed(),
            &arguments,
            None,
        )?;
        Object::new(handle.into_bound(py))
    };
    state.descriptors.add(
        py,
        &event_loop,
        &state.host,
        fd,
        direction,
        handle.share(py),
    )?;
    if !named_by.is_instance_of::<pyo3::types::PyInt>() {
        state.descriptors.name(fd, Object::new(named_by.clone()));
    }
    Ok(handle.into_bound(py))
}

impl State {
    fn close(&self, py: Python<'_>) {
        let event_loop = self.event_loop.take();
        self.remote.replace(None);
        self.descriptors.clear(py);
        if let Some(event_loop) = event_loop {
            event_loop.close();
        }
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
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
    fn link(&self, this: Borrowed<'_, '_, PyAny>) -> PyResult<&LoopLink> {
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

    fn check_open(&self) -> PyResult<()> {
        if self.event_loop.borrow().is_none() {
            return Err(self.closed());
        }
        Ok(())
    }

    fn is_left_to_parent(&self) -> bool {
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

    /// True inside `_run`, in whichever thread.
    pub(crate) fn is_running(&self) -> bool {
        self.runner.get().is_some()
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
    pub(super) fn note_transport(&self, fd: RawFd, transport: &Rc<Transport>) {
        let transport = Rc::downgrade(transport);
        self.transports.borrow_mut().insert(fd, transport);
    }

    pub(crate) fn release_from_transport(&self, fd: RawFd) {
        self.transports.borrow_mut().remove(&fd);
    }

    /// As `release_from_transport`, unless the number belongs to another one by now: its socket was closed under the first.
    pub(super) fn forget_transport(&self, fd: RawFd, transport: &Transport) {
        let mut transports = self.transports.borrow_mut();
        if let Some(known) = transports.get(&fd)
            && std::ptr::eq(known.as_ptr(), transport)
        {
            transports.remove(&fd);
        }
    }

    /// The transport whose stream socket has this descriptor.
    pub(super) fn transport_at(&self, fd: RawFd) -> Option<Rc<Transport>> {
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

    fn schedule_at(&self, deadline: Nanos, handle: Object) -> PyResult<TimerKey> {
        match &*self.event_loop.borrow() {
            Some(event_loop) => {
                Ok(event_loop.push_at(deadline, Entry::Host(self.host_id, handle.into_token())))
            }
            None => Err(self.closed()),
        }
    }

    /// A timer from another thread: the wake-up makes the loop look at its deadlines again.
    fn post_timer(&self, deadline: Nanos, handle: Object) {
        if let Some(remote) = &*self.remote.borrow() {
            remote.post_host_at(deadline, self.host_id, handle.into_token());
        }
    }

    fn run_turns(&self, py: Python<'_>, event_loop: &Loop) -> PyResult<()> {
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

    fn seconds_now(&self) -> f64 {
        seconds(self.clock.now())
    }
}

fn seconds(nanos: Nanos) -> f64 {
    nanos as f64 / 1e9
}

/// The first nanosecond that is not before `when` seconds, also after rounding back (timers are never early).
fn deadline(when: f64) -> Nanos {
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

/// The number behind what `add_reader` accepts: an int, or an object with `fileno`.
fn file_descriptor(object: &Bound<'_, PyAny>) -> PyResult<i32> {
    let number = object.extract::<i32>().or_else(|_| {
        object
            .call_method0(intern!(object.py(), "fileno"))
            .and_then(|number| number.extract())
    });
    match number {
        Ok(fd) if fd >= 0 => Ok(fd),
        Ok(fd) => Err(PyValueError::new_err(format!(
            "Invalid file descriptor: {fd}"
        ))),
        Err(_) => Err(PyValueError::new_err(format!(
            "Invalid file object: {}",
            object.repr()?
        ))),
    }
}

/// The core of an event loop object; handles and methods of `LoopCore` hold nothing else.
pub(crate) fn core_of<'a, 'py>(event_loop: &'a Borrowed<'_, 'py, PyAny>) -> PyResult<&'a LoopCore> {
    Ok(event_loop.cast::<LoopCore>()?.get())
}

/// Takes a timer of `event_loop` back; returns the queue's reference to the handle.
pub(crate) fn cancel_timer(
    py: Python<'_>,
    event_loop: Borrowed<'_, '_, PyAny>,
    key: TimerKey,
) -> Option<Object> {
    let state = core_of(&event_loop).ok()?.state.get(py);
    if !state.is_here(py) {
        // Cancelling from another thread is not promised to work; the handle is marked and will not run.
        return None;
    }
    match state.event_loop.borrow().as_ref()?.cancel_timer(key)? {
        Entry::Host(_, token) => Some(Object::from_entry(token)),
        _ => None,
    }
}

/// Runs a handle by Python, which times it in debug mode: an `asyncio.Handle` of that mode or of a signal, or a reader.
pub(crate) fn run_foreign_handle(py: Python<'_>, handle: Borrowed<'_, '_, PyAny>) -> PyResult<()> {
    handle
        .getattr(intern!(py, "_loop"))?
        .call_method1(intern!(py, "_run_foreign_handle"), (handle,))?;
    Ok(())
}
