//! The asynchronous context: one object of the program's that follows what it starts, through promises, timers and microtasks.
//!
//! The engine asks for it when a promise's reaction is registered (`getHostDefinedData`), keeps it with the reaction and gives it back when
//! that runs. For a promise that is settled already it does not ask, as the reaction stands in the queue at once: its place there says
//! then which context it has ([`AsyncContext::remember`]). Until a program sets a context all of this is one test of a flag.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr;

use mozjs::jsapi::{
    GetRegularMicroTaskCount, JSContext, JSMicroTask, JSObject,
    MaybeGetHostDefinedDataFromJSMicroTask,
};
use mozjs::jsval::{JSVal, ObjectValue, UndefinedValue};

use super::context::ContextState;
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
}

impl AsyncContext {
    /// Whether any program ever set one.
    pub(super) fn is_used(&self) -> bool {
        self.is_used.get()
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

    /// The microtask that is queued next runs in the context of now.
    pub(super) fn remember_async_context(&self) {
        let value = self.async_context.value();
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
