//! Entries of the check phase: they run once a turn, after what the poll found and before the timers that are due, as Node's
//! immediates do. What they add to the phase runs in the next turn. Loop thread only.

use std::collections::VecDeque;

use crate::entry::Entry;

/// Names an entry of the check phase until it has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckKey(u64);

/// The entries, in the order in which they run.
#[derive(Default)]
pub(crate) struct Checks {
    /// Each with whether it keeps the loop going.
    entries: VecDeque<(Entry, bool)>,
    /// The number of the first.
    first: u64,
    /// How many keep the loop going.
    referenced: usize,
}

impl Checks {
    /// Appends an entry, which is referenced.
    pub(crate) fn push(&mut self, entry: Entry) -> CheckKey {
        let key = CheckKey(self.first + self.entries.len() as u64);
        self.entries.push_back((entry, true));
        self.referenced += 1;
        key
    }

    /// Takes out the first entry.
    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let (entry, referenced) = self.entries.pop_front()?;
        self.first += 1;
        self.referenced -= usize::from(referenced);
        Some(entry)
    }

    /// Sets whether an entry keeps the loop going; false if it has run.
    pub(crate) fn set_referenced(&mut self, key: CheckKey, referenced: bool) -> bool {
        let index = key.0.checked_sub(self.first);
        let Some((_, is_referenced)) =
            index.and_then(|index| self.entries.get_mut(usize::try_from(index).ok()?))
        else {
            return false;
        };
        self.referenced += usize::from(referenced);
        self.referenced -= usize::from(*is_referenced);
        *is_referenced = referenced;
        true
    }

    /// Takes out all entries.
    pub(crate) fn drain(&mut self) -> Vec<Entry> {
        std::iter::from_fn(|| self.pop()).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn referenced(&self) -> usize {
        self.referenced
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|(entry, _)| entry)
    }
}
