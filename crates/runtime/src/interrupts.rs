//! Ctrl-C while JavaScript runs inside Python.
//!
//! CPython's signal handler only sets a flag and writes the signal's number to the loop's wake-up socket; JavaScript that
//! never returns would not notice. A thread of its own waits on a duplicate of that socket and, when the loop has not
//! taken a SIGINT away for a moment, asks the engine to end what it is running. It uses no GIL and no JavaScript value
//! (rule NO-GIL-OFF-LOOP), and sleeps in the kernel while nothing is signalled.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::net::{RecvFlags, recv};
use twinloop_js::engine::InterruptHandle;
use twinloop_loop::signals;

/// How long a healthy loop may need to take a signal from its socket.
const GRACE: Duration = Duration::from_millis(50);

/// Watches for Ctrl-C until dropped.
pub(crate) struct Watcher {
    stop: Arc<OwnedFd>,
}

impl Watcher {
    /// Watches the wake-up socket of an asyncio loop. `None` off the main thread, which alone receives signals.
    pub(crate) fn start(
        event_loop: &Bound<'_, PyAny>,
        handle: InterruptHandle,
    ) -> PyResult<Option<Watcher>> {
        let threading = event_loop.py().import("threading")?;
        let here = threading.call_method0("current_thread")?;
        if !here.is(&threading.call_method0("main_thread")?) {
            return Ok(None);
        }
        let socket = event_loop
            .getattr("_ssock")?
            .call_method0("fileno")?
            .extract()?;
        let socket = twinloop_loop::duplicate(socket)?;
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).map_err(io::Error::from)?);
        let stopped = Arc::clone(&stop);
        std::thread::Builder::new()
            .name("twinloop-interrupts".into())
            .spawn(move || watch(socket.as_fd(), stopped.as_fd(), &handle))?;
        Ok(Some(Watcher { stop }))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // The only error is a full counter, which says the same.
        let _ = rustix::io::write(&*self.stop, &1u64.to_ne_bytes());
    }
}

fn watch(socket: BorrowedFd<'_>, stop: BorrowedFd<'_>, handle: &InterruptHandle) {
    debug_assert!(socket.as_raw_fd() >= 0);
    loop {
        let mut ready = [
            PollFd::new(&socket, PollFlags::IN),
            PollFd::new(&stop, PollFlags::IN),
        ];
        if poll(&mut ready, None).is_err_and(|error| error != rustix::io::Errno::INTR) {
            return;
        }
        if !ready[1].revents().is_empty() {
            return;
        }
        std::thread::sleep(GRACE);
        match waiting_signals(socket) {
            Some(waiting) if waiting.contains(&(signals::INTERRUPT as u8)) => handle.interrupt(),
            Some(_) => {}
            // The loop closed its socket: there is nothing left to watch.
            None => return,
        }
        // While the loop is stuck the signal stays visible; once it is taken, what was asked for is moot.
        if waiting_signals(socket).is_none_or(|waiting| waiting.is_empty()) {
            handle.withdraw();
        }
    }
}

/// The signals that the loop has not taken yet; `None` once the socket is closed.
fn waiting_signals(socket: BorrowedFd<'_>) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 64];
    match recv(
        socket,
        &mut buffer[..],
        RecvFlags::PEEK | RecvFlags::DONTWAIT,
    ) {
        Ok((0, _)) => None,
        Ok((count, _)) => {
            buffer.truncate(count);
            Some(buffer)
        }
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Some(Vec::new()),
        Err(_) => None,
    }
}
