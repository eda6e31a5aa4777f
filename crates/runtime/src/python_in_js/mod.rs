//! Python objects in JavaScript: a `PyProxy` (`py_proxy.js`) over native operations, composed from what the Python type can
//! do, and Python modules behind `python:` imports.

pub(crate) mod abilities;
pub(crate) mod modules;
mod operations;

use twinloop_js::engine::{Error, Local, Scope};

/// What the JavaScript files of the bridge get: the operations, and under `abilities` the flags of [`abilities`].
pub(crate) fn native<'s>(scope: &Scope<'s>) -> Result<Local<'s>, Error> {
    let native = operations::object(scope)?;
    let flags = scope.object()?;
    for (name, flag) in abilities::FLAGS {
        scope.set(flags, name, scope.number(f64::from(flag)))?;
    }
    scope.set(native, "abilities", flags)?;
    Ok(native)
}
