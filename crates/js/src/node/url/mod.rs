//! `node:url` (<https://nodejs.org/api/url.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/url/legacy", include_str!("legacy.js")),
        File::new("node/url/url", include_str!("url.js")).modules(&["node:url"]),
    ],
    operations: &[],
};
