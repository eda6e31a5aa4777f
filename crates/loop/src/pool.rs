//! The blocking pool: threads for what blocks or computes for more than about 50 microseconds.
//!
//! One pool serves every loop of the process. Threads start when work waits and nobody is idle, up to a limit, and end
//! after ten idle seconds. Work beyond the limit waits in the queue (rule BOUNDED: its submitter holds one future for
//! each piece, so the operations under way bound it). A pool thread runs Rust closures only (rule NO-GIL-OFF-LOOP).

use std::any::Any;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

const MAX_THREADS: usize = 64;
const IDLE_LIFE: Duration = Duration::from_secs(10);

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queue {
    work: VecDeque<Work>,
    threads: usize,
    idle: usize,
}

static QUEUE: Mutex<Queue> = Mutex::new(Queue {
    work: VecDeque::new(),
    threads: 0,
    idle: 0,
});
static WORK_CAME: Condvar = Condvar::new();

type Outcome<T> = Result<T, Box<dyn Any + Send>>;

/// What the pool thread leaves for whoever submitted the work.
struct Pending<T> {
    outcome: Option<Outcome<T>>,
    waker: Option<Waker>,
}

/// Resolves when the pool has run the closure; an error is the payload of its panic.
pub(crate) struct Submitted<T>(Arc<Mutex<Pending<T>>>);

impl<T> Future for Submitted<T> {
    type Output = Outcome<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut pending = lock(&self.0);
        match pending.outcome.take() {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                pending.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

pub(crate) fn submit<T: Send + 'static>(
    function: impl FnOnce() -> T + Send + 'static,
) -> Submitted<T> {
    let pending = Arc::new(Mutex::new(Pending {
        outcome: None,
        waker: None,
    }));
    let result = Arc::clone(&pending);
    enqueue(Box::new(move || {
        let outcome = catch_unwind(AssertUnwindSafe(function));
        let waker = {
            let mut pending = lock(&result);
            pending.outcome = Some(outcome);
            pending.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }));
    Submitted(pending)
}

fn enqueue(work: Work) {
    let mut queue = lock(&QUEUE);
    queue.work.push_back(work);
    if queue.idle > 0 {
        WORK_CAME.notify_one();
    } else if queue.threads < MAX_THREADS {
        queue.threads += 1;
        drop(queue);
        let started = std::thread::Builder::new()
            .name("twinloop-blocking".into())
            .spawn(serve);
        if started.is_err() {
            start_failed();
        }
    }
}

/// Without another thread the work waits for one that runs already; without any, it is done here: late, but done.
fn start_failed() {
    let mut queue = lock(&QUEUE);
    queue.threads -= 1;
    if queue.threads == 0 {
        while let Some(work) = queue.work.pop_front() {
            drop(queue);
            work();
            queue = lock(&QUEUE);
        }
    }
}

/// How many threads there are, how many of them have nothing to do, and how much work waits.
pub(crate) fn counts() -> (usize, usize, usize) {
    let queue = lock(&QUEUE);
    (queue.threads, queue.idle, queue.work.len())
}

fn serve() {
    let mut queue = lock(&QUEUE);
    loop {
        while let Some(work) = queue.work.pop_front() {
            drop(queue);
            work();
            queue = lock(&QUEUE);
        }
        queue.idle += 1;
        let (guard, wait) = WORK_CAME
            .wait_timeout(queue, IDLE_LIFE)
            .unwrap_or_else(PoisonError::into_inner);
        queue = guard;
        queue.idle -= 1;
        if wait.timed_out() && queue.work.is_empty() {
            queue.threads -= 1;
            return;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code runs under these locks that could leave them half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
