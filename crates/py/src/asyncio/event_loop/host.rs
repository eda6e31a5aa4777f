//! Python as a language on the loop: runs the handles of the ready queue and lets go of the GIL for the blocking wait.
//!
//! Loop thread, GIL held (rule NO-GIL-OFF-LOOP), except inside the wait. An exception that must leave `run_forever`
//! (KeyboardInterrupt, SystemExit) is kept here and halts the turn: the entries that it has not run stay in the queue, in
//! their order, as asyncio leaves them there.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use pyo3::prelude::*;
use twinloop_loop::{Host, HostId, Loop, WeakLoop};

use crate::ffi::{self, Object, handle};

pub(crate) struct PythonHost {
    event_loop: WeakLoop,
    id: OnceCell<HostId>,
    /// What `run_forever` has to raise.
    error: RefCell<Option<PyErr>>,
    /// The error stands for what the program would raise if it went on; what it does raise takes its place.
    is_provisional: Cell<bool>,
    interrupted: Cell<bool>,
    /// Callbacks are timed.
    debug: Cell<bool>,
}

impl PythonHost {
    pub(crate) fn join(event_loop: &Loop) -> Rc<PythonHost> {
        let host = Rc::new(PythonHost {
            event_loop: event_loop.downgrade(),
            id: OnceCell::new(),
            error: RefCell::new(None),
            is_provisional: Cell::new(false),
            interrupted: Cell::new(false),
            debug: Cell::new(false),
        });
        let id = event_loop.add_host(Rc::clone(&host) as Rc<dyn Host>);
        // A fresh cell: this is the only place that sets it.
        let _ = host.id.set(id);
        host
    }

    pub(crate) fn id(&self) -> HostId {
        *self
            .id
            .get()
            .expect("the host joined before anything could use it")
    }

    /// Ends the run with `error` after the current entry. The first error wins.
    pub(crate) fn interrupt(&self, error: PyErr) {
        self.interrupted.set(true);
        if let Some(event_loop) = self.event_loop.upgrade() {
            event_loop.halt();
        }
        let mut slot = self.error.borrow_mut();
        if slot.is_none() || self.is_provisional.take() {
            *slot = Some(error);
        }
    }

    pub(crate) fn set_debug(&self, debug: bool) {
        self.debug.set(debug);
    }

    /// True in debug mode, for what has the host and not the loop.
    pub(crate) fn is_debug(&self) -> bool {
        self.debug.get()
    }

    /// Ends the run after the current entry, with `error` if nothing else is raised until then.
    pub(crate) fn leave(&self, error: PyErr) {
        if self.error.borrow().is_none() {
            self.interrupt(error);
            self.is_provisional.set(true);
        }
    }

    /// Takes back what `leave` said, if nothing has taken its place: the run ends without an error, after this entry too.
    pub(crate) fn leave_in_peace(&self) {
        if self.is_provisional.take() {
            self.error.take();
        }
    }

    /// True while an error is on its way out of `run_forever`: nothing more may run.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.get()
    }

    pub(crate) fn take_error(&self) -> Option<PyErr> {
        if self.interrupted.replace(false)
            && let Some(event_loop) = self.event_loop.upgrade()
        {
            event_loop.resume();
        }
        self.is_provisional.set(false);
        self.error.borrow_mut().take()
    }
}

impl Host for PythonHost {
    fn run(&self, token: u64) {
        ffi::with_gil_held(|py| {
            let object = Object::from_entry(token);
            if let Some(error) = handle::run(py, &object) {
                self.interrupt(error);
            }
        });
    }

    fn discard(&self, token: u64) {
        ffi::with_gil_held(|py| handle::discard(py, Object::from_entry(token)));
    }

    fn tell(&self) -> Option<String> {
        ffi::with_gil_held(|py| {
            let tell = || {
                let tasks = py.import("_twinloop.loop.tasks")?;
                tasks.call_method0("tell_json")?.extract()
            };
            // What cannot be told is nobody's error here.
            tell().ok()
        })
    }

    fn guards_wait(&self) -> bool {
        true
    }

    fn around_wait(&self, wait: &mut dyn FnMut()) {
        ffi::with_gil_held(|py| ffi::without_gil(py, wait));
    }
}
