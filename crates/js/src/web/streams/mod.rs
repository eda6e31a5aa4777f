//! Streams (<https://streams.spec.whatwg.org/>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/streams/streams", include_str!("streams.js")).globals(&[
            "ByteLengthQueuingStrategy",
            "CountQueuingStrategy",
            "ReadableStream",
            "ReadableStreamDefaultController",
            "ReadableStreamDefaultReader",
        ]),
    ],
    operations: &[],
};
