//! The asynchronous context: one object of the program's that follows what it starts, through promises, timers and microtasks.
//!
//! The engine asks for it when a promise's reaction is registered (`getHostDefinedData`), keeps it with the reaction and gives it back when
//! that runs. For a promise that is settled already it does not ask, as the reaction stands in the queue at once: its place there says
//! then which context it has ([`AsyncContext::remember`]). Until a program sets a context all of this is one test of a flag.
//!
//! Hooks of a program (`node:async_hooks`) may have a say: a [`Tracker`] makes the context of each reaction, and hears when that runs.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr;

use mozjs::jsapi::{
    GetRegularMicroTaskCount, HandleValueArray, JS_CallFunctionValue, JSContext, JSMicroTask,
    JSObject, MaybeGetHostDefinedDataFromJSMicroTask,
};
use mozjs::jsval::{JSVal, ObjectValue, UndefinedValue};

use super::context::ContextState;
use super::error::Error;
use super::local::Local;
use super::roots::{Slot, root};
use super::scope::Scope;

/// What a thread's JavaScript runs in now, and what waiting microtasks will run in. BOUNDED by the microtask queue.
#[derive(Default)]
pub(super) struct AsyncContext {
    is_used: Cell<bool>,
    /// The object, or undefined; made when the first is set.
    current: RefCell<Option<Slot>>,
    /// How many microtasks have ever left the queue.
    taken: Cell<u64>,
    /// Contexts of microtasks that do not carry theirs, by the place in the queue that they got.
    waiting: RefCell<VecDeque<(u64, Slot)>>,
    tracker: RefCell<Option<Tracker>>,
    /// Whether the tracker makes the contexts now.
    is_tracking: Cell<bool>,
    /// It is at it: what it starts itself is nobody's work.
    is_beginning: Cell<bool>,
}

/// Functions of JavaScript that throw nothing.
struct Tracker {
    /// Gives the context of a reaction that is registered.
    begin: Slot,
    /// Hear a context whose microtask runs, or has run; it may be one that no tracker made.
    enter: Slot,
    leave: Slot,
}

impl AsyncContext {
    /// Whether any program ever set one.
    pub(super) fn is_used(&self) -> bool {
        self.is_used.get()
    }

    /// Whether there is a tracker, be it on or off now: contexts that it made may wait.
    pub(super) fn has_tracker(&self) -> bool {
        self.is_used() && self.tracker.borrow().is_some()
    }

    /// A microtask leaves the queue: the place that it had.
    pub(super) fn next_place(&self) -> u64 {
        let place = self.taken.get();
        self.taken.set(place + 1);
        place
    }

    pub(super) fn value(&self) -> JSVal {
        let current = self.current.borrow();
        current.as_ref().map_or_else(UndefinedValue, Slot::value)
    }

    pub(super) fn forget(&self) {
        self.is_used.set(false);
        self.is_tracking.set(false);
        *self.tracker.borrow_mut() = None;
        *self.current.borrow_mut() = None;
        self.waiting.borrow_mut().clear();
    }
}

impl ContextState {
    fn set_async_context(&self, value: JSVal) {
        let own = &self.async_context;
        if value.is_undefined() && !own.is_used() {
            return;
        }
        own.is_used.set(true);
        let mut current = own.current.borrow_mut();
        match &*current {
            Some(slot) => slot.set(value),
            None => *current = Some(self.roots.slot(value)),
        }
    }

    /// The context of a reaction that is registered now; `None` if the tracker was ended in the middle.
    pub(super) fn context_of_reaction(&self, cx: *mut JSContext) -> Option<JSVal> {
        let own = &self.async_context;
        if !own.is_tracking.get() || own.is_beginning.get() {
            return Some(own.value());
        }
        let begin = own.tracker.borrow().as_ref().map(|it| it.begin.value());
        root!(cx, begin = begin.unwrap_or_else(UndefinedValue));
        root!(cx, context = UndefinedValue());
        root!(cx, none = ptr::null_mut::<JSObject>());
        let nothing = HandleValueArray::empty();
        own.is_beginning.set(true);
        // SAFETY: a live context, whose engine lets the host run JavaScript here as anywhere that it may collect; the handles are roots.
        let ok = unsafe {
            JS_CallFunctionValue(
                cx,
                none.handle(),
                begin.handle(),
                &nothing,
                context.handle_mut(),
            )
        };
        own.is_beginning.set(false);
        ok.then(|| context.get())
    }

    /// The microtask that is queued next runs in the context of now.
    pub(super) fn remember_async_context(&self) {
        self.remember(self.async_context.value());
    }

    /// The microtask that is queued next runs in this context.
    pub(super) fn remember(&self, value: JSVal) {
        if value.is_undefined() {
            return;
        }
        let place = self.microtasks_queued();
        let mut waiting = self.async_context.waiting.borrow_mut();
        waiting.push_back((place, self.roots.slot(value)));
    }

    /// How many microtasks were ever put into the queue, which is the place of the next one.
    pub(super) fn microtasks_queued(&self) -> u64 {
        // SAFETY: plain query of a live context.
        let waiting = unsafe { GetRegularMicroTaskCount(self.cx()) };
        self.async_context.taken.get() + waiting as u64
    }

    /// Enters the context of the microtask that was just taken from this place of the queue; `job` is null for a function of the program's.
    pub(super) fn enter_async_context(
        &self,
        cx: *mut JSContext,
        job: *mut JSMicroTask,
        place: u64,
    ) {
        let own = &self.async_context;
        let mut value = UndefinedValue();
        {
            let mut waiting = own.waiting.borrow_mut();
            // What was remembered and never queued (memory ran out) is before its time.
            while waiting.front().is_some_and(|(at, _)| *at <= place) {
                if let Some((at, slot)) = waiting.pop_front()
                    && at == place
                {
                    value = slot.value();
                }
            }
        }
        if !job.is_null() {
            root!(cx, global = ptr::null_mut::<JSObject>());
            root!(cx, data = ptr::null_mut::<JSObject>());
            // SAFETY: the job is a live microtask of the engine's and the out handles are roots; the call only reads.
            let known = unsafe {
                MaybeGetHostDefinedDataFromJSMicroTask(job, global.handle_mut(), data.handle_mut())
            };
            if known && !data.get().is_null() {
                value = ObjectValue(data.get());
            }
        }
        self.set_async_context(value);
    }

    /// The entry of the loop is over, with all that it queued.
    pub(super) fn leave_async_context(&self) {
        if self.async_context.is_used() {
            self.set_async_context(UndefinedValue());
        }
    }
}

impl<'s> Scope<'s> {
    /// The context that JavaScript runs in; undefined when there is none.
    pub fn async_context(&self) -> Local<'s> {
        self.root(self.inner().async_context.value())
    }

    /// Has these functions make the contexts of reactions, as long as [`track_promises`](Self::track_promises) is on, and hear when they run:
    /// `begin() -> context`, `enter(context)`, `leave(context)`.
    ///
    /// # Errors
    /// A TypeError if one is no function.
    pub fn set_promise_tracker(&self, functions: [Local<'_>; 3]) -> Result<(), Error> {
        if functions.iter().any(|it| !self.is_function(*it)) {
            return Err(Error::type_error("a promise tracker has three functions"));
        }
        let [begin, enter, leave] = functions.map(|function| self.persist(function));
        let tracker = Tracker {
            begin,
            enter,
            leave,
        };
        *self.inner().async_context.tracker.borrow_mut() = Some(tracker);
        Ok(())
    }

    /// Turns the tracker on or off.
    pub fn track_promises(&self, on: bool) {
        let own = &self.inner().async_context;
        if on {
            own.is_used.set(true);
        }
        own.is_tracking.set(on && own.tracker.borrow().is_some());
    }

    /// Registers a reaction of the host's own, of which the program's hooks hear nothing.
    pub(super) fn untracked<R>(&self, register: impl FnOnce() -> R) -> R {
        let own = &self.inner().async_context;
        let before = own.is_beginning.replace(true);
        let result = register();
        own.is_beginning.set(before);
        result
    }

    /// Runs a microtask whose context was just entered, with the tracker's knowledge.
    pub(super) fn run_tracked(
        &self,
        run: impl FnOnce(&Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let own = &self.inner().async_context;
        let functions = {
            let tracker = own.tracker.borrow();
            (tracker.as_ref()).map(|it| (self.local(&it.enter), self.local(&it.leave)))
        };
        let context = self.async_context();
        let Some((enter, leave)) = functions.filter(|_| context.is_object()) else {
            return run(self);
        };
        self.call(enter, Local::undefined(), &[context])?;
        let outcome = run(self);
        let left = self.call(leave, Local::undefined(), &[context]);
        outcome.and(left.map(|_| ()))
    }

    /// Runs what follows in this context, which is an object, or undefined for none.
    pub fn set_async_context(&self, context: Local<'_>) {
        self.inner().set_async_context(context.value());
    }

    /// The context of now, for a callback that the loop will run; `None` when there is none.
    pub fn capture_async_context(&self) -> Option<Slot> {
        let value = self.inner().async_context.value();
        (!value.is_undefined()).then(|| self.inner().roots.slot(value))
    }

    /// Enters what [`capture_async_context`](Self::capture_async_context) gave; the checkpoint after the entry leaves it.
    pub fn enter_captured(&self, captured: Option<&Slot>) {
        if let Some(slot) = captured {
            self.inner().set_async_context(slot.value());
        }
    }
}
