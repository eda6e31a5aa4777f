//! Where the instances of a Python class keep their native state: in the slot `_state`, read without a look-up by name.
//!
//! The native methods of such a class are installed into it (`fastcall.rs`), so CPython has checked that their receiver is an
//! instance of it before it calls them. GIL held.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::types::PyType;
use pyo3::{Borrowed, PyClass, ffi};

/// No offset is known yet.
const UNKNOWN: usize = usize::MAX;

/// The slot of one Python class, whose instances keep a `T` in it. There is one such class for each `T`, so one offset.
pub(crate) struct StateSlot<T> {
    offset: AtomicUsize,
    state: PhantomData<fn() -> T>,
}

impl<T: PyClass<Frozen = True> + Sync> StateSlot<T> {
    pub(crate) const fn new() -> StateSlot<T> {
        StateSlot {
            offset: AtomicUsize::new(UNKNOWN),
            state: PhantomData,
        }
    }

    /// Finds the slot of `class`; before methods that use it are installed there.
    pub(crate) fn find(&self, class: &Bound<'_, PyType>) -> PyResult<()> {
        let descriptor = class.getattr("__dict__")?.get_item("_state")?;
        self.offset
            .store(offset_of(&descriptor)?, Ordering::Relaxed);
        Ok(())
    }

    /// The state of `receiver`, an instance of the class: call it with the receiver of a method that was installed there.
    #[inline]
    pub(crate) fn of<'a>(&self, receiver: Borrowed<'a, '_, PyAny>) -> PyResult<&'a T> {
        let offset = self.offset.load(Ordering::Relaxed);
        if offset == UNKNOWN {
            return Err(uninitialised(receiver));
        }
        // SAFETY: instances of the class have a pointer-sized member at `offset` (`offset_of`): null, or a reference that
        // the instance owns. The state that it refers to lives as long as the receiver, whose slot is only set by its
        // `__init__`.
        let state = unsafe {
            let member = receiver
                .as_ptr()
                .cast::<u8>()
                .add(offset)
                .cast::<*mut ffi::PyObject>();
            if (*member).is_null() {
                return Err(uninitialised(receiver));
            }
            Borrowed::<'a, '_, PyAny>::from_ptr(receiver.py(), *member)
        };
        Ok(state.cast::<T>()?.get())
    }
}

#[cold]
fn uninitialised(receiver: Borrowed<'_, '_, PyAny>) -> PyErr {
    match receiver.get_type().name() {
        Ok(name) => PyRuntimeError::new_err(format!("the {name} was not initialised")),
        Err(error) => error,
    }
}

/// Where the instances of a class keep the slot that `descriptor` describes.
fn offset_of(descriptor: &Bound<'_, PyAny>) -> PyResult<usize> {
    // SAFETY: only read after the exact type was checked; a member descriptor points to its definition for its whole life.
    unsafe {
        if ffi::Py_TYPE(descriptor.as_ptr()) != &raw mut ffi::PyMemberDescr_Type {
            return Err(PyTypeError::new_err(
                "the transport class must keep its state in a slot",
            ));
        }
        let member = (*descriptor.as_ptr().cast::<ffi::PyMemberDescrObject>()).d_member;
        Ok((*member).offset as usize)
    }
}
