//! `node:dgram` (<https://nodejs.org/api/dgram.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[File::new("node/dgram/dgram", include_str!("dgram.js")).modules(&["node:dgram"])],
    operations: &[],
};
