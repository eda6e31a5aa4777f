//! `node:dgram` (<https://nodejs.org/api/dgram.html>).

pub(crate) mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/dgram/dgram", include_str!("dgram.js")).modules(&["node:dgram"]),
        File::new("node/dgram/handle", include_str!("handle.js")),
        File::new("node/dgram/socket", include_str!("socket.js")),
    ],
    operations: &[operations::OPS],
};
