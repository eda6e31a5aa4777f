//! Sockets of the loop: one stream type for every user, with one write queue each.
//!
//! `stream` is the socket, `reading` what a read tells, `write_queue` what waits to be sent, `listener` accepts, `datagram` is
//! a UDP socket, `lookup` resolves names. A stream serves futures (`AsyncRead`, `AsyncWrite`) or a callback interface ([`StreamHandler`]) for
//! transports. Loop thread only.

mod datagram;
mod listener;
mod lookup;
mod reading;
mod stream;
mod write_queue;

pub use crate::sys::{Answer, Question, Unresolved};
pub use datagram::{Datagram, DatagramOptions, Interface, interface_index, interface_name, zoned};
pub use listener::{ListenOptions, Listener};
pub use lookup::{lookup, names, resolve};
pub use reading::Boundaries;
pub use stream::{Stream, StreamHandler};
pub use write_queue::Kept;
pub(crate) use write_queue::{Buffers, FlushQueue};
