//! The libssl that Python's own `_ssl` module uses, called on the `SSL` inside a Python `SSLObject`.
//!
//! Python makes the connection object (so contexts, sessions, callbacks, ALPN and host names are Python's own); [`Session::adopt`]
//! then finds its `SSL` and puts a BIO of ours under it, a [`Wire`]. From there both sides work on the same connection:
//! Python's methods for the handshake and the shutdown, these functions for the bytes between. The library is never
//! linked: its functions are looked up in whatever `_ssl` was linked with, so there is one OpenSSL in the process.
//!
//! The place of the `SSL` inside Python's object is no public interface. It is read only after the fields around it were
//! found to be what they have to be; anything unexpected means `None`, and the caller uses memory BIOs instead. The GIL is
//! held, except in the BIO's own functions, which Python also calls without it: hence the lock in [`Wire`].

mod library;
mod wire;

pub(crate) use wire::Wire;

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;
use std::sync::Arc;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;

use self::library::{Library, Ssl, SslContext};
use super::object::Object;

/// What one call of the library came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// The memory that was passed is used up; there may be more to do.
    Done,
    /// It goes on when more has come from the peer.
    WaitsForPeer,
    /// The peer has said that it sends nothing more.
    Closed,
    /// The reason is in the library's error queue: [`Session::error`].
    Failed,
}

/// One TLS connection.
pub(crate) struct Session {
    ssl: NonNull<Ssl>,
    wire: Arc<Wire>,
    library: &'static Library,
    /// The Python `ssl.SSLObject`.
    object: Object,
    /// The object of the `_ssl` module, which owns `ssl`.
    _owner: Object,
}

impl Session {
    /// Takes the byte streams of a Python `ssl.SSLObject` over, before its handshake; `None` if that is not possible here.
    pub(crate) fn adopt(object: &Bound<'_, PyAny>) -> PyResult<Option<Session>> {
        let py = object.py();
        let Some(library) = library::of_python(py)? else {
            return Ok(None);
        };
        let owner = object.getattr("_sslobj")?;
        let Some(ssl) = find_ssl(&owner, library)? else {
            return Ok(None);
        };
        let wire = Arc::new(Wire::default());
        let Some(bio) = library.new_bio(&wire) else {
            library.clear_errors();
            return Ok(None);
        };
        // SAFETY: `ssl` is the live connection of `owner` (see `find_ssl`). The call takes over the only reference to
        // `bio` and releases those to the BIOs that Python had set.
        unsafe { (library.functions.ssl_set_bio)(ssl.as_ptr(), bio, bio) };
        Ok(Some(Session {
            ssl,
            wire,
            library,
            object: Object::new(object.clone()),
            _owner: Object::new(owner),
        }))
    }

    pub(crate) fn wire(&self) -> &Arc<Wire> {
        &self.wire
    }

    /// Decrypts into `plain` until it is full or nothing is left. The memory may be unset: it is only written to.
    pub(crate) fn read(&self, plain: &mut [u8]) -> (usize, Outcome) {
        self.library.clear_errors();
        let functions = &self.library.functions;
        let mut filled = 0;
        while filled < plain.len() {
            let room = &mut plain[filled..];
            // SAFETY: the connection is alive (`_owner`), and `room` is writable memory of that length.
            let count = unsafe {
                (functions.ssl_read)(
                    self.ssl.as_ptr(),
                    room.as_mut_ptr().cast(),
                    limited(room.len()),
                )
            };
            if count <= 0 {
                return (filled, self.outcome(count));
            }
            filled += count as usize;
            // The call that would only say that nothing is left costs more than these two questions.
            // SAFETY: as above.
            let waiting = || unsafe { (functions.ssl_has_pending)(self.ssl.as_ptr()) != 0 };
            if self.wire.pending_input() == 0 && !waiting() {
                return (filled, Outcome::WaitsForPeer);
            }
        }
        (filled, Outcome::Done)
    }

    /// Encrypts `plain`; says how much of it.
    pub(crate) fn write(&self, plain: &[u8]) -> (usize, Outcome) {
        self.library.clear_errors();
        let mut taken = 0;
        while taken < plain.len() {
            let rest = &plain[taken..];
            // SAFETY: the connection is alive (`_owner`), and `rest` is readable memory of that length.
            let count = unsafe {
                (self.library.functions.ssl_write)(
                    self.ssl.as_ptr(),
                    rest.as_ptr().cast(),
                    limited(rest.len()),
                )
            };
            if count <= 0 {
                return (taken, self.outcome(count));
            }
            taken += count as usize;
        }
        (taken, Outcome::Done)
    }

    /// True if decrypted bytes, or bytes to decrypt, are at hand.
    pub(crate) fn has_more(&self) -> bool {
        // SAFETY: the connection is alive (`_owner`).
        let inside = unsafe { (self.library.functions.ssl_has_pending)(self.ssl.as_ptr()) != 0 };
        inside || self.wire.pending_input() > 0
    }

    /// The exception for the [`Outcome::Failed`] that has just been returned, as Python itself would raise it.
    ///
    /// Python words an error by what is in the queue, and a failed connection adds nothing to it when it is asked again.
    pub(crate) fn error(&self, py: Python<'_>) -> PyErr {
        let asked = self.object.bind(py).call_method1("read", (1,));
        self.library.clear_errors();
        asked.err().unwrap_or_else(|| {
            pyo3::exceptions::PyConnectionError::new_err("the TLS connection failed")
        })
    }

    fn outcome(&self, result: c_int) -> Outcome {
        const WANT_READ: c_int = 2;
        const WANT_WRITE: c_int = 3;
        const ZERO_RETURN: c_int = 6;
        // SAFETY: the connection is alive, and `result` is what its last call returned.
        match unsafe { (self.library.functions.ssl_get_error)(self.ssl.as_ptr(), result) } {
            WANT_READ | WANT_WRITE => Outcome::WaitsForPeer,
            ZERO_RETURN => Outcome::Closed,
            _ => Outcome::Failed,
        }
    }
}

fn limited(length: usize) -> c_int {
    c_int::try_from(length).unwrap_or(c_int::MAX)
}

/// The beginning of `_ssl._SSLSocket`, the same in CPython 3.11 to 3.13.
#[repr(C)]
struct SocketObject {
    head: ffi::PyObject,
    /// A weak reference to the socket; null for an object over BIOs.
    socket: *mut ffi::PyObject,
    ssl: *mut Ssl,
    context: *mut ContextObject,
}

/// The beginning of `_ssl._SSLContext`.
#[repr(C)]
struct ContextObject {
    head: ffi::PyObject,
    context: *mut SslContext,
}

/// The connection inside `owner`, an object of the `_ssl` module, if it looks as it has to.
fn find_ssl(owner: &Bound<'_, PyAny>, library: &Library) -> PyResult<Option<NonNull<Ssl>>> {
    let py = owner.py();
    let module = py.import("_ssl")?;
    let socket_class = module.getattr("_SSLSocket")?.cast_into::<PyType>()?;
    let context_class = module.getattr("_SSLContext")?.cast_into::<PyType>()?;
    let context = owner.getattr("context")?;
    if !owner.get_type().is(&socket_class)
        || !context.is_instance(&context_class)?
        || size_of_instances(&socket_class)? < size_of::<SocketObject>()
        || size_of_instances(&context_class)? < size_of::<ContextObject>()
    {
        return Ok(None);
    }
    let socket: *const SocketObject = owner.as_ptr().cast();
    let expected: *mut ContextObject = context.as_ptr().cast();
    // SAFETY: both objects are alive, of the classes that the two structures describe, and at least as large (checked
    // above), so the reads stay inside them. `ssl` is used only if its neighbours are what this layout says: no socket, and
    // the very context that Python reports; then it is the library's connection, and its context must be the same too.
    unsafe {
        if !(*socket).socket.is_null() || (*socket).context != expected {
            return Ok(None);
        }
        let Some(ssl) = NonNull::new((*socket).ssl) else {
            return Ok(None);
        };
        let known: *mut c_void = (library.functions.ssl_get_ssl_ctx)(ssl.as_ptr()).cast();
        Ok((known == (*expected).context.cast()).then_some(ssl))
    }
}

fn size_of_instances(class: &Bound<'_, PyType>) -> PyResult<usize> {
    class.getattr("__basicsize__")?.extract()
}
