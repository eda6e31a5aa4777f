//! `node:tls` (<https://nodejs.org/api/tls.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/tls/identity", include_str!("identity.js")),
        File::new("node/tls/tls", include_str!("tls.js")).modules(&["node:tls"]),
    ],
    operations: &[],
};
