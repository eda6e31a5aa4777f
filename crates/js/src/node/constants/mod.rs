//! `node:constants` (<https://nodejs.org/api/os.html#os-constants>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/constants/constants", include_str!("constants.js"))
            .modules(&["node:constants"]),
    ],
    operations: &[],
};
