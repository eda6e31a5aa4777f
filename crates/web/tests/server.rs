//! The HTTP server by the bytes of its clients: framing, pipelining, bodies, refusals, times, closing.

mod common;

use bytes::Bytes;
use common::{eventually, run};
use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use twinloop_loop::Loop;
use twinloop_loop::net::Listener;
use twinloop_web::server::{Exchange, Fields, Handler, Limits, Server};

fn start(limits: Limits, handler: impl Handler + 'static) -> (Server, SocketAddr) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    (
        Server::start(listener, None, limits, Rc::new(handler)),
        address,
    )
}

/// What a client on a thread of its own makes of the server.
async fn ask<T: Send + 'static>(
    address: SocketAddr,
    client: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> T {
    Loop::current()
        .spawn_blocking(move || {
            let stream = TcpStream::connect(address).unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            client(stream)
        })
        .await
        .unwrap()
}

/// Sends and ends, and gives all that comes, without its dates.
async fn exchange(address: SocketAddr, bytes: impl Into<Vec<u8>>) -> String {
    let bytes = bytes.into();
    ask(address, move |mut stream| {
        stream.write_all(&bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        undated(&answer)
    })
    .await
}

fn undated(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    text.split_inclusive("\r\n")
        .filter(|line| !line.starts_with("date: "))
        .collect()
}

fn hello(exchange: Exchange) {
    let text = format!(
        "{} {}",
        exchange.method(),
        String::from_utf8_lossy(exchange.target())
    );
    exchange.respond(200, &Fields::new(), text).unwrap();
}

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
            exchange.respond(status, &Fields::new(), "body").unwrap();
        });
        for (line, expected) in [
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

/// As `exchange`, from a server that may cut the connection.
async fn exchange_lossy(address: SocketAddr, bytes: String) -> String {
    ask(address, move |mut stream| {
        stream.write_all(bytes.as_bytes()).unwrap();
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        undated(&answer)
    })
    .await
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
fn who_waits_to_write_hears_that_the_client_has_gone() {
    run(async {
        let waits = Rc::new(Cell::new(false));
        let ended = Rc::new(Cell::new(false));
        let (full, over) = (Rc::clone(&waits), Rc::clone(&ended));
        let (server, address) = start(Limits::default(), move |exchange: Exchange| {
            let (full, over) = (Rc::clone(&full), Rc::clone(&over));
            drop(Loop::current().spawn(async move {
                exchange.begin(200, &Fields::new()).unwrap();
                while exchange.ready().await.is_ok() && exchange.write(vec![0; 65_536]).is_ok() {
                    full.set(exchange.queued() > 65_536);
                }
                over.set(true);
            }));
        });
        let mut client = TcpStream::connect(address).unwrap();
        client
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .unwrap();
        eventually("the handler waits", || waits.get()).await;
        assert!(!ended.get(), "nobody has gone");
        drop(client);
        eventually("the handler hears that the client has gone", || ended.get()).await;
        server.close().await;
    });
}

#[test]
fn a_body_over_the_limit_fails_its_reader_and_the_connection_ends() {
    run(async {
        let limits = Limits {
            body_bytes: 1000,
            ..Limits::default()
        };
        let (server, address) = start(limits, |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                let failure = exchange.body().await.unwrap_err();
                assert!(failure.is_full(), "{failure}");
                exchange.respond(413, &Fields::new(), "").unwrap();
            }));
        });
        let body = "x".repeat(5000);
        let answer = exchange_lossy(
            address,
            format!(
                "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1388\r\n{body}"
            ),
        )
        .await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        server.close().await;
    });
}

#[test]
fn what_nobody_reads_stays_with_the_client() {
    run(async {
        let (server, address) = start(Limits::default(), |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                twinloop_loop::time::sleep(Duration::from_millis(300)).await;
                let mut length = 0;
                while let Some(chunk) = exchange.next_chunk().await {
                    length += chunk.unwrap().len();
                }
                exchange
                    .respond(200, &Fields::new(), length.to_string())
                    .unwrap();
            }));
        });
        let (sent, answer) = ask(address, |mut stream| {
            let total = 64 << 20;
            let head = format!(
                "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {total}\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.set_nonblocking(true).unwrap();
            std::thread::sleep(Duration::from_millis(50));
            let block = vec![1; 1 << 20];
            let mut sent = 0;
            let end = std::time::Instant::now() + Duration::from_millis(150);
            while std::time::Instant::now() < end && sent < total {
                sent += stream.write(&block).unwrap_or(0);
            }
            stream.set_nonblocking(false).unwrap();
            let before = sent;
            while sent < total {
                let most = block.len().min(total - sent);
                sent += stream.write(&block[..most]).unwrap();
            }
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            (before, answer)
        })
        .await;
        assert!(
            sent < 32 << 20,
            "{sent} bytes were taken before anybody read"
        );
        assert!(answer.ends_with("\r\n\r\n67108864"), "{answer}");
        server.close().await;
    });
}

#[test]
fn a_client_that_does_not_read_keeps_the_writer_waiting() {
    let most = Rc::new(RefCell::new(0));
    let seen = Rc::clone(&most);
    run(async move {
        let (server, address) = start(Limits::default(), move |exchange: Exchange| {
            let seen = Rc::clone(&seen);
            drop(Loop::current().spawn(async move {
                exchange.begin(200, &Fields::new()).unwrap();
                let block = Bytes::from(vec![b'x'; 100_000]);
                for _ in 0..400 {
                    if exchange.ready().await.is_err() {
                        return;
                    }
                    exchange.write(block.clone()).unwrap();
                    let queued = exchange.queued();
                    let most = &mut *seen.borrow_mut();
                    *most = queued.max(*most);
                }
                exchange.finish(&Fields::new()).unwrap();
            }));
        });
        let length = ask(address, |mut stream| {
            stream
                .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                .unwrap();
            std::thread::sleep(Duration::from_millis(200));
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            answer.len()
        })
        .await;
        assert!(length > 40_000_000);
        server.close().await;
    });
    assert!(*most.borrow() < 300_000, "{} bytes waited", most.borrow());
}

#[test]
fn times_end_what_lasts_too_long() {
    run(async {
        let limits = Limits {
            head_time: Duration::from_secs(1),
            body_time: Duration::from_secs(1),
            idle_time: Duration::from_secs(1),
            ..Limits::default()
        };
        let (server, address) = start(limits, |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                if exchange.body().await.is_ok() {
                    hello(exchange);
                }
            }));
        });
        let answer_to = |bytes: &'static str| {
            ask(address, move |mut stream| {
                stream.write_all(bytes.as_bytes()).unwrap();
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer);
                undated(&answer)
            })
        };
        let silent = answer_to("");
        let head = answer_to("GET / HTTP/1.1\r\nhos");
        let idle = answer_to("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
        let body = answer_to("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nab");
        assert_eq!(silent.await, "");
        assert!(head.await.starts_with("HTTP/1.1 408 "));
        assert!(idle.await.ends_with("\r\n\r\nGET /"));
        assert!(!body.await.contains("200"));
        server.close().await;
    });
}

#[test]
fn closing_lets_what_is_under_way_end_and_lets_nobody_in() {
    run(async {
        let (server, address) = start(Limits::default(), |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                twinloop_loop::time::sleep(Duration::from_millis(300)).await;
                hello(exchange);
            }));
        });
        let slow =
            Loop::current().spawn(exchange(address, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n"));
        eventually("the request is there", || server.connections() == 1).await;
        twinloop_loop::time::sleep(Duration::from_millis(50)).await;
        let closing = Loop::current().spawn({
            let server = server.clone();
            async move { server.close().await }
        });
        let answer = slow.await.unwrap();
        assert!(
            answer.contains("connection: close\r\n") && answer.ends_with("GET /slow"),
            "{answer}"
        );
        closing.await.unwrap();
        assert!(TcpStream::connect(address).is_err());
    });
}

#[test]
fn who_connected_before_the_server_closed_is_answered() {
    run(async {
        let (server, address) = start(Limits::default(), hello);
        let late = Loop::current().spawn(ask(address, |mut stream| {
            std::thread::sleep(Duration::from_millis(300));
            stream
                .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                .unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            undated(&answer)
        }));
        let silent = Loop::current().spawn(ask(address, |mut stream| {
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            undated(&answer)
        }));
        eventually("both are there", || server.connections() == 2).await;
        server.close().await;
        assert!(late.await.unwrap().ends_with("GET /"));
        assert_eq!(silent.await.unwrap(), "");
    });
}

#[test]
fn a_client_that_goes_is_told_of() {
    let gone = Rc::new(RefCell::new(0));
    let told = Rc::clone(&gone);
    run(async move {
        let (server, address) = start(Limits::default(), move |exchange: Exchange| {
            let told = Rc::clone(&told);
            drop(Loop::current().spawn(async move {
                std::future::poll_fn(|context| exchange.poll_gone(context)).await;
                *told.borrow_mut() += 1;
            }));
        });
        for how in [Shutdown::Write, Shutdown::Both] {
            ask(address, move |mut stream| {
                stream
                    .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                    .unwrap();
                std::thread::sleep(Duration::from_millis(50));
                stream.shutdown(how).unwrap();
                std::thread::sleep(Duration::from_millis(50));
            })
            .await;
        }
        eventually("both went", || *gone.borrow() == 2).await;
        eventually("nothing is left", || server.connections() == 0).await;
        server.close().await;
    });
}

#[test]
fn whoever_waits_for_an_exchange_that_has_ended_hears_of_it() {
    run(async {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let told = Rc::clone(&heard);
        let (server, address) = start(Limits::default(), move |exchange: Exchange| {
            let exchange = Rc::new(exchange);
            let (reading, watching) = (Rc::clone(&exchange), Rc::clone(&exchange));
            let (told, also) = (Rc::clone(&told), Rc::clone(&told));
            drop(Loop::current().spawn(async move {
                let failure = reading.body().await.unwrap_err();
                assert!(failure.is_closed(), "{failure}");
                told.borrow_mut().push("read");
            }));
            drop(Loop::current().spawn(async move {
                std::future::poll_fn(|context| watching.poll_gone(context)).await;
                also.borrow_mut().push("gone");
            }));
            drop(Loop::current().spawn(async move {
                twinloop_loop::time::sleep(Duration::from_millis(20)).await;
                exchange.respond(200, &Fields::new(), "early").unwrap();
            }));
        });
        let answer = ask(address, |mut stream| {
            stream
                .write_all(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 500000\r\n\r\nsome")
                .unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            undated(&answer)
        })
        .await;
        assert!(answer.ends_with("early"), "{answer}");
        eventually("both are told", || heard.borrow().len() == 2).await;
        server.close().await;
    });
}

#[test]
fn the_end_of_an_exchange_is_told_though_its_connection_stays() {
    run(async {
        let is_told = Arc::new(AtomicBool::new(false));
        let tells = Arc::clone(&is_told);
        let (server, address) = start(Limits::default(), move |exchange: Exchange| {
            let exchange = Rc::new(exchange);
            let (waits, tells) = (Rc::clone(&exchange), Arc::clone(&tells));
            drop(Loop::current().spawn(async move {
                std::future::poll_fn(|context| waits.poll_gone(context)).await;
                assert_eq!(waits.status(), 201);
                tells.store(true, Ordering::SeqCst);
            }));
            drop(Loop::current().spawn(async move {
                exchange.respond(201, &Fields::new(), "").unwrap();
            }));
        });
        let was_told = ask(address, move |mut stream| {
            stream
                .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                .unwrap();
            // The connection is open meanwhile.
            (0..1000).any(|_| {
                std::thread::sleep(Duration::from_millis(5));
                is_told.load(Ordering::SeqCst)
            })
        })
        .await;
        assert!(was_told);
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
