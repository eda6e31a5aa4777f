//! The first message of a client (RFC 8446, 4.1.2), read before the library sees it: a server may have to choose its context, find a session or ask for
//! a certificate's state first, which takes turns of the loop that the library does not wait for.

/// What the bytes so far are.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// More of it has to come.
    Incomplete,
    /// No such message, or one that the library shall judge.
    Other,
    /// All of it.
    Hello(Hello),
}

/// What a client says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// The session that it knows; may be empty.
    pub session: Vec<u8>,
    /// Whom it wants to talk to.
    pub server_name: Option<String>,
    /// It wants to know the state of the certificate.
    pub asks_for_status: bool,
    /// It has a ticket of a session.
    pub has_ticket: bool,
    /// The protocols that it speaks, in its order.
    pub protocols: Vec<Vec<u8>>,
    /// The signatures that it can verify, by their numbers.
    pub signatures: Vec<u16>,
}

/// More than any client sends: what is longer is the library's to refuse.
const LONGEST: usize = 64 * 1024;

/// Reads from what came: records of a handshake, one after the other.
pub fn hear(bytes: &[u8]) -> Heard {
    let mut message = Vec::new();
    let mut rest = bytes;
    loop {
        let mut record = Reader(rest);
        let Some(kind) = record.number(1) else {
            return Heard::Incomplete;
        };
        if kind != 22 {
            return Heard::Other;
        }
        let (Some(major), Some(_), Some(length)) =
            (record.number(1), record.number(1), record.number(2))
        else {
            return Heard::Incomplete;
        };
        if major != 3 || length == 0 || length > 16 * 1024 + 256 || message.len() > LONGEST {
            return Heard::Other;
        }
        let Some(part) = record.take(length) else {
            return Heard::Incomplete;
        };
        message.extend_from_slice(part);
        rest = record.0;
        if message[0] != 1 {
            return Heard::Other;
        }
        let mut whole = Reader(&message[1..]);
        if let Some(length) = whole.number(3) {
            if length > LONGEST {
                return Heard::Other;
            }
            if let Some(body) = whole.take(length) {
                return read(body).map_or(Heard::Other, Heard::Hello);
            }
        }
    }
}

fn read(body: &[u8]) -> Option<Hello> {
    let mut body = Reader(body);
    body.take(2 + 32)?;
    let mut hello = Hello {
        session: body.vector(1)?.0.to_vec(),
        ..Hello::default()
    };
    body.vector(2)?;
    body.vector(1)?;
    if body.0.is_empty() {
        return Some(hello);
    }
    let mut extensions = body.vector(2)?;
    while !extensions.0.is_empty() {
        let kind = extensions.number(2)?;
        let mut content = extensions.vector(2)?;
        match kind {
            0 => {
                let mut names = content.vector(2)?;
                while !names.0.is_empty() {
                    let is_host = names.number(1)? == 0;
                    let name = names.vector(2)?;
                    if is_host {
                        hello.server_name = String::from_utf8(name.0.to_vec()).ok();
                    }
                }
            }
            5 => hello.asks_for_status = content.number(1) == Some(1),
            13 => {
                let mut list = content.vector(2)?;
                while let Some(number) = list.number(2) {
                    hello.signatures.push(number as u16);
                }
            }
            16 => {
                let mut list = content.vector(2)?;
                while !list.0.is_empty() {
                    hello.protocols.push(list.vector(1)?.0.to_vec());
                }
            }
            35 => hello.has_ticket = !content.0.is_empty(),
            _ => {}
        }
    }
    Some(hello)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of so many bytes.
    fn number(&mut self, size: usize) -> Option<usize> {
        let bytes = self.take(size)?;
        Some((bytes.iter()).fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    /// What stands behind its length, a number of so many bytes.
    fn vector(&mut self, size: usize) -> Option<Reader<'a>> {
        let length = self.number(size)?;
        self.take(length).map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behind_length(size: usize, content: &[u8]) -> Vec<u8> {
        let length = (content.len() as u32).to_be_bytes();
        [&length[4 - size..], content].concat()
    }

    fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
        [&kind.to_be_bytes()[..], &behind_length(2, content)].concat()
    }

    fn hello() -> Vec<u8> {
        let name = [&[0][..], &behind_length(2, b"example.com")].concat();
        let extensions = [
            extension(0, &behind_length(2, &name)),
            extension(5, &[1, 0, 0, 0, 0]),
            extension(16, &behind_length(2, b"\x02h2\x08http/1.1")),
        ]
        .concat();
        let body = [
            &[3, 3][..],
            &[7; 32],
            &behind_length(1, &[1, 2, 3]),
            &behind_length(2, &[0x13, 0x01]),
            &behind_length(1, &[0]),
            &behind_length(2, &extensions),
        ]
        .concat();
        [&[1][..], &behind_length(3, &body)].concat()
    }

    fn record(content: &[u8]) -> Vec<u8> {
        [&[22, 3, 1][..], &behind_length(2, content)].concat()
    }

    #[test]
    fn a_hello_is_heard_in_one_record_or_in_several() {
        let message = hello();
        let expected = Hello {
            session: vec![1, 2, 3],
            server_name: Some("example.com".to_owned()),
            asks_for_status: true,
            protocols: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            ..Hello::default()
        };
        let whole = record(&message);
        for end in 0..whole.len() {
            assert_eq!(hear(&whole[..end]), Heard::Incomplete, "{end} bytes");
        }
        assert_eq!(hear(&whole), Heard::Hello(expected));
        let parts = [record(&message[..5]), record(&message[5..])].concat();
        assert!(matches!(hear(&parts), Heard::Hello(hello) if hello.session == [1, 2, 3]));
    }

    #[test]
    fn what_is_no_hello_is_left_to_the_library() {
        assert_eq!(hear(b"GET / HTTP/1.1\r\n"), Heard::Other);
        assert_eq!(hear(&record(&[2, 0, 0, 0])), Heard::Other);
        assert_eq!(hear(&[22, 3, 1, 0xff, 0xff]), Heard::Other);
    }

    #[test]
    fn a_hello_that_is_cut_within_is_left_to_the_library() {
        let mut message = hello();
        // The extensions say that they are longer than the message.
        let at = message.len() - 53;
        message[at] = 0xff;
        assert!(!matches!(hear(&record(&message)), Heard::Incomplete));
    }
}
