//! Operations of TextEncoder, TextDecoder, `atob` and `btoa`.

use std::cell::RefCell;
use std::rc::Rc;

use base64_simd::Out;
use encoding_rs::{CoderResult, Decoder, DecoderResult, Encoding, UTF_8};

use crate::builtins::results::{Decoded, Scratch, string_of_utf8, utf8_array};
use crate::engine::{Arguments, Error, Local, Op, Scope, Units};

pub(crate) const OPS: &[Op] = &[
    Op::new("encodeUtf8", 1, encode_utf8),
    Op::new("encodeUtf8Into", 2, encode_utf8_into),
    Op::new("encodingOf", 1, encoding_of),
    Op::new("decodeText", 4, decode_text),
    Op::new("decoderStart", 2, decoder_start),
    Op::new("decoderDecode", 4, decoder_decode),
    Op::new("decodeBase64", 1, decode_base64),
    Op::new("encodeBase64", 1, encode_base64),
];

/// `encodeUtf8(string)`: a Uint8Array.
fn encode_utf8<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    utf8_array(scope, arguments.get(0))
}

/// `encodeUtf8Into(string, Uint8Array)`: how many bytes were written if the whole string fits whatever it is, else `[units read, bytes
/// written]`.
fn encode_utf8_into<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let (fits, read, written) =
        scope.write_units(arguments.get(0), arguments.get(1), |units, bytes| {
            let room = bytes.len();
            match units {
                Units::Latin1(text) if text.len() <= room && text.is_ascii() => {
                    bytes[..text.len()].copy_from_slice(text);
                    (true, text.len(), text.len())
                }
                Units::Latin1(text) => {
                    let (read, written) =
                        encoding_rs::mem::convert_latin1_to_utf8_partial(text, bytes);
                    (text.len() * 2 <= room, read, written)
                }
                Units::TwoByte(text) if text.len() * 3 <= room => {
                    let written = encoding_rs::mem::convert_utf16_to_utf8(text, bytes);
                    (true, text.len(), written)
                }
                Units::TwoByte(text) => {
                    let (read, written) = convert_whole_characters(text, bytes);
                    (false, read, written)
                }
            }
        })?;
    if fits {
        return Ok(scope.number(written as f64));
    }
    scope.array(&[scope.number(read as f64), scope.number(written as f64)])
}

/// UTF-16 to UTF-8 as far as it fits; no character is split, and lone surrogates are replaced.
fn convert_whole_characters(source: &[u16], destination: &mut [u8]) -> (usize, usize) {
    let (mut read, mut written) = (0, 0);
    for character in char::decode_utf16(source.iter().copied()) {
        let (character, units) = match character {
            Ok(character) => (character, character.len_utf16()),
            Err(_) => (char::REPLACEMENT_CHARACTER, 1),
        };
        let length = character.len_utf8();
        if destination.len() - written < length {
            break;
        }
        character.encode_utf8(&mut destination[written..]);
        written += length;
        read += units;
    }
    (read, written)
}

/// `encodingOf(label)`: the encoding's name in lower case, or undefined.
fn encoding_of<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let label = scope.string_of(arguments.get(0))?;
    match Encoding::for_label_no_replacement(label.as_bytes()) {
        Some(encoding) => scope.string(&encoding.name().to_ascii_lowercase()),
        None => Ok(Local::undefined()),
    }
}

fn named(scope: &Scope<'_>, name: Local<'_>) -> Result<&'static Encoding, Error> {
    let name = scope.string_of(name)?;
    Encoding::for_label(name.as_bytes())
        .ok_or_else(|| Error::range_error(format!("there is no encoding {name:?}")))
}

/// `decodeText(encoding, bytes, fatal, ignoreBOM)`: the whole text.
fn decode_text<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let fatal = scope.bool_of(arguments.get(2));
    let ignore_bom = scope.bool_of(arguments.get(3));
    let is_utf8 = scope.read_units(
        arguments.get(0),
        |units| matches!(units, Units::Latin1(name) if name == b"utf-8"),
    )?;
    if is_utf8 {
        return decode_utf8(scope, arguments.get(1), fatal, ignore_bom);
    }
    let encoding = named(scope, arguments.get(0))?;
    let decoded = scope.with_bytes(arguments.get(1), |bytes| {
        decode_part(&mut decoder(encoding, ignore_bom), bytes, true, fatal)
    })?;
    finished(scope, decoded, encoding)
}

/// The hot path: the text goes through a scratch and is copied once more by the engine.
fn decode_utf8<'s>(
    scope: &Scope<'s>,
    source: Local<'_>,
    fatal: bool,
    ignore_bom: bool,
) -> Result<Local<'s>, Error> {
    Scratch::with(|scratch| {
        let decoded = scope.with_bytes(source, |bytes| {
            let bytes = if ignore_bom {
                bytes
            } else {
                bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
            };
            scratch.decode(bytes, fatal)
        })?;
        let string = scratch.string(scope, decoded)?;
        string.ok_or_else(|| invalid(UTF_8))
    })
}

/// The string of a text that was decoded; `None` is what was invalid.
fn finished<'s>(
    scope: &Scope<'s>,
    decoded: Option<String>,
    encoding: &'static Encoding,
) -> Result<Local<'s>, Error> {
    match decoded {
        Some(text) => string_of_utf8(scope, text.as_bytes()),
        None => Err(invalid(encoding)),
    }
}

fn invalid(encoding: &'static Encoding) -> Error {
    let name = encoding.name().to_ascii_lowercase();
    Error::type_error(format!(
        "the encoded data was not valid for encoding {name}"
    ))
    .with("code", "ERR_ENCODING_INVALID_ENCODED_DATA")
}

fn decoder(encoding: &'static Encoding, ignore_bom: bool) -> Decoder {
    if ignore_bom {
        encoding.new_decoder_without_bom_handling()
    } else {
        encoding.new_decoder_with_bom_removal()
    }
}

/// `None` for what is invalid when nothing is to be replaced.
fn decode_part(decoder: &mut Decoder, bytes: &[u8], last: bool, fatal: bool) -> Option<String> {
    let capacity = if fatal {
        decoder.max_utf8_buffer_length_without_replacement(bytes.len())
    } else {
        decoder.max_utf8_buffer_length(bytes.len())
    };
    let mut text = String::with_capacity(capacity.unwrap_or(0));
    let complete = if fatal {
        decoder
            .decode_to_string_without_replacement(bytes, &mut text, last)
            .0
            == DecoderResult::InputEmpty
    } else {
        decoder.decode_to_string(bytes, &mut text, last).0 == CoderResult::InputEmpty
    };
    complete.then_some(text)
}

struct StreamDecoder(RefCell<Decoder>);

/// `decoderStart(encoding, ignoreBOM)`: the state of a stream.
fn decoder_start<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let encoding = named(scope, arguments.get(0))?;
    let decoder = decoder(encoding, scope.bool_of(arguments.get(1)));
    scope.host_object(Rc::new(StreamDecoder(RefCell::new(decoder))))
}

/// `decoderDecode(state, bytes, last, fatal)`: the text of this part.
fn decoder_decode<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let state = scope.expect_host::<StreamDecoder>(arguments.get(0), "a decoder")?;
    let last = scope.bool_of(arguments.get(2));
    let fatal = scope.bool_of(arguments.get(3));
    let mut decoder = state.0.borrow_mut();
    let decoded = scope.with_bytes(arguments.get(1), |bytes| {
        decode_part(&mut decoder, bytes, last, fatal)
    })?;
    finished(scope, decoded, decoder.encoding())
}

/// `decodeBase64(string)`: a string of bytes, or undefined when the text is not base64
/// (<https://infra.spec.whatwg.org/#forgiving-base64-decode>).
fn decode_base64<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let decoded = scope.read_units(arguments.get(0), |units| match units {
        Units::Latin1(text) => base64_simd::forgiving_decode_to_vec(text).ok(),
        // A character above U+00FF, or a string that the engine keeps wide although it has none.
        Units::TwoByte(text) => {
            let text: Option<Vec<u8>> = text.iter().map(|&unit| u8::try_from(unit).ok()).collect();
            base64_simd::forgiving_decode_to_vec(&text?).ok()
        }
    })?;
    decoded.map_or(Ok(Local::undefined()), |bytes| scope.string_latin1(&bytes))
}

/// `encodeBase64(string of bytes)`: its base64, or undefined when a character is no byte.
fn encode_base64<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    Scratch::with(|scratch| {
        let mut encode = |bytes: &[u8]| {
            let length = base64_simd::STANDARD.encoded_length(bytes.len());
            let _ = base64_simd::STANDARD.encode(bytes, Out::from_slice(scratch.latin1(length)));
            Decoded::Latin1(length)
        };
        let encoded = scope.read_units(arguments.get(0), |units| match units {
            Units::Latin1(text) => encode(text),
            Units::TwoByte(text) => {
                let text: Option<Vec<u8>> =
                    text.iter().map(|&unit| u8::try_from(unit).ok()).collect();
                text.as_deref().map_or(Decoded::Invalid, encode)
            }
        })?;
        Ok(scratch
            .string(scope, encoded)?
            .unwrap_or_else(Local::undefined))
    })
}
