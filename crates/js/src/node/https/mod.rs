//! `node:https` (<https://nodejs.org/api/https.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[File::new("node/https/https", include_str!("https.js")).modules(&["node:https"])],
    operations: &[],
};
