//! Accepting a connection: the system call and the peer's address, without the errors and enumerations that Python's own
//! socket object makes on the way.
//!
//! GIL held; the listening socket is non-blocking, so that nothing waits.

use std::io;
use std::os::fd::{IntoRawFd, RawFd};

use pyo3::prelude::*;

use crate::asyncio::names::addresses::Name;
use crate::errors::os_error;
use crate::ffi::{GilBound, Object, sockets};

/// Where an accepted connection comes from.
#[pyclass(frozen, module = "_twinloop._native")]
pub(crate) struct Address {
    name: GilBound<Name>,
}

#[pymethods]
impl Address {
    /// An address that somebody else has learnt.
    #[new]
    fn new(name: Bound<'_, PyAny>) -> Address {
        Address {
            name: GilBound::new(Name::Made(Object::new(name))),
        }
    }

    /// As the socket module gives it.
    fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.name.get(py).to_python(py)
    }
}

impl Address {
    pub(super) fn name(&self, py: Python<'_>) -> Name {
        self.name.get(py).share(py)
    }
}

/// The descriptor of the next connection of a listening socket, non-blocking, and its address; None if none waits.
#[pyfunction]
fn accept(py: Python<'_>, fd: RawFd) -> PyResult<Option<(RawFd, Address)>> {
    let (connection, address) = match sockets::accept(fd) {
        Ok(accepted) => accepted,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
        Err(error) => return Err(os_error(py, &error)),
    };
    let name = address.map_or(Name::Unknown, Name::of);
    let address = Address {
        name: GilBound::new(name),
    };
    Ok(Some((connection.into_raw_fd(), address)))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Address>()?;
    module.add_function(wrap_pyfunction!(accept, module)?)
}
