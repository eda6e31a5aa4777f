//! Operations of TextEncoder, TextDecoder, `atob` and `btoa`.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use encoding_rs::{CoderResult, Decoder, DecoderResult, Encoding, UTF_8};

use crate::builtins::results::{Decoded, Scratch, array_of_utf8, string_of_utf8};
use crate::engine::transcoding::{self, Base64};
use crate::engine::{Arguments, Error, Local, Op, Scope, Units};

pub(crate) const OPS: &[Op] = &[
    Op::new("encodeUtf8", 2, encode_utf8),
    Op::new("encodeUtf8Into", 2, encode_utf8_into),
    Op::new("encodeUtf8Partly", 2, encode_utf8_partly),
    Op::new("encodingOf", 1, encoding_of),
    Op::new("decodeText", 4, decode_text),
    Op::new("decoderStart", 2, decoder_start),
    Op::new("decoderDecode", 4, decoder_decode),
    Op::new("decodeBase64", 1, decode_base64),
    Op::new("encodeBase64", 1, encode_base64),
    Op::new("latin1Text", 1, latin1_text),
];

/// `encodeUtf8(string, room)`: the UTF-8 of a string, lone surrogates replaced, as a Uint8Array: `room`, which has a byte for each unit, if
/// that is what the text takes, which ASCII does, and else another.
fn encode_utf8<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let room = arguments.get(1);
    Scratch::with(|scratch| {
        let length = scope.write_units(arguments.get(0), room, |units, bytes| match units {
            Units::Latin1(text) if text.len() == bytes.len() && text.is_ascii() => {
                bytes.copy_from_slice(text);
                None
            }
            _ => Some(scratch.encode(units)),
        })?;
        match length {
            None => Ok(room),
            Some(length) => array_of_utf8(scope, scratch.encoded(length)),
        }
    })
}

/// `encodeUtf8Into(string, bytes)`: how many bytes the string takes in UTF-8, lone surrogates replaced. They are written if there is room
/// for all.
fn encode_utf8_into<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let needed = scope.write_units(arguments.get(0), arguments.get(1), transcoding::encode_utf8)?;
    Ok(scope.number(needed as f64))
}

/// `encodeUtf8Partly(string, bytes)`: as far as there is room; `[units read, bytes written]`.
fn encode_utf8_partly<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let (read, written) = scope.write_units(
        arguments.get(0),
        arguments.get(1),
        transcoding::encode_utf8_partially,
    )?;
    scope.array(&[scope.number(read as f64), scope.number(written as f64)])
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
        "The encoded data was not valid for encoding {name}"
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
    Scratch::with(|scratch| {
        let mut decode = |text: &[u8]| {
            let target = scratch.latin1(transcoding::decoded_room(text));
            transcoding::decode_base64(text, false, target)
                .map_or(Decoded::Invalid, Decoded::Latin1)
        };
        let decoded = scope.read_units(arguments.get(0), |units| {
            latin1_of(units).map_or(Decoded::Invalid, |text| decode(&text))
        })?;
        Ok(scratch
            .string(scope, decoded)?
            .unwrap_or_else(Local::undefined))
    })
}

/// `encodeBase64(string of bytes)`: its base64, or undefined when a character is no byte.
fn encode_base64<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    Scratch::with(|scratch| {
        let mut encode = |bytes: &[u8]| {
            let length = Base64::Standard.encoded_length(bytes.len());
            Base64::Standard.encode(bytes, scratch.latin1(length));
            Decoded::Latin1(length)
        };
        let encoded = scope.read_units(arguments.get(0), |units| {
            latin1_of(units).map_or(Decoded::Invalid, |bytes| encode(&bytes))
        })?;
        Ok(scratch
            .string(scope, encoded)?
            .unwrap_or_else(Local::undefined))
    })
}

/// A string whose characters are bytes, also one that the engine keeps wide although it has none above U+00FF.
fn latin1_of(units: Units<'_>) -> Option<Cow<'_, [u8]>> {
    match units {
        Units::Latin1(text) => Some(Cow::Borrowed(text)),
        Units::TwoByte(text) => {
            let text: Option<Vec<u8>> = text.iter().map(|&unit| u8::try_from(unit).ok()).collect();
            text.map(Cow::Owned)
        }
    }
}

/// `latin1Text(bytes)`: a string with a unit for each byte.
fn latin1_text<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let bytes = scope.bytes_of(arguments.get(0))?;
    scope.string_latin1(&bytes)
}
