//! What `node:tls` needs of OpenSSL and the crate `openssl` has no safe function for: sessions that are resumed, keys of tickets, renegotiation, and
//! a few settings. Everything else of TLS is `twinloop_web::tls`, which hands the library's objects to these functions.
//!
//! Each function borrows the object that it works on for the length of one call of the library, and OpenSSL copies or counts what it is given. Objects stay on
//! the thread that made them, so a shared borrow suffices where the crate gives no other.

use std::ffi::{CString, c_char, c_int, c_long, c_uchar, c_void};

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::ssl::{SslContextBuilder, SslContextRef, SslRef, SslSession, SslSessionRef};
use openssl::x509::X509Crl;

/// `SSL_CTRL_SET_MAX_SEND_FRAGMENT` and `SSL_CTRL_SET_TLSEXT_TICKET_KEYS` of `openssl/ssl.h`; part of its binary interface.
const SET_MAX_SEND_FRAGMENT: c_int = 52;
const SET_TICKET_KEYS: c_int = 59;

// Declared in `openssl/ssl.h` and `openssl/x509_vfy.h`, and not in `openssl-sys`.
unsafe extern "C" {
    fn SSL_renegotiate(ssl: *mut openssl_sys::SSL) -> c_int;
    fn SSL_get_shared_sigalgs(
        ssl: *mut openssl_sys::SSL,
        index: c_int,
        sign: *mut c_int,
        hash: *mut c_int,
        both: *mut c_int,
        raw_sign: *mut c_uchar,
        raw_hash: *mut c_uchar,
    ) -> c_int;
    fn SSL_CTX_set_timeout(context: *mut openssl_sys::SSL_CTX, seconds: c_long) -> c_long;
    fn SSL_CTX_use_psk_identity_hint(
        context: *mut openssl_sys::SSL_CTX,
        hint: *const c_char,
    ) -> c_int;
    fn X509_STORE_add_crl(
        store: *mut openssl_sys::X509_STORE,
        crl: *mut openssl_sys::X509_CRL,
    ) -> c_int;
}

fn done(outcome: c_int) -> Result<(), ErrorStack> {
    if outcome > 0 {
        Ok(())
    } else {
        Err(ErrorStack::get())
    }
}

/// Offers a session to the server, before the handshake.
pub(crate) fn set_session(ssl: &mut SslRef, session: &SslSessionRef) -> Result<(), ErrorStack> {
    // SAFETY: the crate asks that the session belongs to the connection's context, as a context may have given it data of its own. Sessions come here
    // out of bytes only (`SslSession::from_der`), so they belong to none; OpenSSL counts a reference and checks the version.
    unsafe { ssl.set_session(session) }
}

/// Has a server ask for the sessions that its clients know.
pub(crate) fn set_session_lookup(
    builder: &mut SslContextBuilder,
    find: fn(&[u8]) -> Option<SslSession>,
) {
    // SAFETY: the crate asks that a session which is found belongs to no other context; they come out of bytes only, as above.
    unsafe { builder.set_get_session_callback(move |_, id| find(id)) }
}

/// The keys of tickets: a name of 16 bytes, a key for their integrity and one to encrypt them, 32 bytes each.
pub(crate) fn set_ticket_keys(
    context: &SslContextRef,
    keys: &mut [u8; 80],
) -> Result<(), ErrorStack> {
    // SAFETY: the context is borrowed; the call reads 80 bytes, which is what it is told, and keeps a copy. Contexts are used on one thread here.
    done(unsafe {
        openssl_sys::SSL_CTX_ctrl(
            context.as_ptr(),
            SET_TICKET_KEYS,
            80,
            keys.as_mut_ptr().cast::<c_void>(),
        ) as c_int
    })
}

/// How long sessions may be resumed.
pub(crate) fn set_session_timeout(builder: &mut SslContextBuilder, seconds: i32) {
    // SAFETY: the builder's context is borrowed; the call stores a number in it.
    unsafe { SSL_CTX_set_timeout(builder.as_ptr(), c_long::from(seconds)) };
}

/// What a server says to clients who share keys with it.
pub(crate) fn set_psk_hint(builder: &mut SslContextBuilder, hint: &str) -> Result<(), ErrorStack> {
    let Ok(hint) = CString::new(hint) else {
        return Err(ErrorStack::get());
    };
    // SAFETY: the builder's context is borrowed; the text ends with a zero and is copied.
    done(unsafe { SSL_CTX_use_psk_identity_hint(builder.as_ptr(), hint.as_ptr()) })
}

/// Adds a list of certificates that are revoked to those that are trusted.
pub(crate) fn add_revoked(
    builder: &mut SslContextBuilder,
    list: &X509Crl,
) -> Result<(), ErrorStack> {
    let store = builder.cert_store_mut().as_ptr();
    // SAFETY: the store is the builder's, which is borrowed; OpenSSL counts a reference to the list.
    done(unsafe { X509_STORE_add_crl(store, list.as_ptr()) })
}

/// The most that a record holds; false for what is not allowed (less than 512 or more than 16,384 bytes).
pub(crate) fn set_max_send_fragment(ssl: &SslRef, size: i32) -> bool {
    // SAFETY: the connection is borrowed; the call stores a number in it after checking it.
    unsafe {
        openssl_sys::SSL_ctrl(
            ssl.as_ptr(),
            SET_MAX_SEND_FRAGMENT,
            c_long::from(size),
            std::ptr::null_mut(),
        ) == 1
    }
}

/// Whether a server asks for a certificate, and insists on one, from the next handshake on.
pub(crate) fn set_request(ssl: &SslRef, asks: bool, insists: bool) {
    /// What is wrong with a certificate is told, not refused.
    extern "C" fn accept(_: c_int, _: *mut openssl_sys::X509_STORE_CTX) -> c_int {
        1
    }
    let mut mode = openssl_sys::SSL_VERIFY_NONE;
    if asks {
        mode = openssl_sys::SSL_VERIFY_PEER;
        if insists {
            mode |= openssl_sys::SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
        }
    }
    // SAFETY: the connection is borrowed; the function lives as long as the program, and looks at none of its arguments.
    unsafe { openssl_sys::SSL_set_verify(ssl.as_ptr(), mode, Some(accept)) };
}

/// Has the next work on the connection begin another handshake (up to TLS 1.2).
pub(crate) fn renegotiate(ssl: &SslRef) -> Result<(), ErrorStack> {
    // SAFETY: the connection is borrowed; the call marks it and does nothing else.
    done(unsafe { SSL_renegotiate(ssl.as_ptr()) })
}

/// The signatures that both ends can verify, in the order in which they are preferred: the key's kind, the digest.
pub(crate) fn shared_signatures(ssl: &SslRef) -> Vec<(Nid, Nid)> {
    let mut found = Vec::new();
    loop {
        let (mut sign, mut hash) = (0, 0);
        // SAFETY: the connection is borrowed; the two numbers are written, and null is allowed for what nobody wants. An index beyond the list writes
        // nothing and tells so.
        let count = unsafe {
            SSL_get_shared_sigalgs(
                ssl.as_ptr(),
                found.len() as c_int,
                &raw mut sign,
                &raw mut hash,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                std::ptr::null_mut(),
            )
        };
        if count <= found.len() as c_int {
            return found;
        }
        found.push((Nid::from_raw(sign), Nid::from_raw(hash)));
    }
}
