//! Digests by OpenSSL's names. The common ones are structures of a few words that are copied as they are; the others are contexts of OpenSSL.

use openssl::hash::{Hasher, MessageDigest};
use openssl::nid::Nid;
use openssl::sha::{Sha1, Sha224, Sha256, Sha384, Sha512};

use super::{Failure, Outcome};

/// A kind of digest.
#[derive(Clone, Copy)]
pub struct Algorithm {
    kind: Common,
    digest: Option<MessageDigest>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Common {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Other,
}

impl Algorithm {
    /// The digest of this name, in any case; `RSA-SHA256` is `sha256`.
    pub fn find(name: &str) -> Option<Algorithm> {
        let kind = match name {
            "sha1" => Common::Sha1,
            "sha224" => Common::Sha224,
            "sha256" => Common::Sha256,
            "sha384" => Common::Sha384,
            "sha512" => Common::Sha512,
            _ => return Self::find_elsewhere(name),
        };
        Some(Algorithm { kind, digest: None })
    }

    fn find_elsewhere(name: &str) -> Option<Algorithm> {
        // WebCrypto's names, which OpenSSL has too but for SHA-1's and SHA-2's.
        let name = match name.to_ascii_lowercase().as_str() {
            "sha-1" => "sha1".to_owned(),
            "sha-224" => "sha224".to_owned(),
            "sha-256" => "sha256".to_owned(),
            "sha-384" => "sha384".to_owned(),
            "sha-512" => "sha512".to_owned(),
            // What signatures with DSA called it.
            "dss1" => "sha1".to_owned(),
            other => other.to_owned(),
        };
        if name.contains('\0') {
            return None;
        }
        let digest = MessageDigest::from_name(&name)?;
        let kind = match digest.type_() {
            Nid::SHA1 => Common::Sha1,
            Nid::SHA224 => Common::Sha224,
            Nid::SHA256 => Common::Sha256,
            Nid::SHA384 => Common::Sha384,
            Nid::SHA512 => Common::Sha512,
            _ => Common::Other,
        };
        let digest = Some(digest);
        Some(Algorithm { kind, digest })
    }

    /// The digest as OpenSSL knows it.
    pub fn message_digest(self) -> MessageDigest {
        self.digest.unwrap_or_else(|| match self.kind {
            Common::Sha1 => MessageDigest::sha1(),
            Common::Sha224 => MessageDigest::sha224(),
            Common::Sha384 => MessageDigest::sha384(),
            Common::Sha512 => MessageDigest::sha512(),
            Common::Sha256 | Common::Other => MessageDigest::sha256(),
        })
    }

    /// How many bytes it gives, unless it is asked for others.
    pub fn size(self) -> usize {
        match self.kind {
            Common::Sha1 => 20,
            Common::Sha224 => 28,
            Common::Sha256 => 32,
            Common::Sha384 => 48,
            Common::Sha512 => 64,
            Common::Other => match self.message_digest().type_() {
                Nid::SHAKE128 => 16,
                Nid::SHAKE256 => 32,
                _ => self.message_digest().size(),
            },
        }
    }

    /// How many bytes it works on at once.
    pub fn block_size(self) -> usize {
        match self.kind {
            Common::Sha1 | Common::Sha224 | Common::Sha256 => 64,
            Common::Sha384 | Common::Sha512 => 128,
            Common::Other => self.message_digest().block_size(),
        }
    }

    /// Whether it gives as many bytes as one asks for.
    pub fn is_extendable(self) -> bool {
        self.kind == Common::Other
            && matches!(self.message_digest().type_(), Nid::SHAKE128 | Nid::SHAKE256)
    }
}

/// A digest under way.
#[derive(Clone)]
pub struct Digest {
    state: State,
    /// What was asked for, of a digest that is extendable.
    length: Option<usize>,
}

#[derive(Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "the large ones are the common ones, and a box would be an allocation more"
)]
enum State {
    Sha1(Sha1),
    Sha224(Sha224),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
    Other(Hasher),
}

impl Digest {
    /// Begins a digest; with a length of an extendable one.
    ///
    /// # Errors
    /// When the digest cannot have this length.
    pub fn new(algorithm: Algorithm, length: Option<usize>) -> Outcome<Digest> {
        let state = match algorithm.kind {
            Common::Sha1 => State::Sha1(Sha1::new()),
            Common::Sha224 => State::Sha224(Sha224::new()),
            Common::Sha256 => State::Sha256(Sha256::new()),
            Common::Sha384 => State::Sha384(Sha384::new()),
            Common::Sha512 => State::Sha512(Sha512::new()),
            Common::Other => State::Other(Hasher::new(algorithm.message_digest())?),
        };
        let mut digest = Digest {
            state,
            length: algorithm.is_extendable().then(|| algorithm.size()),
        };
        if let Some(length) = length {
            digest.set_length(algorithm, length)?;
        }
        Ok(digest)
    }

    /// Asks for another length.
    ///
    /// # Errors
    /// When the digest cannot have this length.
    pub fn set_length(&mut self, algorithm: Algorithm, length: usize) -> Outcome<()> {
        if algorithm.is_extendable() {
            self.length = Some(length);
        } else if length != algorithm.size() {
            return Err(not_extendable());
        }
        Ok(())
    }

    /// Takes in more bytes.
    ///
    /// # Errors
    /// When OpenSSL refuses them.
    pub fn update(&mut self, bytes: &[u8]) -> Outcome<()> {
        match &mut self.state {
            State::Sha1(state) => state.update(bytes),
            State::Sha224(state) => state.update(bytes),
            State::Sha256(state) => state.update(bytes),
            State::Sha384(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
            State::Other(state) => state.update(bytes)?,
        }
        Ok(())
    }

    /// Gives the digest to `f`.
    ///
    /// # Errors
    /// When OpenSSL cannot end it.
    pub fn finish_with<R>(self, f: impl FnOnce(&[u8]) -> R) -> Outcome<R> {
        Ok(match self.state {
            State::Sha1(state) => f(&state.finish()),
            State::Sha224(state) => f(&state.finish()),
            State::Sha256(state) => f(&state.finish()),
            State::Sha384(state) => f(&state.finish()),
            State::Sha512(state) => f(&state.finish()),
            State::Other(mut state) => match self.length {
                Some(0) => f(&[]),
                Some(length) => {
                    let mut bytes = vec![0; length];
                    state.finish_xof(&mut bytes)?;
                    f(&bytes)
                }
                None => f(&state.finish()?),
            },
        })
    }

    /// The digest.
    ///
    /// # Errors
    /// When OpenSSL cannot end it.
    pub fn finish(self) -> Outcome<Vec<u8>> {
        self.finish_with(<[u8]>::to_vec)
    }
}

fn not_extendable() -> Failure {
    Failure {
        message: "error:030000B2:digital envelope routines::not XOF or invalid length".to_owned(),
        code: Some("ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH".to_owned()),
        library: Some("digital envelope routines".to_owned()),
        reason: Some("not XOF or invalid length".to_owned()),
        others: Vec::new(),
    }
}

/// The digest of some bytes, in one step.
///
/// # Errors
/// When the digest cannot have this length.
pub fn digest_with<R>(
    algorithm: Algorithm,
    length: Option<usize>,
    bytes: &[u8],
    f: impl FnOnce(&[u8]) -> R,
) -> Outcome<R> {
    let mut digest = Digest::new(algorithm, length)?;
    digest.update(bytes)?;
    digest.finish_with(f)
}

/// The names that there may be; which of them there are is OpenSSL's to say.
const NAMES: &[&str] = &[
    "RSA-MD5",
    "RSA-RIPEMD160",
    "RSA-SHA1",
    "RSA-SHA1-2",
    "RSA-SHA224",
    "RSA-SHA256",
    "RSA-SHA3-224",
    "RSA-SHA3-256",
    "RSA-SHA3-384",
    "RSA-SHA3-512",
    "RSA-SHA384",
    "RSA-SHA512",
    "RSA-SHA512/224",
    "RSA-SHA512/256",
    "RSA-SM3",
    "blake2b512",
    "blake2s256",
    "id-rsassa-pkcs1-v1_5-with-sha3-224",
    "id-rsassa-pkcs1-v1_5-with-sha3-256",
    "id-rsassa-pkcs1-v1_5-with-sha3-384",
    "id-rsassa-pkcs1-v1_5-with-sha3-512",
    "md5",
    "md5-sha1",
    "md5WithRSAEncryption",
    "ripemd",
    "ripemd160",
    "ripemd160WithRSA",
    "rmd160",
    "sha1",
    "sha1WithRSAEncryption",
    "sha224",
    "sha224WithRSAEncryption",
    "sha256",
    "sha256WithRSAEncryption",
    "sha3-224",
    "sha3-256",
    "sha3-384",
    "sha3-512",
    "sha384",
    "sha384WithRSAEncryption",
    "sha512",
    "sha512-224",
    "sha512-224WithRSAEncryption",
    "sha512-256",
    "sha512-256WithRSAEncryption",
    "sha512WithRSAEncryption",
    "shake128",
    "shake256",
    "sm3",
    "sm3WithRSAEncryption",
    "ssl3-md5",
    "ssl3-sha1",
];

/// The name of every digest.
pub fn names() -> Vec<&'static str> {
    let names = NAMES.iter().copied();
    names
        .filter(|name| Algorithm::find(name).is_some())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(name: &str, length: Option<usize>, text: &str) -> String {
        let algorithm = Algorithm::find(name).unwrap();
        digest_with(algorithm, length, text.as_bytes(), |bytes| {
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        })
        .unwrap()
    }

    #[test]
    fn every_name_gives_a_digest_of_its_size() {
        for name in names() {
            let algorithm = Algorithm::find(name).unwrap();
            let digest = digest_with(algorithm, None, b"abc", <[u8]>::to_vec).unwrap();
            assert_eq!(digest.len(), algorithm.size(), "{name}");
        }
    }

    #[test]
    fn known_digests() {
        assert_eq!(hex("md5", None, "abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(
            hex("SHA-1", None, "abc"),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
        assert_eq!(
            hex("RSA-SHA256", None, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(hex("shake128", Some(4), ""), "7f9c2ba4");
        assert_eq!(hex("shake256", Some(0), ""), "");
    }

    #[test]
    fn a_copy_goes_on_by_itself() {
        for name in ["sha1", "sha512", "sha3-256", "blake2b512"] {
            let mut digest = Digest::new(Algorithm::find(name).unwrap(), None).unwrap();
            digest.update(b"a").unwrap();
            let copy = digest.clone();
            digest.update(b"bc").unwrap();
            assert_ne!(copy.finish().unwrap(), digest.clone().finish().unwrap());
            let whole = digest_with(Algorithm::find(name).unwrap(), None, b"abc", <[u8]>::to_vec);
            assert_eq!(digest.finish().unwrap(), whole.unwrap());
        }
    }

    #[test]
    fn a_length_is_for_extendable_digests_only() {
        let sha256 = Algorithm::find("sha256").unwrap();
        assert!(Digest::new(sha256, Some(32)).is_ok());
        let failure = Digest::new(sha256, Some(28)).err().unwrap();
        assert_eq!(
            failure.code.unwrap(),
            "ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH"
        );
        assert!(Algorithm::find("no such digest").is_none());
        assert!(Algorithm::find("sha\x00256").is_none());
    }
}
