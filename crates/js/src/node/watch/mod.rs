//! `--watch`: the process that runs a program as its child and again when what it is made of changes
//! (<https://nodejs.org/api/cli.html#--watch>). Nobody imports it.

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/watch/command", include_str!("command.js")),
        File::new("node/watch/files", include_str!("files.js")),
    ],
    operations: &[],
};
