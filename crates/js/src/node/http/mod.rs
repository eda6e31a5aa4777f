//! `node:http` (<https://nodejs.org/api/http.html>).

mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/http/agent", include_str!("agent.js")),
        File::new("node/http/aliases/agent", include_str!("aliases/agent.js"))
            .modules(&["node:_http_agent"]),
        File::new(
            "node/http/aliases/client",
            include_str!("aliases/client.js"),
        )
        .modules(&["node:_http_client"]),
        File::new(
            "node/http/aliases/common",
            include_str!("aliases/common.js"),
        )
        .modules(&["node:_http_common"]),
        File::new(
            "node/http/aliases/incoming",
            include_str!("aliases/incoming.js"),
        )
        .modules(&["node:_http_incoming"]),
        File::new(
            "node/http/aliases/outgoing",
            include_str!("aliases/outgoing.js"),
        )
        .modules(&["node:_http_outgoing"]),
        File::new(
            "node/http/aliases/server",
            include_str!("aliases/server.js"),
        )
        .modules(&["node:_http_server"]),
        File::new("node/http/client", include_str!("client.js")),
        File::new("node/http/connection", include_str!("connection.js")),
        File::new("node/http/debug", include_str!("debug.js")),
        File::new("node/http/fields", include_str!("fields.js")),
        File::new("node/http/headers", include_str!("headers.js")),
        File::new("node/http/http", include_str!("http.js")).modules(&["node:http"]),
        File::new("node/http/incoming", include_str!("incoming.js")),
        File::new("node/http/internals", include_str!("internals.js")),
        File::new("node/http/limits", include_str!("limits.js")),
        File::new("node/http/masks", include_str!("masks.js")),
        File::new("node/http/names", include_str!("names.js")),
        File::new("node/http/outgoing", include_str!("outgoing.js")),
        File::new("node/http/parser", include_str!("parser.js")),
        File::new("node/http/response", include_str!("response.js")),
        File::new("node/http/server", include_str!("server.js")),
    ],
    operations: &[operations::OPS],
};
