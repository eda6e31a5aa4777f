//! Connections of HTTP/2: what they tell does not depend on how the bytes come; what RFC 9113 says must be an error is that error; what costs a
//! peer nothing has a bound.

use std::time::{Duration, Instant};
use twinloop_web::http2::{
    Code, Connection, Decoder, Encoder, Event, Failure, Fields, Kind, Options, PREFACE, Padding,
    Refusal, Role, State, ValueSpace, Why, setting,
};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

fn fields(list: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in list {
        fields.push(name.as_bytes(), value.as_bytes(), false);
    }
    fields
}

/// A block without the table, so that blocks can be put together in any order.
fn block(list: &[(&str, &str)]) -> Vec<u8> {
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

const GET: &[(&str, &str)] = &[
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "a"),
];
const POST: &[(&str, &str)] = &[(":method", "POST"), (":scheme", "http"), (":path", "/")];

fn get(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_STREAM | END_HEADERS, stream, &block(GET))
}

fn post(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &block(POST))
}

/// What a peer says first, with an acknowledgement of our settings.
fn hello(role: Role) -> Vec<u8> {
    let mut bytes = match role {
        Role::Server => PREFACE.to_vec(),
        Role::Client => Vec::new(),
    };
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes.extend(frame(SETTINGS, 1, 0, &[]));
    bytes
}

/// One end, whose peer is this test.
struct End {
    connection: Connection,
    now: Instant,
}

impl End {
    fn new(role: Role, options: Options) -> End {
        let mut end = End {
            connection: Connection::new(role, options),
            now: Instant::now(),
        };
        end.connection.take(usize::MAX);
        end.told(&hello(role)).expect("a peer that begins well");
        end.connection.take(usize::MAX);
        end
    }

    fn server() -> End {
        End::new(Role::Server, Options::default())
    }

    fn client() -> End {
        End::new(Role::Client, Options::default())
    }

    /// What these bytes tell.
    fn told(&mut self, bytes: &[u8]) -> Result<Vec<Event>, Failure> {
        let mut at = 0;
        let mut events = Vec::new();
        while let Some(event) = self.connection.receive(bytes, &mut at, self.now)? {
            events.push(event);
        }
        assert_eq!(at, bytes.len(), "everything is read");
        Ok(events)
    }

    /// The code of the connection's end, which the peer is told too.
    fn failure(mut self, bytes: &[u8]) -> u32 {
        let failure = self.told(bytes).expect_err("the connection goes on");
        let sent = frames(&self.connection.take(usize::MAX));
        let last = sent.last().expect("the peer is told");
        assert_eq!(last.0, GOAWAY);
        assert_eq!(last.3[4..8], failure.code.0.to_be_bytes());
        failure.code.0
    }

    /// The code of the reset that these bytes bring about; the connection goes on.
    fn reset(mut self, bytes: &[u8]) -> u32 {
        self.told(bytes).expect("the connection goes on");
        let sent = frames(&self.connection.take(usize::MAX));
        let reset = sent.iter().find(|each| each.0 == RST_STREAM);
        let (_, _, _, payload) = reset.unwrap_or_else(|| panic!("no reset in {sent:?}"));
        u32::from_be_bytes(payload[..].try_into().expect("four bytes"))
    }

    fn ids_told(&mut self, bytes: &[u8]) -> Vec<u32> {
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
fn frames(bytes: &[u8]) -> Vec<(u8, u8, u32, Vec<u8>)> {
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
fn talk(client: &mut Connection, server: &mut Connection) -> (Vec<String>, Vec<String>) {
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

fn hear(connection: &mut Connection, bytes: &[u8], told: &mut Vec<String>) {
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

#[test]
fn pieces_make_no_difference() {
    let mut bytes = hello(Role::Server);
    bytes.extend(frame(HEADERS, END_HEADERS | PADDED, 1, &{
        let mut payload = vec![3];
        payload.extend(block(POST));
        payload.extend([0; 3]);
        payload
    }));
    bytes.extend(frame(DATA, PADDED, 1, b"\x02hello\0\0"));
    bytes.extend(frame(DATA, END_STREAM, 1, b" world"));
    let request = block(GET);
    bytes.extend(frame(HEADERS, END_STREAM, 3, &request[..4]));
    bytes.extend(frame(CONTINUATION, 0, 3, &request[4..9]));
    bytes.extend(frame(CONTINUATION, END_HEADERS, 3, &request[9..]));
    bytes.extend(frame(PING, 0, 0, b"12345678"));
    bytes.extend(frame(42, 7, 9, b"nobody knows"));
    bytes.extend(frame(RST_STREAM, 0, 3, &8u32.to_be_bytes()));
    bytes.extend(frame(GOAWAY, 0, 0, b"\0\0\0\0\0\0\0\0bye"));

    let told = |size: usize| {
        let mut connection = Connection::new(Role::Server, Options::default());
        let mut events = Vec::new();
        let mut body = Vec::new();
        for piece in bytes.chunks(size) {
            let mut at = 0;
            while let Some(event) = connection
                .receive(piece, &mut at, Instant::now())
                .expect("nothing is wrong")
            {
                match event {
                    Event::Data { range, .. } => body.extend_from_slice(&piece[range]),
                    event => events.push(format!("{event:?}")),
                }
            }
            assert_eq!(at, piece.len());
        }
        (events, body, connection.take(usize::MAX))
    };
    let whole = told(bytes.len());
    assert_eq!(whole.1, b"hello world");
    assert_eq!(whole.0.len(), 8, "{:#?}", whole.0);
    for size in [1, 2, 3, 5, 8, 9, 13] {
        assert_eq!(told(size), whole, "in pieces of {size}");
    }
}

#[test]
fn a_request_and_its_response() {
    let mut client = Connection::new(Role::Client, Options::default());
    let mut server = Connection::new(Role::Server, Options::default());
    let request = client.request(fields(POST), false, None).expect("a stream");
    client.data(request, b"body".to_vec()).expect("open");
    client
        .trailers(request, fields(&[("a", "b")]))
        .expect("open");
    let (_, told) = talk(&mut client, &mut server);
    assert_eq!(
        told,
        [
            "Settings",
            "Request 1 false",
            "data 1 4",
            "Trailers 1 true",
            "SettingsAcknowledged"
        ]
    );
    server
        .headers(1, &fields(&[(":status", "103"), ("link", "x")]), false)
        .expect("open");
    server
        .headers(1, &fields(&[(":status", "200")]), false)
        .expect("open");
    server.data(1, vec![0; 100_000]).expect("open");
    server.end(1).expect("open");
    let (told, _) = talk(&mut client, &mut server);
    assert_eq!(told[0], "Informational 1 false");
    assert_eq!(told[1], "Response 1 false");
    assert_eq!(
        told.last().map(String::as_str),
        Some("Closed { stream: 1, code: Code(0), by_peer: false }")
    );
    let bytes: usize = (told.iter())
        .filter_map(|each| each.strip_prefix("data 1 "))
        .map(|length| length.parse::<usize>().expect("a number"))
        .sum();
    assert_eq!(bytes, 100_000, "more than a window");
    assert_eq!(client.stream_state(1), State::Closed);
    assert_eq!(client.stream_state(3), State::Idle);
    assert_eq!((client.stream_count(), server.stream_count()), (0, 0));
    assert_eq!((client.queued_bytes(), server.queued_bytes()), (0, 0));
}

#[test]
fn data_stops_at_either_window() {
    let mut end = End::server();
    end.told(&get(1)).expect("fine");
    end.told(&get(3)).expect("fine");
    for stream in [1, 3] {
        let head = fields(&[(":status", "200")]);
        end.connection.headers(stream, &head, false).expect("open");
        end.connection.data(stream, vec![7; 60_000]).expect("open");
        end.connection.end(stream).expect("open");
    }
    let sent = frames(&end.connection.take(usize::MAX));
    let total: usize = (sent.iter())
        .filter(|each| each.0 == DATA)
        .map(|each| each.3.len())
        .sum();
    assert_eq!(total, 65_535, "the connection's window");
    // Both had their turns.
    for stream in [1, 3] {
        assert!(sent.iter().any(|each| each.0 == DATA && each.2 == stream));
    }
    assert!(!end.connection.has_output());
    end.told(&frame(WINDOW_UPDATE, 0, 0, &100_000u32.to_be_bytes()))
        .expect("fine");
    let rest: usize = frames(&end.connection.take(usize::MAX))
        .iter()
        .map(|each| each.3.len())
        .sum();
    assert_eq!(total + rest, 120_000);
    assert_eq!(end.connection.stream_count(), 0);

    // A stream's own window, which a setting opens.
    end.told(&frame(SETTINGS, 0, 0, b"\0\x04\0\0\0\0"))
        .expect("fine");
    end.told(&get(5)).expect("fine");
    end.connection
        .headers(5, &fields(&[(":status", "200")]), false)
        .expect("open");
    end.connection.data(5, b"abc".to_vec()).expect("open");
    end.connection.take(usize::MAX);
    assert!(!end.connection.has_output());
    end.told(&frame(SETTINGS, 0, 0, b"\0\x04\0\0\0\x02"))
        .expect("fine");
    let sent = frames(&end.connection.take(usize::MAX));
    assert!(sent.contains(&(DATA, 0, 5, b"ab".to_vec())), "{sent:?}");
    assert!(end.connection.take_written().is_empty() || end.connection.queued_bytes() == 1);
}

#[test]
fn a_window_is_given_back_when_its_data_is_used() {
    let mut end = End::server();
    end.told(&post(1)).expect("fine");
    for _ in 0..4 {
        end.told(&frame(DATA, 0, 1, &[0; 16_000]))
            .expect("within the window");
    }
    assert!(frames(&end.connection.take(usize::MAX)).is_empty());
    end.connection.consume(1, 32_000);
    assert!(
        frames(&end.connection.take(usize::MAX)).is_empty(),
        "less than half"
    );
    end.connection.consume(1, 32_000);
    let sent = frames(&end.connection.take(usize::MAX));
    let streams: Vec<_> = sent.iter().map(|each| (each.0, each.2)).collect();
    assert_eq!(streams, [(WINDOW_UPDATE, 0), (WINDOW_UPDATE, 1)]);
}

#[test]
fn requests_wait_for_their_turn() {
    let mut end = End::client();
    end.told(&frame(SETTINGS, 0, 0, b"\0\x03\0\0\0\x01"))
        .expect("fine");
    let first = end
        .connection
        .request(fields(GET), true, None)
        .expect("a stream");
    let second = end
        .connection
        .request(fields(GET), true, None)
        .expect("a stream");
    let third = end
        .connection
        .request(fields(GET), true, None)
        .expect("a stream");
    assert_eq!((first, second, third), (1, 3, 5));
    let begun = |sent: &[u8]| -> Vec<u32> {
        (frames(sent).iter())
            .filter(|each| each.0 == HEADERS)
            .map(|each| each.2)
            .collect()
    };
    assert_eq!(begun(&end.connection.take(usize::MAX)), [1]);
    // One that is given up never began: the peer hears nothing of it.
    end.connection.reset(second, Code::CANCEL).expect("there");
    assert!(frames(&end.connection.take(usize::MAX)).is_empty());
    let response = frame(
        HEADERS,
        END_STREAM | END_HEADERS,
        1,
        &block(&[(":status", "200")]),
    );
    end.told(&response).expect("fine");
    assert_eq!(begun(&end.connection.take(usize::MAX)), [5]);
}

#[test]
fn requests_that_wait_for_the_limit_of_streams_are_sent_when_one_ends() {
    let mut end = End::client();
    end.told(&frame(SETTINGS, 0, 0, b"\0\x03\0\0\0\x01"))
        .expect("fine");
    end.connection.take(usize::MAX);
    let connection = &mut end.connection;
    let first = connection.request(fields(POST), false, None).expect("one");
    // What is said of those that wait is not sent before their heads are, whatever the windows allow.
    let ended = connection.request(fields(POST), false, None).expect("one");
    connection.end(ended).expect("open");
    let full = connection.request(fields(POST), false, None).expect("one");
    connection.data(full, b"abc".to_vec()).expect("open");
    connection
        .trailers(full, fields(&[("a", "b")]))
        .expect("open");
    let whole = connection.request(fields(GET), true, None).expect("one");
    let parts = |sent: &[u8]| -> Vec<(u8, u32, bool)> {
        (frames(sent).iter())
            .filter(|each| each.0 != SETTINGS)
            .map(|each| (each.0, each.2, each.1 & END_STREAM != 0))
            .collect()
    };
    assert_eq!(
        parts(&connection.take(usize::MAX)),
        [(HEADERS, first, false)]
    );
    end.told(&frame(SETTINGS, 0, 0, b"\0\x04\0\x01\0\0"))
        .expect("fine");
    assert!(parts(&end.connection.take(usize::MAX)).is_empty());

    // One ends by its answer, one by a reset, and a setting makes room for the last.
    end.connection.end(first).expect("open");
    assert_eq!(
        parts(&end.connection.take(usize::MAX)),
        [(DATA, first, true)]
    );
    let response = |stream| {
        let status = block(&[(":status", "200")]);
        frame(HEADERS, END_STREAM | END_HEADERS, stream, &status)
    };
    end.told(&response(first)).expect("fine");
    assert!(end.connection.has_output());
    let sent = parts(&end.connection.take(usize::MAX));
    assert_eq!(sent[0], (HEADERS, ended, sent[0].2));
    assert!(sent.last().expect("some").2 && sent.iter().all(|each| each.1 == ended));
    end.told(&frame(RST_STREAM, 0, ended, &8u32.to_be_bytes()))
        .expect("fine");
    assert_eq!(
        parts(&end.connection.take(usize::MAX)),
        [
            (HEADERS, full, false),
            (DATA, full, false),
            (HEADERS, full, true)
        ]
    );
    // The peer cannot speak of what it does not know.
    let mut early = End::client();
    early
        .told(&frame(SETTINGS, 0, 0, b"\0\x03\0\0\0\0"))
        .expect("fine");
    let waits = early.connection.request(fields(GET), true, None);
    assert_eq!(early.failure(&response(waits.expect("one"))), 1);
    end.told(&frame(SETTINGS, 0, 0, b"\0\x03\0\0\0\x02"))
        .expect("fine");
    assert_eq!(
        parts(&end.connection.take(usize::MAX)),
        [(HEADERS, whole, true)]
    );

    // Who goes away lets nothing begin.
    let late = end
        .connection
        .request(fields(GET), true, None)
        .expect("one");
    let told = end
        .told(&frame(GOAWAY, 0, 0, b"\x7f\xff\xff\xff\0\0\0\0"))
        .expect("fine");
    let refused = Event::Closed {
        stream: late,
        code: Code::REFUSED_STREAM,
        by_peer: true,
    };
    assert_eq!(told.last(), Some(&refused));
    end.told(&[response(full), response(whole)].concat())
        .expect("fine");
    assert!(end.connection.is_over());
}

#[test]
fn pushed_streams() {
    let mut client = Connection::new(Role::Client, Options::default());
    let mut server = Connection::new(Role::Server, Options::default());
    client.request(fields(GET), true, None).expect("a stream");
    talk(&mut client, &mut server);
    let promised = server.push(1, &fields(GET)).expect("allowed");
    assert_eq!(promised, 2);
    assert_eq!(server.stream_state(2), State::ReservedLocal);
    talk(&mut client, &mut server);
    assert_eq!(client.stream_state(2), State::ReservedRemote);
    server
        .headers(2, &fields(&[(":status", "200")]), false)
        .expect("open");
    server.data(2, b"pushed".to_vec()).expect("open");
    server.end(2).expect("open");
    let (told, _) = talk(&mut client, &mut server);
    assert_eq!(told[..2], ["Response 2 false", "data 2 6"]);
    assert_eq!(server.push(2, &fields(GET)), Err(Refusal::NoPush));
    client.settings(vec![(setting::ENABLE_PUSH, 0)]);
    talk(&mut client, &mut server);
    assert_eq!(server.push(1, &fields(GET)), Err(Refusal::NoPush));
    assert_eq!(client.push(1, &fields(GET)), Err(Refusal::NoPush));
}

#[test]
fn what_must_end_a_connection() {
    let cases: Vec<(&str, Vec<u8>, u32)> = vec![
        (
            "4.2 a frame that is too large",
            frame(DATA, 0, 1, &[0; 16_385]),
            6,
        ),
        (
            "4.3 fields that cannot be read",
            frame(
                HEADERS,
                END_HEADERS,
                1,
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            ),
            9,
        ),
        (
            "4.3 an index that is not there",
            frame(HEADERS, END_HEADERS, 1, &[0xfe]),
            9,
        ),
        (
            "4.3 a frame between those of a head",
            [
                frame(HEADERS, 0, 1, &block(GET)),
                frame(PRIORITY, 0, 1, &[0; 5]),
            ]
            .concat(),
            1,
        ),
        ("5.1 data on an idle stream", frame(DATA, 0, 1, b"x"), 1),
        (
            "5.1 a reset of an idle stream",
            frame(RST_STREAM, 0, 1, &[0; 4]),
            1,
        ),
        (
            "5.1 a window of an idle stream",
            frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]),
            1,
        ),
        (
            "5.1 a continuation of nothing",
            frame(CONTINUATION, END_HEADERS, 1, &[]),
            1,
        ),
        ("5.1.1 an even number", get(2), 1),
        (
            "5.1.1 a number that was passed over",
            [get(5), get(3)].concat(),
            1,
        ),
        (
            "5.3.1 a stream that depends on itself",
            frame(PRIORITY, 0, 1, &[0, 0, 0, 1, 0]),
            1,
        ),
        ("6.1 data on stream 0", frame(DATA, 0, 0, b"x"), 1),
        (
            "6.1 more padding than payload",
            [post(1), frame(DATA, PADDED, 1, &[5, 0, 0])].concat(),
            1,
        ),
        (
            "6.2 a head on stream 0",
            frame(HEADERS, END_HEADERS, 0, &block(GET)),
            1,
        ),
        (
            "6.2 more padding than payload",
            frame(HEADERS, END_HEADERS | PADDED, 1, &[200, 0]),
            1,
        ),
        (
            "6.3 a priority of stream 0",
            frame(PRIORITY, 0, 0, &[0; 5]),
            1,
        ),
        (
            "6.4 a reset of stream 0",
            frame(RST_STREAM, 0, 0, &[0; 4]),
            1,
        ),
        (
            "6.4 a reset of three bytes",
            [get(1), frame(RST_STREAM, 0, 1, &[0; 3])].concat(),
            6,
        ),
        (
            "6.5 an acknowledgement with a payload",
            frame(SETTINGS, 1, 0, &[0; 6]),
            6,
        ),
        ("6.5 settings of a stream", frame(SETTINGS, 0, 1, &[]), 1),
        (
            "6.5 five bytes of settings",
            frame(SETTINGS, 0, 0, &[0; 5]),
            6,
        ),
        (
            "6.5.2 ENABLE_PUSH of 2",
            frame(SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 2]),
            1,
        ),
        (
            "6.5.2 a window that is too large",
            frame(SETTINGS, 0, 0, &[0, 4, 0x80, 0, 0, 0]),
            3,
        ),
        (
            "6.5.2 frames that are too small",
            frame(SETTINGS, 0, 0, &[0, 5, 0, 0, 0x3f, 0xff]),
            1,
        ),
        (
            "6.5.2 frames that are too large",
            frame(SETTINGS, 0, 0, &[0, 5, 1, 0, 0, 0]),
            1,
        ),
        (
            "6.6 a push to a server",
            frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2]),
            1,
        ),
        ("6.7 a ping of a stream", frame(PING, 0, 1, &[0; 8]), 1),
        ("6.7 a ping of seven bytes", frame(PING, 0, 0, &[0; 7]), 6),
        ("6.8 a GOAWAY of a stream", frame(GOAWAY, 0, 1, &[0; 8]), 1),
        (
            "6.8 a GOAWAY of seven bytes",
            frame(GOAWAY, 0, 0, &[0; 7]),
            6,
        ),
        (
            "6.9 an increment of nothing",
            frame(WINDOW_UPDATE, 0, 0, &[0; 4]),
            1,
        ),
        (
            "6.9 an increment of three bytes",
            frame(WINDOW_UPDATE, 0, 0, &[0; 3]),
            6,
        ),
        (
            "6.9.1 a window above the largest",
            frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]),
            3,
        ),
        (
            "6.9.1 more data than the window",
            [post(1), frame(DATA, 0, 1, &[0; 16_384]).repeat(4)].concat(),
            3,
        ),
        (
            "6.9.2 a setting makes a window too large",
            [
                post(1),
                frame(WINDOW_UPDATE, 0, 1, &[0x7f, 0xff, 0, 0]),
                frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0xff, 0xff]),
            ]
            .concat(),
            3,
        ),
        (
            "8441 CONNECT protocols that are taken back",
            [
                frame(SETTINGS, 0, 0, &[0, 8, 0, 0, 0, 1]),
                frame(SETTINGS, 0, 0, &[0, 8, 0, 0, 0, 0]),
            ]
            .concat(),
            1,
        ),
        (
            "7541 4.2 a table that is too large",
            frame(HEADERS, END_HEADERS, 1, &[0x3f, 0xe2, 0x1f, 0x82]),
            9,
        ),
        (
            "7541 4.2 a new size behind a field",
            frame(HEADERS, END_HEADERS, 1, &[0x82, 0x20]),
            9,
        ),
        (
            "7541 5.2 padding that is too long",
            frame(
                HEADERS,
                END_HEADERS,
                1,
                &[0x82, 0x87, 0x84, 0x41, 0x82, 0x1f, 0xff],
            ),
            9,
        ),
    ];
    for (name, bytes, code) in cases {
        assert_eq!(End::server().failure(&bytes), code, "{name}");
    }
    // 5.1: after both sides have ended.
    for (bytes, code) in [(frame(DATA, 0, 1, b"x"), 5), (get(1), 5)] {
        let mut end = End::server();
        end.told(&get(1)).expect("fine");
        end.connection
            .headers(1, &fields(&[(":status", "200")]), true)
            .expect("open");
        end.connection.take(usize::MAX);
        assert_eq!(end.failure(&bytes), code);
    }
    // 3.4: whoever does not begin with settings, or not as HTTP/2 at all.
    for bytes in [
        [PREFACE, &frame(PING, 0, 0, &[0; 8])].concat(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ] {
        let mut connection = Connection::new(Role::Server, Options::default());
        let failure = connection
            .receive(&bytes, &mut 0, Instant::now())
            .expect_err("refused");
        assert_eq!(failure.code, Code::PROTOCOL);
        assert_eq!(failure.why == Why::Preface, bytes.starts_with(b"GET"));
    }
    // 6.5.2 and 8.4, of a server.
    assert_eq!(
        End::client().failure(&frame(SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 1])),
        1
    );
    assert_eq!(
        End::client().failure(&frame(
            HEADERS,
            END_HEADERS,
            1,
            &block(&[(":status", "200")])
        )),
        1
    );
    for promised in [[0, 0, 0, 0], [0, 0, 0, 3]] {
        let mut end = End::client();
        end.connection
            .request(fields(GET), true, None)
            .expect("a stream");
        end.connection.take(usize::MAX);
        let bytes = [&promised[..], &block(GET)].concat();
        assert_eq!(end.failure(&frame(PUSH_PROMISE, END_HEADERS, 1, &bytes)), 1);
    }
}

#[test]
fn what_must_reset_a_stream() {
    let cases: Vec<(&str, Vec<u8>, u32)> = vec![
        (
            "5.1 data when the peer has ended",
            [get(1), frame(DATA, 0, 1, b"x")].concat(),
            5,
        ),
        (
            "5.1 a head when the peer has ended",
            [get(1), get(1)].concat(),
            5,
        ),
        (
            "5.1 data behind a reset",
            [
                post(1),
                frame(RST_STREAM, 0, 1, &[0; 4]),
                frame(DATA, 0, 1, b"x"),
            ]
            .concat(),
            5,
        ),
        (
            "5.3.1 a stream that depends on itself",
            [post(1), frame(PRIORITY, 0, 1, &[0, 0, 0, 1, 0])].concat(),
            1,
        ),
        (
            "6.3 a priority of four bytes",
            [post(1), frame(PRIORITY, 0, 1, &[0; 4])].concat(),
            6,
        ),
        (
            "6.9 an increment of nothing",
            [post(1), frame(WINDOW_UPDATE, 0, 1, &[0; 4])].concat(),
            1,
        ),
        (
            "6.9.1 a window above the largest",
            [
                post(1),
                frame(WINDOW_UPDATE, 0, 1, &[0x7f, 0xff, 0xff, 0xff]),
            ]
            .concat(),
            3,
        ),
        (
            "8.1 trailers that end nothing",
            [
                post(1),
                frame(HEADERS, END_HEADERS, 1, &block(&[("a", "b")])),
            ]
            .concat(),
            1,
        ),
        (
            "8.1.1 less than the length says",
            [
                frame(
                    HEADERS,
                    END_HEADERS,
                    1,
                    &block(&[POST, &[("content-length", "2")]].concat()),
                ),
                frame(DATA, END_STREAM, 1, b"x"),
            ]
            .concat(),
            1,
        ),
        (
            "8.1.1 more than the length says",
            [
                frame(
                    HEADERS,
                    END_HEADERS,
                    1,
                    &block(&[POST, &[("content-length", "2")]].concat()),
                ),
                frame(DATA, 0, 1, b"xyz"),
            ]
            .concat(),
            1,
        ),
        (
            "8.1 pseudo-header fields in trailers",
            [
                post(1),
                frame(
                    HEADERS,
                    END_STREAM | END_HEADERS,
                    1,
                    &block(&[(":path", "/")]),
                ),
            ]
            .concat(),
            1,
        ),
    ];
    for (name, bytes, code) in cases {
        assert_eq!(End::server().reset(&bytes), code, "{name}");
    }
}

#[test]
fn malformed_heads_are_refused() {
    let with = |more: &[(&'static str, &'static str)]| [GET, more].concat();
    let cases: Vec<Vec<(&str, &str)>> = vec![
        with(&[("Upper", "x")]),
        with(&[("", "x")]),
        with(&[("sp ace", "x")]),
        with(&[("a", "x\ny")]),
        with(&[("a", "x\ry")]),
        with(&[("a", "x\0y")]),
        with(&[("a", " x")]),
        with(&[("a", "x\t")]),
        with(&[(":status", "200")]),
        with(&[(":unknown", "x")]),
        with(&[(":protocol", "websocket")]),
        with(&[(":path", "/again")]),
        with(&[("connection", "close")]),
        with(&[("transfer-encoding", "chunked")]),
        with(&[("upgrade", "x")]),
        with(&[("keep-alive", "x")]),
        with(&[("proxy-connection", "x")]),
        with(&[("te", "gzip")]),
        with(&[("content-length", "x")]),
        with(&[("content-length", "1"), ("content-length", "2")]),
        with(&[("content-length", "1")]),
        vec![
            ("a", "b"),
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "/"),
        ],
        vec![(":method", "GET"), (":scheme", "http")],
        vec![(":method", "GET"), (":path", "/")],
        vec![(":scheme", "http"), (":path", "/")],
        vec![(":method", "GET"), (":scheme", "http"), (":path", "")],
        vec![
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "nowhere"),
        ],
        vec![(":method", "G T"), (":scheme", "http"), (":path", "/")],
        vec![
            (":method", "CONNECT"),
            (":authority", "a"),
            (":scheme", "http"),
            (":path", "/"),
        ],
        vec![(":method", "CONNECT")],
    ];
    for list in cases {
        let bytes = frame(HEADERS, END_STREAM | END_HEADERS, 1, &block(&list));
        assert_eq!(End::server().reset(&bytes), 1, "{list:?}");
    }
    let fine: Vec<Vec<(&str, &str)>> = vec![
        with(&[("te", "trailers"), ("content-length", "0")]),
        vec![(":method", "OPTIONS"), (":scheme", "http"), (":path", "*")],
        vec![(":method", "CONNECT"), (":authority", "a:1")],
        vec![(":method", "GET"), (":scheme", "urn"), (":path", "x:y")],
    ];
    for list in fine {
        let bytes = frame(HEADERS, END_STREAM | END_HEADERS, 1, &block(&list));
        assert_eq!(End::server().ids_told(&bytes), [1], "{list:?}");
    }
    // A response.
    for list in [
        &[("a", "b")][..],
        &[(":status", "1")],
        &[(":status", "101")],
        &[(":status", "200"), (":path", "/")],
    ] {
        let mut end = End::client();
        end.connection
            .request(fields(GET), true, None)
            .expect("a stream");
        end.connection.take(usize::MAX);
        assert_eq!(
            end.reset(&frame(HEADERS, END_HEADERS, 1, &block(list))),
            1,
            "{list:?}"
        );
    }
    // A tunnel with a protocol, where it is allowed.
    let list = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "https"),
        (":path", "/"),
        (":authority", "a"),
    ];
    let options = Options {
        settings: vec![(setting::ENABLE_CONNECT_PROTOCOL, 1)],
        ..Options::default()
    };
    assert_eq!(
        End::new(Role::Server, options).ids_told(&frame(HEADERS, END_HEADERS, 1, &block(&list))),
        [1]
    );
}

#[test]
fn space_around_a_value_is_dropped_or_kept_on_request() {
    let list = [GET, &[("a", "b "), ("c", "d")]].concat();
    for (space, count) in [(ValueSpace::Dropped, 5), (ValueSpace::Kept, 6)] {
        let options = Options {
            value_space: space,
            ..Options::default()
        };
        let mut end = End::new(Role::Server, options);
        let events = end
            .told(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &block(&list)))
            .expect("fine");
        let Event::Head { fields, .. } = &events[0] else {
            panic!("no head: {events:?}");
        };
        assert_eq!(fields.len(), count);
    }
}

#[test]
fn rapid_resets_end_the_connection_and_slow_ones_do_not() {
    let mut end = End::server();
    let mut stream = 1;
    let mut one = |end: &mut End| {
        let bytes = [
            get(stream),
            frame(RST_STREAM, 0, stream, &8u32.to_be_bytes()),
        ]
        .concat();
        stream += 2;
        end.told(&bytes)
    };
    for _ in 0..1000 {
        one(&mut end).expect("within the burst");
    }
    let failure = one(&mut end).expect_err("more than the burst");
    assert_eq!(
        (failure.code, failure.why),
        (Code::ENHANCE_YOUR_CALM, Why::Flood)
    );

    let mut end = End::server();
    let mut stream = 1;
    for _ in 0..3000 {
        end.now += Duration::from_millis(40);
        let bytes = [
            get(stream),
            frame(RST_STREAM, 0, stream, &8u32.to_be_bytes()),
        ]
        .concat();
        end.told(&bytes).expect("25 a second");
        end.connection.take(usize::MAX);
        stream += 2;
    }
}

#[test]
fn floods_end_the_connection() {
    let calm = |bytes: Vec<u8>, name: &str| {
        let failure = End::server().told(&bytes).expect_err(name);
        assert_eq!(failure.code, Code::ENHANCE_YOUR_CALM, "{name}");
    };
    calm(
        frame(PING, 0, 0, &[0; 8]).repeat(1001),
        "pings that nobody answers",
    );
    calm(frame(SETTINGS, 0, 0, &[]).repeat(1001), "settings");
    calm(
        [post(1), frame(DATA, 0, 1, &[]).repeat(1002)].concat(),
        "empty data",
    );
    calm(frame(PRIORITY, 0, 7, &[0; 5]).repeat(10_001), "priorities");
    calm(
        frame(99, 0, 7, &[]).repeat(10_001),
        "frames that nobody knows",
    );
    calm(
        [
            frame(HEADERS, 0, 1, &block(GET)),
            frame(CONTINUATION, 0, 1, &[]).repeat(129),
        ]
        .concat(),
        "continuations",
    );
    calm(
        [
            frame(HEADERS, 0, 1, &block(GET)),
            frame(CONTINUATION, 0, 1, &[0; 16_000]).repeat(20),
        ]
        .concat(),
        "a head without an end",
    );
    calm(
        frame(SETTINGS, 0, 0, &[0, 99, 0, 0, 0, 1].repeat(33)),
        "too many settings",
    );
    // Resets that we are made to send (CVE-2025-8671) count like the peer's own.
    let made = |stream| [get(stream), frame(WINDOW_UPDATE, 0, stream, &[0; 4])].concat();
    calm(
        (0..1001).flat_map(|each| made(each * 2 + 1)).collect(),
        "resets that we are made to send",
    );
    // An empty frame now and then is no flood either.
    let mut end = End::server();
    end.told(&post(1)).expect("fine");
    for _ in 0..3000 {
        end.now += Duration::from_millis(40);
        end.told(&frame(DATA, 0, 1, &[])).expect("25 a second");
    }
    // Pings whose answers are read are no flood.
    let mut end = End::server();
    for _ in 0..5000 {
        end.told(&frame(PING, 0, 0, &[0; 8])).expect("answered");
        end.connection.take(0);
    }
}

#[test]
fn a_small_block_does_not_become_a_large_list() {
    // A field of 4,000 bytes in the table, told 10,000 times: 40 MB.
    let mut bytes = vec![0x40, 1, b'a', 0x7f, 0xa1, 0x1e];
    bytes.extend([b'x'; 4000]);
    bytes.extend([0xbe; 10_000]);
    let mut end = End::server();
    let events = end
        .told(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &bytes))
        .expect("the connection goes on");
    assert_eq!(
        events,
        [Event::Rejected {
            stream: 1,
            code: Code::ENHANCE_YOUR_CALM
        }]
    );
    let sent = end.connection.take(usize::MAX);
    assert_eq!(
        frames(&sent),
        [(RST_STREAM, 0, 1, 11u32.to_be_bytes().to_vec())]
    );
    // The table is as the peer thinks, so what follows can be read.
    let mut next = block(GET);
    next.push(0xbe);
    let events = end
        .told(&frame(HEADERS, END_STREAM | END_HEADERS, 3, &next))
        .expect("fine");
    let Some(Event::Head { fields, .. }) = events
        .iter()
        .find(|event| matches!(event, Event::Head { .. }))
    else {
        panic!("no head: {events:?}");
    };
    assert_eq!(
        fields.iter().last().map(|field| field.value.len()),
        Some(4000)
    );
}

#[test]
fn streams_above_the_limit_are_refused() {
    let options = Options {
        settings: vec![(setting::MAX_CONCURRENT_STREAMS, 2)],
        ..Options::default()
    };
    let mut end = End::new(Role::Server, options.clone());
    assert_eq!(end.ids_told(&[post(1), post(3)].concat()), [1, 3]);
    assert_eq!(end.reset(&post(5)), 7);
    // What was told, if it is not acknowledged yet.
    let mut connection = Connection::new(Role::Server, options);
    let bytes = [
        PREFACE.to_vec(),
        frame(SETTINGS, 0, 0, &[]),
        post(1),
        post(3),
        post(5),
    ]
    .concat();
    let mut at = 0;
    while connection
        .receive(&bytes, &mut at, Instant::now())
        .expect("fine")
        .is_some()
    {}
    assert_eq!(connection.stream_count(), 2);
}

#[test]
fn going_away() {
    let mut end = End::server();
    end.told(&post(1)).expect("fine");
    end.connection.go_away(None, Code::NONE, b"soon");
    assert_eq!(
        end.ids_told(&post(3)),
        [] as [u32; 0],
        "as if it had not been sent"
    );
    assert_eq!(end.connection.stream_count(), 1);
    assert!(!end.connection.is_over());
    let sent = frames(&end.connection.take(usize::MAX));
    assert_eq!(sent[0], (GOAWAY, 0, 0, b"\0\0\0\x01\0\0\0\0soon".to_vec()));
    end.connection.reset(1, Code::CANCEL).expect("there");
    assert!(end.connection.is_over());

    let mut end = End::client();
    end.connection
        .request(fields(GET), true, None)
        .expect("a stream");
    end.connection
        .request(fields(GET), true, None)
        .expect("a stream");
    end.connection.take(usize::MAX);
    let events = end
        .told(&frame(GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]))
        .expect("fine");
    let closed = Event::Closed {
        stream: 3,
        code: Code::REFUSED_STREAM,
        by_peer: true,
    };
    assert!(events.contains(&closed), "{events:?}");
    assert_eq!(
        end.connection.request(fields(GET), true, None),
        Err(Refusal::GoingAway)
    );
    assert_eq!(
        end.failure(&frame(GOAWAY, 0, 0, &[0, 0, 0, 3, 0, 0, 0, 0])),
        1,
        "it cannot be taken back"
    );
}

#[test]
fn padded_frames() {
    for padding in [Padding::Aligned, Padding::Most] {
        let options = Options {
            padding,
            ..Options::default()
        };
        let mut client = Connection::new(Role::Client, options.clone());
        let mut server = Connection::new(Role::Server, options);
        client.request(fields(POST), false, None).expect("a stream");
        client.data(1, vec![1; 50_001]).expect("open");
        client.end(1).expect("open");
        let bytes = client.take(usize::MAX);
        for (kind, flags, _, payload) in frames(&bytes[PREFACE.len()..]) {
            if kind == DATA || kind == HEADERS {
                let is_full = payload.len() == 16_384;
                assert!(
                    is_full || padding == Padding::Most || (payload.len() + 9) % 8 == 0,
                    "{}",
                    payload.len()
                );
                assert!(is_full || padding == Padding::Aligned || flags & PADDED != 0);
            }
        }
        let mut told = Vec::new();
        hear(&mut server, &bytes, &mut told);
        let total: usize = told
            .iter()
            .filter_map(|each| each.strip_prefix("data 1 "))
            .map(|each| each.parse::<usize>().expect("a number"))
            .sum();
        assert_eq!(total, 50_001);
    }
}

#[test]
fn fields_come_back_from_their_blocks() {
    let mut encoder = Encoder::new(4096);
    let mut decoder = Decoder::default();
    for round in 0..50 {
        let mut list = fields(&[
            (":method", "GET"),
            (":path", "/some/path"),
            ("accept", "*/*"),
            ("x-round", &round.to_string()),
            ("cookie", "short"),
            ("empty", ""),
        ]);
        list.push(b"password", b"secret", true);
        let mut bytes = Vec::new();
        encoder.encode(&list, &mut bytes);
        let mut back = Fields::default();
        decoder.decode(&bytes, &mut back).expect("a block");
        assert_eq!(back.text(), list.text());
        let sensitive: Vec<_> = back
            .iter()
            .filter(|field| field.is_sensitive)
            .map(|field| field.name)
            .collect();
        assert_eq!(sensitive, [b"cookie".as_slice(), b"password"]);
        if round > 0 {
            assert!(bytes.len() < 60, "the table is of use: {}", bytes.len());
        }
        assert_eq!(encoder.table_size(), decoder.table_size());
        if round == 20 {
            encoder.set_allowed(0);
            encoder.set_allowed(100);
        }
    }
    // RFC 7541, C.4: with Huffman codes.
    let mut decoder = Decoder::default();
    let mut text = Vec::new();
    for block in [
        "828684418cf1e3c2e5f23a6ba0ab90f4ff",
        "828684be5886a8eb10649cbf",
        "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ] {
        let bytes: Vec<u8> = (0..block.len() / 2)
            .map(|at| u8::from_str_radix(&block[at * 2..at * 2 + 2], 16).expect("hex"))
            .collect();
        let mut fields = Fields::default();
        decoder.decode(&bytes, &mut fields).expect("a block");
        text.push(String::from_utf8(fields.text().to_vec()).expect("text"));
    }
    assert_eq!(
        text[1],
        ":method\0GET\0:scheme\0http\0:path\0/\0:authority\0www.example.com\0cache-control\0no-cache\0"
    );
    assert!(text[2].ends_with("custom-key\0custom-value\0"));
    assert_eq!(decoder.table_size(), 164);
}

/// Damage of any kind ends in an event or in an error, never in a panic or in memory without end.
#[test]
fn damaged_bytes_do_no_harm() {
    let mut bytes = hello(Role::Server);
    for stream in [1, 3, 5] {
        bytes.extend(post(stream));
        bytes.extend(frame(DATA, END_STREAM, stream, b"some data"));
    }
    bytes.extend(frame(HEADERS, END_STREAM, 7, &block(GET)[..10]));
    bytes.extend(frame(CONTINUATION, END_HEADERS, 7, &block(GET)[10..]));
    let mut seed = 7_u64;
    let mut random = move |most: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % most
    };
    // Minutes of it with `cargo xtask test --full`.
    let is_full = std::env::var_os("TWINLOOP_FULL").is_some();
    for _ in 0..if is_full { 3_000_000 } else { 20_000 } {
        let mut damaged = bytes.clone();
        for _ in 0..=random(4) {
            let at = PREFACE.len() + random(damaged.len() - PREFACE.len());
            match random(3) {
                0 => damaged[at] = random(256) as u8,
                1 => drop(damaged.remove(at)),
                _ => damaged.insert(at, random(256) as u8),
            }
        }
        let mut connection = Connection::new(Role::Server, Options::default());
        let mut at = 0;
        while let Ok(Some(event)) = connection.receive(&damaged, &mut at, Instant::now()) {
            match event {
                Event::Data { stream, range } => connection.consume(stream, range.len() as u32),
                Event::Head {
                    stream,
                    kind: Kind::Request,
                    ..
                } => {
                    let _ = connection.headers(stream, &fields(&[(":status", "200")]), false);
                    let _ = connection.data(stream, vec![0; 1000]);
                    let _ = connection.end(stream);
                }
                _ => {}
            }
        }
        let sent = connection.take(1 << 20);
        frames(&sent);
        assert!(sent.len() < 1 << 16);
    }
}
