//! Python on Twinloop's loop: the asyncio event loop API and its transports, for CPython 3.11 to 3.13.
//!
//! The Python class `twinloop.EventLoop` combines [`LoopCore`](asyncio::event_loop::LoopCore), the native hot half (callbacks,
//! timers, readers, sockets, transports, TLS), with `asyncio.SelectorEventLoop`, the cold half that the standard library
//! already has (address resolution, executors, subprocesses, the TLS handshake). The `Task` and `Future` are CPython's
//! own.
//!
//! Layout:
//! - `asyncio/`: the loop's Python API in rooms: `event_loop` (callbacks, timers, readers, running), `transports` (sockets,
//!   datagrams, pipes), `tls`, `streams` (the readers of asyncio's streams), `sockets` (the `sock_*` methods), `names`
//! - `serve/`: ASGI applications and handlers on the HTTP server of `twinloop-web`
//! - `fetch/`: `twinloop.fetch` on the HTTP client of `twinloop-web`, and the classes `Response` and `Headers`
//! - `files`: the operations behind `twinloop.open` and its neighbours
//! - `websocket/`: `twinloop.WebSocket` on the WebSocket client of `twinloop-web`
//! - `broadcast/`: `twinloop.BroadcastChannel` on the broadcast channels of `twinloop-web`
//! - `waiting`: how a native coroutine waits for a future of `web`
//! - `ffi/`: all unsafe code: vectorcall methods, the raw types of handles and socket operations, buffers, the GIL,
//!   the libssl that Python's `ssl` links
//! - `tracing`: what a traced process writes down of tasks and callbacks
//!
//! Stands on `twinloop-loop` and, for `fetch`, `websocket`, `broadcast` and `serve`, on `twinloop-web`. Does not know JavaScript; `twinloop-runtime` joins the two.
#![deny(unsafe_code)]

mod asyncio;
mod broadcast;
mod errors;
mod fetch;
mod ffi;
mod files;
mod serve;
mod tracing;
mod waiting;
mod websocket;

pub use asyncio::{event_loop_of, start_task};
pub use errors::web_error;
pub use ffi::{
    BufferInfo, BytesExporter, Known, Lending, LentBuffer, Text, buffer_size, lend_buffer,
    offer_gil, reference_count, release_returned, text_of_latin1, text_of_ucs2, with_text,
};

pub use serve::{hand_over, take_exchange};

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// Adds this crate's classes and functions to the extension module.
///
/// # Errors
/// Any error of the interpreter while the classes are made, for instance an `asyncio` that cannot be imported.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // First of all: what is registered is of the process, and would be taken away from the interpreter that has it.
    if !ffi::is_main_interpreter(module.py()) {
        return Err(PyImportError::new_err(
            "twinloop runs in Python's main interpreter alone, not in a subinterpreter: use a thread or a process",
        ));
    }
    ffi::handle::register(module)?;
    ffi::coroutine::register(module)?;
    ffi::done::register(module)?;
    asyncio::register(module)?;
    fetch::register(module)?;
    websocket::register(module)?;
    broadcast::register(module)?;
    files::register(module)?;
    tracing::register(module)?;
    serve::register(module)
}
