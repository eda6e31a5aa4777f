//! TLS between a socket transport and a protocol, straight on Python's libssl: the native half of `_twinloop.transports.tls`.
//!
//! `TlsProtocol` (asyncio's own state machine) does what happens once in a connection's life: handshake, shutdown,
//! timeouts. While the connection is open, received bytes go from the loop's scratch buffer through the library to the
//! program's protocol (`receiver.rs`), and what the program writes goes through the library to the socket's write queue
//! (here), without Python in between. Anything unusual is left to the Python methods. Loop thread, GIL held; no cell is
//! borrowed while Python code runs.

mod receiver;

pub(super) use self::receiver::TlsReceiver;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use pyo3::Borrowed;
use pyo3::exceptions::{PyException, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use super::event_loop::{LoopCore, LoopState};
use super::transports::{SocketTransport, TransportState};
use crate::ffi::buffers::{check_buffer, is_bytes_like, with_bytes};
use crate::ffi::openssl::{Outcome, Session, Wire};
use crate::ffi::{GilBound, Parameters, StateSlot, fast_methods};

/// The most that one record carries.
const RECORD: usize = 16 * 1024;

/// One connection over the library, made and kept by a `TlsProtocol`.
#[pyclass(frozen, module = "_twinloop._native")]
pub(crate) struct TlsState {
    connection: GilBound<Rc<Connection>>,
}

struct Connection {
    core: Rc<LoopState>,
    session: Session,
    /// The socket transport below, while connected; `None` also over a transport of another kind.
    lower: RefCell<Option<Rc<SocketTransport>>>,
    /// The handshake is done and no shutdown has begun.
    open: Cell<bool>,
    /// The program has paused reading.
    reading_paused: Cell<bool>,
    /// Python code holds data that has to be written first.
    backlog: Cell<bool>,
    /// Grows when the program's protocol changes.
    protocol_version: Cell<u32>,
}

#[pymethods]
impl TlsState {
    /// Takes an `ssl.SSLObject` over; `None` if its library cannot be called directly.
    #[staticmethod]
    fn adopt(
        event_loop: &Bound<'_, LoopCore>,
        ssl_object: &Bound<'_, PyAny>,
    ) -> PyResult<Option<TlsState>> {
        let py = event_loop.py();
        let Some(session) = Session::adopt(ssl_object)? else {
            return Ok(None);
        };
        Ok(Some(TlsState {
            connection: GilBound::new(Rc::new(Connection {
                core: Rc::clone(event_loop.get().state(py)),
                session,
                lower: RefCell::new(None),
                open: Cell::new(false),
                reading_paused: Cell::new(false),
                backlog: Cell::new(false),
                protocol_version: Cell::new(0),
            })),
        }))
    }

    /// The encrypted bytes from the peer, with the interface of `ssl.MemoryBIO`.
    fn incoming(&self, py: Python<'_>) -> TlsIncoming {
        TlsIncoming(Arc::clone(self.connection.get(py).session.wire()))
    }

    /// The encrypted bytes for the peer, with the interface of `ssl.MemoryBIO`.
    fn outgoing(&self, py: Python<'_>) -> TlsOutgoing {
        TlsOutgoing(Arc::clone(self.connection.get(py).session.wire()))
    }

    /// Writes go straight to this transport from now on.
    fn attach(&self, transport: &Bound<'_, TransportState>) {
        let py = transport.py();
        let lower = Rc::clone(transport.get().transport(py));
        let old = self.connection.get(py).lower.replace(Some(lower));
        drop(old);
    }

    /// Lets go of the transport.
    fn detach(&self, py: Python<'_>) {
        let connection = self.connection.get(py);
        connection.open.set(false);
        let old = connection.lower.take();
        drop(old);
    }

    fn set_open(&self, py: Python<'_>, open: bool) {
        self.connection.get(py).open.set(open);
    }

    fn set_reading_paused(&self, py: Python<'_>, paused: bool) {
        self.connection.get(py).reading_paused.set(paused);
    }

    fn set_backlog(&self, py: Python<'_>, backlog: bool) {
        self.connection.get(py).backlog.set(backlog);
    }

    /// Tells that the program has set another protocol.
    fn protocol_changed(&self, py: Python<'_>) {
        let version = &self.connection.get(py).protocol_version;
        version.set(version.get().wrapping_add(1));
    }
}

/// See [`TlsState::incoming`].
#[pyclass(frozen, module = "_twinloop._native")]
pub(crate) struct TlsIncoming(Arc<Wire>);

#[pymethods]
impl TlsIncoming {
    fn write(&self, data: &Bound<'_, PyAny>) -> PyResult<usize> {
        with_bytes(data, |bytes| {
            self.0.feed(bytes);
            bytes.len()
        })
    }

    #[getter]
    fn pending(&self) -> usize {
        self.0.pending_input()
    }
}

/// See [`TlsState::outgoing`].
#[pyclass(frozen, module = "_twinloop._native")]
pub(crate) struct TlsOutgoing(Arc<Wire>);

#[pymethods]
impl TlsOutgoing {
    fn read<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.take_output())
    }

    #[getter]
    fn pending(&self) -> usize {
        self.0.pending_output()
    }
}

impl Connection {
    /// Sends what the library has written. `protocol` gives the `TlsProtocol`.
    fn send_output<'py>(
        &self,
        py: Python<'py>,
        protocol: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let lower = self.lower.borrow().clone();
        let Some(lower) = lower else {
            protocol()?.call_method0(intern!(py, "_process_outgoing"))?;
            return Ok(());
        };
        let output = self.session.wire().take_output();
        let result = if output.is_empty() {
            Ok(())
        } else {
            lower.send(py, &output)
        };
        self.core.give_tls_output_back(output);
        result
    }

    /// Encrypts and sends `data`, or leaves it to Python code.
    fn write<'py>(
        &self,
        transport: Borrowed<'_, 'py, PyAny>,
        data: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let py = data.py();
        if data.len()? == 0 {
            // Not a record of its own, and no late write after the end.
            return Ok(());
        }
        if !self.core.is_here(py) {
            transport.call_method1("_write_threadsafe", (data,))?;
            return Ok(());
        }
        let protocol = || transport.getattr(intern!(py, "_ssl_protocol"));
        if !self.open.get() || self.backlog.get() {
            protocol()?.call_method1("_write_appdata", ((data,),))?;
            return Ok(());
        }
        let mut memory = self.core.take_tls_output();
        self.session.wire().lend_output(&mut memory);
        let (count, outcome) = with_bytes(data, |bytes| self.session.write(bytes))?;
        match outcome {
            Outcome::Done => {}
            Outcome::WaitsForPeer => {
                // The library has to hear from the peer first, in a renegotiation.
                let rest = with_bytes(data, |bytes| PyBytes::new(py, &bytes[count..]))?;
                protocol()?.call_method1("_write_later", (rest,))?;
            }
            Outcome::Closed | Outcome::Failed => {
                let error = self.session.error(py);
                return fail(py, protocol()?.as_borrowed(), error);
            }
        }
        match self.send_output(py, protocol) {
            Ok(()) => Ok(()),
            Err(error) => fail(py, protocol()?.as_borrowed(), error),
        }
    }
}

/// Ends the connection because of `error`, as asyncio does. `Err` is what must leave the loop.
#[cold]
fn fail(py: Python<'_>, protocol: Borrowed<'_, '_, PyAny>, error: PyErr) -> PyResult<()> {
    if !error.is_instance_of::<PyException>(py) {
        return Err(error);
    }
    let message = "Fatal error on SSL protocol";
    protocol.call_method1("_fatal_error", (error.into_value(py), message))?;
    Ok(())
}

// ---- methods of the Python class ---------------------------------------------------------------------------------------

/// Where `DirectSSLTransport` instances keep their state.
static STATE: StateSlot<TlsState> = StateSlot::new();

fn connection<'a>(receiver: Borrowed<'a, '_, PyAny>) -> PyResult<&'a Rc<Connection>> {
    Ok(STATE.of(receiver)?.connection.get(receiver.py()))
}

fn check_bytes_like(data: &Bound<'_, PyAny>) -> PyResult<()> {
    if is_bytes_like(data) {
        return Ok(());
    }
    Err(PyTypeError::new_err(format!(
        "data: expecting a bytes-like instance, got {}",
        data.get_type().name()?
    )))
}

/// Writes the items of `list`, small ones together: each write makes a record, which costs as much as hundreds of bytes.
fn join<'py>(
    receiver: Borrowed<'_, 'py, PyAny>,
    list: &Bound<'py, PyAny>,
    joined: &mut Vec<u8>,
) -> PyResult<()> {
    for data in list.try_iter()? {
        let data = data?;
        check_buffer(&data)?;
        let is_small = with_bytes(&data, |bytes| {
            let fits = joined.len() + bytes.len() <= RECORD;
            if fits {
                joined.extend_from_slice(bytes);
            }
            fits
        })?;
        if !is_small {
            flush(receiver, joined)?;
            connection(receiver)?.write(receiver, &data)?;
        }
    }
    Ok(())
}

fn flush(receiver: Borrowed<'_, '_, PyAny>, joined: &mut Vec<u8>) -> PyResult<()> {
    if joined.is_empty() {
        return Ok(());
    }
    let data = PyBytes::new(receiver.py(), joined).into_any();
    joined.clear();
    connection(receiver)?.write(receiver, &data)
}

fast_methods! {
    fn install_methods;

    c"write", Parameters::named(&["data"]),
    c"write($self, data)\n--\n\nEncrypts a copy of data and queues it to be sent.",
    |_py, receiver, arguments| {
        let data = arguments.required(0, "write", "data")?;
        check_bytes_like(&data)?;
        connection(receiver)?.write(receiver, &data)
    };

    c"writelines", Parameters::named(&["list_of_data"]),
    c"writelines($self, list_of_data)\n--\n\nEncrypts a copy of each item and queues it to be sent, in order.",
    |_py, receiver, arguments| {
        let list = arguments.required(0, "writelines", "list_of_data")?;
        let mut joined = Vec::new();
        let result = join(receiver, &list, &mut joined);
        flush(receiver, &mut joined)?;
        result
    };
}

/// Installs the native methods into the Python class `class`, whose slot `_state` they use.
#[pyfunction]
fn install_tls_transport_methods(class: &Bound<'_, PyType>) -> PyResult<()> {
    STATE.find(class)?;
    install_methods(class)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<TlsState>()?;
    module.add_function(wrap_pyfunction!(install_tls_transport_methods, module)?)
}
