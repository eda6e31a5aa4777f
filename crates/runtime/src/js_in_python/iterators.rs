//! JavaScript iterators in Python, sync and async.

use pyo3::prelude::*;

use crate::bridge::{Bridge, JsKey};

/// Python's view of a JavaScript iterator.
#[pyclass(frozen, module = "twinloop.js")]
pub(super) struct JsIterator {
    pub(super) key: JsKey,
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
            let step = crossing.of_js(scope.call_method(iterator, "next", &[]))?;
            if scope.bool_of(crossing.of_js(scope.get(step, "done"))?) {
                return Ok(None);
            }
            let value = crossing.of_js(scope.get(step, "value"))?;
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
