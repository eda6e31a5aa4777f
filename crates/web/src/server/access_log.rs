//! The access log: a line for each request when it is over, in the Common Log Format (<https://httpd.apache.org/docs/current/logs.html#common>).
//!
//! Lines are gathered here and written by the blocking pool, one batch at a time, so that a slow disk or a pipe that nobody reads stalls no
//! client. What cannot be written is lost and counted: at most 1 MiB waits (BOUNDED). Loop thread; the writes are on the pool.

use std::cell::{Cell, RefCell};
use std::fs::{File, OpenOptions};
use std::future::poll_fn;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime};

use rustix::event::{PollFd, PollFlags, poll};
use twinloop_loop::Loop;
use twinloop_loop::time::sleep;

use super::exchange::Exchange;

/// More than this does not wait to be written.
const WAITING_LIMIT: usize = 1024 * 1024;

/// So much goes into a pipe as a whole (PIPE_BUF): lines of several processes do not mix.
const WHOLE_WRITE: usize = 4096;

/// What one request comes to.
#[derive(Clone, Copy, Debug)]
pub struct AccessLine<'a> {
    /// The client, where it has an address.
    pub client: Option<SocketAddr>,
    /// In capitals.
    pub method: &'a str,
    /// What was asked for, as it came.
    pub target: &'a [u8],
    /// `HTTP/1.1`
    pub version: &'a str,
    /// What it was answered with; 0 if it was not.
    pub status: u16,
    /// Bytes of the answer's body.
    pub bytes: u64,
}

/// A log that servers may share.
pub struct AccessLog {
    file: RefCell<Arc<File>>,
    waiting: RefCell<Vec<u8>>,
    is_writing: Cell<bool>,
    lost: Cell<u64>,
    /// `[day/Mon/year:hour:minute:second +0000]` of a second since the epoch.
    time: RefCell<(u64, String)>,
    written: RefCell<Vec<Waker>>,
}

impl AccessLog {
    /// A log on the standard output.
    ///
    /// # Errors
    /// When the process has no such descriptor left.
    pub fn to_standard_output() -> io::Result<Rc<AccessLog>> {
        let copy = io::stdout().as_fd().try_clone_to_owned()?;
        Ok(AccessLog::on(copy.into()))
    }

    /// A log that adds to a file, which is made if it is not there.
    ///
    /// # Errors
    /// Of the file.
    pub fn to_file(path: &Path) -> io::Result<Rc<AccessLog>> {
        Ok(AccessLog::on(appended(path)?))
    }

    fn on(file: File) -> Rc<AccessLog> {
        Rc::new(AccessLog {
            file: RefCell::new(Arc::new(file)),
            waiting: RefCell::default(),
            is_writing: Cell::new(false),
            lost: Cell::new(0),
            time: RefCell::default(),
            written: RefCell::default(),
        })
    }

    /// Goes on in the file at this path, which may be a new one: the old one was moved away.
    ///
    /// # Errors
    /// Of the file; the log goes on where it was.
    pub fn reopen(&self, path: &Path) -> io::Result<()> {
        *self.file.borrow_mut() = Arc::new(appended(path)?);
        Ok(())
    }

    /// Lines that could not be written.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.get()
    }

    /// Has a line written when the exchange is over.
    pub fn follow(self: &Rc<Self>, exchange: &Exchange) {
        let log = Rc::clone(self);
        // By then it may have gone.
        let client = exchange.peer_addr();
        exchange.when_over(move |exchange| {
            log.add(&AccessLine {
                client,
                method: exchange.method(),
                target: exchange.target(),
                version: exchange.version(),
                status: exchange.status(),
                bytes: exchange.sent(),
            });
        });
    }

    /// Adds a line.
    pub fn add(self: &Rc<Self>, line: &AccessLine<'_>) {
        {
            let mut waiting = self.waiting.borrow_mut();
            if waiting.len() >= WAITING_LIMIT {
                self.lost.set(self.lost.get() + 1);
                return;
            }
            self.write_line(&mut waiting, line);
        }
        if !self.is_writing.replace(true) {
            let log = Rc::clone(self);
            // It keeps no program going: who ends waits by `flushed`.
            Loop::current().begin(Box::pin(async move { log.write().await }), None);
        }
    }

    /// Waits until what was added is written, but no longer than `limit`: nobody may read.
    ///
    /// # Cancel safety
    /// A dropped future changes nothing.
    pub async fn flushed(&self, limit: Duration) {
        let mut deadline = std::pin::pin!(sleep(limit));
        poll_fn(|context| {
            if !self.is_writing.get() || deadline.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            self.written.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    async fn write(&self) {
        loop {
            let batch = self.waiting.take();
            if batch.is_empty() {
                break;
            }
            let file = Arc::clone(&self.file.borrow());
            let lines = memchr::memchr_iter(b'\n', &batch).count() as u64;
            let outcome = Loop::current()
                .spawn_blocking(move || write_all(&file, &batch))
                .await;
            if !matches!(outcome, Ok(Ok(()))) {
                self.lost.set(self.lost.get() + lines);
            }
        }
        self.is_writing.set(false);
        self.written.take().into_iter().for_each(Waker::wake);
    }

    fn write_line(&self, into: &mut Vec<u8>, line: &AccessLine<'_>) {
        let seconds = SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(0, |time| time.as_secs());
        let mut time = self.time.borrow_mut();
        if time.0 != seconds || time.1.is_empty() {
            *time = (seconds, written_time(seconds));
        }
        // A vector takes everything.
        let _ = match line.client {
            Some(client) => write!(into, "{}", client.ip().to_canonical()),
            None => write!(into, "-"),
        };
        let _ = write!(into, " - - {} \"", time.1);
        escape(into, line.method.as_bytes());
        into.push(b' ');
        escape(into, line.target);
        let _ = write!(into, " {}\"", line.version);
        for number in [line.status.into(), line.bytes] {
            let _ = match number {
                0 => write!(into, " -"),
                number => write!(into, " {number}"),
            };
        }
        into.push(b'\n');
    }
}

impl std::fmt::Debug for AccessLog {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AccessLog")
            .field("lost", &self.lost())
            .finish_non_exhaustive()
    }
}

fn appended(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Whole lines at a time. On the pool.
fn write_all(mut file: &File, batch: &[u8]) -> io::Result<()> {
    let mut rest = batch;
    while !rest.is_empty() {
        let limit = rest.len().min(WHOLE_WRITE);
        let end = memchr::memrchr(b'\n', &rest[..limit])
            .or_else(|| memchr::memchr(b'\n', rest))
            .map_or(rest.len(), |end| end + 1);
        let (mut part, behind) = rest.split_at(end);
        while !part.is_empty() {
            match file.write(part) {
                Ok(written) => part = &part[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Somebody else has made the descriptor one that does not block.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let _ = poll(&mut [PollFd::new(file, PollFlags::OUT)], None);
                }
                Err(error) => return Err(error),
            }
        }
        rest = behind;
    }
    Ok(())
}

/// What would end the line or the quotes, and what is not ASCII, as `\xHH`.
fn escape(into: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        if byte == b'"' || byte == b'\\' || !(b' '..=b'~').contains(&byte) {
            let _ = write!(into, "\\x{byte:02X}");
        } else {
            into.push(byte);
        }
    }
}

fn written_time(seconds: u64) -> String {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    // `Sun, 06 Nov 1994 08:49:37 GMT`
    let date = httpdate::fmt_http_date(time);
    let part = |range: std::ops::Range<usize>| date.get(range).unwrap_or_default();
    format!(
        "[{}/{}/{}:{} +0000]",
        part(5..7),
        part(8..11),
        part(12..16),
        part(17..25)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_logs_have_it() {
        assert_eq!(written_time(784_111_777), "[06/Nov/1994:08:49:37 +0000]");
    }

    #[test]
    fn nothing_of_a_request_ends_a_line() {
        let mut line = Vec::new();
        escape(&mut line, b"/a\"\\\n\x7f\xe4 b");
        assert_eq!(line, br"/a\x22\x5C\x0A\x7F\xE4 b");
    }
}
