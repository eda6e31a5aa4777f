//! What a fetch raises: the exception of `_twinloop.fetch.errors` for the kind of failure, else the one that the table of `web` names.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use pyo3::{Borrowed, intern};
use twinloop_web::Error;

use crate::errors::web_error;

/// The exception for a failed fetch.
#[cold]
pub(crate) fn fetch_error(py: Python<'_>, error: &Error) -> PyErr {
    made(py, error).unwrap_or_else(|failure| failure)
}

fn made(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    static CLASSES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let classes = CLASSES.get_or_try_init(py, || {
        let classes = py.import("_twinloop.fetch.errors")?.getattr("BY_KIND")?;
        Ok::<_, PyErr>(classes.cast_into::<PyDict>()?.unbind())
    })?;
    let kind = format!("{:?}", error.kind());
    let Some(class) = classes.bind(py).get_item(kind)? else {
        return Ok(web_error(py, error));
    };
    let exception = class.call1((error.chain(),))?;
    if let Some(number) = error.raw_os_error() {
        exception.setattr(intern!(py, "errno"), number)?;
    }
    Ok(PyErr::from_value(exception))
}

/// One of the classes of `_twinloop.fetch.errors`.
pub(crate) fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyType>> {
    let class = py.import("_twinloop.fetch.errors")?.getattr(name)?;
    Ok(class.cast_into()?)
}

/// What the body of `url` raises that is no JSON, instead of what `json.loads` raised.
#[cold]
pub(super) fn json_error(py: Python<'_>, url: &str, error: PyErr) -> PyErr {
    let wrapped = py
        .import("_twinloop.fetch.errors")
        .and_then(|errors| errors.call_method1("json_error", (url, error.value(py))));
    match wrapped {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    }
}

/// The exception for a status that is an error.
#[cold]
pub(super) fn status_error(
    py: Python<'_>,
    message: &str,
    response: Borrowed<'_, '_, PyAny>,
) -> PyErr {
    match class(py, "HTTPStatusError").and_then(|class| class.call1((message, response))) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    }
}
