//! What another thread may do to JavaScript that is running: end it (Ctrl-C, a watchdog, a time limit), or have it pause.
//!
//! [`InterruptHandle`] sets a flag and asks the engine to call back at its next safe point, urgently: also inside of
//! regular expressions, WebAssembly and `Atomics.wait`. The callback then ends the script with an error that no JavaScript
//! can catch. The flag counts for what is running; the outermost call takes it.
//!
//! [`Pauses`] is a thread that looks every few milliseconds whether JavaScript has run meanwhile, and if so has it call a
//! function at its next safe point (in Python's process, one that lets other threads have the GIL). Safe points of a pause
//! are loops and calls, WebAssembly's too, and between microtasks; not a regular expression, which the engine can only
//! begin again from the start. JavaScript that runs shortly pays two stores to memory; the thread sleeps while none runs.

use std::cell::RefCell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread::Thread;
use std::time::Duration;

use mozjs::jsapi::JS::SetWaitCallback;
use mozjs::jsapi::{
    JS_AddInterruptCallback, JS_GetRuntime, JS_RequestInterruptCallback,
    JS_RequestInterruptCallbackCanWait, JSContext,
};

use super::context::{Context, ContextState};
use super::tracing;
use twinloop_loop::trace;

unsafe extern "C" {
    /// `js::wasm::InterruptRunningCode`: makes WebAssembly look at the request too, which only urgent ones do by themselves.
    #[link_name = "_ZN2js4wasm20InterruptRunningCodeEP9JSContext"]
    fn interrupt_running_wasm(cx: *mut JSContext);
}

/// What the context's thread and others share.
struct InterruptShared {
    /// Null once the context is going; the lock keeps it alive while another thread uses it.
    cx: Mutex<*mut JSContext>,
    /// The script is to end.
    requested: AtomicBool,
    /// A script was ended and nobody has asked yet.
    taken: AtomicBool,
    /// No JavaScript is to run any more.
    ended: AtomicBool,
    /// Counts when JavaScript begins and when it ends, so it is odd while it runs. Only the context's thread writes it.
    activity: AtomicU64,
    /// A pause is due.
    pause: AtomicBool,
    /// The thread of `Pauses` sleeps until JavaScript runs again.
    asleep: AtomicBool,
    pauses_end: AtomicBool,
    watcher: OnceLock<Thread>,
}

// SAFETY: the pointer is only used under the lock, for requests that the engine allows from any thread.
unsafe impl Send for InterruptShared {}
// SAFETY: as above.
unsafe impl Sync for InterruptShared {}

/// The context's side.
pub(super) struct Interrupt {
    shared: Arc<InterruptShared>,
    /// What a pause does.
    pause: RefCell<Option<Rc<dyn Fn()>>>,
}

/// Ends running JavaScript, from any thread.
#[derive(Clone)]
pub struct InterruptHandle(Arc<InterruptShared>);

impl Interrupt {
    pub(super) fn new(cx: *mut JSContext) -> Self {
        Interrupt {
            shared: Arc::new(InterruptShared {
                cx: Mutex::new(cx),
                requested: AtomicBool::new(false),
                taken: AtomicBool::new(false),
                ended: AtomicBool::new(false),
                activity: AtomicU64::new(0),
                pause: AtomicBool::new(false),
                asleep: AtomicBool::new(false),
                pauses_end: AtomicBool::new(false),
                watcher: OnceLock::new(),
            }),
            pause: RefCell::new(None),
        }
    }

    pub(super) fn handle(&self) -> InterruptHandle {
        InterruptHandle(self.shared.clone())
    }

    /// After this, handles do nothing.
    pub(super) fn close(&self) {
        *self
            .shared
            .cx
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = std::ptr::null_mut();
        self.pause.take();
    }

    /// JavaScript begins, or has ended: the outermost scope opens or closes.
    pub(super) fn mark(&self) {
        let shared = &*self.shared;
        // One writer: no read-modify-write is needed.
        let count = shared.activity.load(Ordering::Relaxed) + 1;
        shared.activity.store(count, Ordering::Relaxed);
        if shared.asleep.load(Ordering::Relaxed) {
            shared.wake();
        }
    }

    /// Pauses if one is due. Called where no scope is in use: between microtasks.
    pub(super) fn pause_if_due(&self, inner: &ContextState) {
        if self.shared.pause.load(Ordering::Relaxed) {
            self.pause(inner);
        }
    }

    #[cold]
    fn pause(&self, inner: &ContextState) {
        self.shared.pause.store(false, Ordering::Relaxed);
        let Some(pause) = self.pause.borrow().clone() else {
            return;
        };
        // A panic may not cross the engine, and there is nobody here to tell.
        let _ = catch_unwind(AssertUnwindSafe(|| inner.closed_while(|| pause())));
    }
}

impl InterruptShared {
    fn with_context(&self, request: impl FnOnce(*mut JSContext)) {
        let cx = self
            .cx
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if !cx.is_null() {
            request(*cx);
        }
    }

    #[cold]
    fn wake(&self) {
        self.asleep.store(false, Ordering::Relaxed);
        if let Some(watcher) = self.watcher.get() {
            watcher.unpark();
        }
    }

    /// The thread of [`Pauses`].
    fn watch(&self, interval: Duration) {
        /// Intervals without JavaScript after which the thread sleeps until there is some.
        const PATIENCE: u32 = 200;
        let activity = || self.activity.load(Ordering::Relaxed);
        let mut last = activity();
        let mut idle = 0;
        loop {
            std::thread::park_timeout(interval);
            if self.pauses_end.load(Ordering::Relaxed) {
                return;
            }
            let now = activity();
            if now == last && now.is_multiple_of(2) {
                idle += 1;
                if idle > PATIENCE {
                    self.sleep(interval, now);
                    idle = 0;
                }
                continue;
            }
            idle = 0;
            last = now;
            self.pause.store(true, Ordering::Relaxed);
            if !now.is_multiple_of(2) {
                // SAFETY: the context is alive for the call, and these requests are allowed from any thread.
                self.with_context(|cx| unsafe {
                    JS_RequestInterruptCallbackCanWait(cx);
                    interrupt_running_wasm(cx);
                });
            }
        }
    }

    /// Sleeps until JavaScript runs or the pauses end.
    fn sleep(&self, interval: Duration, activity: u64) {
        self.asleep.store(true, Ordering::SeqCst);
        // `mark` stores the count and then looks at `asleep`, without a barrier between. A count stored by one that missed
        // the flag is visible after an interval, which is a million times longer than a store takes.
        std::thread::park_timeout(interval);
        if self.activity.load(Ordering::SeqCst) == activity {
            while self.asleep.load(Ordering::SeqCst) && !self.pauses_end.load(Ordering::SeqCst) {
                std::thread::park();
            }
        }
        self.asleep.store(false, Ordering::SeqCst);
    }
}

impl InterruptHandle {
    /// Ends the JavaScript that is running, or the next that runs.
    pub fn interrupt(&self) {
        self.0.requested.store(true, Ordering::SeqCst);
        // SAFETY: the context is alive for the call, and this request is allowed from any thread.
        self.0
            .with_context(|cx| unsafe { JS_RequestInterruptCallback(cx) });
    }

    /// Ends the JavaScript that is running, and lets none run afterwards.
    pub fn end(&self) {
        self.0.ended.store(true, Ordering::SeqCst);
        // SAFETY: as above.
        self.0
            .with_context(|cx| unsafe { JS_RequestInterruptCallback(cx) });
    }

    /// Has the context look at what runs, at a safe point (`tracing.rs`).
    pub(super) fn look(&self) {
        self.0.with_context(tracing::request);
    }

    /// Withdraws a request that has not been served.
    pub fn withdraw(&self) {
        self.0.requested.store(false, Ordering::SeqCst);
    }
}

/// Has JavaScript that runs for long pause every now and then, until dropped.
pub struct Pauses(Arc<InterruptShared>);

impl Drop for Pauses {
    fn drop(&mut self) {
        self.0.pauses_end.store(true, Ordering::SeqCst);
        if let Some(watcher) = self.0.watcher.get() {
            watcher.unpark();
        }
    }
}

impl Context {
    /// Calls `pause` on this thread about every `interval` while JavaScript runs, at points where other threads may do as
    /// they like. `pause` cannot use the context.
    ///
    /// # Errors
    /// When the context has pauses already, or no thread can be started.
    pub fn pause_every(
        &self,
        interval: Duration,
        pause: Rc<dyn Fn()>,
    ) -> Result<Pauses, std::io::Error> {
        let interrupt = &self.0.interrupt;
        let shared = Arc::clone(&interrupt.shared);
        if shared.watcher.get().is_some() {
            return Err(std::io::Error::other("the context has pauses already"));
        }
        let thread = std::thread::Builder::new()
            .name("twinloop-pauses".into())
            .spawn(move || shared.watch(interval))?;
        let _ = interrupt.shared.watcher.set(thread.thread().clone());
        *interrupt.pause.borrow_mut() = Some(pause);
        Ok(Pauses(interrupt.shared.clone()))
    }

    /// Whether JavaScript was ended by an interrupt since the last time this was asked.
    pub fn take_interrupted(&self) -> bool {
        self.0.interrupt.shared.taken.swap(false, Ordering::SeqCst)
    }
}

thread_local! {
    /// What the thread's context shares; for a callback that is not told whose it is.
    static OF_THREAD: RefCell<Option<Weak<InterruptShared>>> = const { RefCell::new(None) };
}

impl Interrupt {
    pub(super) fn install(&self, cx: *mut JSContext) {
        OF_THREAD.set(Some(Arc::downgrade(&self.shared)));
        // SAFETY: the callbacks are plain functions that live as long as the process, and use no memory of the wait's.
        unsafe {
            JS_AddInterruptCallback(cx, Some(callback));
            SetWaitCallback(JS_GetRuntime(cx), Some(before_wait), Some(after_wait), 0);
        }
    }
}

/// The thread is about to block in `Atomics.wait`, under the lock that requests take to wake it. One that came after the last safe point has
/// found nobody waiting, and its wake-up is lost: another thread repeats it, which cannot get at the lock before this one waits.
///
/// # Safety
/// Called by the engine on the context's thread.
unsafe extern "C" fn before_wait(_: *mut u8) -> *mut c_void {
    let shared = OF_THREAD.with_borrow(|shared| shared.as_ref().and_then(Weak::upgrade));
    if let Some(shared) = shared
        && (shared.requested.load(Ordering::SeqCst) || shared.ended.load(Ordering::SeqCst))
    {
        let again = std::thread::Builder::new().name("twinloop-interrupt".into());
        let spawned = again.spawn(move || {
            // SAFETY: the context is alive for the call, and this request is allowed from any thread.
            shared.with_context(|cx| unsafe { JS_RequestInterruptCallback(cx) });
        });
        // Without a thread the wait lasts until it is over by itself or is interrupted again.
        drop(spawned);
    }
    std::ptr::null_mut()
}

unsafe extern "C" fn after_wait(_: *mut c_void) {}

/// # Safety
/// Called by the engine on the context's thread at a safe point after a request.
unsafe extern "C" fn callback(cx: *mut JSContext) -> bool {
    // SAFETY: the engine passes our context; the engine's own early requests (before the private is set) find null.
    let private = unsafe { mozjs::jsapi::JS_GetContextPrivate(cx) };
    if private.is_null() {
        return true;
    }
    // SAFETY: not null, so it is ours.
    let inner = unsafe { ContextState::of(cx) };
    let interrupt = &inner.interrupt;
    interrupt.pause_if_due(inner);
    if trace::is_on() {
        inner.tracing.sample(inner);
    }
    if interrupt.shared.ended.load(Ordering::SeqCst) {
        inner.stopped.set(true);
    }
    if interrupt.shared.requested.swap(false, Ordering::SeqCst) {
        interrupt.shared.taken.store(true, Ordering::SeqCst);
        return false;
    }
    !inner.stopped.get()
}
