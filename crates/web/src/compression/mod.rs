//! Compression and decompression in pieces: deflate with its containers, brotli, zstd. Each coder takes input and gives output as far as there is
//! room, so that whoever drives it sets the limits (rule BOUNDED); none knows a loop, so it may run on any thread.

mod brotli;
mod deflate;
mod zstd;

pub use self::brotli::{decoder as brotli_decoder, encoder as brotli_encoder};
pub use self::deflate::{Container, Settings, deflater, inflater};
/// CRC-32, going on from `start`.
pub use zlib_rs::crc32::crc32;

pub use self::zstd::{decoder as zstd_decoder, encoder as zstd_encoder};

/// Why a coder failed, by the numbers and words of its own library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// zlib's, brotli's or zstd's number.
    pub number: i32,
    /// What it says.
    pub message: String,
}

impl Failure {
    fn new(number: i32, message: impl Into<String>) -> Failure {
        Failure {
            number,
            message: message.into(),
        }
    }
}

/// What a coder did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the input that it took.
    pub read: usize,
    /// Bytes of the output that it wrote.
    pub written: usize,
}

/// One direction of one stream.
pub trait Coder: Send {
    /// Takes input and writes output. `flush` is a number of zlib's for deflate, and `0` to go on, `1` to flush, `2` to finish for others.
    ///
    /// # Errors
    /// When the input is not what it should be.
    fn step(&mut self, input: &[u8], output: &mut [u8], flush: i32) -> Result<Progress, Failure>;

    /// Whether the stream is at its end.
    fn is_at_end(&self) -> bool;

    /// Begins a new stream with the same settings.
    ///
    /// # Errors
    /// When the settings cannot be had again.
    fn reset(&mut self) -> Result<(), Failure>;

    /// Changes the level from now on; nothing for coders that have none.
    ///
    /// # Errors
    /// When the library refuses.
    fn set_level(&mut self, level: i32) -> Result<(), Failure> {
        let _ = level;
        Ok(())
    }

    /// The number of the flush that gives out all that went in.
    fn flush(&self) -> i32 {
        1
    }

    /// The number of the flush that ends a stream.
    fn finish(&self) -> i32 {
        2
    }
}

/// What [`drive`] did.
#[derive(Debug)]
pub struct Driven {
    /// Bytes of the input that were taken.
    pub read: usize,
    /// What came out.
    pub output: Vec<u8>,
    /// Whether more may come without any input.
    pub more: bool,
}

/// Has a coder work until the input is used up or so much has come out.
///
/// # Errors
/// Those of the coder.
pub fn drive(
    coder: &mut dyn Coder,
    input: &[u8],
    flush: i32,
    most: usize,
) -> Result<Driven, Failure> {
    const PIECE: usize = 16 * 1024;
    let mut output = Vec::new();
    let mut read = 0;
    loop {
        let begin = output.len();
        let room = (most - begin).min(PIECE.max(begin));
        if output.try_reserve(room).is_err() {
            return Err(Failure::new(-4, "insufficient memory"));
        }
        output.resize(begin + room, 0);
        let progress = coder.step(&input[read..], &mut output[begin..], flush);
        let Progress { read: now, written } = progress?;
        output.truncate(begin + written);
        read += now;
        let is_full = written == room;
        let stands_still = now == 0 && written == 0;
        if coder.is_at_end() || stands_still || (!is_full && read == input.len()) {
            return Ok(Driven {
                read,
                output,
                more: is_full && !coder.is_at_end(),
            });
        }
        if output.len() == most {
            return Ok(Driven {
                read,
                output,
                more: true,
            });
        }
    }
}
