//! A stack that is full is told as programs expect: a RangeError, "Maximum call stack size exceeded", as every engine but this one has it.
//! Packages ask for either.
//!
//! The engine's own class for it, `InternalError`, stays (its slots are what WebAssembly marks traps in); its prototype inherits from that
//! of RangeError, whose name and constructor it has.

use std::ffi::{CStr, c_char, c_void};

use mozjs::jsapi::{JS_SetPrototype, JSProtoKey};

use super::error::Error;
use super::objects::Attributes;
use super::roots::root;
use super::scope::Scope;

const MESSAGE: &CStr = c"Maximum call stack size exceeded";

/// `JSErrorFormatString`: a row of the engine's table of messages.
#[repr(C)]
struct Row {
    name: *const c_char,
    format: *const c_char,
    arguments: u16,
    class: i16,
}

unsafe extern "C" {
    /// `js::GetErrorMessage`: null for a number that there is not.
    #[link_name = "_ZN2js15GetErrorMessageEPvj"]
    fn row(unused: *mut c_void, number: u32) -> *mut Row;
}

/// Puts the message into the engine's table. What cannot be written leaves the engine's own words.
pub(super) fn reword() {
    // More rows than there are.
    const MOST: u32 = 4096;
    for number in 1..MOST {
        // SAFETY: any number may be asked for.
        let row = unsafe { row(std::ptr::null_mut(), number) };
        if row.is_null() {
            return;
        }
        // SAFETY: a row of the table, whose names are strings of the engine's.
        if unsafe { CStr::from_ptr((*row).name) } != c"JSMSG_OVER_RECURSED" {
            continue;
        }
        // SAFETY: the call has no preconditions.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        let page = usize::try_from(page).unwrap_or(4096);
        let begin = row.addr() & !(page - 1);
        let length = row.addr() + size_of::<Row>() - begin;
        let writable = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the table was made read-only after its addresses had been filled in. Its page stays writable, as it is not known what else is
        // on it. Nobody reads the table meanwhile: the engine starts, under the lock of the process; the message lives for ever.
        unsafe {
            if libc::mprotect(row.with_addr(begin).cast(), length, writable) == 0 {
                (*row).format = MESSAGE.as_ptr();
            }
        }
        return;
    }
}

impl Scope<'_> {
    /// Has `InternalError` of the current realm inherit from its RangeError.
    ///
    /// # Errors
    /// When memory runs out.
    pub(super) fn full_stacks_are_range_errors(&self) -> Result<(), Error> {
        let internal = self.class_object(JSProtoKey::JSProto_InternalError)?;
        let range = self.class_object(JSProtoKey::JSProto_RangeError)?;
        let prototype = self.get(internal, "prototype")?;
        let cx = self.cx();
        root!(cx, object = self.object_of(prototype)?);
        root!(cx, parent = self.object_of(self.get(range, "prototype")?)?);
        // SAFETY: the handles are roots.
        let ok = unsafe { JS_SetPrototype(cx, object.handle(), parent.handle()) };
        self.check(ok)?;
        self.define(
            prototype,
            "name",
            self.string("RangeError")?,
            Attributes::HIDDEN,
        )?;
        self.define(prototype, "constructor", range, Attributes::HIDDEN)
    }
}
