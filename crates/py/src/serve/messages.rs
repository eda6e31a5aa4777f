//! What an application says, read out of the dictionaries that it sends: headers and bodies.
//!
//! What is wrong with them is the application's error, raised where it sends. GIL held.

use bytes::Bytes;
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use twinloop_web::server::Fields;

use crate::ffi::buffers::{is_bytes_like, shared, with_bytes};

/// The fields of an answer.
pub(super) struct Answer {
    pub(super) fields: Fields,
    pub(super) has_server: bool,
}

/// Reads `headers` of a message: an iterable of pairs of bytes.
pub(super) fn answer_of(message: &Bound<'_, PyDict>) -> PyResult<Answer> {
    let mut answer = Answer {
        fields: Fields::new(),
        has_server: false,
    };
    let Some(headers) = message.get_item(intern!(message.py(), "headers"))? else {
        return Ok(answer);
    };
    for_each_pair(&headers, &mut |name, value| {
        answer.has_server |= name.eq_ignore_ascii_case(b"server");
        append(&mut answer.fields, name, value)
    })?;
    Ok(answer)
}

/// Adds a field; a malformed one is the application's error.
pub(super) fn append(fields: &mut Fields, name: &[u8], value: &[u8]) -> PyResult<()> {
    fields
        .append(name, value)
        .map_err(|error| PyValueError::new_err(error.chain()))
}

/// The headers that `message` has, as fields alone.
pub(super) fn fields_of(message: &Bound<'_, PyDict>) -> PyResult<Fields> {
    Ok(answer_of(message)?.fields)
}

/// What is done with a name and a value.
type OfPair<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> PyResult<()>;

fn for_each_pair(headers: &Bound<'_, PyAny>, act: OfPair<'_>) -> PyResult<()> {
    if let Ok(list) = headers.cast_exact::<PyList>() {
        for pair in list.iter() {
            with_pair(&pair, act)?;
        }
        return Ok(());
    }
    for pair in headers.try_iter()? {
        with_pair(&pair?, act)?;
    }
    Ok(())
}

fn with_pair(pair: &Bound<'_, PyAny>, act: OfPair<'_>) -> PyResult<()> {
    let tuple;
    let pair = match pair.cast_exact::<PyTuple>() {
        Ok(pair) => pair,
        Err(_) => {
            tuple = PyTuple::new(pair.py(), pair.try_iter()?.collect::<PyResult<Vec<_>>>()?)?;
            &tuple
        }
    };
    if pair.len() != 2 {
        return Err(PyValueError::new_err(
            "a header is a pair of a name and a value",
        ));
    }
    let (name, value) = (pair.get_borrowed_item(0)?, pair.get_borrowed_item(1)?);
    if let (Ok(name), Ok(value)) = (name.cast_exact::<PyBytes>(), value.cast_exact::<PyBytes>()) {
        return act(name.as_bytes(), value.as_bytes());
    }
    for each in [&name, &value] {
        if !is_bytes_like(each) {
            return Err(PyTypeError::new_err(format!(
                "names and values of headers are bytes, not '{}'",
                each.get_type().name()?
            )));
        }
    }
    let name = with_bytes(&name, <[u8]>::to_vec)?;
    let value = with_bytes(&value, <[u8]>::to_vec)?;
    act(&name, &value)
}

/// `message[key]` as bytes; none without it.
pub(super) fn body_of(message: &Bound<'_, PyDict>) -> PyResult<Bytes> {
    let Some(body) = message.get_item(intern!(message.py(), "body"))? else {
        return Ok(Bytes::new());
    };
    if !is_bytes_like(&body) {
        return Err(PyTypeError::new_err(format!(
            "the body of a response is bytes, not '{}'",
            body.get_type().name()?
        )));
    }
    shared(&body)
}

/// Whether `message[key]` is there and true.
pub(super) fn is_set(message: &Bound<'_, PyDict>, key: &Bound<'_, PyString>) -> PyResult<bool> {
    match message.get_item(key)? {
        Some(value) => value.is_truthy(),
        None => Ok(false),
    }
}

/// `message["type"]`.
pub(super) fn kind_of<'py>(message: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyString>> {
    let kind = message.get_item(intern!(message.py(), "type"))?;
    let kind = kind.ok_or_else(|| PyValueError::new_err("the message has no 'type'"))?;
    Ok(kind.cast_into::<PyString>()?)
}

/// The error for a message that may not come now.
#[cold]
pub(super) fn unexpected(expected: &str, kind: &str) -> PyErr {
    PyRuntimeError::new_err(format!(
        "Expected ASGI message {expected}, but got '{kind}'."
    ))
}
