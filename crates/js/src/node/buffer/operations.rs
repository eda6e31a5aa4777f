//! The operations of `Buffer` that touch many bytes: text to bytes and back, comparing and searching. One call each, with the
//! bytes where they are and the string as the engine has it; numbers are read and written in JavaScript, where the JIT sees them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use super::base64;
use crate::builtins::results::{Decoded, Scratch};
use crate::engine::transcoding::{self, Base64};
use crate::engine::{Arguments, Error, Local, Op, Scope, Units};

pub(crate) const OPS: &[Op] = &[
    Op::new("bufferCompare", 2, compare),
    Op::new("bufferFind", 4, find),
    Op::new("bufferText", 4, text),
    Op::new("bufferUncleared", 1, uncleared),
    Op::new("bufferWrite", 5, write),
    Op::new("isAsciiBytes", 1, is_ascii_bytes),
    Op::new("isUtf8Bytes", 1, is_utf8_bytes),
    Op::new("utf8Length", 1, utf8_length),
];

/// Node's encodings, by the numbers that `buffer.js` gives them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16,
    Latin1,
    Ascii,
    Hex,
    Base64,
    Base64Url,
}

impl Encoding {
    fn of(number: Local<'_>) -> Result<Encoding, Error> {
        Ok(match number.as_index() {
            Some(0) => Encoding::Utf8,
            Some(1) => Encoding::Utf16,
            Some(2) => Encoding::Latin1,
            Some(3) => Encoding::Ascii,
            Some(4) => Encoding::Hex,
            Some(5) => Encoding::Base64,
            Some(6) => Encoding::Base64Url,
            _ => return Err(Error::range_error("there is no such encoding of buffers")),
        })
    }
}

/// The range that two arguments name, the whole without them.
fn range(start: Local<'_>, end: Local<'_>, length: usize) -> Range<usize> {
    let end = index(end).map_or(length, |end| end.min(length));
    index(start).map_or(0, |start| start.min(end))..end
}

fn index(value: Local<'_>) -> Option<usize> {
    usize::try_from(value.as_index()?).ok()
}

/// The longest string that the engine makes.
const LONGEST: usize = (1 << 30) - 2;

/// `bufferText(bytes, encoding, start, end)`: the bytes from start to end as a string.
fn text<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let encoding = Encoding::of(arguments.get(1))?;
    Scratch::with(|scratch| {
        let decoded = scope.with_bytes(arguments.get(0), |bytes| {
            let range = range(arguments.get(2), arguments.get(3), bytes.len());
            decode(&bytes[range], encoding, scratch)
        })?;
        let string = scratch.string(scope, decoded)?;
        string.ok_or_else(|| {
            Error::coded(
                "ERR_STRING_TOO_LONG",
                format!("Cannot create a string longer than 0x{LONGEST:x} characters"),
            )
        })
    })
}

/// The characters of a string to be made, outside of the loan of the bytes; `Invalid` are too many.
fn decode(bytes: &[u8], encoding: Encoding, scratch: &mut Scratch) -> Decoded {
    if bytes.len() > LONGEST || (encoding == Encoding::Hex && bytes.len() > LONGEST / 2) {
        return Decoded::Invalid;
    }
    match encoding {
        Encoding::Utf8 => scratch.decode(bytes, false),
        Encoding::Latin1 => scratch.copy(bytes),
        Encoding::Utf16 => {
            let units = scratch.utf16(bytes.len() / 2);
            for (unit, pair) in units.iter_mut().zip(bytes.chunks_exact(2)) {
                *unit = u16::from_le_bytes([pair[0], pair[1]]);
            }
            Decoded::TwoByte(bytes.len() / 2)
        }
        Encoding::Ascii => {
            let text = scratch.latin1(bytes.len());
            for (unit, byte) in text.iter_mut().zip(bytes) {
                *unit = byte & 0x7f;
            }
            Decoded::Latin1(bytes.len())
        }
        Encoding::Hex => {
            let text = scratch.latin1(bytes.len() * 2);
            for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
                pair.copy_from_slice(&HEX[usize::from(*byte)]);
            }
            Decoded::Latin1(bytes.len() * 2)
        }
        Encoding::Base64 => encode_base64(Base64::Standard, bytes, scratch),
        Encoding::Base64Url => encode_base64(Base64::Url, bytes, scratch),
    }
}

fn encode_base64(alphabet: Base64, bytes: &[u8], scratch: &mut Scratch) -> Decoded {
    let length = alphabet.encoded_length(bytes.len());
    alphabet.encode(bytes, scratch.latin1(length));
    Decoded::Latin1(length)
}

/// The two digits of each byte.
const HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

/// `utf8Length(string)`.
fn utf8_length<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let length = scope.read_units(arguments.get(0), transcoding::length_in_utf8)?;
    Ok(scope.number(length as f64))
}

/// Writes whole characters as far as there is room; how many bytes.
fn write_utf8(units: Units<'_>, bytes: &mut [u8]) -> usize {
    let needed = transcoding::encode_utf8(units, bytes);
    if needed <= bytes.len() {
        needed
    } else {
        transcoding::encode_utf8_partially(units, bytes).1
    }
}

/// `bufferWrite(bytes, string, encoding, start, end)`: the string written between start and end, whole characters as far as there is
/// room; how many bytes.
fn write<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let encoding = Encoding::of(arguments.get(2))?;
    let written = scope.write_units(arguments.get(1), arguments.get(0), |units, bytes| {
        let range = range(arguments.get(3), arguments.get(4), bytes.len());
        write_in(encoding, units, &mut bytes[range])
    })?;
    Ok(scope.number(written as f64))
}

fn write_in(encoding: Encoding, units: Units<'_>, bytes: &mut [u8]) -> usize {
    match encoding {
        Encoding::Utf8 => write_utf8(units, bytes),
        Encoding::Utf16 => {
            let room = bytes.chunks_exact_mut(2);
            let written = match units {
                Units::Latin1(text) => room
                    .zip(text)
                    .map(|(pair, unit)| pair.copy_from_slice(&[*unit, 0]))
                    .count(),
                Units::TwoByte(text) => room
                    .zip(text)
                    .map(|(pair, unit)| pair.copy_from_slice(&unit.to_le_bytes()))
                    .count(),
            };
            written * 2
        }
        Encoding::Latin1 | Encoding::Ascii => match units {
            Units::Latin1(text) => {
                let length = text.len().min(bytes.len());
                bytes[..length].copy_from_slice(&text[..length]);
                length
            }
            // The low half of each unit, as Node.
            Units::TwoByte(text) => bytes
                .iter_mut()
                .zip(text)
                .map(|(byte, unit)| *byte = *unit as u8)
                .count(),
        },
        Encoding::Hex => match units {
            Units::Latin1(text) => write_hex(text.iter().copied(), bytes),
            Units::TwoByte(text) => write_hex(text.iter().map(|&unit| narrow(unit)), bytes),
        },
        Encoding::Base64 | Encoding::Base64Url => base64::decode_into(&narrowed(units), bytes),
    }
}

/// A unit as a byte; what does not fit becomes one that no alphabet has.
fn narrow(unit: u16) -> u8 {
    u8::try_from(unit).unwrap_or(0xff)
}

fn narrowed(units: Units<'_>) -> Cow<'_, [u8]> {
    match units {
        Units::Latin1(text) => Cow::Borrowed(text),
        Units::TwoByte(text) => Cow::Owned(text.iter().map(|&unit| narrow(unit)).collect()),
    }
}

/// Pairs of digits up to the first that is none.
fn write_hex(mut text: impl Iterator<Item = u8>, bytes: &mut [u8]) -> usize {
    let mut digit = || text.next().and_then(|unit| char::from(unit).to_digit(16));
    let mut written = 0;
    for byte in bytes {
        let (Some(high), Some(low)) = (digit(), digit()) else {
            break;
        };
        *byte = (high << 4 | low) as u8;
        written += 1;
    }
    written
}

/// `bufferCompare(left, right)`: -1, 0 or 1.
fn compare<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let order = scope.with_both_bytes(arguments.get(0), arguments.get(1), <[u8]>::cmp)?;
    Ok(scope.number(match order {
        Ordering::Less => -1.0,
        Ordering::Equal => 0.0,
        Ordering::Greater => 1.0,
    }))
}

/// `bufferFind(bytes, wanted, from, step)`: where `wanted` stands, at `from` or behind it; with a step of 2 whole UTF-16 units only,
/// with a negative step at `from` or before it. -1 if nowhere.
fn find<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let step = scope.int32_of(arguments.get(3))?;
    let found = scope.with_both_bytes(arguments.get(0), arguments.get(1), |bytes, wanted| {
        let last = bytes.len().checked_sub(wanted.len())?;
        let from = index(arguments.get(2)).map_or(0, |from| from.min(bytes.len()));
        let width = usize::from(step.unsigned_abs() as u8);
        if step < 0 {
            let finder = memchr::memmem::FinderRev::new(wanted);
            let mut end = from.min(last) + wanted.len();
            loop {
                let at = finder.rfind(&bytes[..end])?;
                if at.is_multiple_of(width) {
                    return Some(at);
                }
                end = at + wanted.len() - 1;
            }
        }
        let finder = memchr::memmem::Finder::new(wanted);
        let mut start = from;
        loop {
            let at = start + finder.find(bytes.get(start..)?)?;
            if at.is_multiple_of(width) {
                return Some(at);
            }
            start = at + 1;
        }
    })?;
    Ok(scope.number(found.map_or(-1.0, |at| at as f64)))
}

/// `bufferUncleared(length)`.
fn uncleared<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.uint8_array_uncleared(scope.number_of(arguments.get(0))? as usize)
}

/// `isAsciiBytes(bytes)`.
fn is_ascii_bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    Ok(Local::boolean(
        scope.with_bytes(arguments.get(0), <[u8]>::is_ascii)?,
    ))
}

/// `isUtf8Bytes(bytes)`.
fn is_utf8_bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let is_valid =
        scope.with_bytes(arguments.get(0), |bytes| std::str::from_utf8(bytes).is_ok())?;
    Ok(Local::boolean(is_valid))
}
