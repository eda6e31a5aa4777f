//! Operations for keys: reading, writing, what they tell, making new ones. A key is a host object that threads may share; JavaScript's classes
//! (`CryptoKey`, `KeyObject`) hold one each.

use std::rc::Rc;
use std::sync::Arc;

use twinloop_web::crypto::digest::Algorithm;
use twinloop_web::crypto::generation::{self, Kind};
use twinloop_web::crypto::key::{self, Details, Encoding, Key, Protection, PssRestriction};
use twinloop_web::crypto::{Failure, Outcome};

use super::work::{failed, optional_bytes, optional_number, optional_string, perform};
use crate::engine::transcoding::{self, Base64};
use crate::engine::{Arguments, Bytes, Error, IntoJs, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("base64UrlBytes", 1, base64_url_bytes),
    Op::new("base64UrlText", 1, base64_url_text),
    Op::new("curveNames", 0, curve_names),
    Op::new("keyBytes", 1, bytes),
    Op::new("keyDetails", 1, details),
    Op::new("keyEquals", 2, equals),
    Op::new("keyFromNumbers", 1, from_numbers),
    Op::new("keyFromPoint", 3, from_point),
    Op::new("keyFromRaw", 3, from_raw),
    Op::new("keyFromSecret", 1, from_secret),
    Op::new("keyKind", 1, kind),
    Op::new("keyNumber", 1, number),
    Op::new("keyPair", 3, pair),
    Op::new("keyPoint", 2, point),
    Op::new("keyPublic", 1, public),
    Op::new("keyRaw", 2, raw),
    Op::new("keyRead", 5, read),
    Op::new("keyRsaNumbers", 1, rsa_numbers),
    Op::new("keyWrite", 5, write),
];

/// A key in JavaScript's hands.
pub(super) struct HostKey(pub(super) Arc<Key>);

/// A key that becomes a host object.
pub(super) struct NewKey(pub(super) Key);

impl IntoJs for NewKey {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        scope.host_object(Rc::new(HostKey(Arc::new(self.0))))
    }
}

fn made<'s>(scope: &Scope<'s>, key: Outcome<Key>) -> Result<Local<'s>, Error> {
    NewKey(key.map_err(failed)?).into_js(scope)
}

pub(super) fn key_of(scope: &Scope<'_>, value: Local<'_>) -> Result<Arc<Key>, Error> {
    Ok(scope.expect_host::<HostKey>(value, "a key")?.0.clone())
}

/// Lends the bytes of a secret key, or of a buffer.
pub(super) fn with_secret<R>(
    scope: &Scope<'_>,
    value: Local<'_>,
    f: impl FnOnce(&[u8]) -> R,
) -> Result<R, Error> {
    match scope.host_value::<HostKey>(value) {
        Some(key) => match &*key.0 {
            Key::Secret(bytes) => Ok(f(bytes)),
            _ => Err(Error::type_error("the key is not a secret key")),
        },
        None => scope.with_bytes(value, f),
    }
}

fn encoding_of(scope: &Scope<'_>, value: Local<'_>) -> Result<Encoding, Error> {
    let name = scope.string_of(value)?;
    Encoding::named(&name).ok_or_else(|| Error::type_error(format!("no encoding is {name:?}")))
}

/// `keyFromSecret(bytes)`
fn from_secret<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let bytes = scope.bytes_of(arguments.get(0))?;
    made(scope, Ok(Key::Secret(bytes)))
}

/// `keyRead(isPrivate, bytes, encoding, passphrase)`: the encoding is undefined for PEM.
fn read<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let is_private = scope.bool_of(arguments.get(0));
    let passphrase = optional_bytes(scope, arguments.get(3))?;
    let passphrase = passphrase.as_deref();
    let encoding = if arguments.get(2).is_undefined() {
        None
    } else {
        Some(encoding_of(scope, arguments.get(2))?)
    };
    let key = scope.with_bytes(arguments.get(1), |bytes| match (is_private, encoding) {
        (true, None) => key::private_from_pem(bytes, passphrase),
        (true, Some(encoding)) => key::private_from_der(bytes, encoding, passphrase),
        (false, None) => key::public_from_pem(bytes, passphrase),
        (false, Some(encoding)) => key::public_from_der(bytes, encoding, passphrase),
    })?;
    made(scope, key)
}

/// `keyFromRaw(kind, isPrivate, bytes)`
fn from_raw<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let kind = scope.string_of(arguments.get(0))?;
    let is_private = scope.bool_of(arguments.get(1));
    let key = scope.with_bytes(arguments.get(2), |bytes| {
        key::from_raw(&kind, is_private, bytes)
    })?;
    made(scope, key)
}

/// `keyFromPoint(curve, point, number)`: undefined what there is not.
fn from_point<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let curve = scope.string_of(arguments.get(0))?;
    let point = optional_bytes(scope, arguments.get(1))?;
    let number = optional_bytes(scope, arguments.get(2))?;
    made(
        scope,
        key::from_point(&curve, point.as_deref(), number.as_deref()),
    )
}

/// `keyFromNumbers(numbers)`: those of an RSA key.
fn from_numbers<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let list = arguments.get(0);
    let mut numbers = Vec::new();
    for index in 0..scope.array_length(list)? {
        let item = scope.get(list, index)?;
        numbers.push(scope.bytes_of(item)?);
    }
    made(scope, key::from_rsa_numbers(&numbers))
}

/// `keyKind(key)`: Node's name of its kind; undefined for secret keys and for kinds without a name.
fn kind<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    key_of(scope, arguments.get(0))?.kind().into_js(scope)
}

/// `keyPublic(key)`: its public half.
fn public<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let key = key_of(scope, arguments.get(0))?;
    made(scope, key.public().map(Key::Public))
}

/// `keyEquals(left, right)`
fn equals<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let left = key_of(scope, arguments.get(0))?;
    let right = key_of(scope, arguments.get(1))?;
    Ok(Local::boolean(left.equals(&right)))
}

/// `keyBytes(key)`: the bytes of a secret key.
fn bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    with_secret(scope, arguments.get(0), |bytes| {
        scope.uint8_array_copy(bytes)
    })?
}

/// `keyWrite(key, encoding, asPem, cipher, passphrase)`: bytes, or the text of PEM.
fn write<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let key = key_of(scope, arguments.get(0))?;
    let encoding = encoding_of(scope, arguments.get(1))?;
    let as_pem = scope.bool_of(arguments.get(2));
    let cipher = optional_string(scope, arguments.get(3))?;
    let passphrase = optional_bytes(scope, arguments.get(4))?;
    let protection = (cipher.as_deref().zip(passphrase.as_deref()))
        .map(|(cipher, passphrase)| Protection { cipher, passphrase });
    let written = key.write(encoding, as_pem, protection).map_err(failed)?;
    if as_pem {
        scope.string_latin1(&written)
    } else {
        Bytes(written).into_js(scope)
    }
}

/// `keyRaw(key, privateHalf)`
fn raw<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let key = key_of(scope, arguments.get(0))?;
    let raw = key.raw(scope.bool_of(arguments.get(1))).map_err(failed)?;
    Bytes(raw).into_js(scope)
}

/// `keyPoint(key, compressed)`
fn point<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let key = key_of(scope, arguments.get(0))?;
    let point = key.point(scope.bool_of(arguments.get(1))).map_err(failed)?;
    Bytes(point).into_js(scope)
}

/// `keyNumber(key)`: the private number of a key on a curve.
fn number<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = key_of(scope, arguments.get(0))?.number().map_err(failed)?;
    Bytes(number).into_js(scope)
}

/// `keyRsaNumbers(key)`
fn rsa_numbers<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let numbers = key_of(scope, arguments.get(0))?.rsa_numbers();
    let numbers = numbers.map_err(failed)?.into_iter().map(Bytes);
    numbers.collect::<Vec<_>>().into_js(scope)
}

/// `keyDetails(key)`: `[bits, divisorBits, exponent, curve, digest, maskDigest, saltLength]`, undefined what there is not.
fn details<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let Details {
        bits,
        divisor_bits,
        exponent,
        curve,
        pss,
    } = key_of(scope, arguments.get(0))?.details();
    let items = [
        bits.into_js(scope)?,
        divisor_bits.into_js(scope)?,
        exponent.into_js(scope)?,
        curve.into_js(scope)?,
        pss.as_ref().map(|pss| pss.digest).into_js(scope)?,
        pss.as_ref().map(|pss| pss.mask_digest).into_js(scope)?,
        pss.as_ref().map(|pss| pss.salt_length).into_js(scope)?,
    ];
    scope.array(&items)
}

/// `base64UrlBytes(text)`: undefined if it is not base64url.
fn base64_url_bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let Some(text) = scope.latin1_of(arguments.get(0))? else {
        return Ok(Local::undefined());
    };
    let is_ours = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !text.iter().all(is_ours) {
        return Ok(Local::undefined());
    }
    let mut bytes = vec![0; transcoding::decoded_room(&text)];
    match transcoding::decode_base64(&text, true, &mut bytes) {
        Some(length) => {
            bytes.truncate(length);
            Bytes(bytes).into_js(scope)
        }
        None => Ok(Local::undefined()),
    }
}

/// `base64UrlText(bytes)`
fn base64_url_text<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope
        .with_bytes(arguments.get(0), |bytes| {
            let mut text = vec![0; Base64::Url.encoded_length(bytes.len())];
            Base64::Url.encode(bytes, &mut text);
            text
        })
        .and_then(|text| scope.string_latin1(&text))
}

/// `curveNames()`
fn curve_names<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    key::curve_names().into_js(scope)
}

fn static_digest(name: &str) -> Outcome<&'static str> {
    let names = [
        "sha1",
        "sha224",
        "sha256",
        "sha384",
        "sha512",
        "sha512-224",
        "sha512-256",
    ];
    let found = names
        .into_iter()
        .find(|known| name.eq_ignore_ascii_case(known));
    found.ok_or_else(|| {
        Failure::new(
            "ERR_CRYPTO_INVALID_DIGEST",
            format!("Invalid digest: {name}"),
        )
    })
}

/// `keyPair(kind, parameters, later)`: the private key, whose public half is with it. The parameters are `[bits, exponent]` for `rsa`,
/// `[bits, exponent, digest, maskDigest, saltLength]` for `rsa-pss`, `[bits]` for `dsa`, `[curve, explicit]` for `ec`, `[group]`,
/// `[prime, generator]` or `[bits, generator]` for `dh`.
fn pair<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.get(0))?;
    let parameters = arguments.get(1);
    let item = |index: u32| scope.get(parameters, index);
    let number = |index: u32| -> Result<u32, Error> {
        let number = optional_number(item(index)?).unwrap_or_default();
        Ok(u32::try_from(number).unwrap_or(u32::MAX))
    };
    let kind = match name.as_str() {
        "rsa" => Kind::Rsa {
            bits: number(0)?,
            exponent: number(1)?,
        },
        "rsa-pss" => {
            let digest = optional_string(scope, item(2)?)?;
            let mask_digest = optional_string(scope, item(3)?)?;
            let salt_length = optional_number(item(4)?);
            let is_restricted = digest.is_some() || mask_digest.is_some() || salt_length.is_some();
            let digest = digest.unwrap_or_else(|| "sha1".to_owned());
            let mask_digest = mask_digest.unwrap_or_else(|| digest.clone());
            // As long as the digest, which is SHA-1's 20 without one.
            let size = Algorithm::find(&digest).map_or(20, Algorithm::size) as u32;
            let restriction = PssRestriction {
                digest: static_digest(&digest).map_err(failed)?,
                mask_digest: static_digest(&mask_digest).map_err(failed)?,
                salt_length: salt_length.map_or(size, |length| length as u32),
            };
            Kind::RsaPss {
                bits: number(0)?,
                exponent: number(1)?,
                restriction: is_restricted.then_some(restriction),
            }
        }
        "dsa" => Kind::Dsa { bits: number(0)? },
        "ec" => Kind::Ec {
            curve: scope.string_of(item(0)?)?,
            explicit: scope.bool_of(item(1)?),
        },
        "dh" => {
            let first = item(0)?;
            if first.is_string() {
                Kind::DhGroup {
                    name: scope.string_of(first)?,
                }
            } else if first.is_object() {
                Kind::DhPrime {
                    prime: scope.bytes_of(first)?,
                    generator: number(1)?,
                }
            } else {
                Kind::DhLength {
                    bits: number(0)?,
                    generator: number(1)?,
                }
            }
        }
        _ => Kind::Plain(name),
    };
    perform(scope, arguments.get(2), move || {
        generation::pair(&kind).map(NewKey)
    })
}
