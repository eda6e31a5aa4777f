//! Values crossing: immutables are converted, everything else is a proxy, and a proxy unwraps on its way home.
//!
//! Python to JavaScript: int to Number up to 2^53 - 1, beyond that to BigInt; float, str, bool; None to undefined.
//! JavaScript to Python: an integral Number in the safe range to int, other Numbers to float; BigInt to int; undefined
//! and null to None; an Error to the exception that it is when it is thrown. Copies of containers are asked for (`to_py`, `toJs`; see `copies`).

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyBaseException, PyOverflowError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyString, PyType};
use twinloop_js::engine::{Class, Error, Local, Type, Units};
use twinloop_py::Text;

use super::Crossing;
use crate::bridge::Helper;
use crate::js_in_python::{JsInstance, JsNull, JsProxy, introduce};
use crate::python_in_js::abilities::JS_CLASS;

/// The largest integer that every Number up to it represents.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

impl<'s, 'py> Crossing<'_, 's, 'py> {
    /// A Python value for JavaScript.
    pub(crate) fn value_to_js(&self, value: &Bound<'_, PyAny>) -> Result<Local<'s>, Error> {
        if value.is_none() {
            return Ok(Local::undefined());
        }
        if let Ok(text) = value.cast_exact::<PyString>() {
            return self.string_to_js(text);
        }
        if let Ok(value) = value.cast::<PyBool>() {
            return Ok(Local::boolean(value.is_true()));
        }
        if let Ok(integer) = value.cast::<PyInt>() {
            return self.integer_to_js(integer);
        }
        if let Ok(number) = value.cast::<PyFloat>() {
            return Ok(self.scope.number(number.value()));
        }
        if let Ok(proxy) = value.cast::<JsProxy>() {
            return self.of_python(proxy.get().local(self.bridge, self.scope));
        }
        if let Ok(text) = value.cast::<PyString>() {
            return self.string_to_js(text);
        }
        if value.is_instance_of::<JsNull>() {
            return Ok(Local::null());
        }
        if let Ok(instance) = value.cast::<JsInstance>() {
            return self.of_python(instance.get().local(self));
        }
        if let Ok(class) = value.cast::<PyType>()
            && let Some(js_class) = self.of_python(own_js_class(class))?
        {
            return self.value_to_js(&js_class);
        }
        if value.is_instance_of::<PyBaseException>()
            && let Some(thrown) = self.thrown_of(value)
            && let Ok(proxy) = thrown.cast::<JsProxy>()
        {
            return self.of_python(proxy.get().local(self.bridge, self.scope));
        }
        self.bridge.wrap(self.scope, value)
    }

    /// As [`value_to_js`](Self::value_to_js), for Python.
    pub(crate) fn to_js(&self, value: &Bound<'_, PyAny>) -> PyResult<Local<'s>> {
        self.of_js(self.value_to_js(value))
    }

    fn string_to_js(&self, text: &Bound<'_, PyString>) -> Result<Local<'s>, Error> {
        let made = twinloop_py::with_text(text, |text| match text {
            Text::Latin1(bytes) => self.scope.string_latin1(bytes),
            Text::Ucs2(units) => self.scope.string_utf16(units),
            Text::Ucs4(characters) => {
                let mut units = Vec::with_capacity(characters.len() * 2);
                for &character in characters {
                    match char::from_u32(character) {
                        Some(character) => {
                            units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
                        }
                        // A lone surrogate: legal in both languages' strings.
                        None => units.push(character as u16),
                    }
                }
                self.scope.string_utf16(&units)
            }
        });
        self.of_python(made)?
    }

    fn integer_to_js(&self, integer: &Bound<'_, PyInt>) -> Result<Local<'s>, Error> {
        match integer.extract::<i64>() {
            Ok(small) if small.unsigned_abs() <= MAX_SAFE_INTEGER => {
                Ok(self.scope.number(small as f64))
            }
            Ok(large) => self.scope.bigint(large),
            Err(_) => {
                // By hexadecimal digits, which have no limit in number and take linear time. `int.__format__` itself, as a
                // subclass may have any other.
                let digits = || {
                    let py = integer.py();
                    py.get_type::<PyInt>()
                        .call_method1(intern!(py, "__format__"), (integer, "x"))?
                        .extract::<String>()
                };
                let digits = self.scope.string(&self.of_python(digits())?)?;
                self.bridge.help(self.scope, Helper::BigintOf, &[digits])
            }
        }
    }

    /// A JavaScript value for Python.
    pub(crate) fn to_py(&self, value: Local<'_>) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        match value.type_of() {
            Type::Undefined | Type::Null => Ok(py.None().into_bound(py)),
            Type::Boolean => value.as_bool().unwrap_or_default().into_bound_py_any(py),
            Type::Number => number_to_py(py, value.as_f64().unwrap_or(f64::NAN)),
            Type::String => self.string_to_py(value),
            Type::BigInt => {
                let digits = self.help(Helper::HexadecimalOf, &[value])?;
                let digits = self.of_js(self.scope.string_of(digits))?;
                py.get_type::<PyInt>().call1((digits, 16))
            }
            Type::Symbol => JsProxy::make(self, value, None, Some(0)),
            Type::Object => {
                if let Some(object) = self.bridge.unwrap(self.scope, py, value) {
                    return Ok(object);
                }
                let class = self.scope.class_of(value);
                if class == Some(Class::Error) {
                    return self.error_as_value(value);
                }
                let (identity, abilities) = introduce(self, value, class)?;
                if let Some(known) = self.bridge.known_proxy(py, identity) {
                    return Ok(known);
                }
                if class == Some(Class::Function)
                    && let Some(class) = self.class_for(value)?
                {
                    return Ok(class);
                }
                JsProxy::make(self, value, Some(identity), abilities)
            }
        }
    }

    /// The proxy of an object that is no proxy of Python's.
    pub(crate) fn proxy_of(&self, object: Local<'_>) -> PyResult<Bound<'py, PyAny>> {
        let class = self.scope.class_of(object);
        let (identity, abilities) = introduce(self, object, class)?;
        if let Some(known) = self.bridge.known_proxy(self.py, identity) {
            return Ok(known);
        }
        JsProxy::make(self, object, Some(identity), abilities)
    }

    /// The class that Python has for one of JavaScript's which extends one of Python's.
    pub(crate) fn class_for(&self, function: Local<'_>) -> PyResult<Option<Bound<'py, PyAny>>> {
        // A function that is no class cannot extend one.
        if !self.scope.is_constructor(function) {
            return Ok(None);
        }
        let derived = self.help(Helper::DerivedOf, &[function])?;
        Ok(self.bridge.unwrap(self.scope, self.py, derived))
    }

    fn string_to_py(&self, value: Local<'_>) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        let text = self.scope.read_units(value, |units| match units {
            Units::Latin1(bytes) => twinloop_py::text_of_latin1(py, bytes),
            Units::TwoByte(units) if !units.iter().any(|unit| unit & 0xf800 == 0xd800) => {
                twinloop_py::text_of_ucs2(py, units)
            }
            Units::TwoByte(units) => match String::from_utf16(units) {
                Ok(text) => Ok(PyString::new(py, &text).into_any()),
                Err(_) => {
                    let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
                    PyBytes::new(py, &bytes).call_method1("decode", ("utf-16-le", "surrogatepass"))
                }
            },
        });
        self.of_js(text)?
    }
}

/// JavaScript's class for which this one was made, or JavaScript's constructor of its objects.
fn own_js_class<'py>(class: &Bound<'py, PyType>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = class.py();
    if class.is_subclass_of::<JsInstance>()? {
        let module = py.import(intern!(py, "_twinloop.crossing.subclasses"))?;
        return module
            .call_method1(intern!(py, "constructor_of"), (class,))
            .map(Some);
    }
    let names = class.getattr(intern!(class.py(), "__dict__"))?;
    match names.contains(JS_CLASS)? {
        true => names.get_item(JS_CLASS).map(Some),
        false => Ok(None),
    }
}

fn number_to_py(py: Python<'_>, number: f64) -> PyResult<Bound<'_, PyAny>> {
    let integer = number as i64;
    // Minus zero stays a float: an int has none.
    if integer as f64 == number
        && integer.unsigned_abs() <= MAX_SAFE_INTEGER
        && (integer != 0 || number.is_sign_positive())
    {
        integer.into_bound_py_any(py)
    } else {
        number.into_bound_py_any(py)
    }
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
