//! `node:timers` (<https://nodejs.org/api/timers.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/timers/timers", include_str!("timers.js")).modules(&["node:timers"]),
        File::new("node/timers/promises", include_str!("promises.js"))
            .modules(&["node:timers/promises"]),
    ],
    operations: &[],
};
