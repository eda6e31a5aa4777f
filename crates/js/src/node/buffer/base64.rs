//! Base64 as Buffer reads it: both alphabets in one text, padding or none, and everything else skipped. Text that is plain base64,
//! which nearly all is, takes the short way.

use crate::builtins::results::Scratch;
use crate::engine::transcoding;

/// Decodes as far as there is room; how many bytes.
pub(super) fn decode_into(text: &[u8], bytes: &mut [u8]) -> usize {
    // By way of a scratch, so that nothing is written of a text that is not what it should be.
    let plain = Scratch::with(|scratch| {
        let decoded = scratch.latin1(transcoding::decoded_room(text));
        let length = transcoding::decode_base64(text, true, decoded)?.min(bytes.len());
        bytes[..length].copy_from_slice(&decoded[..length]);
        Some(length)
    });
    plain.unwrap_or_else(|| decode_leniently(text, bytes))
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
