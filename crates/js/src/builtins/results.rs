//! Results that several operations share: text and JSON made from bytes, on the loop's thread when the promise is settled.

use std::borrow::Cow;
use std::cell::Cell;

use twinloop_web::Bytes;

use crate::engine::{Error, IntoJs, Local, Scope, Units, transcoding};

/// Bytes as the network gave them, which become a `Uint8Array`. A small piece of a large read buffer is copied, so that it does not keep
/// the whole of it.
pub(crate) struct Chunk(pub(crate) Bytes);

impl IntoJs for Chunk {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        scope.uint8_array_of(self.0)
    }
}

/// Bytes that become a string: UTF-8, what is invalid replaced. A byte order mark stays.
pub(crate) struct Text(pub(crate) Vec<u8>);

impl IntoJs for Text {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        string_of_utf8(scope, &self.0)
    }
}

/// Bytes that become a string as `Response.text()` does: without a byte order mark.
pub(crate) struct BodyText(pub(crate) Bytes);

impl IntoJs for BodyText {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        string_of_utf8(scope, without_mark(&self.0))
    }
}

/// Text on its way between UTF-8 and the engine's strings, which it must be copied out of and into: nothing of the engine may be used while
/// its memory is lent.
#[derive(Default)]
pub(crate) struct Scratch {
    bytes: Vec<u8>,
    units: Vec<u16>,
}

thread_local! {
    /// One for all calls, so that a short text costs no allocation.
    static SCRATCH: Cell<Scratch> = Cell::default();
}

/// What a scratch may keep, in bytes (rule BOUNDED).
const KEPT: usize = 256 * 1024;

/// How text stands in a scratch, and how much of it.
pub(crate) enum Decoded {
    Latin1(usize),
    TwoByte(usize),
    /// No UTF-8, and nothing is to be replaced.
    Invalid,
}

impl Scratch {
    /// Lends the thread's scratch; a call within a call gets one of its own.
    pub(crate) fn with<R>(f: impl FnOnce(&mut Scratch) -> R) -> R {
        let mut scratch = SCRATCH.take();
        let result = f(&mut scratch);
        if scratch.bytes.capacity() + scratch.units.capacity() * 2 <= KEPT {
            SCRATCH.set(scratch);
        }
        result
    }

    /// Decodes UTF-8; what is invalid is replaced, unless `fatal`.
    pub(crate) fn decode(&mut self, bytes: &[u8], fatal: bool) -> Decoded {
        if bytes.is_ascii() {
            return self.copy(bytes);
        }
        let latin1 = room_for(&mut self.bytes, bytes.len());
        if let Some(length) = transcoding::utf8_to_latin1(bytes, latin1) {
            return Decoded::Latin1(length);
        }
        // One more than there are bytes is what the conversion that replaces asks for.
        let units = room_for(&mut self.units, bytes.len() + 1);
        if let Some(length) = transcoding::utf8_to_utf16(bytes, units) {
            return Decoded::TwoByte(length);
        }
        if fatal {
            Decoded::Invalid
        } else {
            Decoded::TwoByte(encoding_rs::mem::convert_utf8_to_utf16(bytes, units))
        }
    }

    /// Takes Latin-1 as it is.
    pub(crate) fn copy(&mut self, bytes: &[u8]) -> Decoded {
        room_for(&mut self.bytes, bytes.len())[..bytes.len()].copy_from_slice(bytes);
        Decoded::Latin1(bytes.len())
    }

    /// Room for so many characters of Latin-1, which the caller writes.
    pub(crate) fn latin1(&mut self, length: usize) -> &mut [u8] {
        &mut room_for(&mut self.bytes, length)[..length]
    }

    /// Room for so many units of UTF-16.
    pub(crate) fn utf16(&mut self, length: usize) -> &mut [u16] {
        &mut room_for(&mut self.units, length)[..length]
    }

    /// The string that was decoded; `None` for what is invalid.
    pub(crate) fn string<'s>(
        &self,
        scope: &Scope<'s>,
        decoded: Decoded,
    ) -> Result<Option<Local<'s>>, Error> {
        match decoded {
            Decoded::Latin1(length) => scope.string_latin1(&self.bytes[..length]).map(Some),
            Decoded::TwoByte(length) => scope.string_utf16(&self.units[..length]).map(Some),
            Decoded::Invalid => Ok(None),
        }
    }

    /// Takes the UTF-8 of a text, lone surrogates replaced: how many bytes.
    pub(crate) fn encode(&mut self, units: Units<'_>) -> usize {
        let most = match units {
            Units::Latin1(text) => text.len() * 2,
            Units::TwoByte(text) => text.len() * 3,
        };
        transcoding::encode_utf8(units, room_for(&mut self.bytes, most))
    }

    /// So many bytes of what was taken.
    pub(crate) fn encoded(&self, length: usize) -> &[u8] {
        &self.bytes[..length]
    }
}

const LARGEST_COPY: usize = 64 * 1024;

/// A `Uint8Array` with text that was encoded.
pub(crate) fn array_of_utf8<'s>(scope: &Scope<'s>, bytes: &[u8]) -> Result<Local<'s>, Error> {
    if bytes.len() <= LARGEST_COPY {
        scope.uint8_array_copy(bytes)
    } else {
        scope.uint8_array(bytes.to_vec())
    }
}

fn room_for<T: Clone + Default>(vector: &mut Vec<T>, length: usize) -> &mut [T] {
    if vector.len() < length {
        vector.resize(length, T::default());
    }
    &mut vector[..]
}

/// A string from UTF-8, what is invalid replaced.
pub(crate) fn string_of_utf8<'s>(scope: &Scope<'s>, bytes: &[u8]) -> Result<Local<'s>, Error> {
    if bytes.is_ascii() {
        return scope.string_latin1(bytes);
    }
    Scratch::with(|scratch| {
        let decoded = scratch.decode(bytes, false);
        let string = scratch.string(scope, decoded)?;
        Ok(string.unwrap_or_else(Local::undefined))
    })
}

/// Bytes of JSON that become its value.
pub(crate) struct BodyJson(pub(crate) Bytes);

impl IntoJs for BodyJson {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        scope.json_parse(&body_text(&self.0))
    }
}

/// The text of a body: invalid UTF-8 replaced, no byte order mark.
pub(crate) fn body_text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(without_mark(bytes))
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The UTF-8 of a JavaScript string, lone surrogates replaced.
pub(crate) fn utf8(units: Units<'_>) -> Cow<'_, [u8]> {
    match units {
        Units::Latin1(bytes) if bytes.is_ascii() => Cow::Borrowed(bytes),
        Units::Latin1(bytes) => Cow::Owned(
            encoding_rs::mem::decode_latin1(bytes)
                .into_owned()
                .into_bytes(),
        ),
        Units::TwoByte(units) => {
            // Three bytes are the most that one unit becomes.
            let mut bytes = vec![0; units.len() * 3];
            let length = transcoding::encode_utf8(Units::TwoByte(units), &mut bytes);
            bytes.truncate(length);
            Cow::Owned(bytes)
        }
    }
}
