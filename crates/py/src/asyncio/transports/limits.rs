//! What bounds the writing side of every transport (rule BOUNDED): when its protocol is told to pause and to go on, and what becomes
//! of writes that come after the end. GIL held.

use std::cell::Cell;

use pyo3::prelude::*;

/// How much may be queued before the protocol is told to pause, and how little before it is told to go on; asyncio's numbers
/// unless the program sets others.
pub(super) struct WriteLimits {
    high_water: Cell<usize>,
    low_water: Cell<usize>,
    /// The protocol was told to pause and not yet to go on.
    paused: Cell<bool>,
}

impl Default for WriteLimits {
    fn default() -> WriteLimits {
        WriteLimits {
            high_water: Cell::new(64 * 1024),
            low_water: Cell::new(16 * 1024),
            paused: Cell::new(false),
        }
    }
}

impl WriteLimits {
    pub(super) fn set(&self, high_water: usize, low_water: usize) {
        self.high_water.set(high_water);
        self.low_water.set(low_water);
    }

    /// As asyncio's `get_write_buffer_limits`.
    pub(super) fn low_and_high(&self) -> (usize, usize) {
        (self.low_water.get(), self.high_water.get())
    }

    /// True if the protocol waits to be told to go on.
    pub(super) fn is_paused(&self) -> bool {
        self.paused.get()
    }

    /// Whether the protocol is yet to be told that `queued` bytes are too many.
    pub(super) fn are_exceeded_by(&self, queued: usize) -> bool {
        queued > self.high_water.get() && !self.paused.get()
    }

    /// As [`WriteLimits::are_exceeded_by`], and if so, the protocol counts as told.
    pub(super) fn pause_for(&self, queued: usize) -> bool {
        let exceeded = self.are_exceeded_by(queued);
        if exceeded {
            self.paused.set(true);
        }
        exceeded
    }

    /// Whether the protocol has to be told that it may go on with `queued` bytes left; it counts as told then.
    pub(super) fn resume_for(&self, queued: usize) -> bool {
        let has_room = self.paused.get() && queued <= self.low_water.get();
        if has_room {
            self.paused.set(false);
        }
        has_room
    }
}

/// Writes after the end before asyncio's warning about them.
const BEFORE_WARNING: u32 = 5;

/// The end of a transport: whether `connection_lost` has been scheduled, and how many writes came too late.
#[derive(Default)]
pub(super) struct TheEnd(Cell<u32>);

impl TheEnd {
    pub(super) fn has_come(&self) -> bool {
        self.0.get() > 0
    }

    /// Marks it; false if it was marked before.
    pub(super) fn come(&self) -> bool {
        let is_first = !self.has_come();
        if is_first {
            self.0.set(1);
        }
        is_first
    }

    /// A write that comes too late is dropped; from the fifth on asyncio's warning says so, in the words of the transport.
    #[cold]
    pub(super) fn late_write(&self, py: Python<'_>, warning: &str) -> PyResult<()> {
        if self.0.get() >= BEFORE_WARNING {
            let logger = py.import("asyncio.log")?.getattr("logger")?;
            logger.call_method1("warning", (warning,))?;
        }
        self.0.set(self.0.get().saturating_add(1));
        Ok(())
    }
}

/// asyncio's warning of a socket.
pub(super) const LATE_SEND: &str = "socket.send() raised exception.";
