//! The bridge of one thread: the JavaScript context, the loop both languages run on, and the tables by which values
//! keep their identity.
//!
//! Everything runs on the loop thread with the GIL held. What either heap holds of the other is rooted: JavaScript values
//! in slots (rule ROOTED), Python objects by handles that the JavaScript collector owns.

mod closing;
mod cycles;
mod greenlets;
mod handles;
mod helpers;
mod keys;
mod leaving;
mod lending;
mod lifecycle;
mod rejections;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use slab::Slab;
use twinloop_js::Js;
use twinloop_js::engine::{Context, Error, Local, Pauses, Scope, Slot};
use twinloop_loop::Loop;

use crate::crossing::{Crossing, Waiting};
use crate::interrupts::Watcher;

pub(crate) use greenlets::{has_greenlets, js_depth, js_is_put_away, js_watch_greenlets};
pub(crate) use helpers::Helper;
pub(crate) use keys::JsKey;

/// So many coroutines may begin within a turn of the loop; the next one begins with a turn of its own.
const MOST_AT_ONCE: u32 = 100;

/// Both languages of one thread.
pub(crate) struct Bridge {
    /// Tells the keys of this bridge from those of an earlier one on the same thread.
    number: u32,
    js: Rc<Js>,
    context: Context,
    event_loop: Loop,
    /// JavaScript values that Python holds.
    keys: keys::Keys,
    /// Python objects that JavaScript holds.
    handles: Rc<handles::Handles>,
    /// When cycles through both heaps are looked for next.
    looking: cycles::Looking,
    /// Promises that wait for Tasks.
    waiting: RefCell<Slab<Waiting>>,
    /// The turn of the loop in which was gathered what can be given up.
    gathered: Cell<Option<u64>>,
    /// A turn of the loop, and how many coroutines have begun at once in it.
    begun: Cell<(u64, u32)>,
    /// Rejected promises that Python holds and may handle yet, by identity number.
    rejections: RefCell<HashMap<u64, Slot>>,
    helpers: helpers::Helpers,
    /// Brings Ctrl-C to JavaScript; the inner value is absent off the main thread.
    watcher: RefCell<Option<Option<Watcher>>>,
    /// Lets other Python threads run while JavaScript computes.
    pauses: RefCell<Option<Pauses>>,
    /// An exception that JavaScript must not catch (SystemExit, KeyboardInterrupt), on its way out through JavaScript.
    leaving: RefCell<Option<PyErr>>,
    /// How many thrown values are being described: describing one may throw another.
    descriptions: Cell<u32>,
    /// Whether a Task ever took a frame of JavaScript's along.
    has_frames: Cell<bool>,
    greenlets: greenlets::Greenlets,
    /// What the generator returned that JavaScript has just run to its end.
    returned: RefCell<Option<Py<PyAny>>>,
}

impl Bridge {
    pub(crate) fn js(&self) -> &Rc<Js> {
        &self.js
    }

    pub(crate) fn event_loop(&self) -> &Loop {
        &self.event_loop
    }

    /// Goes from Python into the engine with both languages at hand.
    pub(crate) fn enter<R>(
        self: &Rc<Self>,
        py: Python<'_>,
        f: impl for<'s> FnOnce(&Crossing<'_, 's, '_>) -> PyResult<R>,
    ) -> PyResult<R> {
        if !self.context.is_open() {
            return Err(PyRuntimeError::new_err(
                "the JavaScript of this thread has ended with its event loop",
            ));
        }
        self.greenlets.look(py)?;
        self.context.enter(|scope| {
            let crossing = Crossing {
                bridge: self,
                scope,
                py,
            };
            scope.as_host(|| {
                if self.has_frames.get() {
                    crossing.enter_frame_of_task()?;
                }
                f(&crossing)
            })
        })
    }

    pub(crate) fn note_frames(&self) {
        self.has_frames.set(true);
    }

    /// Runs the microtasks that wait; false while JavaScript is on the stack, or has ended.
    pub(crate) fn checkpoint(&self) -> bool {
        self.context.is_open() && self.context.checkpoint()
    }

    /// Calls a function of the bridge's JavaScript half.
    pub(crate) fn help<'s>(
        &self,
        scope: &Scope<'s>,
        helper: Helper,
        values: &[Local<'_>],
    ) -> Result<Local<'s>, Error> {
        let function = self.helpers.function(scope, helper);
        scope.call(function, Local::undefined(), values)
    }

    pub(crate) fn set_returned(&self, value: Option<Py<PyAny>>) {
        *self.returned.borrow_mut() = value;
    }

    pub(crate) fn take_returned(&self) -> Option<Py<PyAny>> {
        self.returned.borrow_mut().take()
    }

    /// Whether a step of an iteration was its end.
    pub(crate) fn is_over(&self, scope: &Scope<'_>, step: Local<'_>) -> bool {
        step.is_same(self.helpers.over(scope))
    }

    /// Runs `f`, which describes a thrown value, unless `deepest` descriptions are under way.
    pub(crate) fn describing<R>(&self, deepest: u32, f: impl FnOnce() -> R) -> Option<R> {
        if self.descriptions.get() >= deepest {
            return None;
        }
        struct One<'d>(&'d Cell<u32>);
        impl Drop for One<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() - 1);
            }
        }
        self.descriptions.set(self.descriptions.get() + 1);
        let _one = One(&self.descriptions);
        Some(f())
    }

    /// Keeps what waits for a Task; the ticket gets it back.
    pub(crate) fn wait_for_python(&self, waiting: Waiting) -> usize {
        self.waiting.borrow_mut().insert(waiting)
    }

    /// Whether this is the first time in this turn of the loop that anything is given up.
    pub(crate) fn begins_to_give_up(&self) -> bool {
        let turn = Some(self.event_loop.turns());
        self.gathered.replace(turn) != turn
    }

    /// Whether one more coroutine may make its first step before the loop has a turn. Who awaits in a circle what never waits must not keep all others out.
    pub(crate) fn may_begin_at_once(&self) -> bool {
        let turn = self.event_loop.turns();
        let (of, count) = self.begun.get();
        let count = if of == turn { count + 1 } else { 0 };
        self.begun.set((turn, count));
        count < MOST_AT_ONCE
    }

    /// The tickets of what waits for Tasks.
    pub(crate) fn tickets(&self) -> Vec<usize> {
        self.waiting
            .borrow()
            .iter()
            .map(|(ticket, _)| ticket)
            .collect()
    }

    /// Looks at what waits for a Task.
    pub(crate) fn with_waiting<R>(
        &self,
        ticket: usize,
        f: impl FnOnce(&Waiting) -> R,
    ) -> Option<R> {
        self.waiting.borrow().get(ticket).map(f)
    }

    pub(crate) fn python_is_done(&self, ticket: usize) -> Option<Waiting> {
        self.waiting.borrow_mut().try_remove(ticket)
    }
}
