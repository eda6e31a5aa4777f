//! `node:fs` (<https://nodejs.org/api/fs.html>).

mod error;
mod handles;
mod operations;
mod watching;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/fs/all", include_str!("all.js")),
        File::new("node/fs/callbacks", include_str!("callbacks.js")),
        File::new("node/fs/copy", include_str!("copy.js")),
        File::new("node/fs/dir", include_str!("dir.js")),
        File::new("node/fs/fs", include_str!("fs.js")).modules(&["node:fs"]),
        File::new("node/fs/glob", include_str!("glob.js")),
        File::new("node/fs/operations", include_str!("operations.js")),
        File::new("node/fs/promises", include_str!("promises.js")).modules(&["node:fs/promises"]),
        File::new("node/fs/streams", include_str!("streams.js")),
        File::new("node/fs/utf8_stream", include_str!("utf8_stream.js")),
        File::new("node/fs/values", include_str!("values.js")),
        File::new("node/fs/watch", include_str!("watch.js")),
        File::new("node/fs/watch_file", include_str!("watch_file.js")),
    ],
    operations: &[handles::OPS, operations::OPS, watching::OPS],
};
