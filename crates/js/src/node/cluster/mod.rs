//! `node:cluster` (<https://nodejs.org/api/cluster.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/cluster/child", include_str!("child.js")),
        File::new("node/cluster/cluster", include_str!("cluster.js")).modules(&["node:cluster"]),
        File::new("node/cluster/messages", include_str!("messages.js")),
        File::new("node/cluster/primary", include_str!("primary.js")),
        File::new("node/cluster/role", include_str!("role.js")),
        File::new("node/cluster/round_robin", include_str!("round_robin.js")),
        File::new("node/cluster/worker", include_str!("worker.js")),
    ],
    operations: &[],
};
