//! The clocks behind `performance`, event timestamps, `console.time` and `process.hrtime`.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use twinloop_loop::Loop;

use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("monotonicNow", 0, monotonic_now),
    Op::new("monotonicParts", 0, monotonic_parts),
    Op::new("timeOrigin", 0, time_origin),
    Op::new("loopTimes", 0, loop_times),
];

struct Origin {
    instant: Instant,
    /// Milliseconds since 1970.
    wall: f64,
}

static ORIGIN: OnceLock<Origin> = OnceLock::new();

/// Fixes the time origin; the first call counts, which should be near the start of the process.
pub(crate) fn start() {
    origin();
}

fn origin() -> &'static Origin {
    ORIGIN.get_or_init(|| {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Origin {
            instant: Instant::now(),
            wall: since_epoch.as_secs_f64() * 1000.0,
        }
    })
}

/// `monotonicNow()`: milliseconds since the time origin.
fn monotonic_now<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let elapsed = origin().instant.elapsed();
    // Whole nanoseconds first: a sum of two roundings would differ from `monotonicParts` in the last digit. 64 bits hold 584 years, and
    // become a double in one instruction.
    let nanoseconds = elapsed.as_secs() * 1_000_000_000 + u64::from(elapsed.subsec_nanos());
    Ok(scope.number(nanoseconds as f64 / 1e6))
}

/// `monotonicParts()`: `[seconds, nanoseconds]` of the monotonic clock.
fn monotonic_parts<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    scope.array(&[
        scope.number(now.tv_sec as f64),
        scope.number(now.tv_nsec as f64),
    ])
}

/// `loopTimes()`: `[started, idle]` in milliseconds: when the loop's first turn began by `monotonicNow`, -1 before it, and how long it
/// has been blocked.
fn loop_times<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let running = Loop::current();
    let now = origin().instant.elapsed().as_secs_f64() * 1000.0;
    let started = running.age().map_or(-1.0, |age| now - age as f64 / 1e6);
    scope.array(&[
        scope.number(started),
        scope.number(running.idle() as f64 / 1e6),
    ])
}

/// `timeOrigin()`: milliseconds since 1970.
fn time_origin<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Ok(scope.number(origin().wall))
}
