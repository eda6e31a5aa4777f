//! `node:assert` (<https://nodejs.org/api/assert.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new(
            "node/assert/assertion_error",
            include_str!("assertion_error.js"),
        ),
        File::new("node/assert/source", include_str!("source.js")),
        File::new("node/assert/assert", include_str!("assert.js")).modules(&["node:assert"]),
        File::new("node/assert/strict", include_str!("strict.js")).modules(&["node:assert/strict"]),
    ],
    operations: &[],
};
