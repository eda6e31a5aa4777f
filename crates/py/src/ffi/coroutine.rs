//! `SocketOperation`: a coroutine in native code, and at the same time the future that it waits for.
//!
//! `await loop.sock_recv(...)` tries at once and returns without a turn of the loop when it can. When it has to wait it
//! yields itself: asyncio's Task sees a future-like object (`_asyncio_future_blocking`, `add_done_callback`, `result`) and
//! leaves its wake-up here, which readiness calls directly. No Future and no extra turn stand between a readable socket
//! and the code that awaits it. Driven by hand or wrapped in a Task it behaves as the coroutine of an `async def`.
//!
//! A raw type, because PyO3 has no `am_send`, which returns a value without raising StopIteration. GIL held throughout.

mod methods;

pub(crate) use methods::register;

use std::cell::Cell;
use std::ptr::null_mut;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::{Borrowed, ffi};

use super::gil::GilBound;
use super::object::Object;

/// What a native coroutine does.
pub(crate) trait Operation {
    /// The method's name, for `repr`.
    fn name(&self) -> &'static str;

    /// Tries once; `None` means that `waiter` was registered and will be woken.
    fn attempt<'py>(
        &mut self,
        py: Python<'py>,
        waiter: &Waiter,
    ) -> PyResult<Option<Bound<'py, PyAny>>>;

    /// Takes the registration of the last attempt back.
    fn withdraw(&mut self, py: Python<'_>, waiter: &Waiter);
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

struct State {
    operation: Option<Box<dyn Operation>>,
    /// Almost always one: the wake-up of the task that awaits this.
    callback: Option<Callback>,
    more_callbacks: Vec<Callback>,
    status: Status,
    blocking: Blocking,
    cancel_message: Option<Object>,
    event_loop: Object,
}

#[repr(C)]
struct Raw {
    head: ffi::PyObject,
    weak_references: *mut ffi::PyObject,
    state: State,
}

static CLASS: GilBound<Cell<*mut ffi::PyTypeObject>> = GilBound::new(Cell::new(null_mut()));

/// A reference to a native coroutine that waits.
pub(crate) struct Waiter(Object);

impl Waiter {
    pub(crate) fn share(&self, py: Python<'_>) -> Waiter {
        Waiter(self.0.share(py))
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
            callback.call(py, self.0.bind(py))?;
        }
        Ok(())
    }

    /// Lets go of everything, when the loop is closed under it.
    pub(crate) fn abandon(self) {
        let raw = self.raw();
        // SAFETY: a live coroutine; the values are moved out before they are dropped.
        let dropped = unsafe {
            let state = &mut (*raw).state;
            (
                state.callback.take(),
                std::mem::take(&mut state.more_callbacks),
                state.operation.take(),
            )
        };
        drop(dropped);
    }

    fn raw(&self) -> *mut Raw {
        self.0.as_ptr().cast()
    }
}

impl Callback {
    fn call(&self, py: Python<'_>, argument: Borrowed<'_, '_, PyAny>) -> PyResult<()> {
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
            Err(error) => super::handle::report_in(py, argument, error),
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
    // SAFETY: fresh memory of the right size; the header is initialised by `PyObject_Init`, the other fields exactly once
    // before anything can see the object.
    unsafe {
        let raw: *mut Raw = ffi::PyObject_Malloc(size_of::<Raw>()).cast();
        if raw.is_null() {
            ffi::PyErr_NoMemory();
            return Err(PyErr::fetch(py));
        }
        (&raw mut (*raw).weak_references).write(null_mut());
        (&raw mut (*raw).state).write(State {
            operation: Some(operation),
            callback: None,
            more_callbacks: Vec::new(),
            status: Status::New,
            blocking: Blocking::None,
            cancel_message: None,
            event_loop: Object::new(event_loop.to_owned()),
        });
        Ok(Bound::from_owned_ptr(
            py,
            ffi::PyObject_Init(raw.cast(), class),
        ))
    }
}

enum Step<'py> {
    Yield,
    Return(Bound<'py, PyAny>),
}

/// Resumes the coroutine.
fn resume<'py>(this: Borrowed<'_, 'py, PyAny>) -> PyResult<Step<'py>> {
    let py = this.py();
    let raw: *mut Raw = this.as_ptr().cast();
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
                Ok(Step::Yield)
            }
            Ok(Some(value)) => {
                (*raw).state.status = Status::Finished;
                Ok(Step::Return(value))
            }
            Err(error) => {
                (*raw).state.status = Status::Finished;
                Err(error)
            }
        }
    }
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
    let raw: *mut Raw = this.as_ptr().cast();
    // SAFETY: a live coroutine; everything is moved out before it is used or dropped.
    let (operation, callbacks) = unsafe {
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
