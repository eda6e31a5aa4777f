//! Transports: what reads, writes and ends for a protocol.
//!
//! `socket` (TCP and Unix), `datagram` and `pipe` are the native halves of the Python classes of these names; `accepting`
//! is how servers get connections. What they share: `limits` (of what is queued), `owner` (the Python object behind a
//! transport), `receiver` (how received bytes reach a protocol).

mod accepting;
mod datagram;
mod limits;
mod owner;
mod pipe;
mod receiver;
mod socket;

pub(super) use self::receiver::{
    Received, Receiver, buffer_updated, data_received, get_buffer, read_error,
};
pub(super) use self::socket::{SocketTransport, TransportState};

use pyo3::prelude::*;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    accepting::register(module)?;
    datagram::register(module)?;
    pipe::register(module)?;
    socket::register(module)
}
