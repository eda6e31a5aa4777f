//! `node:string_decoder` (<https://nodejs.org/api/string_decoder.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[File::new(
        "node/string_decoder/string_decoder",
        include_str!("string_decoder.js"),
    )
    .modules(&["node:string_decoder"])],
    operations: &[],
};
