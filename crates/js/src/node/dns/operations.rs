//! The operations of `node:dns`: getaddrinfo, getnameinfo and questions to name servers on the blocking pool.

use std::ffi::CString;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use twinloop_loop::Loop;
use twinloop_loop::net::{Question, Unresolved, names, resolve};
use twinloop_web::dns::questions::{self, Answer, Failure, Kind, Settings};

use crate::builtins::permissions::{Denied, limits};
use crate::engine::{Arguments, Error, Json, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("dnsAsk", 7, ask),
    Op::new("dnsCancel", 1, cancel),
    Op::new("dnsHostNames", 1, host_names),
    Op::new("dnsLookup", 3, lookup),
    Op::new("dnsNames", 2, address_names),
    Op::new("dnsQuestion", 0, question),
    Op::new("dnsReverseName", 1, reverse_name),
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

/// A rejected promise for what the program may not ask.
fn refused<'s>(scope: &Scope<'s>, denied: Denied) -> Result<Local<'s>, Error> {
    scope.promise_from_future::<()>(async move { Err(denied.into()) })
}

/// `dnsLookup(host, family, hints)`: a promise for the addresses, in the system's order.
fn lookup<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let host = scope.string_of(arguments.get(0))?;
    if let Err(denied) = limits(scope).host(&host) {
        return refused(scope, denied);
    }
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
    if let Err(denied) = limits(scope).host(&address.to_string()) {
        return refused(scope, denied);
    }
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

/// A question, as long as somebody waits for its answer.
struct Asking(Arc<AtomicBool>);

/// `dnsQuestion()`: what `dnsCancel` ends.
fn question<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.host_object(Rc::new(Asking(Arc::new(AtomicBool::new(true)))))
}

/// `dnsCancel(question)`
fn cancel<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let asking: Rc<Asking> = scope.expect_host(arguments.get(0), "a question")?;
    asking.0.store(false, Ordering::Relaxed);
    Ok(Local::undefined())
}

/// A server as programs write it: an address, with a port behind it or without.
fn server_of(text: &str) -> Result<SocketAddr, Error> {
    let address = text
        .parse::<IpAddr>()
        .map(|address| SocketAddr::new(address, 53));
    // The scope of an address (`%eth0`) is no part of it here.
    address
        .or_else(|_| text.parse())
        .map_err(|_| Error::type_error(format!("{text} is not a name server")))
}

/// `dnsAsk(question, servers, name, kind, timeout, tries, mostTimeout)`: a promise for the records. A rejection has c-ares' code.
fn ask<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let asking: Rc<Asking> = scope.expect_host(arguments.get(0), "a question")?;
    let list = arguments.get(1);
    let servers = (0..scope.array_length(list)?)
        .map(|index| {
            let server = scope.get(list, index)?;
            server_of(&scope.string_of(server)?)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let name = scope.string_of(arguments.get(2))?;
    if let Err(denied) = limits(scope).host(&name) {
        return refused(scope, denied);
    }
    let kind = Kind::from_name(&scope.string_of(arguments.get(3))?)
        .ok_or_else(|| Error::type_error("there are no such records"))?;
    let milliseconds = |index| {
        let number = scope.number_of(arguments.get(index))?;
        Ok::<_, Error>(Duration::from_millis(number.max(0.0) as u64))
    };
    let most = milliseconds(6)?;
    let settings = Settings {
        servers,
        timeout: milliseconds(4)?,
        most: (!most.is_zero()).then_some(most),
        tries: scope.number_of(arguments.get(5))?.max(1.0) as u32,
    };
    let wanted = Arc::clone(&asking.0);
    let answers =
        Loop::current().spawn_blocking(move || questions::ask(&settings, &name, kind, &wanted));
    scope.promise_from_long_future(async move {
        let answers = answers
            .await
            .map_err(|error| Error::new(format!("the question failed: {error}")))?
            .map_err(|Failure(code)| Error::coded(format!("E{code}"), "there is no answer"))?;
        Ok(Json(
            Value::from_iter(answers.iter().map(shown)).to_string(),
        ))
    })
}

/// An answer with the fields of Node's.
fn shown(answer: &Answer) -> Value {
    match answer {
        Answer::A { address, ttl } => {
            json!({ "type": "A", "address": address.to_string(), "ttl": ttl })
        }
        Answer::Aaaa { address, ttl } => {
            json!({ "type": "AAAA", "address": address.to_string(), "ttl": ttl })
        }
        Answer::Caa {
            critical,
            tag,
            value,
        } => json!({ "type": "CAA", "critical": critical, tag: value }),
        Answer::Cname(value) => json!({ "type": "CNAME", "value": value }),
        Answer::Mx {
            preference,
            exchange,
        } => json!({ "type": "MX", "exchange": exchange, "priority": preference }),
        Answer::Naptr {
            order,
            preference,
            flags,
            services,
            regexp,
            replacement,
        } => json!({
            "type": "NAPTR", "flags": flags, "service": services, "regexp": regexp,
            "replacement": replacement, "order": order, "preference": preference,
        }),
        Answer::Ns(value) => json!({ "type": "NS", "value": value }),
        Answer::Ptr(value) => json!({ "type": "PTR", "value": value }),
        Answer::Soa {
            mname,
            rname,
            serial,
            refresh,
            retry,
            expire,
            minimum,
        } => json!({
            "type": "SOA", "nsname": mname, "hostmaster": rname, "serial": serial,
            "refresh": refresh, "retry": retry, "expire": expire, "minttl": minimum,
        }),
        Answer::Srv {
            priority,
            weight,
            port,
            target,
        } => json!({
            "type": "SRV", "name": target, "port": port, "priority": priority, "weight": weight,
        }),
        Answer::Tlsa {
            usage,
            selector,
            matching,
            data,
        } => json!({
            "type": "TLSA", "certUsage": usage, "selector": selector, "match": matching, "data": data,
        }),
        Answer::Txt(entries) => json!({ "type": "TXT", "entries": entries }),
    }
}

/// `dnsReverseName(address)`: the name whose PTR records are the address's names.
fn reverse_name<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let address: IpAddr = scope
        .string_of(arguments.get(0))?
        .parse()
        .map_err(|_| Error::type_error("the value is not an address"))?;
    scope.string(&questions::reverse_name(address))
}

/// `dnsHostNames(address)`: its names in the machine's own list.
fn host_names<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let address: Option<IpAddr> = scope.string_of(arguments.get(0))?.parse().ok();
    let text = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let names = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split('#').next()?.split_whitespace();
            (words.next()?.parse().ok() == address).then_some(words)
        })
        .flatten()
        .map(|name| scope.string(name))
        .collect::<Result<Vec<_>, _>>()?;
    scope.array(&names)
}
