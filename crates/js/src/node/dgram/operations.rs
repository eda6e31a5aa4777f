//! The operations of `node:dgram`: UDP sockets of the loop, as host objects.
//!
//! What happens on a socket is told to functions that JavaScript gives once (`udpSetReceiver`), each time in an entry of the turn of its own,
//! with the object that `udpBind` named. A socket keeps the program alive while it receives or has something to send, unless it is not to
//! (`udpReference`). Errors are the system's numbers, negative. Loop thread only.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use std::rc::{Rc, Weak};

use twinloop_loop::net::{Datagram, DatagramOptions, Interface, interface_index, zoned};
use twinloop_loop::{Hold, IoHandler, Readiness, take_inherited};

use crate::builtins::errno::errno_of;
use crate::engine::{Arguments, Context, Error, Local, Op, Scope, Slot};
use crate::node::child_process::operations::Received;
use crate::node::net::receivers::Receivers;
use crate::node::net::telling::{errno, keep, number_of};

pub(crate) const OPS: &[Op] = &[
    Op::new("udpAddress", 2, address),
    Op::new("udpAdopt", 2, adopt),
    Op::new("udpBind", 4, bind),
    Op::new("udpBufferSize", 3, buffer_size),
    Op::new("udpClose", 1, close),
    Op::new("udpConnect", 3, connect),
    Op::new("udpDisconnect", 1, disconnect),
    Op::new("udpMembership", 4, membership),
    Op::new("udpMulticastInterface", 2, multicast_interface),
    Op::new("udpNumber", 1, number),
    Op::new("udpOpen", 2, open),
    Op::new("udpQueued", 1, queued),
    Op::new("udpReceive", 2, receive),
    Op::new("udpReference", 2, reference),
    Op::new("udpSend", 5, send),
    Op::new("udpSet", 3, set),
    Op::new("udpSetReceiver", 1, set_receiver),
    Op::new("udpSourceMembership", 5, source_membership),
];

/// Datagrams told in one entry of the turn, so that other callbacks get their turn under any load.
const BURST: usize = 32;
/// What the largest datagram has.
const LARGEST: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; LARGEST]);
}

/// The functions that hear of everything, at their places in the array that `udpSetReceiver` takes.
#[derive(Clone, Copy)]
enum Heard {
    /// `(object, bytes, address, port)`
    Received,
    /// `(object, errno)`: what receiving met.
    Failed,
    /// `(object, number, errno, length)`: a datagram that had to wait was sent, or could not be.
    Sent,
}

struct Waiting {
    number: f64,
    bytes: Vec<u8>,
    to: Option<SocketAddr>,
}

struct Udp {
    datagram: RefCell<Option<Rc<Datagram>>>,
    context: Context,
    object: RefCell<Option<Slot>>,
    is_referenced: Cell<bool>,
    is_receiving: Cell<bool>,
    waiting: RefCell<VecDeque<Waiting>>,
    hold: RefCell<Option<Hold>>,
    /// The last sender and its address as text: most sockets hear from few.
    sender: RefCell<Option<(SocketAddr, Slot)>>,
}

impl Udp {
    fn datagram(&self) -> io::Result<Rc<Datagram>> {
        let datagram = self.datagram.borrow().clone();
        datagram.ok_or_else(|| io::Error::from_raw_os_error(libc::EBADF))
    }

    fn update_hold(&self) {
        let is_busy = self.is_receiving.get() || !self.waiting.borrow().is_empty();
        keep(&self.hold, self.is_referenced.get() && is_busy);
    }

    fn close(&self) {
        let datagram = self.datagram.borrow_mut().take();
        if let Some(datagram) = &datagram {
            datagram.set_handler(None);
        }
        drop(datagram);
        self.is_receiving.set(false);
        self.waiting.borrow_mut().clear();
        self.update_hold();
        let object = self.object.borrow_mut().take();
        drop(object);
    }

    fn tell(
        &self,
        heard: Heard,
        rest: impl for<'s> FnOnce(&Scope<'s>) -> Result<Vec<Local<'s>>, Error>,
    ) {
        Receivers::<Heard>::tell(&self.context, &self.object, heard as usize, rest);
    }

    fn send_waiting(&self) {
        loop {
            let Ok(datagram) = self.datagram() else { break };
            let Some(next) = self.waiting.borrow_mut().pop_front() else {
                break;
            };
            let number = match datagram.send_once(&[IoSlice::new(&next.bytes)], next.to) {
                Ok(_) => 0,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.waiting.borrow_mut().push_front(next);
                    break;
                }
                Err(error) => -errno_of(&error),
            };
            self.tell(Heard::Sent, |scope| {
                let length = scope.number(next.bytes.len() as f64);
                Ok(vec![
                    scope.number(next.number),
                    scope.number(number.into()),
                    length,
                ])
            });
        }
        self.update_hold();
    }

    fn receive_some(&self) {
        for _ in 0..BURST {
            if !self.is_receiving.get() {
                return;
            }
            let Ok(datagram) = self.datagram() else {
                return;
            };
            // JavaScript runs only after the buffer is free again.
            let received = BUFFER.with_borrow_mut(|buffer| {
                let (count, sender) = datagram.receive_once(buffer)?;
                Ok::<_, io::Error>((buffer[..count].to_vec(), sender))
            });
            match received {
                Ok((bytes, sender)) => self.tell(Heard::Received, |scope| {
                    let (host, port) = self.sender(scope, sender)?;
                    Ok(vec![scope.uint8_array(bytes)?, host, port])
                }),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => self.tell(Heard::Failed, |scope| Ok(vec![errno(scope, &error)])),
            }
        }
        if let Ok(datagram) = self.datagram() {
            datagram.look_again();
        }
    }

    fn sender<'s>(
        &self,
        scope: &Scope<'s>,
        sender: Option<SocketAddr>,
    ) -> Result<(Local<'s>, Local<'s>), Error> {
        let Some(sender) = sender else {
            return Ok((Local::undefined(), Local::undefined()));
        };
        let port = scope.number(sender.port().into());
        let mut last = self.sender.borrow_mut();
        if let Some((address, text)) = &*last
            && *address == sender
        {
            return Ok((scope.local(text), port));
        }
        let text = scope.string(&zoned(&sender))?;
        *last = Some((sender, scope.persist(text)));
        Ok((text, port))
    }
}

struct Handler(Weak<Udp>);

impl IoHandler for Handler {
    fn ready(&self, readiness: Readiness) {
        let Some(udp) = self.0.upgrade() else { return };
        if readiness.contains(Readiness::WRITE) && !udp.waiting.borrow().is_empty() {
            udp.send_waiting();
        }
        if readiness.contains(Readiness::READ) {
            udp.receive_some();
        }
    }
}

fn udp_of<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>) -> Result<Rc<Udp>, Error> {
    scope.expect_host::<Udp>(arguments.get(0), "a UDP socket")
}

/// An address with a zone perhaps; `None` for what is none.
fn parsed(text: &str, port: u16) -> io::Result<SocketAddr> {
    let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
    if let Some((address, zone)) = text.split_once('%') {
        let address = address.parse().map_err(|_| invalid())?;
        // An interface that is not there is as good as none to the system.
        let index = interface_index(zone).unwrap_or(0);
        return Ok(SocketAddrV6::new(address, port, 0, index).into());
    }
    let address: IpAddr = text.parse().map_err(|_| invalid())?;
    Ok(SocketAddr::new(address, port))
}

fn address_of(
    scope: &Scope<'_>,
    host: Local<'_>,
    port: Local<'_>,
) -> Result<io::Result<SocketAddr>, Error> {
    Ok(parsed(
        &scope.string_of(host)?,
        scope.int32_of(port)? as u16,
    ))
}

/// An interface as programs name it: an address, of IPv6 with the zone that says which.
fn interface_of(text: &str) -> io::Result<Interface> {
    Ok(match parsed(text, 0)? {
        SocketAddr::V4(address) => Interface::Address(*address.ip()),
        SocketAddr::V6(address) => Interface::Index(address.scope_id()),
    })
}

fn optional_interface(
    scope: &Scope<'_>,
    value: Local<'_>,
) -> Result<io::Result<Option<Interface>>, Error> {
    if value.is_undefined() || value.is_null() {
        return Ok(Ok(None));
    }
    Ok(interface_of(&scope.string_of(value)?).map(Some))
}

/// `udpSetReceiver([received, failed, sent])`
fn set_receiver<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    Receivers::<Heard>::set(scope, arguments.get(0))?;
    Ok(Local::undefined())
}

fn udp_object<'s>(
    scope: &Scope<'s>,
    object: Local<'s>,
    datagram: io::Result<Datagram>,
) -> Result<Local<'s>, Error> {
    let datagram = match datagram {
        Ok(datagram) => datagram,
        Err(error) => return Ok(errno(scope, &error)),
    };
    let udp = Rc::new(Udp {
        datagram: RefCell::default(),
        context: scope.context(),
        object: RefCell::new(Some(scope.persist(object))),
        is_referenced: Cell::new(true),
        is_receiving: Cell::new(false),
        waiting: RefCell::default(),
        hold: RefCell::default(),
        sender: RefCell::default(),
    });
    datagram.set_handler(Some(Rc::new(Handler(Rc::downgrade(&udp)))));
    *udp.datagram.borrow_mut() = Some(Rc::new(datagram));
    scope.host_object(udp)
}

/// `udpBind(object, address, port, flags)`: a socket, or the error's number. Flags: 1 only IPv6, 2 a shared port, 4 a shared address.
fn bind<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let address = match address_of(scope, arguments.get(1), arguments.get(2))? {
        Ok(address) => address,
        Err(error) => return Ok(errno(scope, &error)),
    };
    let flags = scope.int32_of(arguments.get(3))?;
    let options = DatagramOptions {
        ipv6_only: flags & 1 != 0,
        reuse_port: flags & 2 != 0,
        reuse_address: flags & 4 != 0,
    };
    udp_object(scope, arguments.get(0), Datagram::bind(address, options))
}

/// `udpOpen(object, descriptor)`: a socket that was open when the process began.
fn open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.int32_of(arguments.get(1))?;
    let datagram = take_inherited(number).and_then(Datagram::from_fd);
    udp_object(scope, arguments.get(0), datagram)
}

/// `udpAdopt(object, descriptor)`: a socket that another process sent, or the error's number.
fn adopt<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let datagram = Received::take(scope, arguments.get(1))?.and_then(Datagram::from_fd);
    udp_object(scope, arguments.get(0), datagram)
}

/// `udpReceive(socket, on)`
fn receive<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let udp = udp_of(scope, &arguments)?;
    let on = scope.bool_of(arguments.get(1));
    if let Ok(datagram) = udp.datagram() {
        udp.is_receiving.set(on);
        if on {
            datagram.look_again();
        }
    }
    udp.update_hold();
    Ok(Local::undefined())
}

/// `udpSend(socket, number, contents, address, port)`: the length of what was sent and one, 0 when `sent` will be told, or the error's number.
/// Without an address it goes to the peer.
fn send<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let udp = udp_of(scope, &arguments)?;
    let datagram = match udp.datagram() {
        Ok(datagram) => datagram,
        Err(error) => return Ok(errno(scope, &error)),
    };
    let to = if arguments.get(3).is_undefined() {
        None
    } else {
        match address_of(scope, arguments.get(3), arguments.get(4))? {
            Ok(address) => Some(address),
            Err(error) => return Ok(errno(scope, &error)),
        }
    };
    let contents = arguments.get(2);
    let count = scope.array_length(contents)?;
    let is_first = udp.waiting.borrow().is_empty();
    if count == 1 && is_first {
        let only = scope.get(contents, 0)?;
        let sent =
            scope.with_bytes(only, |bytes| datagram.send_once(&[IoSlice::new(bytes)], to))?;
        match sent {
            Ok(length) => return Ok(scope.number(length as f64 + 1.0)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Ok(errno(scope, &error)),
        }
    }
    let mut bytes = Vec::new();
    for index in 0..count {
        let part = scope.get(contents, index)?;
        scope.with_bytes(part, |part| bytes.extend_from_slice(part))?;
    }
    if is_first {
        match datagram.send_once(&[IoSlice::new(&bytes)], to) {
            Ok(length) => return Ok(scope.number(length as f64 + 1.0)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Ok(errno(scope, &error)),
        }
    }
    udp.waiting.borrow_mut().push_back(Waiting {
        number: scope.number_of(arguments.get(1))?,
        bytes,
        to,
    });
    udp.update_hold();
    Ok(scope.number(0.0))
}

/// `udpQueued(socket)`: `[bytes, datagrams]` that wait to be sent.
fn queued<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let udp = udp_of(scope, &arguments)?;
    let waiting = udp.waiting.borrow();
    let bytes: usize = waiting.iter().map(|each| each.bytes.len()).sum();
    scope.array(&[
        scope.number(bytes as f64),
        scope.number(waiting.len() as f64),
    ])
}

/// `udpConnect(socket, address, port)`: 0 or the error's number.
fn connect<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let udp = udp_of(scope, &arguments)?;
    let address = address_of(scope, arguments.get(1), arguments.get(2))?;
    let outcome = address.and_then(|address| udp.datagram()?.connect(address));
    Ok(number_of(scope, outcome))
}

/// `udpDisconnect(socket)`: 0 or the error's number.
fn disconnect<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let udp = udp_of(scope, &arguments)?;
    let outcome = udp.datagram().and_then(|datagram| datagram.disconnect());
    Ok(number_of(scope, outcome))
}

/// `udpAddress(socket, isRemote)`: `[address, port]`, or the error's number.
fn address<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let udp = udp_of(scope, &arguments)?;
    let is_remote = scope.bool_of(arguments.get(1));
    let address = udp.datagram().and_then(|datagram| {
        if is_remote {
            datagram.peer_addr()
        } else {
            datagram.local_addr()
        }
    });
    match address {
        Ok(address) => {
            let host = scope.string(&zoned(&address))?;
            scope.array(&[host, scope.number(address.port().into())])
        }
        Err(error) => Ok(errno(scope, &error)),
    }
}

/// `udpSet(socket, name, value)`: 0 or the error's number. Numbers stand for yes and no.
fn set<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let udp = udp_of(scope, &arguments)?;
    let name = scope.string_of(arguments.get(1))?;
    let value = scope.int32_of(arguments.get(2))?;
    let hops = |least: u8| {
        let hops = u8::try_from(value).ok().filter(|hops| *hops >= least);
        hops.ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))
    };
    let outcome = udp.datagram().and_then(|datagram| match &*name {
        "broadcast" => datagram.set_broadcast(value != 0),
        "ttl" => datagram.set_ttl(hops(1)?),
        "multicastTTL" => datagram.set_multicast_ttl(hops(0)?),
        _ => datagram.set_multicast_loop(value != 0),
    });
    Ok(number_of(scope, outcome))
}

/// `udpMulticastInterface(socket, interface)`: 0 or the error's number.
fn multicast_interface<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
) -> Result<Local<'s>, Error> {
    let udp = udp_of(scope, &arguments)?;
    let interface = optional_interface(scope, arguments.get(1))?;
    let outcome = interface.and_then(|interface| {
        let interface = interface.unwrap_or(Interface::Address(Ipv4Addr::UNSPECIFIED));
        udp.datagram()?.set_multicast_interface(interface)
    });
    Ok(number_of(scope, outcome))
}

/// `udpMembership(socket, group, interface, joins)`: 0 or the error's number.
fn membership<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let udp = udp_of(scope, &arguments)?;
    let group = scope.string_of(arguments.get(1))?;
    let interface = optional_interface(scope, arguments.get(2))?;
    let joins = scope.bool_of(arguments.get(3));
    let outcome = parsed(&group, 0).and_then(|group| {
        let datagram = udp.datagram()?;
        datagram.set_membership(group.ip(), interface?, joins)
    });
    Ok(number_of(scope, outcome))
}

/// `udpSourceMembership(socket, source, group, interface, joins)`: 0 or the error's number.
fn source_membership<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let udp = udp_of(scope, &arguments)?;
    let source = scope.string_of(arguments.get(1))?;
    let group = scope.string_of(arguments.get(2))?;
    let interface = optional_interface(scope, arguments.get(3))?;
    let joins = scope.bool_of(arguments.get(4));
    let outcome = parsed(&group, 0).and_then(|group| {
        let source = parsed(&source, 0)?.ip();
        let datagram = udp.datagram()?;
        datagram.set_source_membership(source, group.ip(), interface?, joins)
    });
    Ok(number_of(scope, outcome))
}

/// `udpBufferSize(socket, isReceive, size)`: the size, or the error's number; a size of 0 only asks.
fn buffer_size<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let udp = udp_of(scope, &arguments)?;
    let is_receive = scope.bool_of(arguments.get(1));
    let size = scope.number_of(arguments.get(2))?;
    let outcome = udp.datagram().and_then(|datagram| {
        if size > f64::from(i32::MAX) {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        match (is_receive, size as usize) {
            (true, 0) => datagram.receive_buffer(),
            (false, 0) => datagram.send_buffer(),
            (true, size) => datagram.set_receive_buffer(size).map(|()| size),
            (false, size) => datagram.set_send_buffer(size).map(|()| size),
        }
    });
    Ok(match outcome {
        Ok(size) => scope.number(size as f64),
        Err(error) => errno(scope, &error),
    })
}

/// `udpReference(socket, on)`: whether it keeps the program alive.
fn reference<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let udp = udp_of(scope, &arguments)?;
    udp.is_referenced.set(scope.bool_of(arguments.get(1)));
    udp.update_hold();
    Ok(Local::undefined())
}

/// `udpClose(socket)`
fn close<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    udp_of(scope, &arguments)?.close();
    Ok(Local::undefined())
}

/// `udpNumber(socket)`: the descriptor's, or -1.
fn number<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let udp = udp_of(scope, &arguments)?;
    let number = udp.datagram().map_or(-1, |datagram| datagram.number());
    Ok(scope.number(number.into()))
}
