//! `node:v8` (<https://nodejs.org/api/v8.html>): V8's serialization format, and what of the rest another engine can answer.

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/v8/deserializer", include_str!("deserializer.js")),
        File::new("node/v8/module", include_str!("module.js")).modules(&["node:v8"]),
        File::new("node/v8/serialization", include_str!("serialization.js")),
        File::new("node/v8/serializer", include_str!("serializer.js")),
    ],
    operations: &[],
};
