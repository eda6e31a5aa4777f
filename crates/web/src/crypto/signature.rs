//! Signatures and encryption with public keys.

use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::md::Md;
use openssl::md_ctx::MdCtx;
use openssl::pkey::{HasPublic, Id, PKeyRef, Private};
use openssl::pkey_ctx::{PkeyCtx, PkeyCtxRef};
use openssl::rsa::Padding;
use openssl::sign::RsaPssSaltlen;

use super::digest::{Algorithm, digest_with};
use super::key::{Key, kind_of};
use super::{Failure, Outcome};

/// How an RSA key signs.
#[derive(Debug, Clone, Copy, Default)]
pub struct RsaWish {
    /// OpenSSL's number of the padding; that of the key's kind without one.
    pub padding: Option<i32>,
    /// The length of the salt, or one of OpenSSL's negative numbers.
    pub salt_length: Option<i32>,
}

/// How signatures of DSA and ECDSA are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A sequence of two numbers.
    Der,
    /// Two numbers of the width of the order.
    P1363,
}

/// What is signed.
#[derive(Clone, Copy)]
pub enum Message<'a> {
    /// The message.
    Whole(&'a [u8]),
    /// Its digest.
    Digest(&'a [u8]),
}

fn set_rsa<T>(
    context: &mut PkeyCtxRef<T>,
    key_is_pss: bool,
    wish: RsaWish,
    verifies: bool,
) -> Outcome<()> {
    let default = if key_is_pss {
        Padding::PKCS1_PSS
    } else {
        Padding::PKCS1
    };
    let padding = wish.padding.map_or(default, Padding::from_raw);
    context.set_rsa_padding(padding)?;
    if padding == Padding::PKCS1_PSS {
        let length = match wish.salt_length {
            Some(length) => RsaPssSaltlen::custom(length),
            // As long as there is room for, and found in the signature.
            None if verifies => RsaPssSaltlen::custom(-2),
            None => RsaPssSaltlen::custom(-2),
        };
        // A key that says its salt's length itself has the last word.
        if wish.salt_length.is_some() || !key_is_pss {
            context.set_rsa_pss_saltlen(length)?;
        } else {
            let _ = context.set_rsa_pss_saltlen(length);
        }
    }
    Ok(())
}

fn is_rsa<T>(key: &PKeyRef<T>) -> bool {
    matches!(key.id(), Id::RSA | Id::RSA_PSS)
}

/// Keys that sign the message itself.
fn signs_whole<T>(key: &PKeyRef<T>) -> bool {
    !matches!(
        key.id(),
        Id::RSA | Id::RSA_PSS | Id::DSA | Id::EC | Id::DH | Id::DHX | Id::X25519 | Id::X448
    )
}

fn invalid_digest() -> Failure {
    Failure {
        message: "error:030000A7:digital envelope routines::invalid digest".to_owned(),
        code: Some("ERR_OSSL_INVALID_DIGEST".to_owned()),
        library: Some("digital envelope routines".to_owned()),
        reason: Some("invalid digest".to_owned()),
        others: Vec::new(),
    }
}

fn unsupported_type() -> Failure {
    Failure {
        message:
            "error:03000096:digital envelope routines::operation not supported for this keytype"
                .to_owned(),
        code: Some("ERR_OSSL_EVP_OPERATION_NOT_SUPPORTED_FOR_THIS_KEYTYPE".to_owned()),
        library: Some("digital envelope routines".to_owned()),
        reason: Some("operation not supported for this keytype".to_owned()),
        others: Vec::new(),
    }
}

#[cfg(ossl350)]
fn set_context<T>(context: &mut PkeyCtxRef<T>, bytes: Option<&[u8]>) -> Outcome<()> {
    if let Some(bytes) = bytes
        && !bytes.is_empty()
    {
        context.set_context_string(bytes)?;
    }
    Ok(())
}
#[cfg(not(ossl350))]
fn set_context<T>(_: &mut PkeyCtxRef<T>, bytes: Option<&[u8]>) -> Outcome<()> {
    if bytes.is_some_and(|bytes| !bytes.is_empty()) {
        return Err(Failure::new(
            "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
            "this OpenSSL has no context parameter",
        ));
    }
    Ok(())
}

fn with_digest<R>(
    algorithm: Option<Algorithm>,
    message: Message<'_>,
    f: impl FnOnce(Algorithm, &[u8]) -> Outcome<R>,
    default: Option<&str>,
) -> Outcome<R> {
    let algorithm = match algorithm {
        Some(algorithm) => algorithm,
        None => default
            .and_then(Algorithm::find)
            .ok_or_else(unsupported_type)?,
    };
    match message {
        Message::Digest(digest) => f(algorithm, digest),
        Message::Whole(bytes) => {
            digest_with(algorithm, None, bytes, |digest| f(algorithm, digest))?
        }
    }
}

fn default_digest<T>(key: &PKeyRef<T>) -> Option<&'static str> {
    // What OpenSSL takes for these kinds.
    matches!(key.id(), Id::RSA | Id::RSA_PSS | Id::DSA | Id::EC).then_some("sha256")
}

/// Signs a message.
///
/// # Errors
/// When the key is not one that signs, or does not with this digest.
pub fn sign(
    key: &Key,
    algorithm: Option<Algorithm>,
    rsa: RsaWish,
    form: Form,
    context_bytes: Option<&[u8]>,
    message: Message<'_>,
) -> Outcome<Vec<u8>> {
    let key = key.private()?;
    let mut signature = Vec::new();
    if signs_whole(key) {
        let Message::Whole(bytes) = message else {
            return Err(unsupported_type());
        };
        if algorithm.is_some() {
            return Err(invalid_digest());
        }
        let mut context = MdCtx::new()?;
        let inner = context.digest_sign_init(None, key)?;
        set_context(inner, context_bytes)?;
        context.digest_sign_to_vec(bytes, &mut signature)?;
        return Ok(signature);
    }
    with_digest(
        algorithm,
        message,
        |algorithm, digest| {
            let mut context = PkeyCtx::new(key)?;
            context.sign_init()?;
            if is_rsa(key) {
                set_rsa(&mut context, key.id() == Id::RSA_PSS, rsa, false)?;
            }
            if let Some(md) = Md::from_nid(algorithm.message_digest().type_()) {
                context.set_signature_md(md)?;
            }
            context.sign_to_vec(digest, &mut signature)?;
            Ok(())
        },
        default_digest(key),
    )?;
    match (form, width_of(key)) {
        (Form::P1363, Some(width)) => to_p1363(&signature, width),
        _ => Ok(signature),
    }
}

/// Whether a signature is the key's for a message.
///
/// # Errors
/// When the key is not one that signs, or does not with this digest.
pub fn verify(
    key: &Key,
    algorithm: Option<Algorithm>,
    rsa: RsaWish,
    form: Form,
    context_bytes: Option<&[u8]>,
    message: Message<'_>,
    signature: &[u8],
) -> Outcome<bool> {
    let key = key.public()?;
    if signs_whole(&key) {
        let Message::Whole(bytes) = message else {
            return Err(unsupported_type());
        };
        if algorithm.is_some() {
            return Err(invalid_digest());
        }
        let mut context = MdCtx::new()?;
        let inner = context.digest_verify_init(None, &key)?;
        set_context(inner, context_bytes)?;
        return Ok(context.digest_verify(bytes, signature).unwrap_or(false));
    }
    let converted;
    let signature = match (form, width_of(&key)) {
        (Form::P1363, Some(width)) => match from_p1363(signature, width) {
            Some(bytes) => {
                converted = bytes;
                &converted[..]
            }
            None => return Ok(false),
        },
        _ => signature,
    };
    with_digest(
        algorithm,
        message,
        |algorithm, digest| {
            let mut context = PkeyCtx::new(&key)?;
            context.verify_init()?;
            if is_rsa(&key) {
                set_rsa(&mut context, key.id() == Id::RSA_PSS, rsa, true)?;
            }
            if let Some(md) = Md::from_nid(algorithm.message_digest().type_()) {
                context.set_signature_md(md)?;
            }
            Ok(context.verify(digest, signature).unwrap_or(false))
        },
        default_digest(&key),
    )
}

/// The width of each of the two numbers of a signature.
fn width_of<T: HasPublic>(key: &PKeyRef<T>) -> Option<usize> {
    match key.id() {
        Id::EC => Some((key.ec_key().ok()?.group().order_bits() as usize).div_ceil(8)),
        Id::DSA => Some((key.dsa().ok()?.q().num_bits() as usize).div_ceil(8)),
        _ => None,
    }
}

fn to_p1363(signature: &[u8], width: usize) -> Outcome<Vec<u8>> {
    let signature = EcdsaSig::from_der(signature)?;
    let mut bytes = signature.r().to_vec_padded(width as i32)?;
    bytes.extend(signature.s().to_vec_padded(width as i32)?);
    Ok(bytes)
}

fn from_p1363(signature: &[u8], width: usize) -> Option<Vec<u8>> {
    if signature.len() != width * 2 {
        return None;
    }
    let number = |bytes: &[u8]| BigNum::from_slice(bytes).ok();
    let (r, s) = signature.split_at(width);
    EcdsaSig::from_private_components(number(r)?, number(s)?)
        .ok()?
        .to_der()
        .ok()
}

/// How a message is encrypted with RSA.
#[derive(Clone, Copy, Default)]
pub struct RsaEncryption<'a> {
    /// OpenSSL's number of the padding.
    pub padding: i32,
    /// The digest of OAEP.
    pub digest: Option<Algorithm>,
    /// The label of OAEP.
    pub label: Option<&'a [u8]>,
}

fn set_encryption<T>(context: &mut PkeyCtxRef<T>, wish: RsaEncryption<'_>) -> Outcome<()> {
    let padding = Padding::from_raw(wish.padding);
    context.set_rsa_padding(padding)?;
    if padding == Padding::PKCS1_OAEP {
        if let Some(digest) = wish.digest
            && let Some(md) = Md::from_nid(digest.message_digest().type_())
        {
            context.set_rsa_oaep_md(md)?;
        }
        if let Some(label) = wish.label
            && !label.is_empty()
        {
            context.set_rsa_oaep_label(label)?;
        }
    }
    Ok(())
}

fn expect_rsa<T>(key: &PKeyRef<T>) -> Outcome<()> {
    match kind_of(key) {
        Some("rsa" | "rsa-pss") => Ok(()),
        _ => Err(unsupported_type()),
    }
}

/// Encrypts for the owner of a key.
///
/// # Errors
/// When the message is too long for the key.
pub fn encrypt(key: &Key, wish: RsaEncryption<'_>, message: &[u8]) -> Outcome<Vec<u8>> {
    let key = key.public()?;
    expect_rsa(&key)?;
    let mut context = PkeyCtx::new(&key)?;
    context.encrypt_init()?;
    set_encryption(&mut context, wish)?;
    let mut output = Vec::new();
    context.encrypt_to_vec(message, &mut output)?;
    Ok(output)
}

/// Decrypts with a private key.
///
/// # Errors
/// When the message is not for this key.
pub fn decrypt(key: &Key, wish: RsaEncryption<'_>, message: &[u8]) -> Outcome<Vec<u8>> {
    let key: &PKeyRef<Private> = key.private()?;
    expect_rsa(key)?;
    let mut context = PkeyCtx::new(key)?;
    context.decrypt_init()?;
    set_encryption(&mut context, wish)?;
    let mut output = Vec::new();
    context.decrypt_to_vec(message, &mut output)?;
    Ok(output)
}

/// What a signature without a digest does (`privateEncrypt`).
///
/// # Errors
/// When the message is too long for the key.
pub fn sign_bare(key: &Key, padding: i32, message: &[u8]) -> Outcome<Vec<u8>> {
    let key = key.private()?;
    expect_rsa(key)?;
    let mut context = PkeyCtx::new(key)?;
    context.sign_init()?;
    context.set_rsa_padding(Padding::from_raw(padding))?;
    let mut output = Vec::new();
    context.sign_to_vec(message, &mut output)?;
    Ok(output)
}

/// The message in a signature without a digest (`publicDecrypt`).
///
/// # Errors
/// When it is not from this key.
pub fn recover_bare(key: &Key, padding: i32, message: &[u8]) -> Outcome<Vec<u8>> {
    let key = key.public()?;
    expect_rsa(&key)?;
    let mut context = PkeyCtx::new(&key)?;
    context.verify_recover_init()?;
    context.set_rsa_padding(Padding::from_raw(padding))?;
    let length = context.verify_recover(message, None)?;
    let mut output = vec![0; length];
    let length = context.verify_recover(message, Some(&mut output))?;
    output.truncate(length);
    Ok(output)
}
