//! Operations for digests, codes of messages and random bytes. A digest under way stays in Rust; it takes in strings and buffers where they are.

use std::cell::RefCell;
use std::rc::Rc;

use twinloop_web::crypto::digest::{self, Algorithm, Digest};
use twinloop_web::crypto::mac::{self, Hmac};
use twinloop_web::crypto::{self, random};

use super::keys;
use super::work::{failed, given, optional_number, perform, with_input};
use crate::engine::{Arguments, Bytes, Error, IntoJs, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("cryptoVersion", 0, version),
    Op::new("digestBytes", 6, digest_bytes),
    Op::new("equalBytes", 2, equal_bytes),
    Op::new("hashCopy", 2, copy),
    Op::new("hashFinish", 2, finish),
    Op::new("hashNames", 0, names),
    Op::new("hashOnce", 4, once),
    Op::new("hashOpen", 2, open),
    Op::new("hashUpdate", 2, update),
    Op::new("hmacOnce", 3, hmac_once),
    Op::new("hmacOpen", 2, hmac_open),
    Op::new("kmacOnce", 5, kmac_once),
    Op::new("randomFill", 3, random_fill),
    Op::new("randomLater", 1, random_later),
    Op::new("randomUuid", 0, random_uuid),
];

enum Running {
    Digest(Algorithm, Box<Digest>),
    Hmac(Box<Hmac>),
}

/// A digest or a code; absent when it has ended.
struct OpenHash(RefCell<Option<Running>>);

fn made<'s>(scope: &Scope<'s>, running: Running) -> Result<Local<'s>, Error> {
    scope.host_object(Rc::new(OpenHash(RefCell::new(Some(running)))))
}

fn hash_of(scope: &Scope<'_>, arguments: &Arguments<'_>) -> Result<Rc<OpenHash>, Error> {
    scope.expect_host::<OpenHash>(arguments.get(0), "a digest")
}

fn ended() -> Error {
    Error::new("the digest has ended")
}

fn algorithm_of(scope: &Scope<'_>, name: Local<'_>) -> Result<Option<Algorithm>, Error> {
    Ok(Algorithm::find(&scope.string_of(name)?))
}

pub(super) fn expected_algorithm(scope: &Scope<'_>, name: Local<'_>) -> Result<Algorithm, Error> {
    algorithm_of(scope, name)?.ok_or_else(|| {
        let name = scope.string_of(name).unwrap_or_default();
        Error::type_error(format!("Invalid digest: {name}"))
            .with("code", "ERR_CRYPTO_INVALID_DIGEST")
    })
}

/// `cryptoVersion()`
fn version<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.string(crypto::version())
}

/// `hashOpen(name, length)`: undefined if there is no such digest.
fn open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let Some(algorithm) = algorithm_of(scope, arguments.get(0))? else {
        return Ok(Local::undefined());
    };
    let digest = Digest::new(algorithm, optional_number(arguments.get(1))).map_err(failed)?;
    made(scope, Running::Digest(algorithm, Box::new(digest)))
}

/// `hmacOpen(name, key)`: the key is bytes or a key object; undefined if there is no such digest.
fn hmac_open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let Some(algorithm) = algorithm_of(scope, arguments.get(0))? else {
        return Ok(Local::undefined());
    };
    let hmac = keys::with_secret(scope, arguments.get(1), |key| Hmac::new(algorithm, key))?;
    made(scope, Running::Hmac(Box::new(hmac.map_err(failed)?)))
}

/// `hashUpdate(hash, data)`: a string counts as UTF-8.
fn update<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = hash_of(scope, &arguments)?;
    let mut running = open.0.borrow_mut();
    let running = running.as_mut().ok_or_else(ended)?;
    with_input(scope, arguments.get(1), |bytes| match running {
        Running::Digest(_, digest) => digest.update(bytes),
        Running::Hmac(hmac) => hmac.update(bytes),
    })?
    .map_err(failed)?;
    Ok(Local::undefined())
}

/// `hashCopy(hash, length)`
fn copy<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = hash_of(scope, &arguments)?;
    let copied = match open.0.borrow().as_ref().ok_or_else(ended)? {
        Running::Digest(algorithm, digest) => {
            let mut digest = digest.clone();
            let length = optional_number(arguments.get(1)).unwrap_or(algorithm.size());
            digest.set_length(*algorithm, length).map_err(failed)?;
            Running::Digest(*algorithm, digest)
        }
        Running::Hmac(hmac) => Running::Hmac(hmac.clone()),
    };
    made(scope, copied)
}

/// `hashFinish(hash, format)`
fn finish<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = hash_of(scope, &arguments)?;
    let running = open.0.borrow_mut().take().ok_or_else(ended)?;
    let give = |bytes: &[u8]| given(scope, bytes, arguments.get(1));
    match running {
        Running::Digest(_, digest) => digest.finish_with(give),
        Running::Hmac(hmac) => hmac.finish_with(give),
    }
    .map_err(failed)?
}

/// `hashOnce(name, data, format, length)`: undefined if there is no such digest.
fn once<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let Some(algorithm) = algorithm_of(scope, arguments.get(0))? else {
        return Ok(Local::undefined());
    };
    let mut digest = Digest::new(algorithm, optional_number(arguments.get(3))).map_err(failed)?;
    with_input(scope, arguments.get(1), |bytes| digest.update(bytes))?.map_err(failed)?;
    digest
        .finish_with(|bytes| given(scope, bytes, arguments.get(2)))
        .map_err(failed)?
}

/// `digestBytes(name, bytes, length, later, functionName, customization)`: cSHAKE where the name is `cshake128` or `cshake256`.
fn digest_bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.get(0))?;
    let length = optional_number(arguments.get(2));
    let later = arguments.get(3);
    if let Some(bits) = name.strip_prefix("cshake") {
        let bits = if bits == "128" { 128 } else { 256 };
        let bytes = scope.bytes_of(arguments.get(1))?;
        let function_name = scope.bytes_of(arguments.get(4))?;
        let customization = scope.bytes_of(arguments.get(5))?;
        return perform(scope, later, move || {
            let length = length.unwrap_or_default();
            mac::cshake(bits, &function_name, &customization, &bytes, length).map(Bytes)
        });
    }
    let algorithm = expected_algorithm(scope, arguments.get(0))?;
    if !scope.bool_of(later) {
        let digest = scope.with_bytes(arguments.get(1), |bytes| {
            digest::digest_with(algorithm, length, bytes, <[u8]>::to_vec)
        })?;
        return Bytes(digest.map_err(failed)?).into_js(scope);
    }
    let bytes = scope.bytes_of(arguments.get(1))?;
    perform(scope, later, move || {
        digest::digest_with(algorithm, length, &bytes, <[u8]>::to_vec).map(Bytes)
    })
}

/// `hmacOnce(name, key, bytes)`
fn hmac_once<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let algorithm = expected_algorithm(scope, arguments.get(0))?;
    let hmac = keys::with_secret(scope, arguments.get(1), |key| Hmac::new(algorithm, key))?;
    let mut hmac = hmac.map_err(failed)?;
    scope
        .with_bytes(arguments.get(2), |bytes| hmac.update(bytes))?
        .map_err(failed)?;
    Bytes(hmac.finish().map_err(failed)?).into_js(scope)
}

/// `kmacOnce(bits, key, customization, bytes, length)`
fn kmac_once<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let bits = if arguments.get(0).as_index() == Some(128) {
        128
    } else {
        256
    };
    let key = keys::with_secret(scope, arguments.get(1), <[u8]>::to_vec)?;
    let customization = scope.bytes_of(arguments.get(2))?;
    let length = optional_number(arguments.get(4)).unwrap_or_default();
    let code = scope.with_bytes(arguments.get(3), |bytes| {
        mac::kmac(bits, &key, &customization, bytes, length)
    })?;
    Bytes(code.map_err(failed)?).into_js(scope)
}

/// `hashNames()`
fn names<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    digest::names().into_js(scope)
}

/// `equalBytes(left, right)`: both have the same length.
fn equal_bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let equal = scope.with_both_bytes(arguments.get(0), arguments.get(1), crypto::equal)?;
    Ok(Local::boolean(equal))
}

/// `randomFill(bytes, offset, length)`
fn random_fill<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let start = optional_number(arguments.get(1)).unwrap_or_default();
    let length = optional_number(arguments.get(2));
    scope
        .with_bytes_mut(arguments.get(0), |bytes| {
            let start = start.min(bytes.len());
            let end = length.map_or(bytes.len(), |length| (start + length).min(bytes.len()));
            random::fill(&mut bytes[start..end])
        })?
        .map_err(failed)?;
    Ok(Local::undefined())
}

/// `randomLater(length)`: a promise of so many random bytes.
fn random_later<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let length = optional_number(arguments.get(0)).unwrap_or_default();
    perform(scope, Local::boolean(true), move || {
        random::bytes(length).map(Bytes)
    })
}

/// `randomUuid()`
fn random_uuid<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.string_latin1(&random::uuid().map_err(failed)?)
}
