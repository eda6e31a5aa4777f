//! The `sock_*` operations on the program's own sockets, without a Future each.
//!
//! Each returns a native coroutine (`ffi::coroutine`) that tries at once and waits only if the socket is known to be
//! empty or full. Here is what they share: the socket, the wait, and what closing it meanwhile does (`closing`). `bytes` has
//! the operations on connections, `calls` those that the socket object's own methods make. In debug mode, and for anything
//! but plain sockets, asyncio's own implementation runs instead. Loop thread, GIL held.

mod bytes;
mod calls;
pub(super) mod closing;

use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;

use pyo3::Borrowed;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use rustix::net::AddressFamily;

use super::event_loop::{Descriptor, Direction, LoopState};
use crate::errors::os_error;
use crate::ffi::Object;
use crate::ffi::coroutine::Waiter;

/// The socket of one operation.
struct Socket {
    core: Rc<LoopState>,
    object: Object,
    /// The registration that the last attempt used, to withdraw from.
    descriptor: Option<Rc<Descriptor>>,
    /// What was agreed with the socket object for the present wait.
    closing: Option<Closing>,
    /// The next attempt makes its call even if that is known to block.
    asks_anyway: bool,
}

/// What `close()` of a socket does while an operation waits, which must neither wait for ever nor read from whatever gets
/// that number next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    /// It closes the descriptor after the operation.
    Waits,
    /// It closes the descriptor, and the operation ends with EBADF.
    EndsIt,
}

impl Socket {
    /// Runs `call` on the socket's descriptor, or registers `waiter` if it would block; `closing` is for that wait. `call`
    /// gets no registration if a transport has that.
    fn attempt<T>(
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

    fn withdraw(&mut self, py: Python<'_>, direction: Direction, waiter: &Waiter) {
        if let Some(descriptor) = self.descriptor.take() {
            descriptor.withdraw(direction, waiter);
        }
        if let Err(error) = self.expect_closing(py, None) {
            error.write_unraisable(py, Some(&self.object.bind(py)));
        }
    }

    fn object<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.object.bind(py).to_owned()
    }

    /// The references of the operation, for the cycle collector.
    fn visit(&self, visitor: &mut dyn FnMut(&Object)) {
        visitor(&self.object);
    }

    fn family(&self, py: Python<'_>) -> Option<AddressFamily> {
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

/// The plain socket that an operation was called with, or `None` if asyncio's own implementation has to decide.
fn plain_socket(core: &Rc<LoopState>, socket: Borrowed<'_, '_, PyAny>) -> PyResult<Option<Socket>> {
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

pub(super) fn install_into(class: &Bound<'_, PyType>) -> PyResult<()> {
    bytes::install_into(class)?;
    calls::install_into(class)
}
