//! How much of a body a piece of the connection holds: by its length, by chunks, or to the end of the connection.

use super::failure::Failure;

/// The most that the extensions of a chunk may take.
const EXTENSION_LIMIT: usize = 16 * 1024;

/// What is left of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    None,
    Length(u64),
    Chunked(Chunk),
    /// Until the connection ends.
    Rest,
}

/// Where between the bytes of a chunked body the parser stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// Before the first digit, or among them.
    Size {
        size: u64,
        digits: u32,
    },
    /// Spaces behind a size.
    Space {
        size: u64,
    },
    Extension {
        size: u64,
        quoted: Quoted,
    },
    SizeEnd {
        size: u64,
    },
    Data {
        left: u64,
    },
    DataEnd,
    DataEndLine,
    /// The last chunk was there; trailers follow.
    Last,
}

/// A string within an extension, in which a semicolon is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoted {
    No,
    Yes,
    Escaped,
}

/// A step through a piece of a chunked body.
pub(super) enum Step {
    /// So many bytes were of the frame.
    Skipped(usize),
    /// So many are data.
    Data(usize),
    /// The last chunk has been read, with so many bytes.
    Last(usize),
}

impl Chunk {
    pub(super) fn new() -> Chunk {
        Chunk::Size { size: 0, digits: 0 }
    }

    /// Reads as far as one kind of thing goes. `extensions` counts what those of this chunk took so far.
    pub(super) fn step(&mut self, bytes: &[u8], extensions: &mut usize) -> Result<Step, Failure> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if let Chunk::Data { left } = self {
                if at > 0 {
                    return Ok(Step::Skipped(at));
                }
                let count = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                *left -= count as u64;
                if *left == 0 {
                    *self = Chunk::DataEnd;
                }
                return Ok(Step::Data(count));
            }
            at += 1;
            *self = match *self {
                Chunk::Size { size, digits } => match (byte as char).to_digit(16) {
                    Some(digit) => Chunk::Size {
                        size: size
                            .checked_mul(16)
                            .and_then(|size| size.checked_add(digit.into()))
                            .ok_or(Failure::CHUNK_OVERFLOW)?,
                        digits: digits + 1,
                    },
                    None if digits == 0 => return Err(Failure::CHUNK_SIZE),
                    None => match byte {
                        b'\r' => Chunk::SizeEnd { size },
                        b';' => Chunk::Extension {
                            size,
                            quoted: Quoted::No,
                        },
                        b' ' | b'\t' => Chunk::Space { size },
                        _ => return Err(Failure::CHUNK_SIZE),
                    },
                },
                Chunk::Space { size } => match byte {
                    b' ' | b'\t' => Chunk::Space { size },
                    b';' => Chunk::Extension {
                        size,
                        quoted: Quoted::No,
                    },
                    _ => return Err(Failure::CHUNK_SIZE),
                },
                Chunk::Extension { size, quoted } => {
                    *extensions += 1;
                    if *extensions > EXTENSION_LIMIT {
                        return Err(Failure::CHUNK_EXTENSIONS);
                    }
                    match (byte, quoted) {
                        (b'\r', Quoted::No) => Chunk::SizeEnd { size },
                        (b'\t' | b' '..=b'~' | 0x80.., _) => Chunk::Extension {
                            size,
                            quoted: match (byte, quoted) {
                                (b'"', Quoted::No) | (_, Quoted::Escaped) => Quoted::Yes,
                                (b'"', Quoted::Yes) => Quoted::No,
                                (b'\\', Quoted::Yes) => Quoted::Escaped,
                                (_, quoted) => quoted,
                            },
                        },
                        _ => return Err(Failure::CHUNK_EXTENSION),
                    }
                }
                Chunk::SizeEnd { size } => match (byte, size) {
                    (b'\n', 0) => Chunk::Last,
                    (b'\n', left) => {
                        *extensions = 0;
                        Chunk::Data { left }
                    }
                    _ => return Err(Failure::LF_EXPECTED),
                },
                Chunk::DataEnd if byte == b'\r' => Chunk::DataEndLine,
                Chunk::DataEndLine if byte == b'\n' => Chunk::new(),
                _ => return Err(Failure::CHUNK_END),
            };
            if *self == Chunk::Last {
                return Ok(Step::Last(at));
            }
        }
        Ok(Step::Skipped(at))
    }
}
