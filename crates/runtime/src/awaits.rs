//! Awaiting across: a JavaScript promise as an asyncio Future, a Python awaitable as a Promise.
//!
//! Both are settled on the loop thread, inside an entry of the turn: a promise's reaction is a microtask of that entry's
//! checkpoint, a Future's callbacks are queued with `call_soon`. While JavaScript waits for Python the program is held
//! alive. GIL held.

use std::rc::Rc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use twinloop_js::engine::{Arguments, Error, Local, Scope, Slot};
use twinloop_loop::Hold;

use crate::bridge::Bridge;
use crate::{convert, errors};

/// A Future of the running loop that settles as the thenable does.
pub(crate) fn future_of<'py>(
    bridge: &Rc<Bridge>,
    scope: &Scope<'_>,
    py: Python<'py>,
    thenable: Local<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    let future = py
        .import(intern!(py, "asyncio"))?
        .call_method0(intern!(py, "get_running_loop"))?
        .call_method0(intern!(py, "create_future"))?;
    let fulfilled = Rc::new(future.clone().unbind());
    let rejected = Rc::clone(&fulfilled);
    let attach = || -> Result<(), Error> {
        let promise = bridge.help(scope, "resolve", &[thenable])?;
        let on_fulfilled = scope.closure("", 1, move |scope, arguments| {
            settle(scope, &fulfilled, arguments, true)
        })?;
        let on_rejected = scope.closure("", 1, move |scope, arguments| {
            settle(scope, &rejected, arguments, false)
        })?;
        scope.call_method(promise, "then", &[on_fulfilled, on_rejected])?;
        Ok(())
    };
    attach().map_err(|error| errors::to_py(bridge, scope, py, error))?;
    Ok(future)
}

/// The reaction of a promise: gives the Future its result, unless it was cancelled meanwhile.
fn settle<'s>(
    scope: &Scope<'s>,
    future: &Py<PyAny>,
    arguments: Arguments<'s>,
    fulfilled: bool,
) -> Result<Local<'s>, Error> {
    let bridge = Bridge::current()?;
    Python::attach(|py| {
        let future = future.bind(py);
        let give = || -> PyResult<()> {
            if future.call_method0(intern!(py, "done"))?.is_truthy()? {
                return Ok(());
            }
            if fulfilled {
                match convert::to_py(&bridge, scope, py, arguments.get(0)) {
                    Ok(value) => future.call_method1(intern!(py, "set_result"), (value,))?,
                    Err(error) => future.call_method1(intern!(py, "set_exception"), (error,))?,
                };
                return Ok(());
            }
            let error = errors::value_to_py(&bridge, scope, py, arguments.get(0));
            // A Future refuses StopIteration, which would end the coroutine that awaits it.
            if error.is_instance_of::<pyo3::exceptions::PyStopIteration>(py) {
                let wrapped = PyRuntimeError::new_err("JavaScript raised StopIteration");
                wrapped.set_cause(py, Some(error));
                future.call_method1(intern!(py, "set_exception"), (wrapped,))?;
            } else {
                future.call_method1(intern!(py, "set_exception"), (error,))?;
            }
            Ok(())
        };
        give().map_err(|error| errors::to_js(&bridge, scope, py, error))
    })?;
    Ok(Local::undefined())
}

/// A Promise that settles as the awaitable does. It runs as a Task of the running loop.
pub(crate) fn promise_of<'s>(
    bridge: &Rc<Bridge>,
    scope: &Scope<'s>,
    awaitable: &Bound<'_, PyAny>,
) -> Result<Local<'s>, Error> {
    let py = awaitable.py();
    let (promise, _) = scope.promise()?;
    let start = || -> PyResult<()> {
        let future = py
            .import(intern!(py, "asyncio"))?
            .call_method1(intern!(py, "ensure_future"), (awaitable,))?;
        let ticket = bridge.wait_for_python(Waiting {
            promise: scope.persist(promise),
            _hold: bridge.event_loop().hold(),
        });
        future.call_method1(
            intern!(py, "add_done_callback"),
            (Bound::new(py, Done { ticket })?,),
        )?;
        Ok(())
    };
    start().map_err(|error| errors::to_js(bridge, scope, py, error))?;
    Ok(promise)
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
        let result = task.call_method0(intern!(py, "result"));
        bridge.enter(|scope| {
            let promise = scope.local(&waiting.promise);
            let settled = match result {
                Ok(value) => convert::to_js(&bridge, scope, &value)
                    .and_then(|value| scope.resolve_promise(promise, value)),
                Err(error) => errors::value_to_js(&bridge, scope, py, error)
                    .and_then(|reason| scope.reject_promise(promise, reason)),
            };
            settled.map_err(|error| errors::to_py(&bridge, scope, py, error))
        })
    }
}
