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
    ],
    operations: &[operations::OPS],
};
