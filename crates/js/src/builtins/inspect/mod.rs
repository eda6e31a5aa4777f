//! `inspect` and `format`: how values are shown, for the console, `node:util` and error reports.

mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("builtins/inspect/inspect", include_str!("inspect.js")),
        File::new("builtins/inspect/types", include_str!("types.js")),
        File::new("builtins/inspect/errors", include_str!("errors.js")),
        File::new(
            "builtins/inspect/description",
            include_str!("description.js"),
        ),
        File::new("builtins/inspect/keys", include_str!("keys.js")),
        File::new("builtins/inspect/layout", include_str!("layout.js")),
        File::new("builtins/inspect/primitives", include_str!("primitives.js")),
        File::new("builtins/inspect/format", include_str!("format.js")),
        File::new(
            "builtins/inspect/string_width",
            include_str!("string_width.js"),
        ),
    ],
    operations: &[operations::OPS],
};
