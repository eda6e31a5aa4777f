//! [`BytesExporter`]: the buffer protocol for objects whose bytes are another language's.
//!
//! What is exported is the memory itself where its owner promises to keep it ([`Lending`]), and otherwise the `bytes` object that the
//! object's `__bytes__` makes: memory that can move, shrink or go away while a `memoryview` points at it is copied, and who wants to
//! write to that is refused.

use std::ffi::{CStr, c_int};

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use twinloop_loop::StableMemory;

/// Memory that is lent to Python: what `__lend__` of an exporter gives.
#[pyclass(frozen, module = "twinloop.js")]
pub struct Lending(std::sync::Mutex<Option<Parts>>);

struct Parts {
    memory: Box<dyn StableMemory>,
    /// What the elements are, as in `struct`, and how large.
    format: &'static CStr,
    item: usize,
}

impl Lending {
    /// Of this memory, whose elements `format` describes and `item` is the size of.
    pub fn new(memory: Box<dyn StableMemory>, format: &'static CStr, item: usize) -> Lending {
        Lending(std::sync::Mutex::new(Some(Parts {
            memory,
            format,
            item,
        })))
    }

    fn take(&self) -> Option<Parts> {
        let mut parts = self.0.lock().ok()?;
        parts.take()
    }
}

/// What a view of an exporter points at, besides the memory.
struct Exported {
    _memory: Box<dyn StableMemory>,
    shape: ffi::Py_ssize_t,
    stride: ffi::Py_ssize_t,
}

/// A base class that adds the buffer protocol to a class with `__lend__` and `__bytes__`.
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
        let py = slf.py();
        // SAFETY: `view` is CPython's to fill; without an owner it is nobody's, should what follows fail.
        unsafe { (*view).obj = std::ptr::null_mut() };
        let lent = slf.as_any().call_method0(intern!(py, "__lend__"))?;
        if let Ok(lending) = lent.cast::<Lending>() {
            let parts = lending
                .get()
                .take()
                .ok_or_else(|| PyBufferError::new_err("what was lent has been exported already"))?;
            // SAFETY: as above.
            return unsafe { fill(slf, view, flags, parts) };
        }
        let bytes = slf
            .as_any()
            .call_method0(intern!(py, "__bytes__"))?
            .cast_into::<PyBytes>()?;
        // SAFETY: `view` is CPython's to fill. It gets a reference to the bytes, which own the memory and free it when the view
        // is released.
        let status = unsafe { ffi::PyObject_GetBuffer(bytes.as_ptr(), view, flags) };
        if status == 0 {
            Ok(())
        } else {
            Err(PyErr::fetch(py))
        }
    }

    /// # Safety
    /// Called by CPython with a view that `fill` filled, once, GIL held.
    unsafe fn __releasebuffer__(&self, view: *mut ffi::Py_buffer) {
        // SAFETY: `internal` is the box that `fill` leaked. A view of a `bytes` object is released by that and never comes here.
        unsafe {
            if !(*view).internal.is_null() {
                drop(Box::from_raw((*view).internal.cast::<Exported>()));
                (*view).internal = std::ptr::null_mut();
            }
        }
    }
}

/// # Safety
/// `view` must be a request for a buffer of `slf`, to be filled.
unsafe fn fill(
    slf: &Bound<'_, BytesExporter>,
    view: *mut ffi::Py_buffer,
    flags: c_int,
    parts: Parts,
) -> PyResult<()> {
    let (start, length) = (parts.memory.start(), parts.memory.len());
    let exported = Box::into_raw(Box::new(Exported {
        shape: (length / parts.item) as ffi::Py_ssize_t,
        stride: parts.item as ffi::Py_ssize_t,
        _memory: parts.memory,
    }));
    let wants = |flag: c_int| flags & flag == flag;
    // SAFETY: the caller's promise; the fields of the box stay where they are until the view is released. CPython never writes to the
    // format.
    unsafe {
        (*view).obj = slf.clone().into_any().into_ptr();
        (*view).buf = start.cast();
        (*view).len = length as ffi::Py_ssize_t;
        (*view).readonly = 0;
        (*view).itemsize = (*exported).stride;
        (*view).format = match wants(ffi::PyBUF_FORMAT) {
            true => parts.format.as_ptr().cast_mut(),
            false => std::ptr::null_mut(),
        };
        (*view).ndim = 1;
        (*view).shape = match wants(ffi::PyBUF_ND) {
            true => &raw mut (*exported).shape,
            false => std::ptr::null_mut(),
        };
        (*view).strides = match wants(ffi::PyBUF_STRIDES) {
            true => &raw mut (*exported).stride,
            false => std::ptr::null_mut(),
        };
        (*view).suboffsets = std::ptr::null_mut();
        (*view).internal = exported.cast();
    }
    Ok(())
}
