//! Who holds the GIL, and how it is let go for the one blocking wait.
//!
//! [`GilBound`] is how state that is not `Send` lives inside a Python object: a loop may be created in one thread and
//! run in another, and the GIL orders every access. [`without_gil`] is called only from the host's
//! `around_wait`, and for a moment from [`offer_gil`].

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::{PyVisit, Python, ffi};

/// State that may be touched only while the GIL is held.
pub(crate) struct GilBound<T>(T);

// SAFETY: `get` asks for a `Python` token, so every access happens under the GIL, one thread at a time. The value is
// dropped by `tp_dealloc` of the Python object that owns it, which also runs under the GIL. Nothing in `T` depends on
// thread-local state between two accesses (a `Loop` is entered anew on the thread that runs each turn).
unsafe impl<T> Send for GilBound<T> {}
// SAFETY: as above; shared references are only handed out under the GIL.
unsafe impl<T> Sync for GilBound<T> {}

impl<T> GilBound<T> {
    pub(crate) const fn new(value: T) -> GilBound<T> {
        GilBound(value)
    }

    pub(crate) fn get(&self, _py: Python<'_>) -> &T {
        &self.0
    }

    /// As [`GilBound::get`], for `tp_traverse`, which has no token: a visitor exists only there, where the collector holds
    /// the GIL.
    pub(crate) fn get_for(&self, _visit: &PyVisit<'_>) -> &T {
        &self.0
    }
}

/// Names a thread that is attached to the interpreter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ThreadIdentity(*mut ffi::PyThreadState);

/// The thread that holds the GIL now.
pub(crate) fn current_thread(_py: Python<'_>) -> ThreadIdentity {
    // SAFETY: the token proves that this thread is attached, so there is a current thread state.
    ThreadIdentity(unsafe { ffi::PyThreadState_Get() })
}

/// Runs `body` with a token, for callbacks of the loop, which carry none.
///
/// Callable only from inside a turn (`EventLoop._run` attached this thread and holds the GIL, except during the wait, in
/// which the loop calls nothing), or where it was asked whether this thread holds the GIL.
pub(crate) fn with_gil_held<R>(body: impl FnOnce(Python<'_>) -> R) -> R {
    debug_assert!(holds_gil(), "a callback of the loop ran without the GIL");
    // SAFETY: the thread is attached for the whole turn.
    body(unsafe { Python::assume_attached() })
}

/// Whether this thread holds the GIL.
pub(crate) fn holds_gil() -> bool {
    // SAFETY: may be called at any time by any thread.
    unsafe { ffi::PyGILState_Check() == 1 }
}

/// Lets other Python threads have the GIL: what the interpreter does between instructions, for code of another language
/// that computes. Does nothing on a thread that does not hold the GIL, nor where there is no other thread.
pub fn offer_gil() {
    if !holds_gil() {
        return;
    }
    with_gil_held(|py| {
        if is_alone(py) {
            return;
        }
        // A thread that waits is woken by the release, and would find the GIL taken again: the interpreter holds it back
        // for who has asked for it only, which a thread does after having waited for a whole switch interval.
        without_gil(py, &mut || {
            std::thread::sleep(std::time::Duration::from_micros(1));
        });
    });
}

/// Whether no other thread has ever been attached to this interpreter, of those that there are.
fn is_alone(_py: Python<'_>) -> bool {
    // SAFETY: the token says that this thread is attached, so the interpreter and its list of threads stand while we look.
    unsafe {
        let first = ffi::PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get());
        first.is_null() || ffi::PyThreadState_Next(first).is_null()
    }
}

/// Lets other Python threads run while `wait` blocks.
pub(crate) fn without_gil(_py: Python<'_>, wait: &mut dyn FnMut()) {
    // SAFETY: this thread holds the GIL (token). `wait` polls the driver and touches no Python object.
    let state = unsafe { ffi::PyEval_SaveThread() };
    let result = catch_unwind(AssertUnwindSafe(&mut *wait));
    // SAFETY: `state` is this thread's own state, saved just above, and restored exactly once.
    unsafe { ffi::PyEval_RestoreThread(state) };
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

/// Whether this is the interpreter that the process began with, and no subinterpreter.
pub(crate) fn is_main_interpreter(_py: Python<'_>) -> bool {
    // SAFETY: the token proves that a thread state is attached, whose interpreter is alive and has a number; the first one has 0.
    unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) == 0 }
}
