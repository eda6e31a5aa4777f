//! Base64 as Buffer reads it: both alphabets in one text, padding or none, and everything else skipped. Text that is plain base64,
//! which nearly all is, takes the short way.

use base64_simd::{Base64, Out, STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::builtins::results::{Decoded, Scratch};

/// With padding.
pub(super) fn encode(bytes: &[u8], scratch: &mut Scratch) -> Decoded {
    encode_with(&STANDARD, bytes, scratch)
}

/// The alphabet of URLs, without padding.
pub(super) fn encode_url(bytes: &[u8], scratch: &mut Scratch) -> Decoded {
    encode_with(&URL_SAFE_NO_PAD, bytes, scratch)
}

fn encode_with(codec: &Base64, bytes: &[u8], scratch: &mut Scratch) -> Decoded {
    let length = codec.encoded_length(bytes.len());
    let _ = codec.encode(bytes, Out::from_slice(scratch.latin1(length)));
    Decoded::Latin1(length)
}

/// Decodes as far as there is room; how many bytes.
pub(super) fn decode_into(text: &[u8], bytes: &mut [u8]) -> usize {
    let codec = if text.len().is_multiple_of(4) {
        &STANDARD
    } else {
        &STANDARD_NO_PAD
    };
    decode_plainly(codec, text, bytes).unwrap_or_else(|| decode_leniently(text, bytes))
}

/// The same for text that is more likely to be in the alphabet of URLs.
pub(super) fn decode_url_into(text: &[u8], bytes: &mut [u8]) -> usize {
    decode_plainly(&URL_SAFE_NO_PAD, text, bytes).unwrap_or_else(|| decode_leniently(text, bytes))
}

/// Checked before, so that nothing is written of a text that is not what it should be.
fn decode_plainly(codec: &Base64, text: &[u8], bytes: &mut [u8]) -> Option<usize> {
    let fits = codec.decoded_length(text).ok()? <= bytes.len() && codec.check(text).is_ok();
    let decoded = fits.then(|| codec.decode(text, Out::from_slice(bytes)).ok())?;
    decoded.map(|decoded| decoded.len())
}

fn decode_leniently(text: &[u8], bytes: &mut [u8]) -> usize {
    let (mut bits, mut count, mut written) = (0_u32, 0, 0);
    for &unit in text {
        let digit = match unit {
            b'A'..=b'Z' => unit - b'A',
            b'a'..=b'z' => unit - b'a' + 26,
            b'0'..=b'9' => unit - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            let Some(byte) = bytes.get_mut(written) else {
                break;
            };
            *byte = (bits >> count) as u8;
            written += 1;
        }
    }
    written
}
