//! Python's buffers as typed arrays over the same memory.
//!
//! JavaScript has no typed array that cannot be written to, so what is read-only in Python (`bytes`) is copied, and so is what does not
//! stand in one piece, or whose elements stand where none may in C. More dimensions than one are Arrays of Arrays, whose innermost are views of one buffer. GIL held.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView};
use twinloop_js::engine::{Error, Local, ViewType};
use twinloop_py::BufferInfo;

use super::Crossing;

impl<'s> Crossing<'_, 's, '_> {
    /// Typed arrays for a Python buffer; nothing if the object is none.
    pub(super) fn typed_arrays_of(
        &self,
        object: &Bound<'_, PyAny>,
    ) -> Result<Option<Local<'s>>, Error> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return self.scope.uint8_array_copy(bytes.as_bytes()).map(Some);
        }
        let remote = self.bridge.event_loop().remote();
        let lent = self.of_python(twinloop_py::lend_buffer(object, remote))?;
        let Some((info, memory)) = lent else {
            // A tensor, for instance, which is no buffer of Python's.
            if !self.of_python(object.get_type().hasattr(intern!(self.py, "__dlpack__")))? {
                return Ok(None);
            }
            let array = self.of_python(self.array_of_tensor(object))?;
            return self.typed_arrays_of(&array);
        };
        // C++ reads an element where elements of its size may stand.
        let memory =
            memory.filter(|memory| (memory.start() as usize).is_multiple_of(info.item.max(1)));
        let buffer = match memory {
            Some(memory) => self.scope.array_buffer_over(Arc::from(memory))?,
            None => {
                // In C's order, whatever the buffer's own.
                let copy = || -> PyResult<Vec<u8>> {
                    let bytes = PyMemoryView::from(object)?
                        .call_method0(intern!(self.py, "tobytes"))?
                        .cast_into::<PyBytes>()?;
                    Ok(bytes.as_bytes().to_vec())
                };
                self.scope.array_buffer(self.of_python(copy())?)?
            }
        };
        let kind = view_type(&info).ok_or_else(|| {
            Error::type_error(format!(
                "no typed array has elements of the format {:?}; convert them first, for example to float64 or bytes",
                info.format
            ))
        })?;
        self.views(buffer, kind, &info, 0, 0).map(Some)
    }

    fn array_of_tensor<'py>(&self, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = object.py();
        py.import(intern!(py, "_twinloop.crossing.tensors"))?
            .call_method1(intern!(py, "array_of"), (object,))
    }

    /// The views of a dimension, from this byte on.
    fn views(
        &self,
        buffer: Local<'s>,
        kind: ViewType,
        info: &BufferInfo,
        dimension: usize,
        offset: usize,
    ) -> Result<Local<'s>, Error> {
        let rest = info.shape.get(dimension + 1..).unwrap_or_default();
        let length = info.shape.get(dimension).copied().unwrap_or(1);
        if rest.is_empty() {
            return self.scope.view_over(buffer, kind, offset, length);
        }
        let size = rest.iter().product::<usize>() * info.item;
        let mut parts = Vec::with_capacity(length);
        for index in 0..length {
            parts.push(self.views(buffer, kind, info, dimension + 1, offset + index * size)?);
        }
        self.scope.array(&parts)
    }
}

/// Which typed array has such elements.
fn view_type(info: &BufferInfo) -> Option<ViewType> {
    Some(match (info.format.as_str(), info.item) {
        ("B" | "c" | "?", 1) => ViewType::Uint8,
        ("b", 1) => ViewType::Int8,
        ("h" | "i" | "l" | "q" | "n", 2) => ViewType::Int16,
        ("h" | "i" | "l" | "q" | "n", 4) => ViewType::Int32,
        ("h" | "i" | "l" | "q" | "n", 8) => ViewType::BigInt64,
        ("H" | "I" | "L" | "Q" | "N", 2) => ViewType::Uint16,
        ("H" | "I" | "L" | "Q" | "N", 4) => ViewType::Uint32,
        ("H" | "I" | "L" | "Q" | "N", 8) => ViewType::BigUint64,
        ("e", 2) => ViewType::Float16,
        ("f", 4) => ViewType::Float32,
        ("d", 8) => ViewType::Float64,
        _ => return None,
    })
}
