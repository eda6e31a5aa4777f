//! WebSocket (<https://websockets.spec.whatwg.org/>).

mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/websocket/websocket", include_str!("websocket.js"))
            .globals(&["CloseEvent", "WebSocket"]),
    ],
    operations: &[operations::OPS],
};
