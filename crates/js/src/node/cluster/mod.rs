//! `node:cluster` (<https://nodejs.org/api/cluster.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/cluster/cluster", include_str!("cluster.js")).modules(&["node:cluster"]),
        File::new("node/cluster/role", include_str!("role.js")),
    ],
    operations: &[],
};
