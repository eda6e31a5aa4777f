//! Sockets of the loop: one stream type for every user, with one write queue each.
//!
//! `stream` is the socket, `write_queue` what waits to be sent, `listener` accepts, `lookup` resolves names. A stream
//! serves futures (`AsyncRead`, `AsyncWrite`) or a callback interface ([`StreamHandler`]) for transports. Loop thread only.

mod listener;
mod lookup;
mod stream;
mod write_queue;

pub use listener::Listener;
pub use lookup::lookup;
pub use stream::{Stream, StreamHandler};
pub(crate) use write_queue::{Buffers, FlushQueue};
