//! Results that several operations share: text and JSON made from bytes, on the loop's thread when the promise is settled.

use std::borrow::Cow;

use twinloop_web::Bytes;

use crate::engine::{Error, IntoJs, Local, Scope, Units};

/// Bytes as the network gave them, which become a `Uint8Array`. A small piece of a large read buffer is copied, so that it does not keep
/// the whole of it.
pub(crate) struct Chunk(pub(crate) Bytes);

impl IntoJs for Chunk {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        if self.0.len() <= LARGEST_COPY {
            scope.uint8_array_copy(&self.0)
        } else {
            scope.uint8_array(Vec::from(self.0))
        }
    }
}

const LARGEST_COPY: usize = 64 * 1024;

/// Bytes that become a string: UTF-8, what is invalid replaced. A byte order mark stays.
pub(crate) struct Text(pub(crate) Vec<u8>);

impl IntoJs for Text {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        if self.0.is_ascii() {
            return scope.string_latin1(&self.0);
        }
        scope.string(&String::from_utf8_lossy(&self.0))
    }
}

/// Bytes that become a string as `Response.text()` does: without a byte order mark.
pub(crate) struct BodyText(pub(crate) Vec<u8>);

impl IntoJs for BodyText {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        let text = without_mark(&self.0);
        if text.is_ascii() {
            return scope.string_latin1(text);
        }
        scope.string(&String::from_utf8_lossy(text))
    }
}

/// Bytes of JSON that become its value.
pub(crate) struct BodyJson(pub(crate) Vec<u8>);

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
            let length = encoding_rs::mem::convert_utf16_to_utf8(units, &mut bytes);
            bytes.truncate(length);
            Cow::Owned(bytes)
        }
    }
}
