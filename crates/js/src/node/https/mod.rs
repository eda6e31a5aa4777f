//! `node:https` (<https://nodejs.org/api/https.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/https/https", include_str!("https.js")).modules(&["node:https"]),
        File::new("node/https/server", include_str!("server.js")),
    ],
    operations: &[],
};
