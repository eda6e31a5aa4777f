//! Socket transports: the native half of `_twinloop.transports.sockets.SocketTransport`, on the loop's stream sockets.
//!
//! The Python class is a real subclass of `asyncio.Transport`; it keeps this state in a slot, has the methods below
//! installed as its own, and does everything that happens once in a connection's life. A connected transport keeps its
//! Python object alive, as the selector does in asyncio. Loop thread, GIL held; a write from another thread is passed
//! on to the loop. Writes leave at the end of the turn (`net::Stream`), so limits are judged after an attempt to send.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::Borrowed;
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PySystemExit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};
use twinloop_loop::net::{Stream, StreamHandler};

use super::accepting::Address;
use super::owner::Owner;
use super::receiver::{Received, Receiver};
use crate::asyncio::event_loop::{LoopCore, LoopState};
use crate::asyncio::names::addresses::{Name, names_of};
use crate::errors::os_error;
use crate::ffi::buffers::{
    KeptBytes, check_buffer, check_bytes_like, read_slot, slot_offset, with_bytes,
};
use crate::ffi::context::CallbackContext;
use crate::ffi::{self, Arguments, FastMethod, GilBound, Object, Parameters, install};

/// The state in the `_state` slot of a socket transport.
#[pyclass(frozen, module = "_twinloop._native")]
pub(crate) struct TransportState {
    transport: GilBound<Rc<SocketTransport>>,
}

pub(crate) struct SocketTransport {
    core: Rc<LoopState>,
    /// The claimed descriptor, until it is released.
    fd: Cell<Option<RawFd>>,
    stream: Stream,
    /// The Python transport, until `connection_lost` has been called.
    owner: Owner,
    /// This and the receiver are unset while the owner is not kept alive: they keep it alive themselves, mostly.
    protocol: RefCell<Option<Object>>,
    receiver: RefCell<Option<Rc<Receiver>>>,
    context: CallbackContext,
    /// False until `connection_made` was called: nothing is read before.
    started: Cell<bool>,
    paused: Cell<bool>,
    /// The peer has ended its direction and the protocol keeps the connection open.
    ended: Cell<bool>,
    closing: Cell<bool>,
    /// Counts `connection_lost` being scheduled, and then each write that comes too late.
    lost: Cell<u32>,
    eof_written: Cell<bool>,
    sending_file: Cell<bool>,
    protocol_paused: Cell<bool>,
    high_water: Cell<usize>,
    low_water: Cell<usize>,
    expected: Cell<usize>,
    /// This end's address and the other's, kept for when the connection is gone.
    names: [Name; 2],
}

/// Writes after a lost connection before asyncio's warning about them.
const LATE_WRITES_BEFORE_WARNING: u32 = 5;

#[pymethods]
impl TransportState {
    /// `peer` is the address that `accept` gave for the socket.
    #[new]
    fn new(
        event_loop: &Bound<'_, LoopCore>,
        owner: Bound<'_, PyAny>,
        sock: Bound<'_, PyAny>,
        peer: Option<&Bound<'_, Address>>,
    ) -> PyResult<Self> {
        let py = event_loop.py();
        let core = Rc::clone(event_loop.get().state(py));
        core.check_thread(py)?;
        let fd: RawFd = sock.call_method0("fileno")?.extract()?;
        if core.is_transport(fd) {
            event_loop.call_method1("_ensure_fd_no_transport", (&sock,))?;
        }
        core.claim_for_transport(py, fd)?;
        // The stream keeps the Python socket object, which stays the one that closes the descriptor.
        let keep: Box<dyn Any> = Box::new(Object::new(sock.clone()));
        let stream = {
            let native = core.open()?;
            let _entered = native.enter();
            Stream::from_owner(fd, keep).and_then(without_delay)
        };
        let stream = stream.map_err(|error| {
            core.release_from_transport(fd);
            os_error(py, &error)
        })?;
        stream.pause_reading();
        let peer = peer.map(|peer| peer.get().name(py));
        let names =
            names_of(&sock, &stream, peer).inspect_err(|_| core.release_from_transport(fd))?;
        let transport = Rc::new(SocketTransport {
            core,
            fd: Cell::new(Some(fd)),
            stream,
            owner: Owner::new(owner),
            protocol: RefCell::new(None),
            receiver: RefCell::new(None),
            context: CallbackContext::copy_current(py)?,
            started: Cell::new(false),
            paused: Cell::new(false),
            ended: Cell::new(false),
            closing: Cell::new(false),
            lost: Cell::new(0),
            eof_written: Cell::new(false),
            sending_file: Cell::new(false),
            protocol_paused: Cell::new(false),
            high_water: Cell::new(64 * 1024),
            low_water: Cell::new(16 * 1024),
            expected: Cell::new(0),
            names,
        });
        transport.core.note_transport(fd, &transport);
        transport
            .stream
            .set_handler(Some(Rc::clone(&transport) as Rc<dyn StreamHandler>));
        Ok(TransportState {
            transport: GilBound::new(transport),
        })
    }

    /// Begins to read; called after `connection_made`.
    fn start(&self, py: Python<'_>) -> PyResult<()> {
        let transport = self.transport.get(py);
        transport.started.set(true);
        if !transport.paused.get() && !transport.closing.get() {
            transport.stream.resume_reading();
        }
        transport.loosen_if_idle(py)
    }

    /// Sends received bytes to `protocol` from now on.
    fn set_protocol(&self, protocol: Bound<'_, PyAny>) -> PyResult<()> {
        let transport = self.transport.get(protocol.py());
        if transport.owner.is_loose() {
            // It is asked for when the transport is used again.
            return Ok(());
        }
        transport.set_protocol(protocol)
    }

    fn write_eof(&self, py: Python<'_>) {
        let transport = self.transport.get(py);
        if !transport.closing.get() && !transport.eof_written.replace(true) {
            transport.stream.shutdown_write_when_flushed();
        }
    }

    fn set_limits(&self, py: Python<'_>, high: usize, low: usize) -> PyResult<()> {
        let transport = self.transport.get(py);
        transport.high_water.set(high);
        transport.low_water.set(low);
        transport.pause_protocol_if_full(py)
    }

    fn limits(&self, py: Python<'_>) -> (usize, usize) {
        let transport = self.transport.get(py);
        (transport.low_water.get(), transport.high_water.get())
    }

    fn is_protocol_paused(&self, py: Python<'_>) -> bool {
        self.transport.get(py).protocol_paused.get()
    }

    /// Marks that a file is being sent: writes are refused meanwhile. Returns true if nothing is queued.
    fn set_sending_file(&self, py: Python<'_>, sending: bool) -> PyResult<bool> {
        let transport = self.transport.get(py);
        transport.sending_file.set(sending);
        transport.flush(py)?;
        Ok(transport.stream.queued() == 0)
    }

    /// Closes without sending what is queued; `connection_lost` is called with `error` in the next turn.
    fn force_close(&self, error: Bound<'_, PyAny>) -> PyResult<()> {
        let py = error.py();
        let transport = self.transport.get(py);
        if transport.lost.get() > 0 {
            return Ok(());
        }
        transport.begin_closing();
        transport.lost.set(1);
        transport.schedule_connection_lost(py, error)
    }

    /// Ends everything at once, without a callback: after `connection_lost`.
    fn release(&self, py: Python<'_>) {
        self.transport.get(py).release();
    }

    /// The addresses of this end and of the other, as the socket module gives them; None where there is none.
    fn names<'py>(&self, py: Python<'py>) -> PyResult<[Bound<'py, PyAny>; 2]> {
        let [local, peer] = &self.transport.get(py).names;
        Ok([local.to_python(py)?, peer.to_python(py)?])
    }
}

impl TransportState {
    pub(crate) fn transport(&self, py: Python<'_>) -> &Rc<SocketTransport> {
        self.transport.get(py)
    }
}

/// Writes to a stream. What does not leave at once is kept if it is `bytes` itself: anything else can change, or runs code
/// when it goes.
pub(super) fn write_to(stream: &Stream, data: &Bound<'_, PyAny>) -> PyResult<io::Result<()>> {
    match data.cast_exact::<PyBytes>() {
        Ok(bytes) => {
            let keep = || Box::new(KeptBytes::new(bytes)) as _;
            Ok(stream.write_kept(bytes.as_bytes(), keep))
        }
        Err(_) => with_bytes(data, |bytes| stream.write(bytes)),
    }
}

/// Turns Nagle's algorithm off, for sockets that were made without naming the protocol too: asyncio's own leaves those out.
fn without_delay(stream: Stream) -> io::Result<Stream> {
    if stream.is_tcp() {
        stream.set_nodelay(true)?;
    }
    Ok(stream)
}

impl SocketTransport {
    pub(crate) fn owner(&self, py: Python<'_>) -> Option<Object> {
        self.owner.get(py)
    }

    /// Ends everything at once, without a callback: after `connection_lost`, or when the loop is closed.
    pub(crate) fn release(&self) {
        self.begin_closing();
        self.stream.close();
        if let Some(fd) = self.fd.take() {
            self.core.forget_transport(fd, self);
        }
        let references = (self.receiver.take(), self.protocol.take());
        drop(references);
        self.owner.release();
    }

    fn set_protocol(&self, protocol: Bound<'_, PyAny>) -> PyResult<()> {
        let receiver = Receiver::of_stream(&protocol)?.map(Rc::new);
        let old = (
            self.receiver.replace(receiver),
            self.protocol.replace(Some(Object::new(protocol))),
        );
        drop(old);
        Ok(())
    }

    /// Leaves the owner to its users when there is nothing to read for it and nothing to send.
    fn loosen_if_idle(&self, py: Python<'_>) -> PyResult<()> {
        let reads = !self.paused.get() && !self.ended.get();
        let ends = self.closing.get() || self.lost.get() > 0;
        if reads || ends || !self.started.get() || self.sending_file.get() {
            return Ok(());
        }
        if self.stream.queued() > 0 || self.owner.is_loose() {
            return Ok(());
        }
        self.owner.loosen(py)?;
        let references = (self.receiver.take(), self.protocol.take());
        drop(references);
        Ok(())
    }

    /// Keeps the owner alive again, which is being used.
    #[cold]
    fn hold_owner(&self, py: Python<'_>) -> PyResult<()> {
        let Some(owner) = self.owner(py) else {
            return Ok(());
        };
        let owner = owner.into_bound(py);
        let protocol = owner.getattr(intern!(py, "_protocol"))?;
        self.owner.hold(owner);
        if protocol.is_none() {
            return Ok(());
        }
        self.set_protocol(protocol)
    }

    fn pause(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_reading() {
            self.paused.set(true);
            self.stream.pause_reading();
            self.loosen_if_idle(py)?;
        }
        Ok(())
    }

    fn resume(&self, py: Python<'_>) -> PyResult<()> {
        if !self.closing.get() && self.paused.replace(false) && self.started.get() {
            if self.owner.is_loose() && !self.ended.get() {
                self.hold_owner(py)?;
            }
            self.stream.resume_reading();
        }
        Ok(())
    }

    fn begin_closing(&self) {
        self.closing.set(true);
        self.stream.pause_reading();
    }

    fn is_reading(&self) -> bool {
        !self.closing.get() && !self.paused.get()
    }

    fn schedule_connection_lost(&self, py: Python<'_>, error: Bound<'_, PyAny>) -> PyResult<()> {
        if let Some(owner) = self.owner(py) {
            owner
                .bind(py)
                .call_method1("_schedule_connection_lost", (error,))?;
        }
        Ok(())
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        if self.closing.get() {
            return Ok(());
        }
        self.begin_closing();
        self.flush(py)?;
        if self.stream.queued() == 0 && self.lost.get() == 0 {
            self.lost.set(1);
            self.schedule_connection_lost(py, py.None().into_bound(py))?;
        }
        Ok(())
    }

    fn write(&self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        check_bytes_like(data)?;
        self.check_writable()?;
        self.write_buffer(data)
    }

    fn write_buffer(&self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = data.py();
        if !self.core.is_here(py) {
            return self.write_from_other_thread(data);
        }
        if self.lost.get() > 0 {
            return self.late_write(py);
        }
        let result = write_to(&self.stream, data)?;
        self.after_write(py, result)
    }

    /// Writes every item or, if one is no buffer, none.
    fn write_lines(&self, list: &Bound<'_, PyAny>) -> PyResult<()> {
        let items: Vec<_> = list.try_iter()?.collect::<PyResult<_>>()?;
        for item in &items {
            check_buffer(item)?;
        }
        self.check_writable()?;
        for item in &items {
            self.write_buffer(item)?;
        }
        Ok(())
    }

    /// Queues bytes that native code has made; on the loop's thread.
    pub(crate) fn send(&self, py: Python<'_>, bytes: &[u8]) -> PyResult<()> {
        self.check_writable()?;
        if self.lost.get() > 0 {
            return self.late_write(py);
        }
        self.after_write(py, self.stream.write(bytes))
    }

    fn check_writable(&self) -> PyResult<()> {
        if self.eof_written.get() {
            return Err(PyRuntimeError::new_err(
                "Cannot call write() after write_eof()",
            ));
        }
        if self.sending_file.get() {
            return Err(PyRuntimeError::new_err(
                "unable to write; sendfile is in progress",
            ));
        }
        Ok(())
    }

    fn after_write(&self, py: Python<'_>, mut result: io::Result<()>) -> PyResult<()> {
        if result.is_ok() && !self.core.is_running() {
            // Nobody knows when the end of a turn will come.
            result = self.stream.flush_now();
        }
        if self.owner.is_loose() && self.stream.queued() > 0 {
            self.hold_owner(py)?;
        }
        match result {
            Ok(()) => self.pause_protocol_if_full(py),
            Err(error) => self.fatal(
                py,
                os_error(py, &error),
                "Fatal write error on socket transport",
            ),
        }
    }

    #[cold]
    fn late_write(&self, py: Python<'_>) -> PyResult<()> {
        if self.lost.get() >= LATE_WRITES_BEFORE_WARNING {
            let logger = py.import("asyncio.log")?.getattr("logger")?;
            logger.call_method1("warning", ("socket.send() raised exception.",))?;
        }
        self.lost.set(self.lost.get() + 1);
        Ok(())
    }

    #[cold]
    fn write_from_other_thread(&self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = data.py();
        let copy = with_bytes(data, |bytes| PyBytes::new(py, bytes))?;
        if let Some(owner) = self.owner(py) {
            owner.bind(py).call_method1("_write_threadsafe", (copy,))?;
        }
        Ok(())
    }

    /// Sends what is queued as far as the kernel takes it.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        if self.stream.queued() == 0 {
            return Ok(());
        }
        match self.stream.flush_now() {
            Ok(()) => Ok(()),
            Err(error) => self.fatal(
                py,
                os_error(py, &error),
                "Fatal write error on socket transport",
            ),
        }
    }

    fn pause_protocol_if_full(&self, py: Python<'_>) -> PyResult<()> {
        if self.stream.queued() <= self.high_water.get() || self.protocol_paused.get() {
            return Ok(());
        }
        // Bytes that only wait for the end of the turn do not count.
        self.flush(py)?;
        if self.stream.queued() > self.high_water.get() {
            self.protocol_paused.set(true);
            self.call_owner(py, "_pause_protocol")?;
        }
        Ok(())
    }

    fn call_owner(&self, py: Python<'_>, method: &str) -> PyResult<()> {
        if let Some(owner) = self.owner(py) {
            owner.bind(py).call_method0(method)?;
        }
        Ok(())
    }

    /// An error that ends the connection. `Err` is what must leave `run_forever`.
    #[cold]
    fn fatal(&self, py: Python<'_>, error: PyErr, message: &str) -> PyResult<()> {
        if error.is_instance_of::<PySystemExit>(py)
            || error.is_instance_of::<PyKeyboardInterrupt>(py)
        {
            return Err(error);
        }
        if let Some(owner) = self.owner(py) {
            owner
                .bind(py)
                .call_method1("_fatal_error", (error.into_value(py), message))?;
        }
        Ok(())
    }

    /// Runs `body` in the transport's context, on behalf of the loop.
    fn on_loop(&self, body: impl FnOnce(Python<'_>) -> PyResult<()>) {
        ffi::with_gil_held(|py| {
            let run = || self.context.run(py, || body(py));
            if let Err(error) = self.core.timed(py, || self.owner(py), run) {
                self.core.host().interrupt(error);
            }
        });
    }

    fn read(&self, py: Python<'_>) -> PyResult<()> {
        let Some(receiver) = self.receiver(py)? else {
            return Ok(());
        };
        let received = receiver.read(py, &self.stream, &self.core, self.expected.get());
        self.conclude(py, received)
    }

    /// Reads into asyncio's streams: as long as data comes no Python code runs, which would need the context.
    fn read_natively(&self, receiver: &Receiver) {
        let received = ffi::with_gil_held(|py| {
            receiver.read(py, &self.stream, &self.core, self.expected.get())
        });
        match received {
            Received::Bytes(expected) => self.expected.set(expected),
            received => self.on_loop(|py| self.conclude(py, received)),
        }
    }

    fn conclude(&self, py: Python<'_>, received: Received) -> PyResult<()> {
        match received {
            Received::Bytes(expected) => {
                self.expected.set(expected);
                Ok(())
            }
            Received::Nothing => Ok(()),
            Received::End => {
                self.call_owner(py, "_eof_received")?;
                self.ended.set(true);
                self.loosen_if_idle(py)
            }
            Received::ReadFailed(error) => self.fatal(
                py,
                os_error(py, &error),
                "Fatal read error on socket transport",
            ),
            Received::ProtocolFailed(error, message) => self.fatal(py, error, message),
        }
    }

    fn receiver(&self, py: Python<'_>) -> PyResult<Option<Rc<Receiver>>> {
        let known = self.receiver.borrow().clone();
        if known.is_some() {
            return Ok(known);
        }
        let protocol = self
            .protocol
            .borrow()
            .as_ref()
            .map(|protocol| protocol.share(py));
        let Some(protocol) = protocol else {
            return Ok(None);
        };
        match Receiver::of(&protocol.bind(py)) {
            Ok(receiver) => {
                let receiver = Rc::new(receiver);
                self.receiver.replace(Some(Rc::clone(&receiver)));
                Ok(Some(receiver))
            }
            Err(error) => {
                self.fatal(
                    py,
                    error,
                    "Fatal error: protocol.data_received() call failed.",
                )?;
                Ok(None)
            }
        }
    }

    fn after_flush(&self, py: Python<'_>) -> PyResult<()> {
        if self.protocol_paused.get() && self.stream.queued() <= self.low_water.get() {
            self.protocol_paused.set(false);
            self.call_owner(py, "_resume_protocol")?;
        }
        if self.stream.queued() > 0 {
            return Ok(());
        }
        if self.sending_file.get() {
            self.call_owner(py, "_drained")?;
        }
        if self.closing.get() && self.lost.get() == 0 {
            self.lost.set(1);
            if let Some(owner) = self.owner(py) {
                owner
                    .bind(py)
                    .call_method1("_lose_connection", (py.None(),))?;
            }
        }
        self.loosen_if_idle(py)
    }
}

impl StreamHandler for SocketTransport {
    fn readable(&self) {
        // An exception is on its way out of the loop: the stream stays readable and is reported again.
        if self.core.host().is_interrupted() {
            return;
        }
        let receiver = self.receiver.borrow().clone();
        match receiver {
            Some(receiver) if receiver.is_native() => self.read_natively(&receiver),
            _ => self.on_loop(|py| self.read(py)),
        }
    }

    fn flushed(&self) {
        let waits = self.protocol_paused.get() || self.closing.get() || self.sending_file.get();
        if waits || self.paused.get() || self.ended.get() {
            self.on_loop(|py| self.after_flush(py));
        }
    }

    fn failed(&self, error: io::Error) {
        self.on_loop(|py| {
            self.fatal(
                py,
                os_error(py, &error),
                "Fatal write error on socket transport",
            )
        });
    }
}

// ---- methods of the Python class ---------------------------------------------------------------------------------------

/// Where `SocketTransport` instances keep their state. One class, so one offset; set once by `install_transport_methods`.
static STATE_OFFSET: AtomicUsize = AtomicUsize::new(0);

fn with_transport<R>(
    receiver: Borrowed<'_, '_, PyAny>,
    body: impl FnOnce(&Rc<SocketTransport>) -> PyResult<R>,
) -> PyResult<R> {
    let py = receiver.py();
    let state = read_slot(receiver, STATE_OFFSET.load(Ordering::Relaxed));
    match &state {
        Some(state) => body(state.cast::<TransportState>()?.get().transport.get(py)),
        None => Err(PyRuntimeError::new_err("the transport was not initialised")),
    }
}

macro_rules! transport_methods {
    ($($type:ident $name:literal $parameters:tt $doc:literal |$py:ident, $transport:ident, $arguments:ident| $body:expr;)*) => {
        $(
            struct $type;
            impl FastMethod for $type {
                const NAME: &'static CStr = $name;
                const DOC: &'static CStr = $doc;
                const PARAMETERS: Parameters = Parameters::named(&$parameters);

                fn call<'py>(
                    $py: Python<'py>,
                    receiver: Borrowed<'_, 'py, PyAny>,
                    $arguments: Arguments<'_, 'py>,
                ) -> PyResult<Bound<'py, PyAny>> {
                    with_transport(receiver, |$transport| $body)
                }
            }
        )*

        /// Installs the native methods into the Python class `class`, whose slot `_state` they use.
        #[pyfunction]
        fn install_transport_methods(class: &Bound<'_, PyType>) -> PyResult<()> {
            let offset = slot_offset(&class.getattr("__dict__")?.get_item("_state")?)?;
            STATE_OFFSET.store(offset, Ordering::Relaxed);
            $(install::<$type>(class)?;)*
            Ok(())
        }
    };
}

transport_methods! {
    Write c"write" ["data"]
        c"write($self, data)\n--\n\nQueues a copy of data to be sent."
        |py, transport, arguments| {
            transport.write(&*arguments.required(0, "write", "data")?)?;
            Ok(none(py))
        };
    WriteLines c"writelines" ["list_of_data"]
        c"writelines($self, list_of_data)\n--\n\nQueues a copy of each item to be sent, in order."
        |py, transport, arguments| {
            transport.write_lines(&*arguments.required(0, "writelines", "list_of_data")?)?;
            Ok(none(py))
        };
    PauseReading c"pause_reading" []
        c"pause_reading($self)\n--\n\nStops calls of data_received until resume_reading."
        |py, transport, _arguments| {
            transport.pause(py)?;
            Ok(none(py))
        };
    ResumeReading c"resume_reading" []
        c"resume_reading($self)\n--\n\nGoes on with calls of data_received."
        |py, transport, _arguments| {
            transport.resume(py)?;
            Ok(none(py))
        };
    IsReading c"is_reading" []
        c"is_reading($self)\n--\n\nTrue unless reading is paused or the transport is closing."
        |py, transport, _arguments| boolean(py, transport.is_reading());
    IsClosing c"is_closing" []
        c"is_closing($self)\n--\n\nTrue once the transport is closing or closed."
        |py, transport, _arguments| boolean(py, transport.closing.get());
    WriteBufferSize c"get_write_buffer_size" []
        c"get_write_buffer_size($self)\n--\n\nHow many bytes the kernel has not taken yet."
        |py, transport, _arguments| {
            transport.flush(py)?;
            Ok(transport.stream.queued().into_pyobject(py)?.into_any())
        };
    Close c"close" []
        c"close($self)\n--\n\nCloses the transport once everything queued has been sent."
        |py, transport, _arguments| {
            transport.close(py)?;
            Ok(none(py))
        };
}

fn none(py: Python<'_>) -> Bound<'_, PyAny> {
    py.None().into_bound(py)
}

fn boolean(py: Python<'_>, value: bool) -> PyResult<Bound<'_, PyAny>> {
    Ok(value.into_pyobject(py)?.to_owned().into_any())
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<TransportState>()?;
    module.add_function(wrap_pyfunction!(install_transport_methods, module)?)
}
