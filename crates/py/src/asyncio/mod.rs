//! The loop's Python API: one file for each group of `asyncio.AbstractEventLoop`'s methods.

mod accept;
mod addresses;
mod closing;
pub(crate) mod core;
mod datagram;
mod descriptors;
mod embed;
mod errors;
mod host;
mod names;
mod owner;
mod pipe;
mod receiver;
mod socket_calls;
mod sockets;
mod streams;
mod tls;
mod transport;

pub use embed::event_loop_of;

use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    accept::register(module)?;
    core::register(module)?;
    datagram::register(module)?;
    pipe::register(module)?;
    streams::register(module)?;
    transport::register(module)?;
    tls::register(module)
}
