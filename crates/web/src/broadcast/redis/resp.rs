//! RESP3, the protocol of Redis (<https://redis.io/docs/latest/develop/reference/protocol-spec/>): commands out, replies in.
//!
//! The parsers of Redis's client crates read a whole reply from a blocking reader or for tokio's runtime, and nest as deep as the server likes; this
//! one takes what has come so far, and no more levels than the replies that are asked for have.

use bytes::Bytes;

/// A reply to XREAD has five levels.
const DEEPEST: usize = 8;

/// The longest piece that is taken: a message has at most 16 MiB.
const LONGEST: usize = 64 * 1024 * 1024;

/// What the server says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reply {
    Null,
    Text(Bytes),
    Integer(i64),
    Error(String),
    /// A list, a set, or the keys and values of a map in turn.
    List(Vec<Reply>),
    /// What was not asked for: a message of a channel, or an answer to a subscription.
    Push(Vec<Reply>),
}

impl Reply {
    pub(super) fn bytes(&self) -> Option<&Bytes> {
        match self {
            Reply::Text(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        self.bytes()
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    pub(super) fn list(&self) -> &[Reply] {
        match self {
            Reply::List(parts) | Reply::Push(parts) => parts,
            _ => &[],
        }
    }
}

/// The server does not speak the protocol.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Garbled;

/// The reply at the beginning of `bytes`, and how long it is; `None` if it is not whole yet.
pub(super) fn read(bytes: &Bytes) -> Result<Option<(Reply, usize)>, Garbled> {
    let mut parser = Parser { bytes, place: 0 };
    match parser.reply(0) {
        Ok(reply) => Ok(Some((reply, parser.place))),
        Err(Stop::Short) => Ok(None),
        Err(Stop::Garbled) => Err(Garbled),
    }
}

enum Stop {
    Short,
    Garbled,
}

struct Parser<'b> {
    bytes: &'b Bytes,
    place: usize,
}

impl Parser<'_> {
    fn reply(&mut self, depth: usize) -> Result<Reply, Stop> {
        if depth > DEEPEST {
            return Err(Stop::Garbled);
        }
        let kind = *self.bytes.get(self.place).ok_or(Stop::Short)?;
        self.place += 1;
        let line = self.line()?;
        Ok(match kind {
            b'+' | b',' | b'(' | b'#' => Reply::Text(line),
            b'-' => Reply::Error(String::from_utf8_lossy(&line).into_owned()),
            b':' => Reply::Integer(number(&line)?),
            b'_' => Reply::Null,
            b'$' | b'=' | b'!' => match self.blob(number(&line)?)? {
                None => Reply::Null,
                Some(blob) if kind == b'!' => {
                    Reply::Error(String::from_utf8_lossy(&blob).into_owned())
                }
                Some(blob) if kind == b'=' => Reply::Text(blob.slice(blob.len().min(4)..)),
                Some(blob) => Reply::Text(blob),
            },
            b'*' | b'~' | b'>' | b'%' => {
                let count = number(&line)?;
                if count == -1 {
                    return Ok(Reply::Null);
                }
                let count = usize::try_from(count).map_err(|_| Stop::Garbled)?;
                let count = if kind == b'%' {
                    count.saturating_mul(2)
                } else {
                    count
                };
                // No memory is set aside for parts that are not there.
                let mut parts = Vec::with_capacity(count.min(64));
                for _ in 0..count {
                    parts.push(self.reply(depth + 1)?);
                }
                match kind {
                    b'>' => Reply::Push(parts),
                    _ => Reply::List(parts),
                }
            }
            b'|' => {
                // Attributes of the reply that follows.
                for _ in 0..number(&line)?.max(0) {
                    self.reply(depth + 1)?;
                    self.reply(depth + 1)?;
                }
                return self.reply(depth + 1);
            }
            _ => return Err(Stop::Garbled),
        })
    }

    fn line(&mut self) -> Result<Bytes, Stop> {
        let rest = &self.bytes[self.place..];
        let Some(end) = memchr::memchr(b'\r', rest) else {
            // Lines are numbers, names and messages of errors.
            return Err(if rest.len() > 64 * 1024 {
                Stop::Garbled
            } else {
                Stop::Short
            });
        };
        match rest.get(end + 1) {
            None => Err(Stop::Short),
            Some(b'\n') => {
                let line = self.bytes.slice(self.place..self.place + end);
                self.place += end + 2;
                Ok(line)
            }
            Some(_) => Err(Stop::Garbled),
        }
    }

    fn blob(&mut self, length: i64) -> Result<Option<Bytes>, Stop> {
        if length == -1 {
            return Ok(None);
        }
        let length = usize::try_from(length).map_err(|_| Stop::Garbled)?;
        if length > LONGEST {
            return Err(Stop::Garbled);
        }
        let end = self.place + length;
        match self.bytes.get(end..end + 2) {
            None => Err(Stop::Short),
            Some(b"\r\n") => {
                let blob = self.bytes.slice(self.place..end);
                self.place = end + 2;
                Ok(Some(blob))
            }
            Some(_) => Err(Stop::Garbled),
        }
    }
}

fn number(line: &[u8]) -> Result<i64, Stop> {
    let text = std::str::from_utf8(line).map_err(|_| Stop::Garbled)?;
    text.parse().map_err(|_| Stop::Garbled)
}

/// Appends a command to what is to be sent.
pub(super) fn write(out: &mut Vec<u8>, words: &[&[u8]]) {
    use std::io::Write;
    // Memory takes what there is room for.
    let _ = write!(out, "*{}\r\n", words.len());
    for word in words {
        let _ = write!(out, "${}\r\n", word.len());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &'static str) -> Reply {
        let bytes = Bytes::from_static(text.as_bytes());
        for length in 0..bytes.len() {
            assert_eq!(
                read(&bytes.slice(..length)),
                Ok(None),
                "{text} cut at {length}"
            );
        }
        let (reply, length) = read(&bytes).unwrap().unwrap();
        assert_eq!(length, text.len());
        reply
    }

    fn text(text: &'static str) -> Reply {
        Reply::Text(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn replies_are_read_when_they_are_whole() {
        assert_eq!(whole("+OK\r\n"), text("OK"));
        assert_eq!(whole("-ERR no\r\n"), Reply::Error("ERR no".to_owned()));
        assert_eq!(whole(":-12\r\n"), Reply::Integer(-12));
        assert_eq!(whole("$-1\r\n"), Reply::Null);
        assert_eq!(whole("_\r\n"), Reply::Null);
        assert_eq!(whole("$4\r\na\r\nb\r\n"), text("a\r\nb"));
        assert_eq!(whole("=5\r\ntxt:a\r\n"), text("a"));
        let pushed = ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$0\r\n\r\n";
        assert_eq!(
            whole(pushed),
            Reply::Push(vec![text("message"), text("c"), text("")])
        );
        let map = "%1\r\n+k\r\n*1\r\n*2\r\n+1-0\r\n*2\r\n+m\r\n+v\r\n";
        let entry = Reply::List(vec![text("1-0"), Reply::List(vec![text("m"), text("v")])]);
        assert_eq!(
            whole(map),
            Reply::List(vec![text("k"), Reply::List(vec![entry])])
        );
        assert_eq!(whole("|1\r\n+a\r\n+b\r\n:7\r\n"), Reply::Integer(7));
    }

    #[test]
    fn what_no_server_says_is_garbled_and_nests_only_so_deep() {
        for bytes in [
            "?\r\n",
            ":x\r\n",
            "$-2\r\n",
            "$1\r\nabc",
            "$99999999999\r\n",
            "+a\rb",
            "*-2\r\n",
        ] {
            assert_eq!(
                read(&Bytes::from_static(bytes.as_bytes())),
                Err(Garbled),
                "{bytes}"
            );
        }
        let deep = Bytes::from("*1\r\n".repeat(100_000));
        assert_eq!(read(&deep), Err(Garbled));
        let many = Bytes::from_static(b"*999999999999\r\n");
        assert_eq!(read(&many), Ok(None));
    }

    #[test]
    fn a_command_is_a_list_of_its_words() {
        let mut out = Vec::new();
        write(&mut out, &[b"PUBLISH", b"a b", b""]);
        assert_eq!(out, b"*3\r\n$7\r\nPUBLISH\r\n$3\r\na b\r\n$0\r\n\r\n");
    }
}
