//! Socket transports: the native half of `_twinloop.transports.sockets.SocketTransport`, on the loop's stream sockets.
//!
//! The Python class is a real subclass of `asyncio.Transport`; it keeps this state in a slot, has the methods below
//! installed as its own, and does everything that happens once in a connection's life. A connected transport keeps its
//! Python object alive, as the selector does in asyncio. GIL held, mostly on the loop's thread. Another thread may write and
//! close, as it may in asyncio: it sends at once, and what is left goes on from the loop. Writes of the loop's thread leave at
//! the end of the turn (`net::Stream`), so limits are judged after an attempt to send.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;

use pyo3::Borrowed;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};
use twinloop_loop::net::{Stream, StreamHandler};

use super::accepting::Address;
use super::limits::{LATE_SEND, TheEnd, WriteLimits};
use super::owner::Owner;
use super::receiver::{Received, Receiver};
use crate::asyncio::event_loop::{LoopCore, LoopState};
use crate::asyncio::names::addresses::{Name, names_of};
use crate::errors::{must_leave, os_error};
use crate::ffi::buffers::{KeptBytes, check_buffer, check_bytes_like, with_bytes};
use crate::ffi::context::CallbackContext;
use crate::ffi::{self, GilBound, Object, Parameters, StateSlot, fast_methods};

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
    end: TheEnd,
    eof_written: Cell<bool>,
    sending_file: Cell<bool>,
    limits: WriteLimits,
    /// How much the next read should have room for.
    expected: Cell<usize>,
    /// This end's address and the other's, kept for when the connection is gone.
    names: [Name; 2],
}

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
            end: TheEnd::default(),
            eof_written: Cell::new(false),
            sending_file: Cell::new(false),
            limits: WriteLimits::default(),
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
        transport.limits.set(high, low);
        transport.pause_protocol_if_full(py)
    }

    fn limits(&self, py: Python<'_>) -> (usize, usize) {
        self.transport.get(py).limits.low_and_high()
    }

    fn is_protocol_paused(&self, py: Python<'_>) -> bool {
        self.transport.get(py).limits.is_paused()
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
        if !transport.end.come() {
            return Ok(());
        }
        transport.begin_closing();
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
        let ends = self.closing.get() || self.end.has_come();
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
            self.core.wake_if_elsewhere(py);
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
        if self.stream.queued() == 0 && self.end.come() {
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
        if self.end.has_come() {
            return self.end.late_write(py, LATE_SEND);
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
        if self.end.has_come() {
            return self.end.late_write(py, LATE_SEND);
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
        if result.is_ok() && !self.core.runs_here(py) {
            // The loop does not run, or in another thread: nobody knows when the end of a turn will come.
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
        if !self.limits.are_exceeded_by(self.stream.queued()) {
            return Ok(());
        }
        // Bytes that only wait for the end of the turn do not count.
        self.flush(py)?;
        if self.limits.pause_for(self.stream.queued()) {
            self.tell_protocol(py, "pause_writing")?;
        }
        Ok(())
    }

    fn tell_protocol(&self, py: Python<'_>, what: &str) -> PyResult<()> {
        if let Some(owner) = self.owner(py) {
            owner.bind(py).call_method1("_tell_protocol", (what,))?;
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
        if must_leave(py, &error) {
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

    /// Lets the receiver read, and does what follows from what came.
    fn receive(&self, py: Python<'_>) -> PyResult<()> {
        let Some(receiver) = self.receiver(py)? else {
            return Ok(());
        };
        let received = receiver.receive(py, &self.stream, &self.core, self.expected.get());
        self.conclude(py, received)
    }

    /// As [`SocketTransport::receive`], for asyncio's streams: as long as data comes no Python code runs, which would need the
    /// context.
    fn receive_natively(&self, receiver: &Receiver) {
        let received = ffi::with_gil_held(|py| {
            receiver.receive(py, &self.stream, &self.core, self.expected.get())
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
        if self.limits.resume_for(self.stream.queued()) {
            self.tell_protocol(py, "resume_writing")?;
        }
        if self.stream.queued() > 0 {
            return Ok(());
        }
        if self.sending_file.get() {
            self.call_owner(py, "_drained")?;
        }
        if self.closing.get()
            && self.end.come()
            && let Some(owner) = self.owner(py)
        {
            owner
                .bind(py)
                .call_method1("_lose_connection", (py.None(),))?;
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
            Some(receiver) if receiver.is_native() => self.receive_natively(&receiver),
            _ => self.on_loop(|py| self.receive(py)),
        }
    }

    fn flushed(&self) {
        let waits = self.limits.is_paused() || self.closing.get() || self.sending_file.get();
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

/// Where `SocketTransport` instances keep their state.
static STATE: StateSlot<TransportState> = StateSlot::new();

fn transport<'a>(receiver: Borrowed<'a, '_, PyAny>) -> PyResult<&'a Rc<SocketTransport>> {
    Ok(STATE.of(receiver)?.transport.get(receiver.py()))
}

fast_methods! {
    fn install_methods;

    c"write", Parameters::named(&["data"]),
    c"write($self, data)\n--\n\nQueues a copy of data to be sent.",
    |_py, receiver, arguments| {
        transport(receiver)?.write(&*arguments.required(0, "write", "data")?)
    };

    c"writelines", Parameters::named(&["list_of_data"]),
    c"writelines($self, list_of_data)\n--\n\nQueues a copy of each item to be sent, in order.",
    |_py, receiver, arguments| {
        transport(receiver)?.write_lines(&*arguments.required(0, "writelines", "list_of_data")?)
    };

    c"pause_reading", Parameters::NONE,
    c"pause_reading($self)\n--\n\nStops calls of data_received until resume_reading.",
    |py, receiver, _arguments| transport(receiver)?.pause(py);

    c"resume_reading", Parameters::NONE,
    c"resume_reading($self)\n--\n\nGoes on with calls of data_received.",
    |py, receiver, _arguments| transport(receiver)?.resume(py);

    c"is_reading", Parameters::NONE,
    c"is_reading($self)\n--\n\nTrue unless reading is paused or the transport is closing.",
    |_py, receiver, _arguments| Ok(transport(receiver)?.is_reading());

    c"is_closing", Parameters::NONE,
    c"is_closing($self)\n--\n\nTrue once the transport is closing or closed.",
    |_py, receiver, _arguments| Ok(transport(receiver)?.closing.get());

    c"get_write_buffer_size", Parameters::NONE,
    c"get_write_buffer_size($self)\n--\n\nHow many bytes the kernel has not taken yet.",
    |py, receiver, _arguments| {
        let transport = transport(receiver)?;
        transport.flush(py)?;
        Ok(transport.stream.queued())
    };

    c"close", Parameters::NONE,
    c"close($self)\n--\n\nCloses the transport once everything queued has been sent.",
    |py, receiver, _arguments| transport(receiver)?.close(py);
}

/// Installs the native methods into the Python class `class`, whose slot `_state` they use.
#[pyfunction]
fn install_transport_methods(class: &Bound<'_, PyType>) -> PyResult<()> {
    STATE.find(class)?;
    install_methods(class)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<TransportState>()?;
    module.add_function(wrap_pyfunction!(install_transport_methods, module)?)
}
