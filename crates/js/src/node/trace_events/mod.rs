//! `node:trace_events` (<https://nodejs.org/api/tracing.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[File::new(
        "node/trace_events/trace_events",
        include_str!("trace_events.js"),
    )
    .modules(&["node:trace_events"])],
    operations: &[],
};
