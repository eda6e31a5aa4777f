//! `twinloop.serve`: an HTTP and WebSocket server for handlers that take a Request and give a Response.
//!
//! The server is `twinloop_web::server`. `exchanges` is requests and their answers, `access_log` what is told of them, `files` files as answers, `sockets` WebSockets and their topics; `table` numbers both
//! for JavaScript, and `listening` starts and ends servers.

mod access_log;
mod exchanges;
mod files;
mod listening;
mod sockets;
mod table;

pub use self::exchanges::{hand_over, take_exchange};
use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/server/access_log", include_str!("access_log.js")),
        File::new("web/server/answer", include_str!("answer.js")),
        File::new("web/server/arrived", include_str!("arrived.js")),
        File::new("web/server/files", include_str!("files.js")),
        File::new("web/server/mounts", include_str!("mounts.js")),
        File::new("web/server/options", include_str!("options.js")),
        File::new("web/server/routes", include_str!("routes.js")),
        File::new("web/server/server", include_str!("server.js")).globals(&["twinloop"]),
        File::new("web/server/socket", include_str!("socket.js")),
    ],
    operations: &[
        access_log::OPS,
        exchanges::OPS,
        files::OPS,
        listening::OPS,
        sockets::OPS,
    ],
};
