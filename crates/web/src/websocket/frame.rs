//! Frames of RFC 6455, section 5: headers written, headers read, masks applied.
//!
//! Pure functions over bytes: no I/O, no state. A client masks what it sends, and a server does not.

use crate::{Error, ErrorKind, Result};

/// Which side of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Server,
}

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Opcode> {
        Some(match bits {
            0 => Opcode::Continuation,
            1 => Opcode::Text,
            2 => Opcode::Binary,
            8 => Opcode::Close,
            9 => Opcode::Ping,
            10 => Opcode::Pong,
            _ => return None,
        })
    }

    fn bits(self) -> u8 {
        match self {
            Opcode::Continuation => 0,
            Opcode::Text => 1,
            Opcode::Binary => 2,
            Opcode::Close => 8,
            Opcode::Ping => 9,
            Opcode::Pong => 10,
        }
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

/// The longest payload of a control frame.
pub(crate) const LONGEST_CONTROL: usize = 125;

const FINAL: u8 = 0x80;
const RESERVED_1: u8 = 0x40;
const RESERVED_2_AND_3: u8 = 0x30;
const MASKED: u8 = 0x80;

/// The header of a frame from the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) opcode: Opcode,
    pub(super) is_final: bool,
    /// RSV1: the message is compressed.
    pub(super) compressed: bool,
    /// Bytes of the header itself.
    pub(super) header_length: usize,
    pub(super) payload_length: usize,
    /// What the payload is masked with; a client's is.
    pub(super) mask: Option<[u8; 4]>,
}

impl Header {
    /// The header at the start of `bytes`, which our peer sent; `None` while it is not here as a whole.
    pub(super) fn parse(bytes: &[u8], role: Role) -> Result<Option<Header>> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        match (role, second & MASKED != 0) {
            (Role::Client, true) => return Err(broken("the server masked a frame")),
            (Role::Server, false) => return Err(broken("the client did not mask a frame")),
            _ => {}
        }
        if first & RESERVED_2_AND_3 != 0 {
            return Err(broken("a frame has reserved bits"));
        }
        let opcode = Opcode::from_bits(first & 0x0f)
            .ok_or_else(|| broken(&format!("a frame has the unknown opcode {}", first & 0x0f)))?;
        let (length_bytes, payload_length) = match (second & 0x7f, rest) {
            (126, &[a, b, ..]) => (2, u64::from(u16::from_be_bytes([a, b]))),
            (127, &[a, b, c, d, e, f, g, h, ..]) => {
                (8, u64::from_be_bytes([a, b, c, d, e, f, g, h]))
            }
            (126 | 127, _) => return Ok(None),
            (length, _) => (0, u64::from(length)),
        };
        let mask = match (role, rest.get(length_bytes..)) {
            (Role::Client, _) => None,
            (Role::Server, Some(&[a, b, c, d, ..])) => Some([a, b, c, d]),
            (Role::Server, _) => return Ok(None),
        };
        let header = Header {
            opcode,
            is_final: first & FINAL != 0,
            compressed: first & RESERVED_1 != 0,
            header_length: 2 + length_bytes + mask.map_or(0, |mask| mask.len()),
            mask,
            payload_length: usize::try_from(payload_length)
                .map_err(|_| broken("a frame is longer than memory"))?,
        };
        header.check(payload_length, length_bytes)?;
        Ok(Some(header))
    }

    fn check(&self, payload_length: u64, length_bytes: usize) -> Result<()> {
        if payload_length >> 63 != 0 {
            return Err(broken("a frame's length has its highest bit set"));
        }
        let least = match length_bytes {
            2 => 126,
            8 => 65536,
            _ => 0,
        };
        if payload_length < least {
            return Err(broken("a frame's length is not in its shortest form"));
        }
        if self.opcode.is_control()
            && (!self.is_final || self.compressed || self.payload_length > LONGEST_CONTROL)
        {
            return Err(broken(
                "a control frame is fragmented, compressed or too long",
            ));
        }
        Ok(())
    }
}

/// Appends a whole frame to `output`, masked as a client's has to be.
pub(super) fn append_frame(
    output: &mut Vec<u8>,
    opcode: Opcode,
    compressed: bool,
    payload: &[u8],
    mask: [u8; 4],
) {
    output.reserve(payload.len() + 14);
    append_header(output, opcode, compressed, payload.len(), MASKED);
    output.extend_from_slice(&mask);
    let start = output.len();
    output.extend_from_slice(payload);
    apply_mask(&mut output[start..], mask);
}

/// Appends the header of a frame as a server sends it; its payload, of `length` bytes, goes behind it.
pub(crate) fn append_plain_header(
    output: &mut Vec<u8>,
    opcode: Opcode,
    compressed: bool,
    length: usize,
) {
    append_header(output, opcode, compressed, length, 0);
}

fn append_header(
    output: &mut Vec<u8>,
    opcode: Opcode,
    compressed: bool,
    length: usize,
    masked: u8,
) {
    let flag = if compressed { RESERVED_1 } else { 0 };
    output.push(FINAL | flag | opcode.bits());
    match length {
        0..=125 => output.push(masked | length as u8),
        126..=65535 => {
            output.push(masked | 126);
            output.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            output.push(masked | 127);
            output.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// XORs `bytes` with the repeated mask, eight at a time; the compiler turns the loop into vector instructions.
pub(super) fn apply_mask(bytes: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut words = bytes.chunks_exact_mut(8);
    for word in &mut words {
        let masked = u64::from_ne_bytes(word.try_into().expect("chunks of eight")) ^ wide;
        word.copy_from_slice(&masked.to_ne_bytes());
    }
    for (byte, key) in words.into_remainder().iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}

/// Whether a close frame may have this code (RFC 6455, section 7.4, and what was registered since).
pub(super) fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// The peer does not keep to RFC 6455.
pub(super) fn broken(what: &str) -> Error {
    Error::new(ErrorKind::Protocol, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What our peer would send.
    fn sent_to(role: Role, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        if role == Role::Server {
            append_frame(&mut bytes, Opcode::Binary, false, payload, [1, 2, 3, 4]);
        } else {
            append_plain_header(&mut bytes, Opcode::Binary, false, payload.len());
            bytes.extend_from_slice(payload);
        }
        bytes
    }

    #[test]
    fn a_header_is_read_back_at_every_length_and_never_before_it_is_whole() {
        for role in [Role::Client, Role::Server] {
            for length in [0, 1, 125, 126, 127, 65535, 65536, 100_000] {
                let bytes = sent_to(role, &vec![7; length]);
                let header = Header::parse(&bytes, role).unwrap().unwrap();
                assert_eq!((header.payload_length, header.is_final), (length, true));
                assert_eq!(header.header_length + length, bytes.len());
                for cut in 0..header.header_length {
                    let parsed = Header::parse(&bytes[..cut], role).unwrap();
                    assert_eq!(parsed, None, "{length} cut at {cut}");
                }
            }
        }
        let unmasked = sent_to(Role::Client, b"a");
        assert!(
            Header::parse(&unmasked, Role::Server)
                .unwrap_err()
                .is_protocol()
        );
    }

    #[test]
    fn frames_that_break_the_rfc_are_refused() {
        let cases: [&[u8]; 8] = [
            &[0x81, 0x80, 0, 0, 0, 0],
            &[0x91, 0x00],
            &[0x83, 0x00],
            &[0x8b, 0x00],
            &[0x09, 0x00],
            &[0x89, 126, 0, 126],
            &[0x82, 126, 0, 125],
            &[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
        ];
        for bytes in cases {
            assert!(
                Header::parse(bytes, Role::Client)
                    .unwrap_err()
                    .is_protocol(),
                "{bytes:x?}"
            );
        }
        let too_long = [0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0];
        assert!(Header::parse(&too_long, Role::Client).is_err());
    }

    #[test]
    fn masking_twice_gives_the_bytes_back() {
        for length in 0..40 {
            let original: Vec<u8> = (0..length).collect();
            let mut bytes = original.clone();
            apply_mask(&mut bytes, [1, 2, 3, 250]);
            assert!(
                bytes
                    .iter()
                    .zip(&original)
                    .enumerate()
                    .all(|(index, (masked, plain))| masked ^ plain == [1, 2, 3, 250][index % 4])
            );
            apply_mask(&mut bytes, [1, 2, 3, 250]);
            assert_eq!(bytes, original);
        }
    }
}
