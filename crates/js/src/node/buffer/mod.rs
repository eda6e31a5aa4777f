//! `node:buffer` and the global Buffer (<https://nodejs.org/api/buffer.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[File::new("node/buffer/buffer", include_str!("buffer.js"))
        .globals(&["Buffer"])
        .modules(&["node:buffer"])],
    operations: &[],
};
