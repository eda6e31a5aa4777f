//! Text and bytes made into one another: UTF-8, UTF-16 and Latin-1, and base64, by simdutf (https://github.com/simdutf/simdutf), which
//! Node and Bun use too. It works on registers as wide as the processor has, and takes well-formed text only: what it refuses goes
//! through `encoding_rs`, which replaces, or the loops below.
//!
//! In this folder for its raw pointers; it knows no engine and may run on any thread.

use encoding_rs::mem;
use simdutf::{Base64Options, ErrorCode, LastChunkHandlingOptions};

use super::strings::Units;

/// UTF-8 as UTF-16; `None` when it is not well-formed.
///
/// # Panics
/// When there are fewer units of room than bytes.
pub(crate) fn utf8_to_utf16(bytes: &[u8], units: &mut [u16]) -> Option<usize> {
    assert!(
        units.len() >= bytes.len(),
        "a unit of room for each byte of UTF-8"
    );
    // SAFETY: both slices are live and apart, and UTF-16 has no more units than UTF-8 has bytes.
    let written =
        unsafe { simdutf::convert_utf8_to_utf16(bytes.as_ptr(), bytes.len(), units.as_mut_ptr()) };
    (written > 0 || bytes.is_empty()).then_some(written)
}

/// UTF-8 as Latin-1; `None` when it is not well-formed, or has a character above U+00FF.
///
/// # Panics
/// When there is less room than bytes.
pub(crate) fn utf8_to_latin1(bytes: &[u8], text: &mut [u8]) -> Option<usize> {
    assert!(
        text.len() >= bytes.len(),
        "a byte of room for each byte of UTF-8"
    );
    // SAFETY: both slices are live and apart, and Latin-1 has no more bytes than UTF-8.
    let written =
        unsafe { simdutf::convert_utf8_to_latin1(bytes.as_ptr(), bytes.len(), text.as_mut_ptr()) };
    (written > 0 || bytes.is_empty()).then_some(written)
}

/// How many bytes a text takes in UTF-8. A lone surrogate counts as U+FFFD, three bytes.
pub(crate) fn length_in_utf8(units: Units<'_>) -> usize {
    match units {
        Units::Latin1(text) => simdutf::utf8_length_from_latin1(text),
        Units::TwoByte(text) if simdutf::validate_utf16(text) => {
            simdutf::utf8_length_from_utf16(text)
        }
        Units::TwoByte(text) => characters(text)
            .map(|(character, _)| character.len_utf8())
            .sum(),
    }
}

/// How many bytes a text takes in UTF-8, lone surrogates replaced. All are written if there is room for all; otherwise what the room
/// holds then is left open.
pub(crate) fn encode_utf8(units: Units<'_>, bytes: &mut [u8]) -> usize {
    match units {
        Units::Latin1(text) => {
            if text.len() <= bytes.len() && text.is_ascii() {
                bytes[..text.len()].copy_from_slice(text);
                return text.len();
            }
            let needed = simdutf::utf8_length_from_latin1(text);
            if needed <= bytes.len() {
                // SAFETY: both slices are live and apart, and there is room for what the text takes.
                let _ = unsafe {
                    simdutf::convert_latin1_to_utf8(text.as_ptr(), text.len(), bytes.as_mut_ptr())
                };
            }
            needed
        }
        // Three bytes are the most that a unit becomes.
        Units::TwoByte(text) if bytes.len() / 3 >= text.len() => {
            // SAFETY: both slices are live and apart, and there is room for any text of this length.
            let result = unsafe {
                simdutf::convert_utf16_to_utf8_with_errors(
                    text.as_ptr(),
                    text.len(),
                    bytes.as_mut_ptr(),
                )
            };
            if result.error == ErrorCode::Success {
                result.count
            } else {
                mem::convert_utf16_to_utf8(text, bytes)
            }
        }
        Units::TwoByte(text) if simdutf::validate_utf16(text) => {
            let needed = simdutf::utf8_length_from_utf16(text);
            if needed <= bytes.len() {
                // SAFETY: the text is well-formed, both slices are live and apart, and there is room for what it takes.
                let _ = unsafe {
                    simdutf::convert_valid_utf16_to_utf8(
                        text.as_ptr(),
                        text.len(),
                        bytes.as_mut_ptr(),
                    )
                };
            }
            needed
        }
        Units::TwoByte(text) => {
            let needed = length_in_utf8(units);
            if needed <= bytes.len() {
                encode_characters(text, bytes);
            }
            needed
        }
    }
}

/// As far as there is room, lone surrogates replaced and no character split: how many units were read and bytes written.
pub(crate) fn encode_utf8_partially(units: Units<'_>, bytes: &mut [u8]) -> (usize, usize) {
    match units {
        Units::Latin1(text) => mem::convert_latin1_to_utf8_partial(text, bytes),
        Units::TwoByte(text) => encode_characters(text, bytes),
    }
}

fn encode_characters(text: &[u16], bytes: &mut [u8]) -> (usize, usize) {
    let (mut read, mut written) = (0, 0);
    for (character, units) in characters(text) {
        let length = character.len_utf8();
        if bytes.len() - written < length {
            break;
        }
        character.encode_utf8(&mut bytes[written..]);
        written += length;
        read += units;
    }
    (read, written)
}

/// The characters, each with how many units it has; a lone surrogate is U+FFFD.
fn characters(text: &[u16]) -> impl Iterator<Item = (char, usize)> {
    char::decode_utf16(text.iter().copied()).map(|character| match character {
        Ok(character) => (character, character.len_utf16()),
        Err(_) => (char::REPLACEMENT_CHARACTER, 1),
    })
}

/// The two alphabets of base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base64 {
    /// With `+`, `/` and padding.
    Standard,
    /// With `-` and `_`, without padding.
    Url,
}

impl Base64 {
    fn options(self) -> Base64Options {
        match self {
            Base64::Standard => Base64Options::Default,
            Base64::Url => Base64Options::Url,
        }
    }

    /// How many characters so many bytes become.
    pub(crate) fn encoded_length(self, length: usize) -> usize {
        simdutf::base64_length_from_binary(length, self.options())
    }

    /// Encodes.
    ///
    /// # Panics
    /// When the room is not exactly what `encoded_length` says.
    pub(crate) fn encode(self, bytes: &[u8], text: &mut [u8]) {
        assert_eq!(
            text.len(),
            self.encoded_length(bytes.len()),
            "room for the whole of the base64"
        );
        // SAFETY: both slices are live and apart, and the room is what is asked for.
        let _ = unsafe {
            simdutf::binary_to_base64(
                bytes.as_ptr(),
                bytes.len(),
                text.as_mut_ptr(),
                self.options(),
            )
        };
    }
}

/// The room that [`decode_base64`] asks for.
pub(crate) fn decoded_room(text: &[u8]) -> usize {
    // SAFETY: the slice is live.
    unsafe { simdutf::maximal_binary_length_from_base64(text.as_ptr(), text.len()) }
}

/// Decodes by <https://infra.spec.whatwg.org/#forgiving-base64-decode>, with `both` of either alphabet: how many bytes, or `None` for what
/// is no base64.
///
/// # Panics
/// When there is less room than `decoded_room` says.
pub(crate) fn decode_base64(text: &[u8], both: bool, bytes: &mut [u8]) -> Option<usize> {
    assert!(
        bytes.len() >= decoded_room(text),
        "room for the whole of the bytes"
    );
    let options = if both {
        Base64Options::DefaultOrUrl
    } else {
        Base64Options::Default
    };
    // SAFETY: both slices are live and apart, and the room is what is asked for.
    let result = unsafe {
        simdutf::base64_to_binary(
            text.as_ptr(),
            text.len(),
            bytes.as_mut_ptr(),
            options,
            LastChunkHandlingOptions::Loose,
        )
    };
    (result.error == ErrorCode::Success).then_some(result.count)
}

/// The same into memory of its own, of the standard alphabet.
pub(crate) fn decode_base64_to_vec(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = vec![0; decoded_room(text)];
    let length = decode_base64(text, false, &mut bytes)?;
    bytes.truncate(length);
    Some(bytes)
}
