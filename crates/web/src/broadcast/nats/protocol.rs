//! The protocol of NATS's clients (<https://docs.nats.io/reference/reference-protocols/nats-protocol>): lines, and payloads whose length a line says.

use bytes::{Buf, Bytes, BytesMut};

use crate::{Error, ErrorKind, Result};

/// The longest line that is taken: the first one tells of the whole cluster.
const LONGEST_LINE: usize = 256 * 1024;

/// The longest payload: a message has at most 16 MiB.
const LONGEST_PAYLOAD: usize = 64 * 1024 * 1024;

/// What the server says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// About itself, as JSON.
    Info(Bytes),
    Message(Message),
    Ping,
    Pong,
    Ok,
    Error(String),
}

/// A message of a subscription.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) subject: String,
    pub(super) subscription: u64,
    /// Where an answer goes.
    pub(super) reply: Option<String>,
    pub(super) headers: Bytes,
    pub(super) payload: Bytes,
}

fn garbled(what: &str) -> Error {
    let message = format!("the server does not speak nats's protocol: {what}");
    Error::new(ErrorKind::Protocol, message)
}

/// Takes what is whole out of what has arrived, as long as `act` wants more; whether there was something.
pub(super) fn each(
    arrived: &mut BytesMut,
    mut act: impl FnMut(Said) -> Result<bool>,
) -> Result<bool> {
    if arrived.is_empty() {
        return Ok(false);
    }
    let mut bytes = std::mem::take(arrived).freeze();
    let mut was_there = false;
    let outcome = loop {
        match read(&bytes) {
            Ok(Some((said, length))) => {
                was_there = true;
                bytes.advance(length);
                match act(said) {
                    Ok(true) => {}
                    Ok(false) => break Ok(true),
                    Err(error) => break Err(error),
                }
            }
            Ok(None) => break Ok(was_there),
            Err(error) => break Err(error),
        }
    };
    *arrived = (bytes.try_into_mut()).unwrap_or_else(|bytes| BytesMut::from(&bytes[..]));
    outcome
}

/// What stands at the beginning of `bytes`, and how long it is; `None` if it is not whole yet.
fn read(bytes: &Bytes) -> Result<Option<(Said, usize)>> {
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        return match bytes.len() > LONGEST_LINE {
            true => Err(garbled("a line without end")),
            false => Ok(None),
        };
    };
    let line = bytes.slice(..end);
    let line = match line.strip_suffix(b"\r") {
        Some(without) => bytes.slice(..without.len()),
        None => line,
    };
    let (word, rest) = match memchr::memchr2(b' ', b'\t', &line) {
        Some(space) => (line.slice(..space), line.slice(space + 1..)),
        None => (line.clone(), Bytes::new()),
    };
    let said = match word.to_ascii_uppercase().as_slice() {
        b"MSG" => return message(bytes, &rest, end + 1, false),
        b"HMSG" => return message(bytes, &rest, end + 1, true),
        b"PING" => Said::Ping,
        b"PONG" => Said::Pong,
        b"+OK" => Said::Ok,
        b"INFO" => Said::Info(rest),
        b"-ERR" => {
            let text = String::from_utf8_lossy(&rest).into_owned();
            Said::Error(text.trim().trim_matches('\'').to_owned())
        }
        _ => {
            return Err(garbled(&String::from_utf8_lossy(
                &word[..word.len().min(20)],
            )));
        }
    };
    Ok(Some((said, end + 1)))
}

/// `subject subscription [reply] [length of headers] length`, and what follows.
fn message(
    bytes: &Bytes,
    line: &[u8],
    start: usize,
    has_headers: bool,
) -> Result<Option<(Said, usize)>> {
    let line = std::str::from_utf8(line).map_err(|_| garbled("a subject"))?;
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let lengths = 1 + usize::from(has_headers);
    if words.len() < 2 + lengths || words.len() > 3 + lengths {
        return Err(garbled("a message"));
    }
    let length = |word: &str| {
        let length = word.parse::<usize>().ok();
        (length.filter(|length| *length <= LONGEST_PAYLOAD)).ok_or_else(|| garbled("a length"))
    };
    let whole = length(words[words.len() - 1])?;
    let headers = match has_headers {
        true => length(words[words.len() - 2])?,
        false => 0,
    };
    if headers > whole {
        return Err(garbled("a length"));
    }
    let end = start + whole;
    match bytes.get(end..end + 2) {
        None => return Ok(None),
        Some(b"\r\n") => {}
        Some(_) => return Err(garbled("a payload")),
    }
    let message = Message {
        subject: words[0].to_owned(),
        subscription: words[1].parse().map_err(|_| garbled("a subscription"))?,
        reply: (words.len() == 3 + lengths).then(|| words[2].to_owned()),
        headers: bytes.slice(start..start + headers),
        payload: bytes.slice(start + headers..end),
    };
    Ok(Some((Said::Message(message), end + 2)))
}

/// The status in the first line of headers, such as 100 for what only keeps a consumer going.
pub(super) fn status(headers: &[u8]) -> Option<u16> {
    let line = headers.strip_prefix(b"NATS/1.0 ")?;
    std::str::from_utf8(line.get(..3)?).ok()?.parse().ok()
}

/// Publishes.
pub(super) fn publish(out: &mut Vec<u8>, subject: &str, payload: &[u8]) {
    let line = format!("PUB {subject} {}\r\n", payload.len());
    out.extend_from_slice(line.as_bytes());
    out.extend_from_slice(payload);
    out.extend_from_slice(b"\r\n");
}

/// Publishes a request, whose answer goes to `reply`.
pub(super) fn request(out: &mut Vec<u8>, subject: &str, reply: &str, payload: &[u8]) {
    publish(out, &format!("{subject} {reply}"), payload);
}

/// As [`request`], under an id by which the server knows what came twice.
pub(super) fn request_once(
    out: &mut Vec<u8>,
    subject: &str,
    reply: &str,
    id: &str,
    payload: &[u8],
) {
    let headers = format!("NATS/1.0\r\nNats-Msg-Id: {id}\r\n\r\n");
    let (some, all) = (headers.len(), headers.len() + payload.len());
    let line = format!("HPUB {subject} {reply} {some} {all}\r\n{headers}");
    out.extend_from_slice(line.as_bytes());
    out.extend_from_slice(payload);
    out.extend_from_slice(b"\r\n");
}

/// Headers of a message by this name.
pub(super) fn header<'h>(headers: &'h [u8], name: &str) -> Option<&'h str> {
    let text = std::str::from_utf8(headers).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim())
}

/// A name as one token of a subject: letters, digits and `-` and `_` as they are, the rest by number.
pub(super) fn token(name: &str) -> String {
    let mut token = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => token.push(char::from(byte)),
            _ => token.push_str(&format!("={byte:02X}")),
        }
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<Said>> {
        let mut said = Vec::new();
        let mut arrived = BytesMut::from(text);
        each(&mut arrived, |one| {
            said.push(one);
            Ok(true)
        })?;
        Ok(said)
    }

    #[test]
    fn what_is_whole_is_read_and_the_rest_waits() {
        let text = "INFO {\"a\":1}\r\nMSG a.b 7 3\r\na\nb\r\nHMSG a 8 to.me 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPING\r\n-ERR 'No'\r\n+OK\r\npong\r\n";
        let said = all(text).unwrap();
        let message = |subject: &str,
                       subscription,
                       reply: Option<&str>,
                       headers: &'static str,
                       payload: &'static str| {
            Said::Message(Message {
                subject: subject.to_owned(),
                subscription,
                reply: reply.map(str::to_owned),
                headers: Bytes::from_static(headers.as_bytes()),
                payload: Bytes::from_static(payload.as_bytes()),
            })
        };
        let expected = [
            Said::Info(Bytes::from_static(b"{\"a\":1}")),
            message("a.b", 7, None, "", "a\nb"),
            message("a", 8, Some("to.me"), "NATS/1.0\r\n\r\n", "hi"),
            Said::Ping,
            Said::Error("No".to_owned()),
            Said::Ok,
            Said::Pong,
        ];
        assert_eq!(said, expected);
        let mut arrived = BytesMut::new();
        let mut count = 0;
        for byte in text.bytes() {
            arrived.extend_from_slice(&[byte]);
            each(&mut arrived, |_| {
                count += 1;
                Ok(true)
            })
            .unwrap();
        }
        assert_eq!((count, arrived.len()), (expected.len(), 0));
    }

    #[test]
    fn what_no_server_says_is_refused() {
        for text in [
            "HTTP/1.1 400\r\n",
            "MSG a\r\n",
            "MSG a 1 x\r\n",
            "MSG a 1 1\r\nabc",
            "MSG a 1 999999999999\r\n",
            "HMSG a 1 9 2\r\n",
        ] {
            assert!(all(text).unwrap_err().is_protocol(), "{text}");
        }
    }

    #[test]
    fn names_become_tokens_that_are_as_different_as_they_were() {
        assert_eq!(token("chat-1_A"), "chat-1_A");
        assert_eq!(token("a.b *>"), "a=2Eb=20=2A=3E");
        assert_eq!(status(b"NATS/1.0 100 Idle Heartbeat\r\n\r\n"), Some(100));
        assert_eq!(status(b"NATS/1.0\r\nA: b\r\n\r\n"), None);
    }
}
