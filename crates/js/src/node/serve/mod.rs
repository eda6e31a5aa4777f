//! `twinloop serve`: the command that serves what a module exports, in one process or in several on one port; and `mounted`, what a module
//! exports in a server of Python. `handlers` finds what answers, for both. Nobody imports it.

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/serve/arguments", include_str!("arguments.js")),
        File::new("node/serve/command", include_str!("command.js")),
        File::new("node/serve/compressed", include_str!("compressed.js")),
        File::new("node/serve/handlers", include_str!("handlers.js")),
        File::new("node/serve/listeners", include_str!("listeners.js")),
        File::new("node/serve/mounted", include_str!("mounted.js")),
        File::new("node/serve/workers", include_str!("workers.js")),
    ],
    operations: &[],
};
