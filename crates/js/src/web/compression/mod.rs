//! Compression streams (<https://compression.spec.whatwg.org/>) over the coders of `twinloop_web::compression`.

mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/compression/streams", include_str!("streams.js"))
            .globals(&["CompressionStream", "DecompressionStream"]),
    ],
    operations: &[operations::OPS],
};
