//! Python's values as broadcast messages: None, bool, int of 64 bits, float, str, what is like bytes, lists and tuples, dicts whose keys are str.
//!
//! What else a message has is a TypeError that names the place. Loop thread, GIL held.

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use twinloop_web::broadcast::{DEEPEST, Reader, Refusal, Token, Writer};

use crate::errors::web_error;
use crate::ffi::buffers::{is_bytes_like, with_bytes};

/// The message of a value.
pub(super) fn write(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let mut writer = Writer::default();
    let written = write_one(&mut writer, value, 0);
    written.map_err(|refusal| {
        refusal.into_error(|what, place| {
            let message = format!("a broadcast message cannot have {what} (message{place})");
            PyTypeError::new_err(message)
        })
    })?;
    Ok(writer.finish())
}

fn write_one(
    writer: &mut Writer,
    value: &Bound<'_, PyAny>,
    depth: usize,
) -> Result<(), Refusal<PyErr>> {
    if depth > DEEPEST {
        let what = format!("more than {DEEPEST} levels, or itself inside of it");
        return Err(Refusal::new(what));
    }
    if value.is_none() {
        writer.null();
    } else if let Ok(text) = value.cast::<PyString>() {
        match text.to_str() {
            Ok(text) => writer.text(text),
            Err(_) => return Err(Refusal::new("text with lone surrogates")),
        }
    } else if let Ok(flag) = value.cast::<PyBool>() {
        writer.boolean(flag.is_true());
    } else if value.is_instance_of::<PyInt>() {
        if let Ok(number) = value.extract::<i64>() {
            writer.integer(number);
        } else if let Ok(number) = value.extract::<u64>() {
            writer.unsigned(number);
        } else {
            let message = "int too large for a broadcast message: it has 64 bits at most";
            return Err(PyOverflowError::new_err(message).into());
        }
    } else if let Ok(number) = value.cast::<PyFloat>() {
        writer.float(number.value());
    } else if let Ok(map) = value.cast::<PyDict>() {
        writer.map(map.len());
        for (key, value) in map {
            let Ok(name) = key.cast::<PyString>() else {
                let kind = key.get_type().name()?;
                return Err(Refusal::new(format!("a key that is of type '{kind}'")));
            };
            let Ok(name) = name.to_str() else {
                return Err(Refusal::new("a key with lone surrogates"));
            };
            writer.text(name);
            write_one(writer, &value, depth + 1)
                .map_err(|refusal| refusal.within(|| format!("[{name:?}]")))?;
        }
    } else if let Ok(list) = value.cast::<PyList>() {
        writer.list(list.len());
        for (index, item) in list.iter().enumerate() {
            write_item(writer, &item, depth, index)?;
        }
    } else if let Ok(list) = value.cast::<PyTuple>() {
        writer.list(list.len());
        for (index, item) in list.iter().enumerate() {
            write_item(writer, &item, depth, index)?;
        }
    } else if is_bytes_like(value) {
        with_bytes(value, |bytes| writer.bytes(bytes))?;
    } else {
        let kind = value.get_type().name()?;
        return Err(Refusal::new(format!("a value of type '{kind}'")));
    }
    Ok(())
}

fn write_item(
    writer: &mut Writer,
    item: &Bound<'_, PyAny>,
    depth: usize,
    index: usize,
) -> Result<(), Refusal<PyErr>> {
    write_one(writer, item, depth + 1).map_err(|refusal| refusal.within(|| format!("[{index}]")))
}

/// The value of a message.
pub(super) fn read<'py>(py: Python<'py>, body: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let mut reader = Reader::new(body);
    let value = read_one(py, &mut reader, 0)?;
    if !reader.is_at_end() {
        let message = "a broadcast message has more than one value";
        return Err(PyValueError::new_err(message));
    }
    Ok(value)
}

fn read_one<'py>(
    py: Python<'py>,
    reader: &mut Reader<'_>,
    depth: usize,
) -> PyResult<Bound<'py, PyAny>> {
    if depth > DEEPEST {
        let message = format!("a broadcast message has more than {DEEPEST} levels");
        return Err(PyValueError::new_err(message));
    }
    Ok(
        match reader.next().map_err(|error| web_error(py, &error))? {
            Token::Null => py.None().into_bound(py),
            Token::Boolean(flag) => PyBool::new(py, flag).to_owned().into_any(),
            Token::Integer(number) => number.into_pyobject(py)?.into_any(),
            Token::Unsigned(number) => number.into_pyobject(py)?.into_any(),
            Token::Float(number) => PyFloat::new(py, number).into_any(),
            Token::Text(text) => PyString::new(py, text).into_any(),
            Token::Bytes(bytes) => PyBytes::new(py, bytes).into_any(),
            Token::List(length) => {
                let list = PyList::empty(py);
                for _ in 0..length {
                    list.append(read_one(py, reader, depth + 1)?)?;
                }
                list.into_any()
            }
            Token::Map(length) => {
                let map = PyDict::new(py);
                for _ in 0..length {
                    let Token::Text(key) = reader.next().map_err(|error| web_error(py, &error))?
                    else {
                        let message = "a broadcast message has a key that is no text";
                        return Err(PyValueError::new_err(message));
                    };
                    let key = PyString::new(py, key);
                    map.set_item(key, read_one(py, reader, depth + 1)?)?;
                }
                map.into_any()
            }
        },
    )
}
