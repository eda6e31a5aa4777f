//! Entering a `contextvars.Context` around a callback, without a Python-level `Context.run`.

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
