//! `node:os` (<https://nodejs.org/api/os.html>).

mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/os/constants", include_str!("constants.js")),
        File::new("node/os/machine", include_str!("machine.js")),
        File::new("node/os/os", include_str!("os.js")).modules(&["node:os"]),
    ],
    operations: &[operations::OPS],
};
