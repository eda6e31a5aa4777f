//! Connections of HTTP/2: what they tell does not depend on how the bytes come, and either end does what the other one asks for. What is wrong is in
//! `http2_faults`.

mod common;

use common::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, End, GET, GOAWAY, HEADERS, PADDED, PING, POST,
    RST_STREAM, SETTINGS, WINDOW_UPDATE, block, fields, frame, frames, get, hear, hello, post,
    talk,
};
use std::time::Instant;
use twinloop_web::http2::{
    Code, Connection, Decoder, Encoder, Event, Fields, Options, PREFACE, Padding, Refusal, Role,
    State, setting,
};

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
