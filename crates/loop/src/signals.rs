//! Signals, handled on a thread of their own: a signal handler itself may do next to nothing.
//!
//! The callback runs on that thread (rule NO-GIL-OFF-LOOP: it posts to the inbox, or asks an engine to interrupt).

use std::io;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
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
    handle: signal_hook::iterator::Handle,
}

/// Watches `signal`; its default action no longer takes place.
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
    std::thread::Builder::new()
        .name("twinloop-signals".into())
        .spawn(move || {
            for _ in signals.forever() {
                callback();
            }
        })?;
    Ok(Watch { handle })
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.handle.close();
    }
}
