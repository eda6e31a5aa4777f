//! TextEncoder and TextDecoder (<https://encoding.spec.whatwg.org/>).

mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/encoding/encoding", include_str!("encoding.js"))
            .globals(&["TextDecoder", "TextEncoder"]),
        File::new("web/encoding/streams", include_str!("streams.js"))
            .globals(&["TextDecoderStream", "TextEncoderStream"]),
        File::new("web/encoding/utf8", include_str!("utf8.js")),
    ],
    operations: &[operations::OPS],
};
