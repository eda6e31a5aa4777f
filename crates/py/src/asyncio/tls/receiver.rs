//! Received bytes on their way through TLS: the socket's bytes in the scratch buffer, decrypted into what the protocol gets.
//!
//! Everything that one read brought is decrypted and handed over in one call. Before the handshake is done, after the
//! shutdown has begun and while the program has paused reading, the bytes are kept and `TlsProtocol` is told instead. No
//! Python code runs while the scratch buffer is lent to the library, except callbacks that the library itself makes.

use std::cell::RefCell;
use std::rc::Rc;

use pyo3::prelude::*;
use pyo3::{Borrowed, intern};
use twinloop_loop::net::Stream;

use super::{Connection, RECORD, TlsState, fail};
use crate::asyncio::event_loop::LoopState;
use crate::asyncio::transports::{
    Received, Receiver, buffer_updated, data_received, get_buffer, read_error,
};
use crate::ffi::Object;
use crate::ffi::buffers::{UnfilledBytes, with_writable};
use crate::ffi::openssl::Outcome;
use pyo3::types::PyBytes;

/// From this size on a read is decrypted straight into the `bytes` that the protocol gets.
const DIRECT_FROM: usize = 16 * 1024;

const FAILED: &str = "Fatal error: protocol.buffer_updated() call failed.";

/// The native way from a socket transport to the protocol behind a `TlsProtocol`.
pub(crate) struct TlsReceiver {
    connection: Rc<Connection>,
    /// The `TlsProtocol`.
    protocol: Object,
    /// The program's protocol and the version that it belongs to.
    program: RefCell<Option<(u32, Rc<Receiver>)>>,
}

/// What decrypting one read came to.
struct Decrypted<T> {
    plain: T,
    outcome: Outcome,
    error: Option<PyErr>,
}

impl TlsReceiver {
    /// For a `TlsProtocol` that works on the library directly.
    pub(crate) fn of(protocol: &Bound<'_, PyAny>) -> PyResult<Option<TlsReceiver>> {
        let py = protocol.py();
        let Some(state) = protocol.getattr_opt(intern!(py, "_tls_state"))? else {
            return Ok(None);
        };
        let Ok(state) = state.cast::<TlsState>() else {
            return Ok(None);
        };
        Ok(Some(TlsReceiver {
            connection: Rc::clone(state.get().connection.get(py)),
            protocol: Object::new(protocol.clone()),
            program: RefCell::new(None),
        }))
    }

    /// Reads once and hands over what came of it.
    pub(crate) fn receive(&self, py: Python<'_>, stream: &Stream, core: &LoopState) -> Received {
        let result = if self.is_open() {
            self.receive_open(py, stream, core)
        } else {
            self.receive_closed(py, stream, core)
        };
        result.unwrap_or_else(|received| received)
    }

    fn is_open(&self) -> bool {
        self.connection.open.get() && !self.connection.reading_paused.get()
    }

    fn protocol<'a, 'py>(&'a self, py: Python<'py>) -> Borrowed<'a, 'py, PyAny> {
        self.protocol.bind(py)
    }

    /// Leaves the bytes to the state machine.
    #[cold]
    fn receive_closed(
        &self,
        py: Python<'_>,
        stream: &Stream,
        core: &LoopState,
    ) -> Result<Received, Received> {
        let count = core.with_scratch(|scratch| {
            let count = stream.read_once(scratch).map_err(read_error)?;
            self.connection.session.wire().feed(&scratch[..count]);
            Ok(count)
        })?;
        if count == 0 {
            return Ok(Received::End);
        }
        self.protocol(py)
            .call_method0(intern!(py, "_ciphertext_received"))
            .map_err(|error| Received::ProtocolFailed(error, FAILED))?;
        Ok(Received::Bytes(count))
    }

    fn receive_open(
        &self,
        py: Python<'_>,
        stream: &Stream,
        core: &LoopState,
    ) -> Result<Received, Received> {
        let program = self.program(py)?;
        let outcome = match &*program {
            Receiver::Buffered(protocol) => {
                self.receive_into_buffers(py, stream, core, &protocol.bind(py))?
            }
            Receiver::Data(protocol) => self.receive_bytes(py, stream, core, |data| {
                data_received(&protocol.bind(py), data)
            })?,
            Receiver::Stream(feeder) => {
                self.receive_bytes(py, stream, core, |data| feeder.feed(data))?
            }
            // `program` makes none.
            Receiver::Tls(_) => return Ok(Received::Nothing),
        };
        self.conclude(py, outcome)?;
        // The size of a read predicts nothing here: the memory is sized by what has come.
        Ok(Received::Nothing)
    }

    /// The program's protocol.
    fn program(&self, py: Python<'_>) -> Result<Rc<Receiver>, Received> {
        let version = self.connection.protocol_version.get();
        if let Some((known, receiver)) = &*self.program.borrow()
            && *known == version
        {
            return Ok(Rc::clone(receiver));
        }
        let made = self
            .protocol(py)
            .getattr(intern!(py, "_app_protocol"))
            .and_then(|protocol| match Receiver::of_stream(&protocol)? {
                Some(receiver) => Ok(receiver),
                None => Receiver::of_program(&protocol),
            })
            .map_err(|error| Received::ProtocolFailed(error, FAILED))?;
        let made = Rc::new(made);
        let old = self.program.replace(Some((version, Rc::clone(&made))));
        drop(old);
        Ok(made)
    }

    /// Decrypts everything into one `bytes` and hands it over.
    fn receive_bytes<'py>(
        &self,
        py: Python<'py>,
        stream: &Stream,
        core: &LoopState,
        deliver: impl FnOnce(Bound<'py, PyBytes>) -> PyResult<()>,
    ) -> Result<(Outcome, Option<PyErr>), Received> {
        let decrypted = core.with_scratch(|scratch| self.decrypt_to_bytes(py, stream, scratch))?;
        if let Some(plain) = decrypted.plain {
            self.check(py, deliver(plain))?;
        }
        Ok((decrypted.outcome, decrypted.error))
    }

    fn decrypt_to_bytes<'py>(
        &self,
        py: Python<'py>,
        stream: &Stream,
        scratch: &mut [u8],
    ) -> Result<Decrypted<Option<Bound<'py, PyBytes>>>, Received> {
        let session = &self.connection.session;
        let count = read_ciphertext(stream, scratch)?;
        let (received, room) = scratch.split_at_mut(count);
        // A record may wait for its end inside the library.
        if count < DIRECT_FROM && room.len() > count + RECORD {
            let (filled, outcome) = session.wire().lend(received, || session.read(room));
            let plain = (filled > 0).then(|| PyBytes::new(py, &room[..filled]));
            return Ok(self.decrypted(py, plain, outcome));
        }
        let inside = if session.has_more() { RECORD } else { 0 };
        let failed = |error| Received::ProtocolFailed(error, FAILED);
        let mut bytes = UnfilledBytes::new(py, count + inside).map_err(failed)?;
        let (filled, outcome) = session
            .wire()
            .lend(received, || session.read(bytes.memory()));
        let decrypted = self.decrypted(py, (), outcome);
        let plain = bytes.finish(py, filled).map_err(failed)?;
        Ok(Decrypted {
            plain: (filled > 0).then_some(plain),
            outcome: decrypted.outcome,
            error: decrypted.error,
        })
    }

    /// Decrypts into one buffer of the protocol after the other.
    fn receive_into_buffers(
        &self,
        py: Python<'_>,
        stream: &Stream,
        core: &LoopState,
        program: &Bound<'_, PyAny>,
    ) -> Result<(Outcome, Option<PyErr>), Received> {
        let session = &self.connection.session;
        let version = self.connection.protocol_version.get();
        let mut is_first = true;
        loop {
            let buffer = self.check(py, get_buffer(program))?;
            let filled = with_writable(&buffer, |memory| {
                if !is_first {
                    return Ok(session.read(memory));
                }
                core.with_scratch(|scratch| {
                    let count = read_ciphertext(stream, scratch)?;
                    Ok(session
                        .wire()
                        .lend(&scratch[..count], || session.read(memory)))
                })
            });
            let (filled, outcome) = self.check(py, filled)??;
            is_first = false;
            let decrypted = self.decrypted(py, (), outcome);
            if filled > 0 {
                self.check(py, buffer_updated(program, filled))?;
            }
            if outcome != Outcome::Done || !self.is_open() {
                return Ok((outcome, decrypted.error));
            }
            if self.connection.protocol_version.get() != version {
                let left = self.protocol(py).call_method0("_do_read");
                self.check(py, left)?;
                return Ok((Outcome::WaitsForPeer, None));
            }
        }
    }

    /// Adds the exception to a failure, before anything else asks the library.
    fn decrypted<T>(&self, py: Python<'_>, plain: T, outcome: Outcome) -> Decrypted<T> {
        let error = (outcome == Outcome::Failed).then(|| self.connection.session.error(py));
        Decrypted {
            plain,
            outcome,
            error,
        }
    }

    /// What follows a read: answers of the library itself, the peer's end, a failure.
    fn conclude(
        &self,
        py: Python<'_>,
        (outcome, error): (Outcome, Option<PyErr>),
    ) -> Result<(), Received> {
        let connection = &self.connection;
        if connection.backlog.get() && connection.open.get() {
            // A write stopped in a renegotiation, and the peer's part of it may have come.
            let written = self.protocol(py).call_method0("_do_write");
            self.check(py, written)?;
        }
        if connection.session.wire().pending_output() > 0 {
            self.check(
                py,
                connection.send_output(py, || Ok(self.protocol(py).to_owned())),
            )?;
        }
        if let Some(error) = error {
            self.check(py, Err::<(), PyErr>(error))?;
        }
        if outcome == Outcome::Closed && connection.open.get() {
            let told = self.protocol(py).call_method0("_close_notify_received");
            self.check(py, told)?;
        }
        Ok(())
    }

    /// An exception ends the connection as asyncio's TLS does it; nothing is left to do then.
    fn check<T>(&self, py: Python<'_>, result: PyResult<T>) -> Result<T, Received> {
        result.map_err(|error| match fail(py, self.protocol(py), error) {
            Ok(()) => Received::Nothing,
            Err(error) => Received::ProtocolFailed(error, FAILED),
        })
    }
}

fn read_ciphertext(stream: &Stream, scratch: &mut [u8]) -> Result<usize, Received> {
    match stream.read_once(scratch) {
        Ok(0) => Err(Received::End),
        Ok(count) => Ok(count),
        Err(error) => Err(read_error(error)),
    }
}
