//! Objects of Python classes that extend a class of JavaScript's: each is one object with two halves.
//!
//! JavaScript's half is made by its class, with a prototype on which the methods of Python's class stand (`instances.js`), and keeps
//! Python's half alive; Python's half holds the proxy of the other. At the border each is the other: JavaScript's half is the Python
//! object in Python and the reverse, so both languages have one object with one identity. The Python class itself is made by
//! `_twinloop/crossing/subclasses.py`. GIL held.

use std::sync::OnceLock;

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use twinloop_js::engine::{Arguments, Error, Local, Op, Scope};

use super::proxy::{JsProxy, arguments_to_js};
use crate::bridge::Helper;
use crate::crossing::{Crossing, Depth};

/// What `instances.js` asks.
pub(crate) static OPS: &[Op] = &[Op::new("pyBind", 2, bind)];

/// Python's half.
#[pyclass(frozen, subclass, weakref, module = "twinloop.js")]
pub(crate) struct JsInstance {
    half: OnceLock<Py<JsProxy>>,
}

impl JsInstance {
    /// JavaScript's half.
    pub(crate) fn local<'s>(&self, crossing: &Crossing<'_, 's, '_>) -> PyResult<Local<'s>> {
        self.proxy()?.get().local(crossing.bridge, crossing.scope)
    }

    fn proxy(&self) -> PyResult<&Py<JsProxy>> {
        self.half.get().ok_or_else(|| {
            PyRuntimeError::new_err(
                "the JavaScript class has not made its part of this object: call super().__init__() first",
            )
        })
    }
}

#[pymethods]
impl JsInstance {
    #[new]
    #[pyo3(signature = (*_arguments, **_named))]
    fn new(_arguments: &Bound<'_, PyTuple>, _named: Option<&Bound<'_, PyDict>>) -> Self {
        JsInstance {
            half: OnceLock::new(),
        }
    }

    /// Has `parent` make the other half, as an object of `constructor`.
    #[pyo3(name = "__twinloop_construct__")]
    fn construct(
        slf: &Bound<'_, Self>,
        parent: &Bound<'_, JsProxy>,
        constructor: &Bound<'_, PyAny>,
        arguments: &Bound<'_, PyTuple>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        if slf.get().half.get().is_some() {
            return Err(PyRuntimeError::new_err(
                "super().__init__() was called before",
            ));
        }
        parent.get().with(slf.py(), |crossing, parent| {
            let values = arguments_to_js(crossing, arguments, named)?;
            let values = crossing.of_js(crossing.scope.array(&values))?;
            let constructor = crossing.to_js(constructor)?;
            let instance = crossing.of_js(crossing.bridge.wrap(crossing.scope, slf.as_any()))?;
            let values = [parent, constructor, instance, values];
            crossing.help(Helper::ConstructHalf, &values).map(drop)
        })
    }

    /// The proxy of JavaScript's half.
    #[getter]
    #[pyo3(name = "__twinloop_half__")]
    fn half(&self, py: Python<'_>) -> PyResult<Py<JsProxy>> {
        Ok(self.proxy()?.clone_ref(py))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(self.half.get())
    }
}

/// `null`, which Python has no other word for: None is undefined.
#[pyclass(frozen, module = "twinloop.js")]
pub(crate) struct JsNull;

#[pymethods]
impl JsNull {
    fn __bool__(&self) -> bool {
        false
    }

    fn __repr__(&self) -> &'static str {
        "null"
    }
}

/// What a class of JavaScript's has on its prototypes: `[name, kind, method or getter, setter]`.
#[pyfunction]
pub(super) fn js_members(class: &Bound<'_, JsProxy>) -> PyResult<Py<PyAny>> {
    class.get().with(class.py(), |crossing, constructor| {
        if !crossing.scope.is_constructor(constructor) {
            return Err(PyTypeError::new_err(format!(
                "{} is no class of JavaScript's and cannot be extended",
                class.repr()?
            )));
        }
        let members = crossing.help(Helper::MembersOfClass, &[constructor])?;
        Ok(crossing.copy_to_py(members, Depth::new(2.0))?.unbind())
    })
}

/// The constructor for `class`, a Python class that extends `parent`, with these members.
#[pyfunction]
pub(super) fn js_derive(
    parent: &Bound<'_, JsProxy>,
    class: &Bound<'_, PyAny>,
    name: &str,
    members: &Bound<'_, PyAny>,
) -> PyResult<Py<PyAny>> {
    parent.get().with(parent.py(), |crossing, parent| {
        let name = crossing.of_js(crossing.scope.string(name))?;
        let proxy = crossing.of_js(crossing.bridge.wrap(crossing.scope, class))?;
        let values = [parent, proxy, name, crossing.to_js(members)?];
        let constructor = crossing.help(Helper::DeriveForPython, &values)?;
        let constructor = crossing.proxy_of(constructor)?;
        // JavaScript's constructor is the class in Python.
        crossing.stands_for(class, constructor.cast::<JsProxy>()?)?;
        Ok(constructor.unbind())
    })
}

impl Crossing<'_, '_, '_> {
    /// From now on Python gets `object` for what `proxy` is of.
    pub(crate) fn stands_for(
        &self,
        object: &Bound<'_, PyAny>,
        proxy: &Bound<'_, JsProxy>,
    ) -> PyResult<()> {
        if let Some(identity) = proxy.get().identity() {
            self.bridge.stand_in(identity, object)?;
        }
        Ok(())
    }
}

/// `pyBind(instance, object)`: these are two halves of one.
fn bind<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    Crossing::in_js(scope, |crossing| {
        let py = crossing.py;
        let object = arguments.get(1);
        let bound = || -> PyResult<()> {
            let instance = crossing.bridge.unwrap(scope, py, arguments.get(0));
            let instance = instance.ok_or_else(|| PyTypeError::new_err("no object of Python's"))?;
            let instance = instance.cast_into::<JsInstance>()?;
            let proxy = crossing.proxy_of(object)?.cast_into::<JsProxy>()?;
            crossing.stands_for(&instance, &proxy)?;
            instance.get().half.get_or_init(|| proxy.unbind());
            Ok(())
        };
        crossing.of_python(bound())?;
        Ok(Local::undefined())
    })
}
