//! The bridge: Python and JavaScript on one loop, in one program.
//!
//! The only crate that knows both languages. `register` adds it to the extension module; Python's half is
//! `twinloop/js.py`, JavaScript's is `bridge.js`.
//!
//! Layout:
//! - `bridge`: the state of one thread: context, loop, tables that keep identity
//! - `convert`: values crossing; `abilities`: what a Python type can do; `errors`: exceptions crossing
//! - `js_proxy`: JavaScript objects in Python; `python_ops` and `bridge.js`: Python objects in JavaScript
//! - `awaits`: promises as Futures, awaitables as Promises; `modules`: `python:` imports
//! - `interrupts`: Ctrl-C while JavaScript runs
//! - `program`: JavaScript programs and modules started from Python
//!
//! Everything runs on the loop thread with the GIL held (rules NO-GIL-OFF-LOOP, ROOTED). No `unsafe` code.
#![forbid(unsafe_code)]

mod abilities;
mod awaits;
mod bridge;
mod convert;
mod errors;
mod interrupts;
mod js_proxy;
mod modules;
mod program;
mod python_ops;

use pyo3::prelude::*;

/// Adds the bridge's classes and functions to the extension module.
///
/// # Errors
/// What the interpreter raises while classes are made.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<js_proxy::JsProxy>()?;
    module.add_function(wrap_pyfunction!(program::js_configure, module)?)?;
    module.add_function(wrap_pyfunction!(program::js_import, module)?)?;
    module.add_function(wrap_pyfunction!(program::js_eval, module)?)?;
    module.add_function(wrap_pyfunction!(program::js_step, module)?)?;
    module.add_function(wrap_pyfunction!(program::js_begin, module)?)?;
    module.add_function(wrap_pyfunction!(program::js_before_exit, module)?)?;
    module.add_function(wrap_pyfunction!(program::js_conclude, module)?)?;
    module.add_function(wrap_pyfunction!(program::js_shut_down, module)?)?;
    module.add_function(wrap_pyfunction!(program::js_collect_garbage, module)?)?;
    module.add_function(wrap_pyfunction!(program::js_end, module)?)
}
