//! Cryptography over OpenSSL (docs/design/crypto.md): digests, ciphers, keys, signatures, agreements, encapsulation, derivations, certificates. What WebCrypto and
//! `node:crypto` share, in terms of neither: names are OpenSSL's, bytes go in and out.
//!
//! Nothing here knows a loop or keeps state between calls, and every type is `Send`: whoever calls decides what is worth the blocking pool.

pub mod agreement;
pub mod certificate;
pub mod cipher;
pub mod der;
pub mod derivation;
pub mod digest;
pub mod encapsulation;
pub mod generation;
pub mod key;
pub mod mac;
pub mod primes;
pub mod random;
pub mod signature;

use std::fmt;

use openssl::error::ErrorStack;

/// Why something could not be done: what OpenSSL says, or what is wrong with an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// `error:1C800064:Provider routines::bad decrypt` where it is OpenSSL's.
    pub message: String,
    /// `ERR_OSSL_BAD_DECRYPT`, or a name of our own.
    pub code: Option<String>,
    /// The part of OpenSSL that complains.
    pub library: Option<String>,
    /// What it complains of.
    pub reason: Option<String>,
    /// The messages that came with it.
    pub others: Vec<String>,
}

/// What comes of an operation.
pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// A failure that is not the library's.
    pub fn new(code: &str, message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            code: Some(code.to_owned()),
            library: None,
            reason: None,
            others: Vec::new(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// What Node calls the parts of OpenSSL in codes of errors; a part that is not here leaves no trace in them.
const PARTS: &[(i32, &str)] = &[
    (2, "SYS_"),
    (3, "BN_"),
    (4, "RSA_"),
    (5, "DH_"),
    (6, "EVP_"),
    (7, "BUF_"),
    (8, "OBJ_"),
    (9, "PEM_"),
    (10, "DSA_"),
    (11, "X509_"),
    (13, "ASN1_"),
    (14, "CONF_"),
    (15, "CRYPTO_"),
    (16, "EC_"),
    (32, "BIO_"),
    (33, "PKCS7_"),
    (34, "X509V3_"),
    (35, "PKCS12_"),
    (36, "RAND_"),
    (37, "DSO_"),
    (38, "ENGINE_"),
    (39, "OCSP_"),
    (40, "UI_"),
    (41, "COMP_"),
    (42, "ECDSA_"),
    (43, "ECDH_"),
    (44, "OSSL_STORE_"),
    (45, "FIPS_"),
    (46, "CMS_"),
    (47, "TS_"),
    (48, "HMAC_"),
    (50, "CT_"),
    (51, "ASYNC_"),
    (52, "KDF_"),
    (53, "SM2_"),
    (128, "USER_"),
];

fn described(error: &openssl::error::Error) -> String {
    let library = error.library().unwrap_or("lib(0)");
    let reason = error.reason().unwrap_or("unknown reason");
    format!("error:{:08X}:{library}::{reason}", error.code())
}

impl From<ErrorStack> for Failure {
    /// The error that came first, as Node shows it, with the later ones behind it.
    fn from(stack: ErrorStack) -> Failure {
        let Some(first) = stack.errors().first() else {
            return Failure::new("ERR_CRYPTO_OPERATION_FAILED", "Operation failed");
        };
        let part = PARTS
            .iter()
            .find(|(number, _)| *number == first.library_code())
            .map_or("", |(_, name)| name);
        let code = first
            .reason()
            .map(|reason| format!("ERR_OSSL_{part}{}", reason.to_uppercase().replace(' ', "_")));
        Failure {
            message: described(first),
            code,
            library: first.library().map(str::to_owned),
            reason: first.reason().map(str::to_owned),
            others: stack.errors()[1..].iter().rev().map(described).collect(),
        }
    }
}

/// The version of OpenSSL, `3.6.3`.
pub fn version() -> &'static str {
    let text = openssl::version::version();
    text.split(' ').nth(1).unwrap_or(text)
}

/// Whether two pieces of the same length hold the same bytes, in a time that does not depend on them.
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && openssl::memcmp::eq(left, right)
}
