//! Iterations of JavaScript that Python leaves early: `return()` closes them, so that a generator's `finally` runs.
//!
//! An iterator goes away wherever its last reference does: while an exception is on its way, on another thread, in Python's collector. (Never
//! inside of JavaScript's collector: what that frees of Python's goes at the next checkpoint.) So the exception is kept aside, the
//! call goes to the loop's thread, and what it throws has nobody to go to but `sys.unraisablehook`, as with Python's generators.
//!
//! A generator is its own iterator. Whoever still has the generator may go on with it, as in Python; it is closed when that goes.

use pyo3::prelude::*;

use super::lifecycle::here;
use super::{Helper, JsKey};

impl JsKey {
    /// Closes the iterator behind this key, of which `own` is the identity number if it is the object that is iterated.
    pub(crate) fn leave_iteration(&self, own: Option<u64>) {
        let (number, index) = self.parts();
        if here().is_some_and(|bridge| self.is_of(&bridge)) {
            leave(number, index, own);
        } else {
            // Before the key lets go of the value, which takes the same way.
            self.post(Box::new(move |_| leave(number, index, own)));
        }
    }
}

fn leave(number: u32, index: usize, own: Option<u64>) {
    let Some(bridge) = here().filter(|bridge| bridge.number == number && bridge.context.is_open())
    else {
        return;
    };
    Python::attach(|py| {
        let pending = PyErr::take(py);
        let left = bridge.enter(py, |crossing| {
            let Some(iterator) = bridge.value_at(crossing.scope, index) else {
                return Ok(());
            };
            if let Some(identity) = own
                && bridge.known_proxy(py, identity).is_some()
            {
                let key = bridge.keep(crossing.scope, iterator);
                bridge.remember_left(identity, key);
                return Ok(());
            }
            crossing.help(Helper::CloseIterator, &[iterator]).map(drop)
        });
        if let Err(error) = left {
            error.write_unraisable(py, None);
        }
        if let Some(pending) = pending {
            pending.restore(py);
        }
    });
}
