//! Bodies of requests that come in parts: bytes, files, iterables and asynchronous iterables, one after the other.
//!
//! The connection asks for the next piece when the last one is on its way (rule BOUNDED). A file is read on the blocking pool; an iterable is
//! asked on the loop; an asynchronous one is read by a task of its own (`pump` of `_twinloop/fetch/uploads.py`), which puts its pieces into a
//! `Sink` of one place and ends with the request. What either raises is kept, for the fetch to raise. Loop thread, GIL held; nothing is
//! borrowed while Python runs.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::os::fd::RawFd;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_core::Stream;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};
use twinloop_loop::duplicate;
use twinloop_web::fs::{File, Operation as FileOperation};
use twinloop_web::{Error, ErrorKind, RequestBody, Result};

use super::client::running;
use crate::asyncio::event_loop::LoopState;
use crate::errors::os_error;
use crate::ffi::buffers::{is_bytes_like, shared};
use crate::ffi::coroutine::{self, Attempt, Operation, WaitSlot, Waiter};
use crate::ffi::{self, GilBound, Object};

/// How much of a file is read at a time.
const FILE_PIECE: u64 = 128 * 1024;

/// What a program's own code raised while its body was read.
pub(super) type Raised = Rc<RefCell<Option<PyErr>>>;

/// A body that is sent as it is produced.
pub(super) struct Upload {
    pub(super) body: RequestBody,
    pub(super) raised: Raised,
}

struct Parts {
    parts: VecDeque<Part>,
    raised: Raised,
}

enum Part {
    Bytes(Bytes),
    File(FilePart),
    /// An iterator.
    Pulled(Object),
    Pushed(Pushed),
}

struct FilePart {
    file: File,
    at: u64,
    left: u64,
    reading: Option<Pin<Box<FileOperation<Vec<u8>>>>>,
}

/// An asynchronous iterable, and the task that reads it once somebody wants its pieces.
struct Pushed {
    source: Object,
    channel: Rc<Channel>,
    task: Option<Object>,
}

/// What came of asking a program's own code.
type Produced = PyResult<Option<Bytes>>;

/// The parts that `_twinloop.fetch.uploads` has made of a body: bytes, a tuple of a file, start, length and name, an iterator, or an
/// asynchronous iterable in a list of its own.
pub(super) fn read(parts: &Bound<'_, PyAny>) -> PyResult<Upload> {
    let mut read = VecDeque::new();
    let mut length = Some(0u64);
    for part in parts.try_iter()? {
        let part = part?;
        let (part, known) = read_part(&part)?;
        length = length.zip(known).map(|(sum, more)| sum + more);
        read.push_back(part);
    }
    let raised = Raised::default();
    let parts = Parts {
        parts: read,
        raised: Rc::clone(&raised),
    };
    let body = match length {
        Some(length) => RequestBody::stream_with_length(parts, length),
        None => RequestBody::stream(parts),
    };
    Ok(Upload { body, raised })
}

fn read_part(part: &Bound<'_, PyAny>) -> PyResult<(Part, Option<u64>)> {
    let py = part.py();
    if let Ok(bytes) = part.cast::<PyBytes>() {
        let length = bytes.as_bytes().len() as u64;
        return Ok((Part::Bytes(shared(bytes)?), Some(length)));
    }
    if let Ok(file) = part.cast::<PyTuple>() {
        let (file, at, left, name): (Bound<'_, PyAny>, u64, u64, String) = file.extract()?;
        let fd: RawFd = file.call_method0("fileno")?.extract()?;
        // The program may close its own before the body is read.
        let fd = duplicate(fd).map_err(|error| os_error(py, &error))?;
        let file = File::from_std(fd.into(), Path::new(&name));
        let part = FilePart {
            file,
            at,
            left,
            reading: None,
        };
        return Ok((Part::File(part), Some(left)));
    }
    if let Ok(wrapped) = part.cast::<PyList>() {
        let pushed = Pushed {
            source: Object::new(wrapped.get_item(0)?),
            channel: Rc::default(),
            task: None,
        };
        return Ok((Part::Pushed(pushed), None));
    }
    Ok((Part::Pulled(Object::new(part.clone())), None))
}

impl Stream for Parts {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(part) = self.parts.front_mut() else {
                return Poll::Ready(None);
            };
            let polled = match part {
                Part::Bytes(bytes) => {
                    let bytes = std::mem::take(bytes);
                    Poll::Ready(Ok((!bytes.is_empty()).then_some(bytes)))
                }
                Part::File(file) => match file.poll_piece(context) {
                    Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                    Poll::Ready(Ok(piece)) => Poll::Ready(Ok(piece)),
                    Poll::Pending => Poll::Pending,
                },
                Part::Pulled(iterator) => Poll::Ready(ffi::with_gil_held(|py| pull(py, iterator))),
                Part::Pushed(pushed) => ffi::with_gil_held(|py| pushed.poll_piece(py, context)),
            };
            match polled {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => {
                    *self.raised.borrow_mut() = Some(error);
                    let message = "the body of the request could not be produced";
                    return Poll::Ready(Some(Err(Error::new(ErrorKind::Body, message))));
                }
                Poll::Ready(Ok(None)) => {
                    let ended = self.parts.pop_front();
                    drop(ended);
                }
                // An empty one would end a body that is sent in chunks.
                Poll::Ready(Ok(Some(piece))) if piece.is_empty() => {}
                Poll::Ready(Ok(Some(piece))) => return Poll::Ready(Some(Ok(piece))),
            }
        }
    }
}

impl FilePart {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        if self.left == 0 {
            return Poll::Ready(Ok(None));
        }
        let reading = self.reading.get_or_insert_with(|| {
            let most = self.left.min(FILE_PIECE) as usize;
            Box::pin(self.file.read_at(self.at, most))
        });
        let Poll::Ready(read) = reading.as_mut().poll(context) else {
            return Poll::Pending;
        };
        self.reading = None;
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(error) => return Poll::Ready(Err(error)),
        };
        self.at += bytes.len() as u64;
        self.left -= bytes.len() as u64;
        if bytes.is_empty() {
            // It has become shorter, and its length was announced: the body says so by ending too early.
            self.left = 0;
            return Poll::Ready(Ok(None));
        }
        Poll::Ready(Ok(Some(bytes.into())))
    }
}

/// The next piece of an iterator.
fn pull(py: Python<'_>, iterator: &Object) -> Produced {
    static NEXT: pyo3::sync::PyOnceLock<Py<PyAny>> = pyo3::sync::PyOnceLock::new();
    let next = NEXT.import(py, "builtins", "next")?;
    let piece = next.call1((iterator.bind(py), py.None()))?;
    match piece.is_none() {
        true => Ok(None),
        false => bytes_of(&piece).map(Some),
    }
}

/// Bytes, or text in UTF-8; nothing for all else.
pub(super) fn known_bytes(given: &Bound<'_, PyAny>) -> PyResult<Option<Bytes>> {
    if let Ok(text) = given.cast::<PyString>() {
        return Ok(Some(Bytes::copy_from_slice(text.to_str()?.as_bytes())));
    }
    is_bytes_like(given).then(|| shared(given)).transpose()
}

/// A piece of a body.
fn bytes_of(piece: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    match known_bytes(piece)? {
        Some(bytes) => Ok(bytes),
        None => Err(PyTypeError::new_err(format!(
            "a piece of a body is bytes or text, not '{}'",
            piece.get_type().name()?
        ))),
    }
}

// ---- asynchronous iterables

/// The place between a task that produces pieces and the connection that takes them.
#[derive(Default)]
struct Channel {
    piece: RefCell<Option<Bytes>>,
    end: RefCell<Option<PyResult<()>>>,
    reader: RefCell<Option<Waker>>,
    /// Nobody takes any more.
    is_closed: Cell<bool>,
    /// The task, while the place is taken.
    writer: Rc<WaitSlot>,
    core: RefCell<Option<Rc<LoopState>>>,
}

impl Channel {
    fn wake_reader(&self) {
        let reader = self.reader.take();
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    fn wake_writer(&self, py: Python<'_>) {
        let core = self.core.borrow().clone();
        if let Some(core) = core
            && let Some(waiter) = self.writer.take(py)
        {
            waiter.wake_soon(py, &core);
        }
    }
}

impl Pushed {
    fn poll_piece(&mut self, py: Python<'_>, context: &mut Context<'_>) -> Poll<Produced> {
        if self.task.is_none() {
            match self.start(py) {
                Ok(task) => self.task = Some(task),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        let channel = &self.channel;
        if let Some(piece) = channel.piece.take() {
            channel.wake_writer(py);
            return Poll::Ready(Ok(Some(piece)));
        }
        match channel.end.take() {
            Some(Ok(())) => Poll::Ready(Ok(None)),
            Some(Err(error)) => Poll::Ready(Err(error)),
            None => {
                *channel.reader.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn start(&self, py: Python<'_>) -> PyResult<Object> {
        let running = running(py, "the body of a request")?;
        *self.channel.core.borrow_mut() = Some(running.core);
        let sink = Sink {
            channel: GilBound::new(Rc::clone(&self.channel)),
        };
        let task = py
            .import("_twinloop.fetch.uploads")?
            .call_method1("start", (self.source.bind(py), Bound::new(py, sink)?))?;
        Ok(Object::new(task))
    }
}

impl Drop for Pushed {
    /// The request is over, whether it wanted all or not.
    fn drop(&mut self) {
        self.channel.is_closed.set(true);
        ffi::with_gil_held(|py| {
            self.channel.wake_writer(py);
            if let Some(task) = &self.task
                && let Err(error) = task.bind(py).call_method0("cancel")
            {
                error.write_unraisable(py, None);
            }
        });
    }
}

/// Where a task puts the pieces of a body.
#[pyclass(frozen, module = "_twinloop._native")]
struct Sink {
    channel: GilBound<Rc<Channel>>,
}

#[pymethods]
impl Sink {
    /// Waits for room and puts a piece there; False if nobody takes any more.
    fn write<'py>(&self, piece: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = piece.py();
        let running = running(py, "the body of a request")?;
        let write = Write {
            channel: Rc::clone(self.channel.get(py)),
            piece: Some(bytes_of(piece)?),
        };
        coroutine::make(py, running.event_loop.as_borrowed(), Box::new(write))
    }

    /// That was all, or `error` was raised.
    #[pyo3(signature = (error=None))]
    fn finish(&self, py: Python<'_>, error: Option<Bound<'_, PyAny>>) {
        let channel = self.channel.get(py);
        let end = error.map_or(Ok(()), |error| Err(PyErr::from_value(error)));
        let old = channel.end.replace(Some(end));
        channel.wake_reader();
        drop(old);
    }
}

struct Write {
    channel: Rc<Channel>,
    piece: Option<Bytes>,
}

impl Operation for Write {
    fn name(&self) -> &'static str {
        "Sink.write"
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        let channel = &self.channel;
        if channel.is_closed.get() {
            return Ok(Some(false.into_pyobject(py)?.to_owned().into_any()));
        }
        if channel.piece.borrow().is_some() {
            channel.writer.register(waiter);
            return Ok(None);
        }
        *channel.piece.borrow_mut() = self.piece.take();
        channel.wake_reader();
        Ok(Some(true.into_pyobject(py)?.to_owned().into_any()))
    }

    fn withdraw(&mut self, _py: Python<'_>, _waiter: &Waiter) {
        // The coroutine leaves its slot by itself.
    }

    fn visit(&self, _visitor: &mut dyn FnMut(&Object)) {}
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Sink>()
}
