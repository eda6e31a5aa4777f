//! `node:sea` (<https://nodejs.org/api/single-executable-applications.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[File::new("node/sea/sea", include_str!("sea.js")).modules(&["node:sea"])],
    operations: &[],
};
