//! What a connection's bytes go through: the socket, and TLS over it if there is any.
//!
//! Told of by a handler, not polled: bytes are read into buffers of the thread, which are free again before anybody runs who may read, and
//! what is written leaves at the end of the turn. Loop thread only.

use std::any::Any;
use std::cell::{OnceCell, RefCell};
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use rustls::{ServerConfig, ServerConnection};
use twinloop_loop::net::{Kept, Stream, StreamHandler};

use super::exchange::Content;
use super::tls::Agreed;
use crate::{REUSED_SIZE, Reused};

/// The most that one read takes from a socket: a request whose body is 64 KiB comes with one, head and all, and so does the longest that is awaited.
pub(super) const MOST: usize = 128 * 1024 + 8 * 1024;

/// The largest record of TLS, with its head and all that ciphers add (RFC 8446, 5.2): so much may be held of one that is not complete. There is room
/// for it behind a read, as what comes out of it must have its place: the session is not asked again before more comes from the socket.
const RECORD: usize = 16 * 1024 + 5 + 256;

const _: () = assert!(MOST + RECORD <= REUSED_SIZE);

/// Where bodies begin that come into memory of their own: a language's arrays of numbers have such places.
const ALIGNMENT: usize = 8;

/// For a request that is expected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// How long it may be, its head included.
    pub(super) bytes: usize,
    /// How long its head is, most likely.
    pub(super) head: usize,
}

/// What a read came to.
pub(super) enum Received {
    /// So many bytes at the beginning of the buffer.
    Bytes(Reused, usize),
    /// Bytes that may be kept, and how much memory that takes.
    Own(Bytes, usize),
    /// Nothing that concerns anybody but TLS.
    Nothing,
    /// The peer sends no more.
    End,
}

impl Received {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Received::Bytes(memory, count) => &memory[..*count],
            Received::Own(bytes, _) => bytes,
            _ => &[],
        }
    }

    /// A part of the bytes without a copy, if they may be kept and it is most of what that takes.
    pub(super) fn keep(&self, range: Range<usize>) -> Option<Bytes> {
        match self {
            Received::Own(bytes, size) if range.len() > size / 2 => Some(bytes.slice(range)),
            _ => None,
        }
    }
}

/// A connected socket with or without TLS.
pub(super) struct Link {
    stream: Stream,
    /// In a place of its own: a connection without it has no room for what is a kilobyte.
    tls: Option<Box<RefCell<ServerConnection>>>,
    /// What a handler keeps with the connection.
    note: OnceCell<Rc<dyn Any>>,
}

impl Link {
    pub(super) fn plain(stream: Stream) -> Link {
        Link {
            stream,
            tls: None,
            note: OnceCell::new(),
        }
    }

    pub(super) fn tls(stream: Stream, config: Arc<ServerConfig>) -> io::Result<Link> {
        let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
        // What is written waits in the socket's queue, which has its limit.
        session.set_buffer_limit(None);
        Ok(Link {
            stream,
            tls: Some(Box::new(RefCell::new(session))),
            note: OnceCell::new(),
        })
    }

    pub(super) fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// What TLS has agreed on.
    pub(super) fn agreed(&self) -> Option<Agreed> {
        Some(Agreed::of(&self.tls.as_ref()?.borrow()))
    }

    pub(super) fn has_agreed_on_http2(&self) -> bool {
        (self.tls.as_ref()).is_some_and(|session| session.borrow().alpn_protocol() == Some(b"h2"))
    }

    /// The name that the client asked for.
    pub(super) fn server_name(&self) -> Option<String> {
        let session = self.tls.as_ref()?.borrow();
        session.server_name().map(str::to_owned)
    }

    pub(super) fn note(&self) -> &OnceCell<Rc<dyn Any>> {
        &self.note
    }

    pub(super) fn set_handler(&self, handler: Option<Rc<dyn StreamHandler>>) {
        self.stream.set_handler(handler);
    }

    pub(super) fn peer_addr(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }

    pub(super) fn local_addr(&self) -> Option<SocketAddr> {
        self.stream.local_addr().ok()
    }

    /// As [`Link::receive`], into memory of its own where there is no TLS; behind a head as long as expected the body begins at a multiple of [`ALIGNMENT`].
    pub(super) fn receive_own(&self, room: Room) -> io::Result<Received> {
        if self.is_secure() {
            return self.receive();
        }
        let before = room.head.next_multiple_of(ALIGNMENT) - room.head;
        let mut memory = Vec::with_capacity(before + room.bytes);
        memory.resize(before, 0);
        match self.stream.read_once_into(&mut memory) {
            Ok(0) => Ok(Received::End),
            Ok(_) => Ok(Received::Own(
                Bytes::from(memory).slice(before..),
                room.bytes,
            )),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Received::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Reads once from the socket.
    pub(super) fn receive(&self) -> io::Result<Received> {
        let mut memory = Reused::take();
        let count = match self.stream.read_once(&mut memory[..MOST]) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Ok(Received::Nothing);
            }
            Err(error) => return Err(error),
        };
        let Some(session) = &self.tls else {
            return Ok(match count {
                0 => Received::End,
                _ => Received::Bytes(memory, count),
            });
        };
        let session = &mut *session.borrow_mut();
        if count == 0 {
            return Ok(Received::End);
        }
        let outcome = Link::decrypt(session, &memory[..count]);
        // An alert tells the peer why, also when this failed.
        self.send_records(session)?;
        let (plain, length, at_end) = outcome?;
        Ok(match (length, at_end) {
            (0, true) => Received::End,
            (0, false) => Received::Nothing,
            _ => Received::Bytes(plain, length),
        })
    }

    fn decrypt(
        session: &mut ServerConnection,
        mut records: &[u8],
    ) -> io::Result<(Reused, usize, bool)> {
        let mut plain = Reused::take();
        let mut length = 0;
        let mut at_end = false;
        while !records.is_empty() && !at_end {
            session.read_tls(&mut records)?;
            let state = session
                .process_new_packets()
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            at_end = state.peer_has_closed();
            while length < plain.len() {
                match session.reader().read(&mut plain[length..]) {
                    Ok(0) => break,
                    Ok(count) => length += count,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok((plain, length, at_end))
    }

    fn send_records(&self, session: &mut ServerConnection) -> io::Result<()> {
        if !session.wants_write() {
            return Ok(());
        }
        let mut records = Vec::new();
        while session.wants_write() {
            session.write_tls(&mut records)?;
        }
        self.stream.write(&records)
    }

    /// Sends a copy of `bytes` after what is queued.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let Some(session) = &self.tls else {
            return self.stream.write(bytes);
        };
        let session = &mut *session.borrow_mut();
        session.writer().write_all(bytes)?;
        self.send_records(session)
    }

    /// As [`Link::write`], without a copy of what may be kept where there is no TLS.
    pub(super) fn write_content(&self, content: Content<'_>) -> io::Result<()> {
        match content {
            Content::Shared(bytes) if self.tls.is_none() => {
                (self.stream).write_kept(bytes, || Box::new(bytes.clone()) as Kept)
            }
            _ => self.write(&content),
        }
    }

    /// Whether bytes of a file can go to the socket as they are.
    pub(super) fn sends_files(&self) -> bool {
        self.tls.is_none()
    }

    /// Sends bytes of a file behind what is queued: how many, see [`Stream::send_file`].
    pub(super) fn send_file(&self, file: &File, offset: u64, length: u64) -> io::Result<u64> {
        self.stream.send_file(file, offset, length)
    }

    /// Bytes that the system has not taken yet.
    pub(super) fn queued(&self) -> usize {
        self.stream.queued()
    }

    /// Whether the system has taken no more lately.
    pub(super) fn is_blocked(&self) -> bool {
        self.stream.is_blocked()
    }

    pub(super) fn pause(&self) {
        self.stream.pause_reading();
    }

    pub(super) fn resume(&self) {
        self.stream.resume_reading();
    }

    /// Nothing more will be written: says so to the peer after what is queued.
    pub(super) fn end(&self) {
        if let Some(session) = &self.tls {
            let session = &mut *session.borrow_mut();
            session.send_close_notify();
            let _ = self.send_records(session);
        }
        self.stream.shutdown_write_when_flushed();
    }

    /// Sends what is queued, as far as the client takes it now.
    pub(super) fn flush(&self) {
        let _ = self.stream.flush_now();
    }

    /// Closes the socket without sending what is queued.
    pub(super) fn close(&self) {
        self.stream.close();
    }
}
