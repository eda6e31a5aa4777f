//! Keys from passwords and from other keys: PBKDF2, HKDF, scrypt, Argon2.

use super::digest::Algorithm;
use super::mac::{Hmac, hmac};
use super::{Failure, Outcome};

/// PBKDF2 (RFC 8018).
///
/// # Errors
/// When OpenSSL refuses the digest.
pub fn pbkdf2(
    algorithm: Algorithm,
    password: &[u8],
    salt: &[u8],
    iterations: usize,
    length: usize,
) -> Outcome<Vec<u8>> {
    let mut key = vec![0; length];
    if length > 0 {
        openssl::pkcs5::pbkdf2_hmac(
            password,
            salt,
            iterations,
            algorithm.message_digest(),
            &mut key,
        )?;
    }
    Ok(key)
}

/// HKDF (RFC 5869).
///
/// # Errors
/// When the length is more than 255 digests.
pub fn hkdf(
    algorithm: Algorithm,
    key: &[u8],
    salt: &[u8],
    info: &[u8],
    length: usize,
) -> Outcome<Vec<u8>> {
    if length > 255 * algorithm.size() {
        return Err(Failure::new(
            "ERR_CRYPTO_INVALID_KEYLEN",
            "Invalid key length",
        ));
    }
    let zeros = vec![0; algorithm.size()];
    let extracted = hmac(algorithm, if salt.is_empty() { &zeros } else { salt }, key)?;
    let keyed = Hmac::new(algorithm, &extracted)?;
    let mut output = Vec::with_capacity(length);
    let mut block: Vec<u8> = Vec::new();
    let mut count = 0;
    while output.len() < length {
        count += 1;
        let mut next = keyed.clone();
        next.update(&block)?;
        next.update(info)?;
        next.update(&[count])?;
        block = next.finish()?;
        output.extend_from_slice(&block);
    }
    output.truncate(length);
    Ok(output)
}

/// The costs of scrypt (RFC 7914).
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the names are the specification's")]
pub struct ScryptCost {
    pub n: u64,
    pub r: u64,
    pub p: u64,
    pub most_memory: u64,
}

/// scrypt.
///
/// # Errors
/// When the costs are none, or need more memory than is allowed.
pub fn scrypt(password: &[u8], salt: &[u8], cost: ScryptCost, length: usize) -> Outcome<Vec<u8>> {
    let mut key = vec![0; length];
    let wrong = |_| Failure::new("ERR_CRYPTO_INVALID_SCRYPT_PARAMS", "Invalid scrypt params");
    // OpenSSL takes an empty key as a question whether the costs are right.
    check_scrypt(cost)?;
    if length > 0 {
        openssl::pkcs5::scrypt(
            password,
            salt,
            cost.n,
            cost.r,
            cost.p,
            cost.most_memory,
            &mut key,
        )
        .map_err(wrong)?;
    }
    Ok(key)
}

fn check_scrypt(cost: ScryptCost) -> Outcome<()> {
    let ScryptCost {
        n,
        r,
        p,
        most_memory,
    } = cost;
    let wrong = |why| {
        Failure::new(
            "ERR_CRYPTO_INVALID_SCRYPT_PARAMS",
            format!("Invalid scrypt params{why}"),
        )
    };
    let too_much = ": memory limit exceeded";
    if r == 0 || p == 0 || n < 2 || !n.is_power_of_two() {
        return Err(wrong(""));
    }
    if p > ((1 << 30) - 1) / r || (16 * r <= 63 && n >= 1 << (16 * r)) {
        return Err(wrong(too_much));
    }
    let blocks = p * 128 * r;
    let needed = 32_u64
        .checked_mul(r)
        .and_then(|words| words.checked_mul(n + 2))
        .and_then(|words| words.checked_mul(4));
    let needed = needed.and_then(|needed| needed.checked_add(blocks));
    let most = if most_memory == 0 {
        32 * 1024 * 1024
    } else {
        most_memory
    };
    if needed.is_none_or(|needed| needed > most) {
        return Err(wrong(too_much));
    }
    Ok(())
}

/// What Argon2 (RFC 9106) is given.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the names are the specification's")]
pub struct Argon2 {
    pub message: Vec<u8>,
    pub nonce: Vec<u8>,
    pub secret: Vec<u8>,
    pub associated_data: Vec<u8>,
    pub passes: u32,
    pub parallelism: u32,
    pub memory: u32,
    pub length: usize,
}

/// Argon2 of a kind: `argon2d`, `argon2i` or `argon2id`.
///
/// # Errors
/// When the costs are none, or this OpenSSL has no Argon2.
#[cfg(ossl320)]
pub fn argon2(kind: &str, wish: &Argon2) -> Outcome<Vec<u8>> {
    let run = match kind {
        "argon2d" => openssl::kdf::argon2d,
        "argon2i" => openssl::kdf::argon2i,
        _ => openssl::kdf::argon2id,
    };
    let given = |bytes: &[u8]| (!bytes.is_empty()).then(|| bytes.to_vec());
    let (data, secret) = (given(&wish.associated_data), given(&wish.secret));
    let mut key = vec![0; wish.length];
    run(
        None,
        &wish.message,
        &wish.nonce,
        data.as_deref(),
        secret.as_deref(),
        wish.passes,
        wish.parallelism,
        wish.memory,
        &mut key,
    )?;
    Ok(key)
}

/// Argon2, which this OpenSSL has not.
///
/// # Errors
/// Always.
#[cfg(not(ossl320))]
pub fn argon2(_: &str, _: &Argon2) -> Outcome<Vec<u8>> {
    Err(Failure::new(
        "ERR_CRYPTO_ARGON2_NOT_SUPPORTED",
        "Argon2 algorithm not supported",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn known_keys() {
        let sha1 = Algorithm::find("sha1").unwrap();
        assert_eq!(
            hex(&pbkdf2(sha1, b"password", b"salt", 2, 20).unwrap()),
            "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"
        );
        let sha256 = Algorithm::find("sha256").unwrap();
        let salt: Vec<u8> = (0..13).collect();
        let info: Vec<u8> = (0xf0..0xfa).collect();
        assert_eq!(
            hex(&hkdf(sha256, &[0x0b; 22], &salt, &info, 42).unwrap()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        );
        let cost = ScryptCost {
            n: 16,
            r: 1,
            p: 1,
            most_memory: 0,
        };
        assert_eq!(
            &hex(&scrypt(b"", b"", cost, 64).unwrap())[..32],
            "77d6576238657b203b19ca42c18a0497"
        );
    }
}
