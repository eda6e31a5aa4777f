//! Name lookups, with `--connect-to` applied.
//!
//! Address literals are answered at once; names go to getaddrinfo on the blocking pool (rule ONE-WAIT: the loop thread
//! never waits for a resolver). The order of the answers is the system's own (RFC 6724). [`questions`] go to name servers instead.

pub mod questions;

use crate::connect::ConnectTo;
use crate::{Error, ErrorKind, Result};
use std::net::SocketAddr;

/// The addresses of `host` with `port`, after the first of `rules` that matches.
///
/// # Errors
/// `is_dns()` when the name has no address.
pub async fn lookup(rules: &[ConnectTo], host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    let (target, target_port) = ConnectTo::resolve(rules, host, port);
    let failed = || {
        let via = if target == host {
            String::new()
        } else {
            format!(" (for {host})")
        };
        Error::new(ErrorKind::Dns, format!("cannot resolve {target}{via}"))
    };
    match twinloop_loop::net::lookup(target, target_port).await {
        Ok(addresses) if addresses.is_empty() => Err(failed()),
        Ok(addresses) => Ok(addresses),
        Err(cause) => Err(failed().with_source(cause)),
    }
}
