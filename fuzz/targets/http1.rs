//! Messages of HTTP/1.1: the first byte is the size of the pieces in which they come.

#![no_main]

#[allow(dead_code, reason = "each target uses its own part")]
#[path = "../../crates/web/tests/common/parsers.rs"]
mod parsers;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&size, bytes)) = input.split_first() else {
        return;
    };
    parsers::http1(bytes, usize::from(size).max(1));
});
