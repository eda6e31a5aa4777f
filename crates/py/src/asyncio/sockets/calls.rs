//! `sock_recvfrom`, `sock_recvfrom_into`, `sock_sendto`, `sock_accept` and `sock_connect`, without a Future each.
//!
//! What depends on the family of the socket (addresses, new sockets) is left to the methods of Python's own socket object;
//! here is the waiting: each returns a native coroutine (`ffi::coroutine`) that tries at once and waits only if the socket
//! is known not to be ready. `sock_connect` is native for literal addresses; names are resolved by asyncio's own. A
//! socket that is closed under one of the others is closed at once, as a listening one must give its port free, and ends it
//! (`closing.rs`). Loop thread, GIL held.

use std::io;

use pyo3::Borrowed;
use pyo3::exceptions::{PyBlockingIOError, PyInterruptedError, PyOSError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrAny};

use super::{Closing, Socket, plain_socket};
use crate::asyncio::event_loop::{Direction, core_of};
use crate::asyncio::names::addresses;
use crate::ffi::coroutine::{self, Attempt, Operation, Waiter};
use crate::ffi::sockets::begin_connect;
use crate::ffi::{Arguments, Object, Parameters, fast_methods};

/// One call of a method of the Python socket, made again after each wait.
struct SocketCall {
    socket: Socket,
    method: &'static Method,
    arguments: Object,
}

struct Method {
    /// The loop's method and the socket's.
    name: &'static str,
    of_socket: &'static str,
    direction: Direction,
}

impl Operation for SocketCall {
    fn name(&self) -> &'static str {
        self.method.name
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        let Method {
            of_socket,
            direction,
            ..
        } = *self.method;
        let object = self.socket.object(py);
        let arguments = self.arguments.bind(py);
        let arguments = arguments.cast::<PyTuple>()?;
        self.socket.attempt(
            py,
            direction,
            Closing::EndsIt,
            waiter,
            |_fd, _descriptor| {
                let result = object.call_method1(of_socket, &*arguments);
                match result {
                    Err(error)
                        if error.is_instance_of::<PyBlockingIOError>(py)
                            || error.is_instance_of::<PyInterruptedError>(py) =>
                    {
                        Ok(Err(io::ErrorKind::WouldBlock.into()))
                    }
                    Err(error) => Err(error),
                    Ok(value) => Ok(Ok(value)),
                }
            },
        )
    }

    fn visit(&self, visitor: &mut dyn FnMut(&Object)) {
        self.socket.visit(visitor);
        visitor(&self.arguments);
    }

    fn withdraw(&mut self, py: Python<'_>, waiter: &Waiter) {
        self.socket.withdraw(py, self.method.direction, waiter);
    }
}

/// `sock_accept`: as [`SocketCall`], and the new socket does not block.
struct Accept(SocketCall);

impl Operation for Accept {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        let accepted = self.0.attempt(py, waiter)?;
        if let Some(pair) = &accepted {
            pair.get_item(0)?
                .call_method1(intern!(py, "setblocking"), (false,))?;
        }
        Ok(accepted)
    }

    fn visit(&self, visitor: &mut dyn FnMut(&Object)) {
        self.0.visit(visitor);
    }

    fn withdraw(&mut self, py: Python<'_>, waiter: &Waiter) {
        self.0.withdraw(py, waiter);
    }
}

struct Connect {
    socket: Socket,
    address: SocketAddrAny,
    /// As the program gave it, for the error.
    given: Object,
    begun: bool,
}

impl Operation for Connect {
    fn name(&self) -> &'static str {
        "sock_connect"
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        let (address, given) = (&self.address, &self.given);
        let begun = std::mem::replace(&mut self.begun, true);
        let done = self.socket.attempt(
            py,
            Direction::Write,
            Closing::Waits,
            waiter,
            |fd, _descriptor| {
                // Called again, connect tells how the first call went.
                match begin_connect(fd, address) {
                    Err(Errno::INPROGRESS | Errno::ALREADY | Errno::INTR) => {
                        Ok(Err(io::ErrorKind::WouldBlock.into()))
                    }
                    Err(Errno::ISCONN) if begun => Ok(Ok(())),
                    Err(error) if begun => {
                        let name = resolved_name(&given.bind(py), address)?;
                        let text = format!("Connect call failed {}", name.repr()?);
                        Err(PyOSError::new_err((error.raw_os_error(), text)))
                    }
                    Err(error) => Ok(Err(error.into())),
                    Ok(()) => Ok(Ok(())),
                }
            },
        )?;
        Ok(done.map(|()| py.None().into_bound(py)))
    }

    fn visit(&self, visitor: &mut dyn FnMut(&Object)) {
        self.socket.visit(visitor);
        visitor(&self.given);
    }

    fn withdraw(&mut self, py: Python<'_>, waiter: &Waiter) {
        self.socket.withdraw(py, Direction::Write, waiter);
    }
}

/// What asyncio calls a literal address once it is resolved: with flow and scope if it is one of IPv6.
fn resolved_name<'py>(
    given: &Bound<'py, PyAny>,
    address: &SocketAddrAny,
) -> PyResult<Bound<'py, PyTuple>> {
    let given = given.cast::<PyTuple>()?;
    if address.address_family() != AddressFamily::INET6 {
        return Ok(given.clone());
    }
    let zero = 0i32.into_pyobject(given.py())?.into_any();
    let mut parts: Vec<_> = given.iter().collect();
    parts.resize(4, zero);
    PyTuple::new(given.py(), parts)
}

// ---- methods of the loop -----------------------------------------------------------------------------------------------

/// The operation for a plain socket and `count` arguments after it, or `None` if asyncio's own has to decide.
fn call_of(
    py: Python<'_>,
    receiver: Borrowed<'_, '_, PyAny>,
    arguments: &Arguments<'_, '_>,
    method: &'static Method,
    count: usize,
) -> PyResult<Option<SocketCall>> {
    let core = core_of(&receiver)?.state(py);
    let Some(socket) = arguments.get(0) else {
        return Ok(None);
    };
    if !arguments.are_exactly(count + 1) {
        return Ok(None);
    }
    let Some(mut socket) = plain_socket(core, socket)? else {
        return Ok(None);
    };
    // The method of the socket finds what is wrong with the arguments, so it is called before anything waits. Usually
    // that costs nothing: a socket is only known to be empty here if an earlier operation was cancelled.
    socket.asks_anyway = true;
    let values = (1..=count).filter_map(|index| arguments.get(index));
    let values = PyTuple::new(py, values.map(|value| value.to_owned()).collect::<Vec<_>>())?;
    Ok(Some(SocketCall {
        socket,
        method,
        arguments: Object::new(values.into_any()),
    }))
}

fn make_or_forward<'py>(
    receiver: Borrowed<'_, 'py, PyAny>,
    arguments: &Arguments<'_, 'py>,
    operation: Option<Box<dyn Operation>>,
    in_python: &str,
) -> PyResult<Bound<'py, PyAny>> {
    match operation {
        Some(operation) => coroutine::make(receiver.py(), receiver, operation),
        None => arguments.forward(&receiver.getattr(in_python)?),
    }
}

fn boxed(operation: impl Operation + 'static) -> Box<dyn Operation> {
    Box::new(operation)
}

static RECEIVE_FROM: Method = Method {
    name: "sock_recvfrom",
    of_socket: "recvfrom",
    direction: Direction::Read,
};

static RECEIVE_FROM_INTO: Method = Method {
    name: "sock_recvfrom_into",
    of_socket: "recvfrom_into",
    direction: Direction::Read,
};

static SEND_TO: Method = Method {
    name: "sock_sendto",
    of_socket: "sendto",
    direction: Direction::Write,
};

static ACCEPT: Method = Method {
    name: "sock_accept",
    of_socket: "accept",
    direction: Direction::Read,
};

fast_methods! {
    pub(super) fn install_into;

    c"sock_recvfrom", Parameters::ANY,
    c"sock_recvfrom($self, sock, bufsize, /)\n--\n\n\
        Receives a datagram of up to bufsize bytes, and the address it came from.",
    |py, receiver, arguments| {
        let call = call_of(py, receiver, &arguments, &RECEIVE_FROM, 1)?;
        make_or_forward(receiver, &arguments, call.map(boxed), "_sock_recvfrom_in_python")
    };

    c"sock_recvfrom_into", Parameters::ANY,
    c"sock_recvfrom_into($self, sock, buf, nbytes=0, /)\n--\n\n\
        Receives a datagram into a buffer; returns its size and the address it came from.",
    |py, receiver, arguments| {
        let count = arguments.len().saturating_sub(1).clamp(1, 2);
        let call = call_of(py, receiver, &arguments, &RECEIVE_FROM_INTO, count)?;
        make_or_forward(receiver, &arguments, call.map(boxed), "_sock_recvfrom_into_in_python")
    };

    c"sock_sendto", Parameters::ANY,
    c"sock_sendto($self, sock, data, address, /)\n--\n\n\
        Sends a datagram to an address; returns the number of bytes sent.",
    |py, receiver, arguments| {
        let call = call_of(py, receiver, &arguments, &SEND_TO, 2)?;
        // The edge that ends a wait never comes for a Unix socket whose receiver is full: there the loop has to ask again.
        let call = call.filter(|call| call.socket.family(py) != Some(AddressFamily::UNIX));
        make_or_forward(receiver, &arguments, call.map(boxed), "_sock_sendto_in_python")
    };

    c"sock_accept", Parameters::ANY,
    c"sock_accept($self, sock, /)\n--\n\n\
        Accepts a connection; returns its socket, which does not block, and its peer's address.",
    |py, receiver, arguments| {
        let call = call_of(py, receiver, &arguments, &ACCEPT, 0)?;
        let accept = call.map(|call| boxed(Accept(call)));
        make_or_forward(receiver, &arguments, accept, "_sock_accept_in_python")
    };

    c"sock_connect", Parameters::ANY,
    c"sock_connect($self, sock, address, /)\n--\n\n\
        Connects a socket to an address.",
    |py, receiver, arguments| {
        let connect = connect_of(py, receiver, &arguments)?;
        make_or_forward(receiver, &arguments, connect, "_sock_connect_in_python")
    };
}

fn connect_of(
    py: Python<'_>,
    receiver: Borrowed<'_, '_, PyAny>,
    arguments: &Arguments<'_, '_>,
) -> PyResult<Option<Box<dyn Operation>>> {
    let core = core_of(&receiver)?.state(py);
    let (Some(socket), Some(given)) = (arguments.get(0), arguments.get(1)) else {
        return Ok(None);
    };
    if core.redirects_connections() || !arguments.are_exactly(2) {
        return Ok(None);
    }
    let Some(socket) = plain_socket(core, socket)? else {
        return Ok(None);
    };
    let family = match socket.family(py) {
        Some(family @ (AddressFamily::INET | AddressFamily::INET6)) => family,
        _ => return Ok(None),
    };
    Ok(addresses::from_python(family, &given).map(|address| {
        boxed(Connect {
            socket,
            address,
            given: Object::new(given.to_owned()),
            begun: false,
        })
    }))
}
