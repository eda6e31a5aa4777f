//! `twinloop.BroadcastChannel`: the broadcast channels of `twinloop-web`.
//!
//! - `class`: the class `BroadcastCore`; `values`: Python's values as messages, and back
//!
//! What has come waits in the channel's inbox, which has a limit (rule BOUNDED, `twinloop_web::broadcast`). Loop thread, GIL held.

mod class;
mod values;

use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    class::register(module)
}
