//! Frames on the wire (RFC 9113, 4 and 6).

/// What a client says first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const HEAD: usize = 9;
/// The largest payload that everybody must take.
pub(super) const LEAST_MAX_FRAME: u32 = 16_384;
pub(super) const MOST_MAX_FRAME: u32 = 16_777_215;
pub(super) const MOST_WINDOW: i64 = 2_147_483_647;
pub(super) const DEFAULT_WINDOW: u32 = 65_535;
/// The largest number of a stream.
pub(super) const LAST_STREAM: u32 = 2_147_483_647;

/// Types of frames.
pub(super) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const PRIORITY: u8 = 2;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const PUSH_PROMISE: u8 = 5;
    pub(crate) const PING: u8 = 6;
    pub(crate) const GOAWAY: u8 = 7;
    pub(crate) const WINDOW_UPDATE: u8 = 8;
    pub(crate) const CONTINUATION: u8 = 9;
    pub(crate) const ALTSVC: u8 = 10;
    pub(crate) const ORIGIN: u8 = 12;
}

/// Flags of frames.
pub(super) mod flag {
    pub(crate) const ACK: u8 = 1;
    pub(crate) const END_STREAM: u8 = 1;
    pub(crate) const END_HEADERS: u8 = 4;
    pub(crate) const PADDED: u8 = 8;
    pub(crate) const PRIORITY: u8 = 32;
}

/// Numbers of settings.
pub mod setting {
    /// The size of the table that fields of this side are read with.
    pub const HEADER_TABLE_SIZE: u16 = 1;
    /// Whether a server may push.
    pub const ENABLE_PUSH: u16 = 2;
    /// How many streams the other side may have open.
    pub const MAX_CONCURRENT_STREAMS: u16 = 3;
    /// The window of a new stream.
    pub const INITIAL_WINDOW_SIZE: u16 = 4;
    /// The largest payload of a frame.
    pub const MAX_FRAME_SIZE: u16 = 5;
    /// The largest list of fields.
    pub const MAX_HEADER_LIST_SIZE: u16 = 6;
    /// Whether CONNECT may name a protocol (RFC 8441).
    pub const ENABLE_CONNECT_PROTOCOL: u16 = 8;
    /// Whether priorities are those of RFC 9218 alone.
    pub const NO_RFC7540_PRIORITIES: u16 = 9;
}

/// The head of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl Head {
    pub(super) fn read(bytes: &[u8; HEAD]) -> Head {
        let [a, b, c, kind, flags, stream @ ..] = *bytes;
        Head {
            length: u32::from_be_bytes([0, a, b, c]) as usize,
            kind,
            flags,
            stream: u32::from_be_bytes(stream) & LAST_STREAM,
        }
    }

    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// What is to be sent.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// Frames, one after the other.
    pub(super) bytes: Vec<u8>,
    /// How many were begun, those that have been taken as well.
    pub(super) frames: u64,
}

impl std::ops::Deref for Output {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl std::ops::DerefMut for Output {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

/// Adds the head of a frame.
pub(super) fn write_head(out: &mut Output, length: usize, kind: u8, flags: u8, stream: u32) {
    out.frames += 1;
    let length = (length as u32).to_be_bytes();
    out.extend_from_slice(&[length[1], length[2], length[3], kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
}

/// The number of four bytes at this place of a payload, which is known to have them.
pub(super) fn word(payload: &[u8], at: usize) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&payload[at..at + 4]);
    u32::from_be_bytes(bytes)
}
