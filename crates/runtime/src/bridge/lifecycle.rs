//! How the bridge of a thread starts and ends: with the first use of JavaScript on a loop, and with that loop.
//!
//! One bridge a thread at most. GIL held, loop thread.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use twinloop_js::engine::Error;
use twinloop_loop::Loop;

use super::greenlets::Greenlets;
use super::handles::Handles;
use super::helpers::Helpers;
use super::keys::{move_out, settle};
use super::{Bridge, JsKey};
use crate::crossing::tell_context;
use crate::interrupts::{self, Watcher};
use crate::python_in_js::PythonGuest;

thread_local! {
    static BRIDGE: RefCell<Option<Rc<Bridge>>> = const { RefCell::new(None) };
}

/// Of the process, as a value is told by it from those of every other thread.
static NEXT_BRIDGE: AtomicU32 = AtomicU32::new(1);

/// The bridge of this thread, if there is one; none once the thread is ending.
pub(super) fn here() -> Option<Rc<Bridge>> {
    BRIDGE
        .try_with(|bridge| bridge.borrow().clone())
        .ok()
        .flatten()
}

impl Bridge {
    /// The bridge of this thread and of the running asyncio loop, started when there is none yet.
    pub(crate) fn running(py: Python<'_>) -> PyResult<Rc<Bridge>> {
        let running = py.import("asyncio")?.call_method0("get_running_loop").map_err(|_| {
            PyRuntimeError::new_err(
                "twinloop.js needs a running event loop: call it from a coroutine that twinloop.run() runs",
            )
        })?;
        let event_loop = twinloop_py::event_loop_of(&running).map_err(|_| {
            PyRuntimeError::new_err(format!(
                "twinloop.js needs Twinloop's event loop, but {} is running: start the program with twinloop.run(), \
                 or with the twinloop command",
                running.repr().map_or_else(|_| "another loop".to_owned(), |text| text.to_string()),
            ))
        })?;
        let bridge = Bridge::on(py, &event_loop)?;
        if bridge.watcher.borrow().is_none() {
            let watcher = Watcher::start(&running, bridge.context.interrupt_handle())?;
            *bridge.watcher.borrow_mut() = Some(watcher);
        }
        Ok(bridge)
    }

    /// The bridge of this thread on the given loop, started when there is none yet.
    pub(crate) fn on(py: Python<'_>, event_loop: &Loop) -> PyResult<Rc<Bridge>> {
        if let Some(bridge) = here() {
            if bridge.event_loop.is_same(event_loop) {
                return Ok(bridge);
            }
            // The earlier loop of this thread has ended, and with it everything its JavaScript could still do.
            bridge.end();
        }
        let bridge = Rc::new(Bridge::start(event_loop)?);
        *bridge.pauses.borrow_mut() = Some(interrupts::share_gil(py, &bridge.context)?);
        let guest = PythonGuest(Rc::downgrade(&bridge));
        bridge.js.set_guest(Rc::new(guest));
        py.import("twinloop.js")?
            .call_method0("_keep_output_in_order")?;
        BRIDGE.set(Some(Rc::clone(&bridge)));
        Ok(bridge)
    }

    fn start(event_loop: &Loop) -> PyResult<Bridge> {
        let js = crate::program::start_engine(event_loop).map_err(PyRuntimeError::new_err)?;
        let context = js.context().clone();
        let helpers = context.enter(Helpers::load).map_err(|error: Error| {
            PyRuntimeError::new_err(format!("the bridge cannot start: {error:?}"))
        })?;
        context.enter(|scope| scope.set_host_context(Rc::new(tell_context)));
        let handles = Rc::new(Handles::default());
        let of_handles = Rc::clone(&handles);
        context
            .enter(|scope| scope.on_collected(move |numbers| of_handles.drop_collected(numbers)));
        let number = NEXT_BRIDGE.fetch_add(1, Ordering::Relaxed);
        settle(number, event_loop.remote());
        Ok(Bridge {
            number,
            js,
            context,
            event_loop: event_loop.clone(),
            keys: Default::default(),
            handles,
            gathered: Cell::new(None),
            begun: Cell::default(),
            looking: Default::default(),
            waiting: RefCell::default(),
            rejections: RefCell::default(),
            helpers,
            watcher: RefCell::new(None),
            pauses: RefCell::new(None),
            leaving: RefCell::new(None),
            descriptions: Cell::new(0),
            has_frames: Cell::new(false),
            greenlets: Greenlets::default(),
            returned: RefCell::default(),
        })
    }

    /// Ends the JavaScript of this thread, if `event_loop` is its loop.
    pub(crate) fn end_on(event_loop: &Loop) {
        if let Some(bridge) = here().filter(|bridge| bridge.event_loop.is_same(event_loop)) {
            bridge.end();
        }
    }

    /// Ends the JavaScript of this thread, whatever its loop.
    pub(crate) fn end_here() {
        if let Some(bridge) = here() {
            bridge.end();
        }
    }

    fn end(&self) {
        BRIDGE.set(None);
        move_out(self.number);
        drop(self.watcher.take());
        drop(self.pauses.take());
        self.keys.clear();
        self.rejections.borrow_mut().clear();
        let waiting = std::mem::take(&mut *self.waiting.borrow_mut());
        drop(waiting);
        self.js.end();
        // What its heap had of Python's memory.
        twinloop_py::release_returned();
    }

    /// The bridge that runs native operations on this thread right now.
    pub(crate) fn current() -> Result<Rc<Bridge>, Error> {
        here().ok_or_else(|| Error::new("the Python side of this program has ended"))
    }

    /// Whether the value of `key` can be used here and now.
    pub(crate) fn is_alive(key: &JsKey) -> bool {
        here().is_some_and(|bridge| key.is_of(&bridge) && bridge.context.is_open())
    }

    /// The bridge on which `key` lives.
    pub(crate) fn of(key: &JsKey) -> PyResult<Rc<Bridge>> {
        here().filter(|bridge| key.is_of(bridge)).ok_or_else(|| {
            Python::attach(|py| {
                made(
                    py,
                    "this JavaScript value belongs to another thread, or to an event loop that has ended; what another thread is to have is \
                     copied with to_py() first",
                )
            })
        })
    }
}

/// A RuntimeError that is there already: one that is made when it is looked at cannot be in a `__del__` that the interpreter's end calls.
fn made(py: Python<'_>, message: &str) -> PyErr {
    (py.get_type::<PyRuntimeError>().call1((message,)))
        .map_or_else(|error| error, PyErr::from_value)
}
