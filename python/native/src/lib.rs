//! The extension module `_twinloop._native`: nothing but the registration of what the crates below export.
//!
//! Runs once, in the thread that first imports `twinloop`, under the GIL.
#![deny(unsafe_code)]

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs `python -m twinloop trace` with these words; `start` is the command that runs a program. Gives the exit status.
#[pyfunction]
fn trace_program(py: Python<'_>, words: Vec<OsString>, start: Vec<OsString>) -> i32 {
    py.detach(|| twinloop_trace::run(&words, &start))
}

/// Looks at a process with these words, as `twinloop top`; the exit status.
#[pyfunction]
fn top_program(py: Python<'_>, words: Vec<OsString>) -> i32 {
    py.detach(|| twinloop_trace::top(&words))
}

#[pymodule]
#[pyo3(gil_used = true)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(trace_program, module)?)?;
    module.add_function(wrap_pyfunction!(top_program, module)?)?;
    twinloop_py::register(module)?;
    twinloop_runtime::register(module)
}
