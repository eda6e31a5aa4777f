//! Frames of WebSockets, compressed and not: the first byte says whose, and the size of the pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use twinloop_web::fuzzing;

fuzz_target!(|input: &[u8]| {
    let Some((&first, bytes)) = input.split_first() else {
        return;
    };
    fuzzing::websocket(
        first & 1 != 0,
        first & 2 != 0,
        bytes,
        usize::from(first >> 2) + 1,
    );
});
