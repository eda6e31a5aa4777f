//! Which loop is current on a thread: what futures, sockets and timers of this crate attach to.
//!
//! A turn, `block_on` and [`Loop::enter`] make a loop current. Wakers look here to tell whether they run on their own
//! loop's thread, where no inbox is needed (rule ONE-WAKE).

use std::cell::RefCell;

use crate::entry::Entry;
use crate::event_loop::Loop;

thread_local! {
    static CURRENT: RefCell<Option<Loop>> = const { RefCell::new(None) };
}

impl Loop {
    /// The loop that is current on this thread.
    ///
    /// # Panics
    /// When there is none: the caller is not inside a turn, `block_on` or [`Loop::enter`].
    #[must_use]
    pub fn current() -> Loop {
        Loop::try_current().expect("no event loop is running on this thread")
    }

    /// The loop that is current on this thread, if any.
    #[must_use]
    pub fn try_current() -> Option<Loop> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Makes this loop current on this thread until the guard is dropped.
    pub fn enter(&self) -> Entered {
        let already = CURRENT.with_borrow(|current| {
            current
                .as_ref()
                .is_some_and(|current| current.is_same(self))
        });
        if already {
            return Entered { previous: None };
        }
        Entered {
            previous: Some(CURRENT.replace(Some(self.clone()))),
        }
    }
}

/// Pushes an entry if the loop with this id is current here; wakers use it to stay off the inbox on the loop thread.
pub(crate) fn push_if_current(loop_id: u64, entry: impl FnOnce() -> Entry) -> bool {
    // While a thread ends its locals are gone: then no loop is current.
    CURRENT
        .try_with(|current| match &*current.borrow() {
            Some(event_loop) if event_loop.id() == loop_id => {
                event_loop.push(entry());
                true
            }
            _ => false,
        })
        .unwrap_or(false)
}

/// Restores the previously current loop when dropped; see [`Loop::enter`].
#[must_use]
pub struct Entered {
    previous: Option<Option<Loop>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        if let Some(previous) = self.previous.take() {
            let ended = CURRENT.replace(previous);
            drop(ended);
        }
    }
}

impl std::fmt::Debug for Entered {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Entered")
    }
}
