//! Content coding undone as the bytes arrive: gzip, deflate, br, zstd.
//!
//! A [`Decoder`] holds at most one undecoded chunk of the body and hands out chunks of at most 64 KiB, so a small
//! response that unpacks to gigabytes costs no more memory than its reader takes (rule BOUNDED).

use crate::http1::words;
use crate::{Error, ErrorKind, Result};
use bytes::{Buf, Bytes};
use compression_codecs::core::util::{PartialBuffer, WriteBuffer};
use compression_codecs::zstd::params::DParameter;
use compression_codecs::{
    BrotliDecoder, DecodeV2, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder,
};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// The largest chunk handed out.
const LARGEST_CHUNK: usize = 64 * 1024;
const SMALLEST_CHUNK: usize = 4 * 1024;

/// RFC 9659: a zstd frame sent by HTTP needs a window of at most 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

/// More codings than anyone stacks; each costs a decoder, so the server does not get to choose how many.
const MOST_CODINGS: usize = 5;

/// A coding of the Content-Encoding header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// The codings in the order in which to undo them; empty when one is unknown, as the body then stays as it is.
    pub(super) fn of_headers(headers: &HeaderMap) -> Vec<Coding> {
        let mut codings = Vec::new();
        for value in headers.get_all(CONTENT_ENCODING) {
            for name in words(value.as_bytes()) {
                match Coding::named(name) {
                    Named::Known(coding) if codings.len() < MOST_CODINGS => codings.push(coding),
                    Named::Identity => {}
                    _ => return Vec::new(),
                }
            }
        }
        codings.reverse();
        codings
    }

    fn named(name: &[u8]) -> Named {
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
        if is("gzip") || is("x-gzip") {
            Named::Known(Coding::Gzip)
        } else if is("br") {
            Named::Known(Coding::Brotli)
        } else if is("zstd") {
            Named::Known(Coding::Zstd)
        } else if is("deflate") {
            Named::Known(Coding::Deflate)
        } else if name.is_empty() || is("identity") {
            Named::Identity
        } else {
            Named::Unknown
        }
    }

    fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
        }
    }

    fn decoder(self, first_byte: u8) -> Box<dyn DecodeV2> {
        match self {
            Coding::Gzip => Box::new(GzipDecoder::new()),
            // "deflate" means zlib, but some servers send the bare stream; every browser tells them apart by looking.
            Coding::Deflate if looks_like_zlib(first_byte) => Box::new(ZlibDecoder::new()),
            Coding::Deflate => Box::new(DeflateDecoder::new()),
            Coding::Brotli => Box::new(BrotliDecoder::new()),
            Coding::Zstd => Box::new(ZstdDecoder::new_with_params(&[DParameter::window_log_max(
                ZSTD_WINDOW_LOG,
            )])),
        }
    }

    /// Whether another member or frame may follow the end of one.
    fn continues_with(self, next: &[u8]) -> bool {
        match self {
            Coding::Gzip => next.first() == Some(&0x1f),
            Coding::Zstd => true,
            Coding::Deflate | Coding::Brotli => false,
        }
    }
}

enum Named {
    Known(Coding),
    Identity,
    Unknown,
}

/// Compression method 8 with a window of at most 32 KiB (RFC 1950).
fn looks_like_zlib(first_byte: u8) -> bool {
    first_byte & 0x0f == 8 && first_byte >> 4 <= 7
}

/// Undoes one coding.
pub(super) struct Decoder {
    coding: Coding,
    /// Made with the first byte; a response without a body needs none.
    codec: Option<Box<dyn DecodeV2>>,
    input: Bytes,
    /// The last output filled its buffer, so there may be more without more input.
    output_was_full: bool,
    ended: bool,
}

impl Decoder {
    pub(super) fn new(coding: Coding) -> Decoder {
        Decoder {
            coding,
            codec: None,
            input: Bytes::new(),
            output_was_full: false,
            ended: false,
        }
    }

    /// Takes the next chunk of the coded body; call [`Decoder::next`] until it gives nothing before the next.
    pub(super) fn push(&mut self, input: Bytes) {
        debug_assert!(
            self.input.is_empty(),
            "BOUNDED: one undecoded chunk at a time"
        );
        self.input = input;
    }

    /// The next decoded chunk; `None` when it needs more input.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>> {
        while !self.input.is_empty() || self.output_was_full {
            if self.ended && !self.begin_next_member()? {
                break;
            }
            let Some(&first_byte) = self.input.first().or(self.codec.is_some().then_some(&0))
            else {
                break;
            };
            let codec = self
                .codec
                .get_or_insert_with(|| self.coding.decoder(first_byte));
            let size = (self.input.len() * 4).clamp(SMALLEST_CHUNK, LARGEST_CHUNK);
            let mut chunk = vec![0; size];
            let mut output = WriteBuffer::new_initialized(&mut chunk);
            let mut input = PartialBuffer::new(&self.input[..]);
            let done = if self.input.is_empty() {
                codec.flush(&mut output).map(|_flushed| false)
            } else {
                codec.decode(&mut input, &mut output)
            };
            let (consumed, produced) = (input.written_len(), output.written_len());
            self.ended = done.map_err(|cause| self.broken().with_source(cause))?;
            let stuck = consumed == 0 && produced == 0 && !self.input.is_empty() && !self.ended;
            self.output_was_full = produced == size && !self.ended;
            self.input.advance(consumed);
            if stuck {
                return Err(self.broken());
            }
            if produced > 0 {
                chunk.truncate(produced);
                return Ok(Some(Bytes::from(chunk)));
            }
        }
        Ok(None)
    }

    /// The coded body has ended: was that its end?
    pub(super) fn finish(&mut self) -> Result<()> {
        let Some(codec) = &mut self.codec else {
            return Ok(());
        };
        if self.ended {
            return Ok(());
        }
        let mut rest = [0; 64];
        let mut output = WriteBuffer::new_initialized(&mut rest);
        match codec.finish(&mut output) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.broken().with_source("it ends too early")),
            Err(cause) => Err(self.broken().with_source(cause)),
        }
    }

    /// After the end of a member: whether what follows is one more. Bytes that are none are ignored, as browsers do.
    fn begin_next_member(&mut self) -> Result<bool> {
        self.output_was_full = false;
        if !self.coding.continues_with(&self.input) {
            self.input.clear();
            return Ok(false);
        }
        self.ended = false;
        match &mut self.codec {
            Some(codec) => codec
                .reinit()
                .map(|()| true)
                .map_err(|cause| self.broken().with_source(cause)),
            None => Ok(true),
        }
    }

    fn broken(&self) -> Error {
        Error::new(
            ErrorKind::Decode,
            format!("the body is not valid {}", self.coding.name()),
        )
    }
}
