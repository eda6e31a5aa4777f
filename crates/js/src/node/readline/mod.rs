//! `node:readline` (<https://nodejs.org/api/readline.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/readline/cursor", include_str!("cursor.js")),
        File::new("node/readline/interface", include_str!("interface.js")),
        File::new("node/readline/keys", include_str!("keys.js")),
        File::new("node/readline/promises", include_str!("promises.js"))
            .modules(&["node:readline/promises"]),
        File::new("node/readline/readline", include_str!("readline.js"))
            .modules(&["node:readline"]),
    ],
    operations: &[],
};
