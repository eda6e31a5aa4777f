//! Whom the process trusts when a program names nobody: Mozilla's list, built in, and what was added to it or set instead.
//!
//! Reading a hundred and fifty certificates takes milliseconds, so it is done once a thread, when the first context wants them.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use openssl::x509::X509;

use crate::crypto::Outcome;

thread_local! {
    static DEFAULTS: RefCell<Option<Rc<Vec<X509>>>> = const { RefCell::new(None) };
}

/// Mozilla's list of authorities for servers, in DER.
pub fn bundled() -> impl Iterator<Item = &'static [u8]> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|certificate| &**certificate)
}

/// What the system trusts, in DER; what cannot be read is left out.
pub fn system() -> Vec<Vec<u8>> {
    let found = rustls_native_certs::load_native_certs();
    (found.certs.into_iter())
        .map(|certificate| certificate.to_vec())
        .collect()
}

/// The certificates in the file that `NODE_EXTRA_CA_CERTS` names, in DER.
///
/// # Errors
/// When it cannot be read, or holds something else.
pub fn extra() -> std::result::Result<Vec<Vec<u8>>, String> {
    let Some(path) = std::env::var_os("NODE_EXTRA_CA_CERTS").filter(|path| !path.is_empty()) else {
        return Ok(Vec::new());
    };
    let bytes = std::fs::read(PathBuf::from(path)).map_err(|error| error.to_string())?;
    let found = X509::stack_from_pem(&bytes).map_err(|error| error.to_string())?;
    Ok((found.iter())
        .filter_map(|certificate| certificate.to_der().ok())
        .collect())
}

/// Trusts these from now on, in DER.
///
/// # Errors
/// When one is no certificate.
pub fn set_defaults(certificates: &[Vec<u8>]) -> Outcome<()> {
    let read = (certificates.iter())
        .map(|der| Ok(X509::from_der(der)?))
        .collect::<Outcome<Vec<_>>>()?;
    DEFAULTS.set(Some(Rc::new(read)));
    Ok(())
}

pub(super) fn defaults() -> Rc<Vec<X509>> {
    if let Some(known) = DEFAULTS.with_borrow(Clone::clone) {
        return known;
    }
    let mut read: Vec<X509> = bundled()
        .filter_map(|der| X509::from_der(der).ok())
        .collect();
    for der in extra().unwrap_or_default() {
        read.extend(X509::from_der(&der));
    }
    let read = Rc::new(read);
    DEFAULTS.set(Some(Rc::clone(&read)));
    read
}
