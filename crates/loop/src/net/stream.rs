//! A TCP or Unix stream socket on the loop.
//!
//! Registered once, edge-triggered, for good. Two ways to use it: as `AsyncRead` and `AsyncWrite` in futures, where a
//! write goes out at once when nothing is queued; or with a [`StreamHandler`], where writes are queued and leave at the
//! end of the turn (large ones at once) and the handler is told when bytes can be read. Loop thread only; rule BOUNDED:
//! see `write_queue.rs`.

mod options;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::net::{
    AddressFamily, Shutdown, SocketFlags, SocketType, bind, shutdown, socket_with, sockopt,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::listener::unix_address;
use super::reading::{self, Boundaries, Read};
use super::write_queue::{Kept, WriteQueue, send_of_file, send_some};
use crate::event_loop::{Loop, WeakLoop};
use crate::source::{IoHandler, Mode, Readiness, Source};
use crate::statistics::Traffic;
use crate::sys::{Descriptor, receive_into};

/// From this size on a write that is first in line does not wait for the end of the turn: what 256 connections would leave
/// for it no longer fits the cache. Echoes of 10 KiB over 256 connections, sent at once against at the end: 1.18 times as many,
/// 1.5 times by BufferedProtocol; at 4 KiB no difference, at 1 KiB waiting wins (see `write_queue.rs`).
const SEND_AT_ONCE: usize = 8 * 1024;

/// Above this many queued bytes a write does not wait for the end of the turn: measured at 100 KiB, waiting costs 60 %.
const WRITE_AT_ONCE: usize = 64 * 1024;

/// From this size on bytes that may be kept are not copied into the queue.
const KEPT_SIZE: usize = 16 * 1024;

/// What a pipe holds unless it was told otherwise, and what one that is found full is given.
const PIPE_CAPACITY: usize = 64 * 1024;
const WIDE_PIPE: usize = 256 * 1024;

/// Told what happens on a stream, each time in an entry of the turn or at its end. None of its methods may unwind.
pub trait StreamHandler {
    /// Bytes or the end of the stream can be read: call [`Stream::read_once`]. It is called again next turn while
    /// something is left.
    fn readable(&self);

    /// A flush sent some or all of what was queued; see [`Stream::queued`].
    fn flushed(&self);

    /// A flush failed; what was queued is lost.
    fn failed(&self, error: io::Error);
}

/// A connected stream socket. Dropping it closes the socket (unless an owner keeps it, see [`Stream::from_owner`]).
pub struct Stream(Rc<StreamInner>);

/// Which system calls a descriptor takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum DescriptorKind {
    Socket,
    Pipe,
    /// A terminal or another character device: a read ends with a line, though there may be more.
    Device,
}

pub(crate) struct StreamInner {
    // Declared before the descriptor: the registration must end before the number can be used again.
    source: RefCell<Option<Source>>,
    descriptor: RefCell<Option<Descriptor>>,
    kind: DescriptorKind,
    boundaries: Boundaries,
    widened: Cell<bool>,
    event_loop: WeakLoop,
    traffic: Rc<Traffic>,
    queue: RefCell<WriteQueue>,
    handler: RefCell<Option<Rc<dyn StreamHandler>>>,
    /// In the flush queue of this turn.
    dirty: Cell<bool>,
    /// What was in the queue has left before the flush; the handler has not heard of it.
    sent_early: Cell<bool>,
    /// The socket was full; the next writable event goes on.
    blocked: Cell<bool>,
    paused: Cell<bool>,
    at_end: Cell<bool>,
    shut_down_when_flushed: Cell<bool>,
    /// A failed deferred flush, for the next call of a future.
    error: Cell<Option<io::Error>>,
}

impl Stream {
    /// Connects over TCP, on the current loop.
    ///
    /// # Errors
    /// What the operating system reports, for instance a refused connection.
    ///
    /// # Cancel safety
    /// Dropping the future closes the socket.
    pub async fn connect(address: SocketAddr) -> io::Result<Stream> {
        Stream::connect_from(address, None).await
    }

    /// As [`Stream::connect`], from an address of this machine; port 0 takes a free one.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// As there.
    pub async fn connect_from(
        address: SocketAddr,
        local: Option<SocketAddr>,
    ) -> io::Result<Stream> {
        let family = if address.is_ipv4() {
            AddressFamily::INET
        } else {
            AddressFamily::INET6
        };
        let socket = new_socket(family)?;
        if let Some(local) = local {
            sockopt::set_socket_reuseaddr(&socket, true)?;
            bind(&socket, &local)?;
        }
        let started = rustix::net::connect(&socket, &address);
        Stream::finish_connect(socket, started).await
    }

    /// Connects to a Unix socket, on the current loop.
    ///
    /// # Errors
    /// What the operating system reports.
    pub async fn connect_unix(path: &Path) -> io::Result<Stream> {
        let socket = new_socket(AddressFamily::UNIX)?;
        let started = rustix::net::connect(&socket, &unix_address(path)?);
        Stream::finish_connect(socket, started).await
    }

    async fn finish_connect(
        socket: OwnedFd,
        started: Result<(), rustix::io::Errno>,
    ) -> io::Result<Stream> {
        match started {
            Ok(()) => return Stream::from_fd(socket),
            Err(rustix::io::Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        let stream = Stream::new(Descriptor::owned(socket))?;
        std::future::poll_fn(|context| match stream.0.source.borrow().as_ref() {
            Some(source) => source.poll_writable(context),
            None => Poll::Ready(()),
        })
        .await;
        if let Err(error) = sockopt::socket_error(stream.fd()?.as_fd())? {
            return Err(error.into());
        }
        Ok(stream)
    }

    /// Takes over a connected, non-blocking socket, on the current loop.
    ///
    /// # Errors
    /// When the descriptor cannot be registered.
    pub fn from_fd(fd: OwnedFd) -> io::Result<Stream> {
        let stream = Stream::new(Descriptor::owned(fd))?;
        // The first read and write are tried without waiting for an event.
        stream
            .0
            .with_source(|source| source.assume(Readiness::READ | Readiness::WRITE));
        Ok(stream)
    }

    /// Uses a connected, non-blocking socket that `owner` keeps open and closes when it is dropped. The owner is dropped
    /// by [`Stream::close`], after the registration has ended.
    ///
    /// # Errors
    /// When the descriptor cannot be registered.
    pub fn from_owner(fd: RawFd, owner: Box<dyn Any>) -> io::Result<Stream> {
        Stream::new(Descriptor::shared(fd, owner)?)
    }

    /// As [`Stream::from_owner`], for one end of a pipe or a character device, in non-blocking mode. Only the callback
    /// interface works for it; what is written goes out at once, in order with what others write to the same end.
    ///
    /// # Errors
    /// EPERM for a device that cannot be waited for, EEXIST when the descriptor is registered already.
    pub fn from_pipe_owner(fd: RawFd, owner: Box<dyn Any>, is_device: bool) -> io::Result<Stream> {
        let kind = if is_device {
            DescriptorKind::Device
        } else {
            DescriptorKind::Pipe
        };
        Stream::with_kind(Descriptor::shared(fd, owner)?, kind)
    }

    /// As [`Stream::from_pipe_owner`], with a descriptor of its own.
    ///
    /// # Errors
    /// As there.
    pub fn from_pipe_fd(fd: OwnedFd, is_device: bool) -> io::Result<Stream> {
        let kind = if is_device {
            DescriptorKind::Device
        } else {
            DescriptorKind::Pipe
        };
        Stream::with_kind(Descriptor::owned(fd), kind)
    }

    fn new(descriptor: Descriptor) -> io::Result<Stream> {
        Stream::with_kind(descriptor, DescriptorKind::Socket)
    }

    fn with_kind(descriptor: Descriptor, kind: DescriptorKind) -> io::Result<Stream> {
        let event_loop = Loop::current();
        let source = event_loop.register(descriptor.as_raw_fd(), Mode::Edge)?;
        let boundaries = match kind {
            DescriptorKind::Socket => Boundaries::of(descriptor.as_fd()),
            DescriptorKind::Pipe | DescriptorKind::Device => Boundaries::Anywhere,
        };
        Ok(Stream(Rc::new(StreamInner {
            source: RefCell::new(Some(source)),
            descriptor: RefCell::new(Some(descriptor)),
            kind,
            boundaries,
            widened: Cell::new(false),
            event_loop: event_loop.downgrade(),
            traffic: Rc::clone(event_loop.traffic()),
            queue: RefCell::default(),
            handler: RefCell::new(None),
            dirty: Cell::new(false),
            sent_early: Cell::new(false),
            blocked: Cell::new(false),
            paused: Cell::new(false),
            at_end: Cell::new(false),
            shut_down_when_flushed: Cell::new(false),
            error: Cell::new(None),
        })))
    }

    /// Closes the socket so that the other end is told of a reset (`RST`) and not of an end.
    ///
    /// # Errors
    /// When the stream is closed or not a TCP socket.
    pub fn reset(&self) -> io::Result<()> {
        sockopt::set_socket_linger(self.fd()?.as_fd(), Some(Duration::ZERO))?;
        self.close();
        Ok(())
    }

    /// The descriptor's number.
    ///
    /// # Errors
    /// When the stream is closed.
    pub fn number(&self) -> io::Result<RawFd> {
        Ok(self.fd()?.as_raw_fd())
    }

    // ---- the callback interface -----------------------------------------------------------------------------------

    /// Tells `handler` of everything from now on; `None` goes back to futures.
    pub fn set_handler(&self, handler: Option<Rc<dyn StreamHandler>>) {
        let dispatch: Option<Rc<dyn IoHandler>> = handler
            .is_some()
            .then(|| Rc::new(Dispatch(Rc::downgrade(&self.0))) as Rc<dyn IoHandler>);
        let old = self.0.handler.replace(handler);
        self.0.with_source(|source| source.set_handler(dispatch));
        drop(old);
    }

    /// Stops calls of [`StreamHandler::readable`] until [`Stream::resume_reading`].
    pub fn pause_reading(&self) {
        self.0.paused.set(true);
    }

    /// Makes the next read of a future ask the kernel, although no event has told of bytes: a loop that was busy has not
    /// heard of what arrived meanwhile.
    pub fn assume_readable(&self) {
        self.0.with_source(|source| source.assume(Readiness::READ));
    }

    /// Goes on with calls of [`StreamHandler::readable`].
    pub fn resume_reading(&self) {
        self.0.paused.set(false);
        self.0.call_again_if_readable();
    }

    /// Reads once; zero bytes mean the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there, or what the operating system reports.
    pub fn read_once(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len();
        let inner = &self.0;
        inner.read(wanted, || {
            let fd = inner.fd()?;
            Ok(reading::read(
                fd.as_fd(),
                inner.kind,
                inner.boundaries,
                buffer,
            ))
        })
    }

    /// As [`Stream::read_once`], into the memory that `buffer` has room for behind what is in it: bytes that are to be kept need not be copied then.
    ///
    /// # Errors
    /// As there.
    pub fn read_once_into(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let (start, wanted) = (buffer.len(), buffer.capacity() - buffer.len());
        let inner = &self.0;
        if inner.kind != DescriptorKind::Socket || inner.boundaries == Boundaries::Flagged {
            buffer.resize(start + wanted, 0);
            let count = self.read_once(&mut buffer[start..]);
            buffer.truncate(start + count.as_ref().copied().unwrap_or_default());
            return count;
        }
        inner.read(wanted, || {
            let fd = inner.fd()?;
            Ok(reading::read_into(fd.as_fd(), inner.boundaries, buffer))
        })
    }

    /// Queues a copy of `data`: it leaves at the end of the turn; at once if it is large and first in line, or when more than
    /// 64 KiB wait.
    ///
    /// # Errors
    /// What sending reports; the queue is lost then.
    pub fn write(&self, data: &[u8]) -> io::Result<()> {
        self.write_or_keep(data, None::<fn() -> Kept>)
    }

    /// As [`Stream::write`], for bytes that nobody changes: what does not leave at once is not copied if it is much.
    /// `keep` gives the same bytes in an owner, which is dropped when they have been sent or the stream is closed, inside
    /// a call of this stream: dropping it may not use the stream.
    ///
    /// # Errors
    /// As [`Stream::write`].
    pub fn write_kept(&self, data: &[u8], keep: impl FnOnce() -> Kept) -> io::Result<()> {
        self.write_or_keep(data, Some(keep))
    }

    fn write_or_keep(&self, data: &[u8], keep: Option<impl FnOnce() -> Kept>) -> io::Result<()> {
        let inner = &self.0;
        let mut sent = 0;
        let at_once = data.len() >= SEND_AT_ONCE || inner.kind != DescriptorKind::Socket;
        let waiting = inner.queue.borrow().len();
        if at_once && !inner.blocked.get() && waiting > 0 && inner.kind == DescriptorKind::Socket {
            // A head and its body: they leave together, and the body is not copied.
            let mut queue = inner.queue.borrow_mut();
            let outcome = queue.send_before(self.fd()?.as_fd(), data);
            sent = outcome.inspect_err(|_| queue.clear())?;
            inner.traffic.add_sent(waiting - queue.len() + sent);
            if sent == data.len() {
                inner.sent_early.set(true);
                return Ok(());
            }
        } else if at_once && !inner.blocked.get() && waiting == 0 {
            // Large and first in line: what the kernel takes now need not be queued.
            sent = send_some(self.fd()?.as_fd(), data, inner.kind)?;
            inner.traffic.add_sent(sent);
            if sent == data.len() {
                return Ok(());
            }
            if inner.kind != DescriptorKind::Socket {
                // What takes a part is full: the next writable event goes on, at once if there is more room now.
                inner.blocked.set(true);
                inner.with_source(|source| source.clear(Readiness::WRITE));
                inner.widen_pipe();
            }
        }
        let event_loop = inner.event_loop.upgrade();
        let waiting = {
            let mut queue = inner.queue.borrow_mut();
            match keep {
                Some(keep) if data.len() - sent >= KEPT_SIZE => queue.push_kept(keep(), sent),
                _ => queue.push(&data[sent..], event_loop.as_ref().map(Loop::buffers)),
            }
            queue.len()
        };
        if inner.blocked.get() {
            return Ok(());
        }
        if waiting > WRITE_AT_ONCE {
            return inner.send_queue();
        }
        if !inner.dirty.replace(true)
            && let Some(event_loop) = event_loop
        {
            event_loop.flush_queue().push(Rc::clone(inner));
        }
        Ok(())
    }

    /// Sends bytes of a file behind what is queued, from the system's cache to the socket without a visit here: how many the socket took. Zero where it takes
    /// none now, where what is queued cannot leave first, and where the file ends: queue the bytes then. What is not in the cache is read from the disk while
    /// the loop waits; [`is_cached`](crate::is_cached) tells. Data that changes meanwhile is sent as it is when it leaves.
    ///
    /// # Errors
    /// What sending reports; the queue is lost then.
    pub fn send_file(&self, file: &File, offset: u64, length: u64) -> io::Result<u64> {
        let inner = &self.0;
        if inner.blocked.get() || inner.kind != DescriptorKind::Socket {
            return Ok(0);
        }
        let fd = self.fd()?;
        {
            let mut queue = inner.queue.borrow_mut();
            let waiting = queue.len();
            let outcome = queue.send_ahead(fd.as_fd());
            let is_sent = outcome.inspect_err(|_| queue.clear())?;
            inner.traffic.add_sent(waiting - queue.len());
            if !is_sent {
                return Ok(0);
            }
            // Then the flush of the turn is asked for already, and tells of it.
            inner.sent_early.set(waiting > 0 || inner.sent_early.get());
        }
        let mut sent = 0;
        while sent < length {
            let wanted = usize::try_from(length - sent).unwrap_or(usize::MAX);
            let count = send_of_file(fd.as_fd(), file, offset + sent, wanted)?;
            if count == 0 {
                break;
            }
            sent += count as u64;
            inner.traffic.add_sent(count);
        }
        Ok(sent)
    }

    /// Sends what is queued as far as the socket takes it, now.
    ///
    /// # Errors
    /// What sending reports; the queue is lost then.
    pub fn flush_now(&self) -> io::Result<()> {
        if self.0.blocked.get() {
            Ok(())
        } else {
            self.0.send_queue()
        }
    }

    /// Bytes that the kernel has not taken yet.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.0.queue.borrow().len()
    }

    /// Whether the kernel has taken no more lately: what is queued leaves when the other end has read.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.0.blocked.get()
    }

    /// Closes the sending side once everything queued has been sent.
    pub fn shutdown_write_when_flushed(&self) {
        self.0.shut_down_when_flushed.set(true);
        if self.queued() == 0 {
            self.0.shut_down_write();
        }
    }

    /// For an end that is only written to: true if the other end is closed. Anything else that was reported as readable is
    /// forgotten.
    #[must_use]
    pub fn take_peer_closed(&self) -> bool {
        self.0.with_source(|source| {
            source.clear(Readiness::READ);
            source.readiness().contains(Readiness::READ_CLOSED)
        })
    }

    /// Ends the registration and closes the socket, without sending what is queued. Later calls report `NotConnected`.
    pub fn close(&self) {
        self.0.close();
    }

    /// True after [`Stream::close`].
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.descriptor.borrow().is_none()
    }

    fn fd(&self) -> io::Result<std::cell::Ref<'_, Descriptor>> {
        self.0.fd()
    }
}

impl StreamInner {
    fn fd(&self) -> io::Result<std::cell::Ref<'_, Descriptor>> {
        std::cell::Ref::filter_map(self.descriptor.borrow(), Option::as_ref)
            .map_err(|_| io::Error::new(io::ErrorKind::NotConnected, "the stream is closed"))
    }

    fn with_source<T: Default>(&self, function: impl FnOnce(&Source) -> T) -> T {
        self.source
            .borrow()
            .as_ref()
            .map_or_else(T::default, function)
    }

    /// Reads once, again if a signal came, and takes note of what that proves.
    fn read(
        &self,
        wanted: usize,
        mut read: impl FnMut() -> io::Result<Result<Read, rustix::io::Errno>>,
    ) -> io::Result<usize> {
        loop {
            match read()? {
                Ok(read) => {
                    self.after_read(&read, wanted);
                    return Ok(read.count);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    if error == rustix::io::Errno::AGAIN {
                        self.with_source(|source| source.clear(Readiness::READ));
                    }
                    return Err(error.into());
                }
            }
        }
    }

    /// Takes note of what a read proves: the end, or that nothing more is there now.
    fn after_read(&self, read: &Read, wanted: usize) {
        let count = read.count;
        if count >= PIPE_CAPACITY {
            self.widen_pipe();
        }
        self.traffic.add_received(count);
        self.with_source(|source| {
            if count == 0 && wanted > 0 {
                self.at_end.set(true);
                source.clear(Readiness::READ);
            } else if count < wanted {
                source.note_short_read(read.at_boundary);
            }
        });
    }

    /// Gives a pipe that was found full more room, once. 64 MiB through `cat` and back in one interleaved run: 65 ms in
    /// 1,024 reads without it, 44 ms in 258 with it, over 100 ms with a whole MiB, which no longer fits the cache. That the
    /// system refuses (it limits what a user's pipes may hold) changes nothing.
    fn widen_pipe(&self) {
        if self.kind == DescriptorKind::Pipe
            && !self.widened.replace(true)
            && let Ok(fd) = self.fd()
        {
            let _ = rustix::pipe::fcntl_setpipe_size(fd.as_fd(), WIDE_PIPE);
        }
    }

    fn call_again_if_readable(&self) {
        if !self.paused.get() && !self.at_end.get() {
            self.with_source(|source| {
                if source.readiness().contains(Readiness::READ) {
                    source.call_again(Readiness::READ);
                }
            });
        }
    }

    fn send_queue(&self) -> io::Result<()> {
        let fd = self.fd()?;
        let mut queue = self.queue.borrow_mut();
        let before = queue.len();
        let full = queue.send_all(fd.as_fd(), self.kind);
        drop(fd);
        self.traffic.add_sent(before - queue.len());
        match full {
            Ok(full) => {
                self.blocked.set(full);
                if full {
                    self.with_source(|source| source.clear(Readiness::WRITE));
                } else {
                    queue.release(self.event_loop.upgrade().as_ref().map(Loop::buffers));
                    drop(queue);
                    if self.shut_down_when_flushed.get() {
                        self.shut_down_write();
                    }
                }
                Ok(())
            }
            Err(error) => {
                queue.clear();
                Err(error)
            }
        }
    }

    /// The flush of the turn, and of a writable event.
    pub(crate) fn flush_deferred(&self) {
        self.dirty.set(false);
        let sent_early = self.sent_early.replace(false);
        if self.blocked.get() || (self.queue.borrow().len() == 0 && !sent_early) {
            return;
        }
        let result = self.send_queue();
        let handler = self.handler.borrow().clone();
        match (handler, result) {
            (Some(handler), Ok(())) => handler.flushed(),
            (Some(handler), Err(error)) => handler.failed(error),
            (None, Ok(())) => {}
            (None, Err(error)) => self.error.set(Some(error)),
        }
    }

    fn shut_down_write(&self) {
        if self.kind == DescriptorKind::Socket
            && let Ok(fd) = self.fd()
        {
            // ENOTCONN: the peer was faster; there is nothing left to shut down.
            let _ = shutdown(fd.as_fd(), Shutdown::Write);
        }
    }

    fn close(&self) {
        // Each is dropped outside its cell: dropping may run the handler's or the owner's own code.
        let source = self.source.take();
        drop(source);
        let descriptor = self.descriptor.take();
        drop(descriptor);
        self.queue.borrow_mut().clear();
        let handler = self.handler.take();
        drop(handler);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Turns the events of the registration into calls of the stream's handler.
struct Dispatch(Weak<StreamInner>);

impl IoHandler for Dispatch {
    fn ready(&self, readiness: Readiness) {
        let Some(inner) = self.0.upgrade() else {
            return;
        };
        if readiness.contains(Readiness::WRITE) && inner.blocked.replace(false) {
            inner.flush_deferred();
        }
        if readiness.contains(Readiness::READ) && !inner.paused.get() && !inner.at_end.get() {
            let handler = inner.handler.borrow().clone();
            if let Some(handler) = handler {
                handler.readable();
                inner.call_again_if_readable();
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let inner = &self.0;
        let fd = inner.fd()?;
        let source = inner.source.borrow();
        let Some(source) = source.as_ref() else {
            return Poll::Ready(Ok(()));
        };
        source.poll_io(Readiness::READ, context, || {
            let wanted = buffer.remaining();
            let count = receive_into(fd.as_fd(), buffer)?;
            inner.traffic.add_received(count);
            if count < wanted && count > 0 {
                source.note_short_read(inner.boundaries != Boundaries::None);
            }
            Ok(())
        })
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let inner = &self.0;
        if let Some(error) = inner.error.take() {
            return Poll::Ready(Err(error));
        }
        if inner.queue.borrow().len() > 0 && self.poll_queue_sent(context)?.is_pending() {
            return Poll::Pending;
        }
        let fd = inner.fd()?;
        let source = inner.source.borrow();
        let Some(source) = source.as_ref() else {
            return Poll::Ready(Ok(0));
        };
        source.poll_io(Readiness::WRITE, context, || {
            match send_some(fd.as_fd(), data, inner.kind)? {
                0 if !data.is_empty() => Err(io::ErrorKind::WouldBlock.into()),
                sent => {
                    inner.traffic.add_sent(sent);
                    Ok(sent)
                }
            }
        })
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_queue_sent(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.poll_queue_sent(context)? {
            Poll::Ready(()) => {
                self.0.shut_down_write();
                Poll::Ready(Ok(()))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Stream {
    /// Ready when what the callback interface queued is sent.
    fn poll_queue_sent(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let inner = &self.0;
        if let Some(error) = inner.error.take() {
            return Poll::Ready(Err(error));
        }
        while inner.queue.borrow().len() > 0 {
            if inner.blocked.get() {
                let writable = inner
                    .source
                    .borrow()
                    .as_ref()
                    .map(|source| source.poll_writable(context));
                match writable {
                    Some(Poll::Pending) => return Poll::Pending,
                    Some(Poll::Ready(())) | None => inner.blocked.set(false),
                }
            }
            inner.send_queue()?;
        }
        Poll::Ready(Ok(()))
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Stream")
            .field("queued", &self.queued())
            .finish_non_exhaustive()
    }
}

pub(super) fn new_socket(family: AddressFamily) -> io::Result<OwnedFd> {
    Ok(socket_with(
        family,
        SocketType::STREAM,
        SocketFlags::NONBLOCK | SocketFlags::CLOEXEC,
        None,
    )?)
}
