//! `SocketOperation`: a coroutine in native code, and at the same time the future that it waits for.
//!
//! `await loop.sock_recv(...)` tries at once and returns without a turn of the loop when it can. When it has to wait it
//! yields itself: asyncio's Task sees a future-like object (`_asyncio_future_blocking`, `add_done_callback`, `result`) and
//! leaves its wake-up here, which readiness calls directly. No Future and no extra turn stand between a readable socket
//! and the code that awaits it. Driven by hand or wrapped in a Task it behaves as the coroutine of an `async def`.
//!
//! A raw type, because PyO3 has no `am_send`, which returns a value without raising StopIteration. GIL held throughout.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyType;
use pyo3::{Borrowed, ffi, intern};

use super::fastcall::{Arguments, FastMethod, install, panic_error};
use super::gil::GilBound;
use super::object::Object;

/// What a native coroutine does.
pub(crate) trait Operation {
    /// The method's name, for `repr`.
    fn name(&self) -> &'static str;

    /// Tries once; `None` means that `waiter` was registered and will be woken.
    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> PyResult<Option<Bound<'py, PyAny>>>;

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
            (state.callback.take(), std::mem::take(&mut state.more_callbacks))
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
            (state.callback.take(), std::mem::take(&mut state.more_callbacks), state.operation.take())
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
        Ok(Bound::from_owned_ptr(py, ffi::PyObject_Init(raw.cast(), class)))
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
        let Some(mut operation) = (*raw).state.operation.take() else { return Err(already_awaited()) };
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
        (operation, (state.callback.take(), std::mem::take(&mut state.more_callbacks)))
    };
    if let Some((mut operation, true)) = operation {
        operation.withdraw(py, &Waiter(Object::new(this.to_owned())));
    }
    drop(callbacks);
}

// ---- slots ------------------------------------------------------------------------------------------------------------

/// # Safety
/// CPython's `am_send`: `this` is one of our coroutines, `result` may be written, the GIL is held.
unsafe extern "C" fn slot_send(
    this: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    result: *mut *mut ffi::PyObject,
) -> ffi::PySendResult {
    let _ = value;
    // SAFETY: see above; a new reference is stored on return and on yield, null on error.
    unsafe {
        let py = Python::assume_attached();
        let borrowed = Borrowed::from_ptr(py, this);
        *result = null_mut();
        let step = catch_unwind(AssertUnwindSafe(|| resume(borrowed))).unwrap_or_else(|panic| Err(panic_error(panic)));
        match step {
            Ok(Step::Yield) => {
                ffi::Py_INCREF(this);
                *result = this;
                ffi::PySendResult::PYGEN_NEXT
            }
            Ok(Step::Return(value)) => {
                *result = value.into_ptr();
                ffi::PySendResult::PYGEN_RETURN
            }
            Err(error) => {
                error.restore(py);
                ffi::PySendResult::PYGEN_ERROR
            }
        }
    }
}

/// # Safety
/// CPython's `tp_iternext`: as [`slot_send`].
unsafe extern "C" fn slot_next(this: *mut ffi::PyObject) -> *mut ffi::PyObject {
    let mut result = null_mut();
    // SAFETY: the caller's promise is the same; a returned value becomes StopIteration(value).
    unsafe {
        match slot_send(this, ffi::Py_None(), &raw mut result) {
            ffi::PySendResult::PYGEN_NEXT => result,
            ffi::PySendResult::PYGEN_ERROR => null_mut(),
            ffi::PySendResult::PYGEN_RETURN => {
                let py = Python::assume_attached();
                stop_iteration(Bound::from_owned_ptr(py, result)).restore(py);
                null_mut()
            }
        }
    }
}

fn stop_iteration(value: Bound<'_, PyAny>) -> PyErr {
    // The value is wrapped, as a tuple would be taken for the arguments of the exception.
    let py = value.py();
    match py.get_type::<pyo3::exceptions::PyStopIteration>().call1((value,)) {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

/// # Safety
/// CPython's `tp_iter` and `am_await`.
unsafe extern "C" fn slot_self(this: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: a live object.
    unsafe { ffi::Py_INCREF(this) };
    this
}

/// # Safety
/// CPython's `tp_dealloc`: the last reference is gone, the GIL is held.
unsafe extern "C" fn slot_dealloc(this: *mut ffi::PyObject) {
    let raw: *mut Raw = this.cast();
    // SAFETY: the object is ours alone; the state is dropped once, then the memory is freed as it was allocated, and the
    // type reference of `PyObject_Init` is released. No waiter can be registered: it would own a reference.
    unsafe {
        if !(*raw).weak_references.is_null() {
            ffi::PyObject_ClearWeakRefs(this);
        }
        std::ptr::drop_in_place(&raw mut (*raw).state);
        let class = ffi::Py_TYPE(this);
        ffi::PyObject_Free(this.cast());
        ffi::Py_DECREF(class.cast());
    }
}

/// # Safety
/// CPython's `tp_repr`.
unsafe extern "C" fn slot_repr(this: *mut ffi::PyObject) -> *mut ffi::PyObject {
    let raw: *mut Raw = this.cast();
    // SAFETY: a live coroutine under the GIL.
    unsafe {
        let py = Python::assume_attached();
        let name = (*raw).state.operation.as_ref().map_or("finished", |operation| operation.name());
        let text = format!("<coroutine object {name} at {this:p}>");
        pyo3::types::PyString::new(py, &text).into_any().into_ptr()
    }
}

/// # Safety
/// CPython's getter protocol for `__name__` and `__qualname__`.
unsafe extern "C" fn name_get(this: *mut ffi::PyObject, _closure: *mut c_void) -> *mut ffi::PyObject {
    let raw: *mut Raw = this.cast();
    // SAFETY: a live coroutine under the GIL.
    unsafe {
        let name = (*raw).state.operation.as_ref().map_or("SocketOperation", |operation| operation.name());
        pyo3::types::PyString::new(Python::assume_attached(), name).into_any().into_ptr()
    }
}

/// # Safety
/// CPython's getter protocol for `_asyncio_future_blocking`.
unsafe extern "C" fn blocking_get(this: *mut ffi::PyObject, _closure: *mut c_void) -> *mut ffi::PyObject {
    let raw: *mut Raw = this.cast();
    // SAFETY: a live coroutine; singletons get a new reference.
    unsafe {
        let value = match (*raw).state.blocking {
            Blocking::None => ffi::Py_None(),
            Blocking::True => ffi::Py_True(),
            Blocking::False => ffi::Py_False(),
        };
        ffi::Py_INCREF(value);
        value
    }
}

/// # Safety
/// CPython's setter protocol for `_asyncio_future_blocking`.
unsafe extern "C" fn blocking_set(
    this: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    _closure: *mut c_void,
) -> c_int {
    let raw: *mut Raw = this.cast();
    // SAFETY: a live coroutine; a null value means deletion, which is read as False.
    unsafe {
        let truth = if value.is_null() { 0 } else { ffi::PyObject_IsTrue(value) };
        if truth < 0 {
            return -1;
        }
        (*raw).state.blocking = if truth == 1 { Blocking::True } else { Blocking::False };
    }
    0
}

// ---- methods: a coroutine's, then a future's ----------------------------------------------------------------------------

macro_rules! methods {
    ($($type:ident $name:literal |$py:ident, $this:ident, $arguments:ident| $body:expr;)*) => {
        $(
            struct $type;
            impl FastMethod for $type {
                const NAME: &'static CStr = $name;
                const DOC: &'static CStr = c"As the method of that name of coroutines and futures.";

                fn call<'py>(
                    $py: Python<'py>,
                    $this: Borrowed<'_, 'py, PyAny>,
                    $arguments: Arguments<'_, 'py>,
                ) -> PyResult<Bound<'py, PyAny>> {
                    $body
                }
            }
        )*

        fn install_methods(class: &Bound<'_, PyType>) -> PyResult<()> {
            $(install::<$type>(class)?;)*
            Ok(())
        }
    };
}

methods! {
    Send c"send" |_py, this, _arguments| match resume(this)? {
        Step::Yield => Ok(this.to_owned()),
        Step::Return(value) => Err(stop_iteration(value)),
    };
    Throw c"throw" |py, this, arguments| {
        finish(this);
        Err(thrown(py, arguments)?)
    };
    Close c"close" |py, this, _arguments| {
        finish(this);
        Ok(py.None().into_bound(py))
    };
    AddDoneCallback c"add_done_callback" |py, this, arguments| {
        let function = Object::new(arguments.required(0, "add_done_callback", "fn")?.to_owned());
        let context = arguments.only_keyword("context", "add_done_callback")?.filter(|context| !context.is_none());
        if let Some(context) = &context {
            check_context(context)?;
        }
        add_callback(py, this, Callback { function, context: context.map(|context| Object::new(context.to_owned())) })?;
        Ok(py.None().into_bound(py))
    };
    RemoveDoneCallback c"remove_done_callback" |py, this, arguments| {
        let function = arguments.required(0, "remove_done_callback", "fn")?;
        let removed = remove_callbacks(py, this, function)?;
        Ok(removed.into_pyobject(py)?.into_any())
    };
    Result c"result" |py, this, _arguments| {
        let state = view(this);
        match state.status {
            Status::Cancelled => Err(cancelled_error(py, state)?),
            Status::Waiting => Err(PyErr::from_value(
                py.import("asyncio")?.getattr("InvalidStateError")?.call1(("Result is not ready.",))?,
            )),
            _ => Ok(py.None().into_bound(py)),
        }
    };
    Exception c"exception" |py, this, _arguments| {
        let state = view(this);
        if state.status == Status::Cancelled {
            return Err(cancelled_error(py, state)?);
        }
        Ok(py.None().into_bound(py))
    };
    Cancel c"cancel" |py, this, arguments| {
        let keyword = arguments.only_keyword("msg", "cancel")?;
        let message = arguments.get(0).or(keyword).map(|message| Object::new(message.to_owned()));
        boolean(py, cancel(py, this, message)?)
    };
    Cancelled c"cancelled" |py, this, _arguments| boolean(py, view(this).status == Status::Cancelled);
    Done c"done" |py, this, _arguments| boolean(py, view(this).status != Status::Waiting);
    GetLoop c"get_loop" |py, this, _arguments| Ok(view(this).event_loop.bind(py).to_owned());
}

fn boolean(py: Python<'_>, value: bool) -> PyResult<Bound<'_, PyAny>> {
    Ok(value.into_pyobject(py)?.to_owned().into_any())
}

/// Reads the state; not to be held across a call into Python.
fn view<'a>(this: Borrowed<'a, '_, PyAny>) -> &'a State {
    let raw: *mut Raw = this.as_ptr().cast();
    // SAFETY: a live coroutine (receivers are checked); the callers read a field and are done.
    unsafe { &(*raw).state }
}

fn check_context(context: &Borrowed<'_, '_, PyAny>) -> PyResult<()> {
    // SAFETY: an exact type check of a live object.
    if unsafe { ffi::PyContext_CheckExact(context.as_ptr()) } == 0 {
        return Err(PyTypeError::new_err("context must be a contextvars.Context"));
    }
    Ok(())
}

fn add_callback(py: Python<'_>, this: Borrowed<'_, '_, PyAny>, callback: Callback) -> PyResult<()> {
    let raw: *mut Raw = this.as_ptr().cast();
    // SAFETY: a live coroutine; no call into Python while the state is borrowed.
    let late = unsafe {
        let state = &mut (*raw).state;
        if state.status != Status::Waiting {
            Some(callback)
        } else if state.callback.is_none() {
            state.callback = Some(callback);
            None
        } else {
            state.more_callbacks.push(callback);
            None
        }
    };
    late.map_or(Ok(()), |callback| schedule(py, this, &callback))
}

/// Queues a callback, as a done future does.
fn schedule(py: Python<'_>, this: Borrowed<'_, '_, PyAny>, callback: &Callback) -> PyResult<()> {
    let event_loop = view(this).event_loop.share(py);
    let options = pyo3::types::PyDict::new(py);
    if let Some(context) = &callback.context {
        options.set_item("context", context.bind(py))?;
    }
    event_loop.bind(py).call_method("call_soon", (callback.function.bind(py), this), Some(&options))?;
    Ok(())
}

fn remove_callbacks(py: Python<'_>, this: Borrowed<'_, '_, PyAny>, function: Borrowed<'_, '_, PyAny>) -> PyResult<usize> {
    let raw: *mut Raw = this.as_ptr().cast();
    // SAFETY: a live coroutine; the callbacks are moved out while they are compared, which may call into Python.
    let all: Vec<Callback> = unsafe {
        let state = &mut (*raw).state;
        state.callback.take().into_iter().chain(std::mem::take(&mut state.more_callbacks)).collect()
    };
    let before = all.len();
    let mut kept = Vec::with_capacity(before);
    for callback in all {
        if !callback.function.bind(py).eq(function)? {
            kept.push(callback);
        }
    }
    let removed = before - kept.len();
    let mut kept = kept.into_iter();
    // SAFETY: as above.
    unsafe {
        let state = &mut (*raw).state;
        state.callback = kept.next();
        state.more_callbacks.extend(kept);
    }
    Ok(removed)
}

fn cancel(py: Python<'_>, this: Borrowed<'_, '_, PyAny>, message: Option<Object>) -> PyResult<bool> {
    let raw: *mut Raw = this.as_ptr().cast();
    // SAFETY: a live coroutine; the operation and the callbacks are moved out before they are used.
    let (mut operation, callbacks) = unsafe {
        let state = &mut (*raw).state;
        if state.status != Status::Waiting {
            return Ok(false);
        }
        state.status = Status::Cancelled;
        state.blocking = Blocking::None;
        let old = std::mem::replace(&mut state.cancel_message, message);
        drop(old);
        let callbacks: Vec<Callback> =
            state.callback.take().into_iter().chain(std::mem::take(&mut state.more_callbacks)).collect();
        (state.operation.take(), callbacks)
    };
    if let Some(operation) = &mut operation {
        operation.withdraw(py, &Waiter(Object::new(this.to_owned())));
    }
    // SAFETY: as above; should somebody resume it after all, it goes on.
    unsafe { (*raw).state.operation = operation };
    for callback in &callbacks {
        schedule(py, this, callback)?;
    }
    Ok(true)
}

fn cancelled_error(py: Python<'_>, state: &State) -> PyResult<PyErr> {
    let class = py.import("asyncio.exceptions")?.getattr("CancelledError")?;
    let message = state.cancel_message.as_ref().map(|message| message.share(py));
    let error = match message {
        Some(message) if !message.bind(py).is_none() => class.call1((message.bind(py),))?,
        _ => class.call0()?,
    };
    Ok(PyErr::from_value(error))
}

/// The exception that `throw(...)` was called with, in either of its two forms.
fn thrown(py: Python<'_>, arguments: Arguments<'_, '_>) -> PyResult<PyErr> {
    let first = arguments.required(0, "throw", "type")?;
    if first.is_instance_of::<pyo3::exceptions::PyBaseException>() {
        return Ok(PyErr::from_value(first.to_owned()));
    }
    let value = match arguments.get(1).filter(|value| !value.is_none()) {
        Some(value) if value.is_instance_of::<pyo3::exceptions::PyBaseException>() => value.to_owned(),
        Some(value) => first.call1((value,))?,
        None => first.call0()?,
    };
    if let Some(traceback) = arguments.get(2).filter(|traceback| !traceback.is_none()) {
        value.call_method1(intern!(py, "with_traceback"), (traceback,))?;
    }
    Ok(PyErr::from_value(value))
}

const fn slot(number: c_int, function: *mut c_void) -> ffi::PyType_Slot {
    ffi::PyType_Slot { slot: number, pfunc: function }
}

const fn read_only(name: &'static CStr) -> ffi::PyGetSetDef {
    ffi::PyGetSetDef { name: name.as_ptr(), get: Some(name_get), set: None, doc: std::ptr::null(), closure: null_mut() }
}

/// Makes the type and adds it to `module`.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    // CPython keeps pointers to both tables for the life of the type, which is the life of the process.
    let attributes = Box::leak(Box::new([
        ffi::PyGetSetDef {
            name: c"_asyncio_future_blocking".as_ptr(),
            get: Some(blocking_get),
            set: Some(blocking_set),
            doc: std::ptr::null(),
            closure: null_mut(),
        },
        read_only(c"__name__"),
        read_only(c"__qualname__"),
        ffi::PyGetSetDef::default(),
    ]));
    let members = Box::leak(Box::new([
        ffi::PyMemberDef {
            name: c"__weaklistoffset__".as_ptr(),
            type_code: ffi::Py_T_PYSSIZET,
            offset: std::mem::offset_of!(Raw, weak_references) as ffi::Py_ssize_t,
            flags: ffi::Py_READONLY,
            doc: std::ptr::null::<c_char>(),
        },
        ffi::PyMemberDef::default(),
    ]));
    let mut slots = [
        slot(ffi::Py_tp_dealloc, slot_dealloc as *mut c_void),
        slot(ffi::Py_tp_repr, slot_repr as *mut c_void),
        slot(ffi::Py_tp_iter, slot_self as *mut c_void),
        slot(ffi::Py_tp_iternext, slot_next as *mut c_void),
        slot(ffi::Py_am_await, slot_self as *mut c_void),
        slot(ffi::Py_am_send, slot_send as *mut c_void),
        slot(ffi::Py_tp_getset, attributes.as_mut_ptr().cast()),
        slot(ffi::Py_tp_members, members.as_mut_ptr().cast()),
        slot(0, null_mut()),
    ];
    let mut spec = ffi::PyType_Spec {
        name: c"twinloop._native.SocketOperation".as_ptr(),
        basicsize: size_of::<Raw>() as c_int,
        itemsize: 0,
        flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION) as u32,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the spec is complete and only read during the call; what CPython keeps of it is leaked above or static.
    let class = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyType_FromSpec(&raw mut spec))? };
    let class = class.cast_into::<PyType>()?;
    install_methods(&class)?;
    CLASS.get(py).set(class.as_type_ptr());
    // The module's reference keeps the type alive for the pointer above.
    module.add("SocketOperation", &class)?;
    std::mem::forget(class);
    Ok(())
}
