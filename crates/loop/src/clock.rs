//! The loop's clock: CLOCK_MONOTONIC in nanoseconds, or a test clock that moves only when the loop would wait.
//!
//! The test clock makes timing tests exact and instant: when nothing is ready and nothing is under way on another
//! thread, the loop sets it to the next deadline instead of sleeping.

use std::cell::Cell;
use std::rc::Rc;

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds since the clock's epoch (the boot of the machine for the real clock, zero for a test clock).
pub type Nanos = u64;

/// Where a [`Loop`](crate::Loop) reads the time.
#[derive(Clone, Debug)]
pub struct Clock(ClockKind);

#[derive(Clone, Debug)]
enum ClockKind {
    Monotonic,
    Test(Rc<Cell<Nanos>>),
}

impl Clock {
    /// The machine's monotonic clock.
    #[must_use]
    pub fn monotonic() -> Clock {
        Clock(ClockKind::Monotonic)
    }

    /// A clock that starts at zero and jumps to the next deadline whenever the loop would otherwise wait for it.
    #[must_use]
    pub fn test() -> Clock {
        Clock(ClockKind::Test(Rc::new(Cell::new(0))))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Nanos {
        match &self.0 {
            ClockKind::Monotonic => {
                let now = clock_gettime(ClockId::Monotonic);
                // The kernel promises a non-negative monotonic time with nanoseconds below one billion.
                now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
            }
            ClockKind::Test(now) => now.get(),
        }
    }

    /// True for a clock of [`Clock::test`].
    pub fn is_test(&self) -> bool {
        matches!(self.0, ClockKind::Test(_))
    }

    /// Moves a test clock forward; a real clock moves by itself.
    pub(crate) fn advance_to(&self, deadline: Nanos) {
        if let ClockKind::Test(now) = &self.0 {
            now.set(now.get().max(deadline));
        }
    }
}
