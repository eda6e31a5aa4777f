//! `twinloop.WebSocket`: the WebSocket client of `twinloop-web`.
//!
//! - `class`: the class `WebSocketCore` and its arguments; `opening`: the coroutine that opens one
//! - `open`: an open one: what has come and nobody has received yet, and who waits for it
//!
//! A task of the loop reads ahead of the program, so pings are answered while it does something else, and no further than a limit (rule
//! BOUNDED). A message that somebody waits for wakes its task in the same entry of the turn. Loop thread, GIL held; nothing is borrowed while Python
//! runs.

mod class;
mod open;
mod opening;

use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    class::register(module)
}
