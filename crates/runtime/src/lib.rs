//! The bridge: Python and JavaScript on one loop, in one program.
//!
//! The only crate that knows both languages. `register` adds it to the extension module; the rest of Python's half is
//! `twinloop/js`.
//!
//! The rooms:
//! - `bridge/`: the state of one thread. `lifecycle` starts and ends it, `keys` are JavaScript values that Python holds,
//!   `handles` Python objects that JavaScript holds, `rejections` those that wait for Python, `leaving` what JavaScript must
//!   not catch
//! - `crossing/`: both languages at hand. `values` converts, `copies` copies, `errors` and `awaits` carry exceptions and
//!   promises over
//! - `js_in_python/`: what a JavaScript object is in Python; `kinds` are its classes, by what it can do
//! - `python_in_js/`: what a Python object is in JavaScript, to web APIs too (`guest`), and `python:` imports
//! - `serving`: requests that one language has the other answer
//! - `program`: JavaScript programs and modules started from Python; `interrupts`: Ctrl-C while JavaScript runs
//!
//! `program` stands on `js_in_python` and `python_in_js`, these on `crossing`, and that on `bridge`. Everything runs on the
//! loop thread with the GIL held (rules NO-GIL-OFF-LOOP, ROOTED). No `unsafe` code.
#![forbid(unsafe_code)]

mod bridge;
mod crossing;
mod interrupts;
mod js_in_python;
mod program;
mod python_in_js;
mod serving;

use pyo3::prelude::*;

/// Adds the bridge's classes and functions to the extension module.
///
/// # Errors
/// What the interpreter raises while classes are made.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    js_in_python::register(module)?;
    serving::register(module)?;
    program::register(module)
}
