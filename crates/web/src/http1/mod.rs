//! HTTP/1.1 messages as they come over a connection (RFC 9112): what servers and `node:http` read.
//!
//! [`Parser`] takes the bytes of a connection piece by piece and tells of heads, pieces of bodies and ends. It refuses what two readers could
//! understand in two ways (request smuggling): bare line feeds, folded lines, space before a colon, two lengths, a length beside a transfer
//! coding, codings that do not end in `chunked`. `head` scans lines, `body` is chunks and lengths; each has its bounds (rule BOUNDED).

mod body;
mod failure;
mod head;
mod parser;

pub use failure::Failure;
pub(crate) use head::is_token;
pub use parser::{Event, Head, Kind, Parser, Start};
pub(crate) use parser::{length, words};
