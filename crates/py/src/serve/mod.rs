//! ASGI applications (https://asgi.readthedocs.io, version 3.0) on the HTTP server of `twinloop-web`.
//!
//! - `application`: a server as Python has it, and what its requests share; `scope`: what an application is told of a request
//! - `call`: one request that an application answers, `socket`: one that becomes a websocket; `path`: a file as
//!   an answer; `messages`: what applications say, read out of their dictionaries
//!
//! A request is handed from the connection straight to the application's coroutine, whose first step is made in the same entry of the turn:
//! an application that does not wait has answered before the connection looks at its next byte. What is rare (errors, logs, lifespan,
//! options) is Python's, in `_twinloop/serve`. Loop thread, GIL held throughout.

mod application;
mod call;
mod messages;
mod path;
mod scope;
mod socket;

use pyo3::prelude::*;

pub use application::take_exchange;
pub use call::hand_over;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    application::register(module)?;
    call::register(module)
}
