//! What Python resumes and disposes of: the classes of JavaScript's iterators and resources. Each is a part of which `kinds.rs` composes
//! the class of a proxy. GIL held.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::iterators::{self, Resume};
use super::kinds::{Settled, next};
use super::proxy::JsProxy;
use crate::bridge::Helper;

/// An iterator, such as a generator: Python resumes it, as it does its own.
#[pyclass(frozen, subclass, extends = JsProxy, module = "twinloop.js")]
pub(crate) struct JsGenerator;

#[pymethods]
impl JsGenerator {
    #[new]
    fn new() -> PyResult<PyClassInitializer<Self>> {
        Ok(PyClassInitializer::from(next()?).add_subclass(JsGenerator))
    }

    fn __next__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let none = slf.py().None();
        Self::resume(slf, Resume::Next, none.bind(slf.py()))
    }

    /// `next(value)` of JavaScript's.
    fn send(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        Self::resume(slf, Resume::Next, value)
    }

    #[pyo3(signature = (kind, value = None, traceback = None))]
    fn throw(
        slf: &Bound<'_, Self>,
        kind: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let exception = iterators::exception_of(kind, value, traceback)?;
        Self::resume(slf, Resume::Throw, &exception)
    }

    /// `return()` of JavaScript's, which runs its `finally`.
    fn close(slf: &Bound<'_, Self>) -> PyResult<()> {
        let proxy = slf.as_super().get();
        proxy.with(slf.py(), |crossing, iterator| {
            iterators::close(crossing, iterator)
        })
    }
}

impl JsGenerator {
    fn resume(slf: &Bound<'_, Self>, how: Resume, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let proxy = slf.as_super().get();
        proxy.with(slf.py(), |crossing, iterator| {
            iterators::resume(crossing, iterator, how, value)
        })
    }
}

/// An async iterator, such as an async generator.
#[pyclass(frozen, subclass, extends = JsProxy, module = "twinloop.js")]
pub(crate) struct JsAsyncGenerator;

#[pymethods]
impl JsAsyncGenerator {
    #[new]
    fn new() -> PyResult<PyClassInitializer<Self>> {
        Ok(PyClassInitializer::from(next()?).add_subclass(JsAsyncGenerator))
    }

    fn __anext__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let none = slf.py().None();
        Self::resume(slf, Resume::Next, none.bind(slf.py()))
    }

    /// `next(value)` of JavaScript's; to be awaited.
    fn asend(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        Self::resume(slf, Resume::Next, value)
    }

    /// To be awaited.
    #[pyo3(signature = (kind, value = None, traceback = None))]
    fn athrow(
        slf: &Bound<'_, Self>,
        kind: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let exception = iterators::exception_of(kind, value, traceback)?;
        Self::resume(slf, Resume::Throw, &exception)
    }

    /// `return()` of JavaScript's, which runs its `finally`; to be awaited.
    fn aclose(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let proxy = slf.as_super().get();
        proxy.with(slf.py(), |crossing, iterator| {
            iterators::close_async(crossing, Some(iterator))
        })
    }
}

impl JsAsyncGenerator {
    fn resume(slf: &Bound<'_, Self>, how: Resume, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let proxy = slf.as_super().get();
        proxy.with(slf.py(), |crossing, iterator| {
            let ended = slf.py().None();
            iterators::resume_async(crossing, iterator, how, value, ended.bind(slf.py()))
        })
    }
}

/// An object with a method `Symbol.dispose`, which is a context manager.
#[pyclass(frozen, subclass, extends = JsProxy, module = "twinloop.js")]
pub(crate) struct JsDisposable;

#[pymethods]
impl JsDisposable {
    #[new]
    fn new() -> PyResult<PyClassInitializer<Self>> {
        Ok(PyClassInitializer::from(next()?).add_subclass(JsDisposable))
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(slf: &Bound<'_, Self>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        slf.as_super().get().with(slf.py(), |crossing, object| {
            crossing.help(Helper::Dispose, &[object]).map(drop)
        })
    }
}

/// An object with a method `Symbol.asyncDispose`, which is an async context manager.
#[pyclass(frozen, subclass, extends = JsProxy, module = "twinloop.js")]
pub(crate) struct JsAsyncDisposable;

#[pymethods]
impl JsAsyncDisposable {
    #[new]
    fn new() -> PyResult<PyClassInitializer<Self>> {
        Ok(PyClassInitializer::from(next()?).add_subclass(JsAsyncDisposable))
    }

    fn __aenter__(slf: Bound<'_, Self>) -> Settled {
        Settled(slf.into_any().unbind())
    }

    #[pyo3(signature = (*_exception))]
    fn __aexit__(slf: &Bound<'_, Self>, _exception: &Bound<'_, PyTuple>) -> PyResult<Py<PyAny>> {
        slf.as_super().get().with(slf.py(), |crossing, object| {
            let ended = crossing.help(Helper::DisposeAsync, &[object])?;
            iterators::awaited(crossing, ended)
        })
    }
}
