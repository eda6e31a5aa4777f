//! The native operations under `bridge.js`: what JavaScript does to a Python object, one call each.
//!
//! Every operation gets the object's handle first. A Python exception becomes a JavaScript one (`errors.rs`); no
//! operation leaves the loop thread, and each holds the GIL because its caller, the loop, does.

use std::rc::Rc;

use pyo3::exceptions::{PyIndexError, PyKeyError, PyStopAsyncIteration, PyStopIteration};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use twinloop_js::engine::{Arguments, Error, Local, Op, Scope};

use crate::bridge::{Bridge, PythonObject};
use crate::{awaits, convert, errors};

static OPS: &[Op] = &[
    Op::new("pyStr", 1, |scope, arguments| {
        on(scope, arguments, |call| Ok(call.object.str()?.into_any()))
    }),
    Op::new("pyRepr", 1, |scope, arguments| {
        on(scope, arguments, |call| Ok(call.object.repr()?.into_any()))
    }),
    Op::new("pyType", 1, |scope, arguments| {
        on(scope, arguments, |call| {
            Ok(call.object.get_type().qualname()?.into_any())
        })
    }),
    Op::new("pyPrimitive", 2, |scope, arguments| {
        on(scope, arguments, primitive)
    }),
    Op::new("pyToJs", 2, to_js_copy),
    Op::new("pyGetAttribute", 2, |scope, arguments| {
        on_optional(scope, arguments, get_attribute)
    }),
    Op::new("pySetAttribute", 3, |scope, arguments| {
        on(scope, arguments, |call| {
            call.object.setattr(call.name(1)?, call.value(2)?)?;
            call.nothing()
        })
    }),
    Op::new("pyHasAttribute", 2, |scope, arguments| {
        on(scope, arguments, |call| {
            call.truth(call.object.hasattr(call.name(1)?)?)
        })
    }),
    Op::new("pyDeleteAttribute", 2, |scope, arguments| {
        on(scope, arguments, |call| {
            call.object.delattr(call.name(1)?)?;
            call.nothing()
        })
    }),
    Op::new("pyNames", 1, names),
    Op::new("pyLength", 1, |scope, arguments| {
        on(scope, arguments, |call| {
            Ok(call.object.len()?.into_pyobject(call.py)?.into_any())
        })
    }),
    Op::new("pyIndex", 2, |scope, arguments| {
        on_optional(scope, arguments, item::<PyIndexError>)
    }),
    Op::new("pyGetItem", 2, |scope, arguments| {
        on_optional(scope, arguments, get_item)
    }),
    Op::new("pySetItem", 3, |scope, arguments| {
        on(scope, arguments, |call| {
            call.object.set_item(call.value(1)?, call.value(2)?)?;
            call.nothing()
        })
    }),
    Op::new("pyDeleteItem", 2, |scope, arguments| {
        on(scope, arguments, delete_item)
    }),
    Op::new("pyContains", 2, |scope, arguments| {
        on(scope, arguments, |call| {
            call.truth(call.object.contains(call.value(1)?)?)
        })
    }),
    Op::new("pyCall", 3, |scope, arguments| {
        on(scope, arguments, call_object)
    }),
    Op::new("pyIter", 1, |scope, arguments| {
        wrapped(scope, arguments, |call| {
            Ok(call.object.try_iter()?.into_any())
        })
    }),
    Op::new("pyNext", 2, next),
    Op::new("pyCloseIterator", 1, |scope, arguments| {
        on(scope, arguments, |call| {
            // Only generators have something to close.
            if call.object.hasattr("close")? {
                call.object.call_method0("close")?;
            }
            call.nothing()
        })
    }),
    Op::new("pyAsyncIter", 1, |scope, arguments| {
        wrapped(scope, arguments, |call| {
            call.object.call_method0("__aiter__")
        })
    }),
    Op::new("pyAsyncNext", 1, |scope, arguments| {
        awaited(scope, arguments, |call| {
            call.py
                .import("twinloop.js")?
                .call_method1("_anext_as_step", (&call.object,))
        })
    }),
    Op::new("pyCloseAsyncIterator", 1, |scope, arguments| {
        awaited(scope, arguments, |call| {
            call.py
                .import("twinloop.js")?
                .call_method1("_aclose", (&call.object,))
        })
    }),
    Op::new("pyAwait", 1, |scope, arguments| {
        awaited(scope, arguments, |call| Ok(call.object.clone()))
    }),
];

/// The object that `bridge.js` gets as `native`.
pub(crate) fn object<'s>(scope: &Scope<'s>) -> Result<Local<'s>, Error> {
    let native = scope.object()?;
    for op in OPS {
        let function = scope.function(op)?;
        scope.set(native, op.name, function)?;
    }
    Ok(native)
}

/// One call of an operation: both languages at hand and the Python object that it is about.
struct Call<'c, 's, 'py> {
    bridge: &'c Rc<Bridge>,
    scope: &'c Scope<'s>,
    py: Python<'py>,
    arguments: Arguments<'s>,
    object: Bound<'py, PyAny>,
}

impl<'s, 'py> Call<'_, 's, 'py> {
    fn value(&self, index: usize) -> PyResult<Bound<'py, PyAny>> {
        convert::to_py(self.bridge, self.scope, self.py, self.arguments.get(index))
    }

    fn name(&self, index: usize) -> PyResult<Bound<'py, PyString>> {
        Ok(self.value(index)?.cast_into::<PyString>()?)
    }

    fn js<T>(&self, result: Result<T, Error>) -> PyResult<T> {
        result.map_err(|error| errors::to_py(self.bridge, self.scope, self.py, error))
    }

    fn nothing(&self) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.py.None().into_bound(self.py))
    }

    fn truth(&self, value: bool) -> PyResult<Bound<'py, PyAny>> {
        Ok(value.into_pyobject(self.py)?.to_owned().into_any())
    }
}

fn enter<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
    f: impl FnOnce(&Call<'_, 's, '_>) -> Result<Local<'s>, Error>,
) -> Result<Local<'s>, Error> {
    let bridge = Bridge::current()?;
    let owned = scope
        .host_value::<PythonObject>(arguments.get(0))
        .ok_or_else(|| Error::type_error("this is not a proxy of a Python object"))?;
    Python::attach(|py| {
        let object = owned.object.bind(py).clone();
        f(&Call {
            bridge: &bridge,
            scope,
            py,
            arguments,
            object,
        })
    })
}

/// Runs `f` and converts what it returns.
fn on<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
    f: impl for<'c, 'py> FnOnce(&Call<'c, 's, 'py>) -> PyResult<Bound<'py, PyAny>>,
) -> Result<Local<'s>, Error> {
    on_optional(scope, arguments, |call| f(call).map(Some))
}

/// As [`on`]; nothing becomes undefined.
fn on_optional<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
    f: impl for<'c, 'py> FnOnce(&Call<'c, 's, 'py>) -> PyResult<Option<Bound<'py, PyAny>>>,
) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| match f(call) {
        Ok(Some(value)) => convert::to_js(call.bridge, scope, &value),
        Ok(None) => Ok(Local::undefined()),
        Err(error) => Err(errors::to_js(call.bridge, scope, call.py, error)),
    })
}

/// As [`on`], for a result that must stay a proxy.
fn wrapped<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
    f: impl for<'c, 'py> FnOnce(&Call<'c, 's, 'py>) -> PyResult<Bound<'py, PyAny>>,
) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| match f(call) {
        // Its own handle: `bridge.js` keeps the iterator of one loop to itself.
        Ok(value) => call.bridge.wrap(scope, &value),
        Err(error) => Err(errors::to_js(call.bridge, scope, call.py, error)),
    })
}

/// As [`on`], for an awaitable that becomes a promise.
fn awaited<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
    f: impl for<'c, 'py> FnOnce(&Call<'c, 's, 'py>) -> PyResult<Bound<'py, PyAny>>,
) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| match f(call) {
        Ok(awaitable) => awaits::promise_of(call.bridge, scope, &awaitable),
        Err(error) => Err(errors::to_js(call.bridge, scope, call.py, error)),
    })
}

fn get_attribute<'py>(call: &Call<'_, '_, 'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
    call.object.getattr_opt(call.name(1)?)
}

/// An item, or nothing where Python raises `E`.
fn item<'py, E: pyo3::type_object::PyTypeInfo>(
    call: &Call<'_, '_, 'py>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    match call.object.get_item(call.value(1)?) {
        Ok(item) => Ok(Some(item)),
        Err(error) if error.is_instance_of::<E>(call.py) => Ok(None),
        Err(error) => Err(error),
    }
}

fn get_item<'py>(call: &Call<'_, '_, 'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
    match item::<PyKeyError>(call) {
        Err(error) if error.is_instance_of::<PyIndexError>(call.py) => Ok(None),
        result => result,
    }
}

fn delete_item<'py>(call: &Call<'_, '_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    match call.object.del_item(call.value(1)?) {
        Ok(()) => call.truth(true),
        Err(error) if error.is_instance_of::<PyKeyError>(call.py) => call.truth(false),
        Err(error) => Err(error),
    }
}

/// `Symbol.toPrimitive`: what a number is to arithmetic, and the text of everything else.
fn primitive<'py>(call: &Call<'_, '_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let hint = call.value(1)?.extract::<String>()?;
    if hint == "number" && call.object.hasattr("__float__")? {
        return call.object.call_method0("__float__");
    }
    Ok(call.object.str()?.into_any())
}

fn call_object<'py>(call: &Call<'_, '_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let list = call.arguments.get(1);
    let count = call.js(call.scope.array_length(list))?;
    let mut values = Vec::with_capacity(count as usize);
    for index in 0..count {
        let value = call.js(call.scope.get(list, index))?;
        values.push(convert::to_py(call.bridge, call.scope, call.py, value)?);
    }
    let named = call.arguments.get(2);
    if named.is_undefined() {
        return call.object.call1(PyTuple::new(call.py, values)?);
    }
    let keywords = PyDict::new(call.py);
    for key in call.js(call.scope.keys(named))? {
        let value = call.js(call.scope.get(named, key))?;
        keywords.set_item(
            call.js(call.scope.string_of(key))?,
            convert::to_py(call.bridge, call.scope, call.py, value)?,
        )?;
    }
    call.object
        .call(PyTuple::new(call.py, values)?, Some(&keywords))
}

fn to_js_copy<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| {
        let depth = scope.int32_of(arguments.get(1))?;
        convert::copy_to_js(call.bridge, scope, &call.object, depth)
    })
}

fn names<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| {
        let names = call
            .object
            .dir()
            .and_then(|names| names.extract::<Vec<String>>())
            .map_err(|error| errors::to_js(call.bridge, scope, call.py, error))?;
        let names: Vec<Local<'s>> = names
            .iter()
            .filter(|name| !name.starts_with("__"))
            .map(|name| scope.string(name))
            .collect::<Result<_, _>>()?;
        scope.array(&names)
    })
}

/// One step of an iterator: `{ done, value }`.
fn next<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| {
        let sent = call
            .value(1)
            .map_err(|error| errors::to_js(call.bridge, scope, call.py, error))?;
        // A value sent into a generator, as JavaScript's own `next(value)` does.
        let step = if sent.is_none() {
            call.object.call_method0("__next__")
        } else {
            call.object.call_method1("send", (sent,))
        };
        let (done, value) = match step {
            Ok(value) => (false, value),
            Err(error) if error.is_instance_of::<PyStopIteration>(call.py) => (
                true,
                stop_value(call.py, &error)
                    .map_err(|error| errors::to_js(call.bridge, scope, call.py, error))?,
            ),
            Err(error) => return Err(errors::to_js(call.bridge, scope, call.py, error)),
        };
        let result = scope.object()?;
        scope.set(result, "done", Local::boolean(done))?;
        let value = convert::to_js(call.bridge, scope, &value)?;
        scope.set(result, "value", value)?;
        Ok(result)
    })
}

fn stop_value<'py>(py: Python<'py>, error: &PyErr) -> PyResult<Bound<'py, PyAny>> {
    debug_assert!(!error.is_instance_of::<PyStopAsyncIteration>(py));
    error.value(py).getattr("value")
}
