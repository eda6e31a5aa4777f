//! The values that both languages can read: null, booleans, numbers, text, bytes, lists, and maps whose keys are text, in CBOR (RFC 8949).
//!
//! A number with a fraction is a double, an integer has up to 64 bits. The languages walk their values and say what cannot cross; here is only what
//! the bytes mean, with a limit to nesting, as values from elsewhere are walked on the stack.

use std::convert::Infallible;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder, encode};

use crate::{Error, ErrorKind, Result};

/// How deep values may be nested.
pub const DEEPEST: usize = 200;

/// Why a language's value cannot be in a message; `E` is the language's own error.
pub enum Refusal<E> {
    /// What it is, and the names of the places where it stands, from the inside out.
    Kind(String, Vec<String>),
    /// What looking at it has thrown.
    Thrown(E),
}

impl<E> From<E> for Refusal<E> {
    fn from(error: E) -> Refusal<E> {
        Refusal::Thrown(error)
    }
}

impl<E> Refusal<E> {
    /// A value of a kind that no message has.
    pub fn new(what: impl Into<String>) -> Refusal<E> {
        Refusal::Kind(what.into(), Vec::new())
    }

    /// What is refused stands at this place of another value.
    #[must_use]
    pub fn within(self, place: impl FnOnce() -> String) -> Refusal<E> {
        match self {
            Refusal::Kind(what, mut places) => {
                places.push(place());
                Refusal::Kind(what, places)
            }
            thrown @ Refusal::Thrown(_) => thrown,
        }
    }

    /// The language's error; `refuse` makes one of the kind and the place, as it is written.
    pub fn into_error(self, refuse: impl FnOnce(String, String) -> E) -> E {
        match self {
            Refusal::Thrown(error) => error,
            Refusal::Kind(what, places) => refuse(what, places.into_iter().rev().collect()),
        }
    }
}

/// Writes a value, piece by piece: a list or map is followed by its parts.
pub struct Writer(Encoder<Vec<u8>>);

impl Default for Writer {
    fn default() -> Writer {
        Writer(Encoder::new(Vec::with_capacity(64)))
    }
}

/// Memory takes what there is room for, so nothing fails.
fn written<T>(outcome: Result<T, encode::Error<Infallible>>) {
    debug_assert!(outcome.is_ok(), "writing to memory cannot fail");
}

impl Writer {
    /// Null, None.
    pub fn null(&mut self) {
        written(self.0.null());
    }

    /// True or false.
    pub fn boolean(&mut self, value: bool) {
        written(self.0.bool(value));
    }

    /// An integer.
    pub fn integer(&mut self, value: i64) {
        written(self.0.i64(value));
    }

    /// An integer that is not negative.
    pub fn unsigned(&mut self, value: u64) {
        written(self.0.u64(value));
    }

    /// A double.
    pub fn float(&mut self, value: f64) {
        written(self.0.f64(value));
    }

    /// Text.
    pub fn text(&mut self, value: &str) {
        written(self.0.str(value));
    }

    /// Bytes.
    pub fn bytes(&mut self, value: &[u8]) {
        written(self.0.bytes(value));
    }

    /// A list of so many values, which follow.
    pub fn list(&mut self, length: usize) {
        written(self.0.array(length as u64));
    }

    /// A map of so many pairs, which follow, each key a text.
    pub fn map(&mut self, length: usize) {
        written(self.0.map(length as u64));
    }

    /// What was written.
    pub fn finish(self) -> Vec<u8> {
        self.0.into_writer()
    }
}

/// A piece of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'b> {
    /// Null, None, undefined.
    Null,
    /// True or false.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// An integer beyond those.
    Unsigned(u64),
    /// A double.
    Float(f64),
    /// Text.
    Text(&'b str),
    /// Bytes.
    Bytes(&'b [u8]),
    /// A list of so many values, which follow.
    List(usize),
    /// A map of so many pairs, which follow.
    Map(usize),
}

/// Reads a value, piece by piece.
pub struct Reader<'b> {
    decoder: Decoder<'b>,
    length: usize,
}

impl<'b> Reader<'b> {
    /// Of these bytes.
    pub fn new(bytes: &'b [u8]) -> Reader<'b> {
        Reader {
            decoder: Decoder::new(bytes),
            length: bytes.len(),
        }
    }

    /// The next piece.
    ///
    /// # Errors
    /// `is_decode()` where the bytes end, or say something else.
    #[expect(
        clippy::should_implement_trait,
        reason = "an end too early is an error here, and no end of pieces"
    )]
    pub fn next(&mut self) -> Result<Token<'b>> {
        self.read().map_err(|cause| {
            let place = self.decoder.position();
            let message = format!("a broadcast message is no value at byte {place}");
            Error::new(ErrorKind::Decode, message).with_source(cause.to_string())
        })
    }

    /// Where the next piece begins.
    pub fn position(&self) -> usize {
        self.decoder.position()
    }

    /// Whether all was read.
    pub fn is_at_end(&self) -> bool {
        self.decoder.position() == self.length
    }

    fn read(&mut self) -> Result<Token<'b>, minicbor::decode::Error> {
        use minicbor::decode::Error;
        let decoder = &mut self.decoder;
        let left = self.length - decoder.position();
        // Each part takes a byte at least: who says more lies, and no memory is set aside for it.
        let counted = |length: Option<u64>, parts: usize| {
            let length = length.and_then(|length| usize::try_from(length).ok());
            length
                .filter(|length| length.saturating_mul(parts) < left.max(1))
                .ok_or_else(|| {
                    Error::message("a list or map without its length, or longer than the message")
                })
        };
        Ok(match decoder.datatype()? {
            Type::Null => {
                decoder.null()?;
                Token::Null
            }
            Type::Undefined => {
                decoder.undefined()?;
                Token::Null
            }
            Type::Bool => Token::Boolean(decoder.bool()?),
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
                let number = decoder.u64()?;
                i64::try_from(number).map_or(Token::Unsigned(number), Token::Integer)
            }
            Type::I8 | Type::I16 | Type::I32 | Type::I64 => Token::Integer(decoder.i64()?),
            Type::F32 | Type::F64 => Token::Float(decoder.f64()?),
            Type::String => Token::Text(decoder.str()?),
            Type::Bytes => Token::Bytes(decoder.bytes()?),
            Type::Array => Token::List(counted(decoder.array()?, 1)?),
            Type::Map => Token::Map(counted(decoder.map()?, 2)?),
            other => {
                return Err(Error::message(format!(
                    "values of this kind are not known here: {other}"
                )));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let mut writer = Writer::default();
        writer.list(9);
        writer.null();
        writer.boolean(true);
        writer.integer(i64::MIN);
        writer.unsigned(u64::MAX);
        writer.float(-0.0);
        writer.text("höhe");
        writer.bytes(&[0, 255]);
        writer.map(1);
        writer.text("key");
        writer.list(0);
        writer.map(0);
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes);
        let expected = [
            Token::List(9),
            Token::Null,
            Token::Boolean(true),
            Token::Integer(i64::MIN),
            Token::Unsigned(u64::MAX),
            Token::Float(-0.0),
            Token::Text("höhe"),
            Token::Bytes(&[0, 255]),
            Token::Map(1),
            Token::Text("key"),
            Token::List(0),
            Token::Map(0),
        ];
        for token in expected {
            assert_eq!(reader.next().unwrap(), token);
        }
        assert!(reader.is_at_end());
        assert!(reader.next().unwrap_err().is_decode());
    }

    #[test]
    fn a_length_that_cannot_be_is_refused() {
        for bytes in [
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..],
            &[0xbf, 0xff],
            &[0xba, 0, 1, 0, 0, 1],
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0xc1, 0x00],
            &[0x7f],
            &[0x62, 0xff, 0xff],
        ] {
            assert!(
                Reader::new(bytes).next().unwrap_err().is_decode(),
                "{bytes:?}"
            );
        }
    }
}
