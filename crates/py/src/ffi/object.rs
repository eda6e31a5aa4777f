//! An owned reference that can be stored next to loop state.
//!
//! PyO3's `Py<T>` is `Send` and therefore looks up a thread-local counter in each drop. An [`Object`] is not `Send`: it
//! lives in `GilBound` state and in tokens of the ready queue, which are only touched under the GIL, and drops directly.
//! Dropping may run Python code (`__del__`): never drop one while a `RefCell` that Python can reach is borrowed.

use std::marker::PhantomData;
use std::ptr::NonNull;

use pyo3::{Borrowed, Bound, PyAny, Python, ffi};

/// One owned reference to a Python object.
pub(crate) struct Object {
    pointer: NonNull<ffi::PyObject>,
    not_send: PhantomData<*mut ()>,
}

impl Object {
    /// Takes over the reference of `bound`.
    pub(crate) fn new(bound: Bound<'_, PyAny>) -> Object {
        // SAFETY: a `Bound` is never null; its reference is moved, not copied.
        let pointer = unsafe { NonNull::new_unchecked(bound.into_ptr()) };
        Object {
            pointer,
            not_send: PhantomData,
        }
    }

    /// Views the object.
    pub(crate) fn bind<'a, 'py>(&'a self, py: Python<'py>) -> Borrowed<'a, 'py, PyAny> {
        // SAFETY: the reference that `self` owns outlives the borrow `'a`.
        unsafe { Borrowed::from_ptr(py, self.pointer.as_ptr()) }
    }

    /// Gives the reference back to PyO3.
    pub(crate) fn into_bound(self, py: Python<'_>) -> Bound<'_, PyAny> {
        // SAFETY: the reference is moved out; `forget` keeps `Drop` from releasing it again.
        let bound = unsafe { Bound::from_owned_ptr(py, self.pointer.as_ptr()) };
        std::mem::forget(self);
        bound
    }

    /// Turns the reference into a token of the ready queue; [`Object::from_token`] is its inverse.
    pub(crate) fn into_token(self) -> u64 {
        let token = self.pointer.as_ptr() as u64;
        std::mem::forget(self);
        token
    }

    /// Takes back the reference that a token owns.
    ///
    /// # Safety
    /// `token` came from [`Object::into_token`] and was not taken back before.
    pub(crate) unsafe fn from_token(token: u64) -> Object {
        // SAFETY: the caller's promise: the token is a pointer to a live object, with one reference of its own.
        let pointer = unsafe { NonNull::new_unchecked(token as *mut ffi::PyObject) };
        Object {
            pointer,
            not_send: PhantomData,
        }
    }

    /// Takes back the reference that an entry of this host owns.
    ///
    /// Every token of the Python host is made by [`Object::into_token`] in `asyncio/event_loop/`, and the loop runs, discards
    /// or returns each entry exactly once (`Entry`'s contract), so the token is valid here.
    pub(crate) fn from_entry(token: u64) -> Object {
        // SAFETY: see above.
        unsafe { Object::from_token(token) }
    }

    /// A second reference to the same object.
    pub(crate) fn share(&self, py: Python<'_>) -> Object {
        Object::new(self.bind(py).to_owned())
    }

    pub(crate) fn as_ptr(&self) -> *mut ffi::PyObject {
        self.pointer.as_ptr()
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: `self` owns one reference, and is dropped under the GIL (see the header).
        unsafe { ffi::Py_DECREF(self.pointer.as_ptr()) }
    }
}

/// How many references to an object there are, this one among them.
pub fn reference_count(object: &Bound<'_, PyAny>) -> usize {
    // SAFETY: a live object, and the GIL is held.
    let count = unsafe { ffi::Py_REFCNT(object.as_ptr()) };
    usize::try_from(count).unwrap_or(usize::MAX)
}
