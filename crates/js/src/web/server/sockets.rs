//! The operations on WebSockets that a server accepted, and the topics by which one message goes to many.
//!
//! What happens on a socket is told with the object that `serverUpgrade` named, which an open socket keeps. A message to a topic is encoded once.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use twinloop_web::server::{Socket, SocketHandler, SocketOptions, broadcast};
use twinloop_web::websocket::{CloseStatus, Message};

use super::exchanges::{address, exchange_of, read_content, read_fields};
use super::table::{Heard, Servers, tell};
use crate::builtins::results::Chunk;
use crate::engine::{Arguments, Context, Error, IntoJs, Local, Op, Scope, Slot, Type};
use crate::web::network::network_error;

pub(super) const OPS: &[Op] = &[
    Op::new("serverPublish", 4, publish),
    Op::new("serverSocketClose", 3, close),
    Op::new("serverSocketPeer", 1, peer),
    Op::new("serverSocketPing", 3, ping),
    Op::new("serverSocketQueued", 2, queued),
    Op::new("serverSocketSend", 3, send),
    Op::new("serverSocketTerminate", 1, terminate),
    Op::new("serverSubscribe", 4, subscribe),
    Op::new("serverSubscribers", 2, subscribers),
    Op::new("serverUpgrade", 5, upgrade),
];

/// Who listens to what: sockets by their numbers, by the server's number and the topic's name.
#[derive(Default)]
pub(super) struct Topics(HashMap<(u64, String), BTreeMap<u64, Rc<Socket>>>);

impl Topics {
    pub(super) fn forget(servers: &Servers, server: f64) {
        let topics = &mut servers.topics.borrow_mut().0;
        topics.retain(|(number, _), _| *number != server as u64);
    }
}

struct ToJavaScript {
    context: Context,
    servers: Rc<Servers>,
    object: Slot,
    number: Cell<f64>,
    /// Who is at the other end, which nobody can ask for once the connection has ended.
    peer: Cell<Option<IpAddr>>,
    /// It has a handler for that: it comes with nearly every message that is sent.
    hears_drained: bool,
}

impl ToJavaScript {
    fn tell(
        &self,
        heard: Heard,
        rest: impl for<'s> FnOnce(&Scope<'s>) -> Result<Vec<Local<'s>>, Error>,
    ) {
        tell(&self.context, heard, |scope| {
            let mut arguments = vec![scope.local(&self.object)];
            arguments.extend(rest(scope)?);
            Ok(arguments)
        });
    }
}

impl SocketHandler for ToJavaScript {
    fn message(&self, _socket: &Rc<Socket>, message: Message) {
        self.tell(Heard::Message, |scope| {
            Ok(vec![match message {
                Message::Text(text) => scope.string(&text)?,
                Message::Binary(bytes) => Chunk(bytes).into_js(scope)?,
            }])
        });
    }

    fn drained(&self, _socket: &Rc<Socket>) {
        if self.hears_drained {
            self.tell(Heard::Drained, |_| Ok(Vec::new()));
        }
    }

    fn pinged(&self, _socket: &Rc<Socket>, payload: &[u8]) {
        self.tell(Heard::Pinged, |scope| {
            Ok(vec![scope.uint8_array_copy(payload)?])
        });
    }

    fn ponged(&self, _socket: &Rc<Socket>, payload: &[u8]) {
        self.tell(Heard::Ponged, |scope| {
            Ok(vec![scope.uint8_array_copy(payload)?])
        });
    }

    fn closed(&self, _socket: &Rc<Socket>, status: CloseStatus) {
        drop(self.servers.sockets.remove(self.number.get()));
        self.tell(Heard::Closed, |scope| {
            Ok(vec![
                scope.number(status.code.into()),
                scope.string(&status.reason)?,
                Local::boolean(status.was_clean),
                scope.string(
                    &self
                        .peer
                        .get()
                        .map_or_else(String::new, |peer| peer.to_string()),
                )?,
            ])
        });
    }
}

/// `serverUpgrade(exchange, object, protocol, fields, options)`: the number of the socket that the exchange becomes, or a sentence that says why not.
/// Options: bytes of a message, bytes that may wait, compression, seconds until a ping, seconds until it is given up, the code that the
/// client is told then, 0 for none, and whether it hears that nothing waits any more.
fn upgrade<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let Some(exchange) = exchange_of(scope, &arguments)? else {
        return scope.string("the request is answered already");
    };
    let protocol = arguments.get(2);
    let protocol = match protocol.type_of() {
        Type::String => Some(scope.string_of(protocol)?),
        _ => None,
    };
    let fields = read_fields(scope, arguments.get(3))?;
    let option = |index: u32| scope.number_of(scope.get(arguments.get(4), index)?);
    let seconds = |index: u32| {
        Ok::<_, Error>(Duration::try_from_secs_f64(option(index)?).unwrap_or_default())
    };
    let options = SocketOptions {
        max_message_bytes: option(0)? as usize,
        max_queued_bytes: option(1)? as usize,
        compress: option(2)? != 0.0,
        ping_time: seconds(3)?,
        idle_time: seconds(4)?,
        idle_code: Some(option(5)? as u16).filter(|&code| code != 0),
        ..SocketOptions::default()
    };
    let servers = scope.state::<Servers>();
    let options = servers.shared(options);
    let handler = Rc::new(ToJavaScript {
        context: scope.context(),
        servers: Rc::clone(&servers),
        object: scope.persist(arguments.get(1)),
        number: Cell::new(0.0),
        peer: Cell::new(None),
        hears_drained: option(6)? != 0.0,
    });
    let told = Rc::clone(&handler) as Rc<dyn SocketHandler>;
    match exchange.accept_socket(options, protocol.as_deref(), &fields, told) {
        Ok(socket) => {
            handler.peer.set(socket.peer_addr().map(|peer| peer.ip()));
            drop(servers.exchanges.remove(scope.number_of(arguments.get(0))?));
            let number = servers.sockets.insert(socket);
            handler.number.set(number);
            Ok(scope.number(number))
        }
        Err(error) => scope.string(&error.chain()),
    }
}

impl Servers {
    /// These options, one of them for all that have the same.
    fn shared(&self, options: SocketOptions) -> Rc<SocketOptions> {
        let last = &mut *self.socket_options.borrow_mut();
        if **last != options {
            *last = Rc::new(options);
        }
        Rc::clone(last)
    }
}

fn socket_of<'s>(
    scope: &Scope<'s>,
    arguments: &Arguments<'s>,
) -> Result<Option<Rc<Socket>>, Error> {
    let number = scope.number_of(arguments.get(0))?;
    Ok(scope.state::<Servers>().sockets.get(number))
}

/// `serverSocketSend(socket, message, compresses)`: how many bytes wait now; -1 when the socket is closed, -2 when too much waits.
fn send<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let Some(socket) = socket_of(scope, &arguments)? else {
        return Ok(scope.number(-1.0));
    };
    let message = arguments.get(1);
    let compresses = scope.bool_of(arguments.get(2));
    let outcome = if message.is_string() {
        socket.send_message(true, &read_content(scope, message)?, compresses)
    } else {
        scope.with_bytes(message, |bytes| {
            socket.send_message(false, bytes, compresses)
        })?
    };
    Ok(scope.number(match outcome {
        Ok(()) => socket.queued() as f64,
        Err(error) if error.is_full() => -2.0,
        Err(_) => -1.0,
    }))
}

/// `serverSocketClose(socket, code, reason)`: code 0 is none.
fn close<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let code = scope.int32_of(arguments.get(1))? as u16;
    let reason = scope.string_of(arguments.get(2))?;
    if let Some(socket) = socket_of(scope, &arguments)? {
        socket
            .close((code != 0).then_some(code), &reason)
            .map_err(network_error)?;
    }
    Ok(Local::undefined())
}

/// `serverSocketTerminate(socket)`
fn terminate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    if let Some(socket) = socket_of(scope, &arguments)? {
        socket.abort_now();
    }
    Ok(Local::undefined())
}

/// `serverSocketPing(socket, content, isPong)`: as `serverSocketSend`.
fn ping<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let Some(socket) = socket_of(scope, &arguments)? else {
        return Ok(scope.number(-1.0));
    };
    let content = read_content(scope, arguments.get(1))?;
    let outcome = if scope.bool_of(arguments.get(2)) {
        socket.pong(&content)
    } else {
        socket.ping(&content)
    };
    match outcome {
        Ok(()) => Ok(scope.number(socket.queued() as f64)),
        Err(error) if error.is_argument() => Err(network_error(error)),
        Err(_) => Ok(scope.number(-1.0)),
    }
}

/// `serverSocketQueued(socket, isHeldUp)`: how many bytes wait, or how many of them for the client to read.
fn queued<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let is_held_up = scope.bool_of(arguments.get(1));
    let count = socket.map_or(0, |socket| match is_held_up {
        true => socket.backlog(),
        false => socket.queued(),
    });
    Ok(scope.number(count as f64))
}

/// `serverSocketPeer(socket)`: `[address, port]`, or null.
fn peer<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    address(scope, socket.and_then(|socket| socket.peer_addr()))
}

// ---- topics

/// `serverSubscribe(socket, server, topic, on)`
fn subscribe<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.number_of(arguments.get(0))? as u64;
    let key = topic_of(scope, arguments.get(1), arguments.get(2))?;
    let servers = scope.state::<Servers>();
    let topics = &mut servers.topics.borrow_mut().0;
    if scope.bool_of(arguments.get(3)) {
        if let Some(socket) = socket_of(scope, &arguments)? {
            topics.entry(key).or_default().insert(number, socket);
        }
    } else if let Some(sockets) = topics.get_mut(&key) {
        sockets.remove(&number);
        if sockets.is_empty() {
            topics.remove(&key);
        }
    }
    Ok(Local::undefined())
}

/// `serverSubscribers(server, topic)`: how many listen.
fn subscribers<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let key = topic_of(scope, arguments.get(0), arguments.get(1))?;
    let servers = scope.state::<Servers>();
    let count = servers.topics.borrow().0.get(&key).map_or(0, BTreeMap::len);
    Ok(scope.number(count as f64))
}

/// `serverPublish(server, topic, message, except)`: to all that listen but the socket of this number (0: none); gives how many there are.
fn publish<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let key = topic_of(scope, arguments.get(0), arguments.get(1))?;
    let message = arguments.get(2);
    let is_text = message.is_string();
    let content = read_content(scope, message)?;
    let servers = scope.state::<Servers>();
    let except = scope.number_of(arguments.get(3))? as u64;
    let topics = servers.topics.borrow();
    let Some(sockets) = topics.0.get(&key) else {
        return Ok(scope.number(0.0));
    };
    let mut count = 0;
    let chosen = (sockets.iter().filter(|(number, _)| **number != except)).map(|(_, socket)| {
        count += 1;
        socket
    });
    broadcast(chosen, is_text, &content);
    Ok(scope.number(f64::from(count)))
}

fn topic_of(
    scope: &Scope<'_>,
    server: Local<'_>,
    topic: Local<'_>,
) -> Result<(u64, String), Error> {
    Ok((scope.number_of(server)? as u64, scope.string_of(topic)?))
}
