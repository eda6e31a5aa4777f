//! `node:vm` (<https://nodejs.org/api/vm.html>): scripts, and realms in which they run.

mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/vm/code", include_str!("code.js")),
        File::new("node/vm/contexts", include_str!("contexts.js")),
        File::new("node/vm/module", include_str!("module.js")).modules(&["node:vm"]),
        File::new("node/vm/modules", include_str!("modules.js")),
        File::new("node/vm/script", include_str!("script.js")),
    ],
    operations: &[operations::OPS],
};
