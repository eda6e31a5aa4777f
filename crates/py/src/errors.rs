//! Operating system errors as Python raises them: with number and text, in the subclass that belongs to the number.

use std::io;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

/// `OSError(errno, text)`; Python picks ConnectionResetError and kin by the number.
pub(crate) fn os_error(py: Python<'_>, error: &io::Error) -> PyErr {
    let Some(number) = error.raw_os_error() else {
        return PyOSError::new_err(error.to_string());
    };
    match py
        .import("os")
        .and_then(|os| os.call_method1("strerror", (number,)))
    {
        Ok(text) => PyOSError::new_err((number, text.unbind())),
        Err(error) => error,
    }
}
