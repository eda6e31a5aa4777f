//! `node:net` (<https://nodejs.org/api/net.html>).

mod listeners;
mod operations;
mod places;
pub(crate) mod receivers;
pub(crate) mod sockets;
pub(crate) mod telling;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/net/addresses", include_str!("addresses.js")),
        File::new("node/net/block_list", include_str!("block_list.js")),
        File::new("node/net/connecting", include_str!("connecting.js")),
        File::new("node/net/durations", include_str!("durations.js")),
        File::new("node/net/errors", include_str!("errors.js")),
        File::new("node/net/families", include_str!("families.js")),
        File::new("node/net/handle", include_str!("handle.js")),
        File::new("node/net/net", include_str!("net.js")).modules(&["node:net"]),
        File::new("node/net/server", include_str!("server.js")),
        File::new("node/net/socket", include_str!("socket.js")),
        File::new("node/net/socket_address", include_str!("socket_address.js")),
    ],
    operations: &[listeners::OPS, operations::OPS],
};
