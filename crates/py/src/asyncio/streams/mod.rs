//! Streams: the native half of the readers that `asyncio.open_connection`, `start_server` and a child's `Process` give.
//!
//! asyncio makes its own `StreamReader` and `StreamReaderProtocol`. When one of our transports gets such a protocol,
//! `_twinloop.transports.readers.adopt` turns the reader into a subclass of asyncio's class whose reading methods are native coroutines
//! and whose data is here; asyncio's private attributes (`_buffer`, `_eof`, `_waiter`, ...) show it to whoever looks. A
//! [`Feeder`] then puts received bytes into the reader without a call of Python, and wakes who waits for them: in the next
//! turn, as asyncio does.
//!
//! What can be part of a reference cycle stays in the reader's own dictionary, where the garbage collector sees it.
//! Loop thread, GIL held; no cell of this file is borrowed across a call into Python.

mod attributes;
mod buffer;
mod reading;

use std::cell::Cell;
use std::rc::{Rc, Weak};

use pyo3::Borrowed;
use pyo3::exceptions::{PyAssertionError, PyNotImplementedError, PyRuntimeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString, PyType};

use self::buffer::Buffer;
use super::event_loop::{LoopCore, LoopState};
use crate::ffi::coroutine::WaitSlot;
use crate::ffi::{GilBound, Object};

/// The state of one stream reader, in its attribute `_native`.
#[pyclass(frozen, module = "_twinloop._native")]
struct ReaderState {
    reader: GilBound<Rc<NativeReader>>,
}

#[pymethods]
impl ReaderState {
    #[new]
    fn new(event_loop: &Bound<'_, LoopCore>) -> ReaderState {
        let py = event_loop.py();
        ReaderState {
            reader: GilBound::new(Rc::new(NativeReader {
                core: Rc::clone(event_loop.get().state(py)),
                event_loop: Object::new(event_loop.as_any().to_owned()),
                buffer: Buffer::new(py),
                limit: Cell::new(0.0),
                eof: Cell::new(false),
                paused: Cell::new(false),
                has_exception: Cell::new(false),
                slot: Rc::default(),
                has_foreign_waiter: Cell::new(false),
            })),
        }
    }
}

struct NativeReader {
    core: Rc<LoopState>,
    event_loop: Object,
    buffer: Buffer,
    limit: Cell<f64>,
    eof: Cell<bool>,
    paused: Cell<bool>,
    /// `_kept_exception` of the Python object holds it.
    has_exception: Cell<bool>,
    slot: Rc<WaitSlot>,
    /// `_kept_waiter` of the Python object holds it: a future, made by asyncio's own `_wait_for_data`.
    has_foreign_waiter: Cell<bool>,
}

impl NativeReader {
    /// The native state of a reader.
    fn of(reader: Borrowed<'_, '_, PyAny>) -> PyResult<Rc<NativeReader>> {
        let py = reader.py();
        let state = reader.getattr(intern!(py, "_native"))?;
        Ok(Rc::clone(state.cast::<ReaderState>()?.get().reader.get(py)))
    }

    /// `feed_data` for `bytes`. What needs the Python object is left to [`NativeReader::settle`], if this returns true.
    fn feed(&self, data: Bound<'_, PyBytes>) -> PyResult<bool> {
        let py = data.py();
        if self.eof.get() {
            return Err(PyAssertionError::new_err("feed_data after feed_eof"));
        }
        if data.as_bytes().is_empty() {
            return Ok(false);
        }
        self.buffer.push(data)?;
        if let Some(waiter) = self.slot.take(py) {
            waiter.wake_soon(py, &self.core);
        }
        Ok(self.has_foreign_waiter.get() || self.is_too_full(py))
    }

    fn is_too_full(&self, py: Python<'_>) -> bool {
        !self.paused.get() && self.buffer.len(py) as f64 > 2.0 * self.limit.get()
    }

    /// Wakes a waiter of asyncio's own and stops a transport that is too fast.
    #[cold]
    fn settle(&self, reader: Borrowed<'_, '_, PyAny>) -> PyResult<()> {
        let py = reader.py();
        self.wake_foreign(reader)?;
        let transport = reader.getattr(intern!(py, "_transport"))?;
        if transport.is_none() || !self.is_too_full(py) {
            return Ok(());
        }
        match transport.call_method0(intern!(py, "pause_reading")) {
            Ok(_) => self.paused.set(true),
            // A transport that cannot be paused: everything has to be buffered.
            Err(error) if error.is_instance_of::<PyNotImplementedError>(py) => {
                reader.setattr(intern!(py, "_transport"), py.None())?;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// `_wakeup_waiter`.
    fn wake(&self, reader: Borrowed<'_, '_, PyAny>) -> PyResult<()> {
        let py = reader.py();
        if let Some(waiter) = self.slot.take(py) {
            waiter.wake_soon(py, &self.core);
        }
        self.wake_foreign(reader)
    }

    fn wake_foreign(&self, reader: Borrowed<'_, '_, PyAny>) -> PyResult<()> {
        let py = reader.py();
        if let Some(waiter) = self.take_foreign_waiter(reader)?
            && !waiter.call_method0(intern!(py, "cancelled"))?.is_truthy()?
        {
            waiter.call_method1(intern!(py, "set_result"), (py.None(),))?;
        }
        Ok(())
    }

    fn take_foreign_waiter<'py>(
        &self,
        reader: Borrowed<'_, 'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = reader.py();
        if !self.has_foreign_waiter.replace(false) {
            return Ok(None);
        }
        let waiter = reader.getattr(intern!(py, "_kept_waiter"))?;
        reader.delattr(intern!(py, "_kept_waiter"))?;
        Ok(Some(waiter))
    }

    /// `set_exception`.
    fn fail(
        &self,
        reader: Borrowed<'_, '_, PyAny>,
        exception: Borrowed<'_, '_, PyAny>,
    ) -> PyResult<()> {
        let py = reader.py();
        self.set_exception(reader, exception)?;
        if let Some(waiter) = self.slot.take(py) {
            waiter.fail_soon(py, &self.core, Object::new(exception.to_owned()));
        }
        if let Some(waiter) = self.take_foreign_waiter(reader)?
            && !waiter.call_method0(intern!(py, "cancelled"))?.is_truthy()?
        {
            waiter.call_method1(intern!(py, "set_exception"), (exception,))?;
        }
        Ok(())
    }

    fn set_exception(
        &self,
        reader: Borrowed<'_, '_, PyAny>,
        exception: Borrowed<'_, '_, PyAny>,
    ) -> PyResult<()> {
        let py = reader.py();
        reader.setattr(intern!(py, "_kept_exception"), exception)?;
        self.has_exception.set(!exception.is_none());
        Ok(())
    }

    fn exception<'py>(
        &self,
        reader: Borrowed<'_, 'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if !self.has_exception.get() {
            return Ok(None);
        }
        reader
            .getattr(intern!(reader.py(), "_kept_exception"))
            .map(Some)
    }

    /// `Err` with the reader's exception if it has one.
    fn check(&self, reader: Borrowed<'_, '_, PyAny>) -> PyResult<()> {
        match self.exception(reader)? {
            Some(exception) => Err(PyErr::from_value(exception)),
            None => Ok(()),
        }
    }

    /// `_maybe_resume_transport`.
    fn resume_if_low(&self, reader: Borrowed<'_, '_, PyAny>) -> PyResult<()> {
        if self.paused.get() && self.buffer.len(reader.py()) as f64 <= self.limit.get() {
            return self.resume_transport(reader);
        }
        Ok(())
    }

    #[cold]
    fn resume_transport(&self, reader: Borrowed<'_, '_, PyAny>) -> PyResult<()> {
        let py = reader.py();
        self.paused.set(false);
        reader
            .getattr(intern!(py, "_transport"))?
            .call_method0(intern!(py, "resume_reading"))?;
        Ok(())
    }
}

/// Puts what a transport receives into the reader of an `asyncio.StreamReaderProtocol`, or into one of a child's.
///
/// For every transport: ask [`Feeder::of`] when the transport gets a protocol, and call [`Feeder::feed`] instead of the
/// protocol's `data_received` if there is one.
pub(crate) struct Feeder {
    /// The reader owns its state: once it is gone, what comes is dropped, as asyncio does.
    reader: Weak<NativeReader>,
    protocol: Object,
    /// The attribute of the protocol that is the reader, or None once that is gone.
    name: Object,
}

impl Feeder {
    /// The feeder of a protocol; `None` if it is not exactly asyncio's, or somebody has changed it.
    pub(crate) fn of(protocol: &Bound<'_, PyAny>) -> PyResult<Option<Feeder>> {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        static ADOPT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = protocol.py();
        let class = CLASS.import(py, "asyncio", "StreamReaderProtocol")?;
        if !protocol.get_type().is(class) {
            return Ok(None);
        }
        let adopt = ADOPT.get_or_try_init(py, || {
            Ok::<_, PyErr>(
                py.import("_twinloop.transports.readers")?
                    .getattr("adopt")?
                    .unbind(),
            )
        })?;
        let state = adopt.bind(py).call1((protocol,))?;
        if state.is_none() {
            return Ok(None);
        }
        let name = intern!(py, "_stream_reader").to_owned();
        Feeder::into(&state, protocol.clone(), name).map(Some)
    }

    /// The feeder of the reader with the native state `state`, which is the attribute `name` of `protocol`.
    pub(crate) fn into(
        state: &Bound<'_, PyAny>,
        protocol: Bound<'_, PyAny>,
        name: Bound<'_, PyString>,
    ) -> PyResult<Feeder> {
        let state = state.cast::<ReaderState>()?;
        Ok(Feeder {
            reader: Rc::downgrade(state.get().reader.get(state.py())),
            protocol: Object::new(protocol),
            name: Object::new(name.into_any()),
        })
    }

    /// What the protocol's `data_received` does.
    pub(crate) fn feed(&self, data: Bound<'_, PyBytes>) -> PyResult<()> {
        let py = data.py();
        let Some(reader) = self.reader.upgrade() else {
            return Ok(());
        };
        if reader.feed(data)? {
            let name = self.name.bind(py);
            let object = self.protocol.bind(py).getattr(name.cast::<PyString>()?)?;
            if !object.is_none() {
                reader.settle(object.as_borrowed())?;
            }
        }
        Ok(())
    }
}

#[cold]
fn already_waiting(method: &str) -> PyErr {
    PyRuntimeError::new_err(format!(
        "{method}() called while another coroutine is already waiting for incoming data"
    ))
}

/// Installs the native methods and attributes into the Python class `class`.
#[pyfunction]
fn install_stream_reader_methods(class: &Bound<'_, PyType>) -> PyResult<()> {
    reading::install_into(class)?;
    attributes::install_into(class)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ReaderState>()?;
    module.add_function(wrap_pyfunction!(install_stream_reader_methods, module)?)
}
