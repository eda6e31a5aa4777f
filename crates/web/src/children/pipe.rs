//! This process's end of a socket pair: what a child's pipes and channels are made of.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::cmsg_space;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, Shutdown, recv, recvmsg, sendmsg, shutdown,
};
use tokio::sync::Mutex;
use twinloop_loop::{Loop, Mode, Readiness, Source};

/// How many descriptors one read takes; who writes here sends one at a time.
const MOST_DESCRIPTORS: usize = 16;

/// A connected local socket on the loop. Dropping it closes it. It stays a blocking one, as a child may be given it as its own; each call
/// says that it does not wait.
pub struct Pipe {
    /// Before the descriptor that it names.
    source: Source,
    descriptor: OwnedFd,
    is_closed: Cell<bool>,
    /// Held by who writes: each waits for those before it.
    writer: Mutex<()>,
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
            writer: Mutex::new(()),
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
                let (count, _) = recv(&self.descriptor, &mut bytes, RecvFlags::DONTWAIT)?;
                Ok(count)
            })
        })
        .await?;
        bytes.truncate(count);
        bytes.shrink_to_fit();
        Ok(bytes)
    }

    /// As [`Pipe::read`], with the descriptors that came along. The system tells those of one write with its first byte.
    ///
    /// # Errors
    /// As there.
    pub async fn receive(&self, most: usize) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
        let mut bytes = vec![0; most];
        let mut descriptors = Vec::new();
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let count = poll_fn(|context| {
            self.source.poll_io(Readiness::READ, context, || {
                if self.is_closed.get() {
                    return Ok(0);
                }
                let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
                let mut control = RecvAncillaryBuffer::new(&mut space);
                let mut parts = [IoSliceMut::new(&mut bytes)];
                let received = recvmsg(&self.descriptor, &mut parts, &mut control, flags)?;
                for message in control.drain() {
                    if let RecvAncillaryMessage::ScmRights(rights) = message {
                        descriptors.extend(rights);
                    }
                }
                Ok(received.bytes)
            })
        })
        .await?;
        bytes.truncate(count);
        bytes.shrink_to_fit();
        Ok((bytes, descriptors))
    }

    /// Writes all bytes, after what was to be written before.
    ///
    /// # Errors
    /// What the system reports: EPIPE when nobody reads any more.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.send(bytes, None).await
    }

    /// As [`Pipe::write`], with a descriptor for who reads.
    ///
    /// # Errors
    /// As there.
    pub async fn send(&self, bytes: &[u8], descriptor: Option<OwnedFd>) -> io::Result<()> {
        let _turn = self.writer.lock().await;
        let mut rest = bytes;
        let mut descriptor = descriptor;
        while !rest.is_empty() {
            let count = poll_fn(|context| {
                self.source.poll_io(Readiness::WRITE, context, || {
                    if self.is_closed.get() {
                        return Err(io::Error::from(rustix::io::Errno::PIPE));
                    }
                    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
                    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
                    let mut control = SendAncillaryBuffer::new(&mut space);
                    let rights = descriptor.as_ref().map(|descriptor| [descriptor.as_fd()]);
                    if let Some(rights) = &rights {
                        control.push(SendAncillaryMessage::ScmRights(rights));
                    }
                    let parts = [IoSlice::new(rest)];
                    Ok(sendmsg(&self.descriptor, &parts, &mut control, flags)?)
                })
            })
            .await?;
            descriptor = None;
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
