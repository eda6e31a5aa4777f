//! Awaiting across: a JavaScript promise as an asyncio Future, a Python awaitable as a Promise.
//!
//! Both are settled on the loop thread, inside an entry of the turn: a promise's reaction is a microtask of that entry's
//! checkpoint, a Future's callbacks are queued with `call_soon`. While JavaScript waits for Python the program is held
//! alive. GIL held.

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use twinloop_js::engine::{Error, Local, Slot};
use twinloop_loop::Hold;
use twinloop_loop::trace::Recorder;

use super::Crossing;
use super::errors::must_leave;
use crate::bridge::{Bridge, Helper, JsKey};

impl<'s, 'py> Crossing<'_, 's, 'py> {
    /// A Future of the running loop that settles as the thenable does.
    pub(crate) fn future_of(&self, thenable: Local<'_>) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        let future = running_loop(py)?.call_method0(intern!(py, "create_future"))?;
        let settled = future.clone().unbind();
        let attached = self.scope.when_settled(thenable, move |scope, outcome| {
            Crossing::in_js(scope, |crossing| {
                let settled = crossing.settle(settled.bind(crossing.py), outcome);
                crossing.of_python(settled)
            })
        });
        self.of_js(attached)?;
        let waits = self.help(Helper::WaitForAbortable, &[thenable])?;
        if waits.as_bool() == Some(true) {
            let left = Left(self.bridge.keep(self.scope, thenable));
            let left = Bound::new(py, left)?;
            future.call_method1(intern!(py, "add_done_callback"), (left,))?;
        }
        Ok(future)
    }

    /// Gives the Future its result, unless it was cancelled meanwhile.
    fn settle(&self, future: &Bound<'_, PyAny>, outcome: Result<Local<'_>, Error>) -> PyResult<()> {
        let py = self.py;
        let is_done = || future.call_method0(intern!(py, "done"))?.is_truthy();
        let outcome = match outcome {
            Ok(value) => self.to_py(value),
            Err(error) => Err(self.error_to_py(error)),
        };
        // Asked last: what became of the value may have run Python, a signal handler that cancels the task for one.
        if is_done()? {
            return Ok(());
        }
        let error = match outcome {
            Ok(value) => {
                future.call_method1(intern!(py, "set_result"), (value,))?;
                return Ok(());
            }
            Err(error) => error,
        };
        // A Future refuses StopIteration, which would end the coroutine that awaits it.
        let error = if error.is_instance_of::<PyStopIteration>(py) {
            let wrapped = PyRuntimeError::new_err("JavaScript raised StopIteration");
            wrapped.set_cause(py, Some(error));
            wrapped
        } else {
            error
        };
        future.call_method1(intern!(py, "set_exception"), (error,))?;
        Ok(())
    }

    /// A Promise that settles as the awaitable does. It runs as a Task of the running loop.
    pub(crate) fn promise_of(&self, awaitable: &Bound<'_, PyAny>) -> Result<Local<'s>, Error> {
        let py = self.py;
        let (promise, _) = self.scope.promise()?;
        let context = self.context_of_task()?;
        let start = || -> PyResult<()> {
            static ENSURE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            let ensure = ENSURE.import(py, "asyncio", "ensure_future")?;
            let future = match &context {
                Some(context) => context.call_method1(intern!(py, "run"), (ensure, awaitable))?,
                None => ensure.call1((awaitable,))?,
            };
            let ticket = self.bridge.wait_for_python(Waiting {
                promise: self.scope.persist(promise),
                _hold: self.bridge.event_loop().hold(),
            });
            future.call_method1(
                intern!(py, "add_done_callback"),
                (Bound::new(
                    py,
                    Done {
                        ticket,
                        awaitable: awaitable.clone().unbind(),
                    },
                )?,),
            )?;
            Ok(())
        };
        self.of_python(start())?;
        Ok(promise)
    }
}

fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static RUNNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    RUNNING.import(py, "asyncio", "get_running_loop")?.call0()
}

/// The done callback of a Future that waits for a promise whose work can be given up.
#[pyclass(frozen, module = "twinloop.js")]
struct Left(JsKey);

#[pymethods]
impl Left {
    fn __call__(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = future.py();
        if !Bridge::is_alive(&self.0) {
            return Ok(());
        }
        let was_cancelled = future.call_method0(intern!(py, "cancelled"))?.is_truthy()?;
        let bridge = Bridge::of(&self.0)?;
        bridge.enter(py, |crossing| {
            let promise = bridge.value(crossing.scope, &self.0)?;
            let values = [promise, Local::boolean(was_cancelled)];
            crossing.help(Helper::LeaveAbortable, &values).map(drop)
        })
    }
}

/// A promise that waits for a Task, and what keeps the program alive meanwhile.
pub(crate) struct Waiting {
    promise: Slot,
    _hold: Hold,
}

/// The done callback of a Task that JavaScript awaits.
#[pyclass(frozen, module = "twinloop.js")]
struct Done {
    ticket: usize,
    awaitable: Py<PyAny>,
}

#[pymethods]
impl Done {
    fn __call__(&self, task: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = task.py();
        let Ok(bridge) = Bridge::current() else {
            return Ok(());
        };
        let Some(waiting) = bridge.python_is_done(self.ticket) else {
            return Ok(());
        };
        if let Some(recorder) = Recorder::current() {
            recorder.relay();
        }
        let result = task.call_method0(intern!(py, "result"));
        if let Err(error) = &result
            && must_leave(py, error)
        {
            // It left through the loop already, and is nothing that JavaScript may see.
            return Ok(());
        }
        bridge.enter(py, |crossing| {
            let promise = crossing.scope.local(&waiting.promise);
            let settled = match result {
                Ok(value) => {
                    let given = value.is(&self.awaitable);
                    crossing.value_to_js(&value).and_then(|value| {
                        if given {
                            crossing.of_python(crossing.help(Helper::Given, &[value]))?;
                        }
                        crossing.scope.resolve_promise(promise, value)
                    })
                }
                Err(error) => crossing
                    .exception_to_js(error)
                    .and_then(|reason| crossing.scope.reject_promise(promise, reason)),
            };
            // What cannot cross, because its loop has ended, must not leave who waits hanging.
            let settled = settled.or_else(|error| match error.to_local(crossing.scope) {
                Some(reason) => crossing.scope.reject_promise(promise, reason),
                None => Ok(()),
            });
            crossing.of_js(settled)
        })
    }
}
