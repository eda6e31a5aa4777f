//! Errors crossing: the same object comes back; otherwise name, message, cause and both languages' frames are kept.
//!
//! JavaScript to Python: a `PythonError` gives back its Python exception, anything else becomes `twinloop.js.JsException`
//! with the JavaScript frames in its traceback. Python to JavaScript: a `JsException` gives back the thrown value,
//! `SystemExit` and `KeyboardInterrupt` unwind JavaScript uncatchably, anything else becomes a `PythonError`.

use std::rc::Rc;

use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PySystemExit};
use pyo3::prelude::*;
use pyo3::types::PyAnyMethods;
use twinloop_js::engine::{Error, Local, Scope};

use crate::bridge::Bridge;
use crate::convert;

/// The Python exception for a failed JavaScript call.
pub(crate) fn to_py(bridge: &Rc<Bridge>, scope: &Scope<'_>, py: Python<'_>, error: Error) -> PyErr {
    let Some(value) = error.to_local(scope) else {
        return uncatchable(bridge, py);
    };
    value_to_py(bridge, scope, py, value)
}

/// What ended JavaScript uncatchably: an exception of Python's that it must not see, Ctrl-C, or process.exit.
fn uncatchable(bridge: &Rc<Bridge>, py: Python<'_>) -> PyErr {
    if let Some(error) = bridge.take_leaving() {
        return error;
    }
    if bridge.js().context().take_interrupted() {
        // The program's own handler may raise something else; one that only takes note does not keep JavaScript going.
        return py
            .check_signals()
            .err()
            .unwrap_or_else(|| PyKeyboardInterrupt::new_err(()));
    }
    PySystemExit::new_err(bridge.js().exit_status())
}

/// The Python exception for a thrown JavaScript value.
pub(crate) fn value_to_py(
    bridge: &Rc<Bridge>,
    scope: &Scope<'_>,
    py: Python<'_>,
    value: Local<'_>,
) -> PyErr {
    try_value_to_py(bridge, scope, py, value).unwrap_or_else(|error| error)
}

fn try_value_to_py(
    bridge: &Rc<Bridge>,
    scope: &Scope<'_>,
    py: Python<'_>,
    value: Local<'_>,
) -> PyResult<PyErr> {
    let failed = |_: Error| PyRuntimeError::new_err("a JavaScript error could not be described");
    if value.is_object() {
        let exception = bridge
            .help(scope, "exceptionOf", &[value])
            .map_err(failed)?;
        if exception.is_object() {
            let exception = convert::to_py(bridge, scope, py, exception)?;
            return Ok(PyErr::from_value(exception));
        }
    }
    let parts = bridge.help(scope, "describe", &[value]).map_err(failed)?;
    let part = |index: u32| {
        let part = scope.get(parts, index).map_err(failed)?;
        scope.string_of(part).map_err(failed)
    };
    let thrown = convert::to_py(bridge, scope, py, value)?;
    let exception = py
        .import("twinloop.js")?
        .call_method1("_exception", (part(0)?, part(1)?, part(2)?, thrown))?;
    Ok(PyErr::from_value(exception))
}

/// The JavaScript error for a Python exception.
pub(crate) fn to_js(bridge: &Rc<Bridge>, scope: &Scope<'_>, py: Python<'_>, error: PyErr) -> Error {
    if error.is_instance_of::<PySystemExit>(py) || error.is_instance_of::<PyKeyboardInterrupt>(py) {
        return bridge.leave_with(error);
    }
    match value_to_js(bridge, scope, py, error) {
        Ok(value) => Error::thrown(scope, value),
        Err(error) => error,
    }
}

/// The JavaScript value that stands for a Python exception.
pub(crate) fn value_to_js<'s>(
    bridge: &Rc<Bridge>,
    scope: &Scope<'s>,
    py: Python<'_>,
    error: PyErr,
) -> Result<Local<'s>, Error> {
    let exception = error.into_value(py).into_bound(py).into_any();
    exception_to_js(bridge, scope, py, &exception, 0)
}

/// Chains longer than this are cut: a cause may be its own ancestor only by a program's mistake.
const LONGEST_CHAIN: u32 = 16;

fn exception_to_js<'s>(
    bridge: &Rc<Bridge>,
    scope: &Scope<'s>,
    py: Python<'_>,
    exception: &Bound<'_, PyAny>,
    depth: u32,
) -> Result<Local<'s>, Error> {
    if let Ok(class) = py
        .import("twinloop.js")
        .and_then(|module| module.getattr("JsException"))
        && exception.is_instance(&class).unwrap_or(false)
        && let Ok(thrown) = exception.getattr("js_error")
    {
        return convert::to_js(bridge, scope, &thrown);
    }
    let parts = || -> PyResult<((String, String, Vec<String>), _)> {
        let parts = py
            .import("twinloop.js")?
            .call_method1("_describe", (exception,))?;
        let reasons = [
            exception.getattr("__cause__")?,
            exception.getattr("__context__")?,
        ];
        Ok((
            parts.extract()?,
            reasons.into_iter().find(|reason| !reason.is_none()),
        ))
    };
    let ((name, message, frames), cause) = parts().map_err(|error| {
        Error::new(format!(
            "a Python exception could not be described: {error}"
        ))
    })?;
    let frames: Vec<Local<'s>> = frames
        .iter()
        .map(|frame| scope.string(frame))
        .collect::<Result<_, _>>()?;
    let frames = scope.array(&frames)?;
    let cause = match cause {
        Some(cause) if depth < LONGEST_CHAIN => {
            exception_to_js(bridge, scope, py, &cause, depth + 1)?
        }
        _ => Local::undefined(),
    };
    let proxy = bridge.wrap(scope, exception)?;
    bridge.help(
        scope,
        "makeError",
        &[
            scope.string(&name)?,
            scope.string(&message)?,
            frames,
            proxy,
            cause,
        ],
    )
}
