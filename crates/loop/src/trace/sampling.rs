//! A thread of a traced process that looks every few milliseconds whether a bar runs for long, and then has its language say what is on its
//! stack. It asks and never looks itself (rule NO-GIL-OFF-LOOP): the answer comes on the loop's thread, at the language's next safe point.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::clock::{Clock, Nanos};

/// How often it looks.
const INTERVAL: Duration = Duration::from_millis(8);
/// A bar that has run for less is not asked about.
const LEAST_NS: Nanos = 12_000_000;

/// What the thread sees of a loop.
#[derive(Default)]
pub(super) struct Watched {
    /// The bar that runs.
    bar: AtomicU32,
    /// Since when; 0 while the loop waits.
    since: AtomicU64,
    is_requested: AtomicBool,
    asks: Mutex<Vec<Box<dyn Fn() + Send>>>,
}

impl Watched {
    pub(super) fn begin(&self, bar: u32, now: Nanos) {
        self.bar.store(bar, Ordering::Relaxed);
        self.since.store(now, Ordering::Relaxed);
    }

    pub(super) fn rest(&self) {
        self.since.store(0, Ordering::Relaxed);
    }

    pub(super) fn ask(&self, ask: Box<dyn Fn() + Send>) {
        let mut asks = self.asks.lock().unwrap_or_else(PoisonError::into_inner);
        asks.push(ask);
    }

    pub(super) fn take_request(&self) -> bool {
        self.is_requested.load(Ordering::Relaxed)
            && self.is_requested.swap(false, Ordering::Relaxed)
    }

    fn look(&self, now: Nanos) {
        let since = self.since.load(Ordering::Relaxed);
        if since == 0 || now.saturating_sub(since) < LEAST_NS {
            return;
        }
        self.is_requested.store(true, Ordering::Relaxed);
        let asks = self.asks.lock().unwrap_or_else(PoisonError::into_inner);
        for ask in asks.iter() {
            ask();
        }
    }
}

static LOOPS: Mutex<Vec<Weak<Watched>>> = Mutex::new(Vec::new());

/// Watches another loop, by the one thread of the process, which is started anew in a fork.
pub(super) fn watch() -> Arc<Watched> {
    static PROCESS: AtomicU32 = AtomicU32::new(0);
    let watched = Arc::new(Watched::default());
    let mut loops = LOOPS.lock().unwrap_or_else(PoisonError::into_inner);
    loops.retain(|each| each.strong_count() > 0);
    loops.push(Arc::downgrade(&watched));
    drop(loops);
    let process = std::process::id();
    if PROCESS.swap(process, Ordering::SeqCst) != process {
        let thread = std::thread::Builder::new().name("twinloop-trace".into());
        // Without a thread there are no samples.
        drop(thread.spawn(look_forever));
    }
    watched
}

fn look_forever() {
    let clock = Clock::monotonic();
    loop {
        std::thread::sleep(INTERVAL);
        let loops = {
            let loops = LOOPS.lock().unwrap_or_else(PoisonError::into_inner);
            loops.clone()
        };
        let now = clock.now();
        for watched in loops.iter().filter_map(Weak::upgrade) {
            watched.look(now);
        }
    }
}
