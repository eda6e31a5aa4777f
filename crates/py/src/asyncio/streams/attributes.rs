//! asyncio's private attributes of a stream reader, as views of the native state.
//!
//! asyncio's own methods that are not replaced work through these, as does any program that knows them. GIL held.

use std::ffi::CStr;

use pyo3::Borrowed;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;

use super::NativeReader;
use crate::ffi::bytearray::ByteArray;
use crate::ffi::{FastAttribute, install_attribute};

macro_rules! attributes {
    ($(
        $type:ident $name:literal
        |$py:ident, $reader:ident, $object:ident| $get:expr,
        |$value:ident| $set:expr;
    )*) => {
        $(
            struct $type;
            impl FastAttribute for $type {
                const NAME: &'static CStr = $name;

                fn get<'py>(
                    $py: Python<'py>,
                    $object: Borrowed<'_, 'py, PyAny>,
                ) -> PyResult<Bound<'py, PyAny>> {
                    let $reader = NativeReader::of($object)?;
                    // Not every attribute needs what the macro names.
                    let _ = ($py, &$reader);
                    $get
                }

                fn set(
                    $py: Python<'_>,
                    $object: Borrowed<'_, '_, PyAny>,
                    $value: Borrowed<'_, '_, PyAny>,
                ) -> PyResult<()> {
                    let $reader = NativeReader::of($object)?;
                    let _ = ($py, &$reader);
                    $set
                }
            }
        )*

        pub(super) fn install_into(class: &Bound<'_, PyType>) -> PyResult<()> {
            $(install_attribute::<$type>(class)?;)*
            Ok(())
        }
    };
}

attributes! {
    BufferAttribute c"_buffer"
        |py, reader, _object| reader.buffer.array(py),
        |value| match ByteArray::of(value.to_owned()) {
            Some(array) => {
                reader.buffer.replace(array);
                Ok(())
            }
            None => Err(PyTypeError::new_err(format!(
                "the buffer of a stream reader is a bytearray, not {}", value.get_type().name()?
            ))),
        };
    EofAttribute c"_eof"
        |py, reader, _object| Ok(reader.eof.get().into_pyobject(py)?.to_owned().into_any()),
        |value| {
            reader.eof.set(value.is_truthy()?);
            Ok(())
        };
    PausedAttribute c"_paused"
        |py, reader, _object| Ok(reader.paused.get().into_pyobject(py)?.to_owned().into_any()),
        |value| {
            reader.paused.set(value.is_truthy()?);
            Ok(())
        };
    LimitAttribute c"_limit"
        |py, reader, object| object.getattr(intern!(py, "_kept_limit")),
        |value| {
            let limit = match value.extract::<f64>() {
                Err(error) if error.is_instance_of::<PyOverflowError>(py) => f64::INFINITY,
                limit => limit?,
            };
            object.setattr(intern!(py, "_kept_limit"), value)?;
            reader.limit.set(limit);
            Ok(())
        };
    ExceptionAttribute c"_exception"
        |py, reader, object| Ok(reader.exception(object)?.unwrap_or_else(|| py.None().into_bound(py))),
        |value| reader.set_exception(object, value);
    WaiterAttribute c"_waiter"
        |py, reader, object| match reader.slot.peek(py) {
            Some(waiter) => Ok(waiter),
            None if reader.has_foreign_waiter.get() => object.getattr(intern!(py, "_kept_waiter")),
            None => Ok(py.None().into_bound(py)),
        },
        |value| {
            drop(reader.slot.take(py));
            drop(reader.take_foreign_waiter(object)?);
            if !value.is_none() {
                object.setattr(intern!(py, "_kept_waiter"), value)?;
                reader.has_foreign_waiter.set(true);
            }
            Ok(())
        };
}
