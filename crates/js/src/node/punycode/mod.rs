//! `node:punycode` (<https://nodejs.org/api/punycode.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/punycode/codec", include_str!("codec.js")),
        File::new("node/punycode/punycode", include_str!("punycode.js"))
            .modules(&["node:punycode"]),
    ],
    operations: &[],
};
