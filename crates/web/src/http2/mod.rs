//! HTTP/2 over a connection that somebody else reads and writes (RFC 9113, with HPACK in `hpack`): what `node:http2` and servers speak.
//!
//! [`Connection`] is both ends' state machine, without I/O and without a clock: bytes go in and come out as one [`Event`] after the other, calls
//! (a request, a head, data, a reset) queue frames, and [`Connection::take`] gives the bytes to send, data only as far as both windows and the
//! caller's own limit allow. `receive` reads frames, `send` makes them, `message` says what fields a message may have, `budget` counts what an
//! attacker could send for nothing. Everything that a peer can make grow has a bound in [`Options`] (rule BOUNDED).
//! Why it is our own: docs/design/http2.md.

mod budget;
mod connection;
mod event;
mod failure;
mod fields;
mod frame;
mod hpack;
mod message;
mod options;
mod receive;
mod send;
mod stream;

pub use connection::{Connection, Role, Windows};
pub use event::{Event, Kind, Priority};
pub use failure::{Code, Failure, Refusal, Why};
pub use fields::{Field, Fields};
pub use frame::{PREFACE, setting};
pub use hpack::{Decoder, Encoder, Invalid};
pub use options::{Options, Padding, ValueSpace};
pub use stream::State;
