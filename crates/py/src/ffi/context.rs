//! The `contextvars.Context` of a callback: entered without a Python-level `Context.run`, copied without work for the collector.

use pyo3::ffi;
use pyo3::prelude::*;

use super::object::Object;

/// A context that callbacks run in.
pub(crate) struct CallbackContext(Object);

impl CallbackContext {
    /// A copy of the context that is current now.
    pub(crate) fn copy_current(py: Python<'_>) -> PyResult<CallbackContext> {
        // SAFETY: the GIL is held; the result is a new reference or null with an error set.
        let context = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_CopyCurrent())? };
        Ok(CallbackContext(Object::new(context)))
    }

    /// Runs `body` in the context.
    pub(crate) fn run<R>(&self, py: Python<'_>, body: impl FnOnce() -> PyResult<R>) -> PyResult<R> {
        let context = self.0.share(py);
        // SAFETY: the object is a context (it came from CopyCurrent) and is kept alive by `context`.
        if unsafe { ffi::PyContext_Enter(context.as_ptr()) } != 0 {
            return Err(PyErr::fetch(py));
        }
        // A panic leaves the context entered; it ends at the trampoline or host above as an error, so this is harmless.
        let result = body();
        // SAFETY: entered just above on this thread; `body` left it balanced, as every callback does.
        if unsafe { ffi::PyContext_Exit(context.as_ptr()) } != 0 {
            return Err(PyErr::fetch(py));
        }
        result
    }
}

/// A copy of the current context; null with an error set.
///
/// A collection is due each time some hundred objects were made that the collector knows, and goes through all of them. A
/// copied context is the only one of them that a callback needs, so `hidden` takes it out: a quarter of the time of many
/// callbacks. While its handle waits nobody else has it, and what it holds is shown to the collector as the loop's own.
///
/// # Safety
/// The GIL is held; a hidden context is made known before anybody else gets it or it is released.
pub(super) unsafe fn copy_context(hidden: bool) -> *mut ffi::PyObject {
    // SAFETY: the caller's promise; CPython tells the collector of each new context.
    unsafe {
        let context = ffi::PyContext_CopyCurrent();
        if hidden && !context.is_null() {
            ffi::PyObject_GC_UnTrack(context.cast());
        }
        context
    }
}

/// Releases a context of [`copy_context`], or another one that is not hidden.
///
/// # Safety
/// The GIL is held, and the caller gives up its reference.
pub(super) unsafe fn release_context(context: *mut ffi::PyObject, hidden: bool) {
    // SAFETY: the caller's promise. The callback may have left a `Token` that still refers to it.
    unsafe {
        if hidden {
            ffi::PyObject_GC_Track(context.cast());
        }
        ffi::Py_DECREF(context);
    }
}
