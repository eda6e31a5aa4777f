//! WebSockets over streams of HTTP/2 (RFC 8441): many on one connection, beside requests, with their windows, their ends and what is refused.

mod common;

use common::talker::{Talker, request};
use common::{eventually, run};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use twinloop_loop::Loop;
use twinloop_loop::net::Listener;
use twinloop_web::http2::{self, Code, Event, setting};
use twinloop_web::server::{
    Exchange, Fields, Limits, Server, Socket, SocketHandler, SocketOptions,
};
use twinloop_web::websocket::{CloseStatus, Message};

/// Sends everything back, and remembers who is there and how they went.
#[derive(Default)]
struct Echo {
    open: RefCell<Vec<Rc<Socket>>>,
    ended: RefCell<Vec<CloseStatus>>,
}

struct Handle(Rc<Echo>);

impl SocketHandler for Handle {
    fn message(&self, socket: &Rc<Socket>, message: Message) {
        match &message {
            Message::Text(text) if text == "close" => socket.close(Some(4001), "bye").unwrap(),
            Message::Text(text) => socket.send_text(text).unwrap(),
            Message::Binary(bytes) => socket.send_binary(bytes).unwrap(),
        }
    }

    fn closed(&self, socket: &Rc<Socket>, status: CloseStatus) {
        let is_other = |other: &Rc<Socket>| !Rc::ptr_eq(other, socket);
        self.0.open.borrow_mut().retain(is_other);
        self.0.ended.borrow_mut().push(status);
    }
}

fn start(options: SocketOptions) -> (Server, SocketAddr, Rc<Echo>) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let echo = Rc::new(Echo::default());
    let kept = Rc::clone(&echo);
    let handler = move |exchange: Exchange| {
        if exchange.target() == b"/plain" {
            let text = format!("{} {}", exchange.method(), exchange.asks_for_socket());
            return exchange.respond(200, &Fields::new(), text).unwrap();
        }
        let handle = Rc::new(Handle(Rc::clone(&kept)));
        let protocol = exchange.field("sec-websocket-protocol").is_some();
        let mut fields = Fields::new();
        fields.append(b"X-More", b"yes").unwrap();
        let protocol = protocol.then_some("chat");
        match exchange.accept_socket(options.clone(), protocol, &fields, handle) {
            Ok(socket) => kept.open.borrow_mut().push(socket),
            // Who has ended the stream already cannot be answered.
            Err(error) if error.is_closed() => {}
            Err(error) => exchange
                .respond(400, &Fields::new(), error.chain())
                .unwrap(),
        }
    };
    let server = Server::start(listener, None, Limits::default(), Rc::new(handler));
    (server, address, echo)
}

fn asks(path: &str) -> http2::Fields {
    asks_for(path, "websocket", "13")
}

fn asks_for(path: &str, protocol: &str, version: &str) -> http2::Fields {
    let mut fields = http2::Fields::default();
    for (name, value) in [
        (":method", "CONNECT"),
        (":protocol", protocol),
        (":scheme", "http"),
        (":authority", "x"),
        (":path", path),
        ("sec-websocket-version", version),
    ] {
        fields.push(name.as_bytes(), value.as_bytes(), false);
    }
    fields
}

/// A client whose server has told that it has WebSockets.
fn talker(address: SocketAddr) -> Talker {
    let mut talker = Talker::new(address);
    assert!(talker.until(|event| *event == Event::Settings));
    let settings = talker.client.remote_settings();
    assert!(settings.contains(&(setting::ENABLE_CONNECT_PROTOCOL, 1)));
    talker
}

fn is_head(event: &Event) -> bool {
    matches!(event, Event::Head { .. })
}

/// A whole message as a client frames it.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        length @ ..126 => frame.push(0x80 | length as u8),
        length @ ..65_536 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b));
    frame
}

/// The first frame of a server in these bytes, and where it ends.
fn framed(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let (first, length) = (*bytes.first()?, usize::from(*bytes.get(1)?));
    let (length, at) = match length {
        126 => {
            let length = bytes.get(2..4)?;
            (usize::from(u16::from_be_bytes(length.try_into().ok()?)), 4)
        }
        127 => {
            let length = bytes.get(2..10)?;
            (u64::from_be_bytes(length.try_into().ok()?) as usize, 10)
        }
        length => (length, 2),
    };
    Some((first, bytes.get(at..at + length)?, at + length))
}

/// Hears frames until there is one whole, which is taken away.
fn hear(talker: &mut Talker) -> (u8, Vec<u8>) {
    loop {
        let found =
            framed(&talker.data).map(|(first, payload, end)| (first, payload.to_vec(), end));
        if let Some((first, payload, end)) = found {
            talker.data.drain(..end);
            return (first, payload);
        }
        assert!(
            talker.until(|event| matches!(event, Event::Data { .. })),
            "the connection has ended"
        );
    }
}

#[test]
fn messages_come_back_by_streams_beside_requests() {
    run(async {
        let (server, address, echo) = start(SocketOptions::default());
        let client = Loop::current().spawn_blocking(move || {
            let mut talker = talker(address);
            let mut asked = asks("/");
            asked.push(b"sec-websocket-protocol", b"chat", false);
            let socket = talker.client.request(asked, false, None).unwrap();
            assert!(talker.until(|event| match event {
                Event::Head { fields, ends, .. } => {
                    let has = |name: &[u8], value: &[u8]| {
                        (fields.iter()).any(|each| each.name == name && each.value == value)
                    };
                    assert!(has(b":status", b"200") && !ends);
                    assert!(has(b"x-more", b"yes") && has(b"sec-websocket-protocol", b"chat"));
                    assert!(!(fields.iter()).any(|each| each.name == b"sec-websocket-accept"));
                    true
                }
                _ => false,
            }));
            for size in [0, 5, 200, 70_000, 3_000_000] {
                let sent: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
                // In pieces that begin and end anywhere.
                for piece in frame(2, &sent).chunks(100_001) {
                    talker.client.data(socket, piece.to_vec()).unwrap();
                }
                let (first, payload) = hear(&mut talker);
                assert_eq!(first, 0x82);
                assert!(payload == sent, "{size} bytes");
            }
            talker.client.data(socket, frame(9, b"there?")).unwrap();
            assert_eq!(hear(&mut talker), (0x8a, b"there?".to_vec()));
            let plain = request("GET", "/plain");
            talker.client.request(plain, true, None).unwrap();
            assert!(talker.until(|event| matches!(event, Event::Closed { .. })));
            assert_eq!(std::mem::take(&mut talker.data), b"GET false");
            // The server says its end, and ends its side of the stream when the client has said its own.
            talker.client.data(socket, frame(1, b"close")).unwrap();
            assert_eq!(hear(&mut talker), (0x88, b"\x0f\xa1bye".to_vec()));
            talker.client.data(socket, frame(8, b"\x0f\xa1")).unwrap();
            talker.client.end(socket).unwrap();
            talker.until(|event| matches!(event, Event::Closed { stream, code, .. } if *stream == socket && code.0 == 0))
        });
        assert!(client.await.unwrap());
        eventually("it has ended", || echo.ended.borrow().len() == 1).await;
        assert!(echo.ended.borrow()[0].was_clean);
        server.close().await;
    });
}

#[test]
fn what_is_no_websocket_is_refused_and_answers_are_none() {
    run(async {
        let (server, address, echo) = start(SocketOptions::default());
        let client =
            Loop::current().spawn_blocking(move || {
                let mut statuses = Vec::new();
                let mut talker = talker(address);
                for asked in [
                    // A handler's answer must not look like consent.
                    asks("/plain"),
                    asks_for("/", "connect-udp", "13"),
                    asks_for("/", "websocket", "12"),
                ] {
                    let stream = talker.client.request(asked, false, None).unwrap();
                    assert!(talker.until(
                        |event| matches!(event, Event::Closed { stream: id, .. } if *id == stream)
                    ));
                }
                statuses.append(&mut talker.heard);
                statuses.retain(|status| status.starts_with("Response"));
                let stream = talker.client.request(asks("/"), true, None).unwrap();
                assert!(talker.until(
                    |event| matches!(event, Event::Closed { stream: id, .. } if *id == stream)
                ));
                statuses
            });
        let statuses = client.await.unwrap();
        assert_eq!(statuses, ["Response 501", "Response 501", "Response 400"]);
        assert!(echo.open.borrow().is_empty());
        server.abort();
    });
}

#[test]
fn each_socket_of_a_connection_ends_alone_and_all_with_it() {
    run(async {
        let (server, address, echo) = start(SocketOptions::default());
        let client = Loop::current().spawn_blocking(move || {
            let mut talker = talker(address);
            let sockets: Vec<u32> = (0..20)
                .map(|_| talker.client.request(asks("/"), false, None).unwrap())
                .collect();
            while talker.heard.len() < sockets.len() {
                assert!(talker.until(is_head));
            }
            for socket in &sockets {
                let text = socket.to_string();
                talker
                    .client
                    .data(*socket, frame(1, text.as_bytes()))
                    .unwrap();
                assert_eq!(hear(&mut talker), (0x81, text.into_bytes()));
            }
            // One breaks the rules, one is reset, one ends without a word.
            talker.client.data(sockets[0], frame(3, b"")).unwrap();
            assert_eq!(hear(&mut talker), (0x88, 1002u16.to_be_bytes().to_vec()));
            talker.client.reset(sockets[1], Code::CANCEL).unwrap();
            talker.client.end(sockets[2]).unwrap();
            assert!(talker.until(
                |event| matches!(event, Event::Closed { stream, .. } if *stream == sockets[2])
            ));
            talker.client.data(sockets[3], frame(1, b"still")).unwrap();
            assert_eq!(hear(&mut talker), (0x81, b"still".to_vec()));
        });
        client.await.unwrap();
        // The client has gone with the rest.
        eventually("all have ended", || echo.ended.borrow().len() == 20).await;
        assert!(echo.ended.borrow().iter().all(|status| status.code == 1006));
        eventually("nothing is left", || server.connections() == 0).await;
        server.close().await;
    });
}

#[test]
fn a_socket_that_is_held_leaves_its_messages_with_the_client_and_others_go_on() {
    run(async {
        let (server, address, echo) = start(SocketOptions::default());
        let client = Loop::current().spawn_blocking(move || {
            let mut talker = talker(address);
            let held = talker.client.request(asks("/"), false, None).unwrap();
            assert!(talker.until(is_head));
            let other = talker.client.request(asks("/"), false, None).unwrap();
            assert!(talker.until(is_head));
            talker.client.data(held, frame(2, &[7; 2_000_000])).unwrap();
            for _ in 0..50 {
                talker
                    .client
                    .data(other, frame(1, &[b'x'; 10_000]))
                    .unwrap();
                assert_eq!(hear(&mut talker).1.len(), 10_000);
                std::thread::sleep(Duration::from_millis(2));
            }
            let left = talker.client.queued_bytes();
            talker.client.data(other, frame(1, b"close")).unwrap();
            assert_eq!(hear(&mut talker).0, 0x88);
            // The first is let go by then.
            let message = hear(&mut talker);
            (left, message.1.len())
        });
        eventually("both are there", || echo.open.borrow().len() == 2).await;
        let first = Rc::clone(&echo.open.borrow()[0]);
        first.hold(true);
        eventually("the other is closed", || !echo.open.borrow()[1].is_open()).await;
        first.hold(false);
        let (left, length) = client.await.unwrap();
        assert!(left > 1_000_000, "{left} bytes are still with the client");
        assert_eq!(length, 2_000_000);
        server.abort();
    });
}

#[test]
fn a_server_that_closes_says_so_to_sockets_of_streams() {
    run(async {
        let (server, address, echo) = start(SocketOptions::default());
        let client = Loop::current().spawn_blocking(move || {
            let mut talker = talker(address);
            let socket = talker.client.request(asks("/"), false, None).unwrap();
            assert!(talker.until(is_head));
            assert_eq!(hear(&mut talker), (0x88, 1001u16.to_be_bytes().to_vec()));
            talker.client.data(socket, frame(8, b"\x03\xe9")).unwrap();
            talker.client.end(socket).unwrap();
            // And then the connection.
            while talker.until(|_| false) {}
        });
        eventually("it is there", || echo.open.borrow().len() == 1).await;
        server.close().await;
        client.await.unwrap();
        assert_eq!(echo.ended.borrow()[0].code, 1001);
    });
}
