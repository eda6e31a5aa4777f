//! The stream of server-sent events (<https://html.spec.whatwg.org/#parsing-an-event-stream>): bytes in, events out. No I/O.
//!
//! An event is kept until the blank line behind it, with a limit for all of it (rule BOUNDED).

use crate::{Error, ErrorKind, Result};

/// An event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEvent {
    /// What kind it is; `message` where the stream does not say.
    pub kind: String,
    /// Its lines, without the last line's end.
    pub data: String,
    /// The id of the last event that had one, this one included.
    pub id: String,
}

/// Takes a stream in pieces.
#[derive(Debug)]
pub struct EventStream {
    /// The line that has not ended.
    line: Vec<u8>,
    /// The last byte was a CR, whose LF may follow.
    is_after_cr: bool,
    is_begun: bool,
    kind: String,
    data: String,
    /// Of the event that has not ended; that of the last one if it has none.
    id: String,
    last_id: String,
    retry_ms: Option<u64>,
    limit: usize,
}

impl EventStream {
    /// The beginning of a stream whose events have up to `limit` bytes; `last_id` is that of a stream before it.
    pub fn new(last_id: &str, limit: usize) -> EventStream {
        EventStream {
            line: Vec::new(),
            is_after_cr: false,
            is_begun: false,
            kind: String::new(),
            data: String::new(),
            id: last_id.to_owned(),
            last_id: last_id.to_owned(),
            retry_ms: None,
            limit,
        }
    }

    /// Takes the next bytes, and calls `act` with each event that ends in them.
    ///
    /// # Errors
    /// `is_full()` if an event is longer than the limit.
    pub fn feed(&mut self, mut bytes: &[u8], mut act: impl FnMut(ServerEvent)) -> Result<()> {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.is_after_cr) && first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let (part, rest) = match end {
                Some(end) => (&bytes[..end], &bytes[end + 1..]),
                None => (bytes, &bytes[bytes.len()..]),
            };
            if self.line.len() + self.data.len() + part.len() > self.limit {
                return Err(Error::new(
                    ErrorKind::Full,
                    format!("an event is longer than {} bytes", self.limit),
                ));
            }
            self.line.extend_from_slice(part);
            if let Some(end) = end {
                self.is_after_cr = bytes[end] == b'\r';
                let line = std::mem::take(&mut self.line);
                if let Some(event) = self.line_ended(&line) {
                    act(event);
                }
                // Its memory serves the next one.
                self.line = line;
                self.line.clear();
            }
            bytes = rest;
        }
        Ok(())
    }

    /// The id of the last event that had one.
    pub fn last_id(&self) -> &str {
        &self.last_id
    }

    /// How long the server wants a client to wait before it comes again, in milliseconds.
    pub fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    fn line_ended(&mut self, line: &[u8]) -> Option<ServerEvent> {
        let line = match std::mem::replace(&mut self.is_begun, true) {
            true => line,
            false => line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line),
        };
        if line.is_empty() {
            return self.event_ended();
        }
        let line = String::from_utf8_lossy(line);
        let (name, value) = match line.split_once(':') {
            Some((name, value)) => (name, value.strip_prefix(' ').unwrap_or(value)),
            None => (&*line, ""),
        };
        match name {
            "event" => value.clone_into(&mut self.kind),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                if let Ok(time) = value.parse() {
                    self.retry_ms = Some(time);
                }
            }
            // A comment, or a field of the future.
            _ => {}
        }
        None
    }

    fn event_ended(&mut self) -> Option<ServerEvent> {
        let kind = std::mem::take(&mut self.kind);
        let mut data = std::mem::take(&mut self.data);
        self.id.clone_into(&mut self.last_id);
        data.pop()?;
        let kind = match kind.is_empty() {
            true => "message".to_owned(),
            false => kind,
        };
        let id = self.id.clone();
        Some(ServerEvent { kind, data, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pieces: &[&[u8]]) -> (Vec<(String, String, String)>, EventStream) {
        let mut stream = EventStream::new("", 100);
        let mut events = Vec::new();
        for piece in pieces {
            let take = |event: ServerEvent| events.push((event.kind, event.data, event.id));
            stream.feed(piece, take).unwrap();
        }
        (events, stream)
    }

    fn event(kind: &str, data: &str, id: &str) -> (String, String, String) {
        (kind.to_owned(), data.to_owned(), id.to_owned())
    }

    const STREAM: &str = "\u{feff}: a comment\nevent: add\ndata: one\r\ndata:two\rid: 7\n\ndata\n\nid\ndata: x: y \n\nretry: 1500\nretry: 2s\n\ndata: not ended\n";

    #[test]
    fn events_are_what_their_lines_say() {
        let (found, stream) = events(&[STREAM.as_bytes()]);
        let expected = [
            event("add", "one\ntwo", "7"),
            event("message", "", "7"),
            event("message", "x: y ", ""),
        ];
        assert_eq!(found, expected);
        assert_eq!((stream.last_id(), stream.retry_ms()), ("", Some(1500)));
    }

    #[test]
    fn where_a_piece_ends_makes_no_difference() {
        let (expected, _) = events(&[STREAM.as_bytes()]);
        let bytes: Vec<&[u8]> = STREAM.as_bytes().chunks(1).collect();
        assert_eq!(events(&bytes).0, expected);
        for at in 0..STREAM.len() {
            let (left, right) = STREAM.as_bytes().split_at(at);
            assert_eq!(events(&[left, right]).0, expected, "{at}");
        }
    }

    #[test]
    fn an_id_with_a_nul_and_what_is_no_utf8_do_no_harm() {
        let (found, _) = events(&[b"id: 1\nid: a\0b\ndata: \xff\n\n"]);
        assert_eq!(found, [event("message", "\u{fffd}", "1")]);
    }

    #[test]
    fn the_id_of_an_event_that_has_not_ended_is_not_the_last_one() {
        let (found, stream) = events(&[b"id: 1\ndata: one\n\nid: 2\ndata: tw"]);
        assert_eq!((found.len(), stream.last_id()), (1, "1"));
        let (_, stream) = events(&[b"id: 3\n\n"]);
        assert_eq!(stream.last_id(), "3");
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut stream = EventStream::new("", 100);
        let fed = (0..20).try_for_each(|_| stream.feed(b"data: 123456\n", |_| ()));
        assert!(fed.unwrap_err().is_full());
        let mut stream = EventStream::new("", 100);
        assert!(stream.feed(&[b'x'; 101], |_| ()).unwrap_err().is_full());
    }
}
