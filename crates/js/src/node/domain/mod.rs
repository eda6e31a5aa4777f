//! `node:domain` (<https://nodejs.org/api/domain.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[File::new("node/domain/domain", include_str!("domain.js")).modules(&["node:domain"])],
    operations: &[],
};
