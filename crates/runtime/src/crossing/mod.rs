//! Crossing: both languages at hand, and everything that goes from one to the other.
//!
//! A [`Crossing`] is made where a call enters the engine (`Bridge::enter`) or leaves it for Python ([`Crossing::in_js`]);
//! conversions, copies, exceptions and awaiting are its methods. GIL held, loop thread.

mod awaits;
mod buffers;
mod contexts;
mod copies;
mod errors;
mod json;
mod values;

use std::rc::Rc;

use pyo3::prelude::*;
use twinloop_js::engine::{Error, Local, Scope};

use crate::bridge::{Bridge, Helper};

pub(crate) use awaits::{Awaited, Wait, Waiting};
pub(crate) use contexts::tell_context;
pub(crate) use copies::Depth;
pub(crate) use errors::must_leave;
pub(crate) use values::length;

/// Both languages at hand.
pub(crate) struct Crossing<'c, 's, 'py> {
    pub(crate) bridge: &'c Rc<Bridge>,
    pub(crate) scope: &'c Scope<'s>,
    pub(crate) py: Python<'py>,
}

impl<'s> Crossing<'_, 's, '_> {
    /// Goes from JavaScript, which called a native function, into Python.
    pub(crate) fn in_js<R>(
        scope: &Scope<'s>,
        f: impl FnOnce(&Crossing<'_, 's, '_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let bridge = Bridge::current()?;
        Python::attach(|py| {
            f(&Crossing {
                bridge: &bridge,
                scope,
                py,
            })
        })
    }
}

impl<'s, 'py> Crossing<'_, 's, 'py> {
    /// A result of JavaScript for Python: what was thrown becomes an exception.
    pub(crate) fn of_js<T>(&self, result: Result<T, Error>) -> PyResult<T> {
        result.map_err(|error| self.error_to_py(error))
    }

    /// A result of Python for JavaScript: what was raised becomes an error.
    pub(crate) fn of_python<T>(&self, result: PyResult<T>) -> Result<T, Error> {
        result.map_err(|error| self.error_to_js(error))
    }

    /// Calls a function of the bridge's JavaScript half, for Python.
    pub(crate) fn help(&self, helper: Helper, values: &[Local<'_>]) -> PyResult<Local<'s>> {
        self.of_js(self.bridge.help(self.scope, helper, values))
    }

    /// Runs `f` in a scope of its own, so that what it makes in the heap does not pile up.
    pub(crate) fn nested<R>(&self, f: impl for<'n> FnOnce(&Crossing<'_, 'n, 'py>) -> R) -> R {
        self.scope.nested(|scope| {
            f(&Crossing {
                bridge: self.bridge,
                scope,
                py: self.py,
            })
        })
    }
}
