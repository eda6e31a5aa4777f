//! Secrets that two agree upon: of two keys of the same kind, and the classes of `node:crypto` that keep their halves as numbers (Diffie and Hellman's) or
//! as points (on curves).

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::derive::Deriver;
use openssl::dh::Dh;
use openssl::ec::{EcGroup, EcKey, EcPoint, PointConversionForm};
use openssl::pkey::Private;

use super::key::{Key, curve, group};
use super::{Failure, Outcome};

/// The secret of a private and a public key.
///
/// # Errors
/// When they are not of one kind, or give no secret.
pub fn secret(private: &Key, public: &Key) -> Outcome<Vec<u8>> {
    let private = private.private()?;
    let public = public.public()?;
    let mut deriver = Deriver::new(private)?;
    // With the kind's own checks of the other's key, which `set_peer` leaves out.
    deriver.set_peer_ex(&public, true)?;
    let width = if private.id() == openssl::pkey::Id::DH || private.id() == openssl::pkey::Id::DHX {
        private.size()
    } else {
        0
    };
    let secret = deriver.derive_to_vec()?;
    // Diffie and Hellman's is as wide as the prime.
    let mut padded = vec![0; width.saturating_sub(secret.len())];
    padded.extend(secret);
    Ok(padded)
}

/// A group of Diffie and Hellman by its name in `node:crypto`.
pub fn modp(name: &str) -> Option<(BigNum, BigNum)> {
    let prime = match name {
        "modp1" => BigNum::get_rfc2409_prime_768(),
        "modp2" => BigNum::get_rfc2409_prime_1024(),
        "modp5" => BigNum::get_rfc3526_prime_1536(),
        "modp14" => BigNum::get_rfc3526_prime_2048(),
        "modp15" => BigNum::get_rfc3526_prime_3072(),
        "modp16" => BigNum::get_rfc3526_prime_4096(),
        "modp17" => BigNum::get_rfc3526_prime_6144(),
        "modp18" => BigNum::get_rfc3526_prime_8192(),
        _ => return None,
    };
    Some((prime.ok()?, BigNum::from_u32(2).ok()?))
}

/// One side of Diffie and Hellman's exchange.
pub struct DiffieHellman {
    prime: BigNum,
    generator: BigNum,
    public: Option<BigNum>,
    private: Option<BigNum>,
    /// What is wrong with prime and generator, by OpenSSL's bits.
    faults: u32,
}

const NOT_PRIME: u32 = 1;
const NOT_SAFE_PRIME: u32 = 2;
const NOT_SUITABLE_GENERATOR: u32 = 8;

fn reason(library: &str, code: &str, text: &str, number: &str) -> Failure {
    Failure {
        message: format!("error:{number}:{library}::{text}"),
        code: Some(code.to_owned()),
        library: Some(library.to_owned()),
        reason: Some(text.to_owned()),
        others: Vec::new(),
    }
}

impl DiffieHellman {
    /// With a group that has a name.
    pub fn named(name: &str) -> Option<DiffieHellman> {
        let (prime, generator) = modp(name)?;
        Some(DiffieHellman {
            prime,
            generator,
            public: None,
            private: None,
            faults: 0,
        })
    }

    /// With a new prime of this length.
    ///
    /// # Errors
    /// When the length or the generator are none.
    pub fn with_length(bits: u32, generator: u32) -> Outcome<DiffieHellman> {
        if bits < 2 {
            return Err(reason(
                "Diffie-Hellman routines",
                "ERR_OSSL_DH_MODULUS_TOO_SMALL",
                "modulus too small",
                "0280007E",
            ));
        }
        if generator < 2 {
            return Err(reason(
                "Diffie-Hellman routines",
                "ERR_OSSL_DH_BAD_GENERATOR",
                "bad generator",
                "02800065",
            ));
        }
        let parameters = Dh::generate_params(bits, generator)?;
        Self::with_prime(
            &parameters.prime_p().to_vec(),
            &parameters.generator().to_vec(),
        )
    }

    /// With these numbers.
    ///
    /// # Errors
    /// When the generator is none.
    pub fn with_prime(prime: &[u8], generator: &[u8]) -> Outcome<DiffieHellman> {
        let prime = BigNum::from_slice(prime)?;
        let generator = BigNum::from_slice(generator)?;
        let one = BigNum::from_u32(1)?;
        if generator <= one {
            return Err(reason(
                "Diffie-Hellman routines",
                "ERR_OSSL_DH_BAD_GENERATOR",
                "bad generator",
                "02800065",
            ));
        }
        let faults = faults(&prime, &generator)?;
        Ok(DiffieHellman {
            prime,
            generator,
            public: None,
            private: None,
            faults,
        })
    }

    /// What is wrong with prime and generator, by OpenSSL's bits.
    pub fn faults(&self) -> u32 {
        self.faults
    }

    fn parameters(&self) -> Outcome<Dh<openssl::pkey::Params>> {
        Ok(Dh::from_pqg(
            self.prime.to_owned()?,
            None,
            self.generator.to_owned()?,
        )?)
    }

    /// Makes keys, or the public key of the private one that there is.
    ///
    /// # Errors
    /// When OpenSSL refuses the parameters.
    pub fn generate(&mut self) -> Outcome<Vec<u8>> {
        let keys: Dh<Private> = match &self.private {
            Some(private) => self
                .parameters()?
                .set_private_key(BigNumRef::to_owned(private)?)?,
            None => self.parameters()?.generate_key()?,
        };
        let public = keys.public_key().to_owned()?;
        self.private = Some(keys.private_key().to_owned()?);
        let bytes = self.padded(&public)?;
        self.public = Some(public);
        Ok(bytes)
    }

    fn padded(&self, number: &BigNumRef) -> Outcome<Vec<u8>> {
        let width = self.prime.num_bytes().max(number.num_bytes());
        Ok(number.to_vec_padded(width)?)
    }

    /// The secret with the other's public key.
    ///
    /// # Errors
    /// When that is not in the group, or there is no private key.
    pub fn secret(&self, other: &[u8]) -> Outcome<Vec<u8>> {
        let private = self.private.as_ref().ok_or_else(|| {
            reason(
                "Diffie-Hellman routines",
                "ERR_OSSL_DH_NO_PRIVATE_VALUE",
                "no private value",
                "02800064",
            )
        })?;
        let other = BigNum::from_slice(other)?;
        let one = BigNum::from_u32(1)?;
        let mut last = BigNum::new()?;
        last.checked_sub(&self.prime, &one)?;
        if other <= one {
            return Err(Failure::new(
                "ERR_CRYPTO_INVALID_KEYLEN",
                "Supplied key is too small",
            ));
        }
        if other >= last {
            return Err(Failure::new(
                "ERR_CRYPTO_INVALID_KEYLEN",
                "Supplied key is too large",
            ));
        }
        // In a time that does not depend on the number.
        let mut exponent = BigNumRef::to_owned(private)?;
        exponent.set_const_time();
        let mut context = BigNumContext::new_secure()?;
        let mut secret = BigNum::new()?;
        secret.mod_exp(&other, &exponent, &self.prime, &mut context)?;
        Ok(secret.to_vec_padded(self.prime.num_bytes())?)
    }

    /// The prime.
    pub fn prime(&self) -> Vec<u8> {
        self.prime.to_vec()
    }

    /// The generator.
    pub fn generator(&self) -> Vec<u8> {
        self.generator.to_vec()
    }

    /// The public key.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn public(&self) -> Outcome<Option<Vec<u8>>> {
        self.public
            .as_deref()
            .map(|public| self.padded(public))
            .transpose()
    }

    /// The private key.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn private(&self) -> Outcome<Option<Vec<u8>>> {
        Ok(self.private.as_deref().map(BigNumRef::to_vec))
    }

    /// Takes a public key.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn set_public(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.public = Some(BigNum::from_slice(bytes)?);
        Ok(())
    }

    /// Takes a private key.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn set_private(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.private = Some(BigNum::from_slice(bytes)?);
        Ok(())
    }
}

/// What is wrong with a prime and a generator.
fn faults(prime: &BigNumRef, generator: &BigNumRef) -> Outcome<u32> {
    for name in [
        "modp1", "modp2", "modp5", "modp14", "modp15", "modp16", "modp17", "modp18",
    ] {
        if modp(name).is_some_and(|(known, _)| *known == *prime) {
            return Ok(0);
        }
    }
    let one = BigNum::from_u32(1)?;
    let mut faults = 0;
    let mut last = BigNum::new()?;
    last.checked_sub(prime, &one)?;
    if *generator <= *one || *generator >= *last {
        faults |= NOT_SUITABLE_GENERATOR;
    }
    let mut context = BigNumContext::new()?;
    if prime.num_bits() < 2 || !prime.is_prime(0, &mut context)? {
        faults |= NOT_PRIME;
    } else {
        let mut half = BigNum::new()?;
        half.rshift1(&last)?;
        if !half.is_prime(0, &mut context)? {
            faults |= NOT_SAFE_PRIME;
        }
    }
    Ok(faults)
}

/// One side of an exchange on a curve.
pub struct Ecdh {
    group: EcGroup,
    private: Option<BigNum>,
    public: Option<EcPoint>,
}

/// How a point is written: OpenSSL's numbers.
pub fn form(number: u64) -> PointConversionForm {
    match number {
        2 => PointConversionForm::COMPRESSED,
        6 => PointConversionForm::HYBRID,
        _ => PointConversionForm::UNCOMPRESSED,
    }
}

fn no_point() -> Failure {
    Failure::new(
        "ERR_CRYPTO_OPERATION_FAILED",
        "Failed to convert Buffer to EC_POINT",
    )
}

fn invalid_public() -> Failure {
    Failure::new(
        "ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY",
        "Public key is not valid for specified curve",
    )
}

impl Ecdh {
    /// On the curve of this name.
    pub fn new(name: &str) -> Option<Ecdh> {
        Some(Ecdh {
            group: group(curve(name)?).ok()?,
            private: None,
            public: None,
        })
    }

    /// Makes keys.
    ///
    /// # Errors
    /// When OpenSSL cannot.
    pub fn generate(&mut self) -> Outcome<()> {
        let key = EcKey::generate(&self.group)?;
        self.private = Some(key.private_key().to_owned()?);
        self.public = Some(key.public_key().to_owned(&self.group)?);
        Ok(())
    }

    fn point(&self, bytes: &[u8]) -> Outcome<EcPoint> {
        let mut context = BigNumContext::new()?;
        let point = EcPoint::from_bytes(&self.group, bytes, &mut context)?;
        Ok(point)
    }

    /// A public key that was set afterwards may be another's.
    fn require_pair(&self, private: &BigNumRef) -> Outcome<()> {
        let invalid = || Failure::new("ERR_CRYPTO_INVALID_KEYPAIR", "Invalid key pair");
        let public = self.public.as_ref().ok_or_else(invalid)?;
        let key = EcKey::from_private_components(&self.group, private, public)?;
        key.check_key().map_err(|_| invalid())
    }

    /// The secret with the other's public key.
    ///
    /// # Errors
    /// When that is not on the curve, there is no private key, or the public key is not its own.
    pub fn secret(&self, other: &[u8]) -> Outcome<Vec<u8>> {
        let private = self.private.as_ref();
        let private = private.ok_or_else(|| {
            Failure::new("ERR_CRYPTO_OPERATION_FAILED", "Failed to compute ECDH key")
        })?;
        self.require_pair(private)?;
        let other = self.point(other).map_err(|_| invalid_public())?;
        let mut context = BigNumContext::new_secure()?;
        let mut product = EcPoint::new(&self.group)?;
        product.mul2(&self.group, &other, private, &mut context)?;
        let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
        product.affine_coordinates(&self.group, &mut x, &mut y, &mut context)?;
        let width = (self.group.degree() as i32 + 7) / 8;
        Ok(x.to_vec_padded(width)?)
    }

    /// The public key.
    ///
    /// # Errors
    /// When there is none.
    pub fn public(&self, form: PointConversionForm) -> Outcome<Vec<u8>> {
        let public = self.public.as_ref();
        let public = public.ok_or_else(|| {
            Failure::new(
                "ERR_CRYPTO_OPERATION_FAILED",
                "Failed to get ECDH public key",
            )
        })?;
        let mut context = BigNumContext::new()?;
        Ok(public.to_bytes(&self.group, form, &mut context)?)
    }

    /// The private key.
    ///
    /// # Errors
    /// When there is none.
    pub fn private(&self) -> Outcome<Vec<u8>> {
        let private = self.private.as_ref();
        let private = private.ok_or_else(|| {
            Failure::new(
                "ERR_CRYPTO_OPERATION_FAILED",
                "Failed to get ECDH private key",
            )
        })?;
        let width = self.group.order_bits().div_ceil(8) as i32;
        Ok(private.to_vec_padded(width)?)
    }

    /// Takes a private key, and makes its public key.
    ///
    /// # Errors
    /// When it is none on this curve.
    pub fn set_private(&mut self, bytes: &[u8]) -> Outcome<()> {
        let invalid = || {
            Failure::new(
                "ERR_CRYPTO_INVALID_KEYTYPE",
                "Private key is not valid for specified curve.",
            )
        };
        let number = BigNum::from_slice(bytes)?;
        let mut context = BigNumContext::new()?;
        let mut order = BigNum::new()?;
        self.group.order(&mut order, &mut context)?;
        if number.num_bits() == 0 || number >= order {
            return Err(invalid());
        }
        let mut point = EcPoint::new(&self.group)?;
        point.mul_generator2(&self.group, &number, &mut context)?;
        self.private = Some(number);
        self.public = Some(point);
        Ok(())
    }

    /// Takes a public key.
    ///
    /// # Errors
    /// When it is none on this curve.
    pub fn set_public(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.public = Some(self.point(bytes).map_err(|_| no_point())?);
        Ok(())
    }
}

/// A point written another way.
///
/// # Errors
/// When it is not on the curve.
pub fn convert_point(name: &str, bytes: &[u8], form: PointConversionForm) -> Outcome<Vec<u8>> {
    let nid = curve(name)
        .ok_or_else(|| Failure::new("ERR_CRYPTO_INVALID_CURVE", "Invalid EC curve name"))?;
    let group = group(nid)?;
    let mut context = BigNumContext::new()?;
    let point = EcPoint::from_bytes(&group, bytes, &mut context).map_err(|_| no_point())?;
    Ok(point.to_bytes(&group, form, &mut context)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sides_agree() {
        let mut left = DiffieHellman::named("modp14").unwrap();
        let mut right = DiffieHellman::named("modp14").unwrap();
        let (a, b) = (left.generate().unwrap(), right.generate().unwrap());
        assert_eq!(left.secret(&b).unwrap(), right.secret(&a).unwrap());
        for name in ["prime256v1", "secp256k1", "P-521"] {
            let (mut left, mut right) = (Ecdh::new(name).unwrap(), Ecdh::new(name).unwrap());
            left.generate().unwrap();
            right.generate().unwrap();
            let form = PointConversionForm::COMPRESSED;
            assert_eq!(
                left.secret(&right.public(form).unwrap()).unwrap(),
                right.secret(&left.public(form).unwrap()).unwrap()
            );
        }
    }

    #[test]
    fn a_point_that_is_none_is_refused() {
        let mut side = Ecdh::new("prime256v1").unwrap();
        side.generate().unwrap();
        let failure = side.secret(&[4; 65]).unwrap_err();
        assert_eq!(failure.code.unwrap(), "ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY");
    }
}
