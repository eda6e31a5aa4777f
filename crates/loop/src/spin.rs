//! Spinning before blocking: for a few microseconds the loop asks the driver again and again before it sleeps.
//!
//! A peer that answers at once is caught awake, which saves the two context switches of a sleep (and, in a virtual
//! machine, the wake of a halted core: tens of microseconds). It is a guess, so it is made only while it is right more
//! often than wrong, and tried again now and then; an idle loop spins once and then sleeps for as long as it takes.
//!
//! A language's lock is kept during a spin. Where another thread wants it all the time, giving it up costs the whole of that
//! thread's turn (CPython: 5 ms), so there the spin is longer: still a small part of what the other thread gets.

use std::cell::Cell;

use crate::clock::Nanos;

/// The longest spin: less than a sleep and a wake cost together, and far below any lock's switching interval.
const SPIN_NS: Nanos = 20_000;

/// The longest spin where the lock came back only after [`CONTENDED_NS`]: a round trip to a peer on the same machine.
const CONTENDED_SPIN_NS: Nanos = 250_000;
const CONTENDED_NS: Nanos = 1_000_000;

const WORTH_MOST: u8 = 8;
const WORTH_ENOUGH: u8 = 5;
/// Without success, one wait in so many is begun with a spin.
const TRY_EVERY: u8 = 64;

/// How well spins have lately guessed.
#[derive(Debug)]
pub(crate) struct Spins {
    worth: Cell<u8>,
    waits: Cell<u8>,
    is_contended: Cell<bool>,
}

impl Default for Spins {
    fn default() -> Spins {
        Spins {
            worth: Cell::new(WORTH_ENOUGH),
            waits: Cell::new(0),
            is_contended: Cell::new(false),
        }
    }
}

impl Spins {
    /// Whether the coming wait should begin with a spin.
    pub(crate) fn are_worth_it(&self) -> bool {
        if self.worth.get() >= WORTH_ENOUGH {
            return true;
        }
        let waits = (self.waits.get() + 1) % TRY_EVERY;
        self.waits.set(waits);
        waits == 0
    }

    /// How long a spin may take.
    pub(crate) fn limit(&self) -> Nanos {
        if self.is_contended.get() {
            CONTENDED_SPIN_NS
        } else {
            SPIN_NS
        }
    }

    /// How long the languages' locks took to come back after a wait.
    pub(crate) fn report_lock(&self, delay: Nanos) {
        let is_contended = delay >= CONTENDED_NS;
        if is_contended && !self.is_contended.replace(is_contended) {
            self.worth.set(WORTH_ENOUGH);
        }
        self.is_contended.set(is_contended);
    }

    /// What a spin came to.
    pub(crate) fn report(&self, found: bool) {
        let worth = self.worth.get();
        self.worth.set(if found {
            // One success is enough to try the next wait too.
            (worth + 1).clamp(WORTH_ENOUGH, WORTH_MOST)
        } else {
            worth.saturating_sub(1)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misses_end_it_and_a_hit_begins_it_again() {
        let spins = Spins::default();
        assert!(spins.are_worth_it());
        spins.report(false);
        let tried = (0..1024).filter(|_| spins.are_worth_it()).count();
        assert_eq!(tried, 1024 / usize::from(TRY_EVERY));
        spins.report(true);
        assert!(spins.are_worth_it());
    }

    #[test]
    fn a_lock_that_others_want_makes_spins_longer_until_it_is_free_again() {
        let spins = Spins::default();
        spins.report(false);
        spins.report_lock(5_000_000);
        assert_eq!(spins.limit(), CONTENDED_SPIN_NS);
        assert!(spins.are_worth_it());
        spins.report(false);
        spins.report_lock(5_000_000);
        assert!(!spins.are_worth_it());
        spins.report_lock(1_000);
        assert_eq!(spins.limit(), SPIN_NS);
    }

    #[test]
    fn a_guess_that_is_right_more_often_than_wrong_goes_on() {
        let spins = Spins::default();
        for turn in 0..100 {
            assert!(spins.are_worth_it());
            spins.report(turn % 3 != 1);
        }
    }
}
