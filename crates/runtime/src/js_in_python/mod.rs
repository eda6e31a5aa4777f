//! JavaScript objects in Python: `JsProxy` and its kinds, its iterators, and how attribute names become property names.
//! `objects.js` is the JavaScript half.

mod iterators;
mod kinds;
mod names;
mod proxy;

use pyo3::prelude::*;

pub(crate) use kinds::{FLAGS, introduce};
pub(crate) use proxy::JsProxy;

/// Adds the classes to the extension module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    kinds::register(module.py())?;
    module.add_class::<JsProxy>()
}
