//! Awaiting across: a JavaScript promise as an asyncio Future, a Python awaitable as a Promise.
//!
//! Both are settled on the loop thread, inside an entry of the turn: a promise's reaction is a microtask of that entry's
//! checkpoint, a Future's callbacks are queued with `call_soon`. While JavaScript waits for Python the program is held
//! alive. GIL held.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::iterator::PySendResult;
use pyo3::types::{PyIterator, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};
use twinloop_js::engine::{Error, Local, PromiseState, Slot};
use twinloop_loop::Hold;
use twinloop_loop::trace::Recorder;

use super::Crossing;
use super::errors::must_leave;
use crate::bridge::{Bridge, Helper, JsKey, has_greenlets};
use crate::js_in_python::JsPromise;

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
        Ok(future)
    }

    /// What awaits this thenable, for which nobody else waits in Python.
    pub(crate) fn wait_for(&self, thenable: Local<'_>) -> PyResult<Py<PyAny>> {
        let future = self.future_of(thenable)?;
        let what = Awaited::Alone(self.bridge.keep(self.scope, thenable));
        Wait::on(&future, what)
    }

    /// Gives up the fetches, timers and Tasks of Python's that serve this promise alone, if it is pending and JavaScript does not wait for it.
    fn give_up(&self, promise: Local<'_>) -> PyResult<()> {
        if self.scope.promise_state(promise) != Some(PromiseState::Pending) {
            return Ok(());
        }
        let bridge = self.bridge;
        if bridge.begins_to_give_up() {
            let mut tasks = Vec::new();
            for ticket in bridge.tickets() {
                bridge.with_waiting(ticket, |waiting| {
                    tasks.push(self.scope.local(&waiting.promise));
                    tasks.push(self.scope.number(ticket as f64));
                });
            }
            let tasks = self.of_js(self.scope.array(&tasks))?;
            self.help(Helper::GatherWorks, &[tasks])?;
        }
        let tickets = self.help(Helper::GiveUp, &[promise])?;
        let mut index = 0;
        while let Some(ticket) = self.of_js(self.scope.get(tickets, index))?.as_f64() {
            index += 1;
            let task =
                bridge.with_waiting(ticket as usize, |waiting| waiting.task.clone_ref(self.py));
            if let Some(task) = task {
                task.call_method0(self.py, intern!(self.py, "cancel"))?;
            }
        }
        Ok(())
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

    /// A Promise that settles as the awaitable does. It runs as a Task of the running loop; a coroutine makes its first step here, as an async function of
    /// JavaScript does.
    pub(crate) fn promise_of(&self, awaitable: &Bound<'_, PyAny>) -> Result<Local<'s>, Error> {
        let py = self.py;
        let (promise, _) = self.scope.promise()?;
        let context = self.context_of_task()?;
        let task = self.of_python(self.task_of(awaitable, context.as_ref()))?;
        let wait = || -> PyResult<()> {
            if task.call_method0(intern!(py, "done"))?.is_truthy()? {
                return self.settle_promise(promise, awaitable, &task);
            }
            let ticket = self.bridge.wait_for_python(Waiting {
                promise: self.scope.persist(promise),
                task: task.clone().unbind(),
                _hold: self.bridge.event_loop().hold(),
            });
            let done = Done {
                ticket,
                awaitable: awaitable.clone().unbind(),
            };
            let done = Bound::new(py, done)?;
            task.call_method1(intern!(py, "add_done_callback"), (done,))
                .map(drop)
        };
        self.of_python(wait())?;
        Ok(promise)
    }

    fn task_of(
        &self,
        awaitable: &Bound<'py, PyAny>,
        context: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        static COROUTINE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = COROUTINE.import(py, "types", "CoroutineType")?;
        // A greenlet that a coroutine leaves keeps what stands below it, where JavaScript may be then.
        if awaitable.get_type().is(class) && self.bridge.may_begin_at_once() && !has_greenlets(py)?
        {
            return twinloop_py::start_task(&running_loop(py)?, awaitable, context);
        }
        static ENSURE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let ensure = ENSURE.import(py, "asyncio", "ensure_future")?;
        match context {
            Some(context) => context.call_method1(intern!(py, "run"), (ensure, awaitable)),
            None => ensure.call1((awaitable,)),
        }
    }

    /// Gives the Promise what the Task has come to.
    fn settle_promise(
        &self,
        promise: Local<'_>,
        awaitable: &Bound<'py, PyAny>,
        task: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let settled = match task.call_method0(intern!(self.py, "result")) {
            // It left through the loop already, and is nothing that JavaScript may see.
            Err(error) if must_leave(self.py, &error) => return Ok(()),
            Ok(value) => {
                let given = value.is(awaitable);
                self.value_to_js(&value).and_then(|value| {
                    if given {
                        self.of_python(self.help(Helper::Given, &[value]))?;
                    }
                    self.scope.resolve_promise(promise, value)
                })
            }
            Err(error) => self
                .exception_to_js(error)
                .and_then(|reason| self.scope.reject_promise(promise, reason)),
        };
        // What cannot cross, because its loop has ended, must not leave who waits hanging.
        let settled = settled.or_else(|error| match error.to_local(self.scope) {
            Some(reason) => self.scope.reject_promise(promise, reason),
            None => Ok(()),
        });
        self.of_js(settled)
    }
}

fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static RUNNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    RUNNING.import(py, "asyncio", "get_running_loop")?.call0()
}

/// What a [`Wait`] waits for.
pub(crate) enum Awaited {
    /// A value that Python has no other reference to.
    Alone(JsKey),
    /// The promise of this proxy, which counts who waits.
    Shared(Py<JsPromise>),
}

/// Awaits a promise: the iterator of a Future that is left with an exception when the Task is cancelled, and then gives up what the promise
/// waits for.
#[pyclass(frozen, module = "twinloop.js")]
pub(crate) struct Wait {
    future: Py<PyIterator>,
    what: Awaited,
    is_over: AtomicBool,
}

impl Wait {
    pub(crate) fn on(future: &Bound<'_, PyAny>, what: Awaited) -> PyResult<Py<PyAny>> {
        let py = future.py();
        let iterator = future.call_method0(intern!(py, "__await__"))?;
        if let Awaited::Shared(promise) = &what {
            promise.get().begin();
        }
        let wait = Wait {
            future: iterator.cast_into::<PyIterator>()?.unbind(),
            what,
            is_over: AtomicBool::new(false),
        };
        Ok(Bound::new(py, wait)?.into_any().unbind())
    }

    /// Whether this was the last one that waited.
    fn end(&self) -> bool {
        if self.is_over.swap(true, Ordering::Relaxed) {
            return false;
        }
        match &self.what {
            Awaited::Alone(_) => true,
            Awaited::Shared(promise) => promise.get().end(),
        }
    }

    /// Who waited goes away, with the promise still pending or not.
    fn leave(&self, py: Python<'_>) {
        if !self.end() {
            return;
        }
        let give_up = |key: &JsKey| {
            if !Bridge::is_alive(key) {
                return Ok(());
            }
            let bridge = Bridge::of(key)?;
            bridge.enter(py, |crossing| {
                crossing.give_up(bridge.value(crossing.scope, key)?)
            })
        };
        let given_up = match &self.what {
            Awaited::Alone(key) => give_up(key),
            Awaited::Shared(promise) => give_up(promise.bind(py).as_super().get().key()),
        };
        if let Err(error) = given_up {
            error.write_unraisable(py, None);
        }
    }
}

#[pymethods]
impl Wait {
    fn __await__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.future.bind(py).send(&py.None().into_bound(py)) {
            Ok(PySendResult::Next(future)) => Ok(future.unbind()),
            Ok(PySendResult::Return(value)) => {
                self.end();
                Err(PyStopIteration::new_err((value.unbind(),)))
            }
            Err(error) => {
                self.leave(py);
                Err(error)
            }
        }
    }

    #[pyo3(signature = (*exception))]
    fn throw(&self, exception: &Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> {
        let py = exception.py();
        self.leave(py);
        let throw = self.future.bind(py).getattr(intern!(py, "throw"))?;
        Ok(throw.call1(exception)?.unbind())
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.leave(py);
        self.future.call_method0(py, intern!(py, "close")).map(drop)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.future)?;
        match &self.what {
            Awaited::Alone(_) => Ok(()),
            Awaited::Shared(promise) => visit.call(promise),
        }
    }
}

/// A promise that waits for a Task, and what keeps the program alive meanwhile.
pub(crate) struct Waiting {
    promise: Slot,
    task: Py<PyAny>,
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
        bridge.enter(py, |crossing| {
            let promise = crossing.scope.local(&waiting.promise);
            crossing.settle_promise(promise, self.awaitable.bind(py), task)
        })
    }
}
