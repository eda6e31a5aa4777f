//! Maps of what is known by a number or an address, which is looked up once a callback: the standard hasher, which is safe against keys that somebody
//! chose, costs more than the rest of a record. Nobody chooses these.

use std::hash::{BuildHasherDefault, Hasher};

/// Builds the hashers of such a map.
pub type ByNumber = BuildHasherDefault<NumberHasher>;

/// Mixes the few numbers of a key.
#[derive(Clone, Copy, Debug, Default)]
pub struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes
            .iter()
            .for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        // The golden ratio: neighbours lie far from each other in the upper bits, and addresses differ in the lower ones hardly.
        self.0 = (self.0.rotate_left(26) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    #[test]
    fn addresses_beside_each_other_are_spread() {
        let hash = |number: usize| ByNumber::default().hash_one((number * 16, 7_u32));
        for bits in [0, 57] {
            let places: HashSet<u64> = (0..128).map(|number| hash(number) >> bits & 127).collect();
            assert!(places.len() > 60, "{bits}: {}", places.len());
        }
    }
}
