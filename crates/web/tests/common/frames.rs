//! Frames of HTTP/2 by hand, and an end of a connection that gets them.

use std::time::Instant;
use twinloop_web::http2::{Connection, Event, Failure, Fields, Options, PREFACE, Role};

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

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

pub(crate) fn fields(list: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in list {
        fields.push(name.as_bytes(), value.as_bytes(), false);
    }
    fields
}

/// A block without the table, so that blocks can be put together in any order.
pub(crate) fn block(list: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in list {
        out.push(0);
        out.push(name.len() as u8);
        out.extend_from_slice(name.as_bytes());
        assert!(value.len() < 127);
        out.push(value.len() as u8);
        out.extend_from_slice(value.as_bytes());
    }
    out
}

pub(crate) const GET: &[(&str, &str)] = &[
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "a"),
];
pub(crate) const POST: &[(&str, &str)] =
    &[(":method", "POST"), (":scheme", "http"), (":path", "/")];

pub(crate) fn get(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_STREAM | END_HEADERS, stream, &block(GET))
}

pub(crate) fn post(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &block(POST))
}

/// What a peer says first, with an acknowledgement of our settings.
pub(crate) fn hello(role: Role) -> Vec<u8> {
    let mut bytes = match role {
        Role::Server => PREFACE.to_vec(),
        Role::Client => Vec::new(),
    };
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes.extend(frame(SETTINGS, 1, 0, &[]));
    bytes
}

/// One end, whose peer is this test.
pub(crate) struct End {
    pub(crate) connection: Connection,
    pub(crate) now: Instant,
}

impl End {
    pub(crate) fn new(role: Role, options: Options) -> End {
        let mut end = End {
            connection: Connection::new(role, options),
            now: Instant::now(),
        };
        end.connection.take(usize::MAX);
        end.told(&hello(role)).expect("a peer that begins well");
        end.connection.take(usize::MAX);
        end
    }

    pub(crate) fn server() -> End {
        End::new(Role::Server, Options::default())
    }

    pub(crate) fn client() -> End {
        End::new(Role::Client, Options::default())
    }

    /// What these bytes tell.
    pub(crate) fn told(&mut self, bytes: &[u8]) -> Result<Vec<Event>, Failure> {
        let mut at = 0;
        let mut events = Vec::new();
        while let Some(event) = self.connection.receive(bytes, &mut at, self.now)? {
            events.push(event);
        }
        assert_eq!(at, bytes.len(), "everything is read");
        Ok(events)
    }

    /// The code of the connection's end, which the peer is told too.
    pub(crate) fn failure(mut self, bytes: &[u8]) -> u32 {
        let failure = self.told(bytes).expect_err("the connection goes on");
        let sent = frames(&self.connection.take(usize::MAX));
        let last = sent.last().expect("the peer is told");
        assert_eq!(last.0, GOAWAY);
        assert_eq!(last.3[4..8], failure.code.0.to_be_bytes());
        failure.code.0
    }

    /// The code of the reset that these bytes bring about; the connection goes on.
    pub(crate) fn reset(mut self, bytes: &[u8]) -> u32 {
        self.told(bytes).expect("the connection goes on");
        let sent = frames(&self.connection.take(usize::MAX));
        let reset = sent.iter().find(|each| each.0 == RST_STREAM);
        let (_, _, _, payload) = reset.unwrap_or_else(|| panic!("no reset in {sent:?}"));
        u32::from_be_bytes(payload[..].try_into().expect("four bytes"))
    }

    pub(crate) fn ids_told(&mut self, bytes: &[u8]) -> Vec<u32> {
        let events = self.told(bytes).expect("the connection goes on");
        (events.iter())
            .filter_map(|event| match event {
                Event::Head { stream, .. } => Some(*stream),
                _ => None,
            })
            .collect()
    }
}

/// Bytes as type, flags, stream and payload of each frame.
pub(crate) fn frames(bytes: &[u8]) -> Vec<(u8, u8, u32, Vec<u8>)> {
    let mut list = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let length = u32::from_be_bytes([0, rest[0], rest[1], rest[2]]) as usize;
        let stream = u32::from_be_bytes([rest[5], rest[6], rest[7], rest[8]]);
        list.push((rest[3], rest[4], stream, rest[9..9 + length].to_vec()));
        rest = &rest[9 + length..];
    }
    list
}

/// Moves everything that two ends have to say to each other; what each was told.
pub(crate) fn talk(client: &mut Connection, server: &mut Connection) -> (Vec<String>, Vec<String>) {
    let mut told = (Vec::new(), Vec::new());
    loop {
        let to_server = client.take(usize::MAX);
        let to_client = server.take(usize::MAX);
        hear(server, &to_server, &mut told.1);
        hear(client, &to_client, &mut told.0);
        if to_server.is_empty() && to_client.is_empty() {
            return told;
        }
    }
}

pub(crate) fn hear(connection: &mut Connection, bytes: &[u8], told: &mut Vec<String>) {
    let mut at = 0;
    while let Some(event) = connection
        .receive(bytes, &mut at, Instant::now())
        .expect("a connection that goes well")
    {
        match event {
            Event::Data { stream, range } => {
                connection.consume(stream, range.len() as u32);
                told.push(format!("data {stream} {}", range.len()));
            }
            Event::Head {
                stream, kind, ends, ..
            } => told.push(format!("{kind:?} {stream} {ends}")),
            event => told.push(format!("{event:?}")),
        }
    }
}
