//! Which code of a program ran, as the engine counts it: by line, and by function. It counts from a process's first context on or not at all,
//! and a program that is counted is several times slower.

use std::ffi::c_char;
use std::sync::atomic::{AtomicBool, Ordering};

use mozjs::jsapi::JSContext;

use super::context::Context;
use super::process;

/// Whether the engine is to count.
static WANTED: AtomicBool = AtomicBool::new(false);
/// Whether it does.
static IS_ON: AtomicBool = AtomicBool::new(false);

/// A class of one pointer with a destructor, which C++ gives back in memory of the caller's. It is longer here, so that Rust does so too.
#[repr(C)]
struct Characters {
    text: *mut c_char,
    rest: [usize; 2],
}

unsafe extern "C" {
    /// `js::EnableCodeCoverage`
    #[link_name = "_ZN2js18EnableCodeCoverageEv"]
    fn enable();
    /// `js::GetCodeCoverageSummaryAll`
    #[link_name = "_ZN2js25GetCodeCoverageSummaryAllEP9JSContextPm"]
    fn summary(cx: *mut JSContext, length: *mut usize) -> Characters;
}

/// Has the engine count, if it has not started in this process.
pub fn count_coverage() {
    WANTED.store(true, Ordering::SeqCst);
}

/// The engine is ready and has no context.
pub(super) fn begin() {
    if WANTED.load(Ordering::SeqCst) {
        // SAFETY: the engine is initialised and there is no runtime yet.
        unsafe { enable() };
        IS_ON.store(true, Ordering::SeqCst);
    }
}

/// Whether the engine counts.
pub(super) fn is_on() -> bool {
    IS_ON.load(Ordering::SeqCst)
}

impl Context {
    /// What ran so far, in the format of lcov (<https://github.com/linux-test-project/lcov>); the counts begin at zero again. `None` when nobody counts.
    pub fn coverage(&self) -> Option<String> {
        if !is_on() || process::is_lost() {
            return None;
        }
        let mut length = 0;
        // SAFETY: a live context of an engine that counts; the result is a text of that length, or null when memory ran out, and the caller's.
        unsafe {
            let found = summary(self.0.cx(), &mut length);
            if found.text.is_null() {
                return None;
            }
            let bytes = std::slice::from_raw_parts(found.text.cast::<u8>(), length);
            let text = String::from_utf8_lossy(bytes).into_owned();
            libc::free(found.text.cast());
            Some(text)
        }
    }
}
