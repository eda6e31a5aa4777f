//! `node:diagnostics_channel` (<https://nodejs.org/api/diagnostics_channel.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new(
            "node/diagnostics_channel/diagnostics_channel",
            include_str!("diagnostics_channel.js"),
        )
        .modules(&["node:diagnostics_channel"]),
        File::new("node/diagnostics_channel/heard", include_str!("heard.js")),
        File::new(
            "node/diagnostics_channel/tracing_channel",
            include_str!("tracing_channel.js"),
        ),
    ],
    operations: &[],
};
