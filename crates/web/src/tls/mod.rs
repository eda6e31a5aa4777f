//! TLS over OpenSSL without I/O (docs/design/node-tls.md): what a program sets for its connections ([`Context`]), a connection over memory ([`Connection`]),
//! and what a client says before there is one ([`hello`]). What a socket brought goes in, what is to be sent comes out; whoever has the socket moves it.
//!
//! Names are OpenSSL's. `fetch` and `WebSocket` have rustls instead (`connect::tls`): they need no settings, this has all of them.

pub mod authorities;
mod callbacks;
mod connection;
mod context;
pub mod hello;
mod verdicts;

pub use callbacks::{Event, Hooks, PskIdentity, resumed_session};
pub use connection::{Cipher, Connection, EphemeralKey, Fault, Reading, ticket_of};
pub use context::{Context, Version};
pub use verdicts::verdict_name;

use openssl::error::ErrorStack;
use openssl::ssl::{SslContext, SslMethod};

use crate::crypto::Outcome;

/// The names of the ciphers that this build knows, as OpenSSL writes them.
///
/// # Errors
/// When memory runs out.
pub fn cipher_names() -> Outcome<Vec<String>> {
    let mut builder = SslContext::builder(SslMethod::tls())?;
    builder.set_security_level(0);
    builder.set_cipher_list("ALL:!eNULL:@SECLEVEL=0")?;
    let ssl = openssl::ssl::Ssl::new(&builder.build())?;
    // The library reads lists of numbers, as messages have them, so it is asked for every number that standards give.
    let numbers = [0x00_u8, 0x13, 0xc0, 0xcc].into_iter();
    let every: Vec<u8> = (numbers)
        .flat_map(|high| (0..=255_u8).flat_map(move |low| [high, low]))
        .collect();
    let lists = ssl.bytes_to_cipher_list(&every, false)?;
    Ok(lists
        .suites
        .iter()
        .map(|cipher| cipher.name().to_owned())
        .collect())
}

/// The messages of OpenSSL's errors, one a line, as its own tools print them.
fn printed(stack: &ErrorStack) -> String {
    let mut text = String::new();
    for error in stack.errors() {
        let function = error.function();
        text.push_str(&format!(
            "error:{:08X}:{}:{}:{}:{}:{}:{}\n",
            error.code(),
            error.library().unwrap_or("lib(0)"),
            function.unwrap_or_default(),
            error.reason().unwrap_or("unknown reason"),
            error.file(),
            error.line(),
            error.data().unwrap_or_default(),
        ));
    }
    text
}
