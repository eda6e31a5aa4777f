//! A `WebAssembly.Module` without its object: code that several threads may share, as it never changes.
//!
//! The engine counts who holds it (`JS::WasmModule`, an `AtomicRefCounted` class with virtual functions); its interface for that is
//! inline C++, so the count and the table of virtual functions are used here as the Itanium C++ ABI lays them out.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

use mozjs::jsapi::{JSContext, JSObject};
use mozjs::jsval::UndefinedValue;

unsafe extern "C" {
    /// `js::wasm::Module::createObject`.
    #[link_name = "_ZNK2js4wasm6Module12createObjectEP9JSContext"]
    fn create_object(module: *const c_void, cx: *mut JSContext) -> *mut JSObject;
}

/// How a module begins in memory.
#[repr(C)]
struct Head {
    functions: *const Functions,
    count: AtomicUsize,
}

/// Its table of virtual functions; the first is the destructor that leaves the memory.
#[repr(C)]
struct Functions {
    destroy: unsafe extern "C" fn(*mut Head),
}

/// What the engine's debug build wants to find in the count of what is destroyed.
const DEAD: usize = !0xffff | 0xdead;

/// Holds a module.
pub(super) struct WasmModule(NonNull<Head>);

// SAFETY: "the final reference of a JS::WasmModule may be dropped from any thread and so the virtual destructor (and all internal methods of
// the C++ module) must be thread-safe" (`js/WasmModule.h`).
unsafe impl Send for WasmModule {}

impl WasmModule {
    /// The module of a `WebAssembly.Module` object.
    ///
    /// # Safety
    /// `object` must be a live one, for which `IsWasmModuleObject` says yes.
    pub(super) unsafe fn of(object: *mut JSObject) -> WasmModule {
        let mut slot = UndefinedValue();
        // SAFETY: the class keeps the module in its slot 0, as a private pointer that is never null.
        let head = unsafe {
            mozjs::glue::JS_GetReservedSlot(object, 0, &mut slot);
            NonNull::new_unchecked(slot.to_private().cast_mut().cast::<Head>())
        };
        // SAFETY: the object holds the module, so it is alive.
        unsafe { head.as_ref() }
            .count
            .fetch_add(1, Ordering::Relaxed);
        WasmModule(head)
    }

    /// A new object of this module; null with an exception when memory runs out.
    ///
    /// # Safety
    /// `cx` must be a live context in a realm, on its thread; the result is not rooted.
    pub(super) unsafe fn make_object(&self, cx: *mut JSContext) -> *mut JSObject {
        // SAFETY: the module is alive as long as it is held here; the context by the caller's promise.
        unsafe { create_object(self.0.as_ptr().cast(), cx) }
    }
}

impl Drop for WasmModule {
    fn drop(&mut self) {
        // SAFETY: it is alive until the count is nought.
        let before = unsafe { self.0.as_ref() }
            .count
            .fetch_sub(1, Ordering::Release);
        if before == 1 {
            fence(Ordering::Acquire);
            // SAFETY: nobody holds it any more, so this is what the engine's own `Release` would do: the destructor, then `js_free`, which is
            // the C library's.
            unsafe {
                self.0.as_ref().count.store(DEAD, Ordering::Relaxed);
                ((*self.0.as_ref().functions).destroy)(self.0.as_ptr());
                libc::free(self.0.as_ptr().cast());
            }
        }
    }
}
