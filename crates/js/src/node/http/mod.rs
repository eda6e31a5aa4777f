//! `node:http` (<https://nodejs.org/api/http.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/http/agent", include_str!("agent.js")),
        File::new("node/http/headers", include_str!("headers.js")),
        File::new("node/http/http", include_str!("http.js")).modules(&["node:http"]),
        File::new("node/http/names", include_str!("names.js")),
    ],
    operations: &[],
};
