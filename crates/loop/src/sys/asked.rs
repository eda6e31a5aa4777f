//! The signal by which `twinloop top` asks a process: its handler sets a flag, and does nothing else.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// One of those for real time, whose default would end the process; `python -m twinloop --ps` has the next.
pub(crate) fn top_signal() -> i32 {
    libc::SIGRTMIN() + 11
}

/// Installs the handler, once in a process.
pub(crate) fn watch_asked() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: storing a flag is all that the handler does, which is allowed in one.
        let registered = unsafe {
            signal_hook::low_level::register(top_signal(), || ASKED.store(true, Ordering::Relaxed))
        };
        // Without it the process cannot be asked.
        drop(registered);
    });
}

/// Whether somebody has asked.
#[inline(always)]
pub(crate) fn is_asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Takes the question.
pub(crate) fn take_asked() -> bool {
    ASKED.swap(false, Ordering::Relaxed)
}
