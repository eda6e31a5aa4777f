//! The server over HTTP/2, by TLS and without: exchanges side by side, bodies both ways, limits, the end.

mod common;

use bytes::Bytes;
use common::{eventually, run};
use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};
use twinloop_loop::Loop;
use twinloop_loop::net::Listener;
use twinloop_web::fetch::{Method, Request, RequestBody};
use twinloop_web::http2::{self, Event, Kind, Options, Role};
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

/// A client without TLS: gives what `until` has heard enough of.
fn talk(
    address: SocketAddr,
    act: impl FnOnce(&mut http2::Connection),
    until: impl Fn(&Event) -> bool,
) -> Vec<String> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut client = http2::Connection::new(Role::Client, Options::default());
    act(&mut client);
    let mut heard = Vec::new();
    let mut buffer = vec![0; 65_536];
    loop {
        let bytes = client.take(usize::MAX);
        // In pieces: the preface too may come in two.
        for piece in bytes.chunks(7) {
            if stream.write_all(piece).is_err() {
                return heard;
            }
        }
        let count = match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return heard,
            Ok(count) => count,
        };
        let mut at = 0;
        while let Ok(Some(event)) = client.receive(&buffer[..count], &mut at, Instant::now()) {
            if let Event::Data { stream, range } = &event {
                client.consume(*stream, range.len() as u32);
                heard.push(String::from_utf8_lossy(&buffer[range.clone()]).into_owned());
            }
            if let Event::Head { fields, kind, .. } = &event {
                let status = fields.iter().next().unwrap().value;
                heard.push(format!("{kind:?} {}", String::from_utf8_lossy(status)));
            }
            if until(&event) {
                return heard;
            }
        }
    }
}

fn request(method: &str, path: &str) -> http2::Fields {
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
