//! `node:tty` (<https://nodejs.org/api/tty.html>).

mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/tty/colors", include_str!("colors.js")),
        File::new("node/tty/tty", include_str!("tty.js")).modules(&["node:tty"]),
    ],
    operations: &[operations::OPS],
};
