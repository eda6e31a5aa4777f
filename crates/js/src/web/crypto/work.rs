//! What all operations of cryptography share: input that is text or bytes, output in the form that is asked for, failures as errors, and work on
//! the blocking pool.

use twinloop_loop::Loop;
use twinloop_web::crypto::{Failure, Outcome};

use crate::builtins::results::utf8;
use crate::engine::transcoding::Base64;
use crate::engine::{Error, ErrorClass, IntoJs, Local, Property, Scope};

/// The error for a failure: of the class that Node gives it, with what OpenSSL says of it.
pub(crate) fn failed(failure: Failure) -> Error {
    let class = match failure.code.as_deref() {
        Some(
            "ERR_CRYPTO_INVALID_KEYLEN" | "ERR_CRYPTO_INVALID_MESSAGELEN" | "ERR_OUT_OF_RANGE",
        ) => ErrorClass::RangeError,
        Some(
            "ERR_CRYPTO_INVALID_IV"
            | "ERR_CRYPTO_INVALID_AUTH_TAG"
            | "ERR_CRYPTO_INVALID_CURVE"
            | "ERR_INVALID_ARG_VALUE"
            | "ERR_MISSING_PASSPHRASE",
        ) => ErrorClass::TypeError,
        _ => ErrorClass::Error,
    };
    let mut error = Error::of(class, failure.message);
    if let Some(library) = failure.library {
        error = error.with("library", library);
    }
    if let Some(reason) = failure.reason {
        error = error.with("reason", reason);
    }
    if let Some(code) = failure.code {
        error = error.with("code", code);
    }
    if !failure.others.is_empty() {
        error = error.with("opensslErrorStack", Property::Strings(failure.others));
    }
    error
}

/// Lends the bytes of a string (as UTF-8) or of a buffer.
pub(super) fn with_input<R>(
    scope: &Scope<'_>,
    value: Local<'_>,
    f: impl FnOnce(&[u8]) -> R,
) -> Result<R, Error> {
    if value.is_string() {
        scope.read_units(value, |units| f(&utf8(units)))
    } else {
        scope.with_bytes(value, f)
    }
}

/// The bytes of a buffer; `None` for undefined.
pub(super) fn optional_bytes(
    scope: &Scope<'_>,
    value: Local<'_>,
) -> Result<Option<Vec<u8>>, Error> {
    if value.is_undefined() {
        Ok(None)
    } else {
        scope.bytes_of(value).map(Some)
    }
}

/// The number that an argument is; `None` for undefined.
pub(super) fn optional_number(value: Local<'_>) -> Option<usize> {
    usize::try_from(value.as_index()?).ok()
}

/// The string that an argument is; `None` for undefined.
pub(super) fn optional_string(
    scope: &Scope<'_>,
    value: Local<'_>,
) -> Result<Option<String>, Error> {
    if value.is_undefined() {
        Ok(None)
    } else {
        scope.string_of(value).map(Some)
    }
}

/// Bytes as the number says: 0 is a `Uint8Array`, 1 hexadecimal text, 2 base64, 3 base64url, 4 Latin-1.
pub(super) fn given<'s>(
    scope: &Scope<'s>,
    bytes: &[u8],
    format: Local<'_>,
) -> Result<Local<'s>, Error> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    match format.as_index() {
        Some(1) => {
            let mut text = Vec::with_capacity(bytes.len() * 2);
            for byte in bytes {
                text.push(DIGITS[usize::from(byte >> 4)]);
                text.push(DIGITS[usize::from(byte & 15)]);
            }
            scope.string_latin1(&text)
        }
        Some(format @ (2 | 3)) => {
            let alphabet = if format == 2 {
                Base64::Standard
            } else {
                Base64::Url
            };
            let mut text = vec![0; alphabet.encoded_length(bytes.len())];
            alphabet.encode(bytes, &mut text);
            scope.string_latin1(&text)
        }
        Some(4) => scope.string_latin1(bytes),
        _ => scope.uint8_array_copy(bytes),
    }
}

/// Does some work: at once, whose result is the value; or on the blocking pool, whose result is a promise.
pub(super) fn perform<'s, T: IntoJs + Send>(
    scope: &Scope<'s>,
    later: Local<'_>,
    work: impl FnOnce() -> Outcome<T> + Send + 'static,
) -> Result<Local<'s>, Error> {
    if !scope.bool_of(later) {
        return work().map_err(failed)?.into_js(scope);
    }
    let done = Loop::current().spawn_blocking(work);
    scope.promise_from_long_future(async move {
        done.await
            .map_err(|error| Error::new(format!("the operation failed: {error}")))?
            .map_err(failed)
    })
}
