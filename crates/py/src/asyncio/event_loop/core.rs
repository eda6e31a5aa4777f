//! `LoopCore`: the native half of `twinloop.EventLoop`, as Python's half calls it.
//!
//! The hot methods are in `methods.rs`, what a loop holds is in `state.rs`. All methods run under the GIL.

use std::os::fd::RawFd;
use std::rc::{Rc, Weak};

use pyo3::Borrowed;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use twinloop_loop::{Entry, Nanos, TimerKey};

use super::descriptors::Direction;
use super::state::{LoopState, deadline, seconds};
use crate::asyncio::names::resolving;
use crate::asyncio::sockets::closing;
use crate::ffi::handle::{Handle, HandleKind};
use crate::ffi::{self, GilBound, Object};

/// The native half of `twinloop.EventLoop`.
#[pyclass(frozen, subclass, module = "_twinloop._native")]
pub(crate) struct LoopCore {
    pub(super) state: GilBound<Rc<LoopState>>,
}

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
        let state = LoopState::new(test_clock)?;
        Ok(LoopCore {
            state: GilBound::new(Rc::new(state)),
        })
    }

    /// Runs turns until `stop`; raises what a callback raised if it has to leave the loop.
    fn _run(slf: &Bound<'_, LoopCore>) -> PyResult<()> {
        let py = slf.py();
        let state = slf.get().state.get(py);
        let event_loop = state.open()?;
        state.follow_time_of(slf.as_any())?;
        state.runner.set(Some(ffi::current_thread(py)));
        let result = state.run_turns(py, &event_loop);
        state.runner.set(None);
        state.stopping.set(false);
        state.until_idle.set(false);
        state.forget_own_time(&event_loop);
        result
    }

    /// Runs one turn, inside a run or without one, for a program that steps the loop itself. `timeout` is how many seconds it may
    /// wait, None for as long as it takes. Returns how many callbacks were run.
    fn _step(slf: &Bound<'_, LoopCore>, timeout: Option<f64>) -> PyResult<u64> {
        let py = slf.py();
        let state = slf.get().state.get(py);
        let event_loop = state.open()?;
        state.check_thread(py)?;
        state.follow_time_of(slf.as_any())?;
        let outer = state.runner.replace(Some(ffi::current_thread(py)));
        let is_nested = state.is_nested.replace(outer.is_some());
        let result = state.step(py, &event_loop, timeout);
        state.is_nested.set(is_nested);
        state.runner.set(outer);
        if outer.is_none() {
            state.forget_own_time(&event_loop);
        }
        result
    }

    /// How many seconds the next turn may wait: 0 if something is ready, None if nothing is timed.
    fn _step_timeout(slf: &Bound<'_, LoopCore>) -> PyResult<Option<f64>> {
        let state = slf.get().state.get(slf.py());
        let event_loop = state.open()?;
        if state.stopping.get() || event_loop.has_work() {
            return Ok(Some(0.0));
        }
        let Some(deadline) = event_loop.next_deadline() else {
            return Ok(None);
        };
        let now = state.time_of(slf.as_any().as_borrowed())?;
        Ok(Some((seconds(deadline) - now).max(0.0)))
    }

    fn _is_stopping(&self, py: Python<'_>) -> bool {
        self.state.get(py).stopping.get()
    }

    fn _set_stopping(&self, py: Python<'_>, stopping: bool) {
        self.state.get(py).stopping.set(stopping);
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
        std::mem::forget((event_loop, state.client.take()));
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
        resolving::resolve_into(slf, future, host, service, numbers)
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
    pub(crate) fn state<'a>(&'a self, py: Python<'a>) -> &'a Rc<LoopState> {
        self.state.get(py)
    }

    fn unwatch(&self, fd: &Bound<'_, PyAny>, direction: Direction) -> PyResult<bool> {
        let py = fd.py();
        let state = self.state.get(py);
        if state.event_loop.borrow().is_none() {
            return Ok(false);
        }
        let number = match file_descriptor(fd) {
            Ok(number) => number,
            // A file that was closed without removing its callback is known by itself, as in asyncio.
            Err(error) => state.descriptors.named_by(fd).ok_or(error)?,
        };
        let removed = state.descriptors.remove(py, number, direction);
        state.wake_if_elsewhere(py);
        removed
    }
}

/// `add_reader` and `add_writer`, from any thread, as in asyncio (without a promise) and uvloop: the driver may be changed while
/// the loop waits for it, and everything else is changed under the GIL, which the loop's thread holds while it uses it.
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
            HandleKind::Persistent,
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
    state.wake_if_elsewhere(py);
    Ok(handle.into_bound(py))
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
