//! `node:util` (<https://nodejs.org/api/util.html>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/util/deep_equal", include_str!("deep_equal.js")),
        File::new("node/util/call_sites", include_str!("call_sites.js")),
        File::new("node/util/diff", include_str!("diff.js")),
        File::new("node/util/mime", include_str!("mime.js")),
        File::new("node/util/parse_args", include_str!("parse_args.js")),
        File::new("node/util/rate", include_str!("rate.js")),
        File::new("node/util/system_errors", include_str!("system_errors.js")),
        File::new("node/util/sys", include_str!("sys.js")).modules(&["node:sys"]),
        File::new("node/util/parse_env", include_str!("parse_env.js")),
        File::new("node/util/types", include_str!("types.js")).modules(&["node:util/types"]),
        File::new("node/util/util", include_str!("util.js")).modules(&["node:util"]),
    ],
    operations: &[],
};
