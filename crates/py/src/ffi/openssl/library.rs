//! Finding the functions of the libssl and libcrypto that Python's `_ssl` module was linked with.
//!
//! Looked up once in the process, under the GIL, in the already loaded module: the dynamic linker searches it and what it
//! depends on, which is exactly what `_ssl` itself calls. A function that is missing, or a version that is not the one that
//! `ssl` reports, means that the library is not used.

use std::ffi::{CStr, CString, c_char, c_int, c_long, c_ulong, c_void};
use std::sync::{Arc, OnceLock};

use pyo3::prelude::*;

use super::wire::{self, Wire};

/// `SSL`, opaque.
#[repr(C)]
pub(super) struct Ssl([u8; 0]);
/// `SSL_CTX`, opaque.
#[repr(C)]
pub(super) struct SslContext([u8; 0]);
/// `BIO`, opaque.
#[repr(C)]
pub(super) struct Bio([u8; 0]);
/// `BIO_METHOD`, opaque.
#[repr(C)]
pub(super) struct BioMethod([u8; 0]);

pub(super) type BioRead = unsafe extern "C" fn(*mut Bio, *mut c_char, c_int) -> c_int;
pub(super) type BioWrite = unsafe extern "C" fn(*mut Bio, *const c_char, c_int) -> c_int;
pub(super) type BioControl = unsafe extern "C" fn(*mut Bio, c_int, c_long, *mut c_void) -> c_long;
pub(super) type BioDestroy = unsafe extern "C" fn(*mut Bio) -> c_int;

macro_rules! functions {
    ($($field:ident $name:literal ($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The functions that this crate calls, with the signatures of OpenSSL 1.1.1 and 3.
        pub(super) struct Functions {
            $(pub(super) $field: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Functions {
            /// # Safety
            /// The symbols of these names that `handle` finds are OpenSSL's functions.
            unsafe fn find(handle: *mut c_void) -> Option<Functions> {
                Some(Functions {
                    // SAFETY: the caller's promise; the types are those of OpenSSL's headers, and a function pointer is
                    // as large as a data pointer on every platform with dlsym.
                    $($field: unsafe {
                        std::mem::transmute::<
                            *mut c_void,
                            unsafe extern "C" fn($($argument),*) $(-> $result)?,
                        >(symbol(handle, $name)?)
                    },)*
                })
            }
        }
    };
}

functions! {
    ssl_read c"SSL_read" (*mut Ssl, *mut c_void, c_int) -> c_int;
    ssl_write c"SSL_write" (*mut Ssl, *const c_void, c_int) -> c_int;
    ssl_has_pending c"SSL_has_pending" (*const Ssl) -> c_int;
    ssl_get_error c"SSL_get_error" (*const Ssl, c_int) -> c_int;
    ssl_set_bio c"SSL_set_bio" (*mut Ssl, *mut Bio, *mut Bio);
    ssl_get_ssl_ctx c"SSL_get_SSL_CTX" (*const Ssl) -> *mut SslContext;
    err_clear_error c"ERR_clear_error" ();
    err_peek_error c"ERR_peek_error" () -> c_ulong;
    version_num c"OpenSSL_version_num" () -> c_ulong;
    bio_get_new_index c"BIO_get_new_index" () -> c_int;
    bio_meth_new c"BIO_meth_new" (c_int, *const c_char) -> *mut BioMethod;
    bio_meth_set_read c"BIO_meth_set_read" (*mut BioMethod, BioRead) -> c_int;
    bio_meth_set_write c"BIO_meth_set_write" (*mut BioMethod, BioWrite) -> c_int;
    bio_meth_set_ctrl c"BIO_meth_set_ctrl" (*mut BioMethod, BioControl) -> c_int;
    bio_meth_set_destroy c"BIO_meth_set_destroy" (*mut BioMethod, BioDestroy) -> c_int;
    bio_new c"BIO_new" (*const BioMethod) -> *mut Bio;
    bio_set_data c"BIO_set_data" (*mut Bio, *mut c_void);
    bio_get_data c"BIO_get_data" (*mut Bio) -> *mut c_void;
    bio_set_flags c"BIO_set_flags" (*mut Bio, c_int);
    bio_clear_flags c"BIO_clear_flags" (*mut Bio, c_int);
}

/// The library, with the kind of BIO that is made for it.
pub(super) struct Library {
    pub(super) functions: Functions,
    method: *const BioMethod,
}

// SAFETY: the functions may be called from any thread, and the method table is not changed after it was made.
unsafe impl Send for Library {}
// SAFETY: as above.
unsafe impl Sync for Library {}

static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();

/// The library of Python's `ssl`; `None` if it cannot be called directly.
pub(super) fn of_python(py: Python<'_>) -> PyResult<Option<&'static Library>> {
    if let Some(known) = LIBRARY.get() {
        return Ok(known.as_ref());
    }
    // Not inside `get_or_init`: an import can let other threads in.
    let version: c_ulong = py
        .import("ssl")?
        .getattr("OPENSSL_VERSION_NUMBER")?
        .extract()?;
    let file: Option<String> = match py.import("_ssl")?.getattr("__file__") {
        Ok(file) => file.extract()?,
        // Built into the interpreter.
        Err(_) => None,
    };
    Ok(LIBRARY
        .get_or_init(|| Library::load(file.as_deref(), version))
        .as_ref())
}

/// The library, for a BIO that it made itself.
pub(super) fn loaded() -> Option<&'static Library> {
    LIBRARY.get()?.as_ref()
}

impl Library {
    fn load(file: Option<&str>, version: c_ulong) -> Option<Library> {
        let file = file.map(CString::new).transpose().ok()?;
        let name = file.as_ref().map_or(std::ptr::null(), |file| file.as_ptr());
        // SAFETY: the name is null (the program itself) or a string with its end; NOLOAD opens only what is loaded. The
        // handle is kept for good, so the functions stay.
        let handle = unsafe { libc::dlopen(name, libc::RTLD_LAZY | libc::RTLD_NOLOAD) };
        if handle.is_null() {
            return None;
        }
        // SAFETY: the module is linked with OpenSSL, whose names these are.
        let functions = unsafe { Functions::find(handle)? };
        // SAFETY: takes nothing and only returns a number.
        if unsafe { (functions.version_num)() } != version {
            return None;
        }
        let method = wire::method(&functions)?;
        Some(Library { functions, method })
    }

    /// Empties the calling thread's error queue: what is in it is taken for the reason of the next failure.
    pub(super) fn clear_errors(&self) {
        // Asking first, as the queue is nearly always empty and emptying it costs several times as much.
        // SAFETY: both take nothing.
        unsafe {
            if (self.functions.err_peek_error)() != 0 {
                (self.functions.err_clear_error)();
            }
        }
    }

    /// A BIO over `wire`, which it keeps alive.
    pub(super) fn new_bio(&self, wire: &Arc<Wire>) -> Option<*mut Bio> {
        // SAFETY: the method table is complete. The data is a counted reference that `wire::destroy` gives back.
        unsafe {
            let bio = (self.functions.bio_new)(self.method);
            if bio.is_null() {
                return None;
            }
            (self.functions.bio_set_data)(bio, Arc::into_raw(Arc::clone(wire)).cast_mut().cast());
            Some(bio)
        }
    }
}

fn symbol(handle: *mut c_void, name: &CStr) -> Option<*mut c_void> {
    // SAFETY: an open handle and a string with its end.
    let address = unsafe { libc::dlsym(handle, name.as_ptr()) };
    (!address.is_null()).then_some(address)
}
