//! `node:querystring` (<https://nodejs.org/api/querystring.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[File::new(
        "node/querystring/querystring",
        include_str!("querystring.js"),
    )
    .modules(&["node:querystring"])],
    operations: &[],
};
