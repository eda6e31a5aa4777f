//! `node:perf_hooks` (<https://nodejs.org/api/perf_hooks.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/perf_hooks/delay", include_str!("delay.js")),
        File::new("node/perf_hooks/histogram", include_str!("histogram.js")),
        File::new("node/perf_hooks/loop", include_str!("loop.js")),
        File::new("node/perf_hooks/resource", include_str!("resource.js")),
        File::new("node/perf_hooks/timerify", include_str!("timerify.js")),
        File::new("node/perf_hooks/perf_hooks", include_str!("perf_hooks.js"))
            .modules(&["node:perf_hooks"]),
    ],
    operations: &[],
};
