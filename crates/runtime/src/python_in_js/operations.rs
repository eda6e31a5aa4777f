//! The native operations under `py_proxy.js`: what JavaScript does to a Python object, one call each.
//!
//! Every operation gets the object's handle first. A Python exception becomes a JavaScript one (`crossing/errors.rs`); no
//! operation leaves the loop thread, and each holds the GIL because its caller, the loop, does.

use std::ops::Deref;

use pyo3::exceptions::{
    PyIndexError, PyKeyError, PyStopAsyncIteration, PyStopIteration, PyTypeError, PyValueError,
};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PySlice, PyString, PyTuple, PyType};
use twinloop_js::engine::{Arguments, Error, Local, Op, Scope};

use super::{abilities, fields};
use crate::crossing::{Crossing, Depth};
use crate::js_in_python::JsProxy;

/// The Python module that makes classes of Python's for classes of JavaScript's.
const SUBCLASSES: &str = "_twinloop.crossing.subclasses";
/// The Python module that resumes async generators for JavaScript.
const ASYNC_GENERATORS: &str = "_twinloop.crossing.async_generators";

static OPS: &[Op] = &[
    Op::new("servedBy", 1, |scope, arguments| {
        scope.nested_value(|scope| {
            let end = scope.served_by(arguments.get(0));
            Ok(end.unwrap_or_else(Local::undefined))
        })
    }),
    // The frames of async functions that an error has left, beyond those of a stack; and they are forgotten.
    Op::new("asyncFrames", 2, |scope, arguments| {
        let stack = scope.string_of(arguments.get(1))?;
        scope.string(&scope.async_frames(arguments.get(0), &stack))
    }),
    Op::new("forgetAsyncFrames", 1, |scope, arguments| {
        scope.forget_async_frames(arguments.get(0));
        Ok(Local::undefined())
    }),
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
    Op::new("pyToJson", 2, to_json),
    Op::new("pyGetAttribute", 2, |scope, arguments| {
        on_optional(scope, arguments, get_attribute)
    }),
    Op::new("pyExtra", 2, |scope, arguments| {
        on_optional(scope, arguments, |call| {
            let name = call.name(1)?;
            match call.py.get_type::<PyDict>().hasattr(&name)? {
                true => Ok(None),
                false => call.object.getattr_opt(name),
            }
        })
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
    Op::new("pyHasOwn", 2, |scope, arguments| {
        on(scope, arguments, |call| {
            call.truth(fields::has(&call.object, &call.name(1)?)?)
        })
    }),
    Op::new("pyKeys", 1, keys),
    Op::new("pyItem", 2, record_item),
    Op::new("pyLength", 1, |scope, arguments| {
        on(scope, arguments, |call| {
            Ok(call.object.len()?.into_pyobject(call.py)?.into_any())
        })
    }),
    Op::new("pyIndex", 2, |scope, arguments| {
        on_optional(scope, arguments, item::<PyIndexError>)
    }),
    Op::new("pyPut", 3, |scope, arguments| on(scope, arguments, put)),
    Op::new("pyCut", 2, |scope, arguments| on(scope, arguments, cut)),
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
    Op::new("pyCall", 2, |scope, arguments| {
        on(scope, arguments, call_object)
    }),
    Op::new("pyIter", 1, |scope, arguments| {
        wrapped(scope, arguments, |call| {
            Ok(call.object.try_iter()?.into_any())
        })
    }),
    Op::new("pyNext", 2, next),
    Op::new("pyThrow", 2, throw),
    Op::new("pyStep", 1, step),
    Op::new("pyReturned", 1, returned),
    Op::new("pyRoot", 0, root),
    Op::new("pyCloseIterator", 1, |scope, arguments| {
        on(scope, arguments, |call| {
            // Only generators end with who iterates over them; a file goes on.
            if call.object.hasattr("throw")? && call.object.hasattr("close")? {
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
                .import(ASYNC_GENERATORS)?
                .call_method1("next_step", (&call.object,))
        })
    }),
    Op::new("pyAsyncSend", 2, |scope, arguments| {
        awaited(scope, arguments, |call| {
            call.py
                .import(ASYNC_GENERATORS)?
                .call_method1("send", (&call.object, call.value(1)?))
        })
    }),
    Op::new("pyAsyncThrow", 2, |scope, arguments| {
        awaited(scope, arguments, |call| {
            let error = call.thrown_to_py(call.arguments.get(1));
            call.py
                .import(ASYNC_GENERATORS)?
                .call_method1("throw", (&call.object, error))
        })
    }),
    Op::new("pyExit", 1, |scope, arguments| {
        on(scope, arguments, |call| {
            let none = call.py.None();
            call.object
                .call_method1("__exit__", (&none, &none, &none))?;
            call.nothing()
        })
    }),
    Op::new("pyAsyncExit", 1, |scope, arguments| {
        awaited(scope, arguments, |call| {
            let none = call.py.None();
            call.object.call_method1("__aexit__", (&none, &none, &none))
        })
    }),
    Op::new("pyIsInstance", 2, |scope, arguments| {
        on(scope, arguments, |call| {
            call.truth(call.value(1)?.is_instance(&call.object)?)
        })
    }),
    Op::new("pyInstanceFlags", 1, |scope, arguments| {
        on(scope, arguments, |call| {
            let class = call.object.cast::<PyType>()?;
            let flags = abilities::of_instances(class);
            Ok(flags.into_pyobject(call.py)?.into_any())
        })
    }),
    Op::new("pyDerive", 3, |scope, arguments| {
        enter(scope, arguments, |call| {
            let derive = || {
                let derive = call.py.import(SUBCLASSES)?.getattr("derive")?;
                // The class itself, which is the one that is made here from now on.
                let js_class = call.proxy_of(call.arguments.get(1))?;
                let Ok(proxy) = js_class.cast::<JsProxy>() else {
                    // It was made just now, when the class was asked what it can do.
                    return Ok(js_class);
                };
                let class = derive.call1((&call.object, proxy, call.value(2)?))?;
                call.stands_for(&class, proxy)?;
                Ok(class)
            };
            let class = call.of_python(derive())?;
            call.bridge.wrap(scope, &class)
        })
    }),
    Op::new("pyDerivedFrom", 1, |scope, arguments| {
        on(scope, arguments, |call| {
            call.object.get_type().getattr(abilities::JS_CLASS)
        })
    }),
    Op::new("pyMake", 2, |scope, arguments| {
        on(scope, arguments, |call| {
            let make = call.py.import(SUBCLASSES)?.getattr("make")?;
            let values = call.arguments.get(1);
            let mut all = vec![call.object.clone()];
            for index in 0..call.of_js(scope.array_length(values))? {
                all.push(call.to_py(call.of_js(scope.get(values, index))?)?);
            }
            make.call1(PyTuple::new(call.py, all)?)
        })
    }),
    Op::new("pySetSuper", 4, |scope, arguments| {
        on(scope, arguments, |call| {
            let set = call.py.import(SUBCLASSES)?.getattr("set_above")?;
            let (name, value) = (call.name(2)?, call.value(3)?);
            set.call1((&call.object, call.value(1)?, name, value))
        })
    }),
    Op::new("pyKeepProxy", 2, |scope, arguments| {
        on(scope, arguments, |call| {
            let keep = call.py.import(SUBCLASSES)?.getattr("keep_proxy")?;
            keep.call1((&call.object, call.value(1)?))
        })
    }),
    Op::new("pySuper", 3, |scope, arguments| {
        on_optional(scope, arguments, |call| {
            let find = call.py.import(SUBCLASSES)?.getattr("above")?;
            let above = find.call1((&call.object, call.value(1)?))?;
            above.getattr_opt(call.name(2)?)
        })
    }),
    Op::new("pyCloseAsyncIterator", 1, |scope, arguments| {
        awaited(scope, arguments, |call| {
            call.py
                .import(ASYNC_GENERATORS)?
                .call_method1("close", (&call.object,))
        })
    }),
    Op::new("pyAwait", 1, |scope, arguments| {
        awaited(scope, arguments, |call| Ok(call.object.clone()))
    }),
];

/// The operations, by name.
pub(crate) fn object<'s>(scope: &Scope<'s>) -> Result<Local<'s>, Error> {
    let native = scope.object()?;
    for op in OPS {
        let function = scope.function(op)?;
        scope.set(native, op.name, function)?;
    }
    Ok(native)
}

/// One call of an operation: both languages at hand, the Python object that it is about, and its arguments.
struct Call<'c, 's, 'py> {
    crossing: &'c Crossing<'c, 's, 'py>,
    arguments: Arguments<'s>,
    object: Bound<'py, PyAny>,
}

impl<'c, 's, 'py> Deref for Call<'c, 's, 'py> {
    type Target = Crossing<'c, 's, 'py>;

    fn deref(&self) -> &Self::Target {
        self.crossing
    }
}

impl<'py> Call<'_, '_, 'py> {
    fn value(&self, index: usize) -> PyResult<Bound<'py, PyAny>> {
        self.to_py(self.arguments.get(index))
    }

    fn name(&self, index: usize) -> PyResult<Bound<'py, PyString>> {
        Ok(self.value(index)?.cast_into::<PyString>()?)
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
    Crossing::in_js(scope, |crossing| {
        let owned = crossing
            .bridge
            .owned_by(scope, crossing.py, arguments.get(0));
        let object =
            owned.ok_or_else(|| Error::type_error("this is not a proxy of a Python object"))?;
        f(&Call {
            crossing,
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
    enter(scope, arguments, |call| {
        call.value_to_js(&call.of_python(f(call))?)
    })
}

/// As [`on`]; nothing becomes undefined.
fn on_optional<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
    f: impl for<'c, 'py> FnOnce(&Call<'c, 's, 'py>) -> PyResult<Option<Bound<'py, PyAny>>>,
) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| match call.of_python(f(call))? {
        Some(value) => call.value_to_js(&value),
        None => Ok(Local::undefined()),
    })
}

/// As [`on`], for a result that must stay a proxy.
fn wrapped<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
    f: impl for<'c, 'py> FnOnce(&Call<'c, 's, 'py>) -> PyResult<Bound<'py, PyAny>>,
) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| {
        call.bridge.wrap(scope, &call.of_python(f(call))?)
    })
}

/// As [`on`], for an awaitable that becomes a promise.
fn awaited<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
    f: impl for<'c, 'py> FnOnce(&Call<'c, 's, 'py>) -> PyResult<Bound<'py, PyAny>>,
) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| {
        call.promise_of(&call.of_python(f(call))?)
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

/// `pyPut(handle, index, value)`: as an Array takes an element, but for the holes that no list has.
fn put<'py>(call: &Call<'_, '_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let (index, value) = (call.value(1)?, call.value(2)?);
    let length = call.object.len()?;
    match index.extract::<usize>() {
        Ok(index) if index == length => {
            call.object
                .call_method1(intern!(call.py, "append"), (value,))?;
        }
        Ok(index) if index > length => {
            return Err(PyIndexError::new_err(format!(
                "a Python {} has no holes: index {index} is beyond its length {length}",
                call.object.get_type().name()?
            )));
        }
        _ => call.object.set_item(index, value)?,
    }
    call.nothing()
}

/// `pyCut(handle, length)`: what setting the `length` of an Array does.
fn cut<'py>(call: &Call<'_, '_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let length = call.value(1)?;
    let (wanted, now) = (length.extract::<usize>(), call.object.len()?);
    match wanted {
        Ok(wanted) if wanted < now => {
            let rest = PySlice::new(call.py, wanted as isize, isize::MAX, 1);
            call.object.del_item(rest)?;
        }
        Ok(wanted) if wanted == now => {}
        _ => {
            return Err(PyValueError::new_err(format!(
                "a Python {} has no holes: its length is {now} and cannot be {length}",
                call.object.get_type().name()?
            )));
        }
    }
    call.nothing()
}

fn delete_item<'py>(call: &Call<'_, '_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    match call.object.del_item(call.value(1)?) {
        Ok(()) => call.truth(true),
        Err(error) if error.is_instance_of::<PyKeyError>(call.py) => call.truth(false),
        Err(error) => Err(error),
    }
}

/// `Symbol.toPrimitive`: what a number is to arithmetic, or a date to `<` and `-`, and the text of everything else.
fn primitive<'py>(call: &Call<'_, '_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let hint = call.value(1)?.extract::<String>()?;
    if hint != "string" && call.object.hasattr("__float__")? {
        match call.object.call_method0("__float__") {
            // An array of more than one number, for instance, to which something is added.
            Err(error) if hint == "default" && error.is_instance_of::<PyTypeError>(call.py) => {}
            number => return number,
        }
    }
    if hint == "number" {
        let dates = call.py.import("_twinloop.crossing.dates")?;
        let number = dates.call_method1("number_of", (&call.object,))?;
        if !number.is_none() {
            return Ok(number);
        }
    }
    Ok(call.object.str()?.into_any())
}

/// `pyCall(handle, named, ...values)`: `named` is an object of keyword arguments, or undefined.
fn call_object<'py>(call: &Call<'_, '_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    const FIRST: usize = 2;
    let named = call.arguments.get(1);
    // Only what a timer or microtask calls has a context to go back to.
    if let Some(held) = call.of_js(call.context_to_enter())? {
        return held.enter(call.py, |context| call_in(call, context));
    }
    if named.is_undefined() {
        match call.arguments.len().saturating_sub(FIRST) {
            0 => return call.object.call0(),
            1 => return call.object.call1((call.value(FIRST)?,)),
            _ => {}
        }
    }
    let values = (FIRST..call.arguments.len())
        .map(|index| call.value(index))
        .collect::<PyResult<Vec<_>>>()?;
    if named.is_undefined() {
        return call.object.call1(PyTuple::new(call.py, values)?);
    }
    let keywords = keywords(call)?;
    call.object
        .call(PyTuple::new(call.py, values)?, keywords.as_ref())
}

/// The keyword arguments of `pyCall`, if there are any.
fn keywords<'py>(call: &Call<'_, '_, 'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
    let named = call.arguments.get(1);
    if named.is_undefined() {
        return Ok(None);
    }
    let keywords = PyDict::new(call.py);
    for key in call.of_js(call.scope.keys(named))? {
        let value = call.of_js(call.scope.get(named, key))?;
        keywords.set_item(call.of_js(call.scope.string_of(key))?, call.to_py(value)?)?;
    }
    Ok(Some(keywords))
}

/// As [`call_object`], in a context of Python's.
fn call_in<'py>(
    call: &Call<'_, '_, 'py>,
    context: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut values = vec![call.object.clone()];
    for index in 2..call.arguments.len() {
        values.push(call.value(index)?);
    }
    let keywords = keywords(call)?;
    let run = context.getattr(intern!(call.py, "run"))?;
    run.call(PyTuple::new(call.py, values)?, keywords.as_ref())
}

fn to_js_copy<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| {
        let depth = Depth::new(scope.number_of(arguments.get(1))?);
        call.copy_to_js(&call.object, depth)
    })
}

/// `pyToJson(handle, key)`: what `JSON.stringify` makes of the object.
fn to_json<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| {
        let key = arguments.get(1);
        let key = if key.is_undefined() {
            String::new()
        } else {
            scope.string_of(key)?
        };
        call.json_of(&call.object, &key)
    })
}

fn names<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| {
        let names: Vec<Local<'s>> = call
            .of_python(fields::names(&call.object))?
            .iter()
            .map(|name| scope.string(name))
            .collect::<Result<_, _>>()?;
        scope.array(&names)
    })
}

/// `pyKeys(handle)`: the keys of a dict that are strings.
fn keys<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| {
        let dict = call.of_python(call.object.cast::<PyDict>().map_err(PyErr::from))?;
        let keys: Vec<Local<'s>> = dict
            .keys()
            .iter()
            .filter(|key| key.is_instance_of::<PyString>())
            .map(|key| call.value_to_js(&key))
            .collect::<Result<_, _>>()?;
        scope.array(&keys)
    })
}

/// `pyItem(handle, key)`: the item of a dict, or null where it has none. (No Python value is null in JavaScript.)
fn record_item<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| {
        let find = || -> PyResult<Option<Bound<'_, PyAny>>> {
            let (dict, key) = (&call.object, call.value(1)?);
            // Not `__getitem__` alone, which a defaultdict answers by making the item.
            if !dict.contains(&key)? {
                return Ok(None);
            }
            dict.get_item(key).map(Some)
        };
        match call.of_python(find())? {
            Some(item) => call.value_to_js(&item),
            None => Ok(Local::null()),
        }
    })
}

/// `pyStep(handle)`: the next value of an iterator, or null at its end.
fn step<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| {
        if abilities::is_generator(&call.object) {
            let name = intern!(call.py, "__next__");
            return match call.object.call_method0(name) {
                Ok(value) => call.value_to_js(&value),
                Err(error) if error.is_instance_of::<PyStopIteration>(call.py) => {
                    let value = call.of_python(stop_value(call.py, &error))?;
                    call.bridge
                        .set_returned((!value.is_none()).then(|| value.unbind()));
                    Ok(Local::null())
                }
                Err(error) => Err(call.error_to_js(error)),
            };
        }
        let iterator = call.object.cast::<PyIterator>().map_err(PyErr::from);
        let mut iterator = call.of_python(iterator)?.clone();
        match iterator.next() {
            Some(value) => call.value_to_js(&call.of_python(value)?),
            None => Ok(Local::null()),
        }
    })
}

/// `pyRoot()`: the proxy of `_twinloop.crossing.root.ROOT`.
fn root<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Crossing::in_js(scope, |crossing| {
        let root = || {
            crossing
                .py
                .import("_twinloop.crossing.root")?
                .getattr("ROOT")
        };
        crossing.bridge.wrap(scope, &crossing.of_python(root())?)
    })
}

/// `pyReturned(handle)`: what the generator returned whose `pyStep` gave null just now.
fn returned<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| match call.bridge.take_returned() {
        Some(value) => call.value_to_js(value.bind(call.py)),
        None => Ok(Local::undefined()),
    })
}

/// One step of an iterator: `{ done, value }`.
fn next<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| {
        let sent = call.of_python(call.value(1))?;
        // A value sent into a generator, as JavaScript's own `next(value)` does.
        let step = if sent.is_none() {
            call.object.call_method0("__next__")
        } else {
            call.object.call_method1("send", (sent,))
        };
        // JavaScript ignores what is sent before anything waits for it.
        let is_early = |error: &PyErr| {
            error.is_instance_of::<PyTypeError>(call.py)
                && error.to_string().contains("just-started")
        };
        let step = match step {
            Err(error) if is_early(&error) => call.object.call_method0("__next__"),
            step => step,
        };
        step_of(call, step)
    })
}

/// `{ done, value }` of what an iterator gave or raised.
fn step_of<'s, 'py>(
    call: &Call<'_, 's, 'py>,
    step: PyResult<Bound<'py, PyAny>>,
) -> Result<Local<'s>, Error> {
    let (done, value) = match step {
        Ok(value) => (false, value),
        Err(error) if error.is_instance_of::<PyStopIteration>(call.py) => {
            (true, call.of_python(stop_value(call.py, &error))?)
        }
        Err(error) => return Err(call.error_to_js(error)),
    };
    let result = call.scope.object()?;
    call.scope.set(result, "done", Local::boolean(done))?;
    call.scope.set(result, "value", call.value_to_js(&value)?)?;
    Ok(result)
}

/// `pyThrow(handle, error)`: what a generator makes of an error where it waits; an iterator that takes none throws it.
fn throw<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    enter(scope, arguments, |call| {
        let error = call.thrown_to_py(arguments.get(1));
        match call.of_python(call.object.getattr_opt("throw"))? {
            Some(throw) => step_of(call, throw.call1((error,))),
            None => Err(call.error_to_js(error)),
        }
    })
}

fn stop_value<'py>(py: Python<'py>, error: &PyErr) -> PyResult<Bound<'py, PyAny>> {
    debug_assert!(!error.is_instance_of::<PyStopAsyncIteration>(py));
    error.value(py).getattr("value")
}
