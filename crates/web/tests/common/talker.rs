//! A client of HTTP/2 without TLS, on a thread of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use twinloop_web::http2::{self, Event, Options, Role};

/// A connection, and what was heard of it.
pub(crate) struct Talker {
    pub(crate) stream: TcpStream,
    pub(crate) client: http2::Connection,
    pub(crate) heard: Vec<String>,
    /// What was read, and how far that was looked at.
    came: Vec<u8>,
    at: usize,
    /// Bytes of all bodies.
    pub(crate) data: Vec<u8>,
}

impl Talker {
    pub(crate) fn new(address: SocketAddr) -> Talker {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Talker {
            stream,
            client: http2::Connection::new(Role::Client, Options::default()),
            heard: Vec::new(),
            came: Vec::new(),
            at: 0,
            data: Vec::new(),
        }
    }

    /// Sends and hears until it has heard enough, or the server ends the connection. What came behind that is heard the next time.
    pub(crate) fn until(&mut self, is_enough: impl Fn(&Event) -> bool) -> bool {
        loop {
            while let Some(event) = self.next() {
                if is_enough(&event) {
                    return true;
                }
            }
            let bytes = self.client.take(usize::MAX);
            // In pieces: the preface too may come in two.
            let (first, rest) = bytes.split_at(bytes.len().min(100));
            for piece in first.chunks(7).chain([rest]) {
                if self.stream.write_all(piece).is_err() {
                    return false;
                }
            }
            // What was sent may have ended a stream.
            while let Some(event) = self.next() {
                if is_enough(&event) {
                    return true;
                }
            }
            self.came.resize(65_536, 0);
            self.at = 0;
            match self.stream.read(&mut self.came) {
                Ok(0) | Err(_) => return false,
                Ok(count) => self.came.truncate(count),
            }
        }
    }

    /// The next thing in what came.
    fn next(&mut self) -> Option<Event> {
        let event = self
            .client
            .receive(&self.came, &mut self.at, Instant::now())
            .ok()??;
        if let Event::Data { stream, range } = &event {
            self.client.consume(*stream, range.len() as u32);
            let bytes = &self.came[range.clone()];
            self.data.extend_from_slice(bytes);
            self.heard.push(String::from_utf8_lossy(bytes).into_owned());
        }
        if let Event::Head { fields, kind, .. } = &event {
            let status = fields.iter().next().unwrap().value;
            self.heard
                .push(format!("{kind:?} {}", String::from_utf8_lossy(status)));
        }
        Some(event)
    }
}

/// A request's fields.
pub(crate) fn request(method: &str, path: &str) -> http2::Fields {
    let mut fields = http2::Fields::default();
    for (name, value) in [
        (":method", method),
        (":scheme", "http"),
        (":authority", "x"),
        (":path", path),
        ("cookie", "a=b"),
        ("cookie", "c=d"),
    ] {
        fields.push(name.as_bytes(), value.as_bytes(), false);
    }
    fields
}
