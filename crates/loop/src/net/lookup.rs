//! Names to addresses: literals at once, everything else by getaddrinfo on the blocking pool.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use crate::event_loop::Loop;
use crate::sys::{self, Answer, Question, Unresolved};

/// The addresses of `host`, in the order the system's resolver prefers, each with `port`. At least one.
///
/// # Errors
/// When the name does not resolve, in the resolver's own words; the caller knows the name.
pub async fn lookup(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let literal = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    if let Ok(address) = literal.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let name = host.to_owned();
    let resolved = Loop::current()
        .spawn_blocking(move || (name.as_str(), port).to_socket_addrs().map(Vec::from_iter))
        .await
        .map_err(io::Error::other)?;
    match resolved {
        Ok(addresses) if addresses.is_empty() => Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the name has no address",
        )),
        resolved => resolved,
    }
}

/// Asks the system's resolver on the blocking pool of `event_loop`, with everything that a caller may want to say.
///
/// # Errors
/// The resolver's reason; there is at least one answer otherwise, unless only other families than IPv4 and IPv6 were found.
pub fn resolve(
    event_loop: &Loop,
    question: Question,
) -> impl Future<Output = Result<Vec<Answer>, Unresolved>> + use<> {
    let asked = event_loop.spawn_blocking(move || sys::resolve(&question));
    async move {
        asked
            .await
            .unwrap_or_else(|panicked| Err(Unresolved::System(io::Error::other(panicked))))
    }
}

/// The names of an address and of a port's service, from the system's resolver, on the blocking pool of `event_loop`.
///
/// # Errors
/// The resolver's reason.
pub fn names(
    event_loop: &Loop,
    address: SocketAddr,
) -> impl Future<Output = Result<(String, String), Unresolved>> + use<> {
    let asked = event_loop.spawn_blocking(move || sys::names(address));
    async move {
        asked
            .await
            .unwrap_or_else(|panicked| Err(Unresolved::System(io::Error::other(panicked))))
    }
}
