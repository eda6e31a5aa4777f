//! `node:tls` (<https://nodejs.org/api/tls.html>).

mod contexts;
mod endpoint;
mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/tls/authorities", include_str!("authorities.js")),
        File::new("node/tls/connecting", include_str!("connecting.js")),
        File::new("node/tls/context", include_str!("context.js")),
        File::new("node/tls/errors", include_str!("errors.js")),
        File::new("node/tls/exported", include_str!("exported.js")),
        File::new("node/tls/handle", include_str!("handle.js")),
        File::new("node/tls/identity", include_str!("identity.js")),
        File::new("node/tls/options", include_str!("options.js")),
        File::new("node/tls/protocols", include_str!("protocols.js")),
        File::new("node/tls/server", include_str!("server.js")),
        File::new("node/tls/socket", include_str!("socket.js")),
        File::new("node/tls/tls", include_str!("tls.js")).modules(&["node:tls"]),
    ],
    operations: &[contexts::OPS, operations::OPS],
};
