//! Blocks of fields of HTTP/2.

#![no_main]

#[allow(dead_code, reason = "each target uses its own part")]
#[path = "../../crates/web/tests/common/parsers.rs"]
mod parsers;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    parsers::hpack(input);
});
