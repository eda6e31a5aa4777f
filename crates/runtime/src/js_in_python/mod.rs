//! JavaScript objects in Python: `JsProxy` and its kinds, its iterators, Python classes that extend JavaScript's (`instances`), and
//! how attribute names become property names. `objects.js` and `instances.js` are the JavaScript half.

mod generators;
mod instances;
mod iterators;
mod kinds;
mod names;
mod proxy;

use pyo3::prelude::*;

pub(crate) use instances::{JsInstance, JsNull, OPS};
pub(crate) use kinds::{FLAGS, JsPromise, introduce};
pub(crate) use proxy::JsProxy;

/// Adds the classes to the extension module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    kinds::register(module.py())?;
    module.add_class::<JsProxy>()?;
    module.add_class::<JsInstance>()?;
    module.add("js_null", Bound::new(module.py(), instances::JsNull)?)?;
    module.add_function(wrap_pyfunction!(instances::js_members, module)?)?;
    module.add_function(wrap_pyfunction!(instances::js_derive, module)?)
}
