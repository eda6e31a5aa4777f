//! `node:http2` (<https://nodejs.org/api/http2.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/http2/constants", include_str!("constants.js")),
        File::new("node/http2/http2", include_str!("http2.js")).modules(&["node:http2"]),
        File::new("node/http2/settings", include_str!("settings.js")),
    ],
    operations: &[],
};
