//! A `bytearray` as a growing and shrinking queue of bytes: what a `StreamReader` keeps its data in.
//!
//! The program may hold the same object: every method looks at its present size, and a memory view that locks it makes
//! the methods that change its size raise BufferError, as Python's own would. GIL held throughout.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};

use super::object::Object;

/// An owned reference to an exact `bytearray`.
pub(crate) struct ByteArray(Object);

impl ByteArray {
    /// An empty one.
    pub(crate) fn new(py: Python<'_>) -> ByteArray {
        ByteArray(Object::new(PyByteArray::new(py, b"").into_any()))
    }

    /// The very object, if it is an exact `bytearray`.
    pub(crate) fn of(object: Bound<'_, PyAny>) -> Option<ByteArray> {
        object
            .is_exact_instance_of::<PyByteArray>()
            .then(|| ByteArray(Object::new(object)))
    }

    pub(crate) fn object(&self) -> &Object {
        &self.0
    }

    pub(crate) fn len(&self, _py: Python<'_>) -> usize {
        // SAFETY: a live bytearray; reading its size has no side effect.
        unsafe { ffi::PyByteArray_Size(self.0.as_ptr()) as usize }
    }

    /// True if nobody else has a reference, so that nobody else can change it.
    pub(crate) fn is_ours_alone(&self, _py: Python<'_>) -> bool {
        // SAFETY: a live object under the GIL.
        unsafe { ffi::Py_REFCNT(self.0.as_ptr()) == 1 }
    }

    /// Lends the contents to `body`, which must not call into Python.
    pub(crate) fn with<R>(&self, py: Python<'_>, body: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: the start is valid for the object's size, and nothing can resize it while `body` runs no Python code.
        unsafe {
            let start = ffi::PyByteArray_AsString(self.0.as_ptr())
                .cast_const()
                .cast::<u8>();
            body(std::slice::from_raw_parts(start, self.len(py)))
        }
    }

    /// Adds a copy of `data`, which must not lie in this object.
    pub(crate) fn append(&self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        let old = self.len(py);
        // SAFETY: a live bytearray. The resize refuses when a view has locked the memory; afterwards the object is
        // `old + data.len()` bytes long, and the slice is somebody else's memory.
        unsafe {
            if ffi::PyByteArray_Resize(self.0.as_ptr(), (old + data.len()) as ffi::Py_ssize_t) != 0
            {
                return Err(PyErr::fetch(py));
            }
            let start = ffi::PyByteArray_AsString(self.0.as_ptr()).cast::<u8>();
            std::ptr::copy_nonoverlapping(data.as_ptr(), start.add(old), data.len());
        }
        Ok(())
    }

    /// Takes the first `count` bytes, or all if there are fewer.
    pub(crate) fn take_front<'py>(
        &self,
        py: Python<'py>,
        count: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let front = self.with(py, |bytes| {
            PyBytes::new(py, &bytes[..count.min(bytes.len())])
        });
        self.remove_front(py, count)?;
        Ok(front)
    }

    /// Removes the first `count` bytes, or all if there are fewer. Moves no data but a pointer.
    pub(crate) fn remove_front(&self, py: Python<'_>, count: usize) -> PyResult<()> {
        let end = count.min(self.len(py)) as ffi::Py_ssize_t;
        // SAFETY: a live bytearray; deleting a slice of bytes runs no Python code.
        if end > 0 && unsafe { ffi::PySequence_DelSlice(self.0.as_ptr(), 0, end) } != 0 {
            return Err(PyErr::fetch(py));
        }
        Ok(())
    }
}
