//! Exceptions that must leave: SystemExit and KeyboardInterrupt unwind JavaScript, which cannot catch them.
//!
//! Only the call that they cross is unwound. JavaScript itself goes on: the Python code below may catch what it gets.

use std::rc::Rc;

use pyo3::prelude::*;
use twinloop_js::engine::Error;
use twinloop_loop::Entry;

use super::Bridge;

impl Bridge {
    /// Ends JavaScript with an exception that it cannot catch. If no Python code is below that it could reach, it leaves
    /// through the loop.
    pub(crate) fn leave_with(self: &Rc<Self>, error: PyErr) -> Error {
        *self.leaving.borrow_mut() = Some(error);
        let bridge = Rc::downgrade(self);
        self.event_loop.push(Entry::call(move |_| {
            if let Some(error) = bridge.upgrade().and_then(|bridge| bridge.take_leaving()) {
                Python::attach(|py| crate::program::raise_from_loop(py, error));
            }
        }));
        Error::terminated()
    }

    pub(crate) fn take_leaving(&self) -> Option<PyErr> {
        self.leaving.borrow_mut().take()
    }
}
