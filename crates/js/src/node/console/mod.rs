//! `node:console` (<https://nodejs.org/api/console.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/console/console", include_str!("console.js")).modules(&["node:console"]),
    ],
    operations: &[],
};
