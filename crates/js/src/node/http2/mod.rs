//! `node:http2` (<https://nodejs.org/api/http2.html>).

mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/http2/compatibility", include_str!("compatibility.js")),
        File::new("node/http2/connect", include_str!("connect.js")),
        File::new("node/http2/constants", include_str!("constants.js")),
        File::new("node/http2/errors", include_str!("errors.js")),
        File::new("node/http2/fields", include_str!("fields.js")),
        File::new("node/http2/files", include_str!("files.js")),
        File::new("node/http2/http2", include_str!("http2.js")).modules(&["node:http2"]),
        File::new("node/http2/measures", include_str!("measures.js")),
        File::new("node/http2/request", include_str!("request.js")),
        File::new("node/http2/responding", include_str!("responding.js")),
        File::new("node/http2/response", include_str!("response.js")),
        File::new("node/http2/server", include_str!("server.js")),
        File::new("node/http2/session", include_str!("session.js")),
        File::new("node/http2/settings", include_str!("settings.js")),
        File::new("node/http2/socket", include_str!("socket.js")),
        File::new("node/http2/state", include_str!("state.js")),
        File::new("node/http2/stream", include_str!("stream.js")),
        File::new("node/http2/timing", include_str!("timing.js")),
    ],
    operations: &[operations::OPS],
};
