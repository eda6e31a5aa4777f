//! Greenlets, of which SQLAlchemy's asyncio is made: a call that is left in the middle, whose part of the stack is put away until it goes on.
//!
//! The engine knows by their addresses what its calls have on the stack. So no greenlet may be left while JavaScript is on its part, and none
//! that began outside of a call of JavaScript's may use JavaScript when it is resumed within one. `_twinloop/crossing/greenlets.py` watches the switches, from
//! the first call of JavaScript on that finds the package imported.

use std::cell::Cell;

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use super::Bridge;
use super::lifecycle::here;

/// What a bridge knows of them.
#[derive(Default)]
pub(super) struct Greenlets {
    /// How many modules Python had when it was last looked whether the package is among them.
    modules: Cell<usize>,
    are_watched: Cell<bool>,
    /// The greenlet that runs has put JavaScript's part of the stack away.
    is_over_javascript: Cell<bool>,
}

impl Greenlets {
    /// Before Python enters the engine.
    pub(super) fn look(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_over_javascript.get() {
            return Err(PyRuntimeError::new_err(
                "a greenlet that began outside of a call by JavaScript cannot use JavaScript when it is resumed within one",
            ));
        }
        let modules = modules(py)?;
        let count = modules.len();
        if self.modules.replace(count) != count && !self.are_watched.get() {
            self.watch(modules)?;
        }
        Ok(())
    }

    #[cold]
    fn watch(&self, modules: &Bound<'_, PyDict>) -> PyResult<()> {
        let py = modules.py();
        if !modules.contains(intern!(py, "greenlet"))? {
            return Ok(());
        }
        let watching = py.import("_twinloop.crossing.greenlets")?;
        let is_watching = watching.call_method0("watch")?.is_truthy()?;
        self.are_watched.set(is_watching);
        Ok(())
    }
}

/// Whether the program has greenlets.
pub(crate) fn has_greenlets(py: Python<'_>) -> PyResult<bool> {
    modules(py)?.contains(intern!(py, "greenlet"))
}

fn modules(py: Python<'_>) -> PyResult<&Bound<'_, PyDict>> {
    static MODULES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    MODULES.import(py, "sys", "modules")
}

/// How many calls into JavaScript are on this thread's stack.
#[pyfunction]
pub(crate) fn js_depth() -> u32 {
    here().map_or(0, |bridge: std::rc::Rc<Bridge>| bridge.context.depth())
}

/// Notes whether the greenlet that runs has put JavaScript's part of the stack away.
#[pyfunction]
pub(crate) fn js_is_put_away(is_so: bool) {
    if let Some(bridge) = here() {
        bridge.greenlets.is_over_javascript.set(is_so);
    }
}

/// Has the switches of greenlets watched again, if they were.
#[pyfunction]
pub(crate) fn js_watch_greenlets() {
    if let Some(bridge) = here() {
        bridge.greenlets.are_watched.set(false);
        bridge.greenlets.modules.set(0);
    }
}
