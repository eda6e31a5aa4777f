//! How received bytes reach a protocol: `data_received`, or `get_buffer` and `buffer_updated`, or straight into the reader
//! of asyncio's streams; through TLS, see `tls/`.
//!
//! Which of these it is was decided when the protocol was set; the methods themselves are looked up at each call, as asyncio
//! does, because protocols replace their own (`self.data_received = self.receive_body`). Loop thread, GIL held.

use std::io;

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyBytes;
use twinloop_loop::net::Stream;

use crate::asyncio::event_loop::LoopState;
use crate::asyncio::streams::Feeder;
use crate::asyncio::tls::TlsReceiver;
use crate::ffi::Object;
use crate::ffi::buffers::{UnfilledBytes, with_writable};

/// From this size on a read goes straight into the `bytes` that the protocol gets: at 10 KiB +6 % over Unix sockets, +16 % with
/// streams; at 100 KiB +13 % over TCP; at 1 KiB it gains nothing.
const PREDICT_FROM: usize = 8 * 1024;
/// A read that leaves room is known to have emptied the socket. So little that the C library does not cut it off.
const SPARE_ROOM: usize = 16;
/// The most that a prediction sets aside (rule BOUNDED).
const PREDICT_AT_MOST: usize = 256 * 1024;

/// One protocol and how it is called.
pub(crate) enum Receiver {
    Data(Object),
    Buffered(Object),
    /// asyncio's streams, without a call of the protocol.
    Stream(Feeder),
    /// A TLS connection, which has a receiver of its own behind it.
    Tls(TlsReceiver),
}

/// What one call of [`Receiver::receive`] came to.
pub(crate) enum Received {
    /// Bytes were handed over; the next read should expect this many.
    Bytes(usize),
    End,
    Nothing,
    ReadFailed(io::Error),
    /// The protocol raised; the text says in which method.
    ProtocolFailed(PyErr, &'static str),
}

impl Receiver {
    /// The receiver of a protocol that is known before anything was read: asyncio's streams.
    pub(crate) fn of_stream(protocol: &Bound<'_, PyAny>) -> PyResult<Option<Receiver>> {
        Ok(Feeder::of(protocol)?.map(Receiver::Stream))
    }

    /// True if no protocol method is called.
    pub(crate) fn is_native(&self) -> bool {
        matches!(self, Receiver::Stream(_))
    }

    pub(crate) fn of(protocol: &Bound<'_, PyAny>) -> PyResult<Receiver> {
        match TlsReceiver::of(protocol)? {
            Some(receiver) => Ok(Receiver::Tls(receiver)),
            None => Receiver::of_program(protocol),
        }
    }

    /// As [`Receiver::of`], for the protocol that a program reads with.
    pub(crate) fn of_program(protocol: &Bound<'_, PyAny>) -> PyResult<Receiver> {
        static BUFFERED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = protocol.py();
        let buffered = BUFFERED.get_or_try_init(py, || {
            Ok::<_, PyErr>(
                py.import("asyncio.protocols")?
                    .getattr("BufferedProtocol")?
                    .unbind(),
            )
        })?;
        if protocol.is_instance(buffered.bind(py))? || is_buffered_by_its_methods(protocol)? {
            return Ok(Receiver::Buffered(Object::new(protocol.clone())));
        }
        Ok(Receiver::Data(Object::new(protocol.clone())))
    }

    /// Reads once and hands over what came. `expected` is what the last call said.
    pub(crate) fn receive(
        &self,
        py: Python<'_>,
        stream: &Stream,
        core: &LoopState,
        expected: usize,
    ) -> Received {
        match self {
            Receiver::Tls(receiver) => receiver.receive(py, stream, core),
            Receiver::Data(protocol) => receive_bytes(py, stream, core, expected, |data| {
                data_received(&protocol.bind(py), data)
            }),
            Receiver::Stream(feeder) => {
                receive_bytes(py, stream, core, expected, |data| feeder.feed(data))
            }
            Receiver::Buffered(protocol) => {
                let protocol = protocol.bind(py);
                let buffer = match get_buffer(&protocol) {
                    Ok(buffer) => buffer,
                    Err(error) => {
                        return Received::ProtocolFailed(
                            error,
                            "Fatal error: protocol.get_buffer() call failed.",
                        );
                    }
                };
                let count = match with_writable(&buffer, |memory| stream.read_once(memory)) {
                    Ok(Ok(0)) => return Received::End,
                    Ok(Ok(count)) => count,
                    Ok(Err(error)) => return read_error(error),
                    Err(error) => {
                        return Received::ProtocolFailed(
                            error,
                            "Fatal read error on socket transport",
                        );
                    }
                };
                match buffer_updated(&protocol, count) {
                    Ok(()) => Received::Bytes(count),
                    Err(error) => Received::ProtocolFailed(
                        error,
                        "Fatal error: protocol.buffer_updated() call failed.",
                    ),
                }
            }
        }
    }
}

/// Whether a protocol has a buffer without being asyncio's `BufferedProtocol`, as programs for uvloop may.
fn is_buffered_by_its_methods(protocol: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = protocol.py();
    Ok(!protocol.hasattr(intern!(py, "data_received"))?
        && protocol.hasattr(intern!(py, "get_buffer"))?
        && protocol.hasattr(intern!(py, "buffer_updated"))?)
}

/// Reads `bytes` and hands them over.
fn receive_bytes<'py>(
    py: Python<'py>,
    stream: &Stream,
    core: &LoopState,
    expected: usize,
    deliver: impl FnOnce(Bound<'py, PyBytes>) -> PyResult<()>,
) -> Received {
    // No more in one piece than asyncio hands over: protocols count on it where they bound what they keep.
    let room = (expected + SPARE_ROOM).min(PREDICT_AT_MOST);
    let data = if expected >= PREDICT_FROM {
        read_into_place(py, stream, room)
    } else {
        read_copied(py, stream, core)
    };
    let (data, count) = match data {
        Ok((_, 0)) => return Received::End,
        Ok(read) => read,
        Err(outcome) => return outcome,
    };
    match deliver(data) {
        // Where the room was filled there may be much more; after a small piece of a message the rest may be large.
        Ok(()) if count == room => Received::Bytes(2 * count),
        Ok(()) => Received::Bytes(count.max(expected - expected / 8)),
        Err(error) => {
            Received::ProtocolFailed(error, "Fatal error: protocol.data_received() call failed.")
        }
    }
}

pub(crate) fn data_received(protocol: &Bound<'_, PyAny>, data: Bound<'_, PyBytes>) -> PyResult<()> {
    let name = intern!(protocol.py(), "data_received");
    protocol.call_method1(name, (data,)).map(drop)
}

pub(crate) fn buffer_updated(protocol: &Bound<'_, PyAny>, count: usize) -> PyResult<()> {
    let name = intern!(protocol.py(), "buffer_updated");
    protocol.call_method1(name, (count,)).map(drop)
}

/// A buffer of the protocol, with room in it.
pub(crate) fn get_buffer<'py>(protocol: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let buffer = protocol.call_method1(intern!(protocol.py(), "get_buffer"), (-1,))?;
    if buffer.len()? == 0 {
        return Err(PyRuntimeError::new_err(
            "get_buffer() returned an empty buffer",
        ));
    }
    Ok(buffer)
}

pub(crate) fn read_error(error: io::Error) -> Received {
    if error.kind() == io::ErrorKind::WouldBlock {
        Received::Nothing
    } else {
        Received::ReadFailed(error)
    }
}

fn out_of_memory(error: PyErr) -> Received {
    Received::ProtocolFailed(error, "Fatal read error on socket transport")
}

/// A small read: into the loop's scratch buffer, then copied at its exact size.
fn read_copied<'py>(
    py: Python<'py>,
    stream: &Stream,
    core: &LoopState,
) -> Result<(Bound<'py, PyBytes>, usize), Received> {
    core.with_scratch(|scratch| {
        let count = stream.read_once(scratch).map_err(read_error)?;
        Ok((PyBytes::new(py, &scratch[..count]), count))
    })
}

/// A large read: straight into its `bytes`, which have room for as much as came last time.
fn read_into_place<'py>(
    py: Python<'py>,
    stream: &Stream,
    room: usize,
) -> Result<(Bound<'py, PyBytes>, usize), Received> {
    let mut bytes = UnfilledBytes::new(py, room).map_err(out_of_memory)?;
    let count = stream.read_once(bytes.memory()).map_err(read_error)?;
    Ok((bytes.finish(py, count).map_err(out_of_memory)?, count))
}
