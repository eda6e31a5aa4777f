//! `sock_recv`, `sock_recv_into` and `sock_sendall`. A socket that is closed meanwhile closes after them (`closing.rs`).

use std::rc::Rc;

use pyo3::Borrowed;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::{Closing, Socket, plain_socket};
use crate::asyncio::event_loop::{Descriptor, Direction, core_of};
use crate::ffi::buffers::{UnfilledBytes, locked, with_bytes, with_writable};
use crate::ffi::coroutine::{self, Attempt, Operation, Waiter};
use crate::ffi::sockets::{receive, transmit};
use crate::ffi::{Arguments, Object, Parameters, fast_methods};

/// Reads up to this size go through the loop's buffer and are copied out at their exact size.
const COPY_BELOW: usize = 16 * 1024;

struct Receive {
    socket: Socket,
    most: usize,
}

impl Operation for Receive {
    fn name(&self) -> &'static str {
        "sock_recv"
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        if self.most == 0 {
            // Without a system call, as in CPython, which would otherwise wait for what it does not want.
            return Ok(Some(PyBytes::new(py, b"").into_any()));
        }
        let (most, core) = (self.most, Rc::clone(&self.socket.core));
        self.socket.attempt(
            py,
            Direction::Read,
            Closing::Waits,
            waiter,
            |fd, descriptor| {
                let expected = core.last_sock_recv.get();
                let received =
                    if most <= COPY_BELOW || expected < COPY_BELOW && is_stream(descriptor) {
                        core.with_scratch(|scratch| {
                            let room = most.min(scratch.len());
                            receive(fd, &mut scratch[..room]).map(|count| {
                                (PyBytes::new(py, &scratch[..count]).into_any(), count, room)
                            })
                        })
                    } else {
                        let mut bytes = UnfilledBytes::new(py, most)?;
                        match receive(fd, bytes.memory()) {
                            Ok(count) => Ok((bytes.finish(py, count)?.into_any(), count, most)),
                            Err(error) => Err(error),
                        }
                    };
                Ok(received.map(|(bytes, count, room)| {
                    core.last_sock_recv.set(count);
                    received_of(count, room, descriptor);
                    bytes
                }))
            },
        )
    }

    fn withdraw(&mut self, py: Python<'_>, waiter: &Waiter) {
        self.socket.withdraw(py, Direction::Read, waiter);
    }

    fn visit(&self, visitor: &mut dyn FnMut(&Object)) {
        visitor(&self.socket.object);
    }
}

struct ReceiveInto {
    socket: Socket,
    buffer: Object,
}

impl Operation for ReceiveInto {
    fn name(&self) -> &'static str {
        "sock_recv_into"
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        let buffer = &self.buffer;
        // A buffer that cannot be written to is an error now, not when data comes; one without room is full already.
        if with_writable(&buffer.bind(py), |memory| memory.is_empty())? {
            return Ok(Some(0i32.into_pyobject(py)?.into_any()));
        }
        let count = self.socket.attempt(
            py,
            Direction::Read,
            Closing::Waits,
            waiter,
            |fd, descriptor| {
                with_writable(&buffer.bind(py), |memory| {
                    let count = receive(fd, memory)?;
                    received_of(count, memory.len(), descriptor);
                    Ok(count)
                })
            },
        )?;
        count
            .map(|count| Ok(count.into_pyobject(py)?.into_any()))
            .transpose()
    }

    fn withdraw(&mut self, py: Python<'_>, waiter: &Waiter) {
        self.socket.withdraw(py, Direction::Read, waiter);
    }

    fn visit(&self, visitor: &mut dyn FnMut(&Object)) {
        visitor(&self.socket.object);
        visitor(&self.buffer);
    }
}

fn is_stream(descriptor: Option<&Descriptor>) -> bool {
    descriptor.is_some_and(Descriptor::is_stream)
}

/// Takes note of a read that returned `count` of the `room` bytes it could have.
fn received_of(count: usize, room: usize, descriptor: Option<&Descriptor>) {
    if let Some(descriptor) = descriptor
        && count > 0
        && count < room
    {
        descriptor.short_read();
    }
}

struct SendAll {
    socket: Socket,
    data: Object,
    /// What is sent must not change before all of it is: `data` is locked from the first attempt to the end.
    is_locked: bool,
    sent: usize,
}

impl SendAll {
    fn begin(&mut self, py: Python<'_>) -> PyResult<()> {
        self.data = locked(&self.data.bind(py))?;
        self.is_locked = true;
        // Nothing to send is sent too: as a datagram, or to find out that there is no connection.
        self.socket.asks_anyway = with_bytes(&self.data.bind(py), <[u8]>::is_empty)?;
        Ok(())
    }
}

impl Operation for SendAll {
    fn name(&self) -> &'static str {
        "sock_sendall"
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        if !self.is_locked {
            self.begin(py)?;
        }
        let (data, sent) = (&self.data, &mut self.sent);
        let done = self.socket.attempt(
            py,
            Direction::Write,
            Closing::Waits,
            waiter,
            |fd, _descriptor| {
                with_bytes(&data.bind(py), |bytes| {
                    loop {
                        *sent += transmit(fd, &bytes[*sent..])?;
                        if *sent == bytes.len() {
                            return Ok(());
                        }
                    }
                })
            },
        )?;
        Ok(done.map(|()| py.None().into_bound(py)))
    }

    fn withdraw(&mut self, py: Python<'_>, waiter: &Waiter) {
        self.socket.withdraw(py, Direction::Write, waiter);
    }

    fn visit(&self, visitor: &mut dyn FnMut(&Object)) {
        visitor(&self.socket.object);
        visitor(&self.data);
    }
}

// ---- methods of the loop -----------------------------------------------------------------------------------------------

// ---- methods of the loop -----------------------------------------------------------------------------------------------

fast_methods! {
    pub(super) fn install_into;

    c"sock_recv", Parameters::ANY,
    c"sock_recv($self, sock, n, /)\n--\n\nReceives up to n bytes from a socket.",
    |py, receiver, arguments| {
        if let Some((socket, most)) = socket_and_one(receiver, arguments)?
            && let Ok(most) = most.extract::<isize>()
            && let Ok(most) = usize::try_from(most)
        {
            return coroutine::make(py, receiver, Box::new(Receive { socket, most }));
        }
        arguments.forward(&receiver.getattr("_sock_recv_in_python")?)
    };

    c"sock_recv_into", Parameters::ANY,
    c"sock_recv_into($self, sock, buf, /)\n--\n\nReceives from a socket into a buffer.",
    |py, receiver, arguments| {
        if let Some((socket, buffer)) = socket_and_one(receiver, arguments)? {
            let buffer = Object::new(buffer.to_owned());
            return coroutine::make(py, receiver, Box::new(ReceiveInto { socket, buffer }));
        }
        arguments.forward(&receiver.getattr("_sock_recv_into_in_python")?)
    };

    c"sock_sendall", Parameters::ANY,
    c"sock_sendall($self, sock, data, /)\n--\n\nSends all of data to a socket.",
    |py, receiver, arguments| {
        if let Some((socket, data)) = socket_and_one(receiver, arguments)? {
            let data = Object::new(data.to_owned());
            let operation = SendAll { socket, data, is_locked: false, sent: 0 };
            return coroutine::make(py, receiver, Box::new(operation));
        }
        arguments.forward(&receiver.getattr("_sock_sendall_in_python")?)
    };
}

/// The arguments of a call with a plain socket and one more; `None` if asyncio's own implementation has to decide.
#[inline(always)]
fn socket_and_one<'a, 'py>(
    receiver: Borrowed<'_, 'py, PyAny>,
    arguments: Arguments<'a, 'py>,
) -> PyResult<Option<(Socket, Borrowed<'a, 'py, PyAny>)>> {
    let core = core_of(&receiver)?.state(receiver.py());
    if let (Some(socket), Some(other)) = (arguments.get(0), arguments.get(1))
        && arguments.are_exactly(2)
        && let Some(socket) = plain_socket(core, socket)?
    {
        return Ok(Some((socket, other)));
    }
    Ok(None)
}
