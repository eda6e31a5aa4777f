//! Message channels and broadcast channels (<https://html.spec.whatwg.org/#web-messaging>), within a thread and between threads; broadcast channels
//! that have a url reach other processes and machines by `web`'s `broadcast`.

pub(crate) mod endpoint;
pub(crate) mod operations;
mod shared;
mod shared_values;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new(
            "web/messaging/broadcast_channel",
            include_str!("broadcast_channel.js"),
        )
        .globals(&["BroadcastChannel"]),
        File::new("web/messaging/port", include_str!("port.js")),
    ],
    operations: &[operations::OPS, shared::OPS],
};
