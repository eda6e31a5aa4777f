//! The operations of messages and ports.
//!
//! A native port is the end of a channel that a thread has now. One host of the loop serves the ports of a context: an entry is one message,
//! so each has a checkpoint of its own, or the news that the other end is closed. A port that was started keeps its object, as long as it is
//! open; one that was not is closed when the program forgets it. Loop thread only.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use slab::Slab;
use twinloop_loop::{Hold, Host, HostId, Loop};

use super::endpoint::{
    self, Endpoint, Listener, Message, broadcast, count_others, leave_broadcast,
};
use crate::engine::{Arguments, CloneFailure, Context, Error, Local, Op, Scope, Slot};

pub(crate) const OPS: &[Op] = &[
    Op::new("broadcastCount", 1, broadcast_count),
    Op::new("broadcastJoin", 1, broadcast_join),
    Op::new("broadcastPost", 2, broadcast_post),
    Op::new("channelPorts", 0, channel_ports),
    Op::new("cloneHole", 1, clone_hole),
    Op::new("messageAttach", 3, message_attach),
    Op::new("messagePorts", 1, message_ports),
    Op::new("messageRead", 2, message_read),
    Op::new("messageRecords", 1, message_records),
    Op::new("messageWrite", 2, message_write),
    Op::new("portAreEntangled", 2, port_are_entangled),
    Op::new("portClose", 1, port_close),
    Op::new("portIsOpen", 1, port_is_open),
    Op::new("portKeep", 2, port_keep),
    Op::new("portPost", 2, port_post),
    Op::new("portReference", 2, port_reference),
    Op::new("portSetReceiver", 2, port_set_receiver),
    Op::new("portStart", 1, port_start),
    Op::new("portTake", 1, port_take),
];

/// The ports of a context.
#[derive(Default)]
pub(crate) struct Ports {
    host: Cell<Option<HostId>>,
    ports: RefCell<Slab<Weak<Port>>>,
    /// Called with the object of a port and a message.
    receive: RefCell<Option<Slot>>,
    /// Called with the object of a port whose other end is closed.
    closed: RefCell<Option<Slot>>,
}

/// The end of a channel that this thread has.
pub(crate) struct Port {
    endpoint: RefCell<Option<Endpoint>>,
    /// The name under which the end is a broadcast channel.
    broadcast: RefCell<Option<String>>,
    table: Weak<Ports>,
    token: Cell<usize>,
    /// The object that hears of messages and of the end; the program may have forgotten it otherwise.
    object: RefCell<Option<Slot>>,
    started: Cell<bool>,
    hold: RefCell<Option<Hold>>,
    /// A message is being delivered.
    delivering: Cell<bool>,
    /// What had come when a message's receiver closed the port: it is delivered still, by the entries that are there.
    left: RefCell<VecDeque<Message>>,
}

impl Port {
    /// Takes the end from this thread: it moves to another, or is closed.
    fn detach(&self) -> Option<Endpoint> {
        self.hold.borrow_mut().take();
        let object = self.object.borrow_mut().take();
        drop(object);
        let endpoint = self.endpoint.borrow_mut().take();
        if let Some(endpoint) = &endpoint {
            endpoint.listen(None);
        }
        endpoint
    }

    fn close(&self) {
        let mut left = VecDeque::new();
        if self.delivering.get()
            && self.broadcast.borrow().is_none()
            && let Some(endpoint) = &*self.endpoint.borrow()
        {
            while let Some(message) = endpoint.take() {
                left.push_back(message);
            }
        }
        let object = (!left.is_empty())
            .then(|| self.object.borrow_mut().take())
            .flatten();
        drop(self.detach());
        *self.object.borrow_mut() = object;
        self.left.borrow_mut().append(&mut left);
        let name = self.broadcast.borrow_mut().take();
        if let Some(name) = name {
            leave_broadcast(&name);
        }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.close();
        if let Some(table) = self.table.upgrade() {
            table.ports.borrow_mut().try_remove(self.token.get());
        }
    }
}

struct PortHost {
    context: Context,
    table: Weak<Ports>,
}

impl Host for PortHost {
    fn run(&self, token: u64) {
        if !self.context.is_open() || self.context.is_stopped() {
            return;
        }
        let Some(table) = self.table.upgrade() else {
            return;
        };
        let port = (table.ports.borrow().get(token as usize)).and_then(Weak::upgrade);
        let Some(port) = port else { return };
        self.context.enter(|scope| {
            if let Err(error) = deliver(scope, &table, &port) {
                scope.report_uncaught(error);
            }
        });
    }

    fn discard(&self, _: u64) {}
}

/// The next message of a port, or its end.
fn deliver(scope: &Scope<'_>, table: &Ports, port: &Port) -> Result<(), Error> {
    let local = |slot: &RefCell<Option<Slot>>| slot.borrow().as_ref().map(|slot| scope.local(slot));
    let left = port.left.borrow_mut().pop_front();
    let is_left = left.is_some();
    let message = if is_left {
        left
    } else {
        let endpoint = port.endpoint.borrow();
        let Some(endpoint) = &*endpoint else {
            return Ok(());
        };
        let message = port.started.get().then(|| endpoint.take()).flatten();
        if message.is_none() && !(endpoint.is_over() || !port.started.get() && endpoint.is_alone())
        {
            return Ok(());
        }
        message
    };
    let object = local(&port.object);
    let (Some(object), Some(receive), Some(closed)) =
        (object, local(&table.receive), local(&table.closed))
    else {
        // Nobody hears that the other end is closed.
        if message.is_none() {
            port.close();
        }
        return Ok(());
    };
    match message {
        Some(message) => {
            if is_left && port.left.borrow().is_empty() {
                let object = port.object.borrow_mut().take();
                drop(object);
            }
            let message = message_object(scope, message)?;
            port.delivering.set(true);
            let outcome = scope.call(receive, Local::undefined(), &[object, message]);
            port.delivering.set(false);
            outcome?;
        }
        None => {
            port.close();
            scope.call(closed, Local::undefined(), &[object])?;
        }
    }
    Ok(())
}

/// A native port for an end that came to this thread.
pub(crate) fn open_port<'s>(scope: &Scope<'s>, endpoint: Endpoint) -> Result<Local<'s>, Error> {
    let table = scope.state::<Ports>();
    let host = table.host.get().unwrap_or_else(|| {
        let host = PortHost {
            context: scope.context(),
            table: Rc::downgrade(&table),
        };
        let id = Loop::current().add_host(Rc::new(host));
        table.host.set(Some(id));
        id
    });
    let port = Rc::new(Port {
        endpoint: RefCell::new(None),
        broadcast: RefCell::new(None),
        table: Rc::downgrade(&table),
        token: Cell::new(0),
        object: RefCell::new(None),
        started: Cell::new(false),
        hold: RefCell::new(None),
        delivering: Cell::new(false),
        left: RefCell::default(),
    });
    let token = table.ports.borrow_mut().insert(Rc::downgrade(&port));
    port.token.set(token);
    endpoint.listen(Some(Listener::new(&Loop::current(), host, token as u64)));
    *port.endpoint.borrow_mut() = Some(endpoint);
    scope.host_object(port)
}

fn port_of(scope: &Scope<'_>, value: Local<'_>) -> Result<Rc<Port>, Error> {
    scope.expect_host::<Port>(value, "a native port")
}

/// The end behind a native port, which leaves it.
///
/// # Errors
/// When the port has none any more.
pub(crate) fn take_endpoint(scope: &Scope<'_>, value: Local<'_>) -> Result<Endpoint, Error> {
    let endpoint = port_of(scope, value)?.detach();
    endpoint.ok_or_else(|| Error::dom("DataCloneError", "the port is detached"))
}

/// The message behind its object, which leaves it.
///
/// # Errors
/// A TypeError when it is none.
pub(crate) fn take_message(scope: &Scope<'_>, value: Local<'_>) -> Result<Message, Error> {
    let taken = scope
        .expect_host::<MessageCell>(value, "a native message")?
        .borrow_mut()
        .take();
    taken.ok_or_else(|| Error::type_error("the message was sent before"))
}

type MessageCell = RefCell<Option<Message>>;

/// `portSetReceiver(receive, closed)`.
fn port_set_receiver<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let table = scope.state::<Ports>();
    *table.receive.borrow_mut() = Some(scope.persist(arguments.get(0)));
    *table.closed.borrow_mut() = Some(scope.persist(arguments.get(1)));
    Ok(Local::undefined())
}

/// `channelPorts()`: the two native ports of a new channel.
fn channel_ports<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let (first, second) = Endpoint::pair();
    let ports = [open_port(scope, first)?, open_port(scope, second)?];
    scope.array(&ports)
}

/// `portKeep(port, object)`: the object that hears of messages; undefined lets it go.
fn port_keep<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let port = port_of(scope, arguments.get(0))?;
    let object = arguments.get(1);
    let kept =
        (port.endpoint.borrow().is_some() && object.is_object()).then(|| scope.persist(object));
    let before = port.object.replace(kept);
    drop(before);
    Ok(Local::undefined())
}

/// `portStart(port)`: messages are delivered from now on.
fn port_start<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let port = port_of(scope, arguments.get(0))?;
    let table = scope.state::<Ports>();
    let endpoint = port.endpoint.borrow();
    if let (Some(endpoint), Some(host)) = (&*endpoint, table.host.get())
        && !port.started.replace(true)
    {
        let listener = Listener::new(&Loop::current(), host, port.token.get() as u64);
        for _ in 0..endpoint.listen(Some(listener.clone())) {
            listener.wake();
        }
    }
    Ok(Local::undefined())
}

/// `portReference(port, on)`: whether the port keeps the program alive while it is open.
fn port_reference<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let port = port_of(scope, arguments.get(0))?;
    let on = scope.bool_of(arguments.get(1)) && port.endpoint.borrow().is_some();
    let mut hold = port.hold.borrow_mut();
    if on != hold.is_some() {
        *hold = on.then(|| Loop::current().hold());
    }
    Ok(Local::boolean(on))
}

/// `portPost(port, message)`: false if nobody can receive it.
fn port_post<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let port = port_of(scope, arguments.get(0))?;
    let message = take_message(scope, arguments.get(1))?;
    let posted = match &*port.endpoint.borrow() {
        Some(endpoint) => endpoint.post(message),
        None => false,
    };
    Ok(Local::boolean(posted))
}

/// `portTake(port)`: the next message, or undefined.
fn port_take<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let port = port_of(scope, arguments.get(0))?;
    let message = port.endpoint.borrow().as_ref().and_then(Endpoint::take);
    match message {
        Some(message) => message_object(scope, message),
        None => Ok(Local::undefined()),
    }
}

/// `portClose(port)`.
fn port_close<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    port_of(scope, arguments.get(0))?.close();
    Ok(Local::undefined())
}

/// `portIsOpen(port)`: whether it is neither closed nor detached.
fn port_is_open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let port = port_of(scope, arguments.get(0))?;
    let open = port.endpoint.borrow().is_some();
    Ok(Local::boolean(open))
}

/// `portAreEntangled(one, other)`.
fn port_are_entangled<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let one = port_of(scope, arguments.get(0))?;
    let other = port_of(scope, arguments.get(1))?;
    let are = match (&*one.endpoint.borrow(), &*other.endpoint.borrow()) {
        (Some(one), Some(other)) => one.is_entangled_with(other),
        _ => false,
    };
    Ok(Local::boolean(are))
}

pub(crate) fn message_object<'s>(scope: &Scope<'s>, message: Message) -> Result<Local<'s>, Error> {
    let cell: MessageCell = RefCell::new(Some(message));
    scope.host_object(Rc::new(cell))
}

/// Runs `read` on the message behind its object.
fn with_message<'s, R>(
    scope: &Scope<'s>,
    value: Local<'_>,
    read: impl FnOnce(&mut Message) -> Result<R, Error>,
) -> Result<R, Error> {
    let cell = scope.expect_host::<MessageCell>(value, "a native message")?;
    let mut message = cell.borrow_mut();
    let message = message.as_mut();
    read(message.ok_or_else(|| Error::type_error("the message was sent before"))?)
}

/// `cloneHole(index)`.
fn clone_hole<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let index = u32::try_from(arguments.get(0).as_index().unwrap_or_default());
    scope.clone_hole(index.map_err(|_| Error::range_error("too many objects in a message"))?)
}

/// `messageWrite(value, buffers)`: a native message; or a list with the object that cannot be written.
fn message_write<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    match scope.write_clone(arguments.get(0), arguments.get(1)) {
        Ok(body) => message_object(
            scope,
            Message {
                body,
                records: None,
                endpoints: Vec::new(),
            },
        ),
        Err(CloneFailure::Refused(object)) => scope.array(&[object]),
        Err(CloneFailure::Failed(error)) => Err(error),
    }
}

/// `messageAttach(message, records, ports)`: what stands in its holes, and the native ports that go with it; a list with the object that
/// cannot be written, or undefined.
fn message_attach<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let records = match scope.write_clone(arguments.get(1), Local::undefined()) {
        Ok(records) => records,
        Err(CloneFailure::Refused(object)) => return scope.array(&[object]),
        Err(CloneFailure::Failed(error)) => return Err(error),
    };
    let ports = arguments.get(2);
    let mut endpoints = Vec::new();
    for index in 0..scope.array_length(ports)? {
        endpoints.push(take_endpoint(scope, scope.get(ports, index)?)?);
    }
    with_message(scope, arguments.get(0), |message| {
        message.records = Some(records);
        message.endpoints = endpoints;
        Ok(Local::undefined())
    })
}

/// `messageRecords(message)`: what `messageAttach` was given; undefined if it was not called.
fn message_records<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let records = with_message(scope, arguments.get(0), |message| {
        Ok(message.records.take())
    })?;
    match records {
        Some(mut records) => scope.read_clone(&mut records, Local::undefined()),
        None => Ok(Local::undefined()),
    }
}

/// `messagePorts(message)`: the native ports that came with it.
fn message_ports<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let endpoints = with_message(scope, arguments.get(0), |message| {
        Ok(std::mem::take(&mut message.endpoints))
    })?;
    let ports = endpoints
        .into_iter()
        .map(|endpoint| open_port(scope, endpoint))
        .collect::<Result<Vec<_>, _>>()?;
    scope.array(&ports)
}

/// `messageRead(message, made)`: its value, once.
fn message_read<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let mut message = take_message(scope, arguments.get(0))?;
    scope.read_clone(&mut message.body, arguments.get(1))
}

/// `broadcastJoin(name)`: the native port of a new member.
fn broadcast_join<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.get(0))?;
    let member = endpoint::join_broadcast(&name);
    open_member(scope, name, member)
}

/// A native port for a member of the broadcast channels of this name.
pub(crate) fn open_member<'s>(
    scope: &Scope<'s>,
    name: String,
    member: Endpoint,
) -> Result<Local<'s>, Error> {
    let value = open_port(scope, member)?;
    *port_of(scope, value)?.broadcast.borrow_mut() = Some(name);
    Ok(value)
}

/// Runs `use_it` on the name and the end of a member that is open.
fn with_member<R>(
    scope: &Scope<'_>,
    value: Local<'_>,
    use_it: impl FnOnce(&str, &Endpoint) -> R,
) -> Result<Option<R>, Error> {
    let port = port_of(scope, value)?;
    let (name, endpoint) = (port.broadcast.borrow(), port.endpoint.borrow());
    Ok(match (&*name, &*endpoint) {
        (Some(name), Some(endpoint)) => Some(use_it(name, endpoint)),
        _ => None,
    })
}

/// `broadcastCount(port)`: how many messages `broadcastPost` wants.
fn broadcast_count<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let count = with_member(scope, arguments.get(0), count_others)?;
    Ok(scope.number(count.unwrap_or_default() as f64))
}

/// `broadcastPost(port, messages)`: one message for each of the others.
fn broadcast_post<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let list = arguments.get(1);
    let mut messages = Vec::new();
    for index in 0..scope.array_length(list)? {
        messages.push(take_message(scope, scope.get(list, index)?)?);
    }
    with_member(scope, arguments.get(0), |name, member| {
        broadcast(name, member, messages);
    })?;
    Ok(Local::undefined())
}
