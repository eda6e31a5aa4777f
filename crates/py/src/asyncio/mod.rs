//! The loop's Python API: one file for each group of `asyncio.AbstractEventLoop`'s methods.

pub(crate) mod core;
mod descriptors;
mod host;

use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    core::register(module)
}
