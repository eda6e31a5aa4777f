//! Python objects in JavaScript: a `PyProxy` (`py_proxy.js`) over native operations, composed from what the Python type can
//! do, and Python modules behind `python:` imports.

pub(crate) mod abilities;
mod fields;
mod guest;
pub(crate) mod modules;
mod operations;

pub(crate) use guest::Python as PythonGuest;
use twinloop_js::engine::{Error, Local, Scope};

/// What the JavaScript files of the bridge get: the operations, the flags of [`abilities`], and the flags of `kinds`.
pub(crate) fn native<'s>(
    scope: &Scope<'s>,
    kinds: &[(&'static str, u32)],
) -> Result<Local<'s>, Error> {
    let native = operations::object(scope)?;
    for (name, list) in [("abilities", &abilities::FLAGS[..]), ("kinds", kinds)] {
        let flags = scope.object()?;
        for (flag, value) in list {
            scope.set(flags, *flag, scope.number(f64::from(*value)))?;
        }
        scope.set(native, name, flags)?;
    }
    Ok(native)
}
