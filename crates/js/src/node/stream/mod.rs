//! `node:stream` (<https://nodejs.org/api/stream.html>): the npm package readable-stream, which is Node's own code, on what `host` gives it, and what
//! Node added since. Why not our own: docs/design/streams.md.

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/stream/adapters", include_str!("adapters.js")),
        File::new(
            "node/stream/aliases/duplex",
            include_str!("aliases/duplex.js"),
        )
        .modules(&["node:_stream_duplex"]),
        File::new(
            "node/stream/aliases/passthrough",
            include_str!("aliases/passthrough.js"),
        )
        .modules(&["node:_stream_passthrough"]),
        File::new(
            "node/stream/aliases/readable",
            include_str!("aliases/readable.js"),
        )
        .modules(&["node:_stream_readable"]),
        File::new(
            "node/stream/aliases/transform",
            include_str!("aliases/transform.js"),
        )
        .modules(&["node:_stream_transform"]),
        File::new(
            "node/stream/aliases/writable",
            include_str!("aliases/writable.js"),
        )
        .modules(&["node:_stream_writable"]),
        File::new("node/stream/consumers", include_str!("consumers.js"))
            .modules(&["node:stream/consumers"]),
        File::new("node/stream/from", include_str!("from.js")),
        File::new("node/stream/host/errors", include_str!("host/errors.js")),
        File::new(
            "node/stream/host/primordials",
            include_str!("host/primordials.js"),
        ),
        File::new("node/stream/host/process", include_str!("host/process.js")),
        File::new("node/stream/host/util", include_str!("host/util.js")),
        File::new("node/stream/iterator", include_str!("iterator.js")),
        File::new("node/stream/module", include_str!("module.js")).modules(&["node:stream"]),
        File::new("node/stream/promises", include_str!("promises.js"))
            .modules(&["node:stream/promises"]),
        File::new("node/stream/web", include_str!("web.js")).modules(&["node:stream/web"]),
    ],
    operations: &[],
};

/// The package's files, by the names that `build.rs` gave them.
pub(crate) const PACKAGE: Room = Room {
    files: include!(concat!(env!("OUT_DIR"), "/streams.rs")),
    operations: &[],
};
