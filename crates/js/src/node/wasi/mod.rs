//! `node:wasi` (<https://nodejs.org/api/wasi.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/wasi/memory", include_str!("memory.js")),
        File::new("node/wasi/preview1", include_str!("preview1.js")),
        File::new("node/wasi/wasi", include_str!("wasi.js")).modules(&["node:wasi"]),
    ],
    operations: &[],
};
