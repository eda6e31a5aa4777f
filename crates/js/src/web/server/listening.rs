//! The operations that start and end servers.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use twinloop_loop::net::{ListenOptions, Listener};
use twinloop_loop::take_inherited;
use twinloop_web::server::{Clients, Exchange, Identity, Limits, Server};

use super::exchanges::{Log, ToJavaScript, address};
use super::files::read_compression;
use super::sockets::Topics;
use super::table::Servers;
use crate::builtins::errno::{errno, errno_of};
use crate::builtins::permissions::{Access, limits};
use crate::engine::{Arguments, Error, Local, Op, Scope};
use crate::web::network::network_error;

pub(super) const OPS: &[Op] = &[
    Op::new("serverAddress", 1, local_address),
    Op::new("serverBind", 3, bind),
    Op::new("serverConnections", 1, connections),
    Op::new("serverIdentity", 2, identity),
    Op::new("serverReference", 2, reference),
    Op::new("serverSetReceivers", 1, set_receivers),
    Op::new("serverStart", 5, start),
    Op::new("serverStop", 2, stop),
];

/// A server, and the path that it made.
pub(super) struct Listening {
    server: Server,
    path: Option<PathBuf>,
    pub(super) log: Log,
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// `serverSetReceivers([request, message, drained, closed, pinged, ponged])`
fn set_receivers<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let functions = arguments.get(0);
    let slots = (0..scope.array_length(functions)?)
        .map(|index| Ok(scope.persist(scope.get(functions, index)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    *scope.state::<Servers>().receivers.borrow_mut() = slots;
    Ok(Local::undefined())
}

/// `serverStart(place, port, flags, certificates, limits)`: the number of a server that listens.
///
/// The place is a host's name or address, a path, or a descriptor's number; flags: 1 only IPv6, 2 a shared port, 4 the place is a path. Limits:
/// bytes of a head, bytes of a body, seconds of idleness, and the bytes from which on answers are compressed.
fn start<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let place = arguments.get(0);
    let port = scope.int32_of(arguments.get(1))? as u16;
    let flags = scope.int32_of(arguments.get(2))?;
    let identity = read_identity(scope, arguments.get(3))?;
    let limits = read_limits(scope, arguments.get(4))?;
    let compression = read_compression(scope, scope.get(arguments.get(4), 3)?)?;
    let (listener, path) = if place.as_f64().is_some() {
        let number = scope.int32_of(place)?;
        let backlog = ListenOptions::default().backlog;
        let listener = take_inherited(number)
            .and_then(|fd| Listener::from_fd(fd, backlog))
            .map_err(|error| listen_error(&error, &format!("descriptor {number}")))?;
        (listener, None)
    } else {
        let (on_path, on_address) = (Listener::bind_unix, Listener::bind_with);
        at_place(scope, place, port, flags, on_path, on_address)?
    };
    let servers = scope.state::<Servers>();
    // The handler has to know the number of the server that it is given to.
    let server = Server::start(listener, identity, limits, Rc::new(drop::<Exchange>));
    let log = Log::default();
    let number = servers.listening.insert(Rc::new(Listening {
        server: server.clone(),
        path,
        log: Rc::clone(&log),
    }));
    server.set_handler(Rc::new(ToJavaScript {
        context: scope.context(),
        servers,
        number,
        compression,
        log,
    }));
    Ok(scope.number(number))
}

/// `serverBind(place, port, flags)`: `[descriptor, address, port]` of a socket that is bound for others to listen at, and stays so. Place and flags are
/// those of `serverStart`; a path has no address.
fn bind<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let port = scope.int32_of(arguments.get(1))? as u16;
    let flags = scope.int32_of(arguments.get(2))?;
    let (on_path, on_address) = (Listener::bound_unix, Listener::bound);
    let (listener, _) = at_place(scope, arguments.get(0), port, flags, on_path, on_address)?;
    let number = listener.number();
    let name = address(scope, listener.local_addr().ok())?;
    scope.state::<Servers>().bound.borrow_mut().push(listener);
    let (host, port) = match name.is_object() {
        true => (scope.get(name, 0)?, scope.get(name, 1)?),
        false => (Local::null(), Local::null()),
    };
    scope.array(&[scope.number(number.into()), host, port])
}

/// A listener at the path or the host that a place is by its flags, and the path.
fn at_place(
    scope: &Scope<'_>,
    place: Local<'_>,
    port: u16,
    flags: i32,
    on_path: impl Fn(&Path) -> io::Result<Listener>,
    on_address: impl Fn(SocketAddr, ListenOptions) -> io::Result<Listener>,
) -> Result<(Listener, Option<PathBuf>), Error> {
    let place = scope.string_of(place)?;
    if flags & 4 != 0 {
        let path = PathBuf::from(&place);
        limits(scope).path(Access::READ_AND_WRITE, &path)?;
        let listener = on_path(&path).map_err(|error| listen_error(&error, &place))?;
        return Ok((listener, Some(path)));
    }
    let options = ListenOptions {
        ipv6_only: flags & 1 != 0,
        reuse_port: flags & 2 != 0,
        ..ListenOptions::default()
    };
    let listener = on_addresses(scope, &place, port, |address| on_address(address, options))?;
    let listener = listener.map_err(|error| listen_error(&error, &format!("{place}:{port}")))?;
    Ok((listener, None))
}

/// Listens on the first address of a name that can be had. A name is looked up here and now, as a server has nothing to do before it listens.
fn on_addresses(
    scope: &Scope<'_>,
    host: &str,
    port: u16,
    listen: impl Fn(SocketAddr) -> io::Result<Listener>,
) -> Result<io::Result<Listener>, Error> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let addresses: Vec<SocketAddr> = match (bare.unwrap_or(host), port).to_socket_addrs() {
        Ok(addresses) => addresses.collect(),
        Err(error) => return Ok(Err(error)),
    };
    let mut outcome = Err(io::ErrorKind::AddrNotAvailable.into());
    for address in addresses {
        limits(scope).host(&address.to_string())?;
        outcome = listen(address);
        if outcome.is_ok() {
            break;
        }
    }
    Ok(outcome)
}

fn listen_error(error: &io::Error, place: &str) -> Error {
    let Some(number) = error.raw_os_error() else {
        return Error::new(format!("listen {place}: {error}"));
    };
    let known = errno(number);
    Error::new(format!("listen {}: {} {place}", known.code, known.text))
        .with("code", known.code)
        .with("errno", f64::from(-errno_of(error)))
        .with("syscall", "listen")
}

/// What a list of certificates makes, if there is one: each is `[certificate, key, password, authorities, optional, name]`, where the first counts for
/// names that are not told, and for what clients are asked for.
fn read_identity(scope: &Scope<'_>, list: Local<'_>) -> Result<Option<Identity>, Error> {
    if list.is_undefined() {
        return Ok(None);
    }
    let mut read: Option<Identity> = None;
    for index in 0..scope.array_length(list)? {
        let entry = scope.get(list, index)?;
        let text = |index: u32| {
            let value = scope.get(entry, index)?;
            let text = (!value.is_undefined()).then(|| scope.string_of(value));
            text.transpose()
        };
        let chain = text(0)?.unwrap_or_default();
        let key = text(1)?.unwrap_or_default();
        let (password, authorities, name) = (text(2)?, text(3)?, text(5)?);
        let optional = scope.bool_of(scope.get(entry, 4)?);
        let (chain, key, password) = (chain.as_bytes(), key.as_bytes(), password.as_deref());
        let identity = match read {
            None => {
                let clients = authorities.as_ref().map(|authorities| Clients {
                    authorities: authorities.as_bytes(),
                    optional,
                });
                Identity::from_pem_for(chain, key, password, clients)
            }
            Some(first) => first.with_name(&name.unwrap_or_default(), chain, key, password),
        };
        read = Some(identity.map_err(network_error)?);
    }
    Ok(read)
}

fn read_limits(scope: &Scope<'_>, value: Local<'_>) -> Result<Limits, Error> {
    let number = |index: u32| scope.number_of(scope.get(value, index)?);
    let idle_time = Duration::try_from_secs_f64(number(2)?).unwrap_or(Duration::MAX);
    Ok(Limits {
        head_bytes: number(0)? as usize,
        body_bytes: number(1)? as u64,
        idle_time,
        ..Limits::default()
    })
}

fn listening_of<'s>(
    scope: &Scope<'s>,
    arguments: &Arguments<'s>,
) -> Result<Option<Rc<Listening>>, Error> {
    let number = scope.number_of(arguments.get(0))?;
    Ok(scope.state::<Servers>().listening.get(number))
}

/// `serverAddress(server)`: `[address, port]`, or null on a path.
fn local_address<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let listening = listening_of(scope, &arguments)?;
    address(
        scope,
        listening.and_then(|listening| listening.server.local_addr().ok()),
    )
}

/// `serverConnections(server)`: how many are open.
fn connections<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let listening = listening_of(scope, &arguments)?;
    let count = listening.map_or(0, |listening| listening.server.connections());
    Ok(scope.number(count as f64))
}

/// `serverIdentity(server, certificates)`: shows others from now on.
fn identity<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let identity = read_identity(scope, arguments.get(1))?;
    if let (Some(identity), Some(listening)) = (identity, listening_of(scope, &arguments)?) {
        listening.server.set_identity(identity);
    }
    Ok(Local::undefined())
}

/// `serverReference(server, on)`
fn reference<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let on = scope.bool_of(arguments.get(1));
    if let Some(listening) = listening_of(scope, &arguments)? {
        listening.server.set_referenced(on);
    }
    Ok(Local::undefined())
}

/// `serverStop(server, atOnce)`: resolves when nothing of it is left.
fn stop<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let at_once = scope.bool_of(arguments.get(1));
    let number = scope.number_of(arguments.get(0))?;
    let servers = scope.state::<Servers>();
    let listening = servers.listening.get(number);
    scope.promise_from_future(async move {
        let Some(listening) = listening else {
            return Ok(());
        };
        if at_once {
            listening.server.abort();
        } else {
            listening.server.close().await;
        }
        drop(servers.listening.remove(number));
        Topics::forget(&servers, number);
        Ok(())
    })
}
