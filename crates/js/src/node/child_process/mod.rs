//! `node:child_process` (<https://nodejs.org/api/child_process.html>), and the channel between a program and the one that forked it.

pub(crate) mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/child_process/binding", include_str!("binding.js")),
        File::new("node/child_process/channel", include_str!("channel.js")),
        File::new("node/child_process/child", include_str!("child.js")),
        File::new("node/child_process/errors", include_str!("errors.js")),
        File::new("node/child_process/framing", include_str!("framing.js")),
        File::new("node/child_process/handles", include_str!("handles.js")),
        File::new("node/child_process/module", include_str!("module.js"))
            .modules(&["node:child_process"]),
        File::new("node/child_process/options", include_str!("options.js")),
        File::new("node/child_process/pipe", include_str!("pipe.js")),
        File::new(
            "node/child_process/socket_list",
            include_str!("socket_list.js"),
        ),
        File::new("node/child_process/sync", include_str!("sync.js")),
    ],
    operations: &[operations::OPS],
};
