//! `twinloop.fetch`: requests over the HTTP client of `twinloop-web`, and what comes back.
//!
//! - `fetching`: one fetch, as a native coroutine; `request`: its arguments; `upload`: a body that is sent as it is produced;
//!   `client`: the connections behind it; `session`: what several
//!   have in common
//! - `response`: the class `Response`, which handlers of `serve` answer with too; `reading`: its body; `headers`: the class `Headers`
//! - `waiting`: how a native coroutine waits for a future of `web`; `failures`: what it raises
//!
//! A fetch is a Rust future that the task which awaits it polls: no Future of Python's, no other task and no coroutine in between. What
//! came back is made into objects of Python's when somebody asks for it. What is rare is Python's, in `_twinloop/fetch`. Loop thread, GIL
//! held; nothing is borrowed while Python runs.

mod client;
mod failures;
mod fetching;
mod headers;
mod reading;
mod request;
mod response;
mod session;
mod upload;
mod waiting;

use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    headers::register(module)?;
    response::register(module)?;
    session::register(module)?;
    upload::register(module)?;
    fetching::register(module)
}
