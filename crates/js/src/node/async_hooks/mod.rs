//! `node:async_hooks` (<https://nodejs.org/api/async_hooks.html>, <https://nodejs.org/api/async_context.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/async_hooks/hooks", include_str!("hooks.js")),
        File::new(
            "node/async_hooks/async_resource",
            include_str!("async_resource.js"),
        ),
        File::new(
            "node/async_hooks/local_storage",
            include_str!("local_storage.js"),
        ),
        File::new("node/async_hooks/module", include_str!("module.js"))
            .modules(&["node:async_hooks"]),
    ],
    operations: &[],
};
