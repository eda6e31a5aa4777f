//! `twinloop serve`: the command that serves what a module exports, in one process or in several on one port. Nobody imports it.

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/serve/arguments", include_str!("arguments.js")),
        File::new("node/serve/command", include_str!("command.js")),
        File::new("node/serve/workers", include_str!("workers.js")),
    ],
    operations: &[],
};
