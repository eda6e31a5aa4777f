//! This process's end of a socket pair: what a child's pipes and channels are made of.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::net::{SendFlags, Shutdown, recv, send, shutdown};
use twinloop_loop::{Loop, Mode, Readiness, Source};

/// A connected local socket on the loop. Dropping it closes it. It stays a blocking one, as a child may be given it as its own; each call
/// says that it does not wait.
pub struct Pipe {
    /// Before the descriptor that it names.
    source: Source,
    descriptor: OwnedFd,
    is_closed: Cell<bool>,
}

impl Pipe {
    /// Takes over a connected stream socket.
    ///
    /// # Errors
    /// When the loop cannot watch it.
    pub fn new(descriptor: OwnedFd) -> io::Result<Pipe> {
        let source = Loop::current().register(descriptor.as_raw_fd(), Mode::Edge)?;
        // What is written before the loop looks is written at once.
        source.assume(Readiness::READ | Readiness::WRITE);
        Ok(Pipe {
            source,
            descriptor,
            is_closed: Cell::new(false),
        })
    }

    /// The descriptor's number.
    #[must_use]
    pub fn number(&self) -> i32 {
        self.descriptor.as_raw_fd()
    }

    /// The next bytes, at most so many; none at the end.
    ///
    /// # Errors
    /// What the system reports, for instance ECONNRESET.
    pub async fn read(&self, most: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; most];
        let count = poll_fn(|context| {
            self.source.poll_io(Readiness::READ, context, || {
                if self.is_closed.get() {
                    return Ok(0);
                }
                let (count, _) = recv(
                    &self.descriptor,
                    &mut bytes,
                    rustix::net::RecvFlags::DONTWAIT,
                )?;
                Ok(count)
            })
        })
        .await?;
        bytes.truncate(count);
        bytes.shrink_to_fit();
        Ok(bytes)
    }

    /// Writes all bytes.
    ///
    /// # Errors
    /// What the system reports: EPIPE when nobody reads any more.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = poll_fn(|context| {
                self.source.poll_io(Readiness::WRITE, context, || {
                    if self.is_closed.get() {
                        return Err(io::Error::from(rustix::io::Errno::PIPE));
                    }
                    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
                    Ok(send(&self.descriptor, rest, flags)?)
                })
            })
            .await?;
            rest = &rest[count..];
        }
        Ok(())
    }

    /// Nothing more will be written.
    pub fn end(&self) {
        // Fails only when the other side has gone already.
        let _ = shutdown(&self.descriptor, Shutdown::Write);
    }

    /// Ends both directions, and what is under way in them.
    pub fn close(&self) {
        if !self.is_closed.replace(true) {
            // The driver reports it, so whoever waits finds out.
            let _ = shutdown(&self.descriptor, Shutdown::Both);
        }
    }
}
