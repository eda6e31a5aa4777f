//! `twinloop.fetch`: requests over the HTTP client of `twinloop-web`, and what comes back.
//!
//! - `abort`: what a signal ends; `fetching`: one fetch, as a native coroutine; `request`: its arguments; `upload`: a body that is sent as it is produced;
//!   `client`: the connections behind it; `session`: what several
//!   have in common
//! - `response`: the class `Response`, which handlers of `serve` answer with too; `reading`: its body; `headers`: the class `Headers`
//! - `events`: server-sent events; `failures`: what is raised
//!
//! A fetch is a Rust future that the task which awaits it polls: no Future of Python's, no other task and no coroutine in between. What
//! came back is made into objects of Python's when somebody asks for it. What is rare is Python's, in `_twinloop/fetch`. Loop thread, GIL
//! held; nothing is borrowed while Python runs.

mod abort;
pub(crate) mod client;
mod events;
pub(crate) mod failures;
mod fetching;
mod headers;
mod reading;
pub(crate) mod request;
mod response;
pub(crate) mod session;
mod upload;

pub(crate) use response::without_password;

use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    abort::register(module)?;
    headers::register(module)?;
    response::register(module)?;
    session::register(module)?;
    upload::register(module)?;
    events::register(module)?;
    fetching::register(module)
}
