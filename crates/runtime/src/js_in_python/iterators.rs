//! JavaScript iterators in Python, sync and async.
//!
//! An iteration that Python leaves early is closed, as `for ... of` and `for await` close theirs: with `return()`, when the
//! iterator goes away (`bridge/closing.rs`) or when its `close` or `aclose` is called.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use pyo3::exceptions::{PyRuntimeError, PyStopAsyncIteration, PyStopIteration};
use pyo3::intern;
use pyo3::prelude::*;
use twinloop_js::engine::Local;

use crate::bridge::{Bridge, Helper, JsKey};
use crate::crossing::Crossing;

/// A JavaScript iterator that Python runs. Its flags are changed under the GIL, which is all the order they need.
struct Iteration {
    key: JsKey,
    /// The identity number of an object that is its own iterator, as generators are.
    own: Option<u64>,
    begun: AtomicBool,
    over: AtomicBool,
}

impl Iteration {
    fn new(
        crossing: &Crossing<'_, '_, '_>,
        object: Local<'_>,
        iterator: Local<'_>,
    ) -> PyResult<Iteration> {
        let own = if iterator.is_same(object) {
            crossing.help(Helper::IdentityOf, &[object])?.as_index()
        } else {
            None
        };
        Ok(Iteration {
            key: crossing.bridge.keep(crossing.scope, iterator),
            own,
            begun: AtomicBool::new(false),
            over: AtomicBool::new(false),
        })
    }

    fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Ends it; whether it was over before.
    fn end(&self) -> bool {
        self.over.swap(true, Ordering::Relaxed)
    }
}

impl Drop for Iteration {
    fn drop(&mut self) {
        if self.begun.load(Ordering::Relaxed) && !self.end() {
            self.key.leave_iteration(self.own);
        }
    }
}

/// Python's view of a JavaScript iterator.
#[pyclass(frozen, module = "twinloop.js")]
pub(super) struct JsIterator(Steps);

enum Steps {
    /// Of an Array whose iteration nobody changed: the next index. It is read as the language's own iterator would, which
    /// looks at the length again at each step; [`OVER`] once it is over.
    ByIndex(JsKey, AtomicU32),
    ByNext(Iteration),
}

/// What the index is when the iteration is over.
const OVER: u32 = u32::MAX;

impl JsIterator {
    /// Of an iterator, or of an Array itself, whose elements are read by index.
    pub(super) fn new(
        crossing: &Crossing<'_, '_, '_>,
        object: Local<'_>,
        iterator: Local<'_>,
    ) -> PyResult<JsIterator> {
        // A generator is its own iterator too.
        let by_index = iterator.is_same(object) && crossing.scope.is_array(object);
        Ok(JsIterator(if by_index {
            let key = crossing.bridge.keep(crossing.scope, iterator);
            Steps::ByIndex(key, AtomicU32::default())
        } else {
            Steps::ByNext(Iteration::new(crossing, object, iterator)?)
        }))
    }
}

#[pymethods]
impl JsIterator {
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let key = match &self.0 {
            Steps::ByIndex(key, _) => key,
            Steps::ByNext(iteration) => &iteration.key,
        };
        let bridge = Bridge::of(key)?;
        bridge.enter(py, |crossing| {
            let scope = crossing.scope;
            let iterator = bridge.value(scope, key)?;
            let value = match &self.0 {
                Steps::ByIndex(_, next) => {
                    let index = next.load(Ordering::Relaxed);
                    if index == OVER {
                        return Ok(None);
                    }
                    // What a getter throws does not stop at this index, as in JavaScript's engines.
                    next.store(index + 1, Ordering::Relaxed);
                    let Some(element) = crossing.of_js(scope.element(iterator, index))? else {
                        next.store(OVER, Ordering::Relaxed);
                        return Ok(None);
                    };
                    element
                }
                Steps::ByNext(iteration) => {
                    if iteration.is_over() {
                        return Ok(None);
                    }
                    iteration.begin();
                    // One that throws has ended itself.
                    let step = crossing.help(Helper::Step, &[iterator]).inspect_err(|_| {
                        iteration.end();
                    })?;
                    if bridge.is_over(scope, step) {
                        iteration.end();
                        let returned = crossing.help(Helper::TakeReturned, &[])?;
                        if returned.is_undefined() {
                            return Ok(None);
                        }
                        // Which `yield from` gives.
                        let returned = crossing.to_py(returned)?.unbind();
                        return Err(PyStopIteration::new_err((returned,)));
                    }
                    step
                }
            };
            Ok(Some(crossing.to_py(value)?.unbind()))
        })
    }

    /// `next(value)` of JavaScript's, by which `yield from` passes on what it is sent.
    fn send(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.resume(py, Resume::Next, value)
    }

    #[pyo3(signature = (kind, value = None, traceback = None))]
    fn throw(
        &self,
        kind: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let exception = exception_of(kind, value, traceback)?;
        self.resume(kind.py(), Resume::Throw, &exception)
    }

    /// Ends the iteration, as leaving a `for ... of` does.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        match &self.0 {
            Steps::ByIndex(_, next) => next.store(OVER, Ordering::Relaxed),
            Steps::ByNext(iteration) if !iteration.end() => {
                let bridge = Bridge::of(&iteration.key)?;
                bridge.enter(py, |crossing| {
                    let iterator = bridge.value(crossing.scope, &iteration.key)?;
                    crossing.help(Helper::CloseIterator, &[iterator]).map(drop)
                })?;
            }
            Steps::ByNext(_) => {}
        }
        Ok(())
    }
}

impl JsIterator {
    fn resume(&self, py: Python<'_>, how: Resume, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let Steps::ByNext(iteration) = &self.0 else {
            // The iterator of an Array takes no value and has no `throw`.
            return match how {
                Resume::Next => self
                    .__next__(py)?
                    .ok_or_else(|| PyStopIteration::new_err(())),
                Resume::Throw => {
                    self.close(py)?;
                    Err(PyErr::from_value(value.clone()))
                }
            };
        };
        if iteration.is_over() {
            return Err(match how {
                Resume::Next => PyStopIteration::new_err(()),
                Resume::Throw => PyErr::from_value(value.clone()),
            });
        }
        iteration.begin();
        let bridge = Bridge::of(&iteration.key)?;
        bridge.enter(py, |crossing| {
            let iterator = bridge.value(crossing.scope, &iteration.key)?;
            resume(crossing, iterator, how, value).inspect_err(|_| {
                iteration.end();
            })
        })
    }
}

/// How an iterator goes on.
#[derive(Clone, Copy)]
pub(super) enum Resume {
    Next,
    Throw,
}

/// Lets an iterator go on, and raises StopIteration with what it returned at its end.
pub(super) fn resume(
    crossing: &Crossing<'_, '_, '_>,
    iterator: Local<'_>,
    how: Resume,
    value: &Bound<'_, PyAny>,
) -> PyResult<Py<PyAny>> {
    let step = step_of(crossing, iterator, how, value)?;
    let (is_done, value) = parts_of(crossing, step)?;
    if is_done {
        Err(PyStopIteration::new_err((value,)))
    } else {
        Ok(value)
    }
}

/// As [`resume`], for an async iterator: what is to be awaited. `ended` is told of the end by `_finish`, unless it is None.
pub(super) fn resume_async(
    crossing: &Crossing<'_, '_, '_>,
    iterator: Local<'_>,
    how: Resume,
    value: &Bound<'_, PyAny>,
    ended: &Bound<'_, PyAny>,
) -> PyResult<Py<PyAny>> {
    let step = step_of(crossing, iterator, how, value)?;
    let future = crossing.wait_for(step)?;
    // The coroutine turns `{ done: true }` into the end of the iteration, as only Python code can.
    let module = crossing.py.import("twinloop.js")?;
    Ok(module
        .call_method1("_async_step", (future, ended))?
        .unbind())
}

fn step_of<'s>(
    crossing: &Crossing<'_, 's, '_>,
    iterator: Local<'_>,
    how: Resume,
    value: &Bound<'_, PyAny>,
) -> PyResult<Local<'s>> {
    let step = match how {
        Resume::Next => {
            let value = crossing.to_js(value)?;
            crossing.help(Helper::Advance, &[iterator, value])
        }
        Resume::Throw => {
            let error = crossing.exception_to_js(PyErr::from_value(value.clone()));
            let error = crossing.of_js(error)?;
            crossing.help(Helper::ThrowInto, &[iterator, error])
        }
    };
    // Or the iteration would seem to be at its end.
    step.map_err(|error| {
        let py = crossing.py;
        if !error.is_instance_of::<PyStopIteration>(py) {
            return error;
        }
        let wrapped = PyRuntimeError::new_err("JavaScript raised StopIteration");
        wrapped.set_cause(py, Some(error));
        wrapped
    })
}

/// Whether a step is the last, and its value.
fn parts_of(crossing: &Crossing<'_, '_, '_>, step: Local<'_>) -> PyResult<(bool, Py<PyAny>)> {
    let parts = crossing.help(Helper::PartsOfStep, &[step])?;
    let part = |index: u32| crossing.of_js(crossing.scope.get(parts, index));
    let is_last = part(0)?.as_bool() == Some(true);
    Ok((is_last, crossing.to_py(part(1)?)?.unbind()))
}

/// Ends a generator by its `return()`.
pub(super) fn close(crossing: &Crossing<'_, '_, '_>, iterator: Local<'_>) -> PyResult<()> {
    let ended = crossing.help(Helper::CloseIterator, &[iterator])?;
    if ended.is_object() && !parts_of(crossing, ended)?.0 {
        return Err(PyRuntimeError::new_err(
            "the JavaScript generator yields while it is closed",
        ));
    }
    Ok(())
}

/// Ends an async iterator by its `return()`, if there is one to be ended; what is to be awaited.
pub(super) fn close_async(
    crossing: &Crossing<'_, '_, '_>,
    iterator: Option<Local<'_>>,
) -> PyResult<Py<PyAny>> {
    let ended = match iterator {
        Some(iterator) => crossing.help(Helper::CloseIterator, &[iterator])?,
        None => Local::undefined(),
    };
    awaited(crossing, ended)
}

/// What awaits a thenable and gives nothing.
pub(super) fn awaited(crossing: &Crossing<'_, '_, '_>, thenable: Local<'_>) -> PyResult<Py<PyAny>> {
    let future = match thenable.is_object() {
        true => Some(crossing.wait_for(thenable)?),
        false => None,
    };
    let module = crossing.py.import("twinloop.js")?;
    Ok(module.call_method1("_async_close", (future,))?.unbind())
}

/// The exception that `throw` means: an exception, or its class with a value, as `contextlib` still calls it.
pub(super) fn exception_of<'py>(
    kind: &Bound<'py, PyAny>,
    value: Option<&Bound<'py, PyAny>>,
    traceback: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let module = kind.py().import("twinloop.js")?;
    module.call_method1(intern!(kind.py(), "_thrown"), (kind, value, traceback))
}

/// Python's view of a JavaScript async iterator.
#[pyclass(frozen, module = "twinloop.js")]
pub(super) struct JsAsyncIterator(Iteration);

impl JsAsyncIterator {
    pub(super) fn new(
        crossing: &Crossing<'_, '_, '_>,
        object: Local<'_>,
        iterator: Local<'_>,
    ) -> PyResult<JsAsyncIterator> {
        Ok(JsAsyncIterator(Iteration::new(crossing, object, iterator)?))
    }
}

#[pymethods]
impl JsAsyncIterator {
    fn __aiter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __anext__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let iteration = &slf.get().0;
        let bridge = Bridge::of(&iteration.key)?;
        if iteration.is_over() {
            return Err(PyStopAsyncIteration::new_err(()));
        }
        iteration.begin();
        bridge.enter(slf.py(), |crossing| {
            let iterator = bridge.value(crossing.scope, &iteration.key)?;
            let none = slf.py().None();
            let none = none.bind(slf.py());
            resume_async(crossing, iterator, Resume::Next, none, slf.as_any())
        })
    }

    /// Ends the iteration, as leaving a `for await` does; to be awaited.
    fn aclose(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let bridge = Bridge::of(&self.0.key)?;
        let was_over = self.0.end();
        bridge.enter(py, |crossing| {
            let iterator = match was_over {
                true => None,
                false => Some(bridge.value(crossing.scope, &self.0.key)?),
            };
            close_async(crossing, iterator)
        })
    }

    /// Notes that there is nothing more.
    fn _finish(&self) {
        self.0.end();
    }
}
