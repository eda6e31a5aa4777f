//! `node:zlib` (<https://nodejs.org/api/zlib.html>), on the operations of `web/compression`.

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/zlib/classes", include_str!("classes.js")),
        File::new("node/zlib/constants", include_str!("constants.js")),
        File::new("node/zlib/module", include_str!("module.js")).modules(&["node:zlib"]),
        File::new("node/zlib/settings", include_str!("settings.js")),
        File::new("node/zlib/whole", include_str!("whole.js")),
    ],
    operations: &[],
};
