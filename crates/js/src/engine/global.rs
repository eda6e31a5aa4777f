//! The global object: its class, whose resolve hook makes globals on first touch, so that a script pays only for the
//! names that it uses. Standard classes are lazy through the same hook.

use std::ffi::CString;
use std::ptr;

use mozjs::jsapi::{
    GetCurrentRealmOrNull, HandleId, HandleObject, JS_FireOnNewGlobalObject,
    JS_GlobalObjectTraceHook, JS_MayResolveStandardClass, JS_NewEnumerateStandardClasses,
    JS_NewGlobalObject, JS_ResolveStandardClass, JSAtomState, JSCLASS_GLOBAL_FLAGS, JSClass,
    JSClassOps, JSContext, JSObject, MutableHandleIdVector, OnNewGlobalHookOption,
    SetRealmTimezoneOverride, jsid,
};
use mozjs::rust::RealmOptions;

use super::context::{ContextState, allocated};
use super::functions::{StaticClass, id_text, native_body};
use super::roots::root;
use super::scope::Scope;

static GLOBAL_OPS: JSClassOps = JSClassOps {
    addProperty: None,
    delProperty: None,
    enumerate: None,
    newEnumerate: Some(enumerate),
    resolve: Some(resolve),
    mayResolve: Some(may_resolve),
    finalize: None,
    call: None,
    construct: None,
    trace: Some(JS_GlobalObjectTraceHook),
};

static GLOBAL_CLASS: StaticClass = StaticClass(JSClass {
    name: c"globalThis".as_ptr(),
    flags: JSCLASS_GLOBAL_FLAGS,
    cOps: &raw const GLOBAL_OPS,
    spec: ptr::null(),
    ext: ptr::null(),
    oOps: ptr::null(),
});

/// Makes the realm. The result is not rooted.
pub(super) fn create(cx: *mut JSContext) -> Result<*mut JSObject, String> {
    let mut options = RealmOptions::default();
    // `SharedArrayBuffer` and `Atomics`: programs run their own code, there is no other origin to guard against.
    options.creationOptions_.sharedMemoryAndAtomics_ = true;
    options.creationOptions_.defineSharedArrayBufferConstructor_ = true;
    // A collection that begins with no JavaScript below, as where the host counts memory, would throw all compiled code of the realm away, and
    // what it learned: the hundred calls of a small function that followed took 2.9 us each instead of 1.7.
    options.creationOptions_.preserveJitCode_ = true;
    // SAFETY: the class is static; without principals the realm trusts all code alike.
    let global = unsafe {
        JS_NewGlobalObject(
            cx,
            &GLOBAL_CLASS.0,
            ptr::null_mut(),
            OnNewGlobalHookOption::DontFireOnNewGlobalHook,
            &raw const *options,
        )
    };
    allocated(global, "the global object")
}

/// Announces the realm once it has been entered.
pub(super) fn initialize(inner: &ContextState) -> Result<(), String> {
    let cx = inner.cx();
    root!(cx, global = inner.global_value().to_object());
    // SAFETY: the handle is a root, and its realm was entered.
    unsafe { JS_FireOnNewGlobalObject(cx, global.handle()) };
    Ok(())
}

impl Scope<'_> {
    /// The time zone that dates are shown in, by its IANA name; `None` for the system's.
    pub fn set_time_zone(&self, name: Option<&str>) {
        let name = name.and_then(|name| CString::new(name).ok());
        let pointer = name.as_ref().map_or(ptr::null(), |name| name.as_ptr());
        // SAFETY: the context is in its realm; the engine copies the name.
        unsafe { SetRealmTimezoneOverride(GetCurrentRealmOrNull(self.cx()), pointer) };
    }
}

/// # Safety
/// Called by the engine when a property of the global object is missing.
unsafe extern "C" fn resolve(
    cx: *mut JSContext,
    object: HandleObject,
    id: HandleId,
    resolved: *mut bool,
) -> bool {
    // SAFETY: the engine passes a live context of ours and valid handles.
    unsafe {
        if !JS_ResolveStandardClass(cx, object, id, resolved) {
            return false;
        }
        if *resolved && is_error(*id) && !native_body(cx, "Error", super::stacks::install) {
            return false;
        }
        // A name of the engine's that the hooks know as well (`WebAssembly`) is one that they add to.
        let inner = ContextState::of(cx);
        let hooks = inner.hooks.borrow().clone();
        if *resolved && !native_body(cx, "a global", |scope| hooks.standard_global_made(scope)) {
            return false;
        }
        let Some(name) = id_text(*id).filter(|name| hooks.may_resolve_global(name)) else {
            return true;
        };
        native_body(cx, "a global", |scope| {
            let global = scope.global();
            // What the engine has made is there, whether or not they add to it.
            *resolved |= hooks.resolve_global(scope, global, &name)?;
            Ok(())
        })
    }
}

/// Whether this names `Error` or a subclass, which brings `Error` into being.
///
/// # Safety
/// `id` must be a live id.
unsafe fn is_error(id: jsid) -> bool {
    // SAFETY: the caller's promise.
    unsafe { id_text(id) }.is_some_and(|name| name.ends_with("Error"))
}

/// # Safety
/// Called by the engine, also by its JIT on the context's thread, to ask whether `resolve` might define `id`.
unsafe extern "C" fn may_resolve(
    names: *const JSAtomState,
    id: jsid,
    object: *mut JSObject,
) -> bool {
    // SAFETY: passed through. Any other string may be one of our lazy globals; "perhaps" is always a safe answer.
    unsafe { JS_MayResolveStandardClass(names, id, object) || id.is_string() }
}

/// # Safety
/// Called by the engine to list the lazy properties of the global object.
unsafe extern "C" fn enumerate(
    cx: *mut JSContext,
    object: HandleObject,
    properties: MutableHandleIdVector,
    enumerable_only: bool,
) -> bool {
    // SAFETY: the engine passes a live context of ours and valid handles; ids are rooted while they are appended.
    unsafe {
        if !JS_NewEnumerateStandardClasses(
            cx,
            object,
            MutableHandleIdVector {
                ptr: properties.ptr,
            },
            enumerable_only,
        ) {
            return false;
        }
        // Ours are not enumerable.
        if enumerable_only {
            return true;
        }
        let hooks = ContextState::of(cx).hooks.borrow().clone();
        native_body(cx, "the global object", |scope| {
            for name in hooks.global_names(scope) {
                let cx = scope.cx();
                root!(cx, id = scope.id(super::objects::Key::Name(name))?);
                let vector = MutableHandleIdVector {
                    ptr: properties.ptr,
                };
                scope.check(mozjs::glue::AppendToIdVector(vector, id.handle()))?;
            }
            Ok(())
        })
    }
}
