//! `import x from "python:name"`: a Python module as an ES module.
//!
//! The default export is the module itself; its public names (`__all__`, or everything without a leading underscore) are
//! named exports, read when the import is evaluated. GIL held.

use pyo3::prelude::*;
use twinloop_js::engine::{Error, Local, Scope};

use crate::bridge::Bridge;
use crate::{convert, errors};

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
    let bridge = Bridge::current()?;
    Python::attach(|py| {
        let load = || -> PyResult<(Bound<'_, PyAny>, Vec<String>)> {
            let module = py
                .import("importlib")?
                .call_method1("import_module", (name,))?;
            let names = py
                .import("twinloop.js")?
                .call_method1("_exported_names", (&module,))?
                .extract()?;
            Ok((module, names))
        };
        let (module, names) = load().map_err(|error| errors::to_js(&bridge, scope, py, error))?;
        let mut exports = vec![("default".to_owned(), bridge.wrap(scope, &module)?)];
        for name in names {
            let value = module
                .getattr(name.as_str())
                .map_err(|error| errors::to_js(&bridge, scope, py, error))?;
            exports.push((name, convert::to_js(&bridge, scope, &value)?));
        }
        Ok(exports)
    })
}
