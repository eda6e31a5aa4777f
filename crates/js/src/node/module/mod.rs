//! `node:module` (<https://nodejs.org/api/module.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/module/module", include_str!("module.js")).modules(&["node:module"]),
        File::new(
            "node/module/compile_cache",
            include_str!("compile_cache.js"),
        ),
        File::new("node/module/hooks", include_str!("hooks.js")),
        File::new("node/module/hooks_thread", include_str!("hooks_thread.js")),
        File::new("node/module/source_map", include_str!("source_map.js")),
        File::new("node/module/wasm", include_str!("wasm.js")),
    ],
    operations: &[],
};
