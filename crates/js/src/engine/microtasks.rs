//! The microtask checkpoint (rule CHECKPOINT) and unhandled rejections.
//!
//! The queue itself lives in the engine. `checkpoint` drains it wholly, then reports the promises that were rejected
//! and have no handler still, and again, because the reports may run JavaScript, until nothing is left. The loop calls
//! it after each entry; nothing else does. A function in the queue is a `queueMicrotask` callback. A queue of the program's that
//! runs before the microtasks (`process.nextTick`) is a function that [`Scope::run_before_microtasks`] names.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;
use std::time::{Duration, Instant};

use mozjs::glue::{
    CreateJobQueue, DeleteJobQueue, JS_DequeueNextMicroTask, JS_GetReservedSlot, JobQueueTraps,
};
use mozjs::jsapi::{
    ClearKeptObjects, EnqueueMicroTask, GetExecutionGlobalFromJSMicroTask, GetPromiseIsHandled,
    GetWeakMapEntry, HandleObject, HasAnyMicroTasks, IsJSMicroTask, JS_GetFunctionObject,
    JS_SetReservedSlot, JSContext, JSFunction, JSMicroTask, JSObject, JSTracer, JobQueueIsEmpty,
    JobQueueMayNotBeEmpty, MutableHandleObject, NewWeakMapObject, PromiseRejectionHandlingState,
    RunJSMicroTask, SetHostCleanupFinalizationRegistryCallback, SetJobQueue,
    SetPromiseRejectionTrackerCallback, SetWeakMapEntry, ToUnwrappedJSMicroTask, Value,
};
use mozjs::jsval::{BooleanValue, Int32Value, JSVal, ObjectValue, UndefinedValue};

use super::context::{Context, ContextState, bury};
use super::error::Error;
use super::functions::Op;
use super::local::Local;
use super::objects::Attributes;
use super::roots::{Slot, root};
use super::scope::Scope;
use super::tracing;
use twinloop_loop::trace;

/// Rejected promises without a handler.
#[derive(Default)]
pub(super) struct Rejections {
    /// They wait for the next checkpoint.
    pending: Vec<Slot>,
    /// A WeakMap of those that were reported: as long as a program holds one, it may still handle it.
    reported: Option<Slot>,
    /// They were reported, and have a handler since.
    late: Vec<Slot>,
}

impl Rejections {
    pub(super) fn clear(&mut self) {
        *self = Rejections::default();
    }
}

/// When what WeakRefs keep alive for the running job is let go (`ClearKeptObjects`).
///
/// The engine keeps it in a hash table that grows and never shrinks, and clears it by walking all of it: a program that
/// once made 100,000 WeakRefs in a job paid 180 us at every checkpoint from then on. Nothing asks for the table's size, so
/// the walk is timed, and one that takes long happens so seldom that it costs a fiftieth of the time. What is kept a few
/// milliseconds longer is at worst found dead by the next collection (the specification leaves that open).
#[derive(Default)]
pub(super) struct KeptObjects {
    checkpoints: Cell<u32>,
    /// Set while the walk takes long: when the next one may be.
    next: Cell<Option<Instant>>,
}

impl KeptObjects {
    /// Looking at the clock costs more than a walk of a table that was always small.
    const TIMED: u32 = 32;
    const LONG: Duration = Duration::from_nanos(400);
    const SHARE: u32 = 50;

    /// At a checkpoint.
    fn clear(&self, cx: *mut JSContext) {
        let count = self.checkpoints.get().wrapping_add(1);
        self.checkpoints.set(count);
        if self.next.get().is_none() && !count.is_multiple_of(Self::TIMED) {
            return Self::clear_now(cx);
        }
        let begin = Instant::now();
        if self.next.get().is_some_and(|next| begin < next) {
            return;
        }
        Self::clear_now(cx);
        let end = Instant::now();
        let took = end - begin;
        self.next
            .set((took > Self::LONG).then(|| end + took * Self::SHARE));
    }

    pub(super) fn clear_now(cx: *mut JSContext) {
        // SAFETY: no JavaScript runs; the next job may see a WeakRef's target gone.
        unsafe { ClearKeptObjects(cx) };
    }
}

impl Context {
    /// Drains the microtask queue, reports rejections, and drops what the collector left behind. Does nothing while
    /// JavaScript is on the stack; false then.
    pub fn checkpoint(&self) -> bool {
        let inner = &self.0;
        // Nearly every entry of another language ends here.
        if !inner.touched.get() {
            return true;
        }
        if inner.depth.get() != 0 || !inner.is_open() || inner.draining.replace(true) {
            return false;
        }
        struct Done<'i>(&'i ContextState);
        impl Drop for Done<'_> {
            fn drop(&mut self) {
                self.0.draining.set(false);
            }
        }
        let _done = Done(inner);
        if trace::is_on() {
            inner.tracing.entry_ran(inner);
        }
        // The callbacks of a module's own run stand in the microtask queue already, before what they queued first.
        if inner.microtasks_first.replace(false) {
            self.drain();
        }
        loop {
            self.run_first();
            self.drain();
            if inner.stopped.get() || (inner.first.borrow().is_none() && !self.report_rejections())
            {
                break;
            }
        }
        self.clean_up_registries();
        inner.interrupt.pause_if_due(inner);
        inner.kept.clear(inner.cx());
        inner.leave_async_context();
        inner.touched.set(false);
        // Last, as dropping may enter the engine, which the next checkpoint then hears of.
        bury(inner);
        true
    }

    /// Runs what is to run before the microtasks, and what that asked for in turn.
    fn run_first(&self) {
        let inner = &self.0;
        while !inner.stopped.get() {
            let Some(first) = inner.first.borrow_mut().take() else {
                return;
            };
            let scope = Scope::open(inner);
            let first = scope.local(&first);
            if let Err(error) = scope.call(first, Local::undefined(), &[]) {
                report_uncaught(&scope, error);
            }
        }
    }

    /// Runs the clean-up jobs of FinalizationRegistries that a collection left, each with a drain after it.
    fn clean_up_registries(&self) {
        let inner = &self.0;
        loop {
            let Some(job) = inner.clean_ups.borrow_mut().pop_front() else {
                return;
            };
            if inner.stopped.get() {
                return;
            }
            {
                let scope = Scope::open(inner);
                let job = scope.local(&job);
                if let Err(error) = scope.call(job, Local::undefined(), &[]) {
                    report_uncaught(&scope, error);
                }
            }
            self.run_first();
            self.drain();
            self.report_rejections();
        }
    }

    /// How many times the engine was entered by calls that are on the stack.
    pub fn depth(&self) -> u32 {
        self.0.depth.get()
    }

    /// Whether microtasks are being run.
    pub fn is_draining(&self) -> bool {
        self.0.draining.get()
    }

    /// Whether JavaScript ran since the last checkpoint.
    pub fn has_run(&self) -> bool {
        self.0.touched.get()
    }

    /// Whether a checkpoint has anything to do.
    pub fn has_microtasks(&self) -> bool {
        // SAFETY: plain query.
        unsafe {
            HasAnyMicroTasks(self.0.cx())
                || self.0.first.borrow().is_some()
                || !self.0.rejections.borrow().pending.is_empty()
        }
    }

    fn drain(&self) {
        let inner = &self.0;
        struct Over(*mut JSContext);
        impl Drop for Over {
            fn drop(&mut self) {
                // SAFETY: the context outlives the drain; outside of one, every `await` takes its turn.
                unsafe { JobQueueMayNotBeEmpty(self.0) };
            }
        }
        let _over = Over(inner.cx());
        // SAFETY: plain query; most checkpoints end here.
        while !inner.stopped.get() && unsafe { HasAnyMicroTasks(inner.cx()) } {
            // A scope per batch keeps the cost of opening one out of the single task's, and its locals few.
            let scope = Scope::open(inner);
            for _ in 0..64 {
                if inner.stopped.get() || !run_next(&scope) {
                    break;
                }
            }
            drop(scope);
            inner.interrupt.pause_if_due(inner);
        }
    }

    /// True if something was reported.
    fn report_rejections(&self) -> bool {
        let inner = &self.0;
        let (pending, late) = {
            let mut rejections = inner.rejections.borrow_mut();
            (
                std::mem::take(&mut rejections.pending),
                std::mem::take(&mut rejections.late),
            )
        };
        if pending.is_empty() && late.is_empty() {
            return false;
        }
        let hooks = inner.hooks.borrow().clone();
        for promise in pending {
            if inner.stopped.get() {
                return false;
            }
            let scope = Scope::open(inner);
            let local = scope.local(&promise);
            if is_handled(&scope, local) {
                continue;
            }
            let reason = scope.promise_result(local);
            remember_reported(&scope, local);
            hooks.unhandled_rejection(&scope, local, reason);
        }
        for promise in late {
            let scope = Scope::open(inner);
            let local = scope.local(&promise);
            let reason = scope.promise_result(local);
            hooks.rejection_handled(&scope, local, reason);
        }
        true
    }
}

/// Where the global of a realm that runs its microtasks after its scripts alone (`microtaskMode` of `node:vm`) keeps them: a slot that is the
/// embedder's, so that they go with it: an array of pairs, each a task and the asynchronous context that it runs in. The program never sees it.
const OWN_QUEUE: u32 = 0;

impl<'s> Scope<'s> {
    /// From now on the microtasks of this realm run after its scripts and modules, and at no other time.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn use_own_queue(&self, global: Local<'_>) -> Result<(), Error> {
        self.inner().has_own_queues.set(true);
        self.set_own_queue(self.object_of(global)?, self.array(&[])?);
        Ok(())
    }

    fn set_own_queue(&self, global: *mut JSObject, queue: Local<'_>) {
        // SAFETY: a live global of a class of ours, which has the slot; the engine traces what is in it.
        unsafe { JS_SetReservedSlot(global, OWN_QUEUE, &queue.value()) };
    }

    /// The queue of a realm that has one.
    fn own_queue(&self, global: *mut JSObject) -> Option<Local<'s>> {
        if !self.inner().has_own_queues.get() {
            return None;
        }
        let mut queue = UndefinedValue();
        // SAFETY: a live global, which has the slot; the result is rooted before anything else allocates.
        unsafe { JS_GetReservedSlot(global, OWN_QUEUE, &mut queue) };
        queue.is_object().then(|| self.root(queue))
    }

    /// Puts a task of such a realm, whose context was entered, into its queue; false if the realm has none.
    fn keep_task(&self, global: *mut JSObject, task: Value) -> bool {
        let task = self.root(task);
        let Some(queue) = self.own_queue(global) else {
            return false;
        };
        let kept = self.array(&[task, self.async_context()]).and_then(|pair| {
            let length = self.array_length(queue)?;
            self.define(queue, length, pair, Attributes::PLAIN)
        });
        kept.is_ok()
    }

    /// Runs what such a realm has queued; nothing for another.
    ///
    /// # Errors
    /// When the program is ended meanwhile; what a task throws is an uncaught error.
    pub(super) fn drain_own_queue(&self, global: *mut JSObject) -> Result<(), Error> {
        if self.own_queue(global).is_none() {
            return Ok(());
        }
        // Whoever ran the script goes on in the context that it has.
        let context = self.async_context();
        let outcome = self.run_own_queue(global);
        self.set_async_context(context);
        outcome
    }

    fn run_own_queue(&self, global: *mut JSObject) -> Result<(), Error> {
        root!(self.cx(), global = global);
        loop {
            self.sort_out(global.get())?;
            let Some(queue) = self.own_queue(global.get()) else {
                return Ok(());
            };
            let length = self.array_length(queue)?;
            if length == 0 {
                return Ok(());
            }
            self.set_own_queue(global.get(), self.array(&[])?);
            for index in 0..length {
                let pair = self.get(queue, index)?;
                self.set_async_context(self.get(pair, 1)?);
                self.run_kept(global.get(), self.get(pair, 0)?)?;
            }
        }
    }

    fn run_kept(&self, global: *mut JSObject, task: Local<'_>) -> Result<(), Error> {
        let cx = self.cx();
        root!(cx, global = global);
        // SAFETY: the task is rooted, and runs in the realm of its global, which is a root.
        let outcome = unsafe {
            let job = ToUnwrappedJSMicroTask(&task.value());
            if job.is_null() {
                return Ok(());
            }
            self.note_async_frame(job);
            root!(cx, job = ToUnwrappedJSMicroTask(&task.value()));
            self.run_tracked(|scope| {
                let _entered = super::realms::Entered::new(cx, global.get());
                scope.check(RunJSMicroTask(cx, job.handle()))
            })
        };
        match outcome {
            Err(error) if error.is_terminated() => Err(error),
            Err(error) => {
                report_uncaught(self, error);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Takes the tasks of a realm out of the engine's queue; the others keep their order.
    fn sort_out(&self, global: *mut JSObject) -> Result<(), Error> {
        let cx = self.cx();
        root!(cx, global = global);
        let mut others = Vec::new();
        loop {
            root!(cx, task = UndefinedValue());
            // SAFETY: the out handle is a root; a task of JavaScript is an object, which nothing moves while it is looked at.
            let is_own = unsafe {
                JS_DequeueNextMicroTask(cx, task.handle_mut());
                if task.get().is_null() {
                    break;
                }
                let value = task.get();
                let job = match IsJSMicroTask(&value) {
                    true => ToUnwrappedJSMicroTask(&value),
                    false => ptr::null_mut(),
                };
                self.enter_context_of(job);
                !job.is_null() && GetExecutionGlobalFromJSMicroTask(job) == global.get()
            };
            if !is_own || !self.keep_task(global.get(), task.get()) {
                others.push((self.root(task.get()), self.async_context()));
            }
        }
        for (task, context) in others {
            self.set_async_context(context);
            self.enqueue(task)?;
        }
        Ok(())
    }
}

/// Notes that a rejection was reported, so that a late handler can be announced. Without memory it is not.
fn remember_reported(scope: &Scope<'_>, promise: Local<'_>) {
    let inner = scope.inner();
    let cx = scope.cx();
    let known = {
        let rejections = inner.rejections.borrow();
        rejections.reported.as_ref().map(|map| scope.local(map))
    };
    let map = match known {
        Some(map) => map,
        None => {
            // SAFETY: the result is rooted at once.
            let Ok(map) = scope.root_object(unsafe { NewWeakMapObject(cx) }) else {
                return;
            };
            inner.rejections.borrow_mut().reported = Some(scope.persist(map));
            map
        }
    };
    root!(cx, object = map.object_or_null());
    root!(cx, yes = BooleanValue(true));
    // SAFETY: handles are roots; the key is an object.
    let ok = unsafe { SetWeakMapEntry(cx, object.handle(), promise.handle(), yes.handle()) };
    let _ = scope.check(ok);
}

/// Runs the next microtask; false if there was none.
fn run_next(scope: &Scope<'_>) -> bool {
    let cx = scope.cx();
    root!(cx, task = UndefinedValue());
    // SAFETY: the out handle is a root.
    unsafe { JS_DequeueNextMicroTask(cx, task.handle_mut()) };
    if task.get().is_null() {
        return false;
    }
    // While the last task runs, an `await` of what is settled may go on at once: no other task could come between. The
    // engine takes this back itself when a task is queued.
    // SAFETY: plain settings of the context.
    unsafe {
        if !HasAnyMicroTasks(cx) {
            JobQueueIsEmpty(cx);
        }
    }
    // SAFETY: the task is rooted. A JavaScript task must run in the realm of its global; a null global is a task
    // whose realm is gone. Nothing is allocated before the job is rooted.
    let outcome = unsafe {
        let value = task.get();
        if IsJSMicroTask(&value) {
            let job = ToUnwrappedJSMicroTask(&value);
            scope.enter_context_of(job);
            if job.is_null() || GetExecutionGlobalFromJSMicroTask(job).is_null() {
                return true;
            }
            scope.begin_traced(tracing::Task::Job(job));
            let job = ToUnwrappedJSMicroTask(&task.get());
            scope.note_async_frame(job);
            let job = ToUnwrappedJSMicroTask(&task.get());
            root!(cx, global = GetExecutionGlobalFromJSMicroTask(job));
            root!(cx, job = job);
            // Another realm's, if the program made some.
            let is_elsewhere = global.get() != scope.inner().global_value().to_object();
            if is_elsewhere
                && scope.inner().has_own_queues.get()
                && scope.keep_task(global.get(), task.get())
            {
                return true;
            }
            let run = |scope: &Scope<'_>| {
                let ok = if is_elsewhere {
                    let _entered = super::realms::Entered::new(cx, global.get());
                    RunJSMicroTask(cx, job.handle())
                } else {
                    RunJSMicroTask(cx, job.handle())
                };
                scope.check(ok)
            };
            if scope.inner().async_context.has_tracker() {
                scope.nested(|scope| scope.run_tracked(run))
            } else {
                run(scope)
            }
        } else {
            scope.enter_context_of(ptr::null_mut());
            scope.begin_traced(tracing::Task::Function(value.to_object()));
            scope.nested(|scope| {
                let callback = scope.root(task.get());
                scope.call(callback, Local::undefined(), &[]).map(|_| ())
            })
        }
    };
    if trace::is_on() {
        scope.inner().tracing.end(scope.inner());
    }
    if let Err(error) = outcome {
        report_uncaught(scope, error);
    }
    true
}

fn report_uncaught(scope: &Scope<'_>, error: Error) {
    let hooks = scope.inner().hooks.borrow().clone();
    hooks.uncaught(scope, error);
}

fn is_handled(scope: &Scope<'_>, promise: Local<'_>) -> bool {
    let cx = scope.cx();
    root!(cx, promise = promise.object_or_null());
    // SAFETY: the handle is a root and a rejected promise.
    unsafe { GetPromiseIsHandled(promise.handle()) }
}

impl Scope<'_> {
    /// `queueMicrotask(callback)`.
    ///
    /// # Errors
    /// A TypeError if it is no function; when memory runs out.
    pub fn queue_microtask(&self, callback: Local<'_>) -> Result<(), Error> {
        if !self.is_function(callback) {
            return Err(Error::type_error(
                "queueMicrotask: the callback is not a function",
            ));
        }
        self.enqueue(callback)
    }

    /// Puts a task at the end of the queue; it runs in the context of now.
    fn enqueue(&self, task: Local<'_>) -> Result<(), Error> {
        self.inner().refresh_async_context();
        if self.inner().async_context.is_used() {
            self.inner().remember_async_context();
        }
        // SAFETY: the engine copies the value into its traced queue.
        let ok = unsafe { EnqueueMicroTask(self.cx(), &task.value()) };
        self.check(ok)
    }

    /// Writes down what the microtask that was just taken from the queue is, in a process that is traced. May collect.
    fn begin_traced(&self, task: tracing::Task) {
        if trace::is_on() {
            let place = self.inner().async_context.last_place();
            self.nested(|scope| self.inner().tracing.begin(scope, task, place));
        }
    }

    /// Enters the context of the microtask that was just taken from the queue; `job` is null for a function of the program's.
    fn enter_context_of(&self, job: *mut JSMicroTask) {
        let place = self.inner().async_context.next_place();
        if self.inner().async_context.is_used() {
            self.inner().enter_async_context(self.cx(), job, place);
        }
    }

    /// Whether a promise has a handler, so that its rejection is nobody's loss.
    pub fn is_promise_handled(&self, promise: Local<'_>) -> bool {
        self.is_promise(promise) && is_handled(self, promise)
    }

    /// Calls `function` once at the next checkpoint, before the microtasks; in the middle of a checkpoint, when those that are
    /// queued have run. It replaces one that is waiting.
    pub fn run_before_microtasks(&self, function: Local<'_>) {
        *self.inner().first.borrow_mut() = Some(self.persist(function));
    }

    /// Lets the microtasks that are queued go first at the next checkpoint: a module's code runs as one itself.
    pub fn microtasks_first(&self) {
        self.inner().microtasks_first.set(true);
    }

    /// Hands an error that nobody can catch to the hooks (an event, or a report and exit status 1).
    pub fn report_uncaught(&self, error: Error) {
        report_uncaught(self, error);
    }
}

/// `microtasksQueued()`: how many microtasks were ever queued, modulo 2^30. As long as the number stays, nothing came after what was queued
/// last; streams ask that once a chunk, so the operation is a bare one (10 ns).
pub const MICROTASKS_QUEUED: Op = Op::bare("microtasksQueued", 0, microtasks_queued);

/// `enqueueTurn(function)`: as `enqueueMicrotask`, of a function of ours; the result is `microtasksQueued()` with it.
pub const ENQUEUE_TURN: Op = Op::bare("enqueueTurn", 1, enqueue_turn);

/// The number that both give. An int32, as the JIT likes it.
fn queued_so_far(inner: &ContextState) -> Value {
    Int32Value((inner.microtasks_queued() & 0x3fff_ffff) as i32)
}

/// # Safety
/// Called by the engine, as a native function.
unsafe extern "C" fn microtasks_queued(cx: *mut JSContext, _: u32, values: *mut JSVal) -> bool {
    // SAFETY: the engine passes our context, and a frame whose first value is for the result.
    unsafe { *values = queued_so_far(ContextState::of(cx)) };
    true
}

/// # Safety
/// Called by the engine, as a native function.
unsafe extern "C" fn enqueue_turn(cx: *mut JSContext, count: u32, values: *mut JSVal) -> bool {
    // SAFETY: the engine passes our context, and a rooted frame of the callee, the receiver and `count` arguments, whose first value is for
    // the result. The engine copies the function into its traced queue.
    unsafe {
        let inner = ContextState::of(cx);
        inner.refresh_async_context();
        if inner.async_context.is_used() {
            inner.remember_async_context();
        }
        if count == 0 || !EnqueueMicroTask(cx, &*values.add(2)) {
            return false;
        }
        *values = queued_so_far(inner);
    }
    true
}

pub(super) fn install(inner: &ContextState) {
    let cx = inner.cx();
    let traps = JobQueueTraps {
        getHostDefinedData: Some(host_defined_data),
        getHostDefinedGlobal: Some(host_defined_global),
        runJobs: Some(run_jobs),
        traceNonGCThingMicroTask: Some(trace_task),
    };
    // SAFETY: the queue copies the traps; it outlives the context (see `uninstall`). The tracker gets the `ContextState` that
    // the context's private also names.
    unsafe {
        let queue = CreateJobQueue(&raw const traps);
        inner.job_queue.set(queue);
        SetJobQueue(cx, queue.cast());
        SetPromiseRejectionTrackerCallback(cx, Some(track_rejection), ptr::null_mut());
        SetHostCleanupFinalizationRegistryCallback(
            cx,
            Some(queue_clean_up),
            ptr::from_ref(inner).cast_mut().cast(),
        );
    }
}

/// Frees the queue of a context that is gone.
pub(super) fn uninstall(inner: &ContextState) {
    let queue = inner.job_queue.replace(ptr::null_mut());
    if !queue.is_null() {
        // SAFETY: made by `CreateJobQueue`; the context that used it has been destroyed.
        unsafe { DeleteJobQueue(queue) };
    }
}

/// # Safety
/// Called by the engine when a reaction of a pending promise is registered: its context is kept with it.
unsafe extern "C" fn host_defined_data(
    cx: *mut JSContext,
    incumbent: MutableHandleObject,
    data: MutableHandleObject,
) -> bool {
    incumbent.set(ptr::null_mut::<JSObject>());
    data.set(ptr::null_mut::<JSObject>());
    // SAFETY: the engine passes our context.
    let inner = unsafe { ContextState::of(cx) };
    inner.refresh_async_context();
    if inner.async_context.is_used() {
        let Some(value) = inner.context_of_reaction(cx) else {
            return false;
        };
        if value.is_object() {
            // The engine keeps no data without a global beside it.
            incumbent.set(inner.global_value().to_object());
            data.set(value.to_object());
        }
    }
    true
}

/// # Safety
/// Called by the engine when it is about to queue a job whose context it does not keep.
unsafe extern "C" fn host_defined_global(cx: *mut JSContext, data: MutableHandleObject) -> bool {
    data.set(ptr::null_mut::<JSObject>());
    // SAFETY: the engine passes our context.
    let inner = unsafe { ContextState::of(cx) };
    inner.refresh_async_context();
    if inner.async_context.is_used() {
        let Some(value) = inner.context_of_reaction(cx) else {
            return false;
        };
        inner.remember(value);
    }
    true
}

/// # Safety
/// Called by the collector, on the context's thread, when a FinalizationRegistry has something to say.
unsafe extern "C" fn queue_clean_up(job: *mut JSFunction, _: *mut JSObject, data: *mut c_void) {
    // SAFETY: `data` is the `ContextState` that was registered, which outlives the context; the function is live, and becomes a
    // root before anything can collect again.
    unsafe {
        let inner = &*data.cast::<ContextState>();
        let job = JS_GetFunctionObject(job);
        inner
            .clean_ups
            .borrow_mut()
            .push_back(inner.roots.slot(ObjectValue(job)));
    }
}

/// # Safety
/// Called by the Debugger API only, which Twinloop does not expose.
unsafe extern "C" fn run_jobs(_: *mut JSContext) {}

/// # Safety
/// Called for queue entries that are no heap cells; Twinloop queues none.
unsafe extern "C" fn trace_task(_: *mut JSTracer, _: *mut Value) {}

/// # Safety
/// Called by the engine when a promise is rejected without a handler, or gets its first one after that.
unsafe extern "C" fn track_rejection(
    cx: *mut JSContext,
    _muted: bool,
    promise: HandleObject,
    state: PromiseRejectionHandlingState,
    _: *mut c_void,
) {
    // SAFETY: the engine passes our context and a valid handle.
    let inner = unsafe { ContextState::of(cx) };
    let promise = ObjectValue(promise.get());
    let mut rejections = inner.rejections.borrow_mut();
    match state {
        PromiseRejectionHandlingState::Unhandled => {
            let slot = inner.roots.slot(promise);
            rejections.pending.push(slot);
        }
        PromiseRejectionHandlingState::Handled => {
            // One that is still pending is found handled when its turn comes.
            let Some(map) = &rejections.reported else {
                return;
            };
            root!(cx, map = map.value().to_object_or_null());
            root!(cx, key = promise);
            root!(cx, known = UndefinedValue());
            // SAFETY: handles are roots; the look-up does not collect.
            let ok = unsafe { GetWeakMapEntry(cx, map.handle(), key.handle(), known.handle_mut()) };
            if ok && !known.get().is_undefined() {
                let slot = inner.roots.slot(key.get());
                rejections.late.push(slot);
            }
        }
    }
}
