//! Prime numbers.

use openssl::bn::{BigNum, BigNumContext};

use super::Outcome;

/// A prime of so many bits; `add` and `rem` say what it leaves when it is divided.
///
/// # Errors
/// When there is none.
pub fn generate(bits: i32, safe: bool, add: Option<&[u8]>, rem: Option<&[u8]>) -> Outcome<Vec<u8>> {
    let add = add.map(BigNum::from_slice).transpose()?;
    let rem = rem.map(BigNum::from_slice).transpose()?;
    let mut prime = BigNum::new()?;
    prime.generate_prime(bits, safe, add.as_deref(), rem.as_deref())?;
    Ok(prime.to_vec_padded(((bits + 7) / 8).max(prime.num_bytes()))?)
}

/// Whether a number is prime, as far as so many tests tell; 0 leaves their number to OpenSSL.
///
/// # Errors
/// When memory runs out.
pub fn is_prime(number: &[u8], checks: i32) -> Outcome<bool> {
    let number = BigNum::from_slice(number)?;
    let mut context = BigNumContext::new()?;
    Ok(number.is_prime(checks, &mut context)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_generated_is_prime() {
        let prime = generate(64, false, None, None).unwrap();
        assert!(is_prime(&prime, 10).unwrap());
        assert!(!is_prime(&[15], 10).unwrap());
        let prime = generate(32, false, Some(&[12]), Some(&[11])).unwrap();
        let number = prime
            .iter()
            .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        assert_eq!(number % 12, 11);
    }
}
