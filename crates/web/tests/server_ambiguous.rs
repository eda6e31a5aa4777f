//! Requests that two readers could understand in two ways, as request smuggling uses them (after the cases of llhttp's tests, of RFC 9112 and of what
//! HTTP Garden compares servers by): each is refused, its connection ends, and what follows it is never read as a request.

mod common;

use common::run;
use common::serving::{exchange, start};
use std::cell::Cell;
use std::rc::Rc;
use twinloop_loop::Loop;
use twinloop_web::server::{Exchange, Fields, Limits};

/// Lines behind `POST / HTTP/1.1` and `Host: x`, with a body that one reader or another takes for whole.
const FIELDS: &[&str] = &[
    "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "Content-Length: 3\r\ncontent-length: 3\r\n\r\nabc",
    "Content-Length: 3, 3\r\n\r\nabc",
    "Content-Length: +3\r\n\r\nabc",
    "Content-Length: -1\r\n\r\n",
    "Content-Length: 0x3\r\n\r\nabc",
    "Content-Length: 3.0\r\n\r\nabc",
    "Content-Length: 3e0\r\n\r\nabc",
    "Content-Length: 1_0\r\n\r\n0123456789",
    "Content-Length: 1 0\r\n\r\n0123456789",
    "Content-Length: \r\n\r\n",
    "Content-Length: \"3\"\r\n\r\nabc",
    "Content-Length: 3;a=b\r\n\r\nabc",
    "Content-Length: 3\x0b\r\n\r\nabc",
    "Content-Length: 3\0\r\n\r\nabc",
    "Content-Length: \u{ff13}\r\n\r\nabc",
    "Content-Length: 99999999999999999999999\r\n\r\n",
    "Content-Length: 18446744073709551619\r\n\r\nabc",
    "Content-Length : 3\r\n\r\nabc",
    "Content-Length:\r\n 3\r\n\r\nabc",
    "Content-Length\r\n\r\nabc",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: identity\r\n\r\n",
    "Transfer-Encoding: gzip\r\n\r\n",
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\0\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: \r\n\r\n",
    "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding\x7f: chunked\r\n\r\n0\r\n\r\n",
    " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "A: b\r\n c\r\n\r\n",
    "A: b\rc\r\n\r\n",
    "A: b\0c\r\n\r\n",
    "A: b\n\r\n",
    "A: b\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "A: b\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "A\r\n\r\n",
    ": b\r\n\r\n",
    "A B: c\r\n\r\n",
    "\u{e4}: b\r\n\r\n",
    "Host: x\r\n\r\n",
    "host: y\r\n\r\n",
    "Expect: 200-ok\r\nContent-Length: 3\r\n\r\nabc",
];

/// What stands in place of `GET / HTTP/1.1` and `Host: x`.
const BEGINNINGS: &[&str] = &[
    "GET / HTTP/1.1\nHost: x\n\n",
    "GET / HTTP/1.1\r\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x, y\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x@y\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x y\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
    "GET\t/\tHTTP/1.1\r\nHost: x\r\n\r\n",
    "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
    " GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
    "GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.10\r\nHost: x\r\n\r\n",
    "GET / HTTP/01.1\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.2\r\nHost: x\r\n\r\n",
    "GET / HTTP/2.0\r\nHost: x\r\n\r\n",
    "GET / http/1.1\r\nHost: x\r\n\r\n",
    "GET / RTSP/1.0\r\nHost: x\r\n\r\n",
    "GET /\r\n\r\n",
    "GET / \r\nHost: x\r\n\r\n",
    "G(T / HTTP/1.1\r\nHost: x\r\n\r\n",
    "get / HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET admin HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET ?a HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET @y/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET \\admin HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET http:/x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET http://x@y/ HTTP/1.1\r\nHost: y\r\n\r\n",
    "GET http://y\\@x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET http://x:443/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET http://x/ HTTP/1.1\r\n\r\n",
    "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n",
    "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nxx\r\n\r\n",
];

/// Chunks.
const BODIES: &[&str] = &[
    "3\nabc\n0\n\n",
    "3\r\nabc\n0\r\n\r\n",
    "3\r\nabcd\r\n0\r\n\r\n",
    "3\r\nabcXX0\r\n\r\n",
    "0x3\r\nabc\r\n0\r\n\r\n",
    "+3\r\nabc\r\n0\r\n\r\n",
    "-0\r\n\r\n",
    " 3\r\nabc\r\n0\r\n\r\n",
    "3 \r\nabc\r\n0\r\n\r\n",
    "0_3\r\nabc\r\n0\r\n\r\n",
    "\r\nabc\r\n0\r\n\r\n",
    "g\r\nabc\r\n0\r\n\r\n",
    "10000000000000003\r\nabc\r\n0\r\n\r\n",
    "3;a\nabc\r\n0\r\n\r\n",
    "3;a\rb\r\nabc\r\n0\r\n\r\n",
    "3;\0\r\nabc\r\n0\r\n\r\n",
    "0\r\nA: b\n\r\n",
    "0\r\nA : b\r\n\r\n",
    "0\r\nA: b\r\n c\r\n\r\n",
    "0\r\nA\r\n\r\n",
    "0\n\r\n",
];

/// What one of them hides.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn what_two_readers_could_understand_in_two_ways_ends_its_connection() {
    run(async {
        let calls = Rc::new(Cell::new(0));
        let counted = Rc::clone(&calls);
        let (server, address) = start(Limits::default(), move |exchange: Exchange| {
            assert_ne!(exchange.target(), b"/hidden");
            let calls = Rc::clone(&counted);
            drop(Loop::current().spawn(async move {
                if let Ok(body) = exchange.body().await {
                    calls.set(calls.get() + 1);
                    let _ = exchange.respond(200, &Fields::new(), body);
                }
            }));
        });
        let of_fields = (FIELDS.iter()).map(|rest| format!("POST / HTTP/1.1\r\nHost: x\r\n{rest}"));
        let of_beginnings = BEGINNINGS.iter().map(|&text| text.to_owned());
        let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        let of_bodies = BODIES.iter().map(|body| format!("{head}{body}"));
        for text in of_fields.chain(of_beginnings).chain(of_bodies) {
            let answer = exchange(address, format!("{text}{HIDDEN}")).await;
            let status = answer.get(9..12).unwrap_or_default();
            assert!(status.starts_with(['4', '5']), "{text:?}: {answer}");
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{text:?}: {answer}");
            assert!(
                answer.contains("connection: close\r\n"),
                "{text:?}: {answer}"
            );
        }
        assert_eq!(calls.get(), 0);
        server.close().await;
    });
}

#[test]
fn what_has_one_meaning_alone_is_answered_however_odd() {
    run(async {
        let (server, address) = start(Limits::default(), |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                let body = exchange.body().await.unwrap();
                exchange.respond(200, &Fields::new(), body).unwrap();
            }));
        });
        let last = "Connection: close\r\n";
        for (text, body) in [
            (
                format!("POST / HTTP/1.1\r\nHost: x\r\n{last}Content-Length: 003\r\n\r\nabc"),
                "abc",
            ),
            (
                format!("POST / HTTP/1.1\r\nHost: x\r\n{last}Content-Length:\t3\t\r\n\r\nabc"),
                "abc",
            ),
            (
                format!(
                    "POST / HTTP/1.1\r\nHost: x\r\n{last}Transfer-Encoding: CHUNKED\r\n\r\n003;a=\"b\"\r\nabc\r\n0\r\n\r\n"
                ),
                "abc",
            ),
            // What trailers say of the message changes nothing.
            (
                format!(
                    "POST / HTTP/1.1\r\nHost: x\r\n{last}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\nHost: y\r\n\r\n"
                ),
                "",
            ),
            (
                format!("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n{last}\r\n"),
                "",
            ),
            (
                format!("GET http://x/ HTTP/1.1\r\nHost: X\r\n{last}\r\n"),
                "",
            ),
            (
                format!("GET HTTP://x:80 HTTP/1.1\r\nHost: x\r\n{last}\r\n"),
                "",
            ),
            (
                format!("OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n{last}\r\n"),
                "",
            ),
            ("GET / HTTP/1.0\r\n\r\n".to_owned(), ""),
        ] {
            let answer = exchange(address, text.clone()).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{text:?}: {answer}");
            assert!(
                answer.ends_with(&format!("\r\n\r\n{body}")),
                "{text:?}: {answer}"
            );
        }
        server.close().await;
    });
}
