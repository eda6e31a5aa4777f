//! Operations that use keys: ciphers, signatures, encryption, agreements, derivations, primes. Each works at once, or on the blocking pool.

use std::cell::RefCell;
use std::rc::Rc;

use twinloop_web::crypto::agreement::{self, DiffieHellman, Ecdh};
use twinloop_web::crypto::cipher::{self, Facts, Run, Wish};
use twinloop_web::crypto::derivation::{self, Argon2, ScryptCost};
use twinloop_web::crypto::encapsulation;
use twinloop_web::crypto::signature::{self, Form, Message, RsaEncryption, RsaWish};
use twinloop_web::crypto::{Failure, primes};

use super::hashing::expected_algorithm;
use super::keys::{key_of, with_secret};
use super::work::{failed, optional_bytes, optional_number, perform, with_input};
use crate::engine::{Arguments, Bytes, Error, IntoJs, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("agreeSecret", 3, agree_secret),
    Op::new("argon2Bytes", 9, argon2_bytes),
    Op::new("asymmetricCrypt", 7, asymmetric_crypt),
    Op::new("cipherFacts", 1, cipher_facts),
    Op::new("cipherFinish", 1, cipher_finish),
    Op::new("cipherNames", 0, cipher_names),
    Op::new("cipherOpen", 5, cipher_open),
    Op::new("cipherSetData", 3, cipher_set_data),
    Op::new("cipherSetPadding", 2, cipher_set_padding),
    Op::new("cipherSetTag", 2, cipher_set_tag),
    Op::new("cipherUpdate", 2, cipher_update),
    Op::new("cipherWhole", 8, cipher_whole),
    Op::new("decapsulateSecret", 3, decapsulate_secret),
    Op::new("dhFaults", 1, dh_faults),
    Op::new("dhGenerate", 1, dh_generate),
    Op::new("dhNumber", 2, dh_number),
    Op::new("dhOpen", 2, dh_open),
    Op::new("dhSecret", 2, dh_secret),
    Op::new("dhSet", 3, dh_set),
    Op::new("ecdhConvert", 3, ecdh_convert),
    Op::new("ecdhGenerate", 1, ecdh_generate),
    Op::new("ecdhOpen", 1, ecdh_open),
    Op::new("ecdhPrivate", 1, ecdh_private),
    Op::new("ecdhPublic", 2, ecdh_public),
    Op::new("ecdhSecret", 2, ecdh_secret),
    Op::new("ecdhSet", 3, ecdh_set),
    Op::new("encapsulateSecret", 2, encapsulate_secret),
    Op::new("hkdfBytes", 6, hkdf_bytes),
    Op::new("pbkdf2Bytes", 6, pbkdf2_bytes),
    Op::new("primeCheck", 3, prime_check),
    Op::new("primeGenerate", 5, prime_generate),
    Op::new("scryptBytes", 8, scrypt_bytes),
    Op::new("signBytes", 9, sign_bytes),
    Op::new("verifyBytes", 10, verify_bytes),
];

fn small(value: Local<'_>) -> u32 {
    optional_number(value).map_or(0, |number| u32::try_from(number).unwrap_or(u32::MAX))
}

fn number_of(value: Local<'_>) -> Option<i32> {
    value.as_f64().map(|number| number as i32)
}

// ---- ciphers

/// `cipherNames()`
fn cipher_names<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    cipher::names().into_js(scope)
}

/// `cipherFacts(nameOrNumber)`: `[mode, name, number, blockSize, ivLength, keyLength, isAuthenticated]`; undefined if there is none.
fn cipher_facts<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let given = arguments.get(0);
    let facts = if given.is_string() {
        cipher::facts(&scope.string_of(given)?)
    } else {
        number_of(given).and_then(cipher::facts_of_number)
    };
    let Some(Facts {
        number,
        name,
        mode,
        block_size,
        iv_length,
        key_length,
    }) = facts
    else {
        return Ok(Local::undefined());
    };
    scope.array(&[
        scope.string(mode.name())?,
        scope.string(&name)?,
        number.into_js(scope)?,
        block_size.into_js(scope)?,
        iv_length.into_js(scope)?,
        key_length.into_js(scope)?,
        Local::boolean(mode.is_authenticated()),
    ])
}

struct OpenCipher(RefCell<Run>);

fn cipher_of(scope: &Scope<'_>, arguments: &Arguments<'_>) -> Result<Rc<OpenCipher>, Error> {
    scope.expect_host::<OpenCipher>(arguments.get(0), "a cipher")
}

/// `cipherOpen(name, encrypts, key, iv, tagLength)`
fn cipher_open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.get(0))?;
    let encrypts = scope.bool_of(arguments.get(1));
    let iv = optional_bytes(scope, arguments.get(3))?;
    let wish = Wish {
        tag_length: optional_number(arguments.get(4)),
        full_tags_only: false,
    };
    let run = with_secret(scope, arguments.get(2), |key| {
        Run::new(&name, encrypts, key, iv.as_deref(), &wish)
    })?;
    let run = run.map_err(failed)?;
    scope.host_object(Rc::new(OpenCipher(RefCell::new(run))))
}

/// `cipherUpdate(cipher, data)`
fn cipher_update<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = cipher_of(scope, &arguments)?;
    let output = with_input(scope, arguments.get(1), |bytes| {
        open.0.borrow_mut().update(bytes)
    })?;
    Bytes(output.map_err(failed)?).into_js(scope)
}

/// `cipherFinish(cipher)`: `[bytes, tag]`
fn cipher_finish<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = cipher_of(scope, &arguments)?;
    let (bytes, tag) = open.0.borrow_mut().finish().map_err(failed)?;
    (Bytes(bytes), tag.map(Bytes)).into_js(scope)
}

/// `cipherSetPadding(cipher, padding)`
fn cipher_set_padding<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = cipher_of(scope, &arguments)?;
    open.0
        .borrow_mut()
        .set_padding(scope.bool_of(arguments.get(1)));
    Ok(Local::undefined())
}

/// `cipherSetTag(cipher, tag)`
fn cipher_set_tag<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = cipher_of(scope, &arguments)?;
    let set = scope.with_bytes(arguments.get(1), |tag| open.0.borrow_mut().set_tag(tag))?;
    set.map_err(failed)?;
    Ok(Local::undefined())
}

/// `cipherSetData(cipher, data, length)`
fn cipher_set_data<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = cipher_of(scope, &arguments)?;
    let length = optional_number(arguments.get(2));
    let set = scope.with_bytes(arguments.get(1), |data| {
        open.0.borrow_mut().set_additional_data(data, length)
    })?;
    set.map_err(failed)?;
    Ok(Local::undefined())
}

/// `cipherWhole(name, encrypts, key, iv, data, tagLength, message, later)`: a whole message, its tag behind it.
fn cipher_whole<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.get(0))?;
    let encrypts = scope.bool_of(arguments.get(1));
    let iv = optional_bytes(scope, arguments.get(3))?;
    let data = optional_bytes(scope, arguments.get(4))?;
    let tag_length = optional_number(arguments.get(5));
    let run = if encrypts {
        cipher::encrypt
    } else {
        cipher::decrypt
    };
    let later = arguments.get(7);
    if !scope.bool_of(later) {
        let output = with_secret(scope, arguments.get(2), |key| {
            scope.with_bytes(arguments.get(6), |message| {
                run(
                    &name,
                    key,
                    iv.as_deref(),
                    data.as_deref(),
                    tag_length,
                    message,
                )
            })
        })??;
        return Bytes(output.map_err(failed)?).into_js(scope);
    }
    let key = with_secret(scope, arguments.get(2), <[u8]>::to_vec)?;
    let message = scope.bytes_of(arguments.get(6))?;
    perform(scope, later, move || {
        run(
            &name,
            &key,
            iv.as_deref(),
            data.as_deref(),
            tag_length,
            &message,
        )
        .map(Bytes)
    })
}

// ---- signatures and encryption with public keys

struct Signing {
    algorithm: Option<twinloop_web::crypto::digest::Algorithm>,
    rsa: RsaWish,
    form: Form,
    context: Option<Vec<u8>>,
}

/// `(name, padding, saltLength, form, context)` from the argument `first` on.
fn signing_of(
    scope: &Scope<'_>,
    arguments: &Arguments<'_>,
    first: usize,
) -> Result<Signing, Error> {
    let name = arguments.get(first);
    Ok(Signing {
        algorithm: if name.is_undefined() {
            None
        } else {
            Some(expected_algorithm(scope, name)?)
        },
        rsa: RsaWish {
            padding: number_of(arguments.get(first + 1)),
            salt_length: number_of(arguments.get(first + 2)),
        },
        form: if scope.bool_of(arguments.get(first + 3)) {
            Form::P1363
        } else {
            Form::Der
        },
        context: optional_bytes(scope, arguments.get(first + 4))?,
    })
}

fn message_of(bytes: &[u8], is_digest: bool) -> Message<'_> {
    if is_digest {
        Message::Digest(bytes)
    } else {
        Message::Whole(bytes)
    }
}

/// `signBytes(key, name, padding, saltLength, asP1363, context, bytes, areDigest, later)`
fn sign_bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let key = key_of(scope, arguments.get(0))?;
    let signing = signing_of(scope, &arguments, 1)?;
    let is_digest = scope.bool_of(arguments.get(7));
    let work = move |bytes: &[u8]| {
        let Signing {
            algorithm,
            rsa,
            form,
            context,
        } = signing;
        let message = message_of(bytes, is_digest);
        signature::sign(&key, algorithm, rsa, form, context.as_deref(), message).map(Bytes)
    };
    let later = arguments.get(8);
    if !scope.bool_of(later) {
        let signature = with_input(scope, arguments.get(6), work)?;
        return signature.map_err(failed)?.into_js(scope);
    }
    let bytes = scope.bytes_of(arguments.get(6))?;
    perform(scope, later, move || work(&bytes))
}

/// `verifyBytes(key, name, padding, saltLength, asP1363, context, bytes, areDigest, signature, later)`
fn verify_bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let key = key_of(scope, arguments.get(0))?;
    let signing = signing_of(scope, &arguments, 1)?;
    let is_digest = scope.bool_of(arguments.get(7));
    let signature = scope.bytes_of(arguments.get(8))?;
    let work = move |bytes: &[u8]| {
        let Signing {
            algorithm,
            rsa,
            form,
            context,
        } = signing;
        let message = message_of(bytes, is_digest);
        let context = context.as_deref();
        signature::verify(&key, algorithm, rsa, form, context, message, &signature)
    };
    let later = arguments.get(9);
    if !scope.bool_of(later) {
        let verified = with_input(scope, arguments.get(6), work)?;
        return Ok(Local::boolean(verified.map_err(failed)?));
    }
    let bytes = scope.bytes_of(arguments.get(6))?;
    perform(scope, later, move || work(&bytes))
}

/// `asymmetricCrypt(kind, key, padding, digest, label, bytes, later)`: the kind is 0 to encrypt, 1 to decrypt, 2 to sign without a digest, 3 to
/// recover what was signed so.
fn asymmetric_crypt<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let kind = number_of(arguments.get(0));
    let key = key_of(scope, arguments.get(1))?;
    let padding = number_of(arguments.get(2)).unwrap_or_default();
    let digest = if arguments.get(3).is_undefined() {
        None
    } else {
        Some(expected_algorithm(scope, arguments.get(3))?)
    };
    let label = optional_bytes(scope, arguments.get(4))?;
    let bytes = scope.bytes_of(arguments.get(5))?;
    perform(scope, arguments.get(6), move || {
        let wish = RsaEncryption {
            padding,
            digest,
            label: label.as_deref(),
        };
        match kind {
            Some(0) => signature::encrypt(&key, wish, &bytes),
            Some(1) => signature::decrypt(&key, wish, &bytes),
            Some(2) => signature::sign_bare(&key, padding, &bytes),
            _ => signature::recover_bare(&key, padding, &bytes),
        }
        .map(Bytes)
    })
}

// ---- agreements

/// `agreeSecret(privateKey, publicKey, later)`
fn agree_secret<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let private = key_of(scope, arguments.get(0))?;
    let public = key_of(scope, arguments.get(1))?;
    perform(scope, arguments.get(2), move || {
        agreement::secret(&private, &public).map(Bytes)
    })
}

/// `encapsulateSecret(key, later)`: `[shared, ciphertext]`
fn encapsulate_secret<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let key = key_of(scope, arguments.get(0))?;
    perform(scope, arguments.get(1), move || {
        let made = encapsulation::encapsulate(&key)?;
        Ok(vec![Bytes(made.shared), Bytes(made.ciphertext)])
    })
}

/// `decapsulateSecret(privateKey, ciphertext, later)`
fn decapsulate_secret<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let key = key_of(scope, arguments.get(0))?;
    let ciphertext = scope.bytes_of(arguments.get(1))?;
    perform(scope, arguments.get(2), move || {
        encapsulation::decapsulate(&key, &ciphertext).map(Bytes)
    })
}

struct OpenDh(RefCell<DiffieHellman>);

fn dh_of(scope: &Scope<'_>, arguments: &Arguments<'_>) -> Result<Rc<OpenDh>, Error> {
    scope.expect_host::<OpenDh>(arguments.get(0), "an exchange of keys")
}

/// `dhOpen(primeOrNameOrLength, generator)`: undefined if no group has this name.
fn dh_open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let first = arguments.get(0);
    let exchange = if first.is_string() {
        match DiffieHellman::named(&scope.string_of(first)?) {
            Some(exchange) => exchange,
            None => return Ok(Local::undefined()),
        }
    } else if first.is_object() {
        let prime = scope.bytes_of(first)?;
        let generator = if arguments.get(1).is_object() {
            scope.bytes_of(arguments.get(1))?
        } else {
            small(arguments.get(1)).to_be_bytes().to_vec()
        };
        DiffieHellman::with_prime(&prime, &generator).map_err(failed)?
    } else {
        DiffieHellman::with_length(small(first), small(arguments.get(1))).map_err(failed)?
    };
    scope.host_object(Rc::new(OpenDh(RefCell::new(exchange))))
}

/// `dhFaults(exchange)`
fn dh_faults<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let faults = dh_of(scope, &arguments)?.0.borrow().faults();
    faults.into_js(scope)
}

/// `dhGenerate(exchange)`: the public key.
fn dh_generate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let public = dh_of(scope, &arguments)?.0.borrow_mut().generate();
    Bytes(public.map_err(failed)?).into_js(scope)
}

/// `dhSecret(exchange, otherPublicKey)`
fn dh_secret<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let exchange = dh_of(scope, &arguments)?;
    let other = scope.bytes_of(arguments.get(1))?;
    let secret = exchange.0.borrow().secret(&other);
    Bytes(secret.map_err(failed)?).into_js(scope)
}

/// `dhNumber(exchange, which)`: 0 is the prime, 1 the generator, 2 the public and 3 the private key; undefined if it has none.
fn dh_number<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let exchange = dh_of(scope, &arguments)?;
    let exchange = exchange.0.borrow();
    match number_of(arguments.get(1)) {
        Some(0) => Some(exchange.prime()),
        Some(1) => Some(exchange.generator()),
        Some(2) => exchange.public().map_err(failed)?,
        _ => exchange.private().map_err(failed)?,
    }
    .map(Bytes)
    .into_js(scope)
}

/// `dhSet(exchange, isPrivate, bytes)`
fn dh_set<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let exchange = dh_of(scope, &arguments)?;
    let bytes = scope.bytes_of(arguments.get(2))?;
    let mut exchange = exchange.0.borrow_mut();
    if scope.bool_of(arguments.get(1)) {
        exchange.set_private(&bytes)
    } else {
        exchange.set_public(&bytes)
    }
    .map_err(failed)?;
    Ok(Local::undefined())
}

struct OpenEcdh(RefCell<Ecdh>);

fn ecdh_of(scope: &Scope<'_>, arguments: &Arguments<'_>) -> Result<Rc<OpenEcdh>, Error> {
    scope.expect_host::<OpenEcdh>(arguments.get(0), "an exchange of keys")
}

/// `ecdhOpen(curve)`: undefined if there is no such curve.
fn ecdh_open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    match Ecdh::new(&scope.string_of(arguments.get(0))?) {
        Some(exchange) => scope.host_object(Rc::new(OpenEcdh(RefCell::new(exchange)))),
        None => Ok(Local::undefined()),
    }
}

/// `ecdhGenerate(exchange)`
fn ecdh_generate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let exchange = ecdh_of(scope, &arguments)?;
    exchange.0.borrow_mut().generate().map_err(failed)?;
    Ok(Local::undefined())
}

/// `ecdhSecret(exchange, otherPublicKey)`
fn ecdh_secret<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let exchange = ecdh_of(scope, &arguments)?;
    let other = scope.bytes_of(arguments.get(1))?;
    let secret = exchange.0.borrow().secret(&other);
    Bytes(secret.map_err(failed)?).into_js(scope)
}

/// `ecdhPublic(exchange, form)`
fn ecdh_public<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let form = agreement::form(small(arguments.get(1)).into());
    let public = ecdh_of(scope, &arguments)?.0.borrow().public(form);
    Bytes(public.map_err(failed)?).into_js(scope)
}

/// `ecdhPrivate(exchange)`
fn ecdh_private<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let private = ecdh_of(scope, &arguments)?.0.borrow().private();
    Bytes(private.map_err(failed)?).into_js(scope)
}

/// `ecdhSet(exchange, isPrivate, bytes)`
fn ecdh_set<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let exchange = ecdh_of(scope, &arguments)?;
    let bytes = scope.bytes_of(arguments.get(2))?;
    let mut exchange = exchange.0.borrow_mut();
    if scope.bool_of(arguments.get(1)) {
        exchange.set_private(&bytes)
    } else {
        exchange.set_public(&bytes)
    }
    .map_err(failed)?;
    Ok(Local::undefined())
}

/// `ecdhConvert(curve, point, form)`
fn ecdh_convert<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let curve = scope.string_of(arguments.get(0))?;
    let point = scope.bytes_of(arguments.get(1))?;
    let form = agreement::form(small(arguments.get(2)).into());
    let converted = agreement::convert_point(&curve, &point, form).map_err(failed)?;
    Bytes(converted).into_js(scope)
}

// ---- derivations

/// `pbkdf2Bytes(name, password, salt, iterations, length, later)`
fn pbkdf2_bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let algorithm = expected_algorithm(scope, arguments.get(0))?;
    let password = with_secret(scope, arguments.get(1), <[u8]>::to_vec)?;
    let salt = scope.bytes_of(arguments.get(2))?;
    let iterations = small(arguments.get(3)) as usize;
    let length = small(arguments.get(4)) as usize;
    perform(scope, arguments.get(5), move || {
        derivation::pbkdf2(algorithm, &password, &salt, iterations, length).map(Bytes)
    })
}

/// `hkdfBytes(name, key, salt, info, length, later)`
fn hkdf_bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let algorithm = expected_algorithm(scope, arguments.get(0))?;
    let key = with_secret(scope, arguments.get(1), <[u8]>::to_vec)?;
    let salt = scope.bytes_of(arguments.get(2))?;
    let info = scope.bytes_of(arguments.get(3))?;
    let length = small(arguments.get(4)) as usize;
    perform(scope, arguments.get(5), move || {
        derivation::hkdf(algorithm, &key, &salt, &info, length).map(Bytes)
    })
}

/// `scryptBytes(password, salt, n, r, p, mostMemory, length, later)`: the costs are looked at before the promise is made.
fn scrypt_bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let password = scope.bytes_of(arguments.get(0))?;
    let salt = scope.bytes_of(arguments.get(1))?;
    let number = |index: usize| arguments.get(index).as_index().unwrap_or_default();
    let cost = ScryptCost {
        n: number(2),
        r: number(3),
        p: number(4),
        most_memory: number(5),
    };
    derivation::scrypt(b"", b"", cost, 0).map_err(failed)?;
    let length = number(6) as usize;
    perform(scope, arguments.get(7), move || {
        derivation::scrypt(&password, &salt, cost, length).map(Bytes)
    })
}

/// `argon2Bytes(kind, message, nonce, [parallelism, length, memory, passes], secret, associatedData, later)`
fn argon2_bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let kind = scope.string_of(arguments.get(0))?;
    let number =
        |index: u32| -> Result<u32, Error> { Ok(small(scope.get(arguments.get(3), index)?)) };
    let wish = Argon2 {
        message: with_secret(scope, arguments.get(1), <[u8]>::to_vec)?,
        nonce: scope.bytes_of(arguments.get(2))?,
        parallelism: number(0)?,
        length: number(1)? as usize,
        memory: number(2)?,
        passes: number(3)?,
        secret: optional_bytes(scope, arguments.get(4))?.unwrap_or_default(),
        associated_data: optional_bytes(scope, arguments.get(5))?.unwrap_or_default(),
    };
    perform(scope, arguments.get(6), move || {
        derivation::argon2(&kind, &wish).map(Bytes)
    })
}

// ---- primes

/// `primeGenerate(bits, safe, add, rem, later)`: the bytes of a prime.
fn prime_generate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let bits = number_of(arguments.get(0)).unwrap_or_default();
    let safe = scope.bool_of(arguments.get(1));
    let add = optional_bytes(scope, arguments.get(2))?;
    let rem = optional_bytes(scope, arguments.get(3))?;
    perform(scope, arguments.get(4), move || {
        primes::generate(bits, safe, add.as_deref(), rem.as_deref()).map(Bytes)
    })
}

/// `primeCheck(bytes, checks, later)`
fn prime_check<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.bytes_of(arguments.get(0))?;
    let checks = number_of(arguments.get(1)).unwrap_or_default();
    if number.len() > 1 << 20 {
        return Err(failed(Failure::new(
            "ERR_OSSL_BN_BIGNUM_TOO_LONG",
            "error:01800072:bignum routines::bignum too long",
        )));
    }
    perform(scope, arguments.get(2), move || {
        primes::is_prime(&number, checks)
    })
}
