//! New keys.

use openssl::bn::BigNum;
use openssl::dh::Dh;
use openssl::dsa::Dsa;
use openssl::ec::{Asn1Flag, EcGroup, EcKey};
use openssl::pkey::{PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Rsa;

use super::agreement::modp;
use super::key::{self, Key, PssRestriction};
use super::{Failure, Outcome};

/// What kind of pair is made, and how.
#[derive(Debug, Clone)]
#[allow(
    missing_docs,
    reason = "the names are those of `generateKeyPair`'s options"
)]
pub enum Kind {
    Rsa {
        bits: u32,
        exponent: u32,
    },
    RsaPss {
        bits: u32,
        exponent: u32,
        restriction: Option<PssRestriction>,
    },
    Dsa {
        bits: u32,
    },
    DhGroup {
        name: String,
    },
    DhPrime {
        prime: Vec<u8>,
        generator: u32,
    },
    DhLength {
        bits: u32,
        generator: u32,
    },
    Ec {
        curve: String,
        explicit: bool,
    },
    /// A kind that has no parameters, by its name.
    Plain(String),
}

fn invalid(message: &str) -> Failure {
    Failure::new("ERR_INVALID_ARG_VALUE", message)
}

fn rsa(bits: u32, exponent: u32) -> Outcome<PKey<Private>> {
    let exponent = BigNum::from_u32(exponent)?;
    Ok(PKey::from_rsa(Rsa::generate_with_e(bits, &exponent)?)?)
}

fn dh(prime: BigNum, generator: BigNum) -> Outcome<PKey<Private>> {
    Ok(PKey::from_dh(
        Dh::from_pqg(prime, None, generator)?.generate_key()?,
    )?)
}

/// Makes a private key, whose public half is with it.
///
/// # Errors
/// When OpenSSL refuses the parameters.
pub fn pair(kind: &Kind) -> Outcome<Key> {
    Ok(Key::Private(match kind {
        Kind::Rsa { bits, exponent } => rsa(*bits, *exponent)?,
        Kind::RsaPss {
            bits,
            exponent,
            restriction,
        } => key::restricted(&*rsa(*bits, *exponent)?, restriction.as_ref())?,
        Kind::Dsa { bits } => PKey::from_dsa(Dsa::generate(*bits)?)?,
        Kind::DhGroup { name } => {
            let (prime, generator) = modp(name)
                .ok_or_else(|| Failure::new("ERR_CRYPTO_UNKNOWN_DH_GROUP", "Unknown DH group"))?;
            dh(prime, generator)?
        }
        Kind::DhPrime { prime, generator } => {
            dh(BigNum::from_slice(prime)?, BigNum::from_u32(*generator)?)?
        }
        Kind::DhLength { bits, generator } => {
            PKey::from_dh(Dh::generate_params(*bits, *generator)?.generate_key()?)?
        }
        Kind::Ec { curve, explicit } => {
            let nid = key::curve(curve)
                .ok_or_else(|| Failure::new("ERR_CRYPTO_INVALID_CURVE", "Invalid EC curve name"))?;
            let mut group = EcGroup::from_curve_name(nid)?;
            group.set_asn1_flag(if *explicit {
                Asn1Flag::EXPLICIT_CURVE
            } else {
                Asn1Flag::NAMED_CURVE
            });
            PKey::from_ec_key(EcKey::generate(&group)?)?
        }
        Kind::Plain(name) => plain(name)?,
    }))
}

fn plain(name: &str) -> Outcome<PKey<Private>> {
    if let Some(id) = key::raw_id(name) {
        let mut context = PkeyCtx::new_id(id)?;
        context.keygen_init()?;
        return Ok(context.keygen()?);
    }
    #[cfg(ossl350)]
    if let Some(kind) = key::named_type(name) {
        // ML-DSA's seed has 32 bytes, ML-KEM's 64.
        let seed = super::random::bytes(if name.starts_with("ml-kem") { 64 } else { 32 })?;
        return Ok(PKey::private_key_from_seed(None, kind, None, &seed)?);
    }
    Err(invalid("the kind of key is not supported"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::key::{Encoding, private_from_der, public_from_pem};
    use crate::crypto::signature::{Form, Message, RsaWish, sign, verify};

    #[test]
    fn pairs_of_every_kind_are_written_read_and_sign() {
        let kinds = [
            Kind::Rsa {
                bits: 1024,
                exponent: 65537,
            },
            Kind::RsaPss {
                bits: 1024,
                exponent: 65537,
                restriction: Some(PssRestriction {
                    digest: "sha256",
                    mask_digest: "sha256",
                    salt_length: 16,
                }),
            },
            Kind::Ec {
                curve: "P-256".to_owned(),
                explicit: false,
            },
            Kind::Plain("ed25519".to_owned()),
            Kind::Plain("ed448".to_owned()),
        ];
        for kind in kinds {
            let key = pair(&kind).unwrap();
            let der = key.write(Encoding::Pkcs8, false, None).unwrap();
            let read = private_from_der(&der, Encoding::Pkcs8, None).unwrap();
            assert!(key.equals(&read), "{kind:?}");
            let public = Key::Public(key.public().unwrap());
            let pem = public.write(Encoding::Spki, true, None).unwrap();
            let public = public_from_pem(&pem, None).unwrap();
            let wish = RsaWish::default();
            let message = Message::Whole(b"text");
            let signature = sign(&read, None, wish, Form::Der, None, message).unwrap();
            assert!(verify(&public, None, wish, Form::Der, None, message, &signature).unwrap());
            let other = Message::Whole(b"other");
            assert!(!verify(&public, None, wish, Form::Der, None, other, &signature).unwrap());
            if let Kind::RsaPss { restriction, .. } = &kind {
                assert_eq!(public.details().pss, *restriction);
            }
        }
    }
}
