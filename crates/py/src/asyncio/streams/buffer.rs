//! What a stream reader holds: one received `bytes` as it came, or a `bytearray`.
//!
//! The usual reader takes each piece before the next one comes, and gets the very object that was received: no copy. When
//! more comes, or somebody looks at `_buffer`, the piece moves into the bytearray that asyncio keeps there. There is a
//! piece only while nobody else holds that bytearray and it is empty. No method runs Python code.

use std::cell::RefCell;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::ffi::Object;
use crate::ffi::bytearray::ByteArray;

pub(super) struct Buffer {
    piece: RefCell<Option<Piece>>,
    array: RefCell<ByteArray>,
}

/// The rest of a received `bytes`, from `start`.
struct Piece {
    bytes: Object,
    start: usize,
    length: usize,
}

impl Piece {
    fn with<R>(&self, py: Python<'_>, body: impl FnOnce(&[u8]) -> R) -> R {
        match self.bytes.bind(py).cast::<PyBytes>() {
            Ok(bytes) => body(&bytes.as_bytes()[self.start..]),
            // Unreachable: only `push` makes pieces, of bytes.
            Err(_) => body(&[]),
        }
    }

    fn len(&self) -> usize {
        self.length - self.start
    }
}

impl Buffer {
    pub(super) fn new(py: Python<'_>) -> Buffer {
        Buffer {
            piece: RefCell::new(None),
            array: RefCell::new(ByteArray::new(py)),
        }
    }

    pub(super) fn len(&self, py: Python<'_>) -> usize {
        let piece = self.piece.borrow().as_ref().map_or(0, Piece::len);
        piece + self.array.borrow().len(py)
    }

    pub(super) fn push(&self, data: Bound<'_, PyBytes>) -> PyResult<()> {
        let py = data.py();
        self.gather(py)?;
        let array = self.array.borrow();
        if array.is_ours_alone(py) && array.len(py) == 0 {
            let length = data.as_bytes().len();
            let bytes = Object::new(data.into_any());
            *self.piece.borrow_mut() = Some(Piece {
                bytes,
                start: 0,
                length,
            });
            return Ok(());
        }
        array.append(py, data.as_bytes())
    }

    /// Moves everything into the bytearray.
    fn gather(&self, py: Python<'_>) -> PyResult<()> {
        match self.piece.take() {
            Some(piece) => piece.with(py, |bytes| self.array.borrow().append(py, bytes)),
            None => Ok(()),
        }
    }

    /// The first `count` bytes, or all if there are fewer, which are then gone from here.
    pub(super) fn take<'py>(&self, py: Python<'py>, count: usize) -> PyResult<Bound<'py, PyAny>> {
        let Some(mut piece) = self.piece.take() else {
            let front = self.array.borrow().take_front(py, count)?;
            return Ok(front.into_any());
        };
        if count >= piece.len() && piece.start == 0 {
            return Ok(piece.bytes.into_bound(py));
        }
        let front = piece.with(py, |bytes| {
            PyBytes::new(py, &bytes[..count.min(bytes.len())])
        });
        if count < piece.len() {
            piece.start += count;
            *self.piece.borrow_mut() = Some(piece);
        }
        Ok(front.into_any())
    }

    /// Drops the first `count` bytes, or all if there are fewer.
    pub(super) fn drop_front(&self, py: Python<'_>, count: usize) -> PyResult<()> {
        self.gather(py)?;
        self.array.borrow().remove_front(py, count)
    }

    /// Lends the contents to `body`, which must not call into Python.
    pub(super) fn with<R>(&self, py: Python<'_>, body: impl FnOnce(&[u8]) -> R) -> R {
        match &*self.piece.borrow() {
            Some(piece) => piece.with(py, body),
            None => self.array.borrow().with(py, body),
        }
    }

    /// The bytearray with everything in it, for whoever looks at `_buffer`.
    pub(super) fn array<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.gather(py)?;
        Ok(self.array.borrow().object().bind(py).to_owned())
    }

    /// Puts another bytearray in the place of everything.
    pub(super) fn replace(&self, array: ByteArray) {
        let old = (self.piece.take(), self.array.replace(array));
        drop(old);
    }
}
