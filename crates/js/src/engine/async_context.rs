//! The asynchronous context: one object of the program's that follows what it starts, through promises, timers and microtasks.
//!
//! The engine asks for it when a promise's reaction is registered (`getHostDefinedData`), keeps it with the reaction and gives it back when
//! that runs. For a promise that is settled already it does not ask, as the reaction stands in the queue at once: its place there says
//! then which context it has ([`AsyncContext::remember`]). Until a program sets a context all of this is one test of a flag.
//!
//! The host is another language, with a context of its own for what it calls: it is asked for that when a call of its begins something, and
//! never for a call that does not.
//!
//! Hooks of a program (`node:async_hooks`) may have a say: a [`Tracker`] makes the context of each reaction, and hears when that runs.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr;
use std::rc::Rc;

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
    host: RefCell<Option<HostContext>>,
    /// Whether the host called, and was not asked since what it knows of the context.
    is_stale: Cell<bool>,
    /// Whether the innermost JavaScript was called by the host, in a context of its own.
    is_hosts: Cell<bool>,
}

/// Puts what the host knows into the context, with `Scope::set_async_context`.
pub type HostContext = Rc<dyn Fn(&Scope<'_>)>;

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

    /// The place of the one that left it last.
    pub(super) fn last_place(&self) -> u64 {
        self.taken.get().saturating_sub(1)
    }

    pub(super) fn value(&self) -> JSVal {
        let current = self.current.borrow();
        current.as_ref().map_or_else(UndefinedValue, Slot::value)
    }

    pub(super) fn forget(&self) {
        *self.host.borrow_mut() = None;
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

    /// Something begins that will run later. If the host called and was not asked yet, it puts what it knows into the context: a call that
    /// starts nothing costs it nothing.
    pub(super) fn refresh_async_context(&self) {
        let own = &self.async_context;
        if !own.is_stale.get() || own.is_beginning.get() {
            return;
        }
        own.is_stale.set(false);
        let host = own.host.borrow().clone();
        if let Some(host) = host {
            let scope = Scope::open(self);
            // What it starts itself is nobody's work.
            scope.untracked(|| host(&scope));
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

    /// Has the host say what it knows of the context when something begins in a call of its.
    pub fn set_host_context(&self, host: HostContext) {
        *self.inner().async_context.host.borrow_mut() = Some(host);
    }

    /// Runs what the host does in JavaScript, in a context that begins with what it knows.
    pub fn as_host<R>(&self, f: impl FnOnce() -> R) -> R {
        let own = &self.inner().async_context;
        let was_stale = own.is_stale.replace(true);
        let was_hosts = own.is_hosts.replace(true);
        let before = if own.is_used() {
            self.capture_async_context_as_it_is()
        } else {
            None
        };
        let result = f();
        own.is_stale.set(was_stale);
        own.is_hosts.set(was_hosts);
        if own.is_used() {
            let value = before.as_ref().map_or_else(UndefinedValue, Slot::value);
            self.inner().set_async_context(value);
        }
        result
    }

    /// Whether the host's own context is the one that JavaScript runs in: it called, or nobody ever set one.
    pub fn is_in_context_of_host(&self) -> bool {
        let own = &self.inner().async_context;
        own.is_hosts.get() || !own.is_used()
    }

    /// The context of now with what the host knows, for a queue of JavaScript's own that will run something later; undefined when there is none.
    pub fn async_context_to_keep(&self) -> Local<'s> {
        self.inner().refresh_async_context();
        self.async_context()
    }

    /// The context of now, for a callback that the loop will run; `None` when there is none.
    pub fn capture_async_context(&self) -> Option<Slot> {
        self.inner().refresh_async_context();
        self.capture_async_context_as_it_is()
    }

    fn capture_async_context_as_it_is(&self) -> Option<Slot> {
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
