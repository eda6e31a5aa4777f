//! The operations of `node:dns`: getaddrinfo and getnameinfo on the blocking pool.

use std::ffi::CString;
use std::net::{IpAddr, SocketAddr};

use twinloop_loop::Loop;
use twinloop_loop::net::{Question, Unresolved, names, resolve};

use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("dnsLookup", 3, lookup),
    Op::new("dnsNames", 2, address_names),
    Op::new("dnsServers", 0, servers),
];

/// `errno` is libuv's number of the reason, or the system's.
fn failed(unresolved: Unresolved) -> Error {
    let number = match unresolved {
        Unresolved::System(error) => -error.raw_os_error().unwrap_or(libc::EIO),
        Unresolved::Reason(code, _) => match code {
            libc::EAI_AGAIN => -3001,
            libc::EAI_BADFLAGS => -3002,
            libc::EAI_FAIL => -3004,
            libc::EAI_FAMILY => -3005,
            libc::EAI_MEMORY => -3006,
            libc::EAI_NODATA => -3007,
            libc::EAI_OVERFLOW => -3009,
            libc::EAI_SERVICE => -3010,
            libc::EAI_SOCKTYPE => -3011,
            _ => -3008,
        },
    };
    Error::new("the resolver failed").with("errno", number)
}

/// `dnsLookup(host, family, hints)`: a promise for the addresses, in the system's order.
fn lookup<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let host = scope.string_of(arguments.get(0))?;
    let host = CString::new(host)
        .map_err(|_| failed(Unresolved::Reason(libc::EAI_NONAME, String::new())))?;
    let question = Question {
        host: Some(host),
        family: match scope.int32_of(arguments.get(1))? {
            4 => libc::AF_INET,
            6 => libc::AF_INET6,
            _ => libc::AF_UNSPEC,
        },
        kind: libc::SOCK_STREAM,
        flags: scope.int32_of(arguments.get(2))?,
        ..Question::default()
    };
    let answers = resolve(&Loop::current(), question);
    scope.promise_from_long_future(async move {
        let answers = answers.await.map_err(failed)?;
        let addresses: Vec<String> = answers
            .iter()
            .map(|answer| answer.address.ip().to_string())
            .collect();
        Ok(addresses)
    })
}

/// `dnsNames(address, port)`: a promise for the names of both.
fn address_names<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let address: IpAddr = scope
        .string_of(arguments.get(0))?
        .parse()
        .map_err(|_| Error::type_error("the value is not an address"))?;
    let port = scope.int32_of(arguments.get(1))? as u16;
    let found = names(&Loop::current(), SocketAddr::new(address, port));
    scope.promise_from_long_future(async move { found.await.map_err(failed) })
}

/// `dnsServers()`: those that the system asks.
fn servers<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let servers = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"))
        .map(|server| scope.string(server.trim()))
        .collect::<Result<Vec<_>, _>>()?;
    scope.array(&servers)
}
