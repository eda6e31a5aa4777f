//! Errors as Python raises them: those of the operating system with number and text, in the subclass that belongs to the number;
//! those of `web` by its table; and which ones end a run.

use std::io;

use pyo3::exceptions::{PyKeyboardInterrupt, PyOSError, PySystemExit};
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

/// The exception that the table of `web` has for an error's kind.
pub fn web_error(py: Python<'_>, error: &twinloop_web::Error) -> PyErr {
    let name = error.kind().face().python;
    let (module, class) = name.rsplit_once('.').unwrap_or(("builtins", name));
    py.import(module)
        .and_then(|module| module.getattr(class)?.call1((error.chain(),)))
        .map_or_else(|failure| failure, PyErr::from_value)
}

/// True for an exception that is not the loop's to handle: it has to leave `run_forever`, as in asyncio.
pub(crate) fn must_leave(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PySystemExit>(py) || error.is_instance_of::<PyKeyboardInterrupt>(py)
}
