//! `node:path` (<https://nodejs.org/api/path.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/path/glob", include_str!("glob.js")),
        File::new("node/path/path", include_str!("path.js")).modules(&["node:path"]),
        File::new("node/path/posix", include_str!("posix.js")).modules(&["node:path/posix"]),
        File::new("node/path/segments", include_str!("segments.js")),
        File::new("node/path/win32", include_str!("win32.js")),
        File::new("node/path/windows", include_str!("windows.js")).modules(&["node:path/win32"]),
    ],
    operations: &[],
};
