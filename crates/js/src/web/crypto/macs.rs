//! Operations for codes of messages by the names of OpenSSL's providers. A code under way stays in Rust; it takes in strings and buffers where they are.

use std::cell::RefCell;
use std::ffi::CString;
use std::rc::Rc;

use openssl::error::ErrorStack;
use twinloop_web::crypto::Failure;

use super::keys;
use super::work::{failed, given, optional_number, with_input};
use crate::engine::mac::{Method, Running, Setting};
use crate::engine::{Arguments, Error, IntoJs, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("macFinish", 2, finish),
    Op::new("macNames", 0, names),
    Op::new("macOpen", 8, open),
    Op::new("macUpdate", 2, update),
];

/// A code; absent when it has ended.
struct OpenMac {
    running: RefCell<Option<Running>>,
    /// Its caller wants none of it, which not every provider can be told.
    is_empty: bool,
}

/// `macNames()`
fn names<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Method::names()
        .into_iter()
        .collect::<Vec<_>>()
        .into_js(scope)
}

fn invalid(option: &str, reason: &str) -> Error {
    let message = format!("The property 'options.{option}' {reason}");
    Error::type_error(message).with("code", "ERR_INVALID_ARG_VALUE")
}

/// Why OpenSSL refuses; it may not say.
fn refused(stack: ErrorStack, deed: &str) -> Error {
    if stack.errors().is_empty() {
        let message = format!("Failed to {deed} MAC");
        return failed(Failure::new("ERR_CRYPTO_OPERATION_FAILED", message));
    }
    failed(Failure::from(stack))
}

/// Text that JavaScript has checked for zeros.
fn text_of(scope: &Scope<'_>, value: Local<'_>) -> Result<CString, Error> {
    CString::new(scope.string_of(value)?).map_err(|_| Error::type_error("a name has a zero in it"))
}

/// `macOpen(name, key, digest, cipher, iv, customization, salt, length)`: each undefined where it is not given.
fn open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = text_of(scope, arguments.get(0))?;
    let Some(method) = Method::find(&name) else {
        let message = format!("Invalid MAC: {}", name.to_string_lossy());
        return Err(Error::type_error(message).with("code", "ERR_CRYPTO_INVALID_MAC"));
    };
    let is_missing = |index| arguments.get(index).is_undefined();
    for (kind, shown, option, index) in [
        (c"HMAC", "HMAC", "digest", 2),
        (c"CMAC", "CMAC", "cipher", 3),
        (c"GMAC", "GMAC", "cipher", 3),
    ] {
        if method.is(kind) && is_missing(index) {
            return Err(invalid(option, &format!("is required for {shown}")));
        }
    }
    let mut settings = Vec::new();
    let kinds = [
        ("digest", c"digest"),
        ("cipher", c"cipher"),
        ("iv", c"iv"),
        ("customization", c"custom"),
        ("salt", c"salt"),
        ("outputLength", c"size"),
    ];
    for (index, (option, parameter)) in kinds.into_iter().enumerate() {
        let value = arguments.get(index + 2);
        if value.is_undefined() {
            continue;
        }
        if !method.takes(parameter) {
            let name = name.to_string_lossy();
            return Err(invalid(option, &format!("is not supported by MAC {name}")));
        }
        let setting = match index {
            0 | 1 => Setting::Text(text_of(scope, value)?),
            5 => Setting::Size(optional_number(value).unwrap_or_default()),
            _ => Setting::Bytes(scope.bytes_of(value)?),
        };
        settings.push((parameter, setting));
    }
    if method.is(c"GMAC") && (is_missing(4) || scope.bytes_of(arguments.get(4))?.is_empty()) {
        return Err(invalid("iv", "must be non-empty for GMAC"));
    }
    let begun = keys::with_secret(scope, arguments.get(1), |key| {
        method.begin(key, &mut settings)
    })?;
    let running = begun.map_err(|stack| refused(stack, "initialize"))?;
    scope.host_object(Rc::new(OpenMac {
        running: RefCell::new(Some(running)),
        is_empty: optional_number(arguments.get(7)) == Some(0),
    }))
}

fn ended() -> Error {
    Error::new("MAC already finalized").with("code", "ERR_CRYPTO_MAC_FINALIZED")
}

/// `macUpdate(mac, data)`: a string counts as UTF-8.
fn update<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = scope.expect_host::<OpenMac>(arguments.get(0), "a MAC")?;
    let mut running = open.running.borrow_mut();
    let running = running.as_mut().ok_or_else(ended)?;
    with_input(scope, arguments.get(1), |bytes| running.update(bytes))?
        .map_err(|stack| refused(stack, "update"))?;
    Ok(Local::undefined())
}

/// `macFinish(mac, format)`
fn finish<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = scope.expect_host::<OpenMac>(arguments.get(0), "a MAC")?;
    let running = open.running.borrow_mut().take().ok_or_else(ended)?;
    if open.is_empty {
        return given(scope, &[], arguments.get(1));
    }
    let code = running.finish().map_err(|stack| refused(stack, "finish"))?;
    given(scope, &code, arguments.get(1))
}
