//! The structured clone algorithm (<https://html.spec.whatwg.org/#safe-passing-of-structured-data>), with transfer.

use std::ffi::{CStr, c_char, c_void};

use mozjs::jsapi::{
    CloneDataPolicy, JS_ReadStructuredClone, JS_STRUCTURED_CLONE_VERSION, JS_WriteStructuredClone,
    JSContext, JSStructuredCloneCallbacks, StructuredCloneScope,
};
use mozjs::jsval::UndefinedValue;
use mozjs::rust::JSAutoStructuredCloneBufferWrapper;

use super::error::Error;
use super::local::Local;
use super::roots::root;
use super::scope::Scope;

static CALLBACKS: JSStructuredCloneCallbacks = JSStructuredCloneCallbacks {
    read: None,
    write: None,
    reportError: Some(note_failure),
    readTransfer: None,
    writeTransfer: None,
    freeTransfer: None,
    canTransfer: None,
    sabCloned: None,
};

/// Why the algorithm refused a value; filled by the engine through `reportError`.
#[derive(Default)]
struct Refusal {
    message: Option<String>,
}

/// # Safety
/// Called by the engine during `structured_clone` with the `Refusal` that it was given.
unsafe extern "C" fn note_failure(
    _: *mut JSContext,
    _: u32,
    closure: *mut c_void,
    message: *const c_char,
) {
    // SAFETY: the closure is the `Refusal` below, which nothing else uses meanwhile; the message is a C string or null.
    unsafe {
        let text =
            (!message.is_null()).then(|| CStr::from_ptr(message).to_string_lossy().into_owned());
        (*closure.cast::<Refusal>()).message = Some(text.unwrap_or_default());
    }
}

impl<'s> Scope<'s> {
    /// A deep copy of `value`. `transfer` is undefined or an array of objects to move instead of copying: they are
    /// detached.
    ///
    /// # Errors
    /// A `DataCloneError` for what cannot be cloned; what getters throw.
    pub fn structured_clone(
        &self,
        value: Local<'_>,
        transfer: Local<'_>,
    ) -> Result<Local<'s>, Error> {
        let cx = self.cx();
        // Within one thread and process, memory that threads share may be shared with the copy.
        let policy = CloneDataPolicy {
            allowIntraClusterClonableSharedObjects_: true,
            allowSharedMemoryObjects_: true,
        };
        let mut refusal = Refusal::default();
        let closure = (&raw mut refusal).cast::<c_void>();
        root!(cx, copy = UndefinedValue());
        // SAFETY: handles are roots; the buffer, the static callbacks and the closure outlive both calls; what is read was
        // written by the same engine with the same callbacks, as the scope `SameProcess` demands.
        let ok = unsafe {
            let buffer = JSAutoStructuredCloneBufferWrapper::new(
                StructuredCloneScope::SameProcess,
                &CALLBACKS,
            );
            let data = &raw mut (*buffer.as_raw_ptr()).data_;
            JS_WriteStructuredClone(
                cx,
                value.handle(),
                data,
                StructuredCloneScope::SameProcess,
                &raw const policy,
                &CALLBACKS,
                closure,
                transfer.handle(),
            ) && JS_ReadStructuredClone(
                cx,
                data,
                JS_STRUCTURED_CLONE_VERSION,
                StructuredCloneScope::SameProcess,
                copy.handle_mut(),
                &raw const policy,
                &CALLBACKS,
                closure,
            )
        };
        if ok {
            return Ok(self.root(copy.get()));
        }
        match refusal.message {
            Some(reason) if reason.is_empty() => Err(Error::dom(
                "DataCloneError",
                "structuredClone: the value cannot be cloned",
            )),
            Some(reason) => Err(Error::dom(
                "DataCloneError",
                format!("structuredClone: {reason}"),
            )),
            None => Err(Error::pending(self)),
        }
    }
}
