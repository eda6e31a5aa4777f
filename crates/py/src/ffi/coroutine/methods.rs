//! What a native coroutine looks like from Python: its slots, the methods of a coroutine and of a future, and its type.
//!
//! GIL held. Panics end at the slots (rule NO-ABORT).

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyType;
use pyo3::{Borrowed, ffi, intern};

use super::{
    Blocking, CLASS, Callback, CoroutineState, Entered, RawCoroutine, Status, Step, Waiter, finish,
    leave_slot, resume,
};
use crate::ffi::fastcall::{Arguments, Parameters, fast_methods, panic_error};
use crate::ffi::object::Object;

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
        let step = catch_unwind(AssertUnwindSafe(|| resume(borrowed)))
            .unwrap_or_else(|panic| Err(panic_error(panic)));
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
                raise(py, error);
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

/// As `raise` does it: what is handled where the coroutine is awaited becomes the context of an exception that has none.
#[cold]
fn raise(py: Python<'_>, error: PyErr) {
    let value = error.into_value(py).into_bound(py).into_any();
    let has_context = value
        .getattr(pyo3::intern!(py, "__context__"))
        .is_ok_and(|context| !context.is_none());
    if has_context {
        PyErr::from_value(value).restore(py);
    } else {
        // One that is not made yet is raised by the interpreter, which knows what is handled.
        PyErr::from_type(value.get_type(), value.unbind()).restore(py);
    }
}

fn stop_iteration(value: Bound<'_, PyAny>) -> PyErr {
    // The value is wrapped, as a tuple would be taken for the arguments of the exception.
    let py = value.py();
    match py
        .get_type::<pyo3::exceptions::PyStopIteration>()
        .call1((value,))
    {
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
    let raw: *mut RawCoroutine = this.cast();
    // SAFETY: the object is ours alone; the state is dropped once, then the memory is freed as it was allocated, and the
    // type reference of its creation is released. No waiter can be registered, it would own a reference, and the slot
    // that does not is left here.
    unsafe {
        ffi::PyObject_GC_UnTrack(this.cast());
        if !(*raw).weak_references.is_null() {
            ffi::PyObject_ClearWeakRefs(this);
        }
        leave_slot(raw);
        if (*raw).state.status == Status::New {
            warn_never_awaited(Python::assume_attached(), (*raw).state.name);
        }
        std::ptr::drop_in_place(&raw mut (*raw).state);
        let class = ffi::Py_TYPE(this);
        ffi::PyObject_GC_Del(this.cast());
        ffi::Py_DECREF(class.cast());
    }
}

/// The warning of every coroutine that was dropped before it began.
#[cold]
fn warn_never_awaited(py: Python<'_>, name: &str) {
    let pending = PyErr::take(py);
    let category = py.get_type::<pyo3::exceptions::PyRuntimeWarning>();
    let warned = CString::new(format!("coroutine '{name}' was never awaited"))
        .map_err(PyErr::from)
        .and_then(|message| PyErr::warn(py, &category, &message, 1));
    if let Err(error) = warned {
        error.write_unraisable(py, None);
    }
    if let Some(pending) = pending {
        pending.restore(py);
    }
}

/// # Safety
/// CPython's `tp_traverse`: a live coroutine; nothing is created, released or called but `visit`.
unsafe extern "C" fn slot_traverse(
    this: *mut ffi::PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
) -> c_int {
    let raw: *mut RawCoroutine = this.cast();
    let mut outcome = 0;
    // SAFETY: the collector runs under the GIL, and never while the state is borrowed mutably, as nothing is created then.
    unsafe {
        let mut show = |object: *mut ffi::PyObject| {
            if outcome == 0 {
                outcome = visit(object, argument);
            }
        };
        show(ffi::Py_TYPE(this).cast());
        let state = &(*raw).state;
        for callback in state.callback.iter().chain(&state.more_callbacks) {
            show(callback.function.as_ptr());
            if let Some(context) = &callback.context {
                show(context.as_ptr());
            }
        }
        for object in state.cancel_message.iter().chain(&state.failure) {
            show(object.as_ptr());
        }
        if let Entered::Inside(result) = &state.entered {
            show(result.as_ptr());
        }
        show(state.event_loop.as_ptr());
        if let Some(operation) = &state.operation {
            operation.visit(&mut |object| show(object.as_ptr()));
        }
    }
    outcome
}

/// # Safety
/// CPython's `tp_clear`: a live coroutine that nothing can reach any more.
unsafe extern "C" fn slot_clear(this: *mut ffi::PyObject) -> c_int {
    let raw: *mut RawCoroutine = this.cast();
    // SAFETY: everything is moved out before it is dropped, as a drop can run code that looks at this object again.
    let dropped = unsafe {
        leave_slot(raw);
        let state = &mut (*raw).state;
        (
            state.callback.take(),
            std::mem::take(&mut state.more_callbacks),
            state.cancel_message.take(),
            state.failure.take(),
            std::mem::replace(&mut state.entered, Entered::No),
            state.operation.take(),
        )
    };
    drop(dropped);
    0
}

/// # Safety
/// CPython's `tp_repr`.
unsafe extern "C" fn slot_repr(this: *mut ffi::PyObject) -> *mut ffi::PyObject {
    let raw: *mut RawCoroutine = this.cast();
    // SAFETY: a live coroutine under the GIL.
    unsafe {
        let py = Python::assume_attached();
        let text = format!("<coroutine object {} at {this:p}>", (*raw).state.name);
        pyo3::types::PyString::new(py, &text).into_any().into_ptr()
    }
}

/// # Safety
/// CPython's getter protocol for `__qualname__`.
unsafe extern "C" fn qualified_name_get(
    this: *mut ffi::PyObject,
    _closure: *mut c_void,
) -> *mut ffi::PyObject {
    let raw: *mut RawCoroutine = this.cast();
    // SAFETY: a live coroutine under the GIL.
    unsafe {
        pyo3::types::PyString::new(Python::assume_attached(), (*raw).state.name)
            .into_any()
            .into_ptr()
    }
}

/// # Safety
/// CPython's getter protocol for `__name__`.
unsafe extern "C" fn name_get(
    this: *mut ffi::PyObject,
    _closure: *mut c_void,
) -> *mut ffi::PyObject {
    let raw: *mut RawCoroutine = this.cast();
    // SAFETY: a live coroutine under the GIL.
    unsafe {
        let qualified = (*raw).state.name;
        let name = qualified.rsplit('.').next().unwrap_or(qualified);
        pyo3::types::PyString::new(Python::assume_attached(), name)
            .into_any()
            .into_ptr()
    }
}

/// # Safety
/// CPython's getter protocol for `_asyncio_future_blocking`.
unsafe extern "C" fn blocking_get(
    this: *mut ffi::PyObject,
    _closure: *mut c_void,
) -> *mut ffi::PyObject {
    let raw: *mut RawCoroutine = this.cast();
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
    let raw: *mut RawCoroutine = this.cast();
    // SAFETY: a live coroutine; a null value means deletion, which is read as False.
    unsafe {
        let truth = if value.is_null() {
            0
        } else {
            ffi::PyObject_IsTrue(value)
        };
        if truth < 0 {
            return -1;
        }
        (*raw).state.blocking = if truth == 1 {
            Blocking::True
        } else {
            Blocking::False
        };
    }
    0
}

// ---- methods: a coroutine's, then a future's ----------------------------------------------------------------------------

/// The docstring of all of them.
const AS_ELSEWHERE: &CStr = c"As the method of that name of coroutines and futures.";

fast_methods! {
    fn install_methods;

    c"send", Parameters::ANY,
    AS_ELSEWHERE,
    |_py, this, _arguments| match resume(this)? {
        Step::Yield => Ok(this.to_owned()),
        Step::Return(value) => Err(stop_iteration(value)),
    };

    c"throw", Parameters::ANY,
    AS_ELSEWHERE,
    |py, this, arguments| {
        finish(this);
        Err::<(), _>(thrown(py, arguments)?)
    };

    c"close", Parameters::ANY,
    AS_ELSEWHERE,
    |_py, this, _arguments| {
        finish(this);
        Ok(())
    };

    c"__aenter__", Parameters::ANY,
    c"Waits for the result, which is left at the end.",
    |_py, this, _arguments| {
        let raw: *mut RawCoroutine = this.as_ptr().cast();
        // SAFETY: a live coroutine (receivers are checked); nothing runs while the state is borrowed.
        let is_entered = unsafe {
            let state = &mut (*raw).state;
            let is_entered = state.operation.as_ref().is_some_and(|operation| operation.is_entered());
            if is_entered {
                state.entered = Entered::Yes;
            }
            is_entered
        };
        match is_entered {
            // The coroutine itself is what is awaited.
            true => Ok(this.to_owned()),
            false => Err(PyTypeError::new_err(format!(
                "the coroutine '{}' does not support the asynchronous context manager protocol",
                view(this).name
            ))),
        }
    };

    c"__aexit__", Parameters::ANY,
    c"Leaves the result.",
    |py, this, _arguments| {
        let raw: *mut RawCoroutine = this.as_ptr().cast();
        // SAFETY: as above; the result is moved out before it is used.
        let entered = unsafe { std::mem::replace(&mut (*raw).state.entered, Entered::No) };
        match entered {
            Entered::Inside(result) => {
                let nothing = py.None();
                result.bind(py).call_method1(intern!(py, "__aexit__"), (&nothing, &nothing, &nothing))
            }
            _ => Ok(crate::ffi::done(py)),
        }
    };

    c"add_done_callback", Parameters::ANY,
    AS_ELSEWHERE,
    |py, this, arguments| {
        let function = Object::new(arguments.required(0, "add_done_callback", "fn")?.to_owned());
        let context = arguments.only_keyword("context", "add_done_callback")?.filter(|context| !context.is_none());
        if let Some(context) = &context {
            check_context(context)?;
        }
        let context = context.map(|context| Object::new(context.to_owned()));
        add_callback(py, this, Callback { function, context })
    };

    c"remove_done_callback", Parameters::ANY,
    AS_ELSEWHERE,
    |py, this, arguments| {
        let function = arguments.required(0, "remove_done_callback", "fn")?;
        remove_callbacks(py, this, function)
    };

    c"result", Parameters::ANY,
    AS_ELSEWHERE,
    |py, this, _arguments| {
        let state = view(this);
        match state.status {
            Status::Cancelled => Err(cancelled_error(py, state)?),
            Status::Waiting => Err(PyErr::from_value(
                py.import("asyncio")?.getattr("InvalidStateError")?.call1(("Result is not ready.",))?,
            )),
            _ => Ok(()),
        }
    };

    c"exception", Parameters::ANY,
    AS_ELSEWHERE,
    |py, this, _arguments| {
        let state = view(this);
        if state.status == Status::Cancelled {
            return Err(cancelled_error(py, state)?);
        }
        Ok(())
    };

    c"cancel", Parameters::ANY,
    AS_ELSEWHERE,
    |py, this, arguments| {
        let keyword = arguments.only_keyword("msg", "cancel")?;
        let message = arguments.get(0).or(keyword).map(|message| Object::new(message.to_owned()));
        cancel(py, this, message)
    };

    c"cancelled", Parameters::ANY,
    AS_ELSEWHERE,
    |_py, this, _arguments| Ok(view(this).status == Status::Cancelled);

    c"done", Parameters::ANY,
    AS_ELSEWHERE,
    |_py, this, _arguments| Ok(view(this).status != Status::Waiting);
}

/// Reads the state; not to be held across a call into Python.
fn view<'a>(this: Borrowed<'a, '_, PyAny>) -> &'a CoroutineState {
    let raw: *mut RawCoroutine = this.as_ptr().cast();
    // SAFETY: a live coroutine (receivers are checked); the callers read a field and are done.
    unsafe { &(*raw).state }
}

fn check_context(context: &Borrowed<'_, '_, PyAny>) -> PyResult<()> {
    // SAFETY: an exact type check of a live object.
    if unsafe { ffi::PyContext_CheckExact(context.as_ptr()) } == 0 {
        return Err(PyTypeError::new_err(
            "context must be a contextvars.Context",
        ));
    }
    Ok(())
}

fn add_callback(py: Python<'_>, this: Borrowed<'_, '_, PyAny>, callback: Callback) -> PyResult<()> {
    let raw: *mut RawCoroutine = this.as_ptr().cast();
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
    event_loop.bind(py).call_method(
        "call_soon",
        (callback.function.bind(py), this),
        Some(&options),
    )?;
    Ok(())
}

fn remove_callbacks(
    py: Python<'_>,
    this: Borrowed<'_, '_, PyAny>,
    function: Borrowed<'_, '_, PyAny>,
) -> PyResult<usize> {
    let raw: *mut RawCoroutine = this.as_ptr().cast();
    // SAFETY: a live coroutine; the callbacks are moved out while they are compared, which may call into Python.
    let all: Vec<Callback> = unsafe {
        let state = &mut (*raw).state;
        state
            .callback
            .take()
            .into_iter()
            .chain(std::mem::take(&mut state.more_callbacks))
            .collect()
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

fn cancel(
    py: Python<'_>,
    this: Borrowed<'_, '_, PyAny>,
    message: Option<Object>,
) -> PyResult<bool> {
    let raw: *mut RawCoroutine = this.as_ptr().cast();
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
        let callbacks: Vec<Callback> = state
            .callback
            .take()
            .into_iter()
            .chain(std::mem::take(&mut state.more_callbacks))
            .collect();
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

fn cancelled_error(py: Python<'_>, state: &CoroutineState) -> PyResult<PyErr> {
    let class = py.import("asyncio.exceptions")?.getattr("CancelledError")?;
    let message = state
        .cancel_message
        .as_ref()
        .map(|message| message.share(py));
    let error = match message {
        Some(message) if !message.bind(py).is_none() => class.call1((message.bind(py),))?,
        _ => class.call0()?,
    };
    Ok(PyErr::from_value(error))
}

/// The exception that `throw(...)` was called with, in either of its two forms.
pub(crate) fn thrown(py: Python<'_>, arguments: Arguments<'_, '_>) -> PyResult<PyErr> {
    let first = arguments.required(0, "throw", "type")?;
    if first.is_instance_of::<pyo3::exceptions::PyBaseException>() {
        return Ok(PyErr::from_value(first.to_owned()));
    }
    let value = match arguments.get(1).filter(|value| !value.is_none()) {
        Some(value) if value.is_instance_of::<pyo3::exceptions::PyBaseException>() => {
            value.to_owned()
        }
        Some(value) => first.call1((value,))?,
        None => first.call0()?,
    };
    if let Some(traceback) = arguments.get(2).filter(|traceback| !traceback.is_none()) {
        value.call_method1(intern!(py, "with_traceback"), (traceback,))?;
    }
    Ok(PyErr::from_value(value))
}

const fn slot(number: c_int, function: *mut c_void) -> ffi::PyType_Slot {
    ffi::PyType_Slot {
        slot: number,
        pfunc: function,
    }
}

/// # Safety
/// CPython's getter protocol for `_loop`. There is no `get_loop`: asyncio then takes this, which saves it a bound method.
unsafe extern "C" fn loop_get(
    this: *mut ffi::PyObject,
    _closure: *mut c_void,
) -> *mut ffi::PyObject {
    let raw: *mut RawCoroutine = this.cast();
    // SAFETY: a live coroutine, which owns its loop.
    unsafe {
        let event_loop = (*raw).state.event_loop.as_ptr();
        ffi::Py_INCREF(event_loop);
        event_loop
    }
}

const fn read_only(name: &'static CStr, get: ffi::getter) -> ffi::PyGetSetDef {
    ffi::PyGetSetDef {
        name: name.as_ptr(),
        get: Some(get),
        set: None,
        doc: std::ptr::null(),
        closure: null_mut(),
    }
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
        read_only(c"__name__", name_get),
        read_only(c"__qualname__", qualified_name_get),
        read_only(c"_loop", loop_get),
        ffi::PyGetSetDef::default(),
    ]));
    let members = Box::leak(Box::new([
        ffi::PyMemberDef {
            name: c"__weaklistoffset__".as_ptr(),
            type_code: ffi::Py_T_PYSSIZET,
            offset: std::mem::offset_of!(RawCoroutine, weak_references) as ffi::Py_ssize_t,
            flags: ffi::Py_READONLY,
            doc: std::ptr::null::<c_char>(),
        },
        ffi::PyMemberDef::default(),
    ]));
    let mut slots = [
        slot(ffi::Py_tp_dealloc, slot_dealloc as *mut c_void),
        slot(ffi::Py_tp_traverse, slot_traverse as *mut c_void),
        slot(ffi::Py_tp_clear, slot_clear as *mut c_void),
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
        name: c"_twinloop._native.SocketOperation".as_ptr(),
        basicsize: size_of::<RawCoroutine>() as c_int,
        itemsize: 0,
        flags: (ffi::Py_TPFLAGS_DEFAULT
            | ffi::Py_TPFLAGS_HAVE_GC
            | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION) as u32,
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
