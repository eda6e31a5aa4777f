//! Storage (<https://html.spec.whatwg.org/#webstorage>): `sessionStorage`, and `localStorage` that a file may keep.

mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/storage/storage", include_str!("storage.js")).globals(&[
            "Storage",
            "localStorage",
            "sessionStorage",
        ]),
        File::new(
            "web/storage/storage_event",
            include_str!("storage_event.js"),
        )
        .globals(&["StorageEvent"]),
    ],
    operations: &[operations::OPS],
};
