//! The extension module `_twinloop._native`: nothing but the registration of what the crates below export.
//!
//! Runs once, in the thread that first imports `twinloop`, under the GIL.
#![deny(unsafe_code)]

use pyo3::prelude::*;

#[pymodule]
#[pyo3(gil_used = true)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    twinloop_py::register(module)?;
    twinloop_runtime::register(module)
}
