//! What handles hold, as the garbage collector sees it. Called by the collector, under the GIL.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::ManuallyDrop;
use std::ptr::null_mut;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit, ffi};

use super::{HIDDEN, LoopLink, MANY, NEVER_SHOWN, RawHandle, is_handle};
use crate::ffi::gil::GilBound;
use crate::ffi::object::Object;

/// Shows the garbage collector the references that a loop owns in its queue, timers and descriptors.
///
/// A handle is unknown to the collector, so what it holds counts as the loop's own. That is sound as long as each reference
/// is shown once: a handle that is queued twice is known by the number of the visit, and one of another loop is left to that
/// loop. A program that keeps a handle of a loop that nothing else refers to finds it without its callback afterwards.
pub(crate) struct Owned<'a> {
    visit: &'a PyVisit<'a>,
    /// The weak reference that the loop's handles have; null if it has made none.
    event_loop: *mut ffi::PyObject,
    number: u32,
    outcome: Result<(), PyTraverseError>,
}

/// The number of the last visit.
static VISITS: GilBound<Cell<u32>> = GilBound::new(Cell::new(NEVER_SHOWN));

impl<'a> Owned<'a> {
    /// Begins a visit of the loop with this link.
    pub(crate) fn new(visit: &'a PyVisit<'a>, event_loop: Option<&LoopLink>) -> Owned<'a> {
        let visits = VISITS.get_for(visit);
        let number = visits.get().checked_add(1).unwrap_or(NEVER_SHOWN + 1);
        visits.set(number);
        Owned {
            visit,
            event_loop: event_loop.map_or(null_mut(), |link| link.0.as_ptr()),
            number,
            outcome: Ok(()),
        }
    }

    /// Shows one reference.
    pub(crate) fn add(&mut self, object: &Object) {
        // SAFETY: the object is alive, as `object` owns a reference.
        unsafe { self.show(object.as_ptr()) }
    }

    /// Shows the reference of an entry of the Python host, which is in the queue or a timer; see [`Object::from_entry`].
    pub(crate) fn add_entry(&mut self, token: u64) {
        // SAFETY: the entry owns a reference, and nothing is released in `tp_traverse`, where alone a visitor exists.
        unsafe { self.show(token as *mut ffi::PyObject) }
    }

    /// What `tp_traverse` returns.
    pub(crate) fn finish(self) -> Result<(), PyTraverseError> {
        self.outcome
    }

    /// # Safety
    /// `object` is alive.
    unsafe fn show(&mut self, object: *mut ffi::PyObject) {
        if self.outcome.is_err() {
            return;
        }
        // SAFETY: the collector holds the GIL; what is read as a handle is one (`is_handle`). Nothing is created, released
        // or called but the visitor.
        unsafe {
            if !is_handle(Python::assume_attached(), object) {
                self.outcome = show(object, self.visit);
                return;
            }
            let raw: *mut RawHandle = object.cast();
            if (*raw).shown != self.number && (*raw).event_loop == self.event_loop {
                (*raw).shown = self.number;
                self.outcome = show_handle(raw, self.visit);
            }
        }
    }
}

/// # Safety
/// `object` is alive; called by the collector, under the GIL.
unsafe fn show(object: *mut ffi::PyObject, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
    // SAFETY: the caller's promise. The `Py` is never dropped, so nothing is counted, as the collector demands.
    let shown = unsafe {
        let py = Python::assume_attached();
        ManuallyDrop::new(Bound::from_owned_ptr(py, object).unbind())
    };
    visit.call(&*shown)
}

/// Shows what a hidden context holds. If anything else refers to it, which only a callback that has begun can bring about,
/// nothing is shown: it must not lose what it holds.
///
/// # Safety
/// `context` is a live hidden context; called by the collector, under the GIL.
unsafe fn show_content(
    context: *mut ffi::PyObject,
    visit: &PyVisit<'_>,
) -> Result<(), PyTraverseError> {
    struct Shown<'a> {
        visit: &'a PyVisit<'a>,
        outcome: Result<(), PyTraverseError>,
    }

    unsafe extern "C" fn show_one(object: *mut ffi::PyObject, shown: *mut c_void) -> c_int {
        // SAFETY: called below only, with a live object of the context and a `Shown` that outlives the call.
        unsafe {
            let shown: &mut Shown<'_> = &mut *shown.cast();
            shown.outcome = show(object, shown.visit);
            c_int::from(shown.outcome.is_err())
        }
    }

    // SAFETY: the caller's promise; the type's own function is called with an object of the type.
    unsafe {
        let class = ffi::Py_TYPE(context);
        let Some(traverse) = (*class).tp_traverse else {
            return Ok(());
        };
        if ffi::Py_REFCNT(context) != 1 {
            return Ok(());
        }
        let mut shown = Shown {
            visit,
            outcome: Ok(()),
        };
        traverse(context, show_one, (&raw mut shown).cast());
        shown.outcome
    }
}

/// # Safety
/// `raw` is a live handle; called by the collector, under the GIL.
unsafe fn show_handle(raw: *mut RawHandle, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
    // SAFETY: the caller's promise. With a callback, the context and the slots below `count` (or the first, for MANY) hold
    // owned references.
    unsafe {
        if (*raw).callback.is_null() {
            return Ok(());
        }
        let slots = if (*raw).count == MANY {
            1
        } else {
            (*raw).count as usize
        };
        let arguments = (&(*raw).arguments)[..slots].iter();
        for pointer in [(*raw).callback].iter().chain(arguments) {
            show(*pointer, visit)?;
        }
        if (*raw).flags & HIDDEN == 0 {
            show((*raw).context, visit)
        } else {
            show_content((*raw).context, visit)
        }
    }
}
