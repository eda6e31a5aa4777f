//! Streams (<https://streams.spec.whatwg.org/>): a file an interface, over `algorithms`.

mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/streams/algorithms", include_str!("algorithms.js")),
        File::new(
            "web/streams/async_iterator",
            include_str!("async_iterator.js"),
        ),
        File::new("web/streams/byob_reader", include_str!("byob_reader.js"))
            .globals(&["ReadableStreamBYOBReader"]),
        File::new(
            "web/streams/byte_algorithms",
            include_str!("byte_algorithms.js"),
        ),
        File::new(
            "web/streams/byte_controller",
            include_str!("byte_controller.js"),
        )
        .globals(&["ReadableByteStreamController", "ReadableStreamBYOBRequest"]),
        File::new("web/streams/ended", include_str!("ended.js")),
        File::new("web/streams/byte_tee", include_str!("byte_tee.js")),
        File::new("web/streams/callback", include_str!("callback.js")),
        File::new(
            "web/streams/default_controller",
            include_str!("default_controller.js"),
        )
        .globals(&["ReadableStreamDefaultController"]),
        File::new(
            "web/streams/default_reader",
            include_str!("default_reader.js"),
        )
        .globals(&["ReadableStreamDefaultReader"]),
        File::new(
            "web/streams/default_writer",
            include_str!("default_writer.js"),
        )
        .globals(&["WritableStreamDefaultWriter"]),
        File::new("web/streams/fifo", include_str!("fifo.js")),
        File::new("web/streams/pipe", include_str!("pipe.js")),
        File::new(
            "web/streams/readable_stream",
            include_str!("readable_stream.js"),
        )
        .globals(&["ReadableStream"]),
        File::new("web/streams/strategies", include_str!("strategies.js"))
            .globals(&["ByteLengthQueuingStrategy", "CountQueuingStrategy"]),
        File::new("web/streams/transfer", include_str!("transfer.js")),
        File::new(
            "web/streams/transform_stream",
            include_str!("transform_stream.js"),
        )
        .globals(&["TransformStream", "TransformStreamDefaultController"]),
        File::new("web/streams/turns", include_str!("turns.js")),
        File::new(
            "web/streams/writable_algorithms",
            include_str!("writable_algorithms.js"),
        ),
        File::new(
            "web/streams/writable_controller",
            include_str!("writable_controller.js"),
        )
        .globals(&["WritableStreamDefaultController"]),
        File::new(
            "web/streams/writable_stream",
            include_str!("writable_stream.js"),
        )
        .globals(&["WritableStream"]),
    ],
    operations: &[operations::OPS],
};
