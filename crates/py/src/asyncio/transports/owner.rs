//! The Python object of a transport, as its native half refers to it.
//!
//! While the loop works for a transport it keeps the object alive, as the selector does in asyncio. A transport that neither
//! reads nor has anything to send is kept by whoever uses it: if nobody does, the cycle collector takes it, and its socket
//! is closed with a warning. Loop thread, GIL held.

use std::cell::RefCell;

use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};

use crate::ffi::Object;

/// The reference to the Python object.
pub(super) struct Owner(RefCell<Reference>);

enum Reference {
    Strong(Object),
    /// A weak reference object.
    Weak(Object),
    Gone,
}

impl Owner {
    pub(super) fn new(object: Bound<'_, PyAny>) -> Owner {
        Owner(RefCell::new(Reference::Strong(Object::new(object))))
    }

    /// The object, while it lives.
    pub(super) fn get(&self, py: Python<'_>) -> Option<Object> {
        match &*self.0.borrow() {
            Reference::Strong(object) => Some(object.share(py)),
            Reference::Weak(weak) => {
                let weak = weak.bind(py);
                let weak = weak.cast::<PyWeakrefReference>().ok()?;
                weak.upgrade().map(Object::new)
            }
            Reference::Gone => None,
        }
    }

    pub(super) fn is_loose(&self) -> bool {
        matches!(&*self.0.borrow(), Reference::Weak(_))
    }

    /// Keeps `object` alive from now on.
    pub(super) fn hold(&self, object: Bound<'_, PyAny>) {
        self.replace(Reference::Strong(Object::new(object)));
    }

    /// No longer keeps the object alive.
    pub(super) fn loosen(&self, py: Python<'_>) -> PyResult<()> {
        if let Some(object) = self.get(py) {
            let weak = PyWeakrefReference::new(&object.bind(py))?;
            self.replace(Reference::Weak(Object::new(weak.into_any())));
        }
        Ok(())
    }

    /// Forgets the object.
    pub(super) fn release(&self) {
        self.replace(Reference::Gone);
    }

    fn replace(&self, reference: Reference) {
        // Dropping the old one may run Python code, which must not find the cell borrowed.
        let old = self.0.replace(reference);
        drop(old);
    }
}
