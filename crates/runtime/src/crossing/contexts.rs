//! One context for both languages: Python's context variables and JavaScript's AsyncLocalStorage, kept through what either awaits.
//!
//! Python's context is put into JavaScript's frame when a call of Python's begins something there (`await`, a timer, a microtask; `contexts.js`), and
//! a Python function that JavaScript calls later runs in it. The frame goes with a coroutine that JavaScript awaits, in a context variable of the
//! coroutine's Task, and is entered again when that calls JavaScript. Python's context is copied, as for a Task: what one sets, the other
//! does not see. GIL held.

use std::cell::Cell;
use std::rc::Rc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use twinloop_js::engine::{Error, Local, Scope};

use super::Crossing;
use crate::bridge::{Bridge, Helper, JsKey};

/// A context of Python's in a frame of JavaScript's.
pub(crate) struct Held {
    context: Py<PyAny>,
    /// Whether something runs in it: it cannot be entered twice.
    is_entered: Cell<bool>,
}

impl Held {
    /// Runs `f` with the context to run things in.
    pub(crate) fn enter<'py, R>(
        &self,
        py: Python<'py>,
        f: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<R>,
    ) -> PyResult<R> {
        let context = self.context.bind(py);
        if self.is_entered.get() {
            return f(&context.call_method0(intern!(py, "copy"))?);
        }
        self.is_entered.set(true);
        let result = f(context);
        self.is_entered.set(false);
        result
    }
}

/// A frame of JavaScript's in a context of Python's.
#[pyclass(frozen, module = "twinloop.js")]
struct Frame(JsKey);

/// What Python knows of the context: an empty one is not worth a frame.
pub(crate) fn tell_context(scope: &Scope<'_>) {
    let told = Crossing::in_js(scope, |crossing| {
        let context = crossing.of_python(copy_context(crossing.py))?;
        let is_empty = crossing.of_python(context.len())? == 0;
        if is_empty && !scope.async_context().is_object() {
            return Ok(());
        }
        let held = if is_empty {
            Local::undefined()
        } else {
            scope.host_object(Rc::new(Held {
                context: context.unbind(),
                is_entered: Cell::new(false),
            }))?
        };
        let helped = crossing.bridge.help(scope, Helper::FrameWith, &[held]);
        helped.map(drop)
    });
    // Without memory for it there is none; the program hears of that in what it does itself.
    drop(told);
}

impl<'s, 'py> Crossing<'_, 's, 'py> {
    /// The context in which a function of Python's is to run that JavaScript calls now; nothing if it is in it.
    pub(crate) fn context_to_enter(&self) -> Result<Option<Rc<Held>>, Error> {
        if self.scope.is_in_context_of_host() || !self.scope.async_context().is_object() {
            return Ok(None);
        }
        let held = self.bridge.help(self.scope, Helper::HeldIn, &[])?;
        Ok(self.scope.host_value::<Held>(held))
    }

    /// As [`context_to_enter`](Self::context_to_enter), a copy for a Task: with JavaScript's frame, which the Task takes along.
    pub(crate) fn context_of_task(&self) -> Result<Option<Bound<'py, PyAny>>, Error> {
        let frame = self.scope.async_context();
        if !frame.is_object() {
            return Ok(None);
        }
        let has_stores = self.bridge.help(self.scope, Helper::HasStores, &[])?;
        let has_stores = has_stores.as_bool() == Some(true);
        let context = match self.context_to_enter()? {
            Some(held) => (held.context.bind(self.py)).call_method0(intern!(self.py, "copy")),
            None if has_stores => copy_context(self.py),
            None => return Ok(None),
        };
        let context = self.of_python(context)?;
        if !has_stores {
            return Ok(Some(context));
        }
        let set = || -> PyResult<()> {
            let frame = Frame(self.bridge.keep(self.scope, frame));
            let frame = Bound::new(self.py, frame)?;
            let variable = variable(self.py)?;
            context
                .call_method1(intern!(self.py, "run"), (variable.getattr("set")?, frame))
                .map(drop)
        };
        self.of_python(set())?;
        self.bridge.note_frames();
        Ok(Some(context))
    }

    /// Enters the frame that the running Task took along, if it did.
    pub(crate) fn enter_frame_of_task(&self) -> PyResult<()> {
        if self.scope.async_context().is_object() {
            // The frame of JavaScript that called Python, further up.
            return Ok(());
        }
        let frame = variable(self.py)?.call_method1(intern!(self.py, "get"), (self.py.None(),))?;
        if let Ok(frame) = frame.cast::<Frame>()
            && Bridge::is_alive(&frame.get().0)
        {
            let frame = self.bridge.value(self.scope, &frame.get().0)?;
            self.scope.set_async_context(frame);
        }
        Ok(())
    }
}

fn copy_context(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static COPY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    COPY.import(py, "contextvars", "copy_context")?.call0()
}

/// The context variable that has a Task's frame.
fn variable(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static VARIABLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let variable = VARIABLE.get_or_try_init(py, || {
        let class = py.import("contextvars")?.getattr("ContextVar")?;
        Ok::<_, PyErr>(class.call1(("twinloop.js frame",))?.unbind())
    })?;
    Ok(variable.bind(py))
}
