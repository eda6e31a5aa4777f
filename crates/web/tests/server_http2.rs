//! The server over HTTP/2, by TLS and without: exchanges side by side, bodies both ways, limits, the end.

mod common;

use bytes::Bytes;
use common::talker::{Talker, request};
use common::{eventually, run};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use twinloop_loop::Loop;
use twinloop_loop::net::Listener;
use twinloop_web::fetch::{Method, Request, RequestBody};
use twinloop_web::http2::{self, Event, Kind};
use twinloop_web::server::{Exchange, Fields, Handler, Identity, Limits, Server};
use twinloop_web::{Client, Config};

fn certificate(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/py/certificates")
        .join(name)
}

fn start(is_secure: bool, limits: Limits, handler: impl Handler + 'static) -> (Server, SocketAddr) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let identity = is_secure.then(|| {
        let text = std::fs::read(certificate("server.pem")).unwrap();
        Identity::from_pem(&text, &text).unwrap()
    });
    (
        Server::start(listener, identity, limits, Rc::new(handler)),
        address,
    )
}

fn client() -> Client {
    Client::new(Config {
        ca_file: Some(certificate("authority.pem")),
        ..Config::default()
    })
    .unwrap()
}

#[test]
fn exchanges_run_side_by_side_on_one_connection() {
    run(async {
        let most = Rc::new(RefCell::new((0, 0)));
        let seen = Rc::clone(&most);
        let (server, address) = start(true, Limits::default(), move |exchange: Exchange| {
            let seen = Rc::clone(&seen);
            drop(Loop::current().spawn(async move {
                let now = {
                    let counts = &mut *seen.borrow_mut();
                    counts.0 += 1;
                    counts.1 = counts.0.max(counts.1);
                    counts.0
                };
                twinloop_loop::time::sleep(Duration::from_millis(20)).await;
                let host = String::from_utf8_lossy(exchange.field("host").unwrap()).into_owned();
                let target = String::from_utf8_lossy(exchange.target()).into_owned();
                let text = format!("{} {target} {host}", exchange.is_http2());
                exchange.respond(200, &Fields::new(), text).unwrap();
                seen.borrow_mut().0 -= 1;
                assert!(now > 0);
            }));
        });
        let client = client();
        let port = address.port();
        let first = format!("https://localhost:{port}/first");
        client.fetch(Request::get(&first).unwrap()).await.unwrap();
        let mut waiting = Vec::new();
        for index in 0..100 {
            let url = format!("https://localhost:{port}/{index}?a");
            let (client, request) = (client.clone(), Request::get(&url).unwrap());
            waiting.push(
                Loop::current().spawn(async move {
                    client.fetch(request).await.unwrap().text().await.unwrap()
                }),
            );
        }
        for (index, answer) in waiting.into_iter().enumerate() {
            let expected = format!("true /{index}?a localhost:{port}");
            assert_eq!(answer.await.unwrap(), expected);
        }
        assert_eq!(most.borrow().1, 100);
        assert_eq!(server.connections(), 1);
        drop(client);
        server.abort();
    });
}

#[test]
fn bodies_go_both_ways_as_fast_as_they_are_read() {
    run(async {
        let (server, address) = start(true, Limits::default(), |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                if exchange.target() == b"/whole" {
                    let body = exchange.body().await.unwrap();
                    exchange.respond(201, &Fields::new(), body).unwrap();
                    return;
                }
                exchange.begin(200, &Fields::new()).unwrap();
                while let Some(chunk) = exchange.next_chunk().await {
                    exchange.write(chunk.unwrap()).unwrap();
                    exchange.ready().await.unwrap();
                    assert!(exchange.queued() < 400_000, "{}", exchange.queued());
                }
                let mut trailers = Fields::new();
                trailers.append(b"X-Sum", b"1").unwrap();
                exchange.finish(&trailers).unwrap();
            }));
        });
        let client = client();
        for target in ["whole", "stream"] {
            for size in [0, 1, 70_000, 5_000_000] {
                let url = format!("https://localhost:{}/{target}", address.port());
                let mut request = Request::new(Method::POST, &url).unwrap();
                let sent = Bytes::from(
                    (0..size)
                        .map(|index| (index % 251) as u8)
                        .collect::<Vec<_>>(),
                );
                request.body = RequestBody::from(sent.clone());
                let response = client.fetch(request).await.unwrap();
                assert!(response.bytes().await.unwrap() == sent, "{target} {size}");
            }
        }
        drop(client);
        server.abort();
    });
}

/// Gives what `until` has heard enough of.
fn talk(
    address: SocketAddr,
    act: impl FnOnce(&mut http2::Connection),
    until: impl Fn(&Event) -> bool,
) -> Vec<String> {
    let mut talker = Talker::new(address);
    act(&mut talker.client);
    talker.until(until);
    talker.heard
}

async fn talked(
    address: SocketAddr,
    act: impl FnOnce(&mut http2::Connection) + Send + 'static,
    until: impl Fn(&Event) -> bool + Send + 'static,
) -> Vec<String> {
    Loop::current()
        .spawn_blocking(move || talk(address, act, until))
        .await
        .unwrap()
}

fn ends(event: &Event) -> bool {
    matches!(event, Event::Closed { .. } | Event::GoAway { .. })
}

#[test]
fn without_tls_it_is_known_by_its_first_bytes() {
    run(async {
        let (server, address) = start(false, Limits::default(), |exchange: Exchange| {
            exchange.inform(103, &Fields::new()).unwrap();
            let cookie = exchange.field("cookie").unwrap_or_default();
            let text = String::from_utf8_lossy(cookie).into_owned();
            exchange.respond(200, &Fields::new(), text).unwrap();
        });
        let ask = |method: &'static str| {
            talked(
                address,
                move |client| {
                    client.request(request(method, "/"), true, None).unwrap();
                },
                ends,
            )
        };
        assert_eq!(
            ask("GET").await,
            ["Informational 103", "Response 200", "a=b; c=d"]
        );
        assert_eq!(ask("HEAD").await, ["Informational 103", "Response 200"]);
        let other = talked(
            address,
            |client| {
                let mut fields = request("GET", "/");
                fields.push(b"host", b"y", false);
                client.request(fields, true, None).unwrap();
            },
            |event| matches!(event, Event::Closed { code, by_peer: true, .. } if code.0 == 1),
        );
        assert!(other.await.is_empty());
        eventually("all have gone", || server.connections() == 0).await;
        server.close().await;
    });
}

#[test]
fn a_handler_that_fails_and_a_body_that_is_too_long_concern_one_stream() {
    run(async {
        let limits = Limits {
            body_bytes: 1000,
            ..Limits::default()
        };
        let (server, address) = start(false, limits, |exchange: Exchange| {
            match exchange.target() {
                b"/dropped" => {}
                b"/half" => {
                    exchange.begin(200, &Fields::new()).unwrap();
                    exchange.write("half").unwrap();
                }
                _ => drop(Loop::current().spawn(async move {
                    let failure = exchange.body().await.unwrap_err();
                    assert!(failure.is_full(), "{failure}");
                    exchange.respond(413, &Fields::new(), "").unwrap();
                })),
            }
        });
        let dropped = talked(
            address,
            |client| {
                client
                    .request(request("GET", "/dropped"), true, None)
                    .unwrap();
            },
            ends,
        );
        assert_eq!(dropped.await, ["Response 500"]);
        let half = talked(
            address,
            |client| {
                client.request(request("GET", "/half"), true, None).unwrap();
            },
            |event| matches!(event, Event::Closed { code, by_peer: true, .. } if code.0 == 2),
        );
        assert_eq!(half.await[0], "Response 200");
        let long = talked(
            address,
            |client| {
                let stream = client
                    .request(request("POST", "/long"), false, None)
                    .unwrap();
                client.data(stream, vec![b'x'; 5000]).unwrap();
                client.end(stream).unwrap();
            },
            |event| {
                matches!(
                    event,
                    Event::Head {
                        kind: Kind::Response,
                        ..
                    }
                )
            },
        );
        assert_eq!(long.await, ["Response 413"]);
        server.abort();
    });
}

/// An event that says that the server has ended this stream with this code.
fn is_reset(event: &Event, wanted: u32, code: u32) -> bool {
    matches!(event, Event::Closed { stream, code: given, by_peer: true } if *stream == wanted && given.0 == code)
}

#[test]
fn a_body_over_the_limit_is_answered_before_its_stream_is_reset_and_the_connection_goes_on() {
    run(async {
        let limits = Limits {
            body_bytes: 100_000,
            ..Limits::default()
        };
        let (server, address) = start(false, limits, |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                let outcome = exchange.body().await;
                if outcome.is_err_and(|failure| failure.is_full()) {
                    // Time enough for a client to send more than is ever skipped.
                    twinloop_loop::time::sleep(Duration::from_millis(200)).await;
                    let text = "x".repeat(100_000);
                    exchange.respond(413, &Fields::new(), text).unwrap();
                } else {
                    exchange.respond(200, &Fields::new(), "fine").unwrap();
                }
            }));
        });
        let heard = Loop::current().spawn_blocking(move || {
            let mut talker = Talker::new(address);
            for _ in 0..3 {
                let fields = request("POST", "/long");
                let stream = talker.client.request(fields, false, None).unwrap();
                talker.client.data(stream, vec![b'x'; 3_000_000]).unwrap();
                let before = talker.heard.len();
                assert!(talker.until(|event| is_reset(event, stream, 0)));
                assert_eq!(talker.heard[before], "Response 413");
                let length: usize = talker.heard[before + 1..].iter().map(String::len).sum();
                assert_eq!(length, 100_000, "the answer is whole");
                // The client may go on with others.
                let mut fields = request("POST", "/short");
                fields.push(b"content-length", b"90000", false);
                let stream = talker.client.request(fields, false, None).unwrap();
                talker.client.data(stream, vec![b'x'; 90_000]).unwrap();
                talker.client.end(stream).unwrap();
                assert!(talker.until(ends));
                assert_eq!(
                    talker.heard[talker.heard.len() - 2..],
                    ["Response 200", "fine"]
                );
            }
            // One that says how long it will be need not be read.
            let mut fields = request("POST", "/long");
            fields.push(b"content-length", b"100001", false);
            let stream = talker.client.request(fields, false, None).unwrap();
            assert!(talker.until(|event| is_reset(event, stream, 0)));
            talker.heard.pop()
        });
        assert_eq!(heard.await.unwrap().as_deref(), Some("Response 413"));
        server.abort();
    });
}

#[test]
fn what_nobody_reads_of_a_stream_that_is_over_is_given_back_to_the_others() {
    run(async {
        let (server, address) = start(false, Limits::default(), |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                if exchange.target() == b"/unread" {
                    std::future::poll_fn(|context| exchange.poll_gone(context)).await;
                    return;
                }
                let answer = match exchange.target() {
                    b"/early" => Bytes::new(),
                    _ => exchange.body().await.unwrap(),
                };
                exchange.respond(200, &Fields::new(), answer).unwrap();
            }));
        });
        let heard = Loop::current().spawn_blocking(move || {
            let mut talker = Talker::new(address);
            for _ in 0..10 {
                for path in ["/unread", "/early"] {
                    let fields = request("POST", path);
                    let stream = talker.client.request(fields, false, None).unwrap();
                    talker.client.data(stream, vec![b'x'; 200_000]).unwrap();
                    talker.client.ping([1; 8]);
                    // It has come to the server.
                    assert!(talker.until(|event| matches!(event, Event::Pong(_))));
                    if path == "/unread" {
                        talker.client.reset(stream, http2::Code::CANCEL).unwrap();
                    } else {
                        talker.client.end(stream).unwrap();
                        assert!(talker.until(ends));
                    }
                }
            }
            let fields = request("POST", "/echo");
            let stream = talker.client.request(fields, false, None).unwrap();
            talker.client.data(stream, vec![b'y'; 200_000]).unwrap();
            talker.client.end(stream).unwrap();
            talker.heard.clear();
            assert!(talker.until(ends), "the connection has windows left");
            talker.heard[1..].iter().map(String::len).sum::<usize>()
        });
        assert_eq!(heard.await.unwrap(), 200_000);
        server.abort();
    });
}

#[test]
fn expectations_are_those_of_http1() {
    run(async {
        let (server, address) = start(false, Limits::default(), |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                let body = exchange.body().await.unwrap();
                exchange.respond(200, &Fields::new(), body).unwrap();
            }));
        });
        let heard = Loop::current().spawn_blocking(move || {
            let mut talker = Talker::new(address);
            for value in ["more", "100-continue"] {
                let mut fields = request("POST", "/");
                fields.push(b"expect", value.as_bytes(), false);
                let stream = talker.client.request(fields, false, None).unwrap();
                talker.until(|event| matches!(event, Event::Head { .. }));
                let _ = talker.client.data(stream, b"body".to_vec());
                let _ = talker.client.end(stream);
                talker.until(
                    |event| matches!(event, Event::Closed { stream: id, .. } if *id == stream),
                );
            }
            talker.heard
        });
        assert_eq!(
            heard.await.unwrap(),
            ["Response 417", "Informational 100", "Response 200", "body"]
        );
        server.abort();
    });
}

#[test]
fn records_that_come_together_are_all_read() {
    run(async {
        let (server, address) = start(true, Limits::default(), |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                let body = exchange.body().await.unwrap();
                exchange
                    .respond(200, &Fields::new(), body.len().to_string())
                    .unwrap();
            }));
        });
        const LENGTH: usize = 81_000;
        let mut text =
            format!("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: {LENGTH}\r\n\r\n")
                .into_bytes();
        text.resize(text.len() + LENGTH, b'x');
        assert!((80_000..81_500).contains(&text.len()), "five records");
        let mut stream = TcpStream::connect(address).unwrap();
        let (mut session, stream) = Loop::current()
            .spawn_blocking(move || {
                let mut session = session();
                while session.is_handshaking() {
                    session.complete_io(&mut stream).unwrap();
                }
                // Tickets are read, so that nothing is left to say.
                (session, stream)
            })
            .await
            .unwrap();
        // Records of nearly 64 KiB behind one that lacks its last byte: what a read could take is more than its buffer when it is decrypted. The loop
        // sees all of it at once, as this does not let go of the thread, and nothing comes behind it.
        let mut wire = Vec::new();
        for record in text.chunks(16_384) {
            session.writer().write_all(record).unwrap();
            session.write_tls(&mut wire).unwrap();
        }
        let held = 5 + 16_384 + 17 - 1;
        for piece in [&wire[..held], &wire[held..]] {
            (&stream).write_all(piece).unwrap();
            twinloop_loop::time::sleep(Duration::from_millis(50)).await;
        }
        let answer = Loop::current().spawn_blocking(move || {
            stream
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            let mut answer = vec![0; 1000];
            let mut count = 0;
            while !answer[..count].ends_with(LENGTH.to_string().as_bytes()) {
                session.read_tls(&mut &stream).unwrap();
                session.process_new_packets().unwrap();
                while let Ok(more @ 1..) = session.reader().read(&mut answer[count..]) {
                    count += more;
                }
            }
        });
        answer.await.unwrap();
        server.abort();
    });
}

fn session() -> ClientConnection {
    let mut roots = RootCertStore::empty();
    let authority = std::fs::read(certificate("authority.pem")).unwrap();
    roots
        .add(CertificateDer::from_pem_slice(&authority).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut session =
        ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    session.set_buffer_limit(None);
    session
}

#[test]
fn closing_lets_streams_end_and_takes_no_more() {
    run(async {
        let (server, address) = start(false, Limits::default(), |exchange: Exchange| {
            drop(Loop::current().spawn(async move {
                twinloop_loop::time::sleep(Duration::from_millis(300)).await;
                exchange.respond(200, &Fields::new(), "slow").unwrap();
            }));
        });
        let slow = Loop::current().spawn(talked(
            address,
            |client| {
                client.request(request("GET", "/"), true, None).unwrap();
            },
            |event| matches!(event, Event::Closed { .. }),
        ));
        eventually("the request is there", || server.connections() == 1).await;
        twinloop_loop::time::sleep(Duration::from_millis(100)).await;
        let closing = Loop::current().spawn({
            let server = server.clone();
            async move { server.close().await }
        });
        assert_eq!(slow.await.unwrap(), ["Response 200", "slow"]);
        closing.await.unwrap();
    });
}
