//! When a piece of work of the blocking pool waited and ran: measured where it is done, and written down on the loop's thread.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Language, Recorder};
use crate::clock::{Clock, Nanos};

/// A piece of work on its way.
pub(crate) struct Timed {
    recorder: Rc<Recorder>,
    origin: u32,
    queued: Nanos,
    times: Times,
}

/// What the thread that does it fills in.
#[derive(Clone, Default)]
pub(crate) struct Times(Arc<[AtomicU64; 2]>);

impl Timed {
    pub(crate) fn new(recorder: &Rc<Recorder>) -> Timed {
        Timed {
            origin: recorder.acting(),
            queued: recorder.clock.now(),
            recorder: Rc::clone(recorder),
            times: Times::default(),
        }
    }

    pub(crate) fn times(&self) -> Times {
        self.times.clone()
    }

    pub(crate) fn record(self) {
        let [started, ended] = [0, 1].map(|index| self.times.0[index].load(Ordering::Acquire));
        let name = self.recorder.name("work of the blocking pool");
        let times = [self.queued, started, ended];
        self.recorder.work(Language::Rust, name, self.origin, times);
    }
}

impl Times {
    pub(crate) fn around<T>(self, function: impl FnOnce() -> T) -> T {
        /// Notes the end also of work that panics.
        struct End(Times);
        impl Drop for End {
            fn drop(&mut self) {
                self.0.0[1].store(Clock::monotonic().now(), Ordering::Release);
            }
        }
        self.0[0].store(Clock::monotonic().now(), Ordering::Release);
        let _end = End(self);
        function()
    }
}
