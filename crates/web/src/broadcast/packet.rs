//! What travels: a head that says whose message it is and the how manieth, and a body that only the languages read.
//!
//! A member numbers what it posts. So whoever receives knows what came twice, after a connection was cut, and how much is missing.

use bytes::Bytes;

use crate::{Error, ErrorKind, Result};

/// The longest body of a message.
pub const LONGEST_BODY: usize = 16 * 1024 * 1024;

/// Of the head.
pub(super) const HEAD: usize = 22;

const VERSION: u8 = 1;

/// A member among all, of any process: the number that its link has drawn, and its own there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sender {
    pub(super) node: u64,
    pub(super) member: u32,
}

/// What a packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    /// No message, but the number of the last one: some before it were left out.
    Mark,
}

/// A packet taken apart.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) kind: Kind,
    pub(super) sender: Sender,
    pub(super) number: u64,
    pub(super) body: Bytes,
}

/// The bytes of a packet.
pub(super) fn write(kind: Kind, sender: Sender, number: u64, body: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(HEAD + body.len());
    bytes.push(VERSION);
    bytes.push(kind as u8);
    bytes.extend_from_slice(&sender.node.to_be_bytes());
    bytes.extend_from_slice(&sender.member.to_be_bytes());
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes.extend_from_slice(body);
    Bytes::from(bytes)
}

/// The packet in these bytes.
///
/// # Errors
/// `is_decode()` when they are none, as what another program has published.
pub(super) fn read(bytes: &Bytes) -> Result<Packet> {
    let unreadable = |what: &str| {
        let message = format!(
            "a message of {} bytes is not one of Twinloop's: {what}",
            bytes.len()
        );
        Error::new(ErrorKind::Decode, message)
    };
    let Some((head, _)) = bytes.split_first_chunk::<HEAD>() else {
        return Err(unreadable("it is too short"));
    };
    if head[0] != VERSION {
        return Err(unreadable("it begins otherwise"));
    }
    let kind = match head[1] {
        0 => Kind::Message,
        1 => Kind::Mark,
        _ => return Err(unreadable("its kind is unknown")),
    };
    let number = |from: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&head[from..from + 8]);
        u64::from_be_bytes(bytes)
    };
    let member = u32::from_be_bytes([head[10], head[11], head[12], head[13]]);
    Ok(Packet {
        kind,
        sender: Sender {
            node: number(2),
            member,
        },
        number: number(14),
        body: bytes.slice(HEAD..),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_reads_as_it_was_written_and_other_bytes_do_not() {
        let sender = Sender {
            node: 0x0102_0304_0506_0708,
            member: 9,
        };
        let bytes = write(Kind::Mark, sender, u64::MAX, b"body");
        let packet = read(&bytes).unwrap();
        assert_eq!((packet.kind, packet.sender), (Kind::Mark, sender));
        assert_eq!((packet.number, &packet.body[..]), (u64::MAX, &b"body"[..]));
        for other in [&b"{\"a\":1}"[..], b"", &[1; 21], &[3; 22], &[2; 40]] {
            assert!(
                read(&Bytes::copy_from_slice(other))
                    .unwrap_err()
                    .is_decode()
            );
        }
    }
}
