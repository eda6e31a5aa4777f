//! What a client of TLS says first.

#![no_main]

use libfuzzer_sys::fuzz_target;
use twinloop_web::tls::hello;

fuzz_target!(|input: &[u8]| {
    let _ = hello::hear(input);
});
