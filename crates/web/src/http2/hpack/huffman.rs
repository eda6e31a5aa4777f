//! The Huffman code of RFC 7541, appendix B. The code is canonical: codes of one length are consecutive, in the order of their symbols, so the
//! lengths are all that has to be written down.

/// The length of each byte's code in bits; the last is the end of the string, which is never sent.
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5,
    5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6,
    6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22,
    23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22,
    21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20,
    22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19,
    21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22,
    22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

const LONGEST: usize = 30;
const END: u16 = 256;

struct Code {
    /// Of each symbol.
    codes: [u32; 257],
    /// Symbols by length, then by value.
    symbols: [u16; 257],
    /// Of each length: the first code, and where its symbols begin.
    first: [u32; LONGEST + 2],
    begin: [usize; LONGEST + 2],
    /// By the next eight bits: the symbol and the length of its code, when that is not longer.
    short: [(u8, u8); 256],
}

static CODE: Code = code();

const fn code() -> Code {
    let mut made = Code {
        codes: [0; 257],
        symbols: [0; 257],
        first: [0; LONGEST + 2],
        begin: [0; LONGEST + 2],
        short: [(0, 0); 256],
    };
    let mut length = 1;
    let mut next = 0;
    let mut count = 0;
    while length <= LONGEST {
        made.first[length] = next;
        made.begin[length] = count;
        let mut symbol = 0;
        while symbol < 257 {
            if LENGTHS[symbol] as usize == length {
                made.codes[symbol] = next;
                made.symbols[count] = symbol as u16;
                if length <= 8 {
                    let mut fill = 0;
                    while fill < 1 << (8 - length) {
                        made.short[(next as usize) << (8 - length) | fill] =
                            (symbol as u8, length as u8);
                        fill += 1;
                    }
                }
                next += 1;
                count += 1;
            }
            symbol += 1;
        }
        next <<= 1;
        length += 1;
    }
    made.begin[LONGEST + 1] = count;
    made
}

/// How many bytes the code of `text` takes.
pub(super) fn encoded_length(text: &[u8]) -> usize {
    let bits: usize = (text.iter())
        .map(|&byte| usize::from(LENGTHS[usize::from(byte)]))
        .sum();
    bits.div_ceil(8)
}

/// Adds the code of `text` to `out`.
pub(super) fn encode(text: &[u8], out: &mut Vec<u8>) {
    let mut bits: u64 = 0;
    let mut count = 0;
    for &byte in text {
        let length = u32::from(LENGTHS[usize::from(byte)]);
        bits = bits << length | u64::from(CODE.codes[usize::from(byte)]);
        count += length;
        while count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    if count > 0 {
        // The beginning of the end's code, which is all ones.
        out.push((bits << (8 - count)) as u8 | (0xff >> count));
    }
}

/// Adds what `coded` stands for to `out`; false when it is no valid code.
pub(super) fn decode(coded: &[u8], out: &mut Vec<u8>) -> bool {
    let mut bits: u64 = 0;
    let mut count: usize = 0;
    let mut rest = coded.iter();
    loop {
        while count <= 56 {
            let Some(&byte) = rest.next() else { break };
            bits = bits << 8 | u64::from(byte);
            count += 8;
        }
        if count == 0 {
            return true;
        }
        if count >= 8 {
            let (symbol, length) = CODE.short[(bits >> (count - 8)) as usize & 0xff];
            if length != 0 {
                out.push(symbol);
                count -= usize::from(length);
                continue;
            }
        }
        let mut length = if count >= 8 { 9 } else { 1 };
        let found = loop {
            if length > count || length > LONGEST {
                break None;
            }
            let word = (bits >> (count - length)) as u32 & ((1 << length) - 1);
            let offset = word.wrapping_sub(CODE.first[length]) as usize;
            if offset < CODE.begin[length + 1] - CODE.begin[length] {
                break Some(CODE.symbols[CODE.begin[length] + offset]);
            }
            length += 1;
        };
        match found {
            Some(END) => return false,
            Some(symbol) => {
                out.push(symbol as u8);
                count -= length;
            }
            // What is left over is less than a byte, and all ones.
            None => return count < 8 && bits & ((1 << count) - 1) == (1 << count) - 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification() {
        for (text, code) in [
            ("www.example.com", "f1e3c2e5f23a6ba0ab90f4ff".to_owned()),
            ("no-cache", "a8eb10649cbf".to_owned()),
            ("custom-value", "25a849e95bb8e8b4bf".to_owned()),
            (
                "Mon, 21 Oct 2013 20:13:21 GMT",
                "d07abe941054d444a8200595040b8166e082a62d1bff".to_owned(),
            ),
        ] {
            let mut out = Vec::new();
            encode(text.as_bytes(), &mut out);
            let hex: String = out.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, code);
            assert_eq!(out.len(), encoded_length(text.as_bytes()));
            let mut back = Vec::new();
            assert!(decode(&out, &mut back));
            assert_eq!(back, text.as_bytes());
        }
    }

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        let mut out = Vec::new();
        encode(&all, &mut out);
        let mut back = Vec::new();
        assert!(decode(&out, &mut back));
        assert_eq!(back, all);
    }

    #[test]
    fn wrong_ends_are_refused() {
        // Padding of eight bits, padding of zeros, and the end of the string itself.
        for coded in [&[0x1f, 0xff][..], &[0x18], &[0xff, 0xff, 0xff, 0xff]] {
            assert!(!decode(coded, &mut Vec::new()), "{coded:x?}");
        }
        assert!(decode(&[0x1f], &mut Vec::new()));
    }
}
