//! The operations of `node:net` on sockets, and those that sockets and listeners share; listeners have their own. Errors are the system's numbers.

use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use twinloop_loop::net::Stream;
use twinloop_loop::take_inherited;

use crate::builtins::permissions::limits;
use crate::engine::{Arguments, Error, Local, Op, Scope, Units};
use crate::node::child_process::operations::Received;

use super::listeners::Server;
use super::places::{permit_path, socket_address};
use super::sockets::{Socket, socket_in};
use super::telling::{self, errno, number_of};

pub(crate) const OPS: &[Op] = &[
    Op::new("netAddress", 2, address),
    Op::new("netAdopt", 1, adopt),
    Op::new("netAttach", 2, attach),
    Op::new("netClose", 1, close),
    Op::new("netConnect", 5, connect),
    Op::new("netConnectPath", 2, connect_path),
    Op::new("netKeepAlive", 3, keep_alive),
    Op::new("netNoDelay", 2, no_delay),
    Op::new("netNumber", 1, number),
    Op::new("netOpen", 1, open),
    Op::new("netPermit", 2, permit),
    Op::new("netQueued", 1, queued),
    Op::new("netRead", 2, read),
    Op::new("netReference", 2, reference),
    Op::new("netReset", 1, reset),
    Op::new("netSetReceiver", 1, set_receiver),
    Op::new("netShare", 1, share),
    Op::new("netShutdown", 1, shut_down),
    Op::new("netTypeOfService", 2, type_of_service),
    Op::new("netWrite", 3, write),
];

fn socket_of<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>) -> Result<Rc<Socket>, Error> {
    socket_in(scope, arguments.get(0))
}

/// `netSetReceiver([connected, received, drained, failed, accepted])`
fn set_receiver<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    telling::set_receiver(scope, arguments.get(0))?;
    Ok(Local::undefined())
}

/// `netPermit(host, port)`: throws what a program is told that may not reach this, or listen there.
fn permit<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let host = scope.string_of(arguments.get(0))?;
    let port = scope.int32_of(arguments.get(1))?;
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host
    };
    limits(scope).host(&format!("{host}:{port}"))?;
    Ok(Local::undefined())
}

/// `netConnect(object, address, port, localAddress, localPort)`: a socket that connects. `connected` is told.
fn connect<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let remote = socket_address(scope, arguments.get(1), arguments.get(2))?;
    let local = if arguments.get(3).is_undefined() {
        None
    } else {
        Some(socket_address(scope, arguments.get(3), arguments.get(4))?)
    };
    let socket = Socket::new(scope);
    socket.attach(scope.persist(arguments.get(0)));
    socket.begin_connecting(async move { Stream::connect_from(remote, local).await });
    scope.host_object(socket)
}

/// `netConnectPath(object, path)`
fn connect_path<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = PathBuf::from(scope.string_of(arguments.get(1))?);
    permit_path(scope, &path)?;
    let socket = Socket::new(scope);
    socket.attach(scope.persist(arguments.get(0)));
    socket.begin_connecting(async move { Stream::connect_unix(&path).await });
    scope.host_object(socket)
}

/// `netOpen(descriptor)`: a socket that was open when the process began; or the error's number.
fn open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.int32_of(arguments.get(0))?;
    let opened = take_inherited(number).and_then(|descriptor| {
        rustix::io::ioctl_fionbio(&descriptor, true)?;
        Stream::from_fd(descriptor)
    });
    match opened {
        Ok(stream) => {
            let socket = Socket::new(scope);
            socket.take(stream);
            scope.host_object(socket)
        }
        Err(error) => Ok(errno(scope, &error)),
    }
}

/// `netAdopt(descriptor)`: a socket that another process sent, or the error's number.
fn adopt<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let opened = Received::take(scope, arguments.get(0))?.and_then(|descriptor| {
        rustix::io::ioctl_fionbio(&descriptor, true)?;
        Stream::from_fd(descriptor)
    });
    match opened {
        Ok(stream) => {
            let socket = Socket::new(scope);
            socket.share();
            socket.take(stream);
            scope.host_object(socket)
        }
        Err(error) => Ok(errno(scope, &error)),
    }
}

/// `netShare(socket)`: another process has it as well from now on.
fn share<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    socket_of(scope, &arguments)?.share();
    Ok(Local::undefined())
}

/// `netAttach(socket, object)`: who hears of it.
fn attach<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    socket.attach(scope.persist(arguments.get(1)));
    Ok(Local::undefined())
}

/// `netRead(socket, on)`: whether it is read; 0 or the error's number.
fn read<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let outcome = socket.set_reading(scope.bool_of(arguments.get(1)));
    Ok(number_of(scope, outcome))
}

/// `netWrite(socket, content, isLatin1)`: 0 when it may be taken as sent, 1 when `drained` will be told, or the error's number.
fn write<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let content = arguments.get(1);
    let sent = if content.is_string() {
        let is_latin1 = scope.bool_of(arguments.get(2));
        // A text that is the same bytes in the encoding goes from the engine's memory into the stream.
        let direct = scope.read_units(content, |units| match units {
            Units::Latin1(bytes) if is_latin1 || bytes.is_ascii() => Some(socket.send(bytes)),
            Units::TwoByte(units) if is_latin1 => {
                let low: Vec<u8> = units.iter().map(|&unit| unit as u8).collect();
                Some(socket.send(&low))
            }
            _ => None,
        })?;
        match direct {
            Some(sent) => sent,
            None => socket.send(scope.string_of(content)?.as_bytes()),
        }
    } else {
        scope.with_bytes(content, |bytes| socket.send(bytes))?
    };
    Ok(waits(scope, sent))
}

/// Whether `drained` will be told (1) or not (0), or the error's number.
fn waits<'s>(scope: &Scope<'s>, sent: io::Result<bool>) -> Local<'s> {
    match sent {
        Ok(is_sent) => scope.number(f64::from(u8::from(!is_sent))),
        Err(error) => errno(scope, &error),
    }
}

/// `netQueued(socket)`: how many bytes the system has not taken yet.
fn queued<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let queued = socket_of(scope, &arguments)?.queued();
    Ok(scope.number(queued as f64))
}

/// `netShutdown(socket)`: nothing more will be written; as `netWrite`.
fn shut_down<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let sent = socket_of(scope, &arguments)?.end_sending();
    Ok(waits(scope, sent))
}

/// `netReset(socket)`: closes it; the other end is told of a reset.
fn reset<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    socket_of(scope, &arguments)?.close(true);
    Ok(Local::undefined())
}

/// `netNoDelay(socket, on)`: 0 or the error's number.
fn no_delay<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let on = scope.bool_of(arguments.get(1));
    let outcome = socket.stream().and_then(|stream| stream.set_nodelay(on));
    Ok(number_of(scope, outcome))
}

/// `netTypeOfService(socket, value)`: the byte of the IP header, or the error's number; -1 only asks.
fn type_of_service<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let value = u8::try_from(scope.int32_of(arguments.get(1))?).ok();
    let outcome = (socket.stream()).and_then(|stream| match value {
        Some(value) => stream.set_type_of_service(value).map(|()| value),
        None => stream.type_of_service(),
    });
    Ok(match outcome {
        Ok(value) => scope.number(value.into()),
        Err(error) => errno(scope, &error),
    })
}

/// `netKeepAlive(socket, on, seconds)`: 0 or the error's number.
fn keep_alive<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let on = scope.bool_of(arguments.get(1));
    let seconds = scope.int32_of(arguments.get(2))?;
    let idle = (seconds > 0).then(|| Duration::from_secs(seconds.unsigned_abs().into()));
    let outcome = (socket.stream()).and_then(|stream| stream.set_keepalive(on, idle));
    Ok(number_of(scope, outcome))
}

// ---- sockets and listeners ------------------------------------------------------------------------------------------

/// Either of the two, by what a value is.
enum Either {
    Socket(Rc<Socket>),
    Server(Rc<Server>),
}

fn either<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>) -> Result<Either, Error> {
    if let Ok(socket) = socket_of(scope, arguments) {
        return Ok(Either::Socket(socket));
    }
    let server = scope.expect_host::<Server>(arguments.get(0), "a socket or a listener")?;
    Ok(Either::Server(server))
}

/// `netReference(either, on)`: whether it keeps the program alive.
fn reference<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let on = scope.bool_of(arguments.get(1));
    match either(scope, &arguments)? {
        Either::Socket(socket) => {
            socket.reference(on);
        }
        Either::Server(server) => {
            server.reference(on);
        }
    }
    Ok(Local::undefined())
}

/// `netClose(either)`
fn close<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    match either(scope, &arguments)? {
        Either::Socket(socket) => socket.close(false),
        Either::Server(server) => server.close(),
    }
    Ok(Local::undefined())
}

/// `netNumber(either)`: the descriptor's, or -1.
fn number<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = match either(scope, &arguments)? {
        Either::Socket(socket) => (socket.stream()).and_then(|stream| stream.number()).ok(),
        Either::Server(server) => server.number(),
    };
    Ok(scope.number(number.unwrap_or(-1).into()))
}

/// `netAddress(either, isRemote)`: `[address, port]` of a socket of IP, or undefined.
fn address<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let is_remote = scope.bool_of(arguments.get(1));
    let address = match either(scope, &arguments)? {
        Either::Socket(socket) => socket.stream().and_then(|stream| {
            if is_remote {
                stream.peer_addr()
            } else {
                stream.local_addr()
            }
        }),
        Either::Server(server) => server.local_addr(),
    };
    let Ok(address) = address else {
        return Ok(Local::undefined());
    };
    let host = scope.string(&address.ip().to_string())?;
    scope.array(&[host, scope.number(address.port().into())])
}
