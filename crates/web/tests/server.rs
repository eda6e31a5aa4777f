//! The HTTP server by the bytes of its clients: framing, pipelining, bodies, refusals.

mod common;

use common::serving::{ask, exchange, exchange_lossy, hello, start, undated};
use common::{eventually, run};
use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::rc::Rc;
use std::time::Duration;
use twinloop_loop::Loop;
use twinloop_web::server::{Exchange, Fields, Limits};

#[test]
fn requests_on_one_connection_are_answered_in_their_order() {
    run(async {
        let (server, address) = start(Limits::default(), hello);
        let answer = exchange(
            address,
            "GET /a HTTP/1.1\r\nhost: x\r\n\r\nHEAD /bc HTTP/1.1\r\nHost: x\r\n\r\nGET /d HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        )
        .await;
        assert_eq!(
            answer,
            "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nGET /aHTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nGET /d"
        );
        eventually("the connection is gone", || server.connections() == 0).await;
        server.close().await;
    });
}

#[test]
fn pipelined_requests_wait_for_answers_that_come_later() {
    run(async {
        let (server, address) = start(Limits::default(), |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                twinloop_loop::time::sleep(Duration::from_millis(2)).await;
                hello(exchange);
            }));
        });
        let requests = "GET /x HTTP/1.1\r\nhost: x\r\n\r\n".repeat(20_000 / 30);
        let answer = exchange(address, requests.clone()).await;
        assert_eq!(answer.matches("GET /x").count(), 20_000 / 30);
        server.close().await;
    });
}

#[test]
fn a_request_in_pieces_of_any_size_is_the_same_request() {
    run(async {
        let (server, address) = start(Limits::default(), |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                let body = exchange.body().await.unwrap();
                exchange.respond(200, &Fields::new(), body).unwrap();
            }));
        });
        let request: &[u8] = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;a=b\r\nde\r\n0\r\nt: v\r\n\r\nPOST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\nconnection: close\r\n\r\nfghi";
        for size in [1, 2, 7, 30, 500] {
            let answer = ask(address, move |mut stream| {
                stream.set_nodelay(true).unwrap();
                for piece in request.chunks(size) {
                    stream.write_all(piece).unwrap();
                    std::thread::sleep(Duration::from_micros(300));
                }
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).unwrap();
                undated(&answer)
            })
            .await;
            assert_eq!(
                answer,
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcdeHTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nfghi",
                "pieces of {size}"
            );
        }
        server.close().await;
    });
}

#[test]
fn answers_in_pieces_are_framed_as_the_client_understands_them() {
    run(async {
        let (server, address) = start(Limits::default(), |exchange: Exchange| {
            let mut fields = Fields::new();
            if exchange.target() == b"/length" {
                fields.append(b"Content-Length", b"6").unwrap();
            }
            exchange.inform(103, &Fields::new()).unwrap();
            exchange.begin(200, &fields).unwrap();
            exchange.write("abc").unwrap();
            exchange.write("").unwrap();
            exchange.write("def").unwrap();
            let mut trailers = Fields::new();
            trailers.append(b"x-sum", b"6").unwrap();
            exchange.finish(&trailers).unwrap();
        });
        let ask = |path: &str, version: &str| {
            exchange(
                address,
                format!("GET {path} HTTP/{version}\r\nhost: x\r\n\r\n"),
            )
        };
        assert_eq!(
            ask("/", "1.1").await,
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\nx-sum: 6\r\n\r\n"
        );
        assert_eq!(
            ask("/length", "1.1").await,
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabcdef"
        );
        assert_eq!(
            ask("/", "1.0").await,
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabcdef"
        );
        assert_eq!(
            ask("/length", "1.0\r\nconnection: keep-alive").await,
            "HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: keep-alive\r\n\r\nabcdef"
        );
        server.close().await;
    });
}

#[test]
fn what_has_no_body_sends_none() {
    run(async {
        let (server, address) = start(Limits::default(), |exchange: Exchange| {
            let status = match exchange.target() {
                b"/204" => 204,
                b"/304" => 304,
                _ => 200,
            };
            let body = match exchange.target() {
                b"/empty" => "",
                _ => "body",
            };
            exchange.respond(status, &Fields::new(), body).unwrap();
        });
        for (line, expected) in [
            ("GET /empty", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
            // Many give HEAD no body that GET gets one for: nobody knows of how many bytes (RFC 9110, 8.6).
            ("HEAD /empty", "HTTP/1.1 200 OK\r\n\r\n"),
            ("GET /204", "HTTP/1.1 204 No Content\r\n\r\n"),
            (
                "GET /304",
                "HTTP/1.1 304 Not Modified\r\ncontent-length: 4\r\n\r\n",
            ),
            ("HEAD /", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"),
        ] {
            let answer = exchange(address, format!("{line} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
            assert_eq!(answer, expected);
        }
        server.close().await;
    });
}

#[test]
fn what_is_wrong_is_refused_and_never_seen_by_the_handler() {
    run(async {
        let (server, address) = start(
            Limits {
                head_bytes: 1000,
                body_bytes: 2000,
                ..Limits::default()
            },
            |exchange: Exchange| panic!("{exchange:?}"),
        );
        for (request, status) in [
            ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nhost: a/b\r\n\r\n".to_owned(), 400),
            (
                "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2001\r\n\r\n".to_owned(),
                413,
            ),
            ("GET / HTTP/1.1\r\nhost: x\r\nexpect: more\r\n\r\n".to_owned(), 417),
            ("CONNECT x:1 HTTP/1.1\r\nhost: x:1\r\n\r\n".to_owned(), 501),
            ("GET / HTTP/9.1\r\nhost: x\r\n\r\n".to_owned(), 505),
            ("GET /\x01 HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), 400),
            (
                "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n"
                    .to_owned(),
                400,
            ),
            (
                "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nz\r\n".to_owned(),
                400,
            ),
            (format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", "x".repeat(2000)), 431),
        ] {
            let answer = exchange(address, request.clone()).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{request:?}: {answer}"
            );
            assert!(answer.contains("connection: close\r\n"), "{answer}");
        }
        server.close().await;
    });
}

#[test]
fn a_handler_that_answers_nothing_twice_or_too_little_is_told_and_so_is_the_client() {
    let faults = Rc::new(RefCell::new(Vec::new()));
    let told = Rc::clone(&faults);
    run(async move {
        let (server, address) = start(Limits::default(), move |exchange: Exchange| {
            let none = Fields::new();
            let note = |outcome: twinloop_web::Result<()>| {
                told.borrow_mut().push(outcome.unwrap_err().chain());
            };
            match exchange.target() {
                b"/twice" => {
                    exchange.respond(200, &none, "once").unwrap();
                    note(exchange.respond(200, &none, "twice"));
                }
                b"/status" => {
                    note(exchange.respond(99, &none, ""));
                    exchange.respond(200, &none, "mended").unwrap();
                }
                b"/short" | b"/long" => {
                    let mut fields = Fields::new();
                    fields.append(b"content-length", b"5").unwrap();
                    exchange.begin(200, &fields).unwrap();
                    if exchange.target() == b"/long" {
                        note(exchange.write("abcdef"));
                    } else {
                        exchange.write("abc").unwrap();
                        note(exchange.finish(&none));
                    }
                }
                b"/half" => {
                    exchange.begin(200, &none).unwrap();
                    exchange.write("abc").unwrap();
                }
                _ => {}
            }
        });
        let get =
            |path: &str| exchange_lossy(address, format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"));
        assert!(get("/twice").await.ends_with("\r\n\r\nonce"));
        assert!(get("/status").await.ends_with("\r\n\r\nmended"));
        assert!(get("/nothing").await.starts_with("HTTP/1.1 500 "));
        for path in ["/short", "/long", "/half"] {
            let answer = get(path).await;
            assert!(!answer.contains("0\r\n\r\n"), "{path}: {answer}");
        }
        server.close().await;
    });
    assert_eq!(
        *faults.borrow(),
        [
            "the request is answered already",
            "99 is no status that can be answered with",
            "the body is 2 bytes shorter than its content-length",
            "the body is longer than its content-length",
        ]
    );
}

#[test]
fn an_expectation_is_met_when_the_handler_wants_the_body() {
    run(async {
        let (server, address) = start(Limits::default(), |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                if exchange.target() == b"/no" {
                    exchange.respond(403, &Fields::new(), "").unwrap();
                    return;
                }
                let body = exchange.body().await.unwrap();
                exchange.respond(200, &Fields::new(), body).unwrap();
            }));
        });
        let answer = ask(address, |mut stream| {
            let head =
                b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close\r\n\r\n";
            stream.write_all(head).unwrap();
            let mut go_on = [0; 25];
            stream.read_exact(&mut go_on).unwrap();
            assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
            stream.write_all(b"ab").unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            undated(&answer)
        })
        .await;
        assert!(answer.ends_with("\r\n\r\nab"), "{answer}");
        let answer = exchange(
            address,
            "POST /no HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n",
        )
        .await;
        assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("connection: close\r\n"));
        server.close().await;
    });
}

/// Large bodies are received into memory of their own once one has come: each is what was sent, whatever came before and behind it. Behind heads that are as long
/// as each other they are the handler's alone, and begin where an array of numbers may: it need not move them.
#[test]
fn bodies_of_any_size_follow_each_other_on_a_connection() {
    const SIZES: [usize; 24] = [
        // Few enough for a client's first window.
        20_000, 20_000, 20_000, 20_000, 20_000, 20_000, 20_000, 20_000, //
        65_536, 65_536, 65_536, 70_000, 100, 65_536, 65_535, 20_000, 40_000, 131_072, 131_072,
        200_000, 131_072, 16_384, 16_384, 1,
    ];
    let body = |index: usize| vec![b'a' + index as u8; SIZES[index]];
    run(async move {
        let bodies = Rc::new(RefCell::new(Vec::new()));
        let kept = Rc::clone(&bodies);
        let in_place = Rc::new(Cell::new(0));
        let counted = Rc::clone(&in_place);
        let (server, address) = start(Limits::default(), move |exchange: Exchange| {
            let kept = Rc::clone(&kept);
            let counted = Rc::clone(&counted);
            let answer = async move {
                let body = exchange.body().await.unwrap();
                if body.is_unique() && body.as_ptr().addr().is_multiple_of(8) {
                    counted.set(counted.get() + usize::from(body.len() == 20_000));
                }
                kept.borrow_mut().push(body.clone());
                exchange.respond(200, &Fields::new(), body).unwrap();
            };
            Loop::current().begin(Box::pin(answer), None);
        });
        let answers = ask(address, move |mut stream| {
            let mut answers = Vec::new();
            let mut next = 0;
            // One by one, and then two with one write, the second of which waits behind the first.
            for together in [1; 20].into_iter().chain([2, 2]) {
                let mut requests = Vec::new();
                let mut expected = 0;
                for (index, size) in SIZES.into_iter().enumerate().skip(next).take(together) {
                    write!(
                        requests,
                        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n"
                    )
                    .unwrap();
                    requests.extend_from_slice(&body(index));
                    expected += size;
                }
                stream.write_all(&requests).unwrap();
                let mut came = Vec::new();
                let mut heads = 0;
                while heads < together || came.len() < expected {
                    let mut piece = vec![0; 65_536];
                    let count = stream.read(&mut piece).unwrap();
                    assert!(count > 0, "the connection ended before the answer");
                    came.extend_from_slice(&piece[..count]);
                    while let Some(at) = came.windows(4).position(|four| four == b"\r\n\r\n") {
                        let start = came[..at]
                            .windows(4)
                            .rposition(|four| four == b"HTTP")
                            .unwrap();
                        came.drain(start..at + 4);
                        heads += 1;
                    }
                }
                answers.extend_from_slice(&came);
                next += together;
            }
            answers
        })
        .await;
        let sent: Vec<u8> = (0..SIZES.len()).flat_map(body).collect();
        assert!(answers == sent, "an answer is not what was sent");
        let received: Vec<u8> = bodies
            .borrow()
            .iter()
            .flat_map(|body| body.to_vec())
            .collect();
        assert!(received == sent, "a body that was kept has changed");
        assert!(in_place.get() > 3, "{} of 8", in_place.get());
        server.close().await;
    });
}

#[test]
fn what_is_noted_belongs_to_the_connection_and_an_answer_may_go_without_a_date() {
    run(async {
        let made = Rc::new(RefCell::new(0));
        let counted = Rc::clone(&made);
        let (server, address) = start(Limits::default(), move |exchange: Exchange| {
            let number = exchange.noted(|| {
                *counted.borrow_mut() += 1;
                *counted.borrow()
            });
            assert!(exchange.noted(|| "of another type").is_none());
            let mut fields = Fields::new();
            fields.omit_date();
            let text = number.unwrap().to_string();
            exchange.respond(200, &fields, text).unwrap();
        });
        for connection in ["1", "2"] {
            let request = "GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(2);
            let answer = ask(address, move |mut stream| {
                stream.write_all(request.as_bytes()).unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).unwrap();
                answer
            })
            .await;
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n";
            assert_eq!(answer, format!("{head}{connection}{head}{connection}"));
        }
        server.close().await;
    });
}
