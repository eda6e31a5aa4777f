//! The bytes of a file on their way to a client.
//!
//! What is in the system's cache is sent from there or read on the loop's thread, the rest on the blocking pool, in pieces as the client takes them (rules
//! ONE-WAIT, BOUNDED). Why not everything is left to `sendfile` stands in docs/design/http-server.md.

use std::future::poll_fn;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use twinloop_loop::{JoinHandle, Loop};

use super::coding::Coding;
use super::exchange::Exchange;
use super::fields::Fields;
use super::squeezing::{SHORT, failed, squeeze};
use crate::compression::{Coder, Failure};
use crate::fs::cached;
use crate::{Error, ErrorKind, REUSED_SIZE, Result, Reused};

/// The most that is read at once.
const PIECE: usize = REUSED_SIZE;

/// From here on a piece stands in a buffer that is used again. What is shorter would keep too much from others while a slow client takes it.
const LARGE: usize = 64 * 1024;

/// From here on `sendfile` costs less than to read and to send.
const SENT_AS_FILE: u64 = 64 * 1024;

/// The most that is sent by one `sendfile`, before others have a turn.
const FILE_PIECE: u64 = 1024 * 1024;

/// A file's bytes, or a part of them.
pub struct FileBody {
    content: Content,
}

enum Content {
    Here(Option<Bytes>),
    There {
        file: Arc<std::fs::File>,
        offset: u64,
        left: u64,
        /// It is read until nothing comes: `left` is no promise.
        to_end: bool,
        reading: Option<JoinHandle<io::Result<Bytes>>>,
    },
    Coded(Coded),
}

/// A file that is compressed as it is read.
struct Coded {
    plain: Box<FileBody>,
    /// None while the pool has it, and after the end.
    coder: Option<Box<dyn Coder>>,
    working: Option<JoinHandle<(Box<dyn Coder>, Squeezed)>>,
}

type Squeezed = std::result::Result<Vec<u8>, Failure>;

impl Coded {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        loop {
            let (coder, output) = if let Some(working) = &mut self.working {
                let done = ready!(Pin::new(working).poll(context));
                self.working = None;
                match done {
                    Ok(done) => done,
                    Err(_) => {
                        let error = Error::new(ErrorKind::Internal, "the pool has ended");
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            } else {
                let piece = ready!(self.plain.poll_piece(context));
                let Some(mut coder) = self.coder.take() else {
                    return Poll::Ready(None);
                };
                match piece {
                    None => {
                        let end = coder.finish();
                        let rest = squeeze(&mut *coder, &[], end);
                        return Poll::Ready(Some(rest.map(Bytes::from).map_err(failed)));
                    }
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    Some(Ok(piece)) if piece.len() > SHORT => {
                        self.working = Some(Loop::current().spawn_blocking(move || {
                            let output = squeeze(&mut *coder, &piece, 0);
                            (coder, output)
                        }));
                        continue;
                    }
                    Some(Ok(piece)) => {
                        let output = squeeze(&mut *coder, &piece, 0);
                        (coder, output)
                    }
                }
            };
            self.coder = Some(coder);
            match output {
                // A coder may keep what it was given until there is more.
                Ok(output) if output.is_empty() => {}
                output => return Poll::Ready(Some(output.map(Bytes::from).map_err(failed))),
            }
        }
    }
}

impl FileBody {
    /// These bytes.
    pub(super) fn here(bytes: Bytes) -> FileBody {
        FileBody {
            content: Content::Here(Some(bytes)),
        }
    }

    /// So many bytes of a file.
    pub(super) fn there(file: Arc<std::fs::File>, offset: u64, length: u64) -> FileBody {
        let mut body = FileBody {
            content: Content::There {
                file,
                offset,
                left: length,
                to_end: false,
                reading: None,
            },
        };
        if length < SENT_AS_FILE {
            body.read_ahead();
        }
        body
    }

    /// What can be read of a file, however much the system says that it is.
    pub(super) fn to_end(file: Arc<std::fs::File>) -> FileBody {
        FileBody {
            content: Content::There {
                file,
                offset: 0,
                left: u64::MAX,
                to_end: true,
                reading: None,
            },
        }
    }

    /// So many bytes of an open file, from `offset` on.
    #[must_use]
    pub fn new(file: std::fs::File, offset: u64, length: u64) -> FileBody {
        FileBody::there(Arc::new(file), offset, length)
    }

    /// For who asks for the head: that has no length, as only the bytes could say it.
    pub(super) fn without_bytes(self) -> FileBody {
        FileBody {
            content: Content::Coded(Coded {
                plain: Box::new(self),
                coder: None,
                working: None,
            }),
        }
    }

    pub(super) fn coded(mut self, coding: Coding) -> Result<FileBody> {
        let mut coder = coding.encoder().map_err(failed)?;
        if let Content::Here(Some(bytes)) = &mut self.content
            && bytes.len() <= SHORT
        {
            let end = coder.finish();
            let output = squeeze(&mut *coder, bytes, end).map_err(failed)?;
            *bytes = Bytes::from(output);
            return Ok(self);
        }
        Ok(FileBody {
            content: Content::Coded(Coded {
                plain: Box::new(self),
                coder: Some(coder),
                working: None,
            }),
        })
    }

    /// A short file that is in the system's cache is read at once.
    fn read_ahead(&mut self) {
        if let Content::There {
            file, offset, left, ..
        } = &self.content
            && *left <= PIECE as u64
            && let Some(bytes) = read_cached(file, *offset, *left as usize)
            && bytes.len() as u64 == *left
        {
            self.content = Content::Here(Some(bytes));
        }
    }

    /// Answers with these bytes as far as they leave without waiting; true if that was everything. Otherwise [`FileBody::send_rest`] goes on.
    ///
    /// # Errors
    /// As [`Exchange::begin`].
    pub fn begin(&mut self, exchange: &Exchange, status: u16, fields: &Fields) -> Result<bool> {
        if !exchange.sends_files() {
            self.read_ahead();
        }
        if let Some(bytes) = self.take_whole() {
            exchange.respond(status, fields, bytes)?;
            return Ok(true);
        }
        exchange.begin(status, fields)?;
        self.send_cached(exchange)?;
        if !matches!(self.content, Content::There { left: 0, .. }) {
            return Ok(false);
        }
        exchange.finish(&Fields::new())?;
        Ok(true)
    }

    /// Sends what [`FileBody::begin`] has left, and ends the answer.
    ///
    /// # Errors
    /// `is_closed()` when the client has gone, `is_file()` when the file cannot be read to its end: cut the answer then.
    pub async fn send_rest(&mut self, exchange: &Exchange) -> Result<()> {
        loop {
            while self.send_cached(exchange)? {
                // It all went at once: others have their turn before the next.
                pause().await;
            }
            let Some(piece) = poll_fn(|context| self.poll_piece(context)).await else {
                return exchange.finish(&Fields::new());
            };
            exchange.write(piece?)?;
            exchange.ready().await?;
        }
    }

    /// Sends what is next and in the system's cache, without a copy of it here; true if the client took all that was tried, and there is more.
    fn send_cached(&mut self, exchange: &Exchange) -> Result<bool> {
        let Content::There {
            file,
            offset,
            left,
            to_end: false,
            reading: None,
        } = &mut self.content
        else {
            return Ok(false);
        };
        let length = (*left).min(FILE_PIECE);
        if !exchange.sends_files() || !cached::is_here(file, *offset, length) {
            return Ok(false);
        }
        let sent = exchange.send_file(file, *offset, length)?;
        *offset += sent;
        *left -= sent;
        Ok(sent == length && *left > 0)
    }

    /// All of it, if it is here.
    #[must_use]
    pub fn take_whole(&mut self) -> Option<Bytes> {
        match &mut self.content {
            Content::Here(bytes) => Some(bytes.take().unwrap_or_default()),
            Content::There { .. } | Content::Coded(_) => None,
        }
    }

    /// The next piece, or the end.
    pub fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let (file, offset, left, to_end, reading) = match &mut self.content {
            Content::Here(bytes) => {
                return Poll::Ready(bytes.take().filter(|bytes| !bytes.is_empty()).map(Ok));
            }
            Content::Coded(coded) => return coded.poll_piece(context),
            Content::There {
                file,
                offset,
                left,
                to_end,
                reading,
            } => (file, offset, left, *to_end, reading),
        };
        if *left == 0 {
            return Poll::Ready(None);
        }
        let wanted = usize::try_from(*left).unwrap_or(PIECE).min(PIECE);
        let outcome = match reading {
            None => match read_cached(file, *offset, wanted) {
                Some(bytes) => Ok(bytes),
                None => {
                    let (file, offset) = (Arc::clone(file), *offset);
                    let started = Loop::current().spawn_blocking(move || {
                        let mut bytes = vec![0; wanted];
                        let count = file.read_at(&mut bytes, offset)?;
                        bytes.truncate(count);
                        Ok(Bytes::from(bytes))
                    });
                    *reading = Some(started);
                    return self.poll_piece(context);
                }
            },
            Some(handle) => {
                let read = ready!(Pin::new(handle).poll(context));
                *reading = None;
                read.unwrap_or_else(|failure| Err(io::Error::other(failure)))
            }
        };
        let outcome = match outcome {
            Ok(bytes) if bytes.is_empty() && to_end => {
                *left = 0;
                return Poll::Ready(None);
            }
            Ok(bytes) if bytes.is_empty() => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file became shorter",
            )),
            outcome => outcome,
        };
        Poll::Ready(Some(match outcome {
            Ok(bytes) => {
                *offset += bytes.len() as u64;
                *left -= bytes.len() as u64;
                Ok(bytes)
            }
            Err(cause) => {
                *left = 0;
                let message = format!("cannot read {}", name_of(file));
                Err(Error::new(ErrorKind::File, message).with_source(cause))
            }
        }))
    }
}

/// What an open file is called, for a message about it.
#[cold]
fn name_of(file: &std::fs::File) -> String {
    match std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())) {
        Ok(path) => format!("'{}'", path.display()),
        Err(_) => "a file".to_owned(),
    }
}

impl futures_core::Stream for FileBody {
    type Item = Result<Bytes>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes>>> {
        self.poll_piece(context)
    }
}

impl std::fmt::Debug for FileBody {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.content {
            Content::Here(bytes) => write!(formatter, "FileBody({bytes:?})"),
            Content::There { offset, left, .. } => {
                write!(formatter, "FileBody({left} bytes from {offset})")
            }
            Content::Coded(coded) => write!(formatter, "FileBody(coded {:?})", coded.plain),
        }
    }
}

/// Lets others have a turn.
async fn pause() {
    let mut has_paused = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What the system has in its cache; nothing if it would have to wait.
fn read_cached(file: &std::fs::File, offset: u64, wanted: usize) -> Option<Bytes> {
    let read = |memory: &mut [u8]| {
        let count = cached::read_now(file, memory, Some(offset))?;
        (count > 0 || wanted == 0).then_some(count)
    };
    if wanted < LARGE {
        let mut memory = vec![0; wanted];
        let count = read(&mut memory)?;
        memory.truncate(count);
        return Some(Bytes::from(memory));
    }
    let mut memory = Reused::take();
    let length = read(&mut memory[..wanted])?;
    Some(Bytes::from_owner(Piece { memory, length }))
}

/// What was read, in memory that is used again.
struct Piece {
    memory: Reused,
    length: usize,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.memory[..self.length]
    }
}
