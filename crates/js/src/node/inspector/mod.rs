//! `node:inspector` (<https://nodejs.org/api/inspector.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/inspector/inspector", include_str!("inspector.js"))
            .modules(&["node:inspector"]),
        File::new("node/inspector/promises", include_str!("promises.js"))
            .modules(&["node:inspector/promises"]),
    ],
    operations: &[],
};
