//! [`BytesExporter`]: the buffer protocol for objects that give a copy of their bytes.
//!
//! The memory behind a JavaScript buffer can move, shrink or go away while a `memoryview` would point at it. So what is exported
//! is the `bytes` object that the object's `__bytes__` makes: `memoryview`, `hashlib`, `write` and `send` work, nothing dangles,
//! and who wants to write is refused.

use std::ffi::c_int;

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// A base class that adds the buffer protocol to a class with `__bytes__`.
#[pyclass(frozen, subclass, module = "twinloop.js")]
pub struct BytesExporter;

#[pymethods]
impl BytesExporter {
    /// # Safety
    /// Called by CPython with a view to fill, GIL held.
    unsafe fn __getbuffer__(
        slf: &Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let bytes = slf
            .as_any()
            .call_method0(intern!(slf.py(), "__bytes__"))?
            .cast_into::<PyBytes>()?;
        // SAFETY: `view` is CPython's to fill. It gets a reference to the bytes, which own the memory and free it when the view
        // is released.
        let status = unsafe { ffi::PyObject_GetBuffer(bytes.as_ptr(), view, flags) };
        if status == 0 {
            Ok(())
        } else {
            Err(PyErr::fetch(slf.py()))
        }
    }
}
