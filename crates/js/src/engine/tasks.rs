//! Work of the engine's helper threads that must finish on the loop's thread: WebAssembly compilation,
//! `Atomics.waitAsync`, FinalizationRegistry jobs.
//!
//! The engine hands over a *dispatchable* from any thread; it travels to the loop as a [`Task`], through the inbox that
//! the embedder gives ([`TaskSink`]), and runs there (rule NO-GIL-OFF-LOOP: the callbacks touch neither a context nor
//! the GIL). While the context is going, handed-over work goes back to the engine, which waits for it.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use mozjs::jsapi::{
    Dispatchable, Dispatchable_MaybeShuttingDown, InitAsyncTaskCallbacks, JSContext,
    ShutdownAsyncTasks,
};

use super::context::{Context, ContextState};

unsafe extern "C" {
    /// `JS::Dispatchable::Run`; in the library, not in the bindings. The second argument is a `UniquePtr&&`, a pointer to
    /// the owning pointer.
    #[link_name = "_ZN2JS12Dispatchable3RunEP9JSContextOSt10unique_ptrIS0_NS_12DeletePolicyIS0_EEENS0_17MaybeShuttingDownE"]
    fn dispatchable_run(
        cx: *mut JSContext,
        task: *mut *mut Dispatchable,
        shutting_down: Dispatchable_MaybeShuttingDown,
    );
    /// The virtual table of `js::WaitAsyncNotifyTask`: what an `Atomics.waitAsync` is, among tasks.
    #[link_name = "_ZTVN2js19WaitAsyncNotifyTaskE"]
    static WAIT_ASYNC_TABLE: [*const c_void; 2];
    /// `JS::Dispatchable::ReleaseFailedTask`: gives a task back to the engine, from any thread.
    #[link_name = "_ZN2JS12Dispatchable17ReleaseFailedTaskEOSt10unique_ptrIS0_NS_12DeletePolicyIS0_EEE"]
    fn dispatchable_release(task: *mut *mut Dispatchable);
}

/// A piece of the engine's work, to be given to [`Context::run_task`] on the loop's thread. Dropped elsewhere, it goes
/// back to the engine, which drops it at its end.
pub struct Task(*mut Dispatchable);

// SAFETY: the engine makes dispatchables to be moved between threads; only `run_task`, on the context's thread, runs it.
unsafe impl Send for Task {}

impl Drop for Task {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: we own the dispatchable; the engine allows the release from any thread.
            unsafe { dispatchable_release(&mut self.0) };
        }
    }
}

/// Where helper threads put work for the loop's thread. Must not block and must not use any context.
pub trait TaskSink: Send + Sync {
    /// Brings the task to the loop's thread, after `delay_ms` if not zero. False if the loop is gone.
    fn post(&self, task: Task, delay_ms: u32) -> bool;
}

/// Hears that a task which will finish by itself was started (`true`) or finished.
pub type Pending = Rc<dyn Fn(bool)>;

thread_local! {
    /// What hears that a task was started or finished; both happen on the context's thread, of which there is one.
    static PENDING: RefCell<Option<Pending>> = const { RefCell::new(None) };
    /// The `Atomics.waitAsync` that wait. Nobody may ever notify them, so nobody hears of them.
    static WAITERS: RefCell<HashSet<*const Dispatchable>> = RefCell::default();
}

/// What the engine's threads get of the context: where work goes.
struct Outlet {
    sink: Mutex<Option<Arc<dyn TaskSink>>>,
}

/// The context's registration.
pub(super) struct Tasks(Arc<Outlet>);

impl Context {
    /// Says where the work of helper threads goes, and what hears, on this thread, that a task was started (`true`) or
    /// finished, so that it can keep the program alive meanwhile. An `Atomics.waitAsync` is no such task, with a timeout or
    /// without one. To be called once, before any script runs.
    pub fn set_task_sink(&self, sink: Arc<dyn TaskSink>, pending: Pending) {
        PENDING.set(Some(pending));
        let outlet = Arc::new(Outlet {
            sink: Mutex::new(Some(sink)),
        });
        // SAFETY: the closure pointer stays valid until the context is gone: `ContextState` keeps `Tasks`.
        unsafe {
            InitAsyncTaskCallbacks(
                self.0.cx(),
                Some(dispatch),
                Some(dispatch_delayed),
                Some(started),
                Some(finished),
                Arc::as_ptr(&outlet).cast_mut().cast::<c_void>(),
            );
        }
        *self.0.tasks.borrow_mut() = Some(Tasks(outlet));
    }

    /// Runs a task on the context's thread; a checkpoint should follow.
    pub fn run_task(&self, mut task: Task) {
        if !self.0.is_open() || self.0.stopped.get() {
            return;
        }
        let mut dispatchable = std::mem::replace(&mut task.0, ptr::null_mut());
        self.enter(|scope| {
            // SAFETY: we own the dispatchable and pass it on; this is the context's thread.
            unsafe {
                dispatchable_run(
                    scope.cx(),
                    &mut dispatchable,
                    Dispatchable_MaybeShuttingDown::NotShuttingDown,
                )
            };
        });
    }
}

/// Cancels or waits for all tasks; before the context goes.
pub(super) fn shut_down(inner: &ContextState) {
    if let Some(tasks) = &*inner.tasks.borrow() {
        *tasks
            .0
            .sink
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = None;
        // SAFETY: on the context's thread.
        unsafe { ShutdownAsyncTasks(inner.cx()) };
    }
    PENDING.set(None);
    WAITERS.take();
}

fn post(closure: *mut c_void, dispatchable: *mut u8, delay_ms: u32) -> bool {
    // SAFETY: `closure` is the `Outlet` that was registered; `dispatchable` points to the engine's owning pointer.
    let (outlet, owner) = unsafe {
        (
            &*closure.cast::<Outlet>(),
            &mut *dispatchable.cast::<*mut Dispatchable>(),
        )
    };
    let sink = outlet
        .sink
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
        .clone();
    let Some(sink) = sink else {
        // The engine's convention: refused work is given back explicitly.
        // SAFETY: the owning pointer still owns.
        unsafe { dispatchable_release(owner) };
        return false;
    };
    let task = Task(std::mem::replace(owner, ptr::null_mut()));
    sink.post(task, delay_ms)
}

/// # Safety
/// Called by the engine, from any thread.
unsafe extern "C" fn dispatch(closure: *mut c_void, dispatchable: *mut u8) -> bool {
    post(closure, dispatchable, 0)
}

/// # Safety
/// Called by the engine, from any thread.
unsafe extern "C" fn dispatch_delayed(
    closure: *mut c_void,
    dispatchable: *mut u8,
    delay_ms: u32,
) -> bool {
    post(closure, dispatchable, delay_ms.max(1))
}

fn pending(started: bool) {
    let pending = PENDING.with_borrow(Clone::clone);
    if let Some(pending) = pending {
        pending(started);
    }
}

/// # Safety
/// Called by the engine on the context's thread.
unsafe extern "C" fn started(_: *mut c_void, task: *mut Dispatchable) {
    // SAFETY: the task is a whole object with virtual functions, so it begins with the address of its table, which lies
    // behind two words of the table's symbol (the Itanium C++ ABI).
    let waits = unsafe {
        let table = *task.cast_const().cast::<*const *const c_void>();
        table == (&raw const WAIT_ASYNC_TABLE).cast::<*const c_void>().add(2)
    };
    if waits {
        WAITERS.with_borrow_mut(|waiters| waiters.insert(task.cast_const()));
    } else {
        pending(true);
    }
}

/// # Safety
/// Called by the engine on the context's thread, also while it destroys the task.
unsafe extern "C" fn finished(_: *mut c_void, task: *mut Dispatchable) {
    if !WAITERS.with_borrow_mut(|waiters| waiters.remove(&task.cast_const())) {
        pending(false);
    }
}
