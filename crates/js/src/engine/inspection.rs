//! Questions about objects and the heap that the language itself cannot ask: for `inspect` and `process.memoryUsage`.

use std::ffi::CStr;

use mozjs::jsapi::{JS_GetGCParameter, JSGCParamKey};

use super::local::Local;
use super::scope::Scope;

impl Scope<'_> {
    /// The name of an object's class in the engine (`"Map"`, `"Uint8Array"`, `"Proxy"`), whatever its prototype says;
    /// `None` for a primitive.
    pub fn class_name(&self, value: Local<'_>) -> Option<&'static str> {
        self.cx();
        let object = value.object_or_null();
        if object.is_null() {
            return None;
        }
        // SAFETY: a live object has a class, classes are static, and so is their name, a C string.
        let name = unsafe { CStr::from_ptr((*mozjs::rust::get_object_class(object)).name) };
        name.to_str().ok()
    }

    /// Bytes of the JavaScript heap that are in use, and bytes that it has from the system.
    pub fn heap_bytes(&self) -> (f64, f64) {
        const CHUNK: f64 = 1_048_576.0;
        let cx = self.cx();
        // SAFETY: plain queries.
        let (used, chunks) = unsafe {
            (
                JS_GetGCParameter(cx, JSGCParamKey::JSGC_BYTES),
                JS_GetGCParameter(cx, JSGCParamKey::JSGC_TOTAL_CHUNKS),
            )
        };
        (f64::from(used), f64::from(chunks) * CHUNK)
    }
}
