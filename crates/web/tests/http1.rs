//! The parser of HTTP/1.1 messages: what it tells does not depend on how the bytes come, and what two readers could understand in two ways
//! is refused.

use twinloop_web::http1::{Event, Failure, Head, Kind, Parser, Start};

/// Everything that `pieces` tell, with bodies put together.
fn read(kind: Kind, pieces: &[&[u8]]) -> Result<Vec<Event>, Failure> {
    let mut parser = Parser::new(kind, 16 * 1024);
    let mut events = Vec::new();
    let mut body: Vec<u8> = Vec::new();
    for piece in pieces {
        let mut at = 0;
        while let Some(event) = parser.next(piece, &mut at)? {
            match event {
                Event::Data(range) => body.extend_from_slice(&piece[range]),
                Event::End(trailers) => {
                    if !body.is_empty() {
                        // A body is told as its length and its bytes, so that pieces make no difference.
                        events.push(Event::End(std::mem::take(&mut body)));
                    }
                    events.push(Event::End(trailers));
                }
                event => events.push(event),
            }
        }
        assert_eq!(at, piece.len(), "everything is read");
    }
    Ok(events)
}

fn whole_and_in_pieces(kind: Kind, bytes: &[u8]) -> Result<Vec<Event>, &'static str> {
    let read = |pieces: &[&[u8]]| read(kind, pieces).map_err(|failure| failure.code);
    let whole = read(&[bytes]);
    for size in [1, 2, 3, 7] {
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        assert_eq!(
            read(&pieces),
            whole,
            "in pieces of {size}: {}",
            bytes.escape_ascii()
        );
    }
    whole
}

fn head_of(events: &[Event]) -> &Head {
    match &events[0] {
        Event::Head(head) => head,
        other => panic!("{other:?} is no head"),
    }
}

fn refusal(text: &str) -> &'static str {
    match whole_and_in_pieces(Kind::Request, text.as_bytes()) {
        Ok(events) => panic!("{text:?} was taken for {events:?}"),
        Err(code) => code,
    }
}

#[test]
fn requests_follow_each_other_on_one_connection() {
    let text = "\r\nGET /a?b HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nX-Space: \t a b \t\r\n\r\n\
                POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhelloPUT /c HTTP/1.0\r\n\r\n";
    let events = whole_and_in_pieces(Kind::Request, text.as_bytes()).expect("three requests");
    let head = head_of(&events);
    assert_eq!(
        head.start,
        Start::Request {
            method: "GET".into(),
            target: b"/a?b".to_vec()
        }
    );
    assert_eq!(head.fields, b"Host\0x\0X-Empty\0\0X-Space\0a b\0");
    assert!(head.keeps_alive && !head.has_body && !head.upgrades && head.minor_version == 1);
    assert_eq!(events.len(), 7);
    assert_eq!(events[3], Event::End(b"hello".to_vec()));
    assert!(!head_of(&events[5..]).keeps_alive, "HTTP/1.0 closes");
}

#[test]
fn chunks_have_extensions_and_trailers() {
    let text = "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n\
                5;a=\"x;\\\"y\"\r\nhello\r\n00A \t;b\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n";
    let events = whole_and_in_pieces(Kind::Request, text.as_bytes()).expect("a request");
    assert_eq!(events[1], Event::End(b"hello0123456789".to_vec()));
    assert_eq!(events[2], Event::End(b"X-Sum\x001\0".to_vec()));
}

#[test]
fn responses_end_as_their_heads_say() {
    let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n\
                HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 Fine\r\n\r\nthe rest";
    let mut parser = Parser::new(Kind::Response, 1024);
    let mut at = 0;
    let mut kinds = String::new();
    while let Some(event) = parser
        .next(text.as_bytes(), &mut at)
        .expect("four responses")
    {
        kinds.push(match event {
            Event::Head(_) => 'h',
            Event::Data(_) => 'd',
            Event::End(_) => 'e',
        });
    }
    assert_eq!(kinds, "hehehdehd");
    assert_eq!(parser.finish(), Ok(Some(Event::End(vec![]))));
    let mut cut = Parser::new(Kind::Response, 1024);
    let text = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no";
    let mut at = 0;
    while cut
        .next(text, &mut at)
        .expect("the beginning of a response")
        .is_some()
    {}
    assert_eq!(
        cut.finish().expect_err("it was cut").code,
        "HPE_INVALID_EOF_STATE"
    );
}

#[test]
fn the_answer_to_head_has_no_body_and_a_switch_is_handed_over() {
    let text = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x00";
    let mut parser = Parser::new(Kind::Response, 1024);
    let mut at = 0;
    assert!(matches!(
        parser.next(text, &mut at),
        Ok(Some(Event::Head(_)))
    ));
    parser.skip_body();
    assert_eq!(parser.next(text, &mut at), Ok(Some(Event::End(vec![]))));
    let Ok(Some(Event::Head(head))) = parser.next(text, &mut at) else {
        panic!("no second head");
    };
    assert!(head.upgrades);
    parser.hand_over();
    assert_eq!(parser.next(text, &mut at), Ok(None));
    assert_eq!(&text[at..], b"\x81\x00");
}

#[test]
fn what_two_readers_could_understand_differently_is_refused() {
    let cases = [
        ("GET / HTTP/1.1\nHost: x\n\n", "HPE_CR_EXPECTED"),
        ("GET / HTTP/1.1\r\nHost: x\n\r\n", "HPE_CR_EXPECTED"),
        ("GET / HTTP/1.1\r\nHost: x\rX: y\r\n\r\n", "HPE_LF_EXPECTED"),
        (
            "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
            "HPE_INVALID_HEADER_TOKEN",
        ),
        (
            "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
            "HPE_INVALID_HEADER_TOKEN",
        ),
        (
            "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
            "HPE_INVALID_HEADER_TOKEN",
        ),
        ("GET / HTTP/1.1\r\n: x\r\n\r\n", "HPE_INVALID_HEADER_TOKEN"),
        (
            "GET / HTTP/1.1\r\nA: b\0c\r\n\r\n",
            "HPE_INVALID_HEADER_TOKEN",
        ),
        (
            "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
            "HPE_UNEXPECTED_CONTENT_LENGTH",
        ),
        (
            "GET / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\nx",
            "HPE_INVALID_CONTENT_LENGTH",
        ),
        (
            "GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\nx",
            "HPE_INVALID_CONTENT_LENGTH",
        ),
        (
            "GET / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\nx",
            "HPE_INVALID_CONTENT_LENGTH",
        ),
        (
            "GET / HTTP/1.1\r\nContent-Length:\r\n\r\nx",
            "HPE_INVALID_CONTENT_LENGTH",
        ),
        (
            "GET / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\nx",
            "HPE_INVALID_CONTENT_LENGTH",
        ),
        (
            "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HPE_INVALID_TRANSFER_ENCODING",
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
            "HPE_INVALID_TRANSFER_ENCODING",
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
            "HPE_INVALID_TRANSFER_ENCODING",
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
            "HPE_INVALID_TRANSFER_ENCODING",
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
            "HPE_INVALID_TRANSFER_ENCODING",
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello",
            "HPE_INVALID_CHUNK_SIZE",
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello",
            "HPE_INVALID_CHUNK_SIZE",
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n",
            "HPE_STRICT",
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
            "HPE_INVALID_CHUNK_SIZE",
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a\nhello",
            "HPE_STRICT",
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA : b\r\n\r\n",
            "HPE_INVALID_HEADER_TOKEN",
        ),
        ("GET /\r\n\r\n", "HPE_INVALID_CONSTANT"),
        ("GET / HTTP/2.0\r\n\r\n", "HPE_INVALID_VERSION"),
        ("GET / HTTP/1.10\r\n\r\n", "HPE_INVALID_VERSION"),
        ("GET  / HTTP/1.1\r\n\r\n", "HPE_INVALID_URL"),
        ("GET admin HTTP/1.1\r\n\r\n", "HPE_INVALID_URL"),
        ("GET ?a HTTP/1.1\r\n\r\n", "HPE_INVALID_URL"),
        ("GET @a/ HTTP/1.1\r\n\r\n", "HPE_INVALID_URL"),
        ("GET \\a HTTP/1.1\r\n\r\n", "HPE_INVALID_URL"),
        ("GET http:/a HTTP/1.1\r\n\r\n", "HPE_INVALID_URL"),
        ("GET a/b://c HTTP/1.1\r\n\r\n", "HPE_INVALID_URL"),
        ("GET /a b HTTP/1.1\r\n\r\n", "HPE_INVALID_CONSTANT"),
        ("get / HTTP/1.1\r\n\r\n", "HPE_INVALID_METHOD"),
        ("GETX / HTTP/1.1\r\n\r\n", "HPE_INVALID_METHOD"),
        (
            "GET / HTTP/1.1\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            "HPE_CLOSED_CONNECTION",
        ),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HPE_PAUSED_H2_UPGRADE"),
    ];
    for (text, code) in cases {
        assert_eq!(refusal(text), code, "{text:?}");
    }
}

/// RFC 9112, 3.2: what `host` may say is for a server to judge, which the parser tells what it found.
#[test]
fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
    let judged = |host: &str| {
        let text = format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n");
        let events = whole_and_in_pieces(Kind::Request, text.as_bytes()).unwrap();
        !head_of(&events).has_bad_host
    };
    let hosts = [
        "",
        "a",
        "A-1.b_c~",
        "a:",
        "a:80",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:80",
        "[v1.a:b]",
        "a%2fb",
        "!$&'()*+,;=",
    ];
    for host in hosts {
        assert!(judged(host), "{host:?}");
    }
    let others = [
        "a/b", "a@b", "a b", "a?", "a#b", "a\\b", "a\"", "<a>", "a:b", "a:80:80", "::1", "[::1",
        "[]", "[a/b]", "[::1]x", "a%2", "a%zz", "a, b", "\u{e9}", "a\tb", ":a", "{a}", "a|b", "a^",
        "`",
    ];
    for host in others {
        assert!(!judged(host), "{host:?}");
    }
}

#[test]
fn who_speaks_something_else_is_told_before_a_line_ends() {
    for text in ["\x16\x03\x01\x02", "SSH-2.0-x", "HELO", "G\r", "GET\t"] {
        assert_eq!(refusal(text), "HPE_INVALID_METHOD", "{text:?}");
    }
    assert_eq!(
        refusal("GET / HTTP/1.1\r\nHost\x01"),
        "HPE_INVALID_HEADER_TOKEN"
    );
}

#[test]
fn methods_need_not_be_known_where_that_was_asked_for() {
    let parse = |text: &str| {
        let mut parser = Parser::new(Kind::Request, 1024).any_method();
        parser
            .next(text.as_bytes(), &mut 0)
            .map_err(|failure| failure.code)
    };
    for method in ["GET", "FOO", "VERSION-CONTROL2", "X_Y"] {
        let Ok(Some(Event::Head(head))) = parse(&format!("{method} / HTTP/1.1\r\n\r\n")) else {
            panic!("{method} was refused");
        };
        assert!(matches!(&head.start, Start::Request { method: read, .. } if read == method));
        assert_eq!(parse(&method[..2]), Ok(None));
    }
    for text in [
        "get / HTTP/1.1",
        " / HTTP/1.1",
        "G\u{e4}T / HTTP/1.1",
        "\x16\x03",
        "SSH-2.0",
        "FOO/",
    ] {
        assert_eq!(parse(text), Err("HPE_INVALID_METHOD"), "{text:?}");
    }
    assert_eq!(
        parse("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Err("HPE_PAUSED_H2_UPGRADE")
    );
}

#[test]
fn heads_trailers_and_extensions_have_a_limit() {
    let long = "x".repeat(17 * 1024);
    for text in [
        format!("GET /{long}"),
        format!("GET /{long} HTTP/1.1\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nA: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(3000)),
        format!("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: {long}\r\n\r\n"),
    ] {
        assert_eq!(refusal(&text), "HPE_HEADER_OVERFLOW");
    }
    let extensions = format!("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;{long}");
    assert_eq!(refusal(&extensions), "HPE_CHUNK_EXTENSIONS_OVERFLOW");
}

#[test]
fn what_was_refused_once_stays_refused_and_its_end_is_no_news() {
    let mut parser = Parser::new(Kind::Request, 1024);
    let refused = parser.next(b"123", &mut 0).expect_err("no method");
    assert_eq!(refused.code, "HPE_INVALID_METHOD");
    let again = parser.next(b"GET / HTTP/1.1\r\n\r\n", &mut 0);
    assert_eq!(again, Err(refused));
    assert_eq!(parser.finish(), Ok(None));
}

#[test]
fn a_lenient_parser_joins_lines_and_takes_control_characters_but_not_in_what_frames_a_message() {
    let read = |text: &[u8]| {
        let mut parser = Parser::new(Kind::Response, 1024).lenient();
        match parser.next(text, &mut 0) {
            Ok(Some(Event::Head(head))) => Ok(head.fields),
            Ok(other) => panic!("{other:?} is no head"),
            Err(failure) => Err(failure.code),
        }
    };
    let text = b"HTTP/1.1 200 OK\r\nA: 1;\r\n b\r\n\tc\r\nB: x\x08y\r\n\r\n";
    assert_eq!(read(text), Ok(b"A\x001; b c\0B\0x\x08y\0".to_vec()));
    assert_eq!(
        refusal("GET / HTTP/1.1\r\nA: 1\r\n b\r\n\r\n"),
        "HPE_INVALID_HEADER_TOKEN"
    );
    for text in [
        b"HTTP/1.1 200 OK\r\n a\r\n\r\n".as_slice(),
        b"HTTP/1.1 200 OK\r\nA: x\0y\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n",
    ] {
        assert_eq!(read(text), Err("HPE_INVALID_HEADER_TOKEN"));
    }
}

#[test]
fn responses_of_the_oldest_version_end_with_their_connection() {
    let events =
        whole_and_in_pieces(Kind::Response, b"HTTP/0.9 200 OK\r\n\r\n").expect("a response");
    let head = head_of(&events);
    assert_eq!((head.minor_version, head.keeps_alive), (9, false));
    assert_eq!(refusal("GET / HTTP/0.9\r\n\r\n"), "HPE_INVALID_VERSION");
}
