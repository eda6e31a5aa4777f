//! The operations behind `WebSocket`. JavaScript chooses a number for each socket; the connection lives here.
//!
//! `wsReceive` gives one message a call and is pulled by `websocket.js`, so nothing is read ahead of the program's handlers
//! (rule BOUNDED); its pending promise is what keeps the process alive. What `wsSend` queues is the program's own and counted by
//! `wsBufferedAmount`. On the loop's thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::task::Poll;

use twinloop_web::fetch::{bad_port, has_bad_port};
use twinloop_web::websocket::{Handshake, Message, Receiver, Sender};
use twinloop_web::{Client, WebSocket};

use crate::builtins::results::Chunk;
use crate::engine::{Arguments, Error, IntoJs, Local, Op, Scope};
use crate::web::network::{AbortFlag, Network, network_error};

pub(crate) const OPS: &[Op] = &[
    Op::new("wsAbort", 1, abort),
    Op::new("wsBufferedAmount", 1, buffered_amount),
    Op::new("wsClose", 3, close),
    Op::new("wsConnect", 3, connect),
    Op::new("wsDrop", 1, drop_socket),
    Op::new("wsReceive", 1, receive),
    Op::new("wsSend", 2, send),
];

/// `send` cannot wait, so a program that sends faster than its peer reads queues here. Past this the connection is given up, as the
/// spec says for a full buffer (rule BOUNDED).
const MAX_QUEUED: usize = 256 * 1024 * 1024;

/// A WebSocket from its constructor to its `close` event.
#[derive(Default)]
pub(crate) struct Socket {
    connecting: AbortFlag,
    sender: RefCell<Option<Sender>>,
    /// Taken by the receive under way.
    receiver: RefCell<Option<Receiver>>,
}

/// The sockets of a context, by the number that JavaScript chose.
#[derive(Default)]
struct Sockets(RefCell<HashMap<u32, Rc<Socket>>>);

fn socket_of(scope: &Scope<'_>, arguments: &Arguments<'_>) -> Result<Option<Rc<Socket>>, Error> {
    let number = scope.number_of(arguments.get(0))? as u32;
    Ok(scope.state::<Sockets>().0.borrow().get(&number).cloned())
}

/// `wsConnect(number, url, protocols)`: resolves to `[protocol, extensions]`; `protocols` is joined with `, `.
fn connect<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.number_of(arguments.get(0))? as u32;
    let url = scope.string_of(arguments.get(1))?;
    let protocols = scope.string_of(arguments.get(2))?;
    let client = scope.state::<Network>().client(scope)?;
    let socket = Rc::new(Socket::default());
    scope
        .state::<Sockets>()
        .0
        .borrow_mut()
        .insert(number, socket.clone());
    scope.promise_from_future(async move {
        let opened = socket.connecting.guard(open(client, url, protocols)).await;
        let Some(opened) = opened else {
            return Err(Error::dom(
                "AbortError",
                "the socket was closed before the connection was made",
            ));
        };
        let opened = opened?;
        let names = vec![opened.protocol().to_owned(), opened.extensions().to_owned()];
        let (sender, receiver) = opened.split();
        *socket.sender.borrow_mut() = Some(sender);
        *socket.receiver.borrow_mut() = Some(receiver);
        Ok(names)
    })
}

async fn open(client: Client, url: String, protocols: String) -> Result<WebSocket, Error> {
    let mut handshake = Handshake::new(&url).map_err(network_error)?;
    // https://websockets.spec.whatwg.org/#concept-websocket-establish fetches, which blocks ports.
    if has_bad_port(&handshake.url) {
        return Err(network_error(bad_port()));
    }
    handshake.protocols = protocols
        .split(", ")
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    handshake.max_queued_bytes = MAX_QUEUED;
    WebSocket::connect(&client, handshake)
        .await
        .map_err(network_error)
}

/// `wsAbort(number)`: close() while connecting.
fn abort<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    if let Some(socket) = socket_of(scope, &arguments)? {
        socket.connecting.set();
    }
    Ok(Local::undefined())
}

/// `wsReceive(number)`: resolves to a string, a `Uint8Array`, or `[code, reason, wasClean]` when the connection has ended.
fn receive<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    scope.promise_from_future(async move {
        let receiver = socket
            .as_ref()
            .and_then(|socket| socket.receiver.borrow_mut().take());
        let (Some(socket), Some(mut receiver)) = (socket, receiver) else {
            return Err(Error::new("the socket is not connected"));
        };
        let message = as_task(&mut receiver).await.map_err(network_error)?;
        let status = receiver
            .close_status()
            .map(|status| (status.code, status.reason.to_string(), status.was_clean));
        *socket.receiver.borrow_mut() = Some(receiver);
        Ok(Received { message, status })
    })
}

/// The next message, never in the first poll: `promise_from_future` polls once inside of the running script, and each message must be a
/// task of its own, with a checkpoint behind it and everybody else's turn before the next.
async fn as_task(receiver: &mut Receiver) -> twinloop_web::Result<Option<Message>> {
    let mut ready = None;
    let mut first = true;
    std::future::poll_fn(|context| {
        if let Some(ready) = ready.take() {
            return Poll::Ready(ready);
        }
        let polled = receiver.poll_receive(context);
        if !std::mem::take(&mut first) {
            return polled;
        }
        if let Poll::Ready(message) = polled {
            ready = Some(message);
        }
        Poll::Pending
    })
    .await
}

/// A message, or how the connection ended.
struct Received {
    message: Option<Message>,
    status: Option<(u16, String, bool)>,
}

impl IntoJs for Received {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        match self.message {
            Some(Message::Text(text)) => scope.string(&text),
            Some(Message::Binary(bytes)) => Chunk(bytes).into_js(scope),
            None => {
                let (code, reason, was_clean) = self.status.unwrap_or((1006, String::new(), false));
                let reason = scope.string(&reason)?;
                scope.array(&[scope.number(code.into()), reason, Local::boolean(was_clean)])
            }
        }
    }
}

/// `wsSend(number, data)`: queues a string or bytes; a socket that has ended takes nothing.
fn send<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let data = arguments.get(1);
    let Some(socket) = socket_of(scope, &arguments)? else {
        return Ok(Local::undefined());
    };
    let sender = socket.sender.borrow();
    let Some(sender) = &*sender else {
        return Ok(Local::undefined());
    };
    let sent = if scope.is_buffer_source(data) {
        scope.with_bytes(data, |bytes| sender.send_binary_nowait(bytes))?
    } else {
        sender.send_text_nowait(&scope.string_of(data)?)
    };
    // Another failure means that the connection is going: the receiving side tells the program.
    if sent.is_err_and(|error| error.is_full()) {
        sender.abort();
    }
    Ok(Local::undefined())
}

fn buffered_amount<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let amount =
        socket.and_then(|socket| socket.sender.borrow().as_ref().map(Sender::buffered_amount));
    Ok(scope.number(amount.unwrap_or_default() as f64))
}

/// `wsClose(number, code, reason)`: starts the closing handshake; code 0 is none.
fn close<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let code = scope.number_of(arguments.get(1))? as u16;
    let reason = scope.string_of(arguments.get(2))?;
    if let Some(socket) = socket_of(scope, &arguments)?
        && let Some(sender) = &*socket.sender.borrow()
    {
        // As in `send`: the receiving side tells how it ended.
        let _ = sender.close((code != 0).then_some(code), &reason);
    }
    Ok(Local::undefined())
}

/// `wsDrop(number)`: forgets the socket, and closes what is still open of it.
fn drop_socket<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.number_of(arguments.get(0))? as u32;
    drop(scope.state::<Sockets>().0.borrow_mut().remove(&number));
    Ok(Local::undefined())
}
