//! Workers of the web (<https://html.spec.whatwg.org/#workers>): `Worker`, and what the global object of one has beside the others'. The threads
//! are `program/workers.rs`.

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/workers/inside", include_str!("inside.js")),
        File::new("web/workers/thread", include_str!("thread.js")),
        File::new("web/workers/worker", include_str!("worker.js")).globals(&["Worker"]),
    ],
    operations: &[],
};
