//! `SocketOperation`: a coroutine in native code, and at the same time the future that it waits for.
//!
//! `await loop.sock_recv(...)` tries at once and returns without a turn of the loop when it can. When it has to wait it
//! yields itself: asyncio's Task sees a future-like object (`_asyncio_future_blocking`, `add_done_callback`, `result`) and
//! leaves its wake-up here, which readiness calls directly. No Future and no extra turn stand between a readable socket
//! and the code that awaits it. Driven by hand or wrapped in a Task it behaves as the coroutine of an `async def`.
//!
//! A raw type, because PyO3 has no `am_send`, which returns a value without raising StopIteration. GIL held throughout.

mod methods;

pub(crate) use methods::{register, thrown};

use std::cell::Cell;
use std::ptr::null_mut;
use std::rc::Rc;

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyType};
use pyo3::{Borrowed, ffi};

use super::gil::GilBound;
use super::handle::Owned;
use super::object::Object;
use crate::asyncio::event_loop::LoopState;
use crate::tracing;

/// What came of trying: the result, or nothing yet.
pub(crate) type Attempt<'py> = PyResult<Option<Bound<'py, PyAny>>>;

/// What a native coroutine does.
pub(crate) trait Operation {
    /// The method's qualified name, for `repr` and warnings.
    fn name(&self) -> &'static str;

    /// Tries once; `None` means that `waiter` was registered and will be woken.
    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py>;

    /// Takes the registration of the last attempt back.
    fn withdraw(&mut self, py: Python<'_>, waiter: &Waiter);

    /// Whether its result is something to be left again: `async with` takes the coroutine then.
    fn is_entered(&self) -> bool {
        false
    }

    /// Shows every object that it owns to the garbage collector.
    fn visit(&self, visitor: &mut dyn FnMut(&Object));
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    New,
    Running,
    /// Has yielded itself and waits to be woken.
    Waiting,
    /// Woken or cancelled; goes on when it is resumed.
    Woken,
    Cancelled,
    Finished,
}

/// `_asyncio_future_blocking`: None unless it has just been yielded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blocking {
    None,
    True,
    False,
}

struct Callback {
    function: Object,
    context: Option<Object>,
}

struct CoroutineState {
    name: &'static str,
    operation: Option<Box<dyn Operation>>,
    /// Almost always one: the wake-up of the task that awaits this.
    callback: Option<Callback>,
    more_callbacks: Vec<Callback>,
    status: Status,
    blocking: Blocking,
    cancel_message: Option<Object>,
    /// What the next resumption raises instead of going on.
    failure: Option<Object>,
    /// Of one that `async with` has entered.
    entered: Entered,
    /// The slot that points back here.
    slot: Option<Rc<WaitSlot>>,
    event_loop: Object,
}

/// How far `async with` is.
enum Entered {
    No,
    /// It keeps the result.
    Yes,
    /// The result, which is left at the end.
    Inside(Object),
}

#[repr(C)]
struct RawCoroutine {
    head: ffi::PyObject,
    weak_references: *mut ffi::PyObject,
    state: CoroutineState,
}

static CLASS: GilBound<Cell<*mut ffi::PyTypeObject>> = GilBound::new(Cell::new(null_mut()));

/// A reference to a native coroutine that waits.
pub(crate) struct Waiter(Object);

impl Waiter {
    pub(crate) fn share(&self, py: Python<'_>) -> Waiter {
        Waiter(self.0.share(py))
    }

    pub(crate) fn visit(&self, owned: &mut Owned<'_>) {
        owned.add(&self.0);
    }

    /// The loop that the coroutine was made by.
    pub(crate) fn event_loop<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        let raw = self.raw();
        // SAFETY: a live coroutine, which owns its loop; the field never changes.
        unsafe { (*raw).state.event_loop.bind(py).to_owned() }
    }

    pub(crate) fn is(&self, other: &Waiter) -> bool {
        self.0.as_ptr() == other.0.as_ptr()
    }

    /// Calls what waits for this. `Err` is what must leave `run_forever`.
    pub(crate) fn wake(self, py: Python<'_>) -> PyResult<()> {
        let raw = self.raw();
        // SAFETY: a live coroutine; the state is not borrowed across the calls below.
        let (first, more) = unsafe {
            let state = &mut (*raw).state;
            if state.status != Status::Waiting {
                return Ok(());
            }
            state.status = Status::Woken;
            state.blocking = Blocking::None;
            (
                state.callback.take(),
                std::mem::take(&mut state.more_callbacks),
            )
        };
        for callback in first.into_iter().chain(more) {
            callback.wake(py, self.0.bind(py))?;
        }
        Ok(())
    }

    /// Puts the call of what waits for this into the ready queue, as a future that gets its result does.
    pub(crate) fn wake_soon(self, py: Python<'_>, core: &LoopState) {
        let raw = self.raw();
        // SAFETY: a live coroutine; two fields are read and written.
        unsafe {
            let state = &mut (*raw).state;
            if state.status != Status::Waiting {
                return;
            }
            state.status = Status::Woken;
            state.blocking = Blocking::None;
        }
        core.schedule(py, self.0);
    }

    /// As [`Waiter::wake_soon`]; the coroutine then raises `failure`.
    pub(crate) fn fail_soon(self, py: Python<'_>, core: &LoopState, failure: Object) {
        let raw = self.raw();
        // SAFETY: a live coroutine; the old value is moved out before it is dropped.
        let old = unsafe {
            let state = &mut (*raw).state;
            if state.status != Status::Waiting {
                return;
            }
            state.failure.replace(failure)
        };
        drop(old);
        self.wake_soon(py, core);
    }

    /// Lets go of everything, when the loop is closed under it.
    pub(crate) fn abandon(self, py: Python<'_>) {
        let raw = self.raw();
        // SAFETY: a live coroutine; the values are moved out before they are used or dropped.
        let (callbacks, operation) = unsafe {
            let state = &mut (*raw).state;
            (
                (
                    state.callback.take(),
                    std::mem::take(&mut state.more_callbacks),
                ),
                state.operation.take(),
            )
        };
        drop(callbacks);
        if let Some(mut operation) = operation {
            operation.withdraw(py, &self);
        }
    }

    fn raw(&self) -> *mut RawCoroutine {
        self.0.as_ptr().cast()
    }
}

/// Where at most one coroutine waits, without being owned: whoever awaits it keeps it alive, and it leaves the slot when
/// it ends. So no reference cycle goes through the owner of a slot. Whoever leaves empties the slot, even if it was woken
/// and another one has come since: a stream reader's `_waiter` does so in asyncio.
#[derive(Default)]
pub(crate) struct WaitSlot(Cell<*mut RawCoroutine>);

impl WaitSlot {
    /// True if a coroutine waits here, be it a cancelled one that has not gone on yet.
    pub(crate) fn is_taken(&self) -> bool {
        !self.0.get().is_null()
    }

    /// Lets `waiter` wait here, until it is taken out, goes on or ends. What was here before is forgotten.
    pub(crate) fn register(self: &Rc<Self>, waiter: &Waiter) {
        let raw = waiter.raw();
        // SAFETY: a live coroutine; the slot it had before is left before the new one is entered.
        unsafe {
            leave_slot(raw);
            self.0.set(raw);
            (*raw).state.slot = Some(Rc::clone(self));
        }
    }

    /// What waits here.
    pub(crate) fn peek<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let raw = self.0.get();
        // SAFETY: a coroutine clears the slot before its memory is released (`leave_slot`), so a pointer here is alive.
        (!raw.is_null()).then(|| unsafe { Bound::from_borrowed_ptr(py, raw.cast()) })
    }

    /// Takes out what waits here.
    pub(crate) fn take(&self, py: Python<'_>) -> Option<Waiter> {
        let waiter = self.peek(py)?;
        self.0.set(null_mut());
        Some(Waiter(Object::new(waiter)))
    }
}

/// Empties the slot that a coroutine waits in, or waited in when it was woken.
///
/// # Safety
/// `raw` is a coroutine, possibly one that is being deallocated, and the GIL is held.
unsafe fn leave_slot(raw: *mut RawCoroutine) {
    // SAFETY: the caller's promise; a slot holds no Python object, so dropping it calls nothing.
    if let Some(slot) = unsafe { (*raw).state.slot.take() } {
        slot.0.set(null_mut());
    }
}

/// Calls what waits for a coroutine that [`Waiter::wake_soon`] queued; `None` if `object` is something else. `Some(Err)` is
/// what must leave `run_forever`.
pub(crate) fn run_woken(py: Python<'_>, object: &Object) -> Option<PyResult<()>> {
    let raw: *mut RawCoroutine = object.as_ptr().cast();
    // SAFETY: the type of a live object is read, and nothing else before it is known to be ours; the state is not borrowed
    // across the calls.
    let (first, more) = unsafe {
        if ffi::Py_TYPE(object.as_ptr()) != CLASS.get(py).get() {
            return None;
        }
        let state = &mut (*raw).state;
        if state.status != Status::Woken {
            // Somebody resumed it before its entry came, and it waits for something else now, or has ended.
            return Some(Ok(()));
        }
        (
            state.callback.take(),
            std::mem::take(&mut state.more_callbacks),
        )
    };
    for callback in first.into_iter().chain(more) {
        let step = tracing::begin(&callback.function.bind(py));
        let result = callback.wake(py, object.bind(py));
        if let Some(step) = step {
            step.end();
        }
        if let Err(error) = result {
            return Some(Err(error));
        }
    }
    Some(Ok(()))
}

/// What the wake-up of a C task is called with: it asks an exact Future for its result without a method call (90 ns).
struct Settled {
    task: Py<PyType>,
    future: Py<PyAny>,
}

impl Settled {
    fn of(py: Python<'_>) -> PyResult<&Settled> {
        static SETTLED: PyOnceLock<Settled> = PyOnceLock::new();
        SETTLED.get_or_try_init(py, || {
            let asyncio = py.import("asyncio")?;
            // A done future has no use for its loop; its constructor asks for the debug mode.
            let options = PyDict::new(py);
            options.set_item("get_debug", py.get_type::<PyBool>())?;
            let event_loop = py
                .import("types")?
                .getattr("SimpleNamespace")?
                .call((), Some(&options))?;
            let options = PyDict::new(py);
            options.set_item("loop", event_loop)?;
            let future = asyncio.getattr("Future")?.call((), Some(&options))?;
            future.call_method1("set_result", (py.None(),))?;
            Ok(Settled {
                task: asyncio.getattr("Task")?.cast_into::<PyType>()?.unbind(),
                future: future.unbind(),
            })
        })
    }

    /// Whether `function` is a C function that belongs to a C task: the wake-up that it leaves where it waits.
    fn is_for(&self, function: &Object) -> bool {
        // SAFETY: the self of a C function is null or alive as long as the function; only its type is read.
        unsafe {
            if ffi::PyCFunction_CheckExact(function.as_ptr()) == 0 {
                return false;
            }
            let owner = ffi::PyCFunction_GetSelf(function.as_ptr());
            !owner.is_null() && ffi::Py_TYPE(owner).cast() == self.task.as_ptr()
        }
    }
}

impl Callback {
    /// Calls it because `coroutine` can go on.
    fn wake(&self, py: Python<'_>, coroutine: Borrowed<'_, '_, PyAny>) -> PyResult<()> {
        let settled = Settled::of(py)?;
        if settled.is_for(&self.function) {
            return self.call(py, coroutine, settled.future.bind_borrowed(py));
        }
        self.call(py, coroutine, coroutine)
    }

    fn call(
        &self,
        py: Python<'_>,
        coroutine: Borrowed<'_, '_, PyAny>,
        argument: Borrowed<'_, '_, PyAny>,
    ) -> PyResult<()> {
        let result = match &self.context {
            None => self.function.bind(py).call1((argument,)),
            // SAFETY: `add_done_callback` checked that it is a context; both are alive for the call.
            Some(context) => unsafe {
                if ffi::PyContext_Enter(context.as_ptr()) != 0 {
                    return Err(PyErr::fetch(py));
                }
                let result = self.function.bind(py).call1((argument,));
                if ffi::PyContext_Exit(context.as_ptr()) != 0 {
                    return Err(PyErr::fetch(py));
                }
                result
            },
        };
        match result {
            Ok(_) => Ok(()),
            Err(error) => super::handle::report_in(py, coroutine, error),
        }
    }
}

/// Makes a coroutine that runs `operation`.
pub(crate) fn make<'py>(
    py: Python<'py>,
    event_loop: Borrowed<'_, 'py, PyAny>,
    operation: Box<dyn Operation>,
) -> PyResult<Bound<'py, PyAny>> {
    let class = CLASS.get(py).get();
    // SAFETY: fresh memory of the type's size with an initialised header; the other fields are written exactly once
    // before anything can see the object. The collector does not know it before it waits (`resume`).
    unsafe {
        let raw: *mut RawCoroutine = ffi::PyObject_GC_New(class);
        if raw.is_null() {
            return Err(PyErr::fetch(py));
        }
        (&raw mut (*raw).weak_references).write(null_mut());
        (&raw mut (*raw).state).write(CoroutineState {
            name: operation.name(),
            operation: Some(operation),
            callback: None,
            more_callbacks: Vec::new(),
            status: Status::New,
            blocking: Blocking::None,
            cancel_message: None,
            failure: None,
            entered: Entered::No,
            slot: None,
            event_loop: Object::new(event_loop.to_owned()),
        });
        Ok(Bound::from_owned_ptr(py, raw.cast()))
    }
}

enum Step<'py> {
    Yield,
    Return(Bound<'py, PyAny>),
}

/// Resumes the coroutine.
fn resume<'py>(this: Borrowed<'_, 'py, PyAny>) -> PyResult<Step<'py>> {
    let py = this.py();
    let raw: *mut RawCoroutine = this.as_ptr().cast();
    // SAFETY: `this` is a live coroutine (slots and methods of its type only). The operation is moved out while it runs,
    // so nothing that it calls can reach it, and the state is not borrowed meanwhile.
    unsafe {
        match (*raw).state.status {
            Status::Running => return Err(already_running(py)),
            Status::Finished => return Err(already_awaited()),
            Status::New | Status::Waiting | Status::Woken | Status::Cancelled => {}
        }
        let waiter = Waiter(Object::new(this.to_owned()));
        let Some(mut operation) = (*raw).state.operation.take() else {
            return Err(already_awaited());
        };
        leave_slot(raw);
        if let Some(failure) = (*raw).state.failure.take() {
            (*raw).state.status = Status::Finished;
            return Err(raised(py, PyErr::from_value(failure.into_bound(py))));
        }
        if (*raw).state.status == Status::Waiting {
            operation.withdraw(py, &waiter);
        }
        (*raw).state.status = Status::Running;
        let result = operation.attempt(py, &waiter);
        match result {
            Ok(None) => {
                (*raw).state.operation = Some(operation);
                (*raw).state.status = Status::Waiting;
                (*raw).state.blocking = Blocking::True;
                // Only what waits can be part of a cycle: the task that awaits it is among its callbacks then.
                if ffi::PyObject_GC_IsTracked(raw.cast()) == 0 {
                    ffi::PyObject_GC_Track(raw.cast());
                }
                Ok(Step::Yield)
            }
            Ok(Some(value)) => {
                (*raw).state.status = Status::Finished;
                if matches!((*raw).state.entered, Entered::Yes) {
                    (*raw).state.entered = Entered::Inside(Object::new(value.clone()));
                }
                Ok(Step::Return(value))
            }
            Err(error) => {
                (*raw).state.status = Status::Finished;
                Err(raised(py, error))
            }
        }
    }
}

/// What leaves a coroutine for an exception of its operation: StopIteration would look like its result (PEP 479).
#[cold]
fn raised(py: Python<'_>, error: PyErr) -> PyErr {
    if !error.is_instance_of::<PyStopIteration>(py) {
        return error;
    }
    let runtime_error = PyRuntimeError::new_err("coroutine raised StopIteration");
    runtime_error.set_cause(py, Some(error));
    runtime_error
}

#[cold]
fn already_running(_py: Python<'_>) -> PyErr {
    pyo3::exceptions::PyValueError::new_err("coroutine already executing")
}

#[cold]
fn already_awaited() -> PyErr {
    PyRuntimeError::new_err("cannot reuse already awaited coroutine")
}

/// Ends the coroutine without running it further.
fn finish(this: Borrowed<'_, '_, PyAny>) {
    let py = this.py();
    let raw: *mut RawCoroutine = this.as_ptr().cast();
    // SAFETY: a live coroutine; everything is moved out before it is used or dropped.
    let (operation, callbacks) = unsafe {
        leave_slot(raw);
        let state = &mut (*raw).state;
        let waited = matches!(state.status, Status::Waiting);
        state.status = Status::Finished;
        state.blocking = Blocking::None;
        let operation = state.operation.take().map(|operation| (operation, waited));
        (
            operation,
            (
                state.callback.take(),
                std::mem::take(&mut state.more_callbacks),
            ),
        )
    };
    if let Some((mut operation, true)) = operation {
        operation.withdraw(py, &Waiter(Object::new(this.to_owned())));
    }
    drop(callbacks);
}
