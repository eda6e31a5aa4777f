//! Ending JavaScript that does not end by itself: from a signal thread (Ctrl-C), a watchdog, or a time limit.
//!
//! [`InterruptHandle`] is the one thing here that other threads may use. It sets a flag and asks the engine to call back
//! at its next safe point, also inside `Atomics.wait`; the callback then ends the script with an error that no
//! JavaScript can catch. The flag counts for what is running; the outermost call takes it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use mozjs::jsapi::{JS_AddInterruptCallback, JS_RequestInterruptCallbackCanWait, JSContext};

use super::context::{Context, Inner};

struct Shared {
    /// Null once the context is going; the lock keeps it alive while another thread uses it.
    cx: Mutex<*mut JSContext>,
    requested: AtomicBool,
    taken: AtomicBool,
}

// SAFETY: the pointer is only used under the lock, for a request that the engine allows from any thread.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// The context's side.
pub(super) struct Interrupt(Arc<Shared>);

/// Ends running JavaScript, from any thread.
#[derive(Clone)]
pub struct InterruptHandle(Arc<Shared>);

impl Interrupt {
    pub(super) fn new(cx: *mut JSContext) -> Self {
        Interrupt(Arc::new(Shared {
            cx: Mutex::new(cx),
            requested: AtomicBool::new(false),
            taken: AtomicBool::new(false),
        }))
    }

    pub(super) fn handle(&self) -> InterruptHandle {
        InterruptHandle(self.0.clone())
    }

    /// After this, handles do nothing.
    pub(super) fn close(&self) {
        *self
            .0
            .cx
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = std::ptr::null_mut();
    }
}

impl InterruptHandle {
    /// Ends the JavaScript that is running, or the next that runs.
    pub fn interrupt(&self) {
        self.0.requested.store(true, Ordering::SeqCst);
        let cx = self
            .0
            .cx
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if !cx.is_null() {
            // SAFETY: the context is alive while the lock is held, and this request is allowed from any thread.
            unsafe { JS_RequestInterruptCallbackCanWait(*cx) };
        }
    }

    /// Withdraws a request that has not been served.
    pub fn withdraw(&self) {
        self.0.requested.store(false, Ordering::SeqCst);
    }
}

impl Context {
    /// Whether JavaScript was ended by an interrupt since the last time this was asked.
    pub fn take_interrupted(&self) -> bool {
        self.0.interrupt.0.taken.swap(false, Ordering::SeqCst)
    }
}

pub(super) fn install(cx: *mut JSContext) {
    // SAFETY: the callback is a plain function that lives as long as the process.
    unsafe { JS_AddInterruptCallback(cx, Some(callback)) };
}

/// # Safety
/// Called by the engine on the context's thread at a safe point after a request.
unsafe extern "C" fn callback(cx: *mut JSContext) -> bool {
    // SAFETY: the engine passes our context; the engine's own early requests (before the private is set) find null.
    let private = unsafe { mozjs::jsapi::JS_GetContextPrivate(cx) };
    if private.is_null() {
        return true;
    }
    // SAFETY: not null, so it is ours.
    let inner = unsafe { Inner::of(cx) };
    let shared = &inner.interrupt.0;
    if shared.requested.swap(false, Ordering::SeqCst) {
        shared.taken.store(true, Ordering::SeqCst);
        return false;
    }
    !inner.stopped.get()
}
