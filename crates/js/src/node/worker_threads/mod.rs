//! `node:worker_threads` (<https://nodejs.org/api/worker_threads.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new(
            "node/worker_threads/environment",
            include_str!("environment.js"),
        ),
        File::new(
            "node/worker_threads/error_copies",
            include_str!("error_copies.js"),
        ),
        File::new("node/worker_threads/inside", include_str!("inside.js")),
        File::new("node/worker_threads/jobs", include_str!("jobs.js")),
        File::new(
            "node/worker_threads/messaging",
            include_str!("messaging.js"),
        ),
        File::new("node/worker_threads/ports", include_str!("ports.js"))
            .globals(&["MessageChannel", "MessagePort"]),
        File::new("node/worker_threads/stdio", include_str!("stdio.js")),
        File::new("node/worker_threads/worker", include_str!("worker.js")),
        File::new(
            "node/worker_threads/worker_threads",
            include_str!("worker_threads.js"),
        )
        .modules(&["node:worker_threads"]),
    ],
    operations: &[],
};
