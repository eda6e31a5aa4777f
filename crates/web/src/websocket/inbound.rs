//! Bytes in, messages out: frames put together, unmasked, decompressed, checked.
//!
//! No I/O: the connection reads into [`Inbound::space`] and takes events. It holds one read buffer (4 to 64 KiB) and one
//! unfinished message, which has a limit that holds before and after decompression (rule BOUNDED).

use super::Message;
use super::deflate::{Deflate, too_big};
use super::frame::{Header, Opcode, Role, apply_mask, broken, may_be_sent};
use crate::{Error, ErrorKind, Result};
use bytes::Bytes;

const SMALLEST_BUFFER: usize = 4 * 1024;
const LARGEST_BUFFER: usize = 64 * 1024;

/// What arrived.
#[derive(Debug)]
pub(crate) enum Event {
    Message(Message),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close { code: Option<u16>, reason: String },
}

/// The receiving half of a connection's state.
pub(crate) struct Inbound {
    /// Received bytes are `buffer[start..end]`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The data frame whose payload is arriving, and how much of it is missing.
    frame: Option<(Header, usize)>,
    /// The message whose frames are arriving: its kind and whether it is compressed.
    kind: Option<(Opcode, bool)>,
    message: Vec<u8>,
    /// So many bytes of it are known to be text.
    text: usize,
    limit: usize,
    role: Role,
}

impl Inbound {
    /// Nothing yet. It has a buffer only while a frame is incomplete: of many connections most wait.
    pub(crate) fn empty(limit: usize, role: Role) -> Inbound {
        Inbound {
            buffer: Vec::new(),
            start: 0,
            end: 0,
            frame: None,
            kind: None,
            message: Vec::new(),
            text: 0,
            limit,
            role,
        }
    }

    /// Takes bytes that were read elsewhere. Call [`Inbound::next`] until it wants more.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if self.start == self.end {
            self.buffer.clear();
            if self.buffer.capacity() > SMALLEST_BUFFER {
                self.buffer = Vec::new();
            }
        } else {
            self.buffer.truncate(self.end);
            self.buffer.drain(..self.start);
        }
        self.buffer.extend_from_slice(bytes);
        self.start = 0;
        self.end = self.buffer.len();
    }

    /// Whether everything that came has been handed on.
    pub(crate) fn is_between_messages(&self) -> bool {
        self.start == self.end && self.frame.is_none() && self.kind.is_none()
    }

    /// Goes on with the messages of another connection, between two of this one's.
    pub(crate) fn begin_anew(&mut self, limit: usize) {
        debug_assert!(self.is_between_messages());
        self.limit = limit;
    }

    /// Begins with what came together with the handshake.
    pub(crate) fn new(received: &[u8], limit: usize, role: Role) -> Inbound {
        let mut buffer = vec![0; SMALLEST_BUFFER.max(received.len())];
        buffer[..received.len()].copy_from_slice(received);
        Inbound {
            buffer,
            start: 0,
            end: received.len(),
            frame: None,
            kind: None,
            message: Vec::new(),
            text: 0,
            limit,
            role,
        }
    }

    /// Where the next bytes go. Call [`Inbound::received`] with their number.
    pub(super) fn space(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        &mut self.buffer[self.end..]
    }

    /// Takes note of bytes read into the space. A read that filled it makes the next one larger.
    pub(super) fn received(&mut self, count: usize) {
        self.end += count;
        if self.end == self.buffer.len() && self.buffer.len() < LARGEST_BUFFER {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
    }

    /// The next event in what has been received; `None` when more bytes are needed.
    pub(crate) fn next(&mut self, deflate: &mut Option<Deflate>) -> Result<Option<Event>> {
        loop {
            if let Some((header, missing)) = self.frame {
                let taken = missing.min(self.end - self.start);
                let before = self.message.len();
                self.message
                    .extend_from_slice(&self.buffer[self.start..self.start + taken]);
                if let Some(mask) = header.mask {
                    let at = header.payload_length - missing;
                    apply_mask(&mut self.message[before..], turned(mask, at));
                }
                self.start += taken;
                if taken < missing || !header.is_final {
                    self.check_text()?;
                }
                if taken < missing {
                    self.frame = Some((header, missing - taken));
                    return Ok(None);
                }
                self.frame = None;
                if header.is_final {
                    return self
                        .finish_message(deflate)
                        .map(|message| Some(Event::Message(message)));
                }
                continue;
            }
            let Some(header) = Header::parse(&self.buffer[self.start..self.end], self.role)? else {
                return Ok(None);
            };
            if header.opcode.is_control() {
                let length = header.header_length + header.payload_length;
                if self.end - self.start < length {
                    return Ok(None);
                }
                let mut payload =
                    self.buffer[self.start + header.header_length..self.start + length].to_vec();
                if let Some(mask) = header.mask {
                    apply_mask(&mut payload, mask);
                }
                self.start += length;
                return control_event(header.opcode, payload).map(Some);
            }
            self.begin_frame(header, deflate.is_some())?;
        }
    }

    fn begin_frame(&mut self, header: Header, may_compress: bool) -> Result<()> {
        match (header.opcode, self.kind) {
            (Opcode::Continuation, None) => return Err(broken("a continuation continues nothing")),
            (Opcode::Continuation, Some(_)) if header.compressed => {
                return Err(broken("a continuation is marked as compressed"));
            }
            (Opcode::Continuation, Some(_)) => {}
            (_, Some(_)) => return Err(broken("a message begins inside another")),
            (_, None) if header.compressed && !may_compress => {
                return Err(broken("a message is compressed, which was not agreed"));
            }
            (opcode, None) => self.kind = Some((opcode, header.compressed)),
        }
        if self.message.len().saturating_add(header.payload_length) > self.limit {
            return Err(too_big(self.limit));
        }
        // What the peer announces is not yet memory that it has paid for: grow with what arrives.
        self.message
            .reserve(header.payload_length.min(LARGEST_BUFFER));
        self.start += header.header_length;
        self.frame = Some((header, header.payload_length));
        Ok(())
    }

    /// Fails as soon as a text cannot become one any more (RFC 6455, 8.1), where its bytes are seen before its end.
    fn check_text(&mut self) -> Result<()> {
        if !matches!(self.kind, Some((Opcode::Text, false))) {
            return Ok(());
        }
        match std::str::from_utf8(&self.message[self.text..]) {
            Ok(text) => self.text += text.len(),
            // The last character may be cut in two.
            Err(cause) if cause.error_len().is_none() => self.text += cause.valid_up_to(),
            Err(cause) => return Err(no_text().with_source(cause)),
        }
        Ok(())
    }

    fn finish_message(&mut self, deflate: &mut Option<Deflate>) -> Result<Message> {
        let payload = std::mem::take(&mut self.message);
        self.text = 0;
        let (opcode, compressed) = self.kind.take().unwrap_or((Opcode::Binary, false));
        let payload = match deflate {
            Some(deflate) if compressed => deflate.decompress(&payload, self.limit)?,
            _ => payload,
        };
        if opcode == Opcode::Text {
            let text = String::from_utf8(payload).map_err(|cause| no_text().with_source(cause))?;
            return Ok(Message::Text(text));
        }
        Ok(Message::Binary(Bytes::from(payload)))
    }
}

fn no_text() -> Error {
    Error::new(ErrorKind::Decode, "a text message is not utf-8")
}

/// The mask as it goes on behind so many bytes.
fn turned(mut mask: [u8; 4], at: usize) -> [u8; 4] {
    mask.rotate_left(at % 4);
    mask
}

fn control_event(opcode: Opcode, payload: Vec<u8>) -> Result<Event> {
    match opcode {
        Opcode::Ping => Ok(Event::Ping(payload)),
        Opcode::Close => close_event(&payload),
        _ => Ok(Event::Pong(payload)),
    }
}

fn close_event(payload: &[u8]) -> Result<Event> {
    let (code, reason) = match payload {
        [] => {
            return Ok(Event::Close {
                code: None,
                reason: String::new(),
            });
        }
        [_] => return Err(broken("a close frame has half a code")),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
    };
    if !may_be_sent(code) {
        return Err(broken(&format!(
            "a close frame has the code {code}, which may not be sent"
        )));
    }
    let reason = String::from_utf8(reason.to_vec()).map_err(|cause| {
        Error::new(ErrorKind::Decode, "a close reason is not utf-8").with_source(cause)
    })?;
    Ok(Event::Close {
        code: Some(code),
        reason,
    })
}
