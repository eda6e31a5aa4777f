//! JavaScript iterators in Python, sync and async.

use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::prelude::*;
use twinloop_js::engine::Local;

use crate::bridge::{Bridge, Helper, JsKey};
use crate::crossing::Crossing;

/// Python's view of a JavaScript iterator.
#[pyclass(frozen, module = "twinloop.js")]
pub(super) struct JsIterator {
    key: JsKey,
    /// Of an Array whose iteration nobody changed: the next index. It is read as the language's own iterator would, which
    /// looks at the length again at each step; `None` once it is over. Under the GIL, which is all the order it needs.
    index: Option<AtomicU32>,
}

/// What `index` is when the iteration is over.
const OVER: u32 = u32::MAX;

impl JsIterator {
    /// Of an iterator, or of an Array itself, whose elements are read by index.
    pub(super) fn new(
        crossing: &Crossing<'_, '_, '_>,
        object: Local<'_>,
        iterator: Local<'_>,
    ) -> JsIterator {
        // A generator is its own iterator too.
        let by_index = iterator.is_same(object) && crossing.scope.is_array(object);
        JsIterator {
            key: crossing.bridge.keep(crossing.scope, iterator),
            index: by_index.then(AtomicU32::default),
        }
    }
}

#[pymethods]
impl JsIterator {
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let bridge = Bridge::of(&self.key)?;
        bridge.enter(py, |crossing| {
            let scope = crossing.scope;
            let iterator = bridge.value(scope, &self.key)?;
            let value = match &self.index {
                Some(next) => {
                    let index = next.load(Ordering::Relaxed);
                    if index == OVER || index >= crossing.of_js(scope.array_length(iterator))? {
                        next.store(OVER, Ordering::Relaxed);
                        return Ok(None);
                    }
                    next.store(index + 1, Ordering::Relaxed);
                    crossing.of_js(scope.get(iterator, index))?
                }
                None => {
                    let step = crossing.help(Helper::Step, &[iterator])?;
                    if bridge.is_over(scope, step) {
                        return Ok(None);
                    }
                    step
                }
            };
            Ok(Some(crossing.to_py(value)?.unbind()))
        })
    }
}

/// Python's view of a JavaScript async iterator.
#[pyclass(frozen, module = "twinloop.js")]
pub(super) struct JsAsyncIterator {
    pub(super) key: JsKey,
}

#[pymethods]
impl JsAsyncIterator {
    fn __aiter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __anext__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let bridge = Bridge::of(&self.key)?;
        bridge.enter(py, |crossing| {
            let iterator = bridge.value(crossing.scope, &self.key)?;
            let step = crossing.scope.call_method(iterator, "next", &[]);
            let future = crossing.future_of(crossing.of_js(step)?)?;
            // The coroutine turns `{ done: true }` into the end of the iteration, as only Python code can.
            Ok(py
                .import("twinloop.js")?
                .call_method1("_async_step", (future,))?
                .unbind())
        })
    }
}
