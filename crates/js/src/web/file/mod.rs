//! Blob, File and object URLs (<https://w3c.github.io/FileAPI/>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/file/file_reader", include_str!("file_reader.js")).globals(&["FileReader"]),
        File::new("web/file/blob", include_str!("blob.js")).globals(&["Blob", "File"]),
        File::new("web/file/object_urls", include_str!("object_urls.js")),
    ],
    operations: &[],
};
