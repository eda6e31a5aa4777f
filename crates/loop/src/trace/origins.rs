//! Which bar queued each entry of the ready queue: runs of entries with one origin, in the queue's order. The queue itself keeps nothing for it.

use std::collections::VecDeque;

use crate::clock::Nanos;

/// Where an entry comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// The bar that queued it; 0 if none did.
    pub(super) bar: u32,
    /// By how much it was late, for a timer.
    pub(super) late: Option<Nanos>,
}

#[derive(Default)]
pub(super) struct Origins {
    runs: VecDeque<(usize, Origin)>,
    /// The sum of the runs.
    known: usize,
    /// Behind the timer that came last, until something else changes: its place in the queue, and of the runs. A thousand come at once, one behind
    /// the other.
    behind_timer: Option<(usize, usize)>,
}

impl Origins {
    /// The queue is this long now; what is new was queued by `bar`.
    pub(super) fn grown_to(&mut self, length: usize, bar: u32) {
        if length < self.known {
            // The loop was closed.
            self.runs.clear();
            self.known = 0;
            self.behind_timer = None;
        }
        let new = length - self.known;
        if new == 0 {
            return;
        }
        self.behind_timer = None;
        self.known = length;
        let origin = Origin { bar, late: None };
        match self.runs.back_mut() {
            Some((count, last)) if *last == origin => *count += new,
            _ => self.runs.push_back((new, origin)),
        }
    }

    /// A timer came into the queue, behind `place` entries.
    pub(super) fn timer(&mut self, place: usize, late: Nanos) {
        let timer = (
            1,
            Origin {
                bar: 0,
                late: Some(late),
            },
        );
        self.known += 1;
        let index = match self.behind_timer {
            Some((known, index)) if known == place => index,
            _ => self.run_at(place),
        };
        self.runs.insert(index, timer);
        self.behind_timer = Some((place + 1, index + 1));
    }

    /// The number of the run that begins at this place of the queue, which is made to.
    fn run_at(&mut self, place: usize) -> usize {
        let mut before = 0;
        for index in 0..self.runs.len() {
            let (count, origin) = self.runs[index];
            if before == place {
                return index;
            }
            if before + count > place {
                self.runs[index].0 = place - before;
                let rest = (count - (place - before), origin);
                self.runs.insert(index + 1, rest);
                return index + 1;
            }
            before += count;
        }
        self.runs.len()
    }

    /// The first entry left the queue.
    pub(super) fn taken(&mut self) -> Origin {
        let Some((count, origin)) = self.runs.front_mut() else {
            return Origin::default();
        };
        let origin = *origin;
        *count -= 1;
        self.known -= 1;
        self.behind_timer = None;
        if *count == 0 {
            self.runs.pop_front();
        }
        origin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(origins: &mut Origins) -> Vec<(u32, Option<Nanos>)> {
        std::iter::from_fn(|| {
            let some = origins.known > 0;
            some.then(|| origins.taken())
        })
        .map(|origin| (origin.bar, origin.late))
        .collect()
    }

    #[test]
    fn entries_have_the_bars_that_queued_them() {
        let mut origins = Origins::default();
        origins.grown_to(2, 1);
        origins.grown_to(3, 2);
        assert_eq!(origins.taken().bar, 1);
        origins.grown_to(3, 3);
        assert_eq!(all(&mut origins), [(1, None), (2, None), (3, None)]);
        assert_eq!(origins.taken(), Origin::default());
    }

    #[test]
    fn timers_come_before_what_the_turn_has_added() {
        let mut origins = Origins::default();
        origins.grown_to(4, 1);
        origins.timer(2, 70);
        origins.timer(3, 80);
        origins.timer(6, 90);
        let expected = [
            (1, None),
            (1, None),
            (0, Some(70)),
            (0, Some(80)),
            (1, None),
            (1, None),
            (0, Some(90)),
        ];
        assert_eq!(all(&mut origins), expected);
    }

    #[test]
    fn a_queue_that_was_emptied_begins_again() {
        let mut origins = Origins::default();
        origins.grown_to(5, 1);
        origins.grown_to(1, 2);
        assert_eq!(all(&mut origins), [(2, None)]);
    }
}
