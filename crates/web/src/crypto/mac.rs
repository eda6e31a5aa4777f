//! Codes of messages: HMAC (RFC 2104) over any digest, and KMAC with cSHAKE (NIST SP 800-185) over OpenSSL's Keccak.

use super::digest::{Algorithm, Digest, digest_with};
use super::{Failure, Outcome};

/// An HMAC under way. The two digests have taken in their pads, so a copy of it is an HMAC under the same key without making it anew.
#[derive(Clone)]
pub struct Hmac {
    inner: Digest,
    outer: Digest,
}

/// The largest block of a digest that there is: SHA3-224's.
const LARGEST_BLOCK: usize = 144;

impl Hmac {
    /// Begins an HMAC under this key.
    ///
    /// # Errors
    /// When the digest is not one for HMACs.
    pub fn new(algorithm: Algorithm, key: &[u8]) -> Outcome<Hmac> {
        let size = algorithm.block_size();
        if algorithm.is_extendable() || size > LARGEST_BLOCK {
            return Err(Failure::new(
                "ERR_CRYPTO_INVALID_DIGEST",
                "the digest is not one for HMACs",
            ));
        }
        let mut pad = [0; LARGEST_BLOCK];
        let pad = &mut pad[..size];
        if key.len() > size {
            digest_with(algorithm, None, key, |short| {
                pad[..short.len()].copy_from_slice(short)
            })?;
        } else {
            pad[..key.len()].copy_from_slice(key);
        }
        let mut inner = Digest::new(algorithm, None)?;
        let mut outer = Digest::new(algorithm, None)?;
        pad.iter_mut().for_each(|byte| *byte ^= 0x36);
        inner.update(pad)?;
        pad.iter_mut().for_each(|byte| *byte ^= 0x36 ^ 0x5c);
        outer.update(pad)?;
        pad.fill(0);
        Ok(Hmac { inner, outer })
    }

    /// Takes in more bytes.
    ///
    /// # Errors
    /// When OpenSSL refuses them.
    pub fn update(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.inner.update(bytes)
    }

    /// Gives the code to `f`.
    ///
    /// # Errors
    /// When OpenSSL cannot end the digests.
    pub fn finish_with<R>(self, f: impl FnOnce(&[u8]) -> R) -> Outcome<R> {
        let mut outer = self.outer;
        self.inner.finish_with(|bytes| outer.update(bytes))??;
        outer.finish_with(f)
    }

    /// The code.
    ///
    /// # Errors
    /// When OpenSSL cannot end the digests.
    pub fn finish(self) -> Outcome<Vec<u8>> {
        self.finish_with(<[u8]>::to_vec)
    }
}

/// The HMAC of some bytes, in one step.
///
/// # Errors
/// When the digest is not one for HMACs.
pub fn hmac(algorithm: Algorithm, key: &[u8], bytes: &[u8]) -> Outcome<Vec<u8>> {
    let mut hmac = Hmac::new(algorithm, key)?;
    hmac.update(bytes)?;
    hmac.finish()
}

/// A number with its length before it (`left_encode`) or behind it.
fn encoded(number: u64, length_first: bool) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let skipped = (number.leading_zeros() as usize / 8).min(7);
    let mut all = bytes[skipped..].to_vec();
    let length = all.len() as u8;
    if length_first {
        all.insert(0, length);
    } else {
        all.push(length);
    }
    all
}

fn encoded_string(bytes: &[u8]) -> Vec<u8> {
    let mut all = encoded(bytes.len() as u64 * 8, true);
    all.extend_from_slice(bytes);
    all
}

/// Parts with the width of the sponge before them, filled up to a whole of it.
fn padded(rate: usize, parts: &[&[u8]]) -> Vec<u8> {
    let mut all = encoded(rate as u64, true);
    parts.iter().for_each(|part| all.extend_from_slice(part));
    all.resize(all.len().next_multiple_of(rate), 0);
    all
}

/// The digest with the padding of cSHAKE, which OpenSSL has for its own KMAC.
fn sponge(bits: u32) -> Outcome<(openssl::md::Md, usize)> {
    let name = if bits == 128 {
        "KECCAK-KMAC-128"
    } else {
        "KECCAK-KMAC-256"
    };
    let rate = if bits == 128 { 168 } else { 136 };
    Ok((openssl::md::Md::fetch(None, name, None)?, rate))
}

fn squeeze(md: &openssl::md::MdRef, parts: &[&[u8]], length: usize) -> Outcome<Vec<u8>> {
    let mut context = openssl::md_ctx::MdCtx::new()?;
    context.digest_init(md)?;
    for part in parts {
        context.digest_update(part)?;
    }
    let mut bytes = vec![0; length];
    if length > 0 {
        context.digest_final_xof(&mut bytes)?;
    }
    Ok(bytes)
}

/// cSHAKE with 128 or 256 bits of strength.
///
/// # Errors
/// When OpenSSL fails.
pub fn cshake(
    bits: u32,
    name: &[u8],
    customization: &[u8],
    bytes: &[u8],
    length: usize,
) -> Outcome<Vec<u8>> {
    if name.is_empty() && customization.is_empty() {
        let shake = if bits == 128 { "shake128" } else { "shake256" };
        let algorithm = Algorithm::find(shake)
            .ok_or_else(|| Failure::new("ERR_CRYPTO_INVALID_DIGEST", "there is no SHAKE"))?;
        return digest_with(algorithm, Some(length), bytes, <[u8]>::to_vec);
    }
    let (md, rate) = sponge(bits)?;
    let head = padded(
        rate,
        &[&encoded_string(name), &encoded_string(customization)],
    );
    squeeze(&md, &[&head, bytes], length)
}

/// KMAC with 128 or 256 bits of strength.
///
/// # Errors
/// When OpenSSL fails.
pub fn kmac(
    bits: u32,
    key: &[u8],
    customization: &[u8],
    bytes: &[u8],
    length: usize,
) -> Outcome<Vec<u8>> {
    let (md, rate) = sponge(bits)?;
    let head = padded(
        rate,
        &[&encoded_string(b"KMAC"), &encoded_string(customization)],
    );
    let key = padded(rate, &[&encoded_string(key)]);
    let end = encoded(length as u64 * 8, false);
    squeeze(&md, &[&head, &key, bytes, &end], length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn hmacs_of_rfc_4231() {
        let sha256 = Algorithm::find("sha256").unwrap();
        assert_eq!(
            hex(&hmac(sha256, b"Jefe", b"what do ya want for nothing?").unwrap()),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let long = [0xaa; 131];
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(
            hex(&hmac(sha256, &long, text).unwrap()),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
        assert!(Hmac::new(Algorithm::find("shake128").unwrap(), b"").is_err());
    }

    #[test]
    fn samples_of_sp_800_185() {
        let data = [0, 1, 2, 3];
        assert_eq!(
            hex(&cshake(128, b"", b"Email Signature", &data, 32).unwrap()),
            "c1c36925b6409a04f1b504fcbca9d82b4017277cb5ed2b2065fc1d3814d5aaf5"
        );
        let key: Vec<u8> = (0x40..0x60).collect();
        assert_eq!(
            hex(&kmac(128, &key, b"", &data, 32).unwrap()),
            "e5780b0d3ea6f7d3a429c5706aa43a00fadbd7d49628839e3187243f456ee14e"
        );
    }
}
