//! Pings: which were answered, and when a peer is asked whether it is still there.
//!
//! No I/O: the connection's writing task asks what is due, its reader says what it heard. Any byte is a sign of life, and silence counts only
//! while somebody listens: a program that does not receive sees no answer either.

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use twinloop_loop::time::{Sleep, sleep};

/// The pings of a connection that have numbers, in their payload.
#[derive(Default)]
pub(super) struct Pings {
    sent: u64,
    answered: u64,
}

impl Pings {
    /// The number of one that is about to be sent.
    pub(super) fn next(&mut self) -> u64 {
        self.sent += 1;
        self.sent
    }

    /// Takes note of an answer; whether it is one to such a ping. It answers those before it too (RFC 6455, 5.5.3).
    pub(super) fn answered(&mut self, payload: &[u8]) -> bool {
        let number = payload.try_into().map_or(0, u64::from_be_bytes);
        let is_new = number > self.answered && number <= self.sent;
        if is_new {
            self.answered = number;
        }
        is_new
    }

    pub(super) fn is_answered(&self, number: u64) -> bool {
        self.answered >= number
    }
}

/// When to ask, and whether there was an answer in time.
pub(super) struct Keepalive {
    interval: Duration,
    timeout: Duration,
    /// Until the next question; while one is open, until its time is over.
    sleep: Option<Pin<Box<Sleep>>>,
    is_asked: bool,
    is_heard: bool,
    /// The reader has read all that there was.
    is_listening: bool,
}

impl Keepalive {
    pub(super) fn new(interval: Duration, timeout: Duration) -> Keepalive {
        Keepalive {
            interval,
            timeout,
            sleep: None,
            is_asked: false,
            is_heard: false,
            is_listening: false,
        }
    }

    /// Whether the time of an open question is over without a sign of life.
    pub(super) fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        if !self.is_asked || !self.is_slept(context, self.timeout) {
            return false;
        }
        self.is_asked = false;
        self.is_listening && !self.is_heard
    }

    /// Whether it is time to ask; the question is open then.
    pub(super) fn is_due(&mut self, context: &mut Context<'_>) -> bool {
        if self.is_asked || !self.is_slept(context, self.interval) {
            return false;
        }
        self.is_asked = true;
        self.is_heard = false;
        // The timer of the answer begins to run.
        let _ = self.is_slept(context, self.timeout);
        true
    }

    /// The reader looks at what there is.
    pub(super) fn reads(&mut self) {
        self.is_listening = false;
    }

    /// The reader waits for the peer.
    pub(super) fn listens(&mut self) {
        self.is_listening = true;
    }

    pub(super) fn heard(&mut self) {
        self.is_heard = true;
    }

    fn is_slept(&mut self, context: &mut Context<'_>, time: Duration) -> bool {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(time)));
        let is_over = sleep.as_mut().poll(context).is_ready();
        if is_over {
            self.sleep = None;
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::Pings;

    #[test]
    fn a_ping_is_answered_by_its_number_or_a_later_one() {
        let mut pings = Pings::default();
        let numbers = [pings.next(), pings.next(), pings.next()];
        assert!(!pings.answered(b"of somebody else") && !pings.answered(&9_u64.to_be_bytes()));
        assert!(pings.answered(&numbers[1].to_be_bytes()));
        assert!(!pings.answered(&numbers[0].to_be_bytes()));
        assert_eq!(
            numbers.map(|number| pings.is_answered(number)),
            [true, true, false]
        );
    }
}
