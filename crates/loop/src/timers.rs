//! Timers: a binary heap ordered by deadline, then by sequence, with O(1) cancel.
//!
//! Cancelling removes the timer's slot and leaves its heap node behind; a node whose slot no longer carries its
//! sequence number is skipped. When more than half of the heap is such leftovers it is rebuilt, so memory stays within
//! twice the live timers (rule BOUNDED) at an amortised constant cost.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use slab::Slab;

use crate::clock::Nanos;
use crate::entry::Entry;

/// Names a timer until it fires or is cancelled; afterwards it names nothing, also when its slot is used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimerKey {
    slot: usize,
    sequence: u64,
}

struct Slot {
    sequence: u64,
    referenced: bool,
    entry: Entry,
}

type Node = Reverse<(Nanos, u64, usize)>;

#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Node>,
    slots: Slab<Slot>,
    next_sequence: u64,
    referenced: usize,
}

/// Below this many heap nodes a rebuild is not worth its bookkeeping.
const PURGE_FLOOR: usize = 64;

impl Timers {
    pub(crate) fn insert(&mut self, deadline: Nanos, entry: Entry) -> TimerKey {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let slot = self.slots.insert(Slot {
            sequence,
            referenced: true,
            entry,
        });
        self.referenced += 1;
        self.heap.push(Reverse((deadline, sequence, slot)));
        TimerKey { slot, sequence }
    }

    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<Entry> {
        self.slots
            .get(key.slot)
            .filter(|slot| slot.sequence == key.sequence)?;
        let entry = self.take(key.slot);
        if self.heap.len() > PURGE_FLOOR && self.heap.len() > 2 * self.slots.len() {
            let slots = &self.slots;
            self.heap.retain(|Reverse((_, sequence, slot))| {
                slots
                    .get(*slot)
                    .is_some_and(|live| live.sequence == *sequence)
            });
        }
        Some(entry)
    }

    /// Whether the timer keeps the program alive; returns false if it no longer exists.
    pub(crate) fn set_referenced(&mut self, key: TimerKey, referenced: bool) -> bool {
        let Some(slot) = self
            .slots
            .get_mut(key.slot)
            .filter(|slot| slot.sequence == key.sequence)
        else {
            return false;
        };
        if slot.referenced != referenced {
            slot.referenced = referenced;
            if referenced {
                self.referenced += 1;
            } else {
                self.referenced -= 1;
            }
        }
        true
    }

    /// The earliest deadline of a live timer.
    pub(crate) fn next_deadline(&mut self) -> Option<Nanos> {
        while let Some(Reverse((deadline, sequence, slot))) = self.heap.peek() {
            if self
                .slots
                .get(*slot)
                .is_some_and(|live| live.sequence == *sequence)
            {
                return Some(*deadline);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes the earliest timer whose deadline is not after `now`.
    pub(crate) fn pop_due(&mut self, now: Nanos) -> Option<Entry> {
        if self.next_deadline()? > now {
            return None;
        }
        let Reverse((_, _, slot)) = self.heap.pop()?;
        Some(self.take(slot))
    }

    pub(crate) fn referenced(&self) -> usize {
        self.referenced
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Every live timer's entry, in no order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.slots.iter().map(|(_, slot)| &slot.entry)
    }

    pub(crate) fn drain(&mut self) -> Vec<Entry> {
        self.heap.clear();
        self.referenced = 0;
        self.slots.drain().map(|slot| slot.entry).collect()
    }

    fn take(&mut self, slot: usize) -> Entry {
        let slot = self.slots.remove(slot);
        if slot.referenced {
            self.referenced -= 1;
        }
        slot.entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::HostId;

    fn token(entry: Entry) -> u64 {
        match entry {
            Entry::Host(_, token) => token,
            other => panic!("not a host entry: {other:?}"),
        }
    }

    #[test]
    fn equal_deadlines_keep_their_order() {
        let mut timers = Timers::default();
        for number in 0..100 {
            timers.insert(7, Entry::Host(HostId(0), number));
        }
        timers.insert(3, Entry::Host(HostId(0), 1000));
        let order: Vec<u64> = std::iter::from_fn(|| timers.pop_due(7))
            .map(token)
            .collect();
        assert_eq!(order[0], 1000);
        assert_eq!(order[1..], (0..100).collect::<Vec<u64>>());
    }

    #[test]
    fn a_key_of_a_fired_timer_cancels_nothing() {
        let mut timers = Timers::default();
        let old = timers.insert(1, Entry::Host(HostId(0), 1));
        assert!(timers.pop_due(1).is_some());
        timers.insert(2, Entry::Host(HostId(0), 2));
        assert!(timers.remove(old).is_none());
        assert_eq!(timers.len(), 1);
    }

    #[test]
    fn cancelled_timers_leave_the_heap() {
        let mut timers = Timers::default();
        for round in 0..100_000 {
            let key = timers.insert(round, Entry::Host(HostId(0), round));
            timers.remove(key);
        }
        assert!(
            timers.heap.len() <= PURGE_FLOOR + 1,
            "{} nodes stayed",
            timers.heap.len()
        );
        assert_eq!(timers.next_deadline(), None);
        assert_eq!(timers.referenced(), 0);
    }
}
