//! Encapsulation: a fresh secret for the holder of a key. ML-KEM (FIPS 203), Diffie and Hellman's on curves as HPKE has it (RFC 9180, section 4.1),
//! and RSASVE (NIST SP 800-56B, section 7.2.1).
//!
//! The crate of OpenSSL has no safe function for it. ML-KEM is RustCrypto's `ml-kem`, with OpenSSL's keys and random bytes; the rest is made of
//! agreements and HKDF.

use ml_kem::{Decapsulate, MlKem512, MlKem768, MlKem1024};
use openssl::bn::BigNum;
use openssl::rsa::Padding;

use super::digest::Algorithm;
use super::generation::{self, Kind};
use super::key::{self, Key};
use super::{Failure, Outcome, agreement, derivation, random};

/// A secret, and what its other holder needs to find it.
pub struct Encapsulated {
    /// The secret.
    pub shared: Vec<u8>,
    /// What is sent to the holder of the private key.
    pub ciphertext: Vec<u8>,
}

/// Makes a secret for whoever has the private half of `key`.
///
/// # Errors
/// When keys of its kind cannot.
pub fn encapsulate(key: &Key) -> Outcome<Encapsulated> {
    match Scheme::of(key)? {
        Scheme::Lattice(kind) => lattice_encapsulate(kind, &key.raw(false)?),
        Scheme::Curve(curve) => curve.encapsulate(key),
        Scheme::Rsa => {
            let rsa = key.public()?.rsa()?;
            let mut secret = BigNum::new()?;
            rsa.n().rand_range(&mut secret)?;
            let width = rsa.size() as i32;
            let shared = secret.to_vec_padded(width)?;
            let mut ciphertext = vec![0; width as usize];
            rsa.public_encrypt(&shared, &mut ciphertext, Padding::NONE)?;
            Ok(Encapsulated { shared, ciphertext })
        }
    }
}

/// The secret in `ciphertext`, by the private `key`.
///
/// # Errors
/// When keys of this kind cannot, or it is no ciphertext for them.
pub fn decapsulate(key: &Key, ciphertext: &[u8]) -> Outcome<Vec<u8>> {
    // Why it failed is nobody's to know.
    find(key, ciphertext).map_err(|_| {
        Failure::new(
            "ERR_CRYPTO_OPERATION_FAILED",
            "Failed to perform decapsulation",
        )
    })
}

fn find(key: &Key, ciphertext: &[u8]) -> Outcome<Vec<u8>> {
    match Scheme::of(key)? {
        Scheme::Lattice(kind) => {
            key.private()?;
            lattice_decapsulate(kind, &key.raw(true)?, ciphertext)
        }
        Scheme::Curve(curve) => curve.decapsulate(key, ciphertext),
        Scheme::Rsa => {
            let rsa = key.private()?.rsa()?;
            let mut shared = vec![0; rsa.size() as usize];
            let length = rsa.private_decrypt(ciphertext, &mut shared, Padding::NONE)?;
            shared.truncate(length);
            Ok(shared)
        }
    }
}

enum Scheme {
    Lattice(&'static str),
    Curve(Curve),
    Rsa,
}

impl Scheme {
    fn of(key: &Key) -> Outcome<Scheme> {
        let unsupported = || {
            Failure::new(
                "ERR_CRYPTO_OPERATION_FAILED",
                "keys of this kind do not encapsulate",
            )
        };
        let curve = |name, identifier, digest, length| {
            Ok(Scheme::Curve(Curve {
                name,
                identifier,
                digest,
                length,
            }))
        };
        match key.kind().ok_or_else(unsupported)? {
            kind @ ("ml-kem-512" | "ml-kem-768" | "ml-kem-1024") => Ok(Scheme::Lattice(kind)),
            "rsa" => Ok(Scheme::Rsa),
            "x25519" => curve("x25519", 0x20, "SHA256", 32),
            "x448" => curve("x448", 0x21, "SHA512", 64),
            "ec" => match key.details().curve {
                Some("prime256v1") => curve("prime256v1", 0x10, "SHA256", 32),
                Some("secp384r1") => curve("secp384r1", 0x11, "SHA384", 48),
                Some("secp521r1") => curve("secp521r1", 0x12, "SHA512", 64),
                _ => Err(unsupported()),
            },
            _ => Err(unsupported()),
        }
    }
}

/// A curve with what HPKE says of it.
struct Curve {
    name: &'static str,
    identifier: u16,
    digest: &'static str,
    /// Of the secret.
    length: u16,
}

impl Curve {
    fn is_raw(&self) -> bool {
        self.name.starts_with('x')
    }

    /// `Encap` of RFC 9180.
    fn encapsulate(&self, key: &Key) -> Outcome<Encapsulated> {
        let own = generation::pair(&match self.is_raw() {
            true => Kind::Plain(self.name.to_owned()),
            false => Kind::Ec {
                curve: self.name.to_owned(),
                explicit: false,
            },
        })?;
        let ciphertext = self.bytes_of(&own)?;
        let agreed = agreement::secret(&own, key)?;
        let shared = self.derive(&agreed, &ciphertext, &self.bytes_of(key)?)?;
        Ok(Encapsulated { shared, ciphertext })
    }

    /// `Decap` of RFC 9180.
    fn decapsulate(&self, key: &Key, ciphertext: &[u8]) -> Outcome<Vec<u8>> {
        let other = match self.is_raw() {
            true => key::from_raw(self.name, false, ciphertext)?,
            false => key::from_point(self.name, Some(ciphertext), None)?,
        };
        let agreed = agreement::secret(key, &other)?;
        self.derive(&agreed, ciphertext, &self.bytes_of(key)?)
    }

    /// `SerializePublicKey`
    fn bytes_of(&self, key: &Key) -> Outcome<Vec<u8>> {
        match self.is_raw() {
            true => key.raw(false),
            false => key.point(false),
        }
    }

    /// `ExtractAndExpand`
    fn derive(&self, agreed: &[u8], sent: &[u8], receiver: &[u8]) -> Outcome<Vec<u8>> {
        let mut suite = b"HPKE-v1KEM".to_vec();
        suite.extend_from_slice(&self.identifier.to_be_bytes());
        let input = [&suite, &b"eae_prk"[..], agreed].concat();
        let length = self.length.to_be_bytes();
        let info = [&length, &suite[..], b"shared_secret", sent, receiver].concat();
        let digest = Algorithm::find(self.digest)
            .ok_or_else(|| Failure::new("ERR_CRYPTO_INVALID_DIGEST", "Invalid digest"))?;
        derivation::hkdf(digest, &input, &[], &info, self.length.into())
    }
}

fn no_key() -> Failure {
    Failure::new("ERR_CRYPTO_OPERATION_FAILED", "the key is none of ML-KEM")
}

/// The same for each size of ML-KEM.
macro_rules! by_size {
    ($kind:expr, $size:ident => $work:expr) => {
        match $kind {
            "ml-kem-512" => {
                type $size = MlKem512;
                $work
            }
            "ml-kem-768" => {
                type $size = MlKem768;
                $work
            }
            _ => {
                type $size = MlKem1024;
                $work
            }
        }
    };
}

fn lattice_encapsulate(kind: &str, public: &[u8]) -> Outcome<Encapsulated> {
    let seed: [u8; 32] = random::bytes(32)?.try_into().map_err(|_| no_key())?;
    by_size!(kind, Size => {
        let bytes = public.try_into().map_err(|_| no_key())?;
        let key = ml_kem::EncapsulationKey::<Size>::new(&bytes).map_err(|_| no_key())?;
        let (ciphertext, shared) = key.encapsulate_deterministic(&seed.into());
        Ok(Encapsulated {
            shared: shared.to_vec(),
            ciphertext: ciphertext.to_vec(),
        })
    })
}

fn lattice_decapsulate(kind: &str, seed: &[u8], ciphertext: &[u8]) -> Outcome<Vec<u8>> {
    let seed: [u8; 64] = seed.try_into().map_err(|_| no_key())?;
    by_size!(kind, Size => {
        let key = ml_kem::DecapsulationKey::<Size>::from_seed(seed.into());
        let ciphertext = ciphertext.try_into().map_err(|_| no_key())?;
        Ok(key.decapsulate(&ciphertext).to_vec())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_finds_the_secret_that_was_made_for_it() {
        let curve = |name: &str| Kind::Ec {
            curve: name.to_owned(),
            explicit: false,
        };
        let plain = |name: &str| Kind::Plain(name.to_owned());
        let rsa = Kind::Rsa {
            bits: 2048,
            exponent: 65537,
        };
        for kind in [
            plain("ml-kem-512"),
            plain("ml-kem-768"),
            plain("ml-kem-1024"),
            plain("x25519"),
            plain("x448"),
            curve("prime256v1"),
            curve("secp384r1"),
            curve("secp521r1"),
            rsa,
        ] {
            let private = generation::pair(&kind).unwrap();
            let public = Key::Public(private.public().unwrap());
            let made = encapsulate(&public).unwrap();
            let found = decapsulate(&private, &made.ciphertext).unwrap();
            assert_eq!(found, made.shared, "{kind:?}");
            let other = encapsulate(&public).unwrap();
            assert_ne!(other.shared, made.shared, "{kind:?}");
            assert!(decapsulate(&public, &made.ciphertext).is_err(), "{kind:?}");
            assert!(decapsulate(&private, b"short").is_err() || matches!(kind, Kind::Rsa { .. }));
        }
        let signing = generation::pair(&plain("ed25519")).unwrap();
        assert!(encapsulate(&signing).is_err());
    }
}
