//! HPACK (RFC 7541): the fields of a message as bytes and back. Each direction of a connection has one [`Encoder`] and one [`Decoder`], which
//! keep the table that both ends must agree on: blocks are therefore coded and read in the order in which they travel, without exception.

mod decoder;
mod encoder;
mod huffman;
mod table;

pub use decoder::{Decoder, Invalid};
pub use encoder::Encoder;

use super::Fields;

/// What an entry costs beside its text, in tables and lists alike (RFC 7541 4.1).
pub(super) const OVERHEAD: usize = 32;

/// The size of a table unless a setting says otherwise.
pub(super) const DEFAULT_TABLE: usize = 4096;
