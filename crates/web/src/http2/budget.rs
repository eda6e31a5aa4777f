//! Tokens that come back with time: what a peer may do rarely for nothing, such as resetting the streams that it has just opened.

use std::time::Instant;

#[derive(Debug)]
pub(super) struct Budget {
    burst: f64,
    per_second: f64,
    left: f64,
    at: Option<Instant>,
}

impl Budget {
    pub(super) fn new(burst: u64, per_second: u64) -> Budget {
        Budget {
            burst: burst as f64,
            per_second: per_second as f64,
            left: burst as f64,
            at: None,
        }
    }

    /// Takes a token; false when there is none.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        if let Some(at) = self.at {
            let passed = now.saturating_duration_since(at).as_secs_f64();
            self.left = (self.left + passed * self.per_second).min(self.burst);
        }
        self.at = Some(now);
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}
