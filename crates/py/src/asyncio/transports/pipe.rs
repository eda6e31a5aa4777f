//! Pipe transports: the native halves of `_twinloop.transports.pipes.ReadPipeTransport` and `WritePipeTransport`.
//!
//! For pipes, FIFOs, sockets and character devices, on the loop's stream descriptors; the Python classes do what happens
//! once in a transport's life. A transport keeps its Python object alive until `connection_lost` has been called. GIL
//! held; another thread may write and close. What is written goes out at once, so that it stays in order with what others write
//! to the same end.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;

use pyo3::prelude::*;
use pyo3::types::PyString;
use twinloop_loop::duplicate;
use twinloop_loop::net::{Stream, StreamHandler};

use super::limits::{TheEnd, WriteLimits};
use super::owner::Owner;
use super::receiver::{Received, Receiver};
use super::socket::write_to;
use crate::asyncio::event_loop::{LoopCore, LoopState};
use crate::asyncio::streams::Feeder;
use crate::errors::{must_leave, os_error};
use crate::ffi::buffers::check_bytes_like;
use crate::ffi::context::CallbackContext;
use crate::ffi::{self, GilBound, Object};

/// asyncio's warning of a pipe.
const LATE_WRITE: &str = "pipe closed by peer or os.write(pipe, data) raised exception.";

/// What both directions have.
struct Pipe {
    core: Rc<LoopState>,
    stream: Stream,
    /// The claimed descriptor, until it is released.
    claimed: Cell<Option<RawFd>>,
    /// The Python transport, until `connection_lost` has been called.
    owner: Owner,
    context: CallbackContext,
    closing: Cell<bool>,
}

impl Pipe {
    fn open(
        event_loop: &Bound<'_, LoopCore>,
        owner: Bound<'_, PyAny>,
        pipe: Bound<'_, PyAny>,
        is_device: bool,
    ) -> PyResult<Pipe> {
        let py = event_loop.py();
        let core = Rc::clone(event_loop.get().state(py));
        core.check_thread(py)?;
        let fd: RawFd = pipe.call_method0("fileno")?.extract()?;
        // One descriptor may be read and written by two transports, as a terminal's is.
        let shared = core.is_transport(fd);
        if !shared {
            core.claim_for_transport(py, fd)?;
        }
        let stream = {
            let native = core.open()?;
            let _entered = native.enter();
            if shared {
                duplicate(fd).and_then(|own| Stream::from_pipe_fd(own, is_device))
            } else {
                let keep: Box<dyn Any> = Box::new(Object::new(pipe));
                Stream::from_pipe_owner(fd, keep, is_device)
            }
        };
        let stream = stream.map_err(|error| {
            if !shared {
                core.release_from_transport(fd);
            }
            os_error(py, &error)
        })?;
        stream.pause_reading();
        Ok(Pipe {
            core,
            stream,
            claimed: Cell::new((!shared).then_some(fd)),
            owner: Owner::new(owner),
            context: CallbackContext::copy_current(py)?,
            closing: Cell::new(false),
        })
    }

    fn call_owner<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        arguments: impl pyo3::call::PyCallArgs<'py>,
    ) -> PyResult<()> {
        if let Some(owner) = self.owner.get(py) {
            owner.bind(py).call_method1(method, arguments)?;
        }
        Ok(())
    }

    /// An error of the protocol or the kernel, for the Python class to judge; an exit is passed on to the caller.
    #[cold]
    fn report(&self, py: Python<'_>, method: &str, error: PyErr, message: &str) -> PyResult<()> {
        if must_leave(py, &error) {
            return Err(error);
        }
        self.call_owner(py, method, (error.into_value(py), message))
    }

    /// Runs `body` in the transport's context, on behalf of the loop.
    fn on_loop(&self, body: impl FnOnce(Python<'_>) -> PyResult<()>) {
        ffi::with_gil_held(|py| {
            let run = || self.context.run(py, || body(py));
            if let Err(error) = self.core.timed(py, || self.owner.get(py), run) {
                self.core.host().interrupt(error);
            }
        });
    }

    fn release(&self) {
        self.closing.set(true);
        self.stream.close();
        if let Some(fd) = self.claimed.take() {
            self.core.release_from_transport(fd);
        }
        self.owner.release();
    }
}

// ---- reading -----------------------------------------------------------------------------------------------------------

/// The state of a `ReadPipeTransport`.
#[pyclass(frozen, module = "_twinloop._native")]
pub(crate) struct ReadPipeState {
    reader: GilBound<Rc<PipeReader>>,
}

struct PipeReader {
    pipe: Pipe,
    receiver: RefCell<Option<Rc<Receiver>>>,
    started: Cell<bool>,
    paused: Cell<bool>,
    expected: Cell<usize>,
}

#[pymethods]
impl ReadPipeState {
    #[new]
    fn new(
        event_loop: &Bound<'_, LoopCore>,
        owner: Bound<'_, PyAny>,
        pipe: Bound<'_, PyAny>,
        is_device: bool,
    ) -> PyResult<Self> {
        let reader = Rc::new(PipeReader {
            pipe: Pipe::open(event_loop, owner, pipe, is_device)?,
            receiver: RefCell::new(None),
            started: Cell::new(false),
            paused: Cell::new(false),
            expected: Cell::new(0),
        });
        let handler = Rc::clone(&reader) as Rc<dyn StreamHandler>;
        reader.pipe.stream.set_handler(Some(handler));
        Ok(ReadPipeState {
            reader: GilBound::new(reader),
        })
    }

    /// Begins to read; called after `connection_made`.
    fn start(&self, py: Python<'_>) {
        let reader = self.reader.get(py);
        reader.started.set(true);
        reader.resume_if_wanted();
    }

    fn set_protocol(&self, protocol: Bound<'_, PyAny>) -> PyResult<()> {
        let receiver = match Receiver::of_stream(&protocol)? {
            Some(receiver) => Rc::new(receiver),
            None => Rc::new(Receiver::of(&protocol)?),
        };
        self.reader.get(protocol.py()).receive_with(receiver);
        Ok(())
    }

    /// Puts what is read into the stream reader with the native state `state`, which is the attribute `name` of
    /// `protocol`, until the next protocol is set.
    fn feed(
        &self,
        state: Bound<'_, PyAny>,
        protocol: Bound<'_, PyAny>,
        name: Bound<'_, PyString>,
    ) -> PyResult<()> {
        let py = state.py();
        let feeder = Feeder::into(&state, protocol, name)?;
        let receiver = Rc::new(Receiver::Stream(feeder));
        self.reader.get(py).receive_with(receiver);
        Ok(())
    }

    fn pause(&self, py: Python<'_>) {
        let reader = self.reader.get(py);
        reader.paused.set(true);
        reader.pipe.stream.pause_reading();
    }

    fn resume(&self, py: Python<'_>) {
        let reader = self.reader.get(py);
        reader.paused.set(false);
        reader.resume_if_wanted();
        reader.pipe.core.wake_if_elsewhere(py);
    }

    fn is_paused(&self, py: Python<'_>) -> bool {
        self.reader.get(py).paused.get()
    }

    fn is_closing(&self, py: Python<'_>) -> bool {
        self.reader.get(py).pipe.closing.get()
    }

    /// Reads no more.
    fn end(&self, py: Python<'_>) {
        let pipe = &self.reader.get(py).pipe;
        pipe.closing.set(true);
        pipe.stream.pause_reading();
    }

    /// Ends everything at once, without a callback.
    fn release(&self, py: Python<'_>) {
        let reader = self.reader.get(py);
        reader.pipe.release();
        let receiver = reader.receiver.take();
        drop(receiver);
    }
}

impl PipeReader {
    fn receive_with(&self, receiver: Rc<Receiver>) {
        let old = self.receiver.replace(Some(receiver));
        drop(old);
    }

    fn resume_if_wanted(&self) {
        if self.started.get() && !self.paused.get() && !self.pipe.closing.get() {
            self.pipe.stream.resume_reading();
        }
    }

    /// Lets the receiver read, and does what follows from what came.
    fn receive(&self, py: Python<'_>) -> PyResult<()> {
        let Some(receiver) = self.receiver.borrow().clone() else {
            return Ok(());
        };
        let pipe = &self.pipe;
        match receiver.receive(py, &pipe.stream, &pipe.core, self.expected.get()) {
            Received::Bytes(expected) => {
                self.expected.set(expected);
                Ok(())
            }
            Received::Nothing => Ok(()),
            Received::End => pipe.call_owner(py, "_ended", ()),
            Received::ReadFailed(error) => pipe.report(
                py,
                "_fatal_error",
                os_error(py, &error),
                "Fatal read error on pipe transport",
            ),
            Received::ProtocolFailed(error, message) => {
                pipe.report(py, "_protocol_failed", error, message)
            }
        }
    }
}

impl StreamHandler for PipeReader {
    fn readable(&self) {
        // An exception is on its way out of the loop: the stream stays readable and is reported again.
        if !self.pipe.core.host().is_interrupted() {
            self.pipe.on_loop(|py| self.receive(py));
        }
    }

    fn flushed(&self) {}

    fn failed(&self, _error: io::Error) {}
}

// ---- writing -----------------------------------------------------------------------------------------------------------

/// The state of a `WritePipeTransport`.
#[pyclass(frozen, module = "_twinloop._native")]
pub(crate) struct WritePipeState {
    writer: GilBound<Rc<PipeWriter>>,
}

struct PipeWriter {
    pipe: Pipe,
    end: TheEnd,
    limits: WriteLimits,
}

#[pymethods]
impl WritePipeState {
    #[new]
    fn new(
        event_loop: &Bound<'_, LoopCore>,
        owner: Bound<'_, PyAny>,
        pipe: Bound<'_, PyAny>,
        is_device: bool,
    ) -> PyResult<Self> {
        let writer = Rc::new(PipeWriter {
            pipe: Pipe::open(event_loop, owner, pipe, is_device)?,
            end: TheEnd::default(),
            limits: WriteLimits::default(),
        });
        let handler = Rc::clone(&writer) as Rc<dyn StreamHandler>;
        writer.pipe.stream.set_handler(Some(handler));
        Ok(WritePipeState {
            writer: GilBound::new(writer),
        })
    }

    /// Begins to watch for the other end being closed; called after `connection_made`.
    fn start(&self, py: Python<'_>) {
        self.writer.get(py).pipe.stream.resume_reading();
    }

    /// Sends, or queues a copy of what the kernel does not take.
    fn write(&self, data: Bound<'_, PyAny>) -> PyResult<()> {
        self.writer.get(data.py()).write(&data)
    }

    fn queued(&self, py: Python<'_>) -> usize {
        self.writer.get(py).pipe.stream.queued()
    }

    fn set_limits(&self, py: Python<'_>, high: usize, low: usize) -> PyResult<()> {
        let writer = self.writer.get(py);
        writer.limits.set(high, low);
        writer.pause_protocol_if_full(py)
    }

    fn limits(&self, py: Python<'_>) -> (usize, usize) {
        self.writer.get(py).limits.low_and_high()
    }

    fn is_protocol_paused(&self, py: Python<'_>) -> bool {
        self.writer.get(py).limits.is_paused()
    }

    fn is_closing(&self, py: Python<'_>) -> bool {
        self.writer.get(py).pipe.closing.get()
    }

    /// Closes once everything queued has been sent.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let writer = self.writer.get(py);
        if writer.pipe.closing.replace(true) || writer.pipe.stream.queued() > 0 {
            return Ok(());
        }
        writer.schedule_connection_lost(py, py.None().into_bound(py))
    }

    /// Closes without sending what is queued.
    fn force_close(&self, error: Bound<'_, PyAny>) -> PyResult<()> {
        let py = error.py();
        let writer = self.writer.get(py);
        writer.pipe.closing.set(true);
        writer.schedule_connection_lost(py, error)
    }

    /// Ends everything at once, without a callback.
    fn release(&self, py: Python<'_>) {
        self.writer.get(py).pipe.release();
    }
}

impl PipeWriter {
    fn schedule_connection_lost(&self, py: Python<'_>, error: Bound<'_, PyAny>) -> PyResult<()> {
        if !self.end.come() {
            return Ok(());
        }
        self.pipe.stream.pause_reading();
        self.pipe
            .call_owner(py, "_schedule_connection_lost", (error,))
    }

    fn write(&self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = data.py();
        check_bytes_like(data)?;
        if self.end.has_come() || self.pipe.closing.get() {
            return self.end.late_write(py, LATE_WRITE);
        }
        match write_to(&self.pipe.stream, data)? {
            Ok(()) => self.pause_protocol_if_full(py),
            Err(error) => self.fatal(py, &error),
        }
    }

    #[cold]
    fn fatal(&self, py: Python<'_>, error: &io::Error) -> PyResult<()> {
        self.pipe.report(
            py,
            "_fatal_error",
            os_error(py, error),
            "Fatal write error on pipe transport",
        )
    }

    fn pause_protocol_if_full(&self, py: Python<'_>) -> PyResult<()> {
        if self.limits.pause_for(self.pipe.stream.queued()) {
            self.pipe
                .call_owner(py, "_tell_protocol", ("pause_writing",))?;
        }
        Ok(())
    }

    fn after_flush(&self, py: Python<'_>) -> PyResult<()> {
        let queued = self.pipe.stream.queued();
        if self.limits.resume_for(queued) {
            self.pipe
                .call_owner(py, "_tell_protocol", ("resume_writing",))?;
        }
        if queued == 0 && self.pipe.closing.get() && self.end.come() {
            self.pipe.call_owner(py, "_lose_connection", (py.None(),))?;
        }
        Ok(())
    }
}

impl StreamHandler for PipeWriter {
    /// The only thing to be read at this end is that the other one was closed.
    fn readable(&self) {
        if self.pipe.core.host().is_interrupted() {
            return;
        }
        if self.pipe.stream.take_peer_closed() {
            self.pipe.stream.pause_reading();
            self.pipe
                .on_loop(|py| self.pipe.call_owner(py, "_peer_closed", ()));
        }
    }

    fn flushed(&self) {
        if self.limits.is_paused() || self.pipe.closing.get() {
            self.pipe.on_loop(|py| self.after_flush(py));
        }
    }

    fn failed(&self, error: io::Error) {
        self.pipe.on_loop(|py| self.fatal(py, &error));
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ReadPipeState>()?;
    module.add_class::<WritePipeState>()
}
