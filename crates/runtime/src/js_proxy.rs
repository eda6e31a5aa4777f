//! `JsProxy`: a JavaScript object in Python.
//!
//! Attributes are properties, `[]` is an index or a Map's key, calling calls (keyword arguments become one trailing
//! object), `await` awaits a thenable, `for` and `async for` iterate. A method keeps its receiver. Works on the thread of
//! its loop only; dropping it works anywhere. GIL held.

use std::rc::Rc;

use pyo3::exceptions::{PyAttributeError, PyIndexError, PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use twinloop_js::engine::{Class, Error, Local, Scope, Type};

use crate::bridge::{Bridge, JsKey};
use crate::{awaits, convert, errors};

/// A JavaScript object.
#[pyclass(frozen, weakref, module = "twinloop.js")]
pub(crate) struct JsProxy {
    key: JsKey,
    /// The identity number of an object; a method read from another proxy has none.
    identity: Option<u64>,
    /// The receiver of a method.
    this: Option<Py<JsProxy>>,
}

impl JsProxy {
    pub(crate) fn new(key: JsKey, identity: Option<u64>) -> JsProxy {
        JsProxy {
            key,
            identity,
            this: None,
        }
    }

    /// The JavaScript value, for a bridge that is entered.
    pub(crate) fn local<'s>(&self, bridge: &Rc<Bridge>, scope: &Scope<'s>) -> PyResult<Local<'s>> {
        bridge.value(scope, &self.key)
    }

    /// Enters the engine with the value at hand; errors of the engine become Python's.
    fn with<R>(
        &self,
        py: Python<'_>,
        f: impl for<'s> FnOnce(&Inside<'_, 's, '_>, Local<'s>) -> PyResult<R>,
    ) -> PyResult<R> {
        let bridge = Bridge::of(&self.key)?;
        bridge.enter(|scope| {
            let value = bridge.value(scope, &self.key)?;
            f(
                &Inside {
                    bridge: &bridge,
                    scope,
                    py,
                },
                value,
            )
        })
    }
}

impl Drop for JsProxy {
    fn drop(&mut self) {
        if let Some(identity) = self.identity {
            // Deallocation holds the GIL.
            Python::attach(|py| Bridge::forget_proxy(py, identity));
        }
    }
}

/// Both languages at hand.
struct Inside<'b, 's, 'py> {
    bridge: &'b Rc<Bridge>,
    scope: &'b Scope<'s>,
    py: Python<'py>,
}

impl<'s, 'py> Inside<'_, 's, 'py> {
    fn js<T>(&self, result: Result<T, Error>) -> PyResult<T> {
        result.map_err(|error| errors::to_py(self.bridge, self.scope, self.py, error))
    }

    fn help(&self, name: &str, values: &[Local<'_>]) -> PyResult<Local<'s>> {
        self.js(self.bridge.help(self.scope, name, values))
    }

    fn to_js(&self, value: &Bound<'_, PyAny>) -> PyResult<Local<'s>> {
        self.js(convert::to_js(self.bridge, self.scope, value))
    }

    fn to_py(&self, value: Local<'_>) -> PyResult<Bound<'py, PyAny>> {
        convert::to_py(self.bridge, self.scope, self.py, value)
    }

    fn arguments(
        &self,
        arguments: &Bound<'_, PyTuple>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Vec<Local<'s>>> {
        let mut values = Vec::with_capacity(arguments.len() + 1);
        for argument in arguments.iter_borrowed() {
            values.push(self.to_js(&argument)?);
        }
        if let Some(named) = named.filter(|named| !named.is_empty()) {
            let options = self.js(self.scope.object())?;
            for (name, value) in named.iter() {
                let value = self.to_js(&value)?;
                self.js(self
                    .scope
                    .set(options, name.extract::<String>()?.as_str(), value))?;
            }
            values.push(options);
        }
        Ok(values)
    }
}

/// A trailing underscore makes a property name out of what would be a keyword: `from_` is `from`.
fn property(name: &str) -> &str {
    match name.strip_suffix('_') {
        Some(keyword)
            if matches!(
                keyword,
                "and"
                    | "as"
                    | "assert"
                    | "async"
                    | "await"
                    | "class"
                    | "def"
                    | "del"
                    | "elif"
                    | "except"
                    | "from"
                    | "global"
                    | "import"
                    | "in"
                    | "is"
                    | "lambda"
                    | "nonlocal"
                    | "not"
                    | "or"
                    | "pass"
                    | "raise"
                    | "return"
                    | "with"
                    | "yield"
                    | "finally"
                    | "try"
                    | "for"
                    | "while"
                    | "if"
                    | "else"
                    | "break"
                    | "continue"
                    | "None"
                    | "True"
                    | "False"
            ) =>
        {
            keyword
        }
        _ => name,
    }
}

#[pymethods]
impl JsProxy {
    fn __getattr__(slf: &Bound<'_, Self>, name: &str) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        slf.get().with(py, |inside, object| {
            // Python asks every object for its special names; JavaScript has none of them.
            let special = name.starts_with("__") && name.ends_with("__");
            let value = if special {
                Local::undefined()
            } else {
                inside.js(inside.scope.get(object, property(name)))?
            };
            if value.is_undefined()
                && (special || !inside.js(inside.scope.has(object, property(name)))?)
            {
                return Err(PyAttributeError::new_err(format!(
                    "the JavaScript object has no property {name:?}"
                )));
            }
            if inside.scope.is_function(value) && inside.scope.proxy_details(value).is_none() {
                let key = inside.bridge.keep(inside.scope, value);
                let method = JsProxy {
                    key,
                    identity: None,
                    this: Some(slf.clone().unbind()),
                };
                return Ok(Py::new(py, method)?.into_any());
            }
            Ok(inside.to_py(value)?.unbind())
        })
    }

    fn __setattr__(&self, py: Python<'_>, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.with(py, |inside, object| {
            let value = inside.to_js(value)?;
            inside.js(inside.scope.set(object, property(name), value))
        })
    }

    fn __delattr__(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        self.with(py, |inside, object| {
            if !inside.js(inside.scope.has(object, property(name)))? {
                return Err(PyAttributeError::new_err(format!(
                    "the JavaScript object has no property {name:?}"
                )));
            }
            inside.js(inside.scope.delete(object, property(name)))
        })
    }

    fn __dir__(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.with(py, |inside, object| {
            let names = inside.help("namesOf", &[object])?;
            let count = inside.js(inside.scope.array_length(names))?;
            (0..count)
                .map(|index| {
                    inside.js(inside
                        .scope
                        .get(names, index)
                        .and_then(|name| inside.scope.string_of(name)))
                })
                .collect()
        })
    }

    #[pyo3(signature = (*arguments, **named))]
    fn __call__(
        &self,
        arguments: &Bound<'_, PyTuple>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        self.with(arguments.py(), |inside, function| {
            if !inside.scope.is_function(function) {
                return Err(PyTypeError::new_err(
                    "the JavaScript object is not callable",
                ));
            }
            let values = inside.arguments(arguments, named)?;
            let this = match &self.this {
                Some(this) => this.get().local(inside.bridge, inside.scope)?,
                None => Local::undefined(),
            };
            let result = inside.js(inside.scope.call(function, this, &values))?;
            Ok(inside.to_py(result)?.unbind())
        })
    }

    /// Constructs: `new this(*arguments)`.
    #[pyo3(name = "new", signature = (*arguments, **named))]
    fn construct(
        &self,
        arguments: &Bound<'_, PyTuple>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        self.with(arguments.py(), |inside, constructor| {
            if !inside.scope.is_constructor(constructor) {
                return Err(PyTypeError::new_err(
                    "the JavaScript object is not a constructor",
                ));
            }
            let values = inside.arguments(arguments, named)?;
            let made = inside.js(inside.scope.construct(constructor, &values))?;
            Ok(inside.to_py(made)?.unbind())
        })
    }

    /// What `typeof` says.
    #[getter]
    #[pyo3(name = "typeof")]
    fn type_name(&self, py: Python<'_>) -> PyResult<&'static str> {
        self.with(py, |inside, value| {
            Ok(match value.type_of() {
                Type::Symbol => "symbol",
                _ if inside.scope.is_function(value) => "function",
                _ => "object",
            })
        })
    }

    /// A copy in Python's own types: Array to list, Map and plain Object to dict, Set to set, buffers to bytes. `depth`
    /// limits how many levels are copied; what lies deeper stays a proxy.
    #[pyo3(signature = (depth = -1))]
    fn to_py(&self, py: Python<'_>, depth: i32) -> PyResult<Py<PyAny>> {
        self.with(py, |inside, value| {
            Ok(convert::copy_to_py(inside.bridge, inside.scope, py, value, depth)?.unbind())
        })
    }

    fn __getitem__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.with(py, |inside, object| {
            let js_key = inside.item_key(object, key)?;
            let item = inside.help("getItem", &[object, js_key])?;
            if item.is_undefined() && !inside.has_own_item(object, js_key)? {
                return Err(missing(inside, object, key));
            }
            Ok(inside.to_py(item)?.unbind())
        })
    }

    fn __setitem__(
        &self,
        py: Python<'_>,
        key: &Bound<'_, PyAny>,
        item: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.with(py, |inside, object| {
            let js_key = inside.item_key(object, key)?;
            let item = inside.to_js(item)?;
            inside.help("setItem", &[object, js_key, item]).map(drop)
        })
    }

    fn __delitem__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<()> {
        self.with(py, |inside, object| {
            let js_key = inside.item_key(object, key)?;
            let had = inside.help("deleteItem", &[object, js_key])?;
            if had.as_bool() == Some(true) {
                Ok(())
            } else {
                Err(missing(inside, object, key))
            }
        })
    }

    fn __contains__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.with(py, |inside, object| {
            let key = inside.to_js(key)?;
            Ok(inside.help("hasItem", &[object, key])?.as_bool() == Some(true))
        })
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |inside, object| {
            let length = inside.help("lengthOf", &[object])?;
            if length.is_undefined() {
                return Err(PyTypeError::new_err(
                    "the JavaScript object has no length or size",
                ));
            }
            convert::length(length)
        })
    }

    /// Every JavaScript object is true, also an empty array.
    fn __bool__(&self) -> bool {
        true
    }

    fn __iter__(&self, py: Python<'_>) -> PyResult<JsIterator> {
        self.with(py, |inside, object| {
            let iterator = inside.help("iteratorOf", &[object])?;
            if iterator.is_undefined() {
                return Err(PyTypeError::new_err(
                    "the JavaScript object is not iterable",
                ));
            }
            Ok(JsIterator {
                key: inside.bridge.keep(inside.scope, iterator),
            })
        })
    }

    fn __aiter__(&self, py: Python<'_>) -> PyResult<JsAsyncIterator> {
        self.with(py, |inside, object| {
            let iterator = inside.help("asyncIteratorOf", &[object])?;
            if iterator.is_undefined() {
                return Err(PyTypeError::new_err(
                    "the JavaScript object is not async iterable",
                ));
            }
            Ok(JsAsyncIterator {
                key: inside.bridge.keep(inside.scope, iterator),
            })
        })
    }

    fn __await__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.with(py, |inside, value| {
            if inside.help("isThenable", &[value])?.as_bool() != Some(true) {
                return Err(PyTypeError::new_err(
                    "the JavaScript object is not a Promise and cannot be awaited",
                ));
            }
            let future = awaits::future_of(inside.bridge, inside.scope, py, value)?;
            Ok(future.call_method0("__await__")?.unbind())
        })
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(other) = other.cast::<JsProxy>() else {
            return Ok(false);
        };
        self.with(other.py(), |inside, value| {
            let other = other.get().local(inside.bridge, inside.scope)?;
            inside.js(inside.scope.strictly_equal(value, other))
        })
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<u64> {
        match self.identity {
            Some(identity) => Ok(identity),
            None => self.with(py, |inside, value| {
                // A symbol has no identity number; equal values must still hash alike.
                if !value.is_object() {
                    return Ok(0);
                }
                Ok(inside.help("identityOf", &[value])?.as_index().unwrap_or(0))
            }),
        }
    }

    fn __str__(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |inside, value| {
            let text = inside.help("text", &[value])?;
            inside.js(inside.scope.string_of(text))
        })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<JsProxy {}>", self.__str__(py)?))
    }
}

impl<'s> Inside<'_, 's, '_> {
    /// An index from the end counts as in Python.
    fn item_key(&self, object: Local<'_>, key: &Bound<'_, PyAny>) -> PyResult<Local<'s>> {
        if let Ok(index) = key.extract::<i64>()
            && index < 0
            && self.scope.is_array(object)
        {
            let length = i64::from(self.js(self.scope.array_length(object))?);
            return Ok(self.scope.number((length + index) as f64));
        }
        self.to_js(key)
    }

    fn has_own_item(&self, object: Local<'_>, key: Local<'_>) -> PyResult<bool> {
        if self.scope.class_of(object) == Some(Class::Map) {
            return Ok(self.help("hasItem", &[object, key])?.as_bool() == Some(true));
        }
        self.js(self.scope.has(object, key))
    }
}

fn missing(inside: &Inside<'_, '_, '_>, object: Local<'_>, key: &Bound<'_, PyAny>) -> PyErr {
    if inside.scope.is_array(object) {
        PyIndexError::new_err("index out of range of the JavaScript array")
    } else {
        PyKeyError::new_err(key.clone().unbind())
    }
}

/// Python's view of a JavaScript iterator.
#[pyclass(frozen, module = "twinloop.js")]
pub(crate) struct JsIterator {
    key: JsKey,
}

#[pymethods]
impl JsIterator {
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let bridge = Bridge::of(&self.key)?;
        bridge.enter(|scope| {
            let inside = Inside {
                bridge: &bridge,
                scope,
                py,
            };
            let iterator = bridge.value(scope, &self.key)?;
            let step = inside.js(scope.call_method(iterator, "next", &[]))?;
            if scope.bool_of(inside.js(scope.get(step, "done"))?) {
                return Ok(None);
            }
            let value = inside.js(scope.get(step, "value"))?;
            Ok(Some(inside.to_py(value)?.unbind()))
        })
    }
}

/// Python's view of a JavaScript async iterator.
#[pyclass(frozen, module = "twinloop.js")]
pub(crate) struct JsAsyncIterator {
    key: JsKey,
}

#[pymethods]
impl JsAsyncIterator {
    fn __aiter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __anext__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let bridge = Bridge::of(&self.key)?;
        bridge.enter(|scope| {
            let inside = Inside {
                bridge: &bridge,
                scope,
                py,
            };
            let iterator = bridge.value(scope, &self.key)?;
            let step = inside.js(scope.call_method(iterator, "next", &[]))?;
            let future = awaits::future_of(&bridge, scope, py, step)?;
            // The coroutine turns `{ done: true }` into the end of the iteration, as only Python code can.
            Ok(py
                .import("twinloop.js")?
                .call_method1("_async_step", (future,))?
                .unbind())
        })
    }
}
