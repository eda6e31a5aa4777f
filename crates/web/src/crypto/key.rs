//! Keys: secret bytes, public keys and private keys; reading them from PEM, DER, raw bytes and numbers, writing them, and what they tell.

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::ec::{Asn1Flag, EcGroup, EcKey, EcPoint, PointConversionForm};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{HasParams, HasPublic, Id, KeyType, PKey, PKeyRef, Private, Public};
use openssl::rsa::{Rsa, RsaPrivateKeyBuilder};
use openssl::symm::Cipher;
use openssl::x509::X509;

use super::der::{self, Reader, tag};
use super::{Failure, Outcome};

/// A key. Threads may share it.
#[derive(Clone)]
#[allow(missing_docs, reason = "each holds what its name says")]
pub enum Key {
    Secret(Vec<u8>),
    Public(PKey<Public>),
    Private(PKey<Private>),
}

/// How a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standards'")]
pub enum Encoding {
    Pkcs1,
    Pkcs8,
    /// PKCS #8 with the seed of a key of ML-DSA or ML-KEM alone.
    Pkcs8Seed,
    Sec1,
    Spki,
}

impl Encoding {
    /// By its name in `node:crypto`.
    pub fn named(name: &str) -> Option<Encoding> {
        Some(match name {
            "pkcs1" => Encoding::Pkcs1,
            "pkcs8" => Encoding::Pkcs8,
            "pkcs8-seed" => Encoding::Pkcs8Seed,
            "sec1" => Encoding::Sec1,
            "spki" => Encoding::Spki,
            _ => return None,
        })
    }
}

/// Kinds of keys that have a number, and kinds that OpenSSL knows by name only.
const NUMBERED: &[(Id, &str)] = &[
    (Id::RSA, "rsa"),
    (Id::RSA_PSS, "rsa-pss"),
    (Id::DSA, "dsa"),
    (Id::DH, "dh"),
    (Id::DHX, "dh"),
    (Id::EC, "ec"),
    (Id::ED25519, "ed25519"),
    (Id::ED448, "ed448"),
    (Id::X25519, "x25519"),
    (Id::X448, "x448"),
];
#[cfg(ossl350)]
const NAMED: &[(KeyType, &str)] = &[
    (KeyType::ML_DSA_44, "ml-dsa-44"),
    (KeyType::ML_DSA_65, "ml-dsa-65"),
    (KeyType::ML_DSA_87, "ml-dsa-87"),
    (KeyType::ML_KEM_512, "ml-kem-512"),
    (KeyType::ML_KEM_768, "ml-kem-768"),
    (KeyType::ML_KEM_1024, "ml-kem-1024"),
];
#[cfg(not(ossl350))]
const NAMED: &[(KeyType, &str)] = &[];

/// What kind of key it is, by Node's names.
pub fn kind_of<T>(key: &PKeyRef<T>) -> Option<&'static str> {
    let number = NUMBERED.iter().find(|(id, _)| *id == key.id());
    let name = || NAMED.iter().find(|(name, _)| key.is_a(*name));
    (number.map(|(_, kind)| *kind)).or_else(|| name().map(|(_, kind)| *kind))
}

/// The kind of a name of Node's, as raw keys are made of it.
pub(super) fn raw_id(kind: &str) -> Option<Id> {
    Some(match kind {
        "ed25519" => Id::ED25519,
        "ed448" => Id::ED448,
        "x25519" => Id::X25519,
        "x448" => Id::X448,
        _ => return None,
    })
}

#[cfg(ossl350)]
pub(super) fn named_type(kind: &str) -> Option<KeyType> {
    NAMED
        .iter()
        .find(|(_, name)| *name == kind)
        .map(|(kind, _)| *kind)
}

fn unsupported() -> Failure {
    Failure {
        message: "error:1E08010C:DECODER routines::unsupported".to_owned(),
        code: Some("ERR_OSSL_UNSUPPORTED".to_owned()),
        library: Some("DECODER routines".to_owned()),
        reason: Some("unsupported".to_owned()),
        others: Vec::new(),
    }
}

fn passphrase_needed() -> Failure {
    Failure::new(
        "ERR_MISSING_PASSPHRASE",
        "Passphrase required for encrypted key",
    )
}

/// What OpenSSL says of PEM whose passphrase nobody gave.
fn interrupted() -> Failure {
    Failure {
        message: "error:07880109:common libcrypto routines::interrupted or cancelled".to_owned(),
        code: Some("ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED".to_owned()),
        library: Some("common libcrypto routines".to_owned()),
        reason: Some("interrupted or cancelled".to_owned()),
        others: Vec::new(),
    }
}

/// What is wrong where a key is of the wrong kind for what is asked of it.
fn wrong_kind(message: &str) -> Failure {
    Failure::new("ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS", message)
}

/// The public half.
pub(super) fn public_half(key: &PKeyRef<Private>) -> Outcome<PKey<Public>> {
    // Not every curve has an identifier that DER could name.
    if key.id() == Id::EC {
        let key = key.ec_key()?;
        let half = EcKey::from_public_key(key.group(), key.public_key())?;
        return Ok(PKey::from_ec_key(half)?);
    }
    // Keys of Diffie and Hellman with parameters that stand in no list write the same way.
    Ok(PKey::public_key_from_der(&key.public_key_to_der()?)?)
}

// ---- reading

/// Reads a private key from PEM of any kind.
///
/// # Errors
/// When it is none, or it is encrypted and the passphrase is missing or wrong.
pub fn private_from_pem(text: &[u8], passphrase: Option<&[u8]>) -> Outcome<Key> {
    let mut asked = false;
    let key = PKey::private_key_from_pem_callback(text, |room| {
        asked = true;
        let Some(passphrase) = passphrase else {
            return Err(ErrorStack::get());
        };
        if passphrase.len() > room.len() {
            return Err(ErrorStack::get());
        }
        room[..passphrase.len()].copy_from_slice(passphrase);
        Ok(passphrase.len())
    });
    // OpenSSL takes a refusal for an empty passphrase, which may be the right one.
    if asked && passphrase.is_none() {
        return Err(interrupted());
    }
    Ok(Key::Private(key?))
}

/// Whether it is an encrypted PKCS #8 key: its first element is an algorithm and not a version.
fn is_encrypted(bytes: &[u8]) -> bool {
    let inner = Reader::new(bytes).sequence();
    inner.is_some_and(|mut inner| inner.sequence().is_some())
}

/// Reads a private key from DER.
///
/// # Errors
/// When it is none of this encoding, or it is encrypted and the passphrase is missing or wrong.
pub fn private_from_der(
    bytes: &[u8],
    encoding: Encoding,
    passphrase: Option<&[u8]>,
) -> Outcome<Key> {
    let key = match encoding {
        Encoding::Pkcs1 => {
            PKey::from_rsa(Rsa::private_key_from_der(bytes).map_err(|_| unsupported())?)?
        }
        Encoding::Sec1 => {
            PKey::from_ec_key(EcKey::private_key_from_der(bytes).map_err(|_| unsupported())?)?
        }
        Encoding::Pkcs8 | Encoding::Pkcs8Seed | Encoding::Spki if is_encrypted(bytes) => {
            let passphrase = passphrase.ok_or_else(passphrase_needed)?;
            PKey::private_key_from_pkcs8_passphrase(bytes, passphrase)?
        }
        Encoding::Pkcs8 | Encoding::Pkcs8Seed | Encoding::Spki => {
            PKey::private_key_from_pkcs8(bytes).map_err(|_| unsupported())?
        }
    };
    Ok(Key::Private(key))
}

/// Reads a public key from PEM: a public key of either kind, a certificate, or a private key, whose public half it is.
///
/// # Errors
/// When it is none.
pub fn public_from_pem(text: &[u8], passphrase: Option<&[u8]>) -> Outcome<Key> {
    let label = der::pem_label(text).unwrap_or_default();
    let key = match label.as_str() {
        "RSA PUBLIC KEY" => PKey::from_rsa(Rsa::public_key_from_pem_pkcs1(text)?)?,
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
            X509::from_pem(text)?.public_key()?
        }
        "PUBLIC KEY" => PKey::public_key_from_pem(text)?,
        _ => match private_from_pem(text, passphrase)? {
            Key::Private(key) => public_half(&key)?,
            _ => return Err(unsupported()),
        },
    };
    Ok(Key::Public(key))
}

/// Reads a public key from DER.
///
/// # Errors
/// When it is none of this encoding.
pub fn public_from_der(
    bytes: &[u8],
    encoding: Encoding,
    passphrase: Option<&[u8]>,
) -> Outcome<Key> {
    let key = match encoding {
        Encoding::Pkcs1 => match Rsa::public_key_from_der_pkcs1(bytes) {
            Ok(key) => PKey::from_rsa(key)?,
            Err(stack) => match Rsa::private_key_from_der(bytes) {
                Ok(key) => public_half(&*PKey::from_rsa(key)?)?,
                Err(_) => return Err(stack.into()),
            },
        },
        Encoding::Spki => PKey::public_key_from_der(bytes)?,
        other => match private_from_der(bytes, other, passphrase)? {
            Key::Private(key) => public_half(&key)?,
            _ => return Err(unsupported()),
        },
    };
    Ok(Key::Public(key))
}

/// Reads a key from the bytes that its kind says (`ed25519`, `x448`, `ml-dsa-44` ...): a seed for the last.
///
/// # Errors
/// When they are none, by their number above all.
pub fn from_raw(kind: &str, is_private: bool, bytes: &[u8]) -> Outcome<Key> {
    if let Some(id) = raw_id(kind) {
        return Ok(if is_private {
            Key::Private(PKey::private_key_from_raw_bytes(bytes, id)?)
        } else {
            Key::Public(PKey::public_key_from_raw_bytes(bytes, id)?)
        });
    }
    #[cfg(ossl350)]
    if let Some(kind) = named_type(kind) {
        return Ok(if is_private {
            Key::Private(PKey::private_key_from_seed(None, kind, None, bytes)?)
        } else {
            Key::Public(PKey::public_key_from_raw_bytes_ex(None, kind, None, bytes)?)
        });
    }
    Err(unsupported())
}

/// The curve of a name, in OpenSSL's forms or NIST's.
pub fn curve(name: &str) -> Option<Nid> {
    Some(match name {
        "P-256" => Nid::X9_62_PRIME256V1,
        "P-384" => Nid::SECP384R1,
        "P-521" => Nid::SECP521R1,
        _ => {
            let mut found = None;
            // There is no search by name in the crate: a few hundred names are looked through.
            for number in curve_numbers() {
                let nid = Nid::from_raw(number);
                if nid.short_name().is_ok_and(|short| short == name)
                    || nid.long_name().is_ok_and(|long| long == name)
                {
                    found = Some(nid);
                    break;
                }
            }
            return found;
        }
    })
}

/// The numbers among which curves are.
fn curve_numbers() -> impl Iterator<Item = i32> {
    // X9.62's over primes; the binary ones, SEC's and WAP's; Oakley's; brainpool's; SM2's.
    (409..=415)
        .chain(684..=745)
        .chain(749..=750)
        .chain(921..=934)
        .chain([1172])
}

/// The name of every curve.
pub fn curve_names() -> Vec<&'static str> {
    let mut names: Vec<_> = curve_numbers()
        .map(Nid::from_raw)
        .filter(|nid| EcGroup::from_curve_name(*nid).is_ok())
        .filter_map(|nid| nid.short_name().ok())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The group of a curve, whose keys name it.
pub(super) fn group(nid: Nid) -> Outcome<EcGroup> {
    let mut group = EcGroup::from_curve_name(nid)?;
    group.set_asn1_flag(Asn1Flag::NAMED_CURVE);
    Ok(group)
}

/// A key on a curve from its point, compressed or not, and of a private key its number. Without a point it is made of the number.
///
/// # Errors
/// When the point is not on the curve.
pub fn from_point(curve_name: &str, point: Option<&[u8]>, number: Option<&[u8]>) -> Outcome<Key> {
    let nid = curve(curve_name)
        .ok_or_else(|| Failure::new("ERR_CRYPTO_INVALID_CURVE", "Invalid EC curve name"))?;
    let group = group(nid)?;
    let mut context = BigNumContext::new()?;
    let number = number.map(BigNum::from_slice).transpose()?;
    let point = match (point, &number) {
        (Some(bytes), _) => EcPoint::from_bytes(&group, bytes, &mut context)?,
        (None, Some(number)) => {
            let mut point = EcPoint::new(&group)?;
            point.mul_generator2(&group, number, &mut context)?;
            point
        }
        (None, None) => return Err(unsupported()),
    };
    Ok(match &number {
        Some(number) => {
            let key = EcKey::from_private_components(&group, number, &point)?;
            key.check_key()?;
            Key::Private(PKey::from_ec_key(key)?)
        }
        None => {
            let key = EcKey::from_public_key(&group, &point)?;
            key.check_key()?;
            Key::Public(PKey::from_ec_key(key)?)
        }
    })
}

/// An RSA key from its numbers: `n e`, or `n e d p q dp dq qi`.
///
/// # Errors
/// When they are too few, or do not belong together.
pub fn from_rsa_numbers(numbers: &[Vec<u8>]) -> Outcome<Key> {
    let number = |index: usize| -> Outcome<BigNum> {
        let bytes = numbers.get(index).ok_or_else(unsupported)?;
        Ok(BigNum::from_slice(bytes)?)
    };
    if numbers.len() < 8 {
        let key = Rsa::from_public_components(number(0)?, number(1)?)?;
        return Ok(Key::Public(PKey::from_rsa(key)?));
    }
    let key = RsaPrivateKeyBuilder::new(number(0)?, number(1)?, number(2)?)?
        .set_factors(number(3)?, number(4)?)?
        .set_crt_params(number(5)?, number(6)?, number(7)?)?
        .build();
    Ok(Key::Private(PKey::from_rsa(key)?))
}

// ---- writing

/// How a private key is encrypted.
pub struct Protection<'a> {
    /// The cipher's name.
    pub cipher: &'a str,
    /// The passphrase.
    pub passphrase: &'a [u8],
}

fn symmetric(name: &str) -> Outcome<Cipher> {
    let unknown = || Failure::new("ERR_CRYPTO_UNKNOWN_CIPHER", "Unknown cipher");
    let nid = super::cipher::find(name).ok_or_else(unknown)?.nid();
    Cipher::from_nid(nid).ok_or_else(unknown)
}

fn expect_rsa<T>(key: &PKeyRef<T>) -> Outcome<Rsa<T>> {
    if key.id() != Id::RSA {
        return Err(wrong_kind("PKCS1 can only be used for RSA keys"));
    }
    Ok(key.rsa()?)
}

fn expect_ec<T>(key: &PKeyRef<T>) -> Outcome<EcKey<T>> {
    if key.id() != Id::EC {
        return Err(wrong_kind("SEC1 can only be used for EC keys"));
    }
    Ok(key.ec_key()?)
}

impl Key {
    /// What kind of key it is, by Node's names; `None` for secret bytes and for kinds without a name.
    pub fn kind(&self) -> Option<&'static str> {
        match self {
            Key::Secret(_) => None,
            Key::Public(key) => kind_of(key),
            Key::Private(key) => kind_of(key),
        }
    }

    /// The key as a public key.
    ///
    /// # Errors
    /// When it is secret bytes.
    pub fn public(&self) -> Outcome<PKey<Public>> {
        match self {
            Key::Secret(_) => Err(wrong_kind("a secret key has no public half")),
            Key::Public(key) => Ok(key.clone()),
            Key::Private(key) => public_half(key),
        }
    }

    /// The key as a private key.
    ///
    /// # Errors
    /// When it is none.
    pub fn private(&self) -> Outcome<&PKeyRef<Private>> {
        match self {
            Key::Private(key) => Ok(key),
            _ => Err(wrong_kind("the key is not a private key")),
        }
    }

    /// Whether two keys are the same.
    pub fn equals(&self, other: &Key) -> bool {
        match (self, other) {
            (Key::Secret(left), Key::Secret(right)) => super::equal(left, right),
            (Key::Public(left), Key::Public(right)) => left.public_eq(right),
            (Key::Private(left), Key::Private(right)) => left.public_eq(right),
            _ => false,
        }
    }

    /// The key as DER or PEM; a private key is encrypted if there is a passphrase.
    ///
    /// # Errors
    /// When the encoding is not one for this kind of key.
    pub fn write(
        &self,
        encoding: Encoding,
        as_pem: bool,
        protection: Option<Protection<'_>>,
    ) -> Outcome<Vec<u8>> {
        let key = match self {
            Key::Secret(bytes) => return Ok(bytes.clone()),
            Key::Public(key) => {
                return Ok(match (encoding, as_pem) {
                    (Encoding::Pkcs1, true) => expect_rsa(key)?.public_key_to_pem_pkcs1()?,
                    (Encoding::Pkcs1, false) => expect_rsa(key)?.public_key_to_der_pkcs1()?,
                    (_, true) => key.public_key_to_pem()?,
                    (_, false) => key.public_key_to_der()?,
                });
            }
            Key::Private(key) => key,
        };
        Ok(match (encoding, as_pem, protection) {
            (Encoding::Pkcs1, true, None) => expect_rsa(key)?.private_key_to_pem()?,
            (Encoding::Pkcs1, true, Some(protection)) => expect_rsa(key)?
                .private_key_to_pem_passphrase(
                    symmetric(protection.cipher)?,
                    protection.passphrase,
                )?,
            (Encoding::Pkcs1, false, _) => expect_rsa(key)?.private_key_to_der()?,
            (Encoding::Sec1, true, None) => expect_ec(key)?.private_key_to_pem()?,
            (Encoding::Sec1, true, Some(protection)) => expect_ec(key)?
                .private_key_to_pem_passphrase(
                    symmetric(protection.cipher)?,
                    protection.passphrase,
                )?,
            (Encoding::Sec1, false, _) => expect_ec(key)?.private_key_to_der()?,
            (Encoding::Pkcs8Seed, ..) => seed_alone(key)?,
            (_, true, None) => key.private_key_to_pem_pkcs8()?,
            (_, true, Some(protection)) => key.private_key_to_pem_pkcs8_passphrase(
                symmetric(protection.cipher)?,
                protection.passphrase,
            )?,
            (_, false, None) => key.private_key_to_pkcs8()?,
            (_, false, Some(protection)) => key.private_key_to_pkcs8_passphrase(
                symmetric(protection.cipher)?,
                protection.passphrase,
            )?,
        })
    }

    /// The bytes of which [`from_raw`] makes the key: of a private one the seed where its kind has one.
    ///
    /// # Errors
    /// When its kind has none.
    pub fn raw(&self, private_half: bool) -> Outcome<Vec<u8>> {
        match self {
            Key::Secret(bytes) => Ok(bytes.clone()),
            Key::Private(key) if private_half => private_raw(key),
            Key::Private(key) => public_raw(key),
            Key::Public(key) => public_raw(key),
        }
    }

    /// The point of a key on a curve.
    ///
    /// # Errors
    /// When it is not on a curve.
    pub fn point(&self, compressed: bool) -> Outcome<Vec<u8>> {
        match self {
            Key::Secret(_) => Err(unsupported()),
            Key::Public(key) => point_of(key, compressed),
            Key::Private(key) => point_of(key, compressed),
        }
    }

    /// The private number of a key on a curve, as many bytes as its order has.
    ///
    /// # Errors
    /// When it is not on a curve.
    pub fn number(&self) -> Outcome<Vec<u8>> {
        let key = self.private()?.ec_key()?;
        let width = key.group().order_bits().div_ceil(8);
        Ok(key.private_key().to_vec_padded(width as i32)?)
    }

    /// The numbers of an RSA key, as [`from_rsa_numbers`] takes them.
    ///
    /// # Errors
    /// When it is none.
    pub fn rsa_numbers(&self) -> Outcome<Vec<Vec<u8>>> {
        let optional =
            |number: Option<&BigNumRef>| number.map(BigNumRef::to_vec).unwrap_or_default();
        match self {
            Key::Secret(_) => Err(unsupported()),
            Key::Public(key) => {
                let key = key.rsa()?;
                Ok(vec![key.n().to_vec(), key.e().to_vec()])
            }
            Key::Private(key) => {
                let key = key.rsa()?;
                Ok(vec![
                    key.n().to_vec(),
                    key.e().to_vec(),
                    key.d().to_vec(),
                    optional(key.p()),
                    optional(key.q()),
                    optional(key.dmp1()),
                    optional(key.dmq1()),
                    optional(key.iqmp()),
                ])
            }
        }
    }

    /// What the key tells of itself.
    pub fn details(&self) -> Details {
        match self {
            Key::Secret(bytes) => Details {
                bits: Some(bytes.len() as u32 * 8),
                ..Details::default()
            },
            Key::Public(key) => details_of(key),
            Key::Private(key) => details_of(key),
        }
    }
}

/// PKCS #8 with the seed as the whole of the key; the algorithm is that of the public half.
fn seed_alone(key: &PKeyRef<Private>) -> Outcome<Vec<u8>> {
    let seed = private_raw(key)
        .map_err(|_| Failure::new("ERR_CRYPTO_OPERATION_FAILED", "Failed to get raw seed"))?;
    let spki = key.public_key_to_der()?;
    let algorithm = (Reader::new(&spki).sequence())
        .and_then(|mut inner| inner.any())
        .ok_or_else(unsupported)?;
    let inner = der::element(0x80, &seed);
    let octets = der::element(tag::OCTET_STRING, &inner);
    Ok(der::sequence(&[
        &der::integer(&[0]),
        algorithm.whole,
        &octets,
    ]))
}

fn point_of<T: HasPublic>(key: &PKeyRef<T>, compressed: bool) -> Outcome<Vec<u8>> {
    let key = key.ec_key()?;
    let form = if compressed {
        PointConversionForm::COMPRESSED
    } else {
        PointConversionForm::UNCOMPRESSED
    };
    let mut context = BigNumContext::new()?;
    Ok(key.public_key().to_bytes(key.group(), form, &mut context)?)
}

fn public_raw<T: HasPublic>(key: &PKeyRef<T>) -> Outcome<Vec<u8>> {
    Ok(key.raw_public_key()?)
}

#[cfg(ossl350)]
fn private_raw(key: &PKeyRef<Private>) -> Outcome<Vec<u8>> {
    if NAMED.iter().any(|(kind, _)| key.is_a(*kind)) {
        let mut seed = [0; 64];
        let length = key.seed_into(&mut seed)?;
        return Ok(seed[..length].to_vec());
    }
    Ok(key.raw_private_key()?)
}
#[cfg(not(ossl350))]
fn private_raw(key: &PKeyRef<Private>) -> Outcome<Vec<u8>> {
    Ok(key.raw_private_key()?)
}

/// What a key tells of itself, as far as its kind has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// The length of the modulus, of the prime, or of secret bytes.
    pub bits: Option<u32>,
    /// The length of the divisor of a DSA key.
    pub divisor_bits: Option<u32>,
    /// The public exponent of an RSA key, as a decimal number.
    pub exponent: Option<String>,
    /// The curve.
    pub curve: Option<&'static str>,
    /// What an RSA-PSS key is restricted to.
    pub pss: Option<PssRestriction>,
}

/// What an RSA-PSS key is restricted to (RFC 8017, A.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PssRestriction {
    /// The digest of the message.
    pub digest: &'static str,
    /// The digest of the mask.
    pub mask_digest: &'static str,
    /// The least length of the salt.
    pub salt_length: u32,
}

fn details_of<T: HasPublic + HasParams>(key: &PKeyRef<T>) -> Details {
    let mut details = Details::default();
    match kind_of(key) {
        Some("rsa" | "rsa-pss") => {
            if let Ok(rsa) = key.rsa() {
                details.bits = Some(rsa.n().num_bits() as u32);
                details.exponent = rsa.e().to_dec_str().ok().map(|text| text.to_string());
            } else {
                details.bits = Some(key.bits());
            }
            if key.id() == Id::RSA_PSS {
                details.pss =
                    (key.public_key_to_der().ok()).and_then(|spki| pss_restriction(&spki));
            }
        }
        Some("dsa") => {
            if let Ok(dsa) = key.dsa() {
                details.bits = Some(dsa.p().num_bits() as u32);
                details.divisor_bits = Some(dsa.q().num_bits() as u32);
            }
        }
        Some("dh") => details.bits = Some(key.bits()),
        Some("ec") => {
            let nid = key.ec_key().ok().and_then(|key| key.group().curve_name());
            details.curve = nid.and_then(|nid| nid.short_name().ok());
        }
        _ => {}
    }
    details
}

/// The digests' object identifiers, as DER has them.
const DIGESTS: &[(&[u8], &str)] = &[
    (&[0x2b, 0x0e, 0x03, 0x02, 0x1a], "sha1"),
    (
        &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04],
        "sha224",
    ),
    (
        &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01],
        "sha256",
    ),
    (
        &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02],
        "sha384",
    ),
    (
        &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03],
        "sha512",
    ),
    (
        &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x05],
        "sha512-224",
    ),
    (
        &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x06],
        "sha512-256",
    ),
];
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];

fn digest_named(object: &[u8]) -> Option<&'static str> {
    (DIGESTS.iter()).find_map(|(id, name)| (*id == object).then_some(*name))
}

/// The restriction in the parameters of a public key's algorithm.
fn pss_restriction(spki: &[u8]) -> Option<PssRestriction> {
    let mut algorithm = Reader::new(spki).sequence()?.sequence()?;
    algorithm.expect(tag::OBJECT)?;
    let mut parameters = algorithm.sequence()?;
    let mut restriction = PssRestriction {
        digest: "sha1",
        mask_digest: "sha1",
        salt_length: 20,
    };
    while let Some(field) = parameters.any() {
        let mut inner = Reader::new(field.content);
        match field.tag {
            0xa0 => restriction.digest = digest_named(inner.sequence()?.expect(tag::OBJECT)?)?,
            0xa1 => {
                let mut mask = inner.sequence()?;
                mask.expect(tag::OBJECT)?;
                restriction.mask_digest = digest_named(mask.sequence()?.expect(tag::OBJECT)?)?;
            }
            0xa2 => {
                let number = der::unsigned(inner.expect(tag::INTEGER)?)?;
                restriction.salt_length =
                    (number.iter()).fold(0, |sum, byte| sum << 8 | u32::from(*byte));
            }
            _ => {}
        }
    }
    Some(restriction)
}

/// An RSA private key as an RSA-PSS key, restricted or not: its algorithm is another.
pub(super) fn restricted(
    key: &PKeyRef<Private>,
    restriction: Option<&PssRestriction>,
) -> Outcome<PKey<Private>> {
    let object = der::element(tag::OBJECT, RSASSA_PSS);
    let algorithm = match restriction {
        None => der::sequence(&[&object]),
        Some(restriction) => {
            let digest = |name: &str| -> Outcome<Vec<u8>> {
                let found = DIGESTS.iter().find(|(_, known)| *known == name);
                let (id, _) = found.ok_or_else(|| {
                    Failure::new(
                        "ERR_CRYPTO_INVALID_DIGEST",
                        format!("Invalid digest: {name}"),
                    )
                })?;
                Ok(der::sequence(&[
                    &der::element(tag::OBJECT, id),
                    &der::element(tag::NULL, &[]),
                ]))
            };
            let mask = der::sequence(&[
                &der::element(tag::OBJECT, MGF1),
                &digest(restriction.mask_digest)?,
            ]);
            let salt = der::integer(&restriction.salt_length.to_be_bytes());
            // What is the default is left out.
            let mut fields = Vec::new();
            if restriction.digest != "sha1" {
                fields.extend(der::element(0xa0, &digest(restriction.digest)?));
            }
            if restriction.mask_digest != "sha1" {
                fields.extend(der::element(0xa1, &mask));
            }
            if restriction.salt_length != 20 {
                fields.extend(der::element(0xa2, &salt));
            }
            der::sequence(&[&object, &der::element(tag::SEQUENCE, &fields)])
        }
    };
    let numbers = der::element(tag::OCTET_STRING, &key.rsa()?.private_key_to_der()?);
    let whole = der::sequence(&[&der::integer(&[0]), &algorithm, &numbers]);
    Ok(PKey::private_key_from_pkcs8(&whole)?)
}
