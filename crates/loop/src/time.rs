//! Futures that wait for the loop's clock. They never complete early and cost nothing once dropped.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use std::cell::RefCell;
use std::rc::Rc;

use crate::clock::Nanos;
use crate::entry::Entry;
use crate::event_loop::{Loop, WeakLoop};
use crate::timers::TimerKey;

/// Completes once the deadline has come.
#[derive(Debug)]
pub struct Sleep {
    event_loop: WeakLoop,
    deadline: Nanos,
    timer: Option<Armed>,
}

#[derive(Debug)]
struct Armed {
    key: TimerKey,
    waker: Rc<RefCell<Waker>>,
}

/// Completes when `duration` has passed on the current loop's clock.
///
/// # Panics
/// When no loop is current.
#[must_use]
pub fn sleep(duration: Duration) -> Sleep {
    let event_loop = Loop::current();
    let nanos = Nanos::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX);
    let deadline = event_loop.now().saturating_add(nanos);
    Sleep {
        event_loop: event_loop.downgrade(),
        deadline,
        timer: None,
    }
}

/// Completes when the current loop's clock has reached `deadline`.
///
/// # Panics
/// When no loop is current.
#[must_use]
pub fn sleep_until(deadline: Nanos) -> Sleep {
    Sleep {
        event_loop: Loop::current().downgrade(),
        deadline,
        timer: None,
    }
}

impl Sleep {
    /// The time at which it completes.
    #[must_use]
    pub fn deadline(&self) -> Nanos {
        self.deadline
    }

    /// Moves the deadline.
    pub fn reset(&mut self, deadline: Nanos) {
        self.disarm();
        self.deadline = deadline;
    }

    fn disarm(&mut self) {
        if let Some(armed) = self.timer.take()
            && let Some(event_loop) = self.event_loop.upgrade()
        {
            event_loop.cancel_timer(armed.key);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(event_loop) = self.event_loop.upgrade() else {
            return Poll::Pending;
        };
        if event_loop.now() >= self.deadline {
            self.disarm();
            return Poll::Ready(());
        }
        if let Some(armed) = &self.timer {
            armed.waker.borrow_mut().clone_from(context.waker());
            return Poll::Pending;
        }
        let waker = Rc::new(RefCell::new(context.waker().clone()));
        let fired = Rc::clone(&waker);
        let entry = Entry::call(move |_| fired.borrow().wake_by_ref());
        let key = event_loop.push_at(self.deadline, entry);
        // What keeps a program alive is the operation that sleeps, not its timer.
        event_loop.set_timer_referenced(key, false);
        self.timer = Some(Armed { key, waker });
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.disarm();
    }
}

/// The time was up first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed;

impl std::fmt::Display for Elapsed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the time limit has passed")
    }
}

impl std::error::Error for Elapsed {}

/// Awaits `future` for at most `duration`; the future is dropped when the time is up.
///
/// # Errors
/// [`Elapsed`] when the time was up first.
pub async fn timeout<F: Future>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    let mut sleep = pin!(sleep(duration));
    poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Ok(value));
        }
        sleep.as_mut().poll(context).map(|()| Err(Elapsed))
    })
    .await
}
