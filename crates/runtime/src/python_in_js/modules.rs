//! `import x from "python:name"`: a Python module as an ES module.
//!
//! The default export is the module itself; its public names (`__all__`, or everything without a leading underscore) are
//! named exports, read when the import is evaluated. GIL held.

use pyo3::prelude::*;
use twinloop_js::engine::{Error, Local, Scope};

use crate::crossing::Crossing;

/// The scheme of Python modules in an import specifier.
pub(crate) const SCHEME: &str = "python";

/// The exports of the Python module called `name`: the default first, then by name.
///
/// # Errors
/// The exception that importing raised, as a JavaScript error.
pub(crate) fn exports<'s>(
    scope: &Scope<'s>,
    name: &str,
) -> Result<Vec<(String, Local<'s>)>, Error> {
    Crossing::in_js(scope, |crossing| {
        let py = crossing.py;
        let load = || -> PyResult<(Bound<'_, PyAny>, Vec<String>)> {
            let module = py.import(name)?.into_any();
            let names = py
                .import("twinloop.js")?
                .call_method1("_exported_names", (&module,))?
                .extract()?;
            Ok((module, names))
        };
        let (module, names) = crossing.of_python(load())?;
        let mut exports = vec![("default".to_owned(), crossing.bridge.wrap(scope, &module)?)];
        for name in names {
            let value = crossing.of_python(module.getattr(name.as_str()))?;
            exports.push((name, crossing.value_to_js(&value)?));
        }
        Ok(exports)
    })
}
