//! `node:path` (<https://nodejs.org/api/path.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[File::new("node/path/path", include_str!("path.js"))
        .modules(&["node:path", "node:path/posix"])],
    operations: &[],
};
