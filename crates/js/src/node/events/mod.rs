//! `node:events` (<https://nodejs.org/api/events.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new(
            "node/events/async_resource",
            include_str!("async_resource.js"),
        ),
        File::new("node/events/events", include_str!("events.js")).modules(&["node:events"]),
    ],
    operations: &[],
};
