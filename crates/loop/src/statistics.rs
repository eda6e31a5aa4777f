//! What a loop has done: counters that are always kept, and the times of its entries when somebody asks for them.
//!
//! A counter is one addition on the loop thread. Timing reads the clock after each entry (some 30 ns, a fifth of the
//! cheapest callback), so it is off until [`Loop::time_entries`](crate::Loop::time_entries) turns it on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::clock::Nanos;

/// What a loop has done and holds, for diagnostics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Turns since the loop was made.
    pub turns: u64,
    /// Entries run since the loop was made.
    pub entries: u64,
    /// Entries waiting in the ready queue.
    pub ready: usize,
    /// Timers not yet due.
    pub timers: usize,
    /// Tasks of the local executor.
    pub tasks: usize,
    /// Registered descriptors.
    pub descriptors: usize,
    /// Holds that keep the loop alive.
    pub holds: usize,
    /// Messages from other threads since the loop was made.
    pub posts: u64,
    /// How many of those found the loop asleep and had to wake it.
    pub wakes: u64,
    /// Bytes that streams have received.
    pub bytes_received: u64,
    /// Bytes that the kernel has taken from streams.
    pub bytes_sent: u64,
    /// How long entries took; `None` while they are not timed.
    pub entry_times: Option<Histogram>,
}

/// Counts of durations, by powers of two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram([u64; Histogram::BUCKETS]);

impl Histogram {
    /// The first bucket ends here; each further one at twice the last.
    const FIRST_NS: Nanos = 1 << 10;
    /// The last bucket takes everything from 8.6 seconds on.
    const BUCKETS: usize = 25;

    pub(crate) fn add(&mut self, duration: Nanos) {
        let doublings = (duration / Self::FIRST_NS)
            .checked_ilog2()
            .map_or(0, |log| log as usize + 1);
        self.0[doublings.min(Self::BUCKETS - 1)] += 1;
    }

    /// Each bucket that is not empty: the duration in nanoseconds below which it lies (`None`: no limit), and its count.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<Nanos>, u64)> {
        let limit = |index| (index + 1 < Self::BUCKETS).then(|| Self::FIRST_NS << index);
        (0..Self::BUCKETS)
            .map(move |index| (limit(index), self.0[index]))
            .filter(|(_, count)| *count > 0)
    }
}

/// Bytes through the streams of one loop.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    received: Cell<u64>,
    sent: Cell<u64>,
}

impl Traffic {
    pub(crate) fn add_received(&self, count: usize) {
        self.received.set(self.received.get() + count as u64);
    }

    pub(crate) fn add_sent(&self, count: usize) {
        self.sent.set(self.sent.get() + count as u64);
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    turns: Cell<u64>,
    entries: Cell<u64>,
    posts: Cell<u64>,
    pub(crate) traffic: Rc<Traffic>,
    times: RefCell<Option<Box<Histogram>>>,
    timing: Cell<bool>,
}

impl Counters {
    pub(crate) fn count_turn(&self) {
        self.turns.set(self.turns.get() + 1);
    }

    pub(crate) fn count_entry(&self) {
        self.entries.set(self.entries.get() + 1);
    }

    pub(crate) fn count_posts(&self, count: usize) {
        self.posts.set(self.posts.get() + count as u64);
    }

    pub(crate) fn is_timing(&self) -> bool {
        self.timing.get()
    }

    pub(crate) fn set_timing(&self, on: bool) {
        self.timing.set(on);
        self.times.replace(on.then(Box::default));
    }

    pub(crate) fn add_time(&self, duration: Nanos) {
        if let Some(times) = &mut *self.times.borrow_mut() {
            times.add(duration);
        }
    }

    /// The counters; what the loop holds at the moment is for the loop to fill in.
    pub(crate) fn turns(&self) -> u64 {
        self.turns.get()
    }

    pub(crate) fn statistics(&self) -> Statistics {
        Statistics {
            turns: self.turns.get(),
            entries: self.entries.get(),
            posts: self.posts.get(),
            bytes_received: self.traffic.received.get(),
            bytes_sent: self.traffic.sent.get(),
            entry_times: self.times.borrow().as_deref().cloned(),
            ..Statistics::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_below_the_limit_of_their_bucket() {
        let mut histogram = Histogram::default();
        for duration in [0, 1023, 1024, 2047, 2048, Nanos::MAX] {
            histogram.add(duration);
        }
        let buckets: Vec<_> = histogram.buckets().collect();
        assert_eq!(
            buckets,
            [(Some(1024), 2), (Some(2048), 2), (Some(4096), 1), (None, 1)]
        );
    }
}
