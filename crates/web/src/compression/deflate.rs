//! Deflate in its containers, by zlib-rs: zlib's own behaviour in Rust.

use zlib_rs::{
    Deflate, DeflateConfig, DeflateFlush, Inflate, InflateError, InflateFlush, Status, Strategy,
};

use super::{Coder, Failure, Progress};

/// What stands around the compressed blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// A header and a checksum of zlib's.
    Zlib,
    /// Those of gzip.
    Gzip,
    /// Nothing.
    Raw,
    /// Zlib's or gzip's, by the first byte; for decompression.
    Either,
}

/// zlib's parameters.
#[derive(Debug, Clone)]
pub struct Settings {
    /// -1 to 9.
    pub level: i32,
    /// 8 to 15.
    pub window_bits: i32,
    /// 1 to 9.
    pub memory_level: i32,
    /// 0 to 4.
    pub strategy: i32,
    /// What both sides know before.
    pub dictionary: Option<Vec<u8>>,
}

const NEED_DICTIONARY: i32 = 2;

/// zlib's `Z_SYNC_FLUSH` and `Z_FINISH`.
const SYNC_FLUSH: i32 = 2;
const FINISH: i32 = 4;

fn window(container: Container, bits: i32) -> i32 {
    match container {
        Container::Gzip => bits + 16,
        Container::Raw => -bits,
        Container::Zlib | Container::Either => bits,
    }
}

struct Deflater {
    inner: Deflate,
    dictionary: Option<Vec<u8>>,
    is_at_end: bool,
}

/// Compresses.
///
/// # Errors
/// When the dictionary cannot be used.
pub fn deflater(container: Container, settings: &Settings) -> Result<Box<dyn Coder>, Failure> {
    let config = DeflateConfig {
        level: settings.level,
        window_bits: window(container, settings.window_bits),
        mem_level: settings.memory_level,
        strategy: Strategy::try_from(settings.strategy).unwrap_or_default(),
        ..DeflateConfig::default()
    };
    let mut coder = Deflater {
        inner: Deflate::new_with_config(config),
        dictionary: settings.dictionary.clone(),
        is_at_end: false,
    };
    coder.take_dictionary()?;
    Ok(Box::new(coder))
}

impl Deflater {
    fn take_dictionary(&mut self) -> Result<(), Failure> {
        if let Some(dictionary) = &self.dictionary {
            let set = self.inner.set_dictionary(dictionary);
            set.map_err(|error| Failure::new(error as i32, "Failed to set dictionary"))?;
        }
        Ok(())
    }
}

impl Coder for Deflater {
    fn step(&mut self, input: &[u8], output: &mut [u8], flush: i32) -> Result<Progress, Failure> {
        let flush = DeflateFlush::try_from(flush).unwrap_or_default();
        let (read, written) = (self.inner.total_in(), self.inner.total_out());
        let status = self.inner.compress(input, output, flush);
        let status = status.map_err(|error| Failure::new(error as i32, error.as_str()))?;
        self.is_at_end = status == Status::StreamEnd;
        Ok(Progress {
            read: (self.inner.total_in() - read) as usize,
            written: (self.inner.total_out() - written) as usize,
        })
    }

    fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    fn reset(&mut self) -> Result<(), Failure> {
        self.inner.reset();
        self.is_at_end = false;
        self.take_dictionary()
    }

    fn set_level(&mut self, level: i32) -> Result<(), Failure> {
        let set = self.inner.set_level(level);
        set.map(|_| ())
            .map_err(|error| Failure::new(error as i32, "Failed to set parameters"))
    }

    fn flush(&self) -> i32 {
        SYNC_FLUSH
    }

    fn finish(&self) -> i32 {
        FINISH
    }
}

struct Inflater {
    container: Container,
    window_bits: i32,
    dictionary: Option<Vec<u8>>,
    /// Made when the first byte says what it is to be.
    inner: Option<Inflate>,
    /// Whether more members may follow.
    is_gzip: bool,
    is_at_end: bool,
}

/// Decompresses. Members of gzip may follow one another; what comes after the end is not taken.
///
/// # Errors
/// When the dictionary cannot be used.
pub fn inflater(container: Container, settings: &Settings) -> Result<Box<dyn Coder>, Failure> {
    let mut coder = Inflater {
        container,
        window_bits: settings.window_bits,
        dictionary: settings.dictionary.clone(),
        inner: None,
        is_gzip: false,
        is_at_end: false,
    };
    if container != Container::Either {
        coder.open(container)?;
    }
    Ok(Box::new(coder))
}

/// The first byte of gzip, with which no header of zlib's begins.
const GZIP: u8 = 0x1f;

impl Inflater {
    fn open(&mut self, container: Container) -> Result<(), Failure> {
        let bits = u8::try_from(self.window_bits).unwrap_or(15);
        let mut inner = match container {
            Container::Raw => Inflate::new(false, bits),
            Container::Gzip => Inflate::new(true, bits + 16),
            Container::Zlib | Container::Either => Inflate::new(true, bits),
        };
        self.is_gzip = container == Container::Gzip;
        if let (Container::Raw, Some(dictionary)) = (container, &self.dictionary) {
            let set = inner.set_dictionary(dictionary);
            set.map_err(|_| Failure::new(-3, "Failed to set dictionary"))?;
        }
        self.inner = Some(inner);
        Ok(())
    }
}

impl Coder for Inflater {
    fn step(&mut self, input: &[u8], output: &mut [u8], flush: i32) -> Result<Progress, Failure> {
        if self.is_at_end {
            // Perhaps another member; zeros are padding.
            if !self.is_gzip || input.first().is_none_or(|byte| *byte == 0) {
                return Ok(Progress {
                    read: 0,
                    written: 0,
                });
            }
            self.is_at_end = false;
            self.open(Container::Gzip)?;
        }
        if self.inner.is_none() {
            let Some(first) = input.first() else {
                return Ok(Progress {
                    read: 0,
                    written: 0,
                });
            };
            self.open(if *first == GZIP {
                Container::Gzip
            } else {
                Container::Zlib
            })?;
        }
        let Some(inner) = &mut self.inner else {
            return Err(Failure::new(-2, "stream error"));
        };
        let flush = match flush {
            1 | 3 => InflateFlush::SyncFlush,
            other => InflateFlush::try_from(other).unwrap_or_default(),
        };
        let (read, written) = (inner.total_in(), inner.total_out());
        let mut status = inner.decompress(input, output, flush);
        if let Err(InflateError::NeedDict { .. }) = status {
            let Some(dictionary) = &self.dictionary else {
                return Err(Failure::new(NEED_DICTIONARY, "Missing dictionary"));
            };
            if inner.set_dictionary(dictionary).is_err() {
                return Err(Failure::new(NEED_DICTIONARY, "Bad dictionary"));
            }
            let taken = (inner.total_in() - read) as usize;
            let made = (inner.total_out() - written) as usize;
            status = inner.decompress(&input[taken..], &mut output[made..], flush);
        }
        let status = match status {
            Ok(status) => status,
            Err(error) => {
                let number = match error {
                    InflateError::NeedDict { .. } => NEED_DICTIONARY,
                    InflateError::StreamError => -2,
                    InflateError::DataError => -3,
                    InflateError::MemError => -4,
                };
                let message = inner.error_message().unwrap_or(error.as_str());
                return Err(Failure::new(number, message));
            }
        };
        let progress = Progress {
            read: (inner.total_in() - read) as usize,
            written: (inner.total_out() - written) as usize,
        };
        if status == Status::StreamEnd {
            let rest = &input[progress.read..];
            self.is_at_end = true;
            if self.is_gzip && rest.first().is_some_and(|byte| *byte != 0) {
                let next = self.step(rest, &mut output[progress.written..], flush as i32)?;
                return Ok(Progress {
                    read: progress.read + next.read,
                    written: progress.written + next.written,
                });
            }
        }
        Ok(progress)
    }

    fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    fn reset(&mut self) -> Result<(), Failure> {
        self.is_at_end = false;
        self.inner = None;
        if self.container == Container::Either {
            return Ok(());
        }
        self.open(self.container)
    }

    fn flush(&self) -> i32 {
        SYNC_FLUSH
    }

    fn finish(&self) -> i32 {
        FINISH
    }
}
