//! `Done`: an awaitable that has nothing to wait for and no result, one object for all.
//!
//! `await send(message)` in an ASGI application is done when the call returns: it needs no coroutine of its own, and no object either. It
//! can be awaited any number of times, by any task. To asyncio it is a coroutine, so `create_task(send(message))` works. GIL held.

use std::ffi::c_void;
use std::ptr::null_mut;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};

use super::{Parameters, fast_methods};

static DONE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The object.
pub(crate) fn done(py: Python<'_>) -> Bound<'_, PyAny> {
    match DONE.get(py) {
        Some(done) => done.bind(py).clone(),
        None => py.None().into_bound(py),
    }
}

/// # Safety
/// CPython's `am_await` and `tp_iter`: a live object under the GIL.
unsafe extern "C" fn itself(this: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: a live object gets one more reference.
    unsafe { ffi::Py_INCREF(this) };
    this
}

/// The end without an exception, which stands for the result None.
///
/// # Safety
/// CPython's `tp_iternext`.
unsafe extern "C" fn next(_this: *mut ffi::PyObject) -> *mut ffi::PyObject {
    null_mut()
}

/// # Safety
/// CPython's `am_send`: `result` is where the value goes.
unsafe extern "C" fn send(
    _this: *mut ffi::PyObject,
    _value: *mut ffi::PyObject,
    result: *mut *mut ffi::PyObject,
) -> ffi::PySendResult {
    // SAFETY: `result` can be written to; None gets a reference of its own.
    unsafe {
        let none = ffi::Py_None();
        ffi::Py_INCREF(none);
        *result = none;
    }
    ffi::PySendResult::PYGEN_RETURN
}

fast_methods! {
    fn install_methods;

    c"send", Parameters::ANY,
    c"As the method of that name of coroutines.",
    |_py, _this, _arguments| Err::<(), _>(pyo3::exceptions::PyStopIteration::new_err(()));

    c"throw", Parameters::ANY,
    c"As the method of that name of coroutines.",
    |py, _this, arguments| Err::<(), _>(super::coroutine::thrown(py, arguments)?);

    c"close", Parameters::ANY,
    c"As the method of that name of coroutines.",
    |_py, _this, _arguments| Ok(());
}

const fn slot(number: std::ffi::c_int, function: *mut c_void) -> ffi::PyType_Slot {
    ffi::PyType_Slot {
        slot: number,
        pfunc: function,
    }
}

/// Makes the type and its object.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let mut slots = [
        slot(ffi::Py_tp_iter, itself as *mut c_void),
        slot(ffi::Py_tp_iternext, next as *mut c_void),
        slot(ffi::Py_am_await, itself as *mut c_void),
        slot(ffi::Py_am_send, send as *mut c_void),
        slot(0, null_mut()),
    ];
    let mut spec = ffi::PyType_Spec {
        name: c"_twinloop._native.Done".as_ptr(),
        basicsize: size_of::<ffi::PyObject>() as std::ffi::c_int,
        itemsize: 0,
        flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION) as u32,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the spec is complete and only read during the call; the object is new and has nothing to initialise behind its header.
    let (class, object) = unsafe {
        let class = Bound::from_owned_ptr_or_err(py, ffi::PyType_FromSpec(&raw mut spec))?;
        let class = class.cast_into::<PyType>()?;
        let object = ffi::PyType_GenericAlloc(class.as_type_ptr(), 0);
        (class, Bound::from_owned_ptr_or_err(py, object)?)
    };
    install_methods(&class)?;
    class.setattr(PyString::intern(py, "__name__"), "Done")?;
    module.add("Done", class)?;
    let _ = DONE.set(py, object.unbind());
    Ok(())
}
