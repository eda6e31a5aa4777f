//! `JsProxy`: a JavaScript object in Python.
//!
//! Attributes are properties, `[]` is an index or a Map's key, calling calls (keyword arguments become one trailing
//! object), `await` awaits a thenable, `for` and `async for` iterate. A method keeps its receiver. Works on the thread of
//! its loop only; dropping it works anywhere. GIL held.

use pyo3::exceptions::{PyAttributeError, PyIndexError, PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyWeakrefReference};
use twinloop_js::engine::{Class, Local, Scope, Type};

use super::iterators::{JsAsyncIterator, JsIterator};
use super::names::property;
use crate::bridge::{Bridge, Helper, JsKey};
use crate::crossing::Crossing;

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
    /// A new proxy of a value, which it keeps alive; the one of its identity from now on.
    pub(crate) fn make<'py>(
        crossing: &Crossing<'_, '_, 'py>,
        value: Local<'_>,
        identity: Option<u64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let proxy = JsProxy {
            key: crossing.bridge.keep(crossing.scope, value),
            identity,
            this: None,
        };
        let proxy = Bound::new(crossing.py, proxy)?;
        if let Some(identity) = identity {
            let reference = PyWeakrefReference::new(proxy.as_any())?;
            crossing.bridge.remember_proxy(identity, reference.unbind());
        }
        Ok(proxy.into_any())
    }

    /// The JavaScript value, for a bridge that is entered.
    pub(crate) fn local<'s>(&self, bridge: &Bridge, scope: &Scope<'s>) -> PyResult<Local<'s>> {
        bridge.value(scope, &self.key)
    }

    /// Enters the engine with the value at hand.
    fn with<R>(
        &self,
        py: Python<'_>,
        f: impl for<'s> FnOnce(&Crossing<'_, 's, '_>, Local<'s>) -> PyResult<R>,
    ) -> PyResult<R> {
        let bridge = Bridge::of(&self.key)?;
        bridge.enter(py, |crossing| {
            f(crossing, bridge.value(crossing.scope, &self.key)?)
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

#[pymethods]
impl JsProxy {
    fn __getattr__(slf: &Bound<'_, Self>, name: &str) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        slf.get().with(py, |crossing, object| {
            // Python asks every object for its special names; JavaScript has none of them.
            let special = name.starts_with("__") && name.ends_with("__");
            let value = if special {
                Local::undefined()
            } else {
                crossing.of_js(crossing.scope.get(object, property(name)))?
            };
            if value.is_undefined()
                && (special || !crossing.of_js(crossing.scope.has(object, property(name)))?)
            {
                return Err(PyAttributeError::new_err(format!(
                    "the JavaScript object has no property {name:?}"
                )));
            }
            if crossing.scope.is_function(value) && crossing.scope.proxy_details(value).is_none() {
                let key = crossing.bridge.keep(crossing.scope, value);
                let method = JsProxy {
                    key,
                    identity: None,
                    this: Some(slf.clone().unbind()),
                };
                return Ok(Py::new(py, method)?.into_any());
            }
            Ok(crossing.to_py(value)?.unbind())
        })
    }

    fn __setattr__(&self, py: Python<'_>, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.with(py, |crossing, object| {
            let value = crossing.to_js(value)?;
            crossing.of_js(crossing.scope.set(object, property(name), value))
        })
    }

    fn __delattr__(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        self.with(py, |crossing, object| {
            if !crossing.of_js(crossing.scope.has(object, property(name)))? {
                return Err(PyAttributeError::new_err(format!(
                    "the JavaScript object has no property {name:?}"
                )));
            }
            crossing.of_js(crossing.scope.delete(object, property(name)))
        })
    }

    fn __dir__(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.with(py, |crossing, object| {
            let names = crossing.help(Helper::NamesOf, &[object])?;
            let count = crossing.of_js(crossing.scope.array_length(names))?;
            (0..count)
                .map(|index| {
                    crossing.of_js(
                        crossing
                            .scope
                            .get(names, index)
                            .and_then(|name| crossing.scope.string_of(name)),
                    )
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
        self.with(arguments.py(), |crossing, function| {
            if !crossing.scope.is_function(function) {
                return Err(PyTypeError::new_err(
                    "the JavaScript object is not callable",
                ));
            }
            let values = arguments_to_js(crossing, arguments, named)?;
            let this = match &self.this {
                Some(this) => this.get().local(crossing.bridge, crossing.scope)?,
                None => Local::undefined(),
            };
            let result = crossing.of_js(crossing.scope.call(function, this, &values))?;
            Ok(crossing.to_py(result)?.unbind())
        })
    }

    /// Constructs: `new this(*arguments)`.
    #[pyo3(name = "new", signature = (*arguments, **named))]
    fn construct(
        &self,
        arguments: &Bound<'_, PyTuple>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        self.with(arguments.py(), |crossing, constructor| {
            if !crossing.scope.is_constructor(constructor) {
                return Err(PyTypeError::new_err(
                    "the JavaScript object is not a constructor",
                ));
            }
            let values = arguments_to_js(crossing, arguments, named)?;
            let made = crossing.of_js(crossing.scope.construct(constructor, &values))?;
            Ok(crossing.to_py(made)?.unbind())
        })
    }

    /// What `typeof` says.
    #[getter]
    #[pyo3(name = "typeof")]
    fn type_name(&self, py: Python<'_>) -> PyResult<&'static str> {
        self.with(py, |crossing, value| {
            Ok(match value.type_of() {
                Type::Symbol => "symbol",
                _ if crossing.scope.is_function(value) => "function",
                _ => "object",
            })
        })
    }

    /// A copy in Python's own types: Array to list, Map and plain Object to dict, Set to set, buffers to bytes. `depth`
    /// limits how many levels are copied; what lies deeper stays a proxy.
    #[pyo3(signature = (depth = -1))]
    fn to_py(&self, py: Python<'_>, depth: i32) -> PyResult<Py<PyAny>> {
        self.with(py, |crossing, value| {
            Ok(crossing.copy_to_py(value, depth)?.unbind())
        })
    }

    fn __getitem__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.with(py, |crossing, object| {
            let js_key = item_key(crossing, object, key)?;
            let item = crossing.help(Helper::GetItem, &[object, js_key])?;
            if item.is_undefined() && !has_own_item(crossing, object, js_key)? {
                return Err(missing(crossing, object, key));
            }
            Ok(crossing.to_py(item)?.unbind())
        })
    }

    fn __setitem__(
        &self,
        py: Python<'_>,
        key: &Bound<'_, PyAny>,
        item: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.with(py, |crossing, object| {
            let js_key = item_key(crossing, object, key)?;
            let item = crossing.to_js(item)?;
            crossing
                .help(Helper::SetItem, &[object, js_key, item])
                .map(drop)
        })
    }

    fn __delitem__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<()> {
        self.with(py, |crossing, object| {
            let js_key = item_key(crossing, object, key)?;
            let had = crossing.help(Helper::DeleteItem, &[object, js_key])?;
            if had.as_bool() == Some(true) {
                Ok(())
            } else {
                Err(missing(crossing, object, key))
            }
        })
    }

    fn __contains__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.with(py, |crossing, object| {
            let key = crossing.to_js(key)?;
            Ok(crossing.help(Helper::HasItem, &[object, key])?.as_bool() == Some(true))
        })
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |crossing, object| {
            let length = crossing.help(Helper::LengthOf, &[object])?;
            if length.is_undefined() {
                return Err(PyTypeError::new_err(
                    "the JavaScript object has no length or size",
                ));
            }
            crate::crossing::length(length)
        })
    }

    /// Every JavaScript object is true, also an empty array.
    fn __bool__(&self) -> bool {
        true
    }

    fn __iter__(&self, py: Python<'_>) -> PyResult<JsIterator> {
        self.with(py, |crossing, object| {
            let iterator = crossing.help(Helper::IteratorOf, &[object])?;
            if iterator.is_undefined() {
                return Err(PyTypeError::new_err(
                    "the JavaScript object is not iterable",
                ));
            }
            Ok(JsIterator {
                key: crossing.bridge.keep(crossing.scope, iterator),
            })
        })
    }

    fn __aiter__(&self, py: Python<'_>) -> PyResult<JsAsyncIterator> {
        self.with(py, |crossing, object| {
            let iterator = crossing.help(Helper::AsyncIteratorOf, &[object])?;
            if iterator.is_undefined() {
                return Err(PyTypeError::new_err(
                    "the JavaScript object is not async iterable",
                ));
            }
            Ok(JsAsyncIterator {
                key: crossing.bridge.keep(crossing.scope, iterator),
            })
        })
    }

    fn __await__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.with(py, |crossing, value| {
            if crossing.help(Helper::IsThenable, &[value])?.as_bool() != Some(true) {
                return Err(PyTypeError::new_err(
                    "the JavaScript object is not a Promise and cannot be awaited",
                ));
            }
            let future = crossing.future_of(value)?;
            Ok(future.call_method0("__await__")?.unbind())
        })
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(other) = other.cast::<JsProxy>() else {
            return Ok(false);
        };
        self.with(other.py(), |crossing, value| {
            let other = other.get().local(crossing.bridge, crossing.scope)?;
            crossing.of_js(crossing.scope.strictly_equal(value, other))
        })
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<u64> {
        match self.identity {
            Some(identity) => Ok(identity),
            None => self.with(py, |crossing, value| {
                // A symbol has no identity number; equal values must still hash alike.
                if !value.is_object() {
                    return Ok(0);
                }
                Ok(crossing
                    .help(Helper::IdentityOf, &[value])?
                    .as_index()
                    .unwrap_or(0))
            }),
        }
    }

    fn __str__(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |crossing, value| {
            let text = crossing.help(Helper::Text, &[value])?;
            crossing.of_js(crossing.scope.string_of(text))
        })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<JsProxy {}>", self.__str__(py)?))
    }
}

/// The arguments of a call; keyword arguments become one trailing object.
fn arguments_to_js<'s>(
    crossing: &Crossing<'_, 's, '_>,
    arguments: &Bound<'_, PyTuple>,
    named: Option<&Bound<'_, PyDict>>,
) -> PyResult<Vec<Local<'s>>> {
    let mut values = Vec::with_capacity(arguments.len() + 1);
    for argument in arguments.iter_borrowed() {
        values.push(crossing.to_js(&argument)?);
    }
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        let options = crossing.of_js(crossing.scope.object())?;
        for (name, value) in named.iter() {
            let (name, value) = (name.extract::<String>()?, crossing.to_js(&value)?);
            crossing.of_js(crossing.scope.set(options, name.as_str(), value))?;
        }
        values.push(options);
    }
    Ok(values)
}

/// A key for `[]`: an index from the end counts as in Python.
fn item_key<'s>(
    crossing: &Crossing<'_, 's, '_>,
    object: Local<'_>,
    key: &Bound<'_, PyAny>,
) -> PyResult<Local<'s>> {
    if let Ok(index) = key.extract::<i64>()
        && index < 0
        && crossing.scope.is_array(object)
    {
        let length = i64::from(crossing.of_js(crossing.scope.array_length(object))?);
        return Ok(crossing.scope.number((length + index) as f64));
    }
    crossing.to_js(key)
}

fn has_own_item(
    crossing: &Crossing<'_, '_, '_>,
    object: Local<'_>,
    key: Local<'_>,
) -> PyResult<bool> {
    if crossing.scope.class_of(object) == Some(Class::Map) {
        return Ok(crossing.help(Helper::HasItem, &[object, key])?.as_bool() == Some(true));
    }
    crossing.of_js(crossing.scope.has(object, key))
}

fn missing(crossing: &Crossing<'_, '_, '_>, object: Local<'_>, key: &Bound<'_, PyAny>) -> PyErr {
    if crossing.scope.is_array(object) {
        PyIndexError::new_err("index out of range of the JavaScript array")
    } else {
        PyKeyError::new_err(key.clone().unbind())
    }
}
