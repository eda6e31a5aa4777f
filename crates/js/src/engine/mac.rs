//! Codes of messages by the names of OpenSSL's providers (`EVP_MAC`), for `crypto.createMac`: the crate `openssl` has no safe functions for them.
//!
//! A method and its context are owned here and freed once. Parameters and keys are borrowed for the length of one call, in which OpenSSL copies them.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{null, null_mut};

use openssl::error::ErrorStack;
use openssl_sys::{EVP_MAC, EVP_MAC_CTX, OSSL_PARAM};

// Declared in `openssl/evp.h` and `openssl/params.h`, and not in `openssl-sys`.
unsafe extern "C" {
    fn EVP_MAC_do_all_provided(
        context: *mut openssl_sys::OSSL_LIB_CTX,
        each: Option<unsafe extern "C" fn(*mut EVP_MAC, *mut c_void)>,
        target: *mut c_void,
    );
    fn EVP_MAC_names_do_all(
        mac: *const EVP_MAC,
        each: Option<unsafe extern "C" fn(*const c_char, *mut c_void)>,
        target: *mut c_void,
    ) -> c_int;
    fn OSSL_PARAM_construct_utf8_string(
        key: *const c_char,
        text: *mut c_char,
        size: usize,
    ) -> OSSL_PARAM;
    fn OSSL_PARAM_construct_size_t(key: *const c_char, number: *mut usize) -> OSSL_PARAM;
}

/// What a code is made with beside its key.
pub(crate) enum Setting {
    Text(CString),
    Bytes(Vec<u8>),
    Size(usize),
}

/// A kind of code.
pub(crate) struct Method(*mut EVP_MAC);

impl Method {
    /// The kind of this name.
    pub(crate) fn find(name: &CStr) -> Option<Method> {
        // SAFETY: both names end with a zero; what comes back is owned by the `Method`.
        let mac = unsafe { openssl_sys::EVP_MAC_fetch(null_mut(), name.as_ptr(), null()) };
        if mac.is_null() {
            // Nobody asks why.
            drop(ErrorStack::get());
            return None;
        }
        Some(Method(mac))
    }

    /// The names of all, in small letters and in order.
    pub(crate) fn names() -> BTreeSet<String> {
        unsafe extern "C" fn take_name(name: *const c_char, target: *mut c_void) {
            // SAFETY: called below with the set, and by OpenSSL with a name that ends with a zero.
            let (name, names) = unsafe {
                (
                    CStr::from_ptr(name),
                    &mut *target.cast::<BTreeSet<String>>(),
                )
            };
            let name = name.to_string_lossy().to_lowercase();
            // Numbers are names of what has another one.
            if !name.starts_with(|first: char| first.is_ascii_digit()) {
                names.insert(name);
            }
        }
        unsafe extern "C" fn take_method(mac: *mut EVP_MAC, target: *mut c_void) {
            // SAFETY: the kind lives for the call, and the target is the set.
            unsafe { EVP_MAC_names_do_all(mac, Some(take_name), target) };
        }
        let mut names = BTreeSet::new();
        // SAFETY: the set outlives the call, in which alone it is used.
        unsafe {
            EVP_MAC_do_all_provided(null_mut(), Some(take_method), (&raw mut names).cast());
        }
        names
    }

    /// Whether it is the kind of this name, whatever it was asked for by.
    pub(crate) fn is(&self, name: &CStr) -> bool {
        // SAFETY: the kind is owned, and the name ends with a zero.
        unsafe { openssl_sys::EVP_MAC_is_a(self.0, name.as_ptr()) == 1 }
    }

    /// Whether it can be made with this setting.
    pub(crate) fn takes(&self, name: &CStr) -> bool {
        // SAFETY: the list is the provider's, as long as the kind is; its end has no key.
        unsafe {
            let list = openssl_sys::EVP_MAC_settable_ctx_params(self.0);
            !list.is_null() && !openssl_sys::OSSL_PARAM_locate_const(list, name.as_ptr()).is_null()
        }
    }

    /// Begins a code under this key.
    ///
    /// # Errors
    /// Why the provider refuses the key or a setting; an empty stack where it says nothing.
    pub(crate) fn begin(
        &self,
        key: &[u8],
        settings: &mut [(&CStr, Setting)],
    ) -> Result<Running, ErrorStack> {
        // SAFETY: the kind is owned, and the context counts it.
        let context = unsafe { openssl_sys::EVP_MAC_CTX_new(self.0) };
        if context.is_null() {
            return Err(ErrorStack::get());
        }
        let running = Running(context);
        let mut parameters: Vec<OSSL_PARAM> = settings
            .iter_mut()
            // SAFETY: names and values are borrowed from `settings`, which outlives the list; OpenSSL only reads them.
            .map(|(name, setting)| unsafe {
                match setting {
                    Setting::Text(text) => {
                        OSSL_PARAM_construct_utf8_string(name.as_ptr(), text.as_ptr().cast_mut(), 0)
                    }
                    Setting::Bytes(bytes) => openssl_sys::OSSL_PARAM_construct_octet_string(
                        name.as_ptr(),
                        bytes.as_mut_ptr().cast(),
                        bytes.len(),
                    ),
                    Setting::Size(size) => OSSL_PARAM_construct_size_t(name.as_ptr(), size),
                }
            })
            .collect();
        // SAFETY: it has no arguments.
        parameters.push(unsafe { openssl_sys::OSSL_PARAM_construct_end() });
        // SAFETY: the list has its end, and key and list live for the call, in which they are copied. A slice's pointer is never null, so that an
        // empty key is one.
        let begun = unsafe {
            openssl_sys::EVP_MAC_init(context, key.as_ptr(), key.len(), parameters.as_ptr())
        };
        match begun {
            1 => Ok(running),
            _ => Err(ErrorStack::get()),
        }
    }
}

impl Drop for Method {
    fn drop(&mut self) {
        // SAFETY: it is owned, and freed here alone.
        unsafe { openssl_sys::EVP_MAC_free(self.0) };
    }
}

/// A code under way.
pub(crate) struct Running(*mut EVP_MAC_CTX);

impl Running {
    /// Takes in more bytes.
    ///
    /// # Errors
    /// When the provider refuses them.
    pub(crate) fn update(&mut self, bytes: &[u8]) -> Result<(), ErrorStack> {
        // SAFETY: the context has begun, and the bytes are only read.
        match unsafe { openssl_sys::EVP_MAC_update(self.0, bytes.as_ptr(), bytes.len()) } {
            1 => Ok(()),
            _ => Err(ErrorStack::get()),
        }
    }

    /// The code.
    ///
    /// # Errors
    /// When the provider cannot end it.
    pub(crate) fn finish(self) -> Result<Vec<u8>, ErrorStack> {
        // SAFETY: the context has begun.
        let size = unsafe { openssl_sys::EVP_MAC_CTX_get_mac_size(self.0) };
        let mut code = vec![0; size];
        let mut written = 0;
        // SAFETY: there is room for as many bytes as are said.
        let ended = unsafe {
            openssl_sys::EVP_MAC_final(self.0, code.as_mut_ptr(), &raw mut written, size)
        };
        if ended != 1 {
            return Err(ErrorStack::get());
        }
        code.truncate(written);
        Ok(code)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // SAFETY: it is owned, and freed here alone.
        unsafe { openssl_sys::EVP_MAC_CTX_free(self.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_made_with_what_its_kind_takes() {
        assert!(Method::find(c"nothing").is_none() && Method::names().contains("kmac128"));
        let hmac = Method::find(c"HMAC").unwrap();
        assert!(hmac.is(c"hmac") && hmac.takes(c"digest") && !hmac.takes(c"iv"));
        let mut settings = [(c"digest", Setting::Text(c"sha256".to_owned()))];
        let mut running = hmac.begin(b"Jefe", &mut settings).unwrap();
        running.update(b"what do ya want ").unwrap();
        running.update(b"for nothing?").unwrap();
        assert_eq!(running.finish().unwrap()[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        assert!(
            hmac.begin(b"key", &mut [])
                .and_then(Running::finish)
                .is_err()
        );
    }
}
