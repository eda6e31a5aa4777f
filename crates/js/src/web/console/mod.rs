//! `console` (<https://console.spec.whatwg.org/>) and what it writes to.

pub(crate) mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/console/console", include_str!("console.js")).globals(&["console"]),
        File::new("web/console/counters", include_str!("counters.js")),
        File::new("web/console/table", include_str!("table.js")),
    ],
    operations: &[operations::OPS],
};
