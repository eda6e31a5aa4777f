//! The native half of the asyncio API, in rooms that mirror those of the Python half, `python/_twinloop`.
//!
//! - `event_loop/`: the loop itself: callbacks, timers, readers and writers, the run
//! - `transports/`: sockets, datagrams and pipes with a protocol behind them; `tls/`: TLS over the first
//! - `streams/`: the readers of asyncio's streams, fed by transports
//! - `sockets/`: the `sock_*` operations on the program's own sockets
//! - `names/`: addresses and `getaddrinfo`
//!
//! Loop thread, GIL held, unless a file says otherwise.

pub(crate) mod event_loop;
mod names;
mod sockets;
mod streams;
mod tls;
mod transports;

pub use event_loop::{event_loop_of, start_task};

use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    event_loop::register(module)?;
    transports::register(module)?;
    streams::register(module)?;
    tls::register(module)
}
