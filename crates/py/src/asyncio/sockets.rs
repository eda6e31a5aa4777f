//! `sock_recv`, `sock_recv_into` and `sock_sendall`: operations on the program's own sockets, without a Future each.
//!
//! Each returns a native coroutine (`ffi::coroutine`) that tries at once and waits only if the socket is known to be
//! empty or full. A socket that is closed meanwhile closes after it (`closing.rs`). In debug mode, and for anything but
//! plain sockets, asyncio's own implementation runs instead. Loop thread, GIL held.

use std::ffi::CStr;
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;

use pyo3::Borrowed;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyType};
use rustix::net::AddressFamily;

use super::closing;
use super::core::{State, core_of};
use super::descriptors::{Descriptor, Direction};
use super::errors::os_error;
use super::socket_calls;
use crate::ffi::buffers::{UnfilledBytes, locked, with_bytes, with_writable};
use crate::ffi::coroutine::{self, Operation, Waiter};
use crate::ffi::sockets::{receive, transmit};
use crate::ffi::{Arguments, FastMethod, Object, install};

/// Reads up to this size go through the loop's buffer and are copied out at their exact size.
const COPY_BELOW: usize = 16 * 1024;

/// The socket of one operation.
pub(super) struct Socket {
    core: Rc<State>,
    object: Object,
    /// The registration that the last attempt used, to withdraw from.
    descriptor: Option<Rc<Descriptor>>,
    /// What was agreed with the socket object for the present wait.
    closing: Option<Closing>,
    /// The next attempt makes its call even if that is known to block.
    pub(super) asks_anyway: bool,
}

/// What `close()` of a socket does while an operation waits, which must neither wait for ever nor read from whatever gets
/// that number next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// It closes the descriptor after the operation.
    Waits,
    /// It closes the descriptor, and the operation ends with EBADF.
    EndsIt,
}

impl Socket {
    /// Runs `call` on the socket's descriptor, or registers `waiter` if it would block; `closing` is for that wait. `call`
    /// gets no registration if a transport has that.
    pub(super) fn attempt<T>(
        &mut self,
        py: Python<'_>,
        direction: Direction,
        closing: Closing,
        waiter: &Waiter,
        call: impl FnOnce(RawFd, Option<&Descriptor>) -> PyResult<io::Result<T>>,
    ) -> PyResult<Option<T>> {
        let outcome = self.attempt_once(py, direction, waiter, call);
        let waits = matches!(outcome, Ok(None));
        if let Err(error) = self.expect_closing(py, waits.then_some(closing)) {
            self.withdraw(py, direction, waiter);
            return Err(error);
        }
        outcome
    }

    fn attempt_once<T>(
        &mut self,
        py: Python<'_>,
        direction: Direction,
        waiter: &Waiter,
        call: impl FnOnce(RawFd, Option<&Descriptor>) -> PyResult<io::Result<T>>,
    ) -> PyResult<Option<T>> {
        let socket = self.object.bind(py);
        let fd: RawFd = socket.call_method0(intern!(py, "fileno"))?.extract()?;
        if fd < 0 {
            return Err(closed(py));
        }
        self.core.check_thread(py)?;
        let event_loop = self.core.open()?;
        if self.core.is_transport(fd) {
            return beside_transport(py, fd, waiter, call(fd, None)?).map(Some);
        }
        let descriptor =
            self.core
                .descriptors
                .of_socket(&event_loop, self.core.host(), fd, &socket)?;
        if std::mem::take(&mut self.asks_anyway) || descriptor.may_be_ready(direction) {
            match call(fd, Some(&descriptor))? {
                Ok(value) => return Ok(Some(value)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    descriptor.used_up(direction)
                }
                Err(error) => return Err(os_error(py, &error)),
            }
        }
        descriptor.wait(py, direction, waiter.share(py))?;
        self.descriptor = Some(descriptor);
        Ok(None)
    }

    pub(super) fn withdraw(&mut self, py: Python<'_>, direction: Direction, waiter: &Waiter) {
        if let Some(descriptor) = self.descriptor.take() {
            descriptor.withdraw(direction, waiter);
        }
        if let Err(error) = self.expect_closing(py, None) {
            error.write_unraisable(py, Some(&self.object.bind(py)));
        }
    }

    pub(super) fn object<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.object.bind(py).to_owned()
    }

    /// The references of the operation, for the cycle collector.
    pub(super) fn visit(&self, visitor: &mut dyn FnMut(&Object)) {
        visitor(&self.object);
    }

    pub(super) fn family(&self, py: Python<'_>) -> Option<AddressFamily> {
        let family = self.object.bind(py).getattr(intern!(py, "family")).ok()?;
        Some(AddressFamily::from_raw(family.extract().ok()?))
    }

    fn expect_closing(&mut self, py: Python<'_>, closing: Option<Closing>) -> PyResult<()> {
        if self.closing == closing {
            return Ok(());
        }
        let socket = self.object.bind(py);
        let before = std::mem::replace(&mut self.closing, closing);
        match closing {
            Some(Closing::Waits) => closing::keep_open(&socket)?,
            Some(Closing::EndsIt) => {
                if let Some(descriptor) = &self.descriptor
                    && !closing::notice_closing(&socket, descriptor, &self.core, false)?
                {
                    return Err(closed(py));
                }
            }
            None => {}
        }
        match before {
            Some(Closing::Waits) => closing::let_go(&socket),
            Some(Closing::EndsIt) => closing::leave_to_be_closed(&socket),
            None => Ok(()),
        }
    }
}

/// What the operations on a socket that has been closed raise.
#[cold]
pub(super) fn closed(py: Python<'_>) -> PyErr {
    os_error(
        py,
        &io::Error::from_raw_os_error(rustix::io::Errno::BADF.raw_os_error()),
    )
}

/// The outcome of a call on the socket of a transport: as in asyncio, only waiting is refused.
#[cold]
fn beside_transport<T>(
    py: Python<'_>,
    fd: RawFd,
    waiter: &Waiter,
    outcome: io::Result<T>,
) -> PyResult<T> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            let event_loop = waiter.event_loop(py);
            event_loop.call_method1("_ensure_fd_no_transport", (fd,))?;
            // asyncio lets a transport that is closing pass, but the registration is still its own.
            let text = format!("File descriptor {fd} is used by a transport that is closing");
            Err(PyRuntimeError::new_err(text))
        }
        outcome => outcome.map_err(|error| os_error(py, &error)),
    }
}

struct Receive {
    socket: Socket,
    most: usize,
}

impl Operation for Receive {
    fn name(&self) -> &'static str {
        "sock_recv"
    }

    fn attempt<'py>(
        &mut self,
        py: Python<'py>,
        waiter: &Waiter,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
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

    fn attempt<'py>(
        &mut self,
        py: Python<'py>,
        waiter: &Waiter,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
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

    fn attempt<'py>(
        &mut self,
        py: Python<'py>,
        waiter: &Waiter,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
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

/// The plain socket that an operation was called with, or `None` if asyncio's own implementation has to decide.
pub(super) fn plain_socket(
    core: &Rc<State>,
    socket: Borrowed<'_, '_, PyAny>,
) -> PyResult<Option<Socket>> {
    static SOCKET: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let py = socket.py();
    let class = SOCKET.get_or_try_init(py, || {
        Ok::<_, PyErr>(
            py.import("socket")?
                .getattr("socket")?
                .cast_into::<PyType>()?
                .unbind(),
        )
    })?;
    if core.is_debug() || !socket.get_type().is(class.bind(py)) {
        return Ok(None);
    }
    Ok(Some(Socket {
        core: Rc::clone(core),
        object: Object::new(socket.to_owned()),
        descriptor: None,
        closing: None,
        asks_anyway: false,
    }))
}

struct SockRecv;
impl FastMethod for SockRecv {
    const NAME: &'static CStr = c"sock_recv";
    const DOC: &'static CStr =
        c"sock_recv($self, sock, n, /)\n--\n\nReceives up to n bytes from a socket.";

    fn call<'py>(
        py: Python<'py>,
        receiver: Borrowed<'_, 'py, PyAny>,
        arguments: Arguments<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let core = core_of(&receiver)?.state(py);
        if let (Some(socket), Some(most)) = (arguments.get(0), arguments.get(1))
            && arguments.are_exactly(2)
            && let Ok(most) = most.extract::<isize>()
            && let Ok(most) = usize::try_from(most)
            && let Some(socket) = plain_socket(core, socket)?
        {
            return coroutine::make(py, receiver, Box::new(Receive { socket, most }));
        }
        arguments.forward(&receiver.getattr("_sock_recv_in_python")?)
    }
}

struct SockRecvInto;
impl FastMethod for SockRecvInto {
    const NAME: &'static CStr = c"sock_recv_into";
    const DOC: &'static CStr =
        c"sock_recv_into($self, sock, buf, /)\n--\n\nReceives from a socket into a buffer.";

    fn call<'py>(
        py: Python<'py>,
        receiver: Borrowed<'_, 'py, PyAny>,
        arguments: Arguments<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let core = core_of(&receiver)?.state(py);
        if let (Some(socket), Some(buffer)) = (arguments.get(0), arguments.get(1))
            && arguments.are_exactly(2)
            && let Some(socket) = plain_socket(core, socket)?
        {
            let buffer = Object::new(buffer.to_owned());
            return coroutine::make(py, receiver, Box::new(ReceiveInto { socket, buffer }));
        }
        arguments.forward(&receiver.getattr("_sock_recv_into_in_python")?)
    }
}

struct SockSendAll;
impl FastMethod for SockSendAll {
    const NAME: &'static CStr = c"sock_sendall";
    const DOC: &'static CStr =
        c"sock_sendall($self, sock, data, /)\n--\n\nSends all of data to a socket.";

    fn call<'py>(
        py: Python<'py>,
        receiver: Borrowed<'_, 'py, PyAny>,
        arguments: Arguments<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let core = core_of(&receiver)?.state(py);
        if let (Some(socket), Some(data)) = (arguments.get(0), arguments.get(1))
            && arguments.are_exactly(2)
            && let Some(socket) = plain_socket(core, socket)?
        {
            let data = Object::new(data.to_owned());
            return coroutine::make(
                py,
                receiver,
                Box::new(SendAll {
                    socket,
                    data,
                    is_locked: false,
                    sent: 0,
                }),
            );
        }
        arguments.forward(&receiver.getattr("_sock_sendall_in_python")?)
    }
}

pub(crate) fn install_into(class: &Bound<'_, PyType>) -> PyResult<()> {
    install::<SockRecv>(class)?;
    install::<SockRecvInto>(class)?;
    install::<SockSendAll>(class)?;
    socket_calls::install_into(class)
}
