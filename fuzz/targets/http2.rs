//! Connections of HTTP/2, of both ends: the first byte says which, and the size of the pieces.

#![no_main]

#[allow(dead_code, reason = "each target uses its own part")]
#[path = "../../crates/web/tests/common/parsers.rs"]
mod parsers;

use libfuzzer_sys::fuzz_target;
use twinloop_web::http2::Role;

fuzz_target!(|input: &[u8]| {
    let Some((&first, bytes)) = input.split_first() else {
        return;
    };
    let role = match first & 1 {
        0 => Role::Server,
        _ => Role::Client,
    };
    parsers::http2(role, bytes, usize::from(first >> 1) + 1);
});
