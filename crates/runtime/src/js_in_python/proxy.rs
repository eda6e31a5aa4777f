//! `JsProxy`: a JavaScript object in Python.
//!
//! Attributes are properties, `[]` is an index or a Map's key, calling calls (keyword arguments become one trailing
//! object), `await` awaits a thenable, `for` and `async for` iterate. A method keeps its receiver. Works on the thread of
//! its loop only; dropping it works anywhere. GIL held.

use pyo3::exceptions::{PyAttributeError, PyIndexError, PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PySlice, PyString, PyTuple};
use twinloop_js::engine::{Attributes, Local, PromiseState, Scope, Type};
use twinloop_py::Known;

use super::kinds::{self, Settled};
use super::names::property;
use crate::bridge::{Bridge, Helper, JsKey};
use crate::crossing::{Crossing, Depth};

/// Attributes of the class, which win over properties of the same name (`[]` reaches those).
const OWN: [&str; 3] = ["new", "typeof", "to_py"];

/// In the place of an identity number.
const NO_IDENTITY: u64 = 0;

/// A JavaScript object.
#[pyclass(frozen, weakref, subclass, mapping, module = "twinloop.js")]
pub(crate) struct JsProxy {
    key: JsKey,
    /// By the identity number of an object, which begins with 1; a method read from another proxy has none.
    known: Known,
    /// The receiver of a method.
    this: Option<Py<JsProxy>>,
}

impl JsProxy {
    /// A new proxy of a value, which it keeps alive; the one of its identity from now on. `abilities` are the value's, if they
    /// are known.
    pub(crate) fn make<'py>(
        crossing: &Crossing<'_, '_, 'py>,
        value: Local<'_>,
        identity: Option<u64>,
        abilities: Option<u32>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let proxy = JsProxy {
            key: crossing.bridge.keep(crossing.scope, value),
            known: crossing.bridge.known_by(identity.unwrap_or(NO_IDENTITY)),
            this: None,
        };
        let proxy = kinds::instantiate(crossing, value, proxy, abilities)?;
        if identity.is_some() {
            proxy.cast::<JsProxy>()?.get().known.list(&proxy);
        }
        Ok(proxy)
    }

    /// What a function is called on.
    pub(super) fn receiver<'s>(&self, crossing: &Crossing<'_, 's, '_>) -> PyResult<Local<'s>> {
        match &self.this {
            Some(this) => this.get().local(crossing.bridge, crossing.scope),
            None => Ok(Local::undefined()),
        }
    }

    pub(crate) fn key(&self) -> &JsKey {
        &self.key
    }

    /// `self[key]`
    pub(super) fn item(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.with(py, |crossing, object| {
            if let Ok(slice) = key.cast::<PySlice>() {
                let part = Part::of(crossing, object, slice)?;
                let values = part.values(crossing.scope, object);
                let part = crossing.help(Helper::Sliced, &values)?;
                return Ok(crossing.to_py(part)?.unbind());
            }
            let js_key = item_key(crossing, object, key)?;
            let item = crossing.help(Helper::GetItem, &[object, js_key])?;
            if (item.is_undefined() || item.is_null()) && !owns_item(crossing, object, js_key)? {
                return Err(missing(crossing, object, key));
            }
            Ok(crossing.to_py(item)?.unbind())
        })
    }

    /// The JavaScript value, for a bridge that is entered.
    pub(crate) fn local<'s>(&self, bridge: &Bridge, scope: &Scope<'s>) -> PyResult<Local<'s>> {
        bridge.value(scope, &self.key)
    }

    /// The identity number of its object.
    pub(super) fn identity(&self) -> Option<u64> {
        let number = self.known.number();
        (number != NO_IDENTITY).then_some(number)
    }

    /// Where its value stands among what Python holds.
    pub(crate) fn held_at(&self) -> Option<usize> {
        Bridge::is_alive(&self.key).then(|| self.key.place())
    }

    /// What a method keeps alive of Python's.
    pub(crate) fn held_receiver(&self) -> Option<&Py<JsProxy>> {
        self.this.as_ref()
    }

    /// The value of a Promise that is fulfilled, after the microtasks that wait have run; `None` while JavaScript is on the
    /// stack, where they may not.
    pub(super) fn settled(&self, py: Python<'_>) -> PyResult<Option<Settled>> {
        let bridge = Bridge::of(&self.key)?;
        if !bridge.checkpoint() {
            return Ok(None);
        }
        bridge.enter(py, |crossing| {
            let scope = crossing.scope;
            let promise = bridge.value(scope, &self.key)?;
            if scope.promise_state(promise) != Some(PromiseState::Fulfilled) {
                return Ok(None);
            }
            let value = crossing.to_py(scope.promise_result(promise))?;
            Ok(Some(Settled(value.unbind())))
        })
    }

    /// Enters the engine with the value at hand.
    pub(super) fn with<R>(
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
        if self.known.number() != NO_IDENTITY {
            // Deallocation holds the GIL.
            Python::attach(|py| Bridge::forget_proxy(py, &self.known));
        }
    }
}

#[pymethods]
impl JsProxy {
    fn __getattribute__(slf: &Bound<'_, Self>, name: &Bound<'_, PyString>) -> PyResult<Py<PyAny>> {
        let text = name.to_str()?;
        // What the class itself has, and Python's special names: JavaScript has none of them. Everything else is not looked for
        // in Python at all, which would cost more than the property.
        if (text.starts_with("__") && text.ends_with("__")) || OWN.contains(&text) {
            static GENERIC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            let generic = GENERIC.get_or_try_init(slf.py(), || {
                let object = slf.py().get_type::<PyAny>();
                Ok::<_, PyErr>(object.getattr("__getattribute__")?.unbind())
            })?;
            return generic.call1(slf.py(), (slf, name));
        }
        if kinds::is_of_python(slf, text)
            && let Some(method) = kinds::method_of_python(slf, text)?
        {
            return Ok(method.unbind());
        }
        slf.get().with(slf.py(), |crossing, object| {
            let (scope, key) = (crossing.scope, property(text));
            let value = crossing.of_js(scope.get(object, key))?;
            if value.is_undefined() && !crossing.of_js(scope.has(object, key))? {
                return match kinds::method_of_python(slf, text)? {
                    Some(method) => Ok(method.unbind()),
                    None => Err(no_property(text)),
                };
            }
            if text == "keys"
                && crossing.help(Helper::HidesKeys, &[object])?.as_bool() == Some(true)
            {
                return Err(PyAttributeError::new_err(()));
            }
            if scope.is_function(value) && scope.proxy_details(value).is_none() {
                if let Some(class) = crossing.class_for(value)? {
                    return Ok(class.unbind());
                }
                let method = JsProxy {
                    key: crossing.bridge.keep(scope, value),
                    known: crossing.bridge.known_by(NO_IDENTITY),
                    this: Some(slf.clone().unbind()),
                };
                return Ok(kinds::instantiate(crossing, value, method, None)?.unbind());
            }
            Ok(crossing.to_py(value)?.unbind())
        })
    }

    /// Called when `__getattribute__` raised AttributeError, whose message it replaces.
    fn __getattr__(slf: &Bound<'_, Self>, name: &str) -> PyResult<Py<PyAny>> {
        if name.starts_with("__") && name.ends_with("__") {
            let class = slf.get_type().name()?;
            let message = format!("'{class}' object has no attribute '{name}'");
            return Err(PyAttributeError::new_err(message));
        }
        let hidden = name == "keys"
            && slf.get().with(slf.py(), |crossing, object| {
                let hidden = crossing.help(Helper::HidesKeys, &[object])?;
                Ok(hidden.as_bool() == Some(true))
            })?;
        Err(if hidden {
            PyAttributeError::new_err(
                "the property \"keys\" of a JavaScript iterable without get() is no attribute in Python, where dict() would take \
                 it for a mapping: use list(...) or range(len(...))",
            )
        } else {
            no_property(name)
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
            let scope = crossing.scope;
            if !crossing.of_js(scope.has(object, property(name)))? {
                return Err(no_property(name));
            }
            let key = crossing.of_js(scope.string(property(name)))?;
            crossing
                .help(Helper::DeleteProperty, &[object, key])
                .map(drop)
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
    #[pyo3(signature = (depth = -1.0))]
    fn to_py(&self, py: Python<'_>, depth: f64) -> PyResult<Py<PyAny>> {
        self.with(py, |crossing, value| {
            Ok(crossing.copy_to_py(value, Depth::new(depth))?.unbind())
        })
    }

    fn __getitem__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.item(py, key)
    }

    fn __setitem__(
        &self,
        py: Python<'_>,
        key: &Bound<'_, PyAny>,
        item: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.with(py, |crossing, object| {
            if let Ok(slice) = key.cast::<PySlice>() {
                let part = Part::of_array(crossing, object, slice)?;
                let items = PyList::empty(py);
                for item in item.try_iter()? {
                    items.append(item?)?;
                }
                if part.step != 1 && items.len() as isize != part.count {
                    return Err(PyValueError::new_err(format!(
                        "attempt to assign sequence of size {} to extended slice of size {}",
                        items.len(),
                        part.count
                    )));
                }
                let mut made = Vec::with_capacity(items.len());
                for item in items.iter() {
                    made.push(crossing.to_js(&item)?);
                }
                let made = crossing.of_js(crossing.scope.array(&made))?;
                let [array, start, step, count] = part.values(crossing.scope, object);
                let values = [array, start, step, count, made];
                return crossing.help(Helper::ReplaceSlice, &values).map(drop);
            }
            let js_key = item_key(crossing, object, key)?;
            let item = crossing.to_js(item)?;
            let done = crossing.help(Helper::SetItem, &[object, js_key, item])?;
            if done.as_bool() == Some(false) {
                return Err(missing(crossing, object, key));
            }
            Ok(())
        })
    }

    fn __delitem__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<()> {
        self.with(py, |crossing, object| {
            if let Ok(slice) = key.cast::<PySlice>() {
                let part = Part::of_array(crossing, object, slice)?;
                let values = part.values(crossing.scope, object);
                return crossing.help(Helper::DeleteSlice, &values).map(drop);
            }
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

    /// What is a collection or a mapping to Python is false when it is empty, as Python's own; every other object is true.
    fn __bool__(slf: &Bound<'_, Self>) -> PyResult<bool> {
        Ok(!kinds::is_collection(slf) || slf.len()? != 0)
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
        match self.identity() {
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
        if !Bridge::is_alive(&self.key) {
            return Ok("of another thread, or of an event loop that has ended".to_owned());
        }
        self.with(py, |crossing, value| {
            let text = crossing.help(Helper::Text, &[value])?;
            crossing.of_js(crossing.scope.string_of(text))
        })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        if !Bridge::is_alive(&self.key) {
            return Ok(format!("<JsProxy {}>", self.__str__(py)?));
        }
        self.with(py, |crossing, value| {
            let text = crossing.help(Helper::Shown, &[value])?;
            let text = crossing.of_js(crossing.scope.string_of(text))?;
            Ok(format!("<JsProxy {text}>"))
        })
    }
}

fn no_property(name: &str) -> PyErr {
    PyAttributeError::new_err(format!("the JavaScript object has no property {name:?}"))
}

/// The arguments of a call; keyword arguments become one trailing object.
pub(super) fn arguments_to_js<'s>(
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
            // An own property, also if it is called `__proto__`.
            let defined = crossing
                .scope
                .define(options, name.as_str(), value, Attributes::PLAIN);
            crossing.of_js(defined)?;
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
        && let Some(length) = list_length(crossing, object)?
    {
        return Ok(crossing.scope.number((length as i64 + index) as f64));
    }
    crossing.to_js(key)
}

/// The length of an Array or typed array.
fn list_length(crossing: &Crossing<'_, '_, '_>, object: Local<'_>) -> PyResult<Option<isize>> {
    let length = crossing.help(Helper::ListLength, &[object])?.as_index();
    Ok(length.and_then(|length| isize::try_from(length).ok()))
}

/// What a slice takes of an Array or typed array.
struct Part {
    start: isize,
    step: isize,
    count: isize,
}

impl Part {
    fn of(
        crossing: &Crossing<'_, '_, '_>,
        object: Local<'_>,
        slice: &Bound<'_, PySlice>,
    ) -> PyResult<Part> {
        let length = list_length(crossing, object)?.ok_or_else(|| {
            PyTypeError::new_err(
                "only an Array or typed array of JavaScript can be sliced; to_py() copies another object to Python",
            )
        })?;
        let indices = slice.indices(length)?;
        Ok(Part {
            start: indices.start,
            step: indices.step,
            count: indices.slicelength as isize,
        })
    }

    /// Of an Array, which may change its length.
    fn of_array(
        crossing: &Crossing<'_, '_, '_>,
        object: Local<'_>,
        slice: &Bound<'_, PySlice>,
    ) -> PyResult<Part> {
        if !crossing.scope.is_array(object) {
            return Err(PyTypeError::new_err(
                "only slices of an Array of JavaScript can be assigned or deleted",
            ));
        }
        Part::of(crossing, object, slice)
    }

    fn values<'s>(&self, scope: &Scope<'s>, object: Local<'s>) -> [Local<'s>; 4] {
        let number = |number: isize| scope.number(number as f64);
        [
            object,
            number(self.start),
            number(self.step),
            number(self.count),
        ]
    }
}

fn owns_item(crossing: &Crossing<'_, '_, '_>, object: Local<'_>, key: Local<'_>) -> PyResult<bool> {
    Ok(crossing.help(Helper::OwnsItem, &[object, key])?.as_bool() == Some(true))
}

fn missing(crossing: &Crossing<'_, '_, '_>, object: Local<'_>, key: &Bound<'_, PyAny>) -> PyErr {
    // An error in asking is as good as no.
    if key.extract::<i64>().is_ok() && matches!(list_length(crossing, object), Ok(Some(_))) {
        PyIndexError::new_err("index out of range of the JavaScript array")
    } else {
        PyKeyError::new_err(key.clone().unbind())
    }
}
