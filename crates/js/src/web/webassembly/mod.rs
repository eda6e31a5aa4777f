//! What a program with `fetch` has of WebAssembly beyond the engine (<https://webassembly.github.io/spec/web-api/#streaming-modules>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/webassembly/streaming", include_str!("streaming.js"))
            .globals(&["WebAssembly"]),
        File::new(
            "web/webassembly/guest_bytes",
            include_str!("guest_bytes.js"),
        ),
    ],
    operations: &[],
};
