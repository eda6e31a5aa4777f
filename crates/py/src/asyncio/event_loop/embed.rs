//! What an embedder needs of an event loop object: the native loop behind it. GIL held.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use twinloop_loop::Loop;

use super::core::LoopCore;

/// The native loop behind a `twinloop.EventLoop`.
///
/// # Errors
/// TypeError for any other object, RuntimeError for a closed loop.
pub fn event_loop_of(object: &Bound<'_, PyAny>) -> PyResult<Loop> {
    let core = object
        .cast::<LoopCore>()
        .map_err(|_| PyTypeError::new_err(format!("{object} is not a Twinloop event loop")))?;
    core.get().state(object.py()).open()
}
