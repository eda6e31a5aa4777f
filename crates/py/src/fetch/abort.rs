//! `AbortHook`: what a signal calls to end a fetch, or the reading of its body.
//!
//! The fetch owns its hook, and then the response does; a signal knows it weakly (`_twinloop/fetch/signals.py`). GIL held.

use std::cell::RefCell;
use std::task::{Context, Waker};

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use crate::ffi::handle::Owned;
use crate::ffi::{GilBound, Object};

#[derive(Default)]
struct State {
    /// What the fetch raises.
    reason: RefCell<Option<Object>>,
    waker: RefCell<Option<Waker>>,
}

/// Ends what it belongs to when it is called with an exception.
#[pyclass(frozen, weakref, module = "_twinloop._native")]
pub(super) struct AbortHook {
    state: GilBound<State>,
}

#[pymethods]
impl AbortHook {
    fn __call__(&self, reason: Bound<'_, PyAny>) {
        let state = self.state.get(reason.py());
        let old = state.reason.replace(Some(Object::new(reason)));
        drop(old);
        let waker = state.waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let mut owned = Owned::new(&visit, None);
        if let Ok(reason) = self.state.get_for(&visit).reason.try_borrow()
            && let Some(reason) = &*reason
        {
            owned.add(reason);
        }
        owned.finish()
    }

    fn __clear__(&self, py: Python<'_>) {
        let old = self.state.get(py).reason.take();
        drop(old);
    }
}

/// The hook of a signal, which calls it at once if it was aborted already.
pub(super) fn listen(signal: &Bound<'_, PyAny>) -> PyResult<Object> {
    let py = signal.py();
    let hook = AbortHook {
        state: GilBound::new(State::default()),
    };
    let hook = Bound::new(py, hook)?;
    py.import("_twinloop.fetch.signals")?
        .call_method1("listen", (signal, &hook))?;
    Ok(Object::new(hook.into_any()))
}

/// Whether the signal behind the hook, if there is one, has ended this; otherwise `context` is woken when it does.
pub(super) fn is_aborted(py: Python<'_>, hook: Option<&Object>, context: &Context<'_>) -> bool {
    let Some(hook) = hook.map(|hook| hook.bind(py)) else {
        return false;
    };
    let Ok(hook) = hook.cast::<AbortHook>() else {
        return false;
    };
    let state = hook.get().state.get(py);
    if state.reason.borrow().is_some() {
        return true;
    }
    *state.waker.borrow_mut() = Some(context.waker().clone());
    false
}

/// What is raised for it.
pub(super) fn reason(py: Python<'_>, hook: Option<&Object>) -> PyErr {
    let reason = hook.and_then(|hook| {
        let hook = hook.bind(py);
        let hook = hook.cast::<AbortHook>().ok()?;
        let reason = hook.get().state.get(py).reason.borrow();
        Some(reason.as_ref()?.bind(py).to_owned())
    });
    match reason {
        Some(reason) => PyErr::from_value(reason),
        None => pyo3::exceptions::asyncio::CancelledError::new_err(()),
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<AbortHook>()
}
