//! `node:net` (<https://nodejs.org/api/net.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/net/addresses", include_str!("addresses.js")),
        File::new("node/net/block_list", include_str!("block_list.js")),
        File::new("node/net/net", include_str!("net.js")).modules(&["node:net"]),
        File::new("node/net/socket_address", include_str!("socket_address.js")),
    ],
    operations: &[],
};
