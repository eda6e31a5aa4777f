//! Connections of HTTP/2 whose peers do wrong: what RFC 9113 says must be an error is that error; what costs a peer nothing has a bound.

mod common;

use common::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, End, GET, GOAWAY, HEADERS, PADDED, PING, POST,
    PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE, block, fields, frame, frames, get,
    hello, post,
};
use std::time::{Duration, Instant};
use twinloop_web::http2::{
    Code, Connection, Event, Kind, Options, PREFACE, Role, ValueSpace, Why, setting,
};

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
