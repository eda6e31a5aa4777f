//! Isolated contexts: threads for code that nobody read, with a heap, permissions, globals and modules that are limited. The host is another language
//! (`host`); `inside` stands for it in the thread, and `values` is what leaves it. What can be limited and ended safely decides that it is a thread of
//! its own and no further realm: a heap has one limit, and what is stuck in it is ended without harm to anybody else.

mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/isolation/host", include_str!("host.js")),
        File::new("node/isolation/inside", include_str!("inside.js")),
        File::new("node/isolation/values", include_str!("values.js")),
    ],
    operations: &[operations::OPS],
};
