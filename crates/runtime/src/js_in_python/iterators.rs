//! JavaScript iterators in Python, sync and async.
//!
//! An iteration that Python leaves early is closed, as `for ... of` and `for await` close theirs: with `return()`, when the
//! iterator goes away (`bridge/closing.rs`) or when its `close` or `aclose` is called.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use pyo3::exceptions::PyStopAsyncIteration;
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
                    if index == OVER || index >= crossing.of_js(scope.array_length(iterator))? {
                        next.store(OVER, Ordering::Relaxed);
                        return Ok(None);
                    }
                    next.store(index + 1, Ordering::Relaxed);
                    crossing.of_js(scope.get(iterator, index))?
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
                        return Ok(None);
                    }
                    step
                }
            };
            Ok(Some(crossing.to_py(value)?.unbind()))
        })
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
            let step = crossing.scope.call_method(iterator, "next", &[]);
            let future = crossing.future_of(crossing.of_js(step)?)?;
            // The coroutine turns `{ done: true }` into the end of the iteration, as only Python code can.
            Ok(slf
                .py()
                .import("twinloop.js")?
                .call_method1("_async_step", (future, slf))?
                .unbind())
        })
    }

    /// Ends the iteration, as leaving a `for await` does; to be awaited.
    fn aclose(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let bridge = Bridge::of(&self.0.key)?;
        let was_over = self.0.end();
        bridge.enter(py, |crossing| {
            let closed = if was_over {
                Local::undefined()
            } else {
                let iterator = bridge.value(crossing.scope, &self.0.key)?;
                crossing.help(Helper::CloseIterator, &[iterator])?
            };
            let closed = if closed.is_object() {
                Some(crossing.future_of(closed)?)
            } else {
                None
            };
            Ok(py
                .import("twinloop.js")?
                .call_method1("_async_close", (closed,))?
                .unbind())
        })
    }

    /// Notes that there is nothing more.
    fn _finish(&self) {
        self.0.end();
    }
}
