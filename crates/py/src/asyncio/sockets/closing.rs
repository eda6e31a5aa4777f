//! Sockets that the program closes while an operation waits for them.
//!
//! The kernel forgets a closed descriptor without a word, so whoever waits for it would wait for ever. Operations on a
//! connection (receiving, sending, connecting) count as its users, as `socket.makefile` does: `close()` takes effect
//! after them. A listening socket or one for datagrams must give its port free at once, so operations on those end with
//! EBADF instead. For that, `_io_refs` of the socket object is a [`SocketUsers`] while they wait: the same number, and
//! `close()` of `socket.py`, which asks whether it is 0 before it closes the descriptor, tells the operations. Nothing
//! is polled, and nothing costs anything while no operation waits.
//!
//! GIL held, in any thread: a socket may be closed in another one than the loop's.

use std::cell::Cell;
use std::rc::{Rc, Weak};

use pyo3::class::basic::CompareOp;
use pyo3::intern;
use pyo3::prelude::*;

use crate::asyncio::event_loop::{Descriptor, LoopState};
use crate::ffi::GilBound;

/// The number of users of a socket on which operations wait that end when it is closed.
#[pyclass(frozen, module = "_twinloop._native")]
struct SocketUsers {
    /// As in `socket.py`: files made of the socket, and operations that keep it open.
    count: usize,
    /// How many operations wait.
    waiting: GilBound<Cell<usize>>,
    /// True if asyncio's own are among them, which wait through callbacks.
    calls_back: GilBound<Cell<bool>>,
    descriptor: GilBound<Weak<Descriptor>>,
    core: GilBound<Weak<LoopState>>,
}

#[pymethods]
impl SocketUsers {
    fn __index__(&self) -> usize {
        self.count
    }

    fn __bool__(&self) -> bool {
        self.count > 0
    }

    fn __add__(&self, py: Python<'_>, more: usize) -> SocketUsers {
        self.with_count(py, self.count.saturating_add(more))
    }

    fn __sub__(&self, py: Python<'_>, fewer: usize) -> SocketUsers {
        self.with_count(py, self.count.saturating_sub(fewer))
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, operator: CompareOp) -> PyResult<bool> {
        let py = other.py();
        let count = self.count.into_pyobject(py)?;
        let holds = count.rich_compare(other, operator)?.is_truthy()?;
        // `_io_refs <= 0`: the descriptor is closed next.
        if holds
            && matches!(operator, CompareOp::Le)
            && let Some(descriptor) = self.descriptor.get(py).upgrade()
            && let Some(core) = self.core.get(py).upgrade()
        {
            descriptor.closes(py, &core, self.calls_back.get(py).get());
        }
        Ok(holds)
    }
}

impl SocketUsers {
    fn with_count(&self, py: Python<'_>, count: usize) -> SocketUsers {
        SocketUsers {
            count,
            waiting: GilBound::new(self.waiting.get(py).clone()),
            calls_back: GilBound::new(self.calls_back.get(py).clone()),
            descriptor: GilBound::new(self.descriptor.get(py).clone()),
            core: GilBound::new(self.core.get(py).clone()),
        }
    }
}

/// Lets an operation that begins to wait know when the socket is closed; [`leave_to_be_closed`] is its inverse. False if it
/// is closed already. With `calls_back` it is one of asyncio's own, which waits through a callback.
pub(crate) fn notice_closing(
    socket: &Bound<'_, PyAny>,
    descriptor: &Rc<Descriptor>,
    core: &Rc<LoopState>,
    calls_back: bool,
) -> PyResult<bool> {
    let py = socket.py();
    let users = socket.getattr(intern!(py, "_io_refs"))?;
    if let Ok(users) = users.cast::<SocketUsers>() {
        let waiting = users.get().waiting.get(py);
        waiting.set(waiting.get() + 1);
        if calls_back {
            users.get().calls_back.get(py).set(true);
        }
    } else {
        let noticing = SocketUsers {
            count: users.extract()?,
            waiting: GilBound::new(Cell::new(1)),
            calls_back: GilBound::new(Cell::new(calls_back)),
            descriptor: GilBound::new(Rc::downgrade(descriptor)),
            core: GilBound::new(Rc::downgrade(core)),
        };
        socket.setattr(intern!(py, "_io_refs"), Bound::new(py, noticing)?)?;
    }
    // Another thread may be between that question and closing the descriptor.
    Ok(!socket.getattr(intern!(py, "_closed"))?.is_truthy()?)
}

/// An operation that has noticed the closing of `socket` waits no more.
pub(crate) fn leave_to_be_closed(socket: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = socket.py();
    let users = socket.getattr(intern!(py, "_io_refs"))?;
    if let Ok(users) = users.cast::<SocketUsers>() {
        let waiting = users.get().waiting.get(py);
        waiting.set(waiting.get().saturating_sub(1));
        if waiting.get() == 0 {
            socket.setattr(intern!(py, "_io_refs"), users.get().count)?;
        }
    }
    Ok(())
}

/// Counts an operation as a user of the socket; [`let_go`] is the inverse.
pub(crate) fn keep_open(socket: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = socket.py();
    let users = socket.getattr(intern!(py, "_io_refs"))?;
    socket.setattr(intern!(py, "_io_refs"), users.add(1)?)
}

/// Closes the socket if nothing but the operation kept it open.
pub(crate) fn let_go(socket: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = socket.py();
    let users = socket.getattr(intern!(py, "_io_refs"))?;
    if users.is_truthy()? {
        socket.setattr(intern!(py, "_io_refs"), users.sub(1)?)?;
    }
    if socket.getattr(intern!(py, "_closed"))?.is_truthy()? {
        socket.call_method0(intern!(py, "close"))?;
    }
    Ok(())
}
