//! What interrupts JavaScript inside of Python: Ctrl-C, and other threads that want the GIL.
//!
//! CPython's signal handler only sets a flag and writes the signal's number to one of the loop's two wake-up sockets (one if
//! the loop has signal handlers, the other if not); JavaScript that never returns would not notice. A thread of its own waits
//! on duplicates of them and, when the loop has not taken a SIGINT away for a moment, asks the engine to end what it is
//! running. It uses no GIL and no JavaScript value (rule NO-GIL-OFF-LOOP), and sleeps in the kernel while nothing is
//! signalled. A program that sets a wake-up descriptor of its own gets the numbers itself, and nothing is noticed here.
//!
//! Python code gives the GIL away every five milliseconds (`sys.getswitchinterval`) when others wait for it; JavaScript
//! does so at the engine's pauses, twice as often, because it cannot know whether anybody waits.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::net::{RecvFlags, recv};
use twinloop_js::engine::{Context, InterruptHandle, Pauses};
use twinloop_loop::signals;

/// How long a healthy loop may need to take a signal from its socket.
const GRACE: Duration = Duration::from_millis(50);

/// Has the JavaScript of this thread let others have the GIL as often as Python code does.
pub(crate) fn share_gil(py: Python<'_>, context: &Context) -> PyResult<Pauses> {
    let seconds: f64 = py
        .import("sys")?
        .call_method0("getswitchinterval")?
        .extract()?;
    let interval = Duration::try_from_secs_f64(seconds / 2.0)
        .unwrap_or_default()
        .max(Duration::from_millis(1));
    Ok(context.pause_every(interval, Rc::new(twinloop_py::offer_gil))?)
}

/// Watches for Ctrl-C until dropped.
pub(crate) struct Watcher {
    stop: Arc<OwnedFd>,
    /// A process that this one forks has no such thread, and the same descriptor.
    process: u32,
}

impl Watcher {
    /// Watches the wake-up sockets of an asyncio loop. `None` off the main thread, which alone receives signals.
    pub(crate) fn start(
        event_loop: &Bound<'_, PyAny>,
        handle: InterruptHandle,
    ) -> PyResult<Option<Watcher>> {
        let threading = event_loop.py().import("threading")?;
        let here = threading.call_method0("current_thread")?;
        if !here.is(&threading.call_method0("main_thread")?) {
            return Ok(None);
        }
        let sockets: Vec<i32> = event_loop.call_method0("_signal_sockets")?.extract()?;
        let sockets = sockets
            .into_iter()
            .map(twinloop_loop::duplicate)
            .collect::<io::Result<Vec<_>>>()?;
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).map_err(io::Error::from)?);
        let stopped = Arc::clone(&stop);
        std::thread::Builder::new()
            .name("twinloop-interrupts".into())
            .spawn(move || watch(&sockets, stopped.as_fd(), &handle))?;
        Ok(Some(Watcher {
            stop,
            process: std::process::id(),
        }))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            return;
        }
        // The only error is a full counter, which says the same.
        let _ = rustix::io::write(&*self.stop, &1u64.to_ne_bytes());
    }
}

fn watch(sockets: &[OwnedFd], stop: BorrowedFd<'_>, handle: &InterruptHandle) {
    loop {
        let mut ready: Vec<_> = std::iter::once(stop)
            .chain(sockets.iter().map(AsFd::as_fd))
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        if poll(&mut ready, None).is_err_and(|error| error != rustix::io::Errno::INTR) {
            return;
        }
        if !ready[0].revents().is_empty() {
            return;
        }
        std::thread::sleep(GRACE);
        match waiting_signals(sockets) {
            Some(waiting) if waiting.contains(&(signals::INTERRUPT as u8)) => handle.interrupt(),
            Some(_) => {}
            // The loop closed its sockets: there is nothing left to watch.
            None => return,
        }
        // While the loop is stuck the signal stays visible; once it is taken, what was asked for is moot.
        if waiting_signals(sockets).is_none_or(|waiting| waiting.is_empty()) {
            handle.withdraw();
        }
    }
}

/// The signals that the loop has not taken yet; `None` once a socket is closed.
fn waiting_signals(sockets: &[OwnedFd]) -> Option<Vec<u8>> {
    let mut waiting = Vec::new();
    for socket in sockets {
        let mut buffer = [0; 64];
        match recv(
            socket,
            &mut buffer[..],
            RecvFlags::PEEK | RecvFlags::DONTWAIT,
        ) {
            Ok((0, _)) => return None,
            Ok((count, _)) => waiting.extend_from_slice(&buffer[..count]),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
    }
    Some(waiting)
}
