//! `node:worker_threads` (<https://nodejs.org/api/worker_threads.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/worker_threads/ports", include_str!("ports.js")),
        File::new(
            "node/worker_threads/worker_threads",
            include_str!("worker_threads.js"),
        )
        .modules(&["node:worker_threads"]),
    ],
    operations: &[],
};
