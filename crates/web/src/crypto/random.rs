//! Random bytes and UUIDs, from OpenSSL's generator.

use std::cell::RefCell;

use super::Outcome;

/// Random bytes as they are asked for, a piece of a supply: one call of the generator costs as much for 16 bytes as for hundreds.
const SUPPLY: usize = 4096;

/// Up to this size bytes come from the supply.
const SMALL: usize = 128;

struct Supply {
    bytes: [u8; SUPPLY],
    used: usize,
}

thread_local! {
    static BYTES: RefCell<Supply> = const { RefCell::new(Supply { bytes: [0; SUPPLY], used: SUPPLY }) };
}

/// Fills with random bytes.
///
/// # Errors
/// When the system has no randomness to give.
pub fn fill(bytes: &mut [u8]) -> Outcome<()> {
    if bytes.len() > SMALL {
        return Ok(openssl::rand::rand_bytes(bytes)?);
    }
    BYTES.with_borrow_mut(|supply| {
        if supply.used + bytes.len() > SUPPLY {
            openssl::rand::rand_bytes(&mut supply.bytes)?;
            supply.used = 0;
        }
        let given = &mut supply.bytes[supply.used..supply.used + bytes.len()];
        bytes.copy_from_slice(given);
        // What was given out is known to nobody else.
        given.fill(0);
        supply.used += bytes.len();
        Ok(())
    })
}

/// So many random bytes.
///
/// # Errors
/// When the system has no randomness to give.
pub fn bytes(length: usize) -> Outcome<Vec<u8>> {
    let mut bytes = vec![0; length];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// A version 4 UUID (RFC 9562) as text.
///
/// # Errors
/// When the system has no randomness to give.
pub fn uuid() -> Outcome<[u8; 36]> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            at += 1;
        }
        text[at] = DIGITS[usize::from(byte >> 4)];
        text[at + 1] = DIGITS[usize::from(byte & 15)];
        at += 2;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_its_version_and_variant() {
        for _ in 0..300 {
            let text = String::from_utf8(uuid().unwrap().to_vec()).unwrap();
            assert_eq!(
                text.split('-').map(str::len).collect::<Vec<_>>(),
                [8, 4, 4, 4, 12]
            );
            assert_eq!(&text[14..15], "4");
            assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"));
        }
    }

    #[test]
    fn bytes_of_the_supply_are_given_once() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..2000 {
            assert!(seen.insert(bytes(16).unwrap()));
        }
    }
}
