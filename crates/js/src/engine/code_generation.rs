//! Realms that may make no code at run time: neither of strings (`eval`, `Function`) nor of WebAssembly. A realm's global says in one of its
//! slots what it may not; the engine asks before it compiles.

use std::ffi::{CStr, c_uint, c_void};
use std::ptr;

use mozjs::glue::JS_GetReservedSlot;
use mozjs::jsapi::{
    CompilationType, CurrentGlobalOrNull, Handle, JS_ReportErrorNumberASCII, JS_SetReservedSlot,
    JS_SetSecurityCallbacks, JSContext, JSErrorFormatString, JSExnType, JSSecurityCallbacks,
    JSString, RuntimeCode, StackGCVector, Value,
};
use mozjs::jsval::{Int32Value, UndefinedValue};
use mozjs_sys::jsapi::js::TempAllocPolicy;

use super::error::Error;
use super::local::Local;
use super::scope::Scope;

/// The slot of a global object; undefined where everything is allowed.
const FORBIDDEN: u32 = 1;
const STRINGS: i32 = 1;
const WASM: i32 = 2;

static CALLBACKS: JSSecurityCallbacks = JSSecurityCallbacks {
    contentSecurityPolicyAllows: Some(allows),
    codeForEvalGets: None,
    subsumes: None,
};

/// As V8 has them: number, class, message.
const MESSAGES: [(JSExnType, &CStr); 2] = [
    (
        JSExnType::JSEXN_EVALERR,
        c"Code generation from strings disallowed for this context",
    ),
    (
        JSExnType::JSEXN_WASMCOMPILEERROR,
        c"WebAssembly.Module(): Wasm code generation disallowed by embedder",
    ),
];

impl Scope<'_> {
    /// Forbids the realm of this global object to make code of strings, of WebAssembly, or of both.
    ///
    /// # Errors
    /// When it is no object.
    pub fn forbid_code(&self, global: Local<'_>, strings: bool, wasm: bool) -> Result<(), Error> {
        let flags = if strings { STRINGS } else { 0 } | if wasm { WASM } else { 0 };
        let global = self.object_of(global)?;
        // SAFETY: a global object of ours, which has the engine's slots for embedders; the callbacks are static.
        unsafe {
            JS_SetReservedSlot(global, FORBIDDEN, &Int32Value(flags));
            JS_SetSecurityCallbacks(self.cx(), &CALLBACKS);
        }
        Ok(())
    }
}

/// # Safety
/// Called by the engine before it compiles code at run time, in the realm that asks for it.
unsafe extern "C" fn allows(
    cx: *mut JSContext,
    kind: RuntimeCode,
    _code: Handle<*mut JSString>,
    _compilation: CompilationType,
    _parameters: Handle<StackGCVector<*mut JSString, TempAllocPolicy>>,
    _body: Handle<*mut JSString>,
    _parameter_values: Handle<StackGCVector<Value, TempAllocPolicy>>,
    _body_value: Handle<Value>,
    allowed: *mut bool,
) -> bool {
    let mut forbidden = UndefinedValue();
    // SAFETY: a live context in a realm, whose global has the slot; the engine's out pointer. The message's number is one of ours.
    unsafe {
        JS_GetReservedSlot(CurrentGlobalOrNull(cx), FORBIDDEN, &mut forbidden);
        let flags = if forbidden.is_int32() {
            forbidden.to_int32()
        } else {
            0
        };
        let (flag, number) = match kind {
            RuntimeCode::JS => (STRINGS, 0),
            RuntimeCode::WASM => (WASM, 1),
        };
        *allowed = flags & flag == 0;
        if !*allowed {
            JS_ReportErrorNumberASCII(cx, Some(message), ptr::null_mut(), number);
        }
        *allowed
    }
}

/// One row of a table, which may be asked for on any thread.
struct Row(JSErrorFormatString);

// SAFETY: its pointers are to static strings.
unsafe impl Sync for Row {}

const fn row(index: usize) -> Row {
    let (class, text) = MESSAGES[index];
    Row(JSErrorFormatString {
        name: text.as_ptr(),
        format: text.as_ptr(),
        argCount: 0,
        exnType: class as i16,
    })
}

static ROWS: [Row; 2] = [row(0), row(1)];

/// # Safety
/// Called by the engine with a number that `allows` gave.
unsafe extern "C" fn message(_: *mut c_void, number: c_uint) -> *const JSErrorFormatString {
    ROWS.get(number as usize)
        .map_or(ptr::null(), |row| &raw const row.0)
}
