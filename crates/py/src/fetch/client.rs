//! Which loop and which client a fetch belongs to.
//!
//! Without a session the connections are the loop's own, made with its first fetch and closed with it. Loop thread, GIL held.

use std::rc::Rc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use twinloop_web::{Client, Config};

use super::failures::fetch_error;
use crate::asyncio::event_loop::{LoopCore, LoopState};

/// The running loop: its object, and what is behind it.
pub(crate) struct Running<'py> {
    pub(crate) event_loop: Bound<'py, PyAny>,
    pub(crate) core: Rc<LoopState>,
}

/// The loop that runs in this thread, for `what`.
///
/// # Errors
/// RuntimeError if none does, or one of another make.
pub(crate) fn running<'py>(py: Python<'py>, what: &str) -> PyResult<Running<'py>> {
    static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let event_loop = RUNNING_LOOP
        .import(py, "asyncio.events", "_get_running_loop")?
        .call0()?;
    match event_loop.cast::<LoopCore>() {
        Ok(core) => {
            let core = Rc::clone(core.get().state(py));
            Ok(Running { event_loop, core })
        }
        Err(_) => Err(not_running(&event_loop, what)),
    }
}

#[cold]
fn not_running(event_loop: &Bound<'_, PyAny>, what: &str) -> PyErr {
    if event_loop.is_none() {
        return PyRuntimeError::new_err(format!(
            "{what} needs a running event loop: use it in a coroutine that twinloop.run(...) runs"
        ));
    }
    let class = event_loop.get_type();
    let name = class
        .fully_qualified_name()
        .map_or_else(|_| "another".to_owned(), |name| name.to_string());
    PyRuntimeError::new_err(format!(
        "{what} needs Twinloop's event loop, and the one that runs is a {name}: start the program with twinloop.run(...), or call \
         twinloop.install() before asyncio.run(...)"
    ))
}

/// The client of fetches without a session.
pub(crate) fn client_of(py: Python<'_>, core: &LoopState) -> PyResult<Client> {
    if let Some(client) = &*core.client.borrow() {
        return Ok(client.clone());
    }
    core.open()?;
    let client = config(py)
        .and_then(|config| Client::new(config).map_err(|error| fetch_error(py, &error)))?;
    Ok(core.client.borrow_mut().insert(client).clone())
}

/// What this process was started with (`--connect-to`); `--ca-file` has become a variable of the environment by now.
pub(crate) fn config(py: Python<'_>) -> PyResult<Config> {
    let rules = py.import("_twinloop.names.connect_to")?.getattr("texts")?;
    let rules: Vec<String> = rules.extract()?;
    Config::of_program(&rules, None)
        .and_then(|config| config.map_or_else(Config::from_environment, Ok))
        .map_err(|error| fetch_error(py, &error))
}
