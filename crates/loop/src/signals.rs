//! Signals, handled on a thread of their own: a signal handler itself may do next to nothing.
//!
//! The callback runs on that thread (rule NO-GIL-OFF-LOOP: it posts to the inbox, or asks an engine to interrupt).

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM};
use signal_hook::iterator::Signals;

/// The interrupt from the keyboard.
pub const INTERRUPT: i32 = SIGINT;
/// The polite request to end.
pub const TERMINATE: i32 = SIGTERM;
/// The terminal is gone.
pub const HANG_UP: i32 = SIGHUP;

/// Calls `callback` for each arrival of one signal until dropped.
#[derive(Debug)]
pub struct Watch {
    signal: i32,
    handle: signal_hook::iterator::Handle,
}

/// A signal that was watched once: its handler stays in the process, and does what the default action would while nobody watches.
struct Handled {
    watches: usize,
    unwatched: Arc<AtomicBool>,
}

static HANDLED: Mutex<Option<HashMap<i32, Handled>>> = Mutex::new(None);

fn handled() -> MutexGuard<'static, Option<HashMap<i32, Handled>>> {
    HANDLED
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// One more watch of this signal.
fn begin(signal: i32) -> io::Result<()> {
    let mut handled = handled();
    let handled = handled.get_or_insert_default();
    if let Some(known) = handled.get_mut(&signal) {
        known.watches += 1;
        known.unwatched.store(false, Ordering::SeqCst);
        return Ok(());
    }
    let unwatched = Arc::new(AtomicBool::new(false));
    // A broken pipe is an error of the write in every Rust program, and no end of it.
    if signal != SIGPIPE {
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&unwatched))?;
    }
    handled.insert(
        signal,
        Handled {
            watches: 1,
            unwatched,
        },
    );
    Ok(())
}

fn end(signal: i32) {
    if let Some(known) = handled().as_mut().and_then(|all| all.get_mut(&signal)) {
        known.watches -= 1;
        known.unwatched.store(known.watches == 0, Ordering::SeqCst);
    }
}

/// Watches `signal`; its default action does not take place until every watch of it was dropped.
///
/// # Errors
/// When the signal cannot be handled (SIGKILL, SIGSTOP, or not a signal), or no thread can be started.
pub fn watch(signal: i32, callback: impl Fn() + Send + 'static) -> io::Result<Watch> {
    if signal_hook::consts::FORBIDDEN.contains(&signal) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("signal {signal} cannot be handled"),
        ));
    }
    let mut signals = Signals::new([signal])?;
    let handle = signals.handle();
    begin(signal)?;
    // From here on dropping it ends what was begun.
    let watch = Watch { signal, handle };
    std::thread::Builder::new()
        .name("twinloop-signals".into())
        .spawn(move || {
            for _ in signals.forever() {
                callback();
            }
        })?;
    Ok(watch)
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.handle.close();
        end(self.signal);
    }
}
