//! The operations behind `WebSocket`. JavaScript chooses a number for each socket; the connection lives here.
//!
//! `wsReceive` gives one message a call and is pulled by `websocket.js`, so nothing is read ahead of the program's handlers
//! (rule BOUNDED); its pending promise is what keeps the process alive. What `wsSend` queues is the program's own and counted by
//! `wsBufferedAmount`. On the loop's thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use twinloop_web::websocket::{Handshake, Message, Receiver, Sender};
use twinloop_web::{Client, WebSocket};

use super::network::{AbortFlag, Network, network_error};
use crate::engine::{Arguments, Error, IntoJs, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("wsAbort", 1, abort),
    Op::new("wsBufferedAmount", 1, buffered_amount),
    Op::new("wsClose", 3, close),
    Op::new("wsConnect", 3, connect),
    Op::new("wsDrop", 1, drop_socket),
    Op::new("wsReceive", 1, receive),
    Op::new("wsSend", 2, send),
];

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
    let client = scope.state::<Network>().client()?;
    let socket = Rc::new(Socket::default());
    scope.state::<Sockets>().0.borrow_mut().insert(number, socket.clone());
    scope.promise_from_future(async move {
        let opened = socket.connecting.guard(open(client, url, protocols)).await;
        let Some(opened) = opened else {
            return Err(Error::dom("AbortError", "the socket was closed before the connection was made"));
        };
        let opened = opened?;
        let names = vec![opened.protocol().unwrap_or_default().to_owned(), opened.extensions().to_owned()];
        let (sender, receiver) = opened.split();
        *socket.sender.borrow_mut() = Some(sender);
        *socket.receiver.borrow_mut() = Some(receiver);
        Ok(names)
    })
}

async fn open(client: Client, url: String, protocols: String) -> Result<WebSocket, Error> {
    let mut handshake = Handshake::new(&url).map_err(network_error)?;
    handshake.protocols = protocols.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect();
    WebSocket::connect(&client, handshake).await.map_err(network_error)
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
        let receiver = socket.as_ref().and_then(|socket| socket.receiver.borrow_mut().take());
        let (Some(socket), Some(mut receiver)) = (socket, receiver) else {
            return Err(Error::new("the socket is not connected"));
        };
        let message = receiver.receive().await.map_err(network_error)?;
        let status = receiver.close_status().map(|status| (status.code, status.reason.to_string(), status.was_clean));
        *socket.receiver.borrow_mut() = Some(receiver);
        Ok(Received { message, status })
    })
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
            Some(Message::Binary(bytes)) => scope.uint8_array(Vec::from(bytes)),
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
    let message = if scope.is_buffer_source(data) {
        Message::Binary(scope.bytes_of(data)?.into())
    } else {
        Message::Text(scope.string_of(data)?)
    };
    let Some(socket) = socket_of(scope, &arguments)? else { return Ok(Local::undefined()) };
    if let Some(sender) = &*socket.sender.borrow() {
        // A failure means that the connection is going; the receiving side tells the program.
        let _ = sender.send_nowait(message);
    }
    Ok(Local::undefined())
}

fn buffered_amount<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let socket = socket_of(scope, &arguments)?;
    let amount = socket.and_then(|socket| socket.sender.borrow().as_ref().map(Sender::buffered_amount));
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
