//! `process` and `node:process` (<https://nodejs.org/api/process.html>).

mod input;
pub(crate) mod operations;
mod signals;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/process/process", include_str!("process.js")).globals(&["process"]),
        File::new("node/process/ticks", include_str!("ticks.js")),
        File::new("node/process/stdin", include_str!("stdin.js")),
        File::new("node/process/stdout", include_str!("stdout.js")),
        File::new("node/process/warnings", include_str!("warnings.js")),
        File::new("node/process/module", include_str!("module.js")).modules(&["node:process"]),
    ],
    operations: &[operations::OPS, signals::OPS, input::OPS],
};
