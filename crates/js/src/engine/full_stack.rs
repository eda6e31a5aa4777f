//! A stack that is full is told as programs expect: a RangeError, "Maximum call stack size exceeded", as every engine but this one has it.
//! Packages ask for either.
//!
//! The engine's own class for it, `InternalError`, stays (its slots are what WebAssembly marks traps in); its prototype inherits from that
//! of RangeError, whose name and constructor it has.

use std::ffi::{CStr, c_char, c_int, c_void};

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

/// Puts the message into the engine's table, whose pages stay read-only. What cannot be written leaves the engine's own words.
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
        write_message(row);
        return;
    }
}

/// Writes the message into its row. The loader made the table read-only once it had filled in its addresses, and so it is again afterwards.
fn write_message(row: *mut Row) {
    // SAFETY: the call has no preconditions.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let page = usize::try_from(page).unwrap_or(4096);
    let begin = row.addr() & !(page - 1);
    let pages = (row.addr() + size_of::<Row>()).next_multiple_of(page) - begin;
    let mut asked = Asked {
        begin,
        end: begin + pages,
        page,
        is_sealed: false,
    };
    // SAFETY: the callback has this type, and `asked` outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(look_for_seal), (&raw mut asked).cast()) };
    if !asked.is_sealed {
        // The pages hold something that may be written, and the table is not where it is expected to be.
        return;
    }
    let first = row.with_addr(begin).cast();
    // SAFETY: the pages are whole ones of what the loader sealed: nobody writes them, and that they can be written for a moment harms nobody.
    // Nobody reads the row meanwhile: the engine starts, under the lock of the process; the message lives for ever.
    unsafe {
        if libc::mprotect(first, pages, libc::PROT_READ | libc::PROT_WRITE) == 0 {
            (*row).format = MESSAGE.as_ptr();
            libc::mprotect(first, pages, libc::PROT_READ);
        }
    }
}

/// Pages, and whether the loader made all of them read-only.
struct Asked {
    begin: usize,
    end: usize,
    /// What a page takes.
    page: usize,
    is_sealed: bool,
}

/// Looks whether the pages are in the part of this object that is read-only after relocation (`PT_GNU_RELRO`); 0 to go on to the next one.
unsafe extern "C" fn look_for_seal(
    object: *mut libc::dl_phdr_info,
    _: usize,
    asked: *mut c_void,
) -> c_int {
    // SAFETY: both are the pointers that `dl_iterate_phdr` got and gives; nobody else has them meanwhile.
    let (object, asked) = unsafe { (&*object, &mut *asked.cast::<Asked>()) };
    // SAFETY: the loader's list of the object's program headers.
    let headers =
        unsafe { std::slice::from_raw_parts(object.dlpi_phdr, usize::from(object.dlpi_phnum)) };
    let is_sealed = headers.iter().any(|header| {
        let begin = (object.dlpi_addr + header.p_vaddr) as usize;
        // The loader seals whole pages, from the one in which the part begins.
        header.p_type == libc::PT_GNU_RELRO
            && begin & !(asked.page - 1) <= asked.begin
            && asked.end <= begin + header.p_memsz as usize
    });
    asked.is_sealed = is_sealed;
    c_int::from(is_sealed)
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
