//! Values crossing: immutables are converted, everything else is a proxy, and a proxy unwraps on its way home.
//!
//! Python to JavaScript: int to Number up to 2^53 - 1, beyond that to BigInt; float, str, bool; None to undefined.
//! JavaScript to Python: an integral Number in the safe range to int, other Numbers to float; BigInt to int; undefined
//! and null to None. Copies of containers are asked for (`to_py`, `toJs`). GIL held, loop thread.

use std::rc::Rc;

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString,
    PyTuple,
};
use twinloop_js::engine::{Error, Local, Scope, Type, Units};

use crate::bridge::{Bridge, PythonObject};
use crate::errors;
use crate::js_proxy::JsProxy;

/// The largest integer that every Number up to it represents.
const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// A Python value for JavaScript.
pub(crate) fn to_js<'s>(
    bridge: &Rc<Bridge>,
    scope: &Scope<'s>,
    value: &Bound<'_, PyAny>,
) -> Result<Local<'s>, Error> {
    if value.is_none() {
        return Ok(Local::undefined());
    }
    if let Ok(text) = value.cast_exact::<PyString>() {
        return string_to_js(bridge, scope, text);
    }
    if let Ok(value) = value.cast::<PyBool>() {
        return Ok(Local::boolean(value.is_true()));
    }
    if let Ok(integer) = value.cast::<PyInt>() {
        return integer_to_js(bridge, scope, integer);
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        return Ok(scope.number(number.value()));
    }
    if let Ok(proxy) = value.cast::<JsProxy>() {
        return proxy
            .get()
            .local(bridge, scope)
            .map_err(|error| errors::to_js(bridge, scope, value.py(), error));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return string_to_js(bridge, scope, text);
    }
    bridge.wrap(scope, value)
}

fn string_to_js<'s>(
    bridge: &Rc<Bridge>,
    scope: &Scope<'s>,
    text: &Bound<'_, PyString>,
) -> Result<Local<'s>, Error> {
    if let Ok(text) = text.to_str() {
        return scope.string(text);
    }
    // Lone surrogates: legal in both languages' strings, not in UTF-8.
    let units = || -> PyResult<Vec<u16>> {
        let bytes = text.call_method1("encode", ("utf-16-le", "surrogatepass"))?;
        let bytes = bytes.cast_into::<PyBytes>()?;
        Ok(bytes
            .as_bytes()
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect())
    };
    let units = units().map_err(|error| errors::to_js(bridge, scope, text.py(), error))?;
    scope.string_utf16(&units)
}

fn integer_to_js<'s>(
    bridge: &Rc<Bridge>,
    scope: &Scope<'s>,
    integer: &Bound<'_, PyInt>,
) -> Result<Local<'s>, Error> {
    match integer.extract::<i64>() {
        Ok(small) if small.abs() <= MAX_SAFE_INTEGER => Ok(scope.number(small as f64)),
        Ok(large) => scope.bigint(large),
        Err(_) => {
            // int.__str__ of a subclass may be anything; its digits limit (PYTHONINTMAXSTRDIGITS) gives a clear error.
            let digits = || {
                integer
                    .py()
                    .get_type::<PyInt>()
                    .call_method1("__str__", (integer,))?
                    .extract::<String>()
            };
            let digits =
                digits().map_err(|error| errors::to_js(bridge, scope, integer.py(), error))?;
            scope.bigint_from_decimal(&digits)
        }
    }
}

/// A JavaScript value for Python.
pub(crate) fn to_py<'py>(
    bridge: &Rc<Bridge>,
    scope: &Scope<'_>,
    py: Python<'py>,
    value: Local<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    let js = |error: Error| errors::to_py(bridge, scope, py, error);
    match value.type_of() {
        Type::Undefined | Type::Null => Ok(py.None().into_bound(py)),
        Type::Boolean => value.as_bool().unwrap_or_default().into_bound_py_any(py),
        Type::Number => number_to_py(py, value.as_f64().unwrap_or(f64::NAN)),
        Type::String => string_to_py(py, scope, value).map_err(js)?,
        Type::BigInt => {
            let digits = scope.bigint_digits(value).map_err(js)?;
            py.get_type::<PyInt>().call1((digits,))
        }
        Type::Symbol => proxy_to_py(bridge, scope, py, value, None),
        Type::Object => {
            if let Some(object) = python_object(bridge, scope, value).map_err(js)? {
                return Ok(object.bind(py).clone());
            }
            let identity = bridge
                .help(scope, "identityOf", &[value])
                .map_err(js)?
                .as_index();
            proxy_to_py(bridge, scope, py, value, identity)
        }
    }
}

fn number_to_py(py: Python<'_>, number: f64) -> PyResult<Bound<'_, PyAny>> {
    let integer = number as i64;
    // Minus zero stays a float: an int has none.
    if integer as f64 == number
        && integer.abs() <= MAX_SAFE_INTEGER
        && (integer != 0 || number.is_sign_positive())
    {
        integer.into_bound_py_any(py)
    } else {
        number.into_bound_py_any(py)
    }
}

#[allow(
    clippy::type_complexity,
    reason = "the engine's error outside, the interpreter's inside: two languages fail differently"
)]
fn string_to_py<'py>(
    py: Python<'py>,
    scope: &Scope<'_>,
    value: Local<'_>,
) -> Result<PyResult<Bound<'py, PyAny>>, Error> {
    scope.read_units(value, |units| match units {
        Units::Latin1(bytes) if bytes.is_ascii() => {
            // ASCII is UTF-8 as it stands.
            PyString::from_bytes(py, bytes).map(Bound::into_any)
        }
        Units::Latin1(bytes) => {
            let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
            Ok(PyString::new(py, &text).into_any())
        }
        Units::TwoByte(units) => match String::from_utf16(units) {
            Ok(text) => Ok(PyString::new(py, &text).into_any()),
            Err(_) => {
                let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
                PyBytes::new(py, &bytes).call_method1("decode", ("utf-16-le", "surrogatepass"))
            }
        },
    })
}

/// The Python object behind a `PyProxy`.
fn python_object(
    bridge: &Rc<Bridge>,
    scope: &Scope<'_>,
    value: Local<'_>,
) -> Result<Option<Py<PyAny>>, Error> {
    // Only a Proxy can be one; asking any other object's properties could run its code.
    if scope.proxy_details(value).is_none() {
        return Ok(None);
    }
    let handle = match bridge.help(scope, "handleOf", &[value]) {
        Ok(handle) => handle,
        // A foreign Proxy whose trap throws is simply none of ours.
        Err(error) if error.is_terminated() => return Err(error),
        Err(_) => return Ok(None),
    };
    Ok(scope
        .host_value::<PythonObject>(handle)
        .map(|owned| Python::attach(|py| owned.object.clone_ref(py))))
}

fn proxy_to_py<'py>(
    bridge: &Rc<Bridge>,
    scope: &Scope<'_>,
    py: Python<'py>,
    value: Local<'_>,
    identity: Option<u64>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(identity) = identity
        && let Some(known) = bridge.known_proxy(py, identity)
    {
        return Ok(known);
    }
    let proxy = Bound::new(py, JsProxy::new(bridge.keep(scope, value), identity))?;
    if let Some(identity) = identity {
        let reference = pyo3::types::PyWeakrefReference::new(proxy.as_any())?;
        bridge.remember_proxy(identity, reference.unbind());
    }
    Ok(proxy.into_any())
}

// ---- copies ---------------------------------------------------------------------------------------------------------

/// Deeper than this a structure is taken for endless (a cycle).
const DEEPEST: i32 = 1000;

/// `JsProxy.to_py(depth)`: Array to list, Map and plain Object to dict, Set to set, buffers to bytes; the rest as
/// [`to_py`]. A negative depth copies everything.
pub(crate) fn copy_to_py<'py>(
    bridge: &Rc<Bridge>,
    scope: &Scope<'_>,
    py: Python<'py>,
    value: Local<'_>,
    depth: i32,
) -> PyResult<Bound<'py, PyAny>> {
    if depth == 0 || !value.is_object() {
        return to_py(bridge, scope, py, value);
    }
    if depth < -DEEPEST {
        return Err(PyValueError::new_err(
            "to_py: the value is nested too deeply, or contains itself; pass a depth",
        ));
    }
    let js = |error: Error| errors::to_py(bridge, scope, py, error);
    if python_object(bridge, scope, value).map_err(js)?.is_some() {
        return to_py(bridge, scope, py, value);
    }
    let parts = bridge.help(scope, "parts", &[value]).map_err(js)?;
    if parts.is_undefined() {
        return to_py(bridge, scope, py, value);
    }
    let kind = scope
        .get(parts, 0u32)
        .and_then(|kind| scope.string_of(kind))
        .map_err(js)?;
    let items = scope.get(parts, 1u32).map_err(js)?;
    if kind == "bytes" {
        let bytes = scope.bytes_of(items).map_err(js)?;
        return Ok(PyBytes::new(py, &bytes).into_any());
    }
    let count = scope.array_length(items).map_err(js)?;
    let mut copies = Vec::new();
    for index in 0..count {
        let copy = scope.nested(|scope| {
            let item = scope
                .get(items, index)
                .map_err(|error| errors::to_py(bridge, scope, py, error))?;
            copy_to_py(bridge, scope, py, item, depth - 1)
        })?;
        copies.push(copy);
    }
    match kind.as_str() {
        "list" => Ok(PyList::new(py, copies)?.into_any()),
        "set" => Ok(PySet::new(py, copies)?.into_any()),
        _ => {
            let dict = PyDict::new(py);
            for pair in copies.chunks_exact(2) {
                dict.set_item(&pair[0], &pair[1])?;
            }
            Ok(dict.into_any())
        }
    }
}

/// `PyProxy.toJs({depth})`: list and tuple to Array, dict to Object, set to Set, bytes to Uint8Array; the rest as
/// [`to_js`]. A negative depth copies everything.
pub(crate) fn copy_to_js<'s>(
    bridge: &Rc<Bridge>,
    scope: &Scope<'s>,
    value: &Bound<'_, PyAny>,
    depth: i32,
) -> Result<Local<'s>, Error> {
    if depth < -DEEPEST {
        return Err(Error::range_error(
            "toJs: the value is nested too deeply, or contains itself; pass a depth",
        ));
    }
    if depth == 0 {
        return to_js(bridge, scope, value);
    }
    let copy_all =
        |items: &mut dyn Iterator<Item = Bound<'_, PyAny>>| -> Result<Vec<Local<'s>>, Error> {
            items
                .map(|item| copy_to_js(bridge, scope, &item, depth - 1))
                .collect()
        };
    if let Ok(list) = value.cast::<PyList>() {
        return scope.array(&copy_all(&mut list.iter())?);
    }
    if let Ok(tuple) = value.cast::<PyTuple>() {
        return scope.array(&copy_all(&mut tuple.iter())?);
    }
    if let Ok(dict) = value.cast::<PyDict>() {
        let mut entries = Vec::new();
        for (key, item) in dict.iter() {
            let pair = [
                to_js(bridge, scope, &key)?,
                copy_to_js(bridge, scope, &item, depth - 1)?,
            ];
            entries.push(scope.array(&pair)?);
        }
        return bridge.help(scope, "fromEntries", &[scope.array(&entries)?]);
    }
    if let Ok(set) = value.cast::<PySet>() {
        return bridge.help(
            scope,
            "newSet",
            &[scope.array(&copy_all(&mut set.iter())?)?],
        );
    }
    if let Ok(set) = value.cast::<PyFrozenSet>() {
        return bridge.help(
            scope,
            "newSet",
            &[scope.array(&copy_all(&mut set.iter())?)?],
        );
    }
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return scope.uint8_array(bytes.as_bytes().to_vec());
    }
    if let Ok(bytes) = value.cast::<PyByteArray>() {
        return scope.uint8_array(bytes.to_vec());
    }
    to_js(bridge, scope, value)
}

/// A length for `__len__`.
pub(crate) fn length(value: Local<'_>) -> PyResult<usize> {
    value
        .as_index()
        .and_then(|length| usize::try_from(length).ok())
        .ok_or_else(|| {
            PyOverflowError::new_err("the length of the JavaScript object is not a whole number")
        })
}
