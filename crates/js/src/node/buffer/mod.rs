//! `node:buffer` (<https://nodejs.org/api/buffer.html>).

mod base64;
mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/buffer/buffer", include_str!("buffer.js"))
            .globals(&["Buffer"])
            .modules(&["node:buffer"]),
        File::new("node/buffer/numbers", include_str!("numbers.js")),
    ],
    operations: &[operations::OPS],
};
