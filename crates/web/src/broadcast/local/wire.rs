//! One connection between two members, and its frames.
//!
//! A frame is its length (4 bytes, of what follows), its kind (1 byte) and its content; numbers are big-endian. What is written leaves at the end
//! of the turn, with all else of the turn. BOUNDED: a frame has a longest length; what waits to be read stays in the socket while inboxes are full.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::{Rc, Weak};

use bytes::{Buf, Bytes, BytesMut};
use twinloop_loop::net::{Stream, StreamHandler};

use super::node::Node;
use crate::broadcast::packet::{HEAD, LONGEST_BODY};

/// The most that one read takes.
const SCRATCH: usize = 64 * 1024;

/// A frame with the longest packet and the longest topic.
const LONGEST_FRAME: usize = LONGEST_BODY + HEAD + 4096;

/// Of the protocol: members of another version are left alone.
pub(super) const VERSION: u8 = 1;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH]);
}

/// What members say to each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The first one: the version and who speaks.
    Hello { version: u8, node: u64 },
    /// The speaker wants to hear of a topic.
    Join { token: u32, topic: String },
    /// It does not any more.
    Leave { topic: String },
    /// It has said all that it wants to hear so far.
    Ready { token: u32 },
    /// It knows what the other wants to hear, up to this token.
    Joined { token: u32 },
    /// A packet of a topic.
    Packet { topic: String, packet: Bytes },
}

impl Frame {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        match self {
            Frame::Hello { version, node } => {
                bytes.extend([1, *version]);
                bytes.extend(node.to_be_bytes());
            }
            Frame::Join { token, topic } => {
                bytes.push(2);
                bytes.extend(token.to_be_bytes());
                bytes.extend(topic.as_bytes());
            }
            Frame::Leave { topic } => {
                bytes.push(3);
                bytes.extend(topic.as_bytes());
            }
            Frame::Ready { token } => {
                bytes.push(4);
                bytes.extend(token.to_be_bytes());
            }
            Frame::Joined { token } => {
                bytes.push(5);
                bytes.extend(token.to_be_bytes());
            }
            Frame::Packet { topic, packet } => return packet_frame(topic, packet),
        }
        with_length(bytes)
    }

    /// The frame of this content; `None` for one that nobody here would have sent.
    fn read(mut content: Bytes) -> Option<Frame> {
        let kind = content.try_get_u8().ok()?;
        let text = |content: Bytes| String::from_utf8(content.into()).ok();
        Some(match kind {
            1 => Frame::Hello {
                version: content.try_get_u8().ok()?,
                node: content.try_get_u64().ok()?,
            },
            2 => Frame::Join {
                token: content.try_get_u32().ok()?,
                topic: text(content)?,
            },
            3 => Frame::Leave {
                topic: text(content)?,
            },
            4 => Frame::Ready {
                token: content.try_get_u32().ok()?,
            },
            5 => Frame::Joined {
                token: content.try_get_u32().ok()?,
            },
            6 => {
                let length = usize::from(content.try_get_u16().ok()?);
                if length > content.len() {
                    return None;
                }
                let topic = content.split_to(length);
                Frame::Packet {
                    topic: text(topic)?,
                    packet: content,
                }
            }
            _ => return None,
        })
    }
}

/// The frame of a packet, whose topic has at most 65,535 bytes.
pub(super) fn packet_frame(topic: &str, packet: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(7 + topic.len() + packet.len());
    bytes.extend([0, 0, 0, 0, 6]);
    bytes.extend((topic.len() as u16).to_be_bytes());
    bytes.extend(topic.as_bytes());
    bytes.extend(packet);
    with_length(bytes)
}

fn with_length(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = (bytes.len() - 4) as u32;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

/// A connection.
pub(super) struct Wire {
    stream: Stream,
    node: Weak<Node>,
    /// Who is at the other end, once that is known.
    peer: Cell<Option<u64>>,
    arrived: RefCell<BytesMut>,
}

/// What the stream tells, without owning its owner.
struct Ear(Weak<Wire>);

impl Wire {
    pub(super) fn new(stream: Stream, node: &Rc<Node>, peer: Option<u64>) -> Rc<Wire> {
        let wire = Rc::new(Wire {
            stream,
            node: Rc::downgrade(node),
            peer: Cell::new(peer),
            arrived: RefCell::default(),
        });
        let ear = Rc::new(Ear(Rc::downgrade(&wire)));
        wire.stream.set_handler(Some(ear));
        wire
    }

    pub(super) fn peer(&self) -> Option<u64> {
        self.peer.get()
    }

    pub(super) fn is_of(&self, peer: u64) {
        self.peer.set(Some(peer));
    }

    /// Queues a frame; a failure is told by the stream as the end of the connection.
    pub(super) fn send(&self, frame: &[u8]) {
        // The read side hears of it too, and takes the peer away.
        let _ = self.stream.write(frame);
    }

    pub(super) fn queued(&self) -> usize {
        self.stream.queued()
    }

    pub(super) fn resume(&self) {
        self.stream.resume_reading();
    }

    pub(super) fn close(&self) {
        self.stream.set_handler(None);
        self.stream.close();
    }

    /// Reads once and acts on the frames that are whole; false at the end.
    fn read(self: &Rc<Wire>, node: &Rc<Node>) -> bool {
        let read = BUFFER.with_borrow_mut(|buffer| {
            let count = self.stream.read_once(buffer)?;
            self.arrived
                .borrow_mut()
                .extend_from_slice(&buffer[..count]);
            Ok::<_, io::Error>(count)
        });
        match read {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
            Err(_) => return false,
        }
        loop {
            let content = {
                let mut arrived = self.arrived.borrow_mut();
                let Some(length) = arrived.first_chunk::<4>() else {
                    return true;
                };
                let length = u32::from_be_bytes(*length) as usize;
                if length > LONGEST_FRAME {
                    return false;
                }
                if arrived.len() < 4 + length {
                    return true;
                }
                arrived.advance(4);
                arrived.split_to(length).freeze()
            };
            let Some(frame) = Frame::read(content) else {
                return false;
            };
            if !node.hears(self, frame) {
                return false;
            }
        }
    }
}

impl StreamHandler for Ear {
    fn readable(&self) {
        let Some(wire) = self.0.upgrade() else { return };
        let Some(node) = wire.node.upgrade() else {
            return;
        };
        if !wire.read(&node) {
            node.loses(&wire);
        } else if !node.has_room() {
            wire.stream.pause_reading();
        }
    }

    fn flushed(&self) {
        if let Some(wire) = self.0.upgrade()
            && let Some(node) = wire.node.upgrade()
        {
            node.has_sent(&wire);
        }
    }

    fn failed(&self, _error: io::Error) {
        if let Some(wire) = self.0.upgrade()
            && let Some(node) = wire.node.upgrade()
        {
            node.loses(&wire);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_read_as_they_were_written_and_others_do_not() {
        let topic = || "a topic".to_owned();
        for frame in [
            Frame::Hello {
                version: 1,
                node: u64::MAX,
            },
            Frame::Join {
                token: 7,
                topic: topic(),
            },
            Frame::Leave { topic: topic() },
            Frame::Ready { token: 9 },
            Frame::Joined { token: 9 },
            Frame::Packet {
                topic: topic(),
                packet: Bytes::from_static(b"packet"),
            },
        ] {
            let bytes = Bytes::from(frame.bytes());
            assert_eq!(bytes[..4], ((bytes.len() - 4) as u32).to_be_bytes());
            assert_eq!(Frame::read(bytes.slice(4..)), Some(frame));
        }
        for bytes in [
            &b""[..],
            b"\x00",
            b"\x01\x01",
            b"\x02\0\0",
            b"\x03\xff",
            b"\x06\0\x05abc",
            b"\x09",
        ] {
            assert_eq!(Frame::read(Bytes::copy_from_slice(bytes)), None);
        }
    }
}
