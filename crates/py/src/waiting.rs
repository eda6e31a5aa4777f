//! How a native coroutine waits for a future of `web`: by polling it, with a waker that makes its task go on.
//!
//! A wake-up queues the task's entry, as a Future that gets its result does, and never runs it at once: wakers are called where somebody
//! else is in the middle of something. One that comes while the future is being polled, by a future that asks for another turn,
//! finds the coroutine still running, so it is made up for in the next turn. Loop thread, GIL held; a waker that another thread calls
//! goes through the inbox (rule NO-GIL-OFF-LOOP).

use std::cell::Cell;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use pyo3::Borrowed;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use twinloop_loop::time::{Sleep, sleep_until};
use twinloop_loop::{Entry, Hold, Loop, Nanos, Remote};

use crate::asyncio::event_loop::LoopState;
use crate::ffi::coroutine::{self, Attempt, Operation, WaitSlot, Waiter};
use crate::ffi::{self, GilBound, Object};

/// What a coroutine waits by. Made with its first poll, so that one that has nothing to wait for needs none.
pub(crate) struct Wakeup {
    waker: Waker,
    shared: Arc<CoroutineWaker>,
    /// What waits for an answer keeps a program going.
    hold: Option<Hold>,
}

struct CoroutineWaker {
    sleeper: GilBound<Sleeper>,
    remote: Remote,
}

struct Sleeper {
    slot: Rc<WaitSlot>,
    core: Weak<LoopState>,
    /// The future is being polled.
    is_polled: Cell<bool>,
    /// It was woken meanwhile.
    is_early: Cell<bool>,
}

impl Wake for CoroutineWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !ffi::holds_gil() {
            let this = Arc::clone(self);
            self.remote.post(Box::new(move |_| this.wake()));
            return;
        }
        ffi::with_gil_held(|py| {
            let sleeper = self.sleeper.get(py);
            if sleeper.is_polled.get() {
                sleeper.is_early.set(true);
            } else if let Some(core) = sleeper.core.upgrade()
                && let Some(waiter) = sleeper.slot.take(py)
            {
                waiter.wake_soon(py, &core);
            }
        });
    }
}

impl Wakeup {
    /// For a coroutine of this loop.
    fn new(core: &Rc<LoopState>, event_loop: &Loop) -> Wakeup {
        let sleeper = Sleeper {
            slot: Rc::default(),
            core: Rc::downgrade(core),
            is_polled: Cell::new(false),
            is_early: Cell::new(false),
        };
        let shared = Arc::new(CoroutineWaker {
            sleeper: GilBound::new(sleeper),
            remote: event_loop.remote(),
        });
        Wakeup {
            waker: Waker::from(Arc::clone(&shared)),
            shared,
            hold: None,
        }
    }
}

/// Polls something of this loop once, for the coroutine behind `waiter`; while it is pending, the coroutine is woken by its waker.
///
/// # Errors
/// RuntimeError where the loop does not run on this thread.
pub(crate) fn poll<T>(
    py: Python<'_>,
    core: &Rc<LoopState>,
    wakeup: &mut Option<Wakeup>,
    waiter: &Waiter,
    poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
) -> PyResult<Poll<T>> {
    let event_loop = core.open()?;
    if !core.runs_here(py) {
        return Err(PyRuntimeError::new_err(
            "what began on one event loop, a fetch or a websocket, is awaited on that one",
        ));
    }
    let _entered = event_loop.enter();
    let wakeup = wakeup.get_or_insert_with(|| Wakeup::new(core, &event_loop));
    let sleeper = wakeup.shared.sleeper.get(py);
    sleeper.is_polled.set(true);
    let polled = poll(&mut Context::from_waker(&wakeup.waker));
    sleeper.is_polled.set(false);
    let is_early = sleeper.is_early.take();
    if polled.is_pending() {
        sleeper.slot.register(waiter);
        if is_early {
            let waker = wakeup.waker.clone();
            event_loop.push(Entry::call(move |_| waker.wake()));
        }
        wakeup.hold.get_or_insert_with(|| event_loop.hold());
    } else {
        wakeup.hold = None;
    }
    Ok(polled)
}

/// What is made of a future's output.
type Finish<T> = Box<dyn FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>>>;

/// A coroutine that is one future of `web`. Neither the future nor what finishes it refers to an object of Python's.
struct Awaited<T> {
    name: &'static str,
    core: Rc<LoopState>,
    future: Pin<Box<dyn Future<Output = T>>>,
    finish: Option<Finish<T>>,
    wakeup: Option<Wakeup>,
}

impl<T> Operation for Awaited<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        let future = &mut self.future;
        let polled = poll(py, &self.core, &mut self.wakeup, waiter, |context| {
            future.as_mut().poll(context)
        })?;
        match (polled, self.finish.take()) {
            (Poll::Ready(output), Some(finish)) => Ok(Some(finish(py, output)?.into_bound(py))),
            (_, finish) => {
                self.finish = finish;
                Ok(None)
            }
        }
    }

    fn withdraw(&mut self, _py: Python<'_>, _waiter: &Waiter) {
        // The coroutine leaves its slot by itself.
    }

    fn visit(&self, _visitor: &mut dyn FnMut(&Object)) {}
}

/// A coroutine named `name` that waits for `future`, and gives what `finish` makes of its output.
pub(crate) fn coroutine<'py, T: 'static>(
    event_loop: Borrowed<'_, 'py, PyAny>,
    core: &Rc<LoopState>,
    name: &'static str,
    future: impl Future<Output = T> + 'static,
    finish: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + 'static,
) -> PyResult<Bound<'py, PyAny>> {
    let awaited = Awaited {
        name,
        core: Rc::clone(core),
        future: Box::pin(future),
        finish: Some(Box::new(finish)),
        wakeup: None,
    };
    coroutine::make(event_loop.py(), event_loop, Box::new(awaited))
}

/// How long something may take, such as a fetch and its body together.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    time: Duration,
    /// On the loop's clock, once it has begun.
    end: Option<Nanos>,
}

impl Limit {
    pub(crate) fn of(time: Duration) -> Limit {
        Limit { time, end: None }
    }

    /// In words.
    pub(crate) fn shown(&self) -> String {
        format!("within {} s", self.time.as_secs_f64())
    }
}

/// Waits for the end of a limit.
pub(crate) struct Clock {
    pub(crate) limit: Limit,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Clock {
    pub(crate) fn of(limit: Limit) -> Clock {
        Clock { limit, sleep: None }
    }

    /// Whether the time is over. With the first poll it begins to run; a loop is current.
    fn poll(&mut self, context: &mut Context<'_>) -> bool {
        let sleep = self.sleep.get_or_insert_with(|| {
            let time = self.limit.time.as_nanos();
            let end = self.limit.end.get_or_insert_with(|| {
                let time = Nanos::try_from(time).unwrap_or(Nanos::MAX);
                Loop::current().now().saturating_add(time)
            });
            Box::pin(sleep_until(*end))
        });
        sleep.as_mut().poll(context).is_ready()
    }
}

/// Whether there is a clock whose time is over.
pub(crate) fn is_over(clock: &mut Option<Clock>, context: &mut Context<'_>) -> bool {
    clock.as_mut().is_some_and(|clock| clock.poll(context))
}
