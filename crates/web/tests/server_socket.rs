//! WebSockets that the server accepts, with this crate's client and with clients that keep to no rule.

mod common;

use common::{eventually, run};
use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::time::Duration;
use twinloop_loop::Loop;
use twinloop_loop::net::Listener;
use twinloop_web::server::{
    Exchange, Fields, Limits, Server, Socket, SocketHandler, SocketOptions, broadcast,
};
use twinloop_web::websocket::{CloseStatus, Handshake, Message, WebSocket};
use twinloop_web::{Client, Config};

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
            Message::Text(text) if text == "flood" => {
                for _ in 0..10 {
                    socket.send_binary(&[1; 1_000_000]).unwrap();
                }
                socket.close(Some(4002), "").unwrap();
            }
            Message::Text(text) if text == "all" => broadcast(&*self.0.open.borrow(), true, b"all"),
            Message::Text(text) => socket.send_text(text).unwrap(),
            Message::Binary(bytes) => socket.send_binary(bytes).unwrap(),
        }
    }

    fn closed(&self, socket: &Rc<Socket>, status: CloseStatus) {
        self.0
            .open
            .borrow_mut()
            .retain(|other| !Rc::ptr_eq(other, socket));
        self.0.ended.borrow_mut().push(status);
    }
}

fn start(options: SocketOptions) -> (Server, SocketAddr, Rc<Echo>) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let echo = Rc::new(Echo::default());
    let kept = Rc::clone(&echo);
    let handler = move |exchange: Exchange| {
        let handle = Rc::new(Handle(Rc::clone(&kept)));
        match exchange.accept_socket(options.clone(), None, &Fields::new(), handle) {
            Ok(socket) => kept.open.borrow_mut().push(socket),
            Err(error) => exchange
                .respond(400, &Fields::new(), error.chain())
                .unwrap(),
        }
    };
    let server = Server::start(listener, None, Limits::default(), Rc::new(handler));
    (server, address, echo)
}

async fn open(client: &Client, address: SocketAddr, compress: bool) -> WebSocket {
    let mut handshake = Handshake::new(&format!("ws://{address}/")).unwrap();
    handshake.compress = compress;
    WebSocket::connect(client, handshake).await.unwrap()
}

#[test]
fn messages_of_every_size_come_back_with_and_without_compression() {
    run(async {
        let (server, address, echo) = start(SocketOptions::default());
        let client = Client::new(Config::default()).unwrap();
        for compress in [true, false] {
            let mut socket = open(&client, address, compress).await;
            assert_eq!(socket.extensions().is_empty(), !compress);
            for size in [0, 1, 64, 125, 126, 5000, 65_535, 65_536, 1_000_000] {
                let text = "ä".repeat(size / 2);
                socket.send(text.clone()).await.unwrap();
                assert_eq!(socket.receive().await.unwrap(), Some(Message::Text(text)));
                let bytes = vec![7; size];
                socket.send(bytes.clone()).await.unwrap();
                let message = socket.receive().await.unwrap();
                assert_eq!(message, Some(Message::from(bytes)));
            }
            let status = socket.close(1000, "done").await.unwrap();
            assert_eq!((status.code, status.was_clean), (1000, true));
        }
        eventually("both are told of", || echo.ended.borrow().len() == 2).await;
        assert!(echo.open.borrow().is_empty());
        server.close().await;
    });
}

#[test]
fn a_server_that_closes_says_why_and_waits_for_the_answer() {
    run(async {
        let (server, address, echo) = start(SocketOptions::default());
        let client = Client::new(Config::default()).unwrap();
        let mut socket = open(&client, address, true).await;
        socket.send("close").await.unwrap();
        assert_eq!(socket.receive().await.unwrap(), None);
        let status = socket.close_status().unwrap();
        assert_eq!((status.code, status.reason.as_str()), (4001, "bye"));
        eventually("it is told of", || echo.ended.borrow().len() == 1).await;
        assert!(echo.ended.borrow()[0].was_clean);
        // A server that goes away closes what is open.
        let mut socket = open(&client, address, true).await;
        let closing = Loop::current().spawn({
            let server = server.clone();
            async move { server.close().await }
        });
        assert_eq!(socket.receive().await.unwrap(), None);
        assert_eq!(socket.close_status().unwrap().code, 1001);
        closing.await.unwrap();
    });
}

#[test]
fn a_slow_reader_gets_what_was_said_before_the_close() {
    run(async {
        let (server, address, echo) = start(SocketOptions {
            close_time: Duration::from_millis(1),
            ..SocketOptions::default()
        });
        let client = Client::new(Config::default()).unwrap();
        let mut socket = open(&client, address, false).await;
        socket.send("flood").await.unwrap();
        // Longer than between two looks at what lasts too long.
        twinloop_loop::time::sleep(Duration::from_millis(2500)).await;
        let mut messages = 0;
        while socket.receive().await.unwrap().is_some() {
            messages += 1;
        }
        assert_eq!(messages, 10);
        assert_eq!(socket.close_status().unwrap().code, 4002);
        eventually("it is told of", || echo.ended.borrow().len() == 1).await;
        server.close().await;
    });
}

#[test]
fn one_message_goes_to_many() {
    run(async {
        let (server, address, _echo) = start(SocketOptions::default());
        let client = Client::new(Config::default()).unwrap();
        let mut sockets = Vec::new();
        for index in 0..20 {
            sockets.push(open(&client, address, index % 2 == 0).await);
        }
        sockets[0].send("all").await.unwrap();
        for socket in &mut sockets {
            assert_eq!(socket.receive().await.unwrap(), Some(Message::from("all")));
        }
        drop(sockets);
        eventually("all have gone", || server.connections() == 0).await;
        server.close().await;
    });
}

/// Shakes hands, sends, and gives the code of the close that comes back (or none).
fn misbehave(address: SocketAddr, bytes: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let head = format!(
        "GET / HTTP/1.1\r\nhost: {address}\r\nconnection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&answer[..end]).into_owned();
    assert!(text.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    match &answer[end..] {
        [.., 0x88, 2, high, low] => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    }
}

#[test]
fn clients_that_break_the_rules_are_told_by_their_codes() {
    run(async {
        let options = SocketOptions {
            max_message_bytes: 1000,
            ..SocketOptions::default()
        };
        let (server, address, echo) = start(options);
        let cases: [(&[u8], Option<u16>); 10] = [
            // Not masked.
            (&[0x81, 0x01, b'a'], Some(1002)),
            // Reserved bits, an unknown opcode, a long ping, a continuation of nothing.
            (&[0xf1, 0x80, 0, 0, 0, 0], Some(1002)),
            (&[0x83, 0x80, 0, 0, 0, 0], Some(1002)),
            (&[0x89, 0xfe, 0, 126, 0, 0, 0, 0], Some(1002)),
            (&[0x80, 0x80, 0, 0, 0, 0], Some(1002)),
            // Text that is none, and too much of it.
            (&[0x81, 0x81, 0, 0, 0, 0, 0xff], Some(1007)),
            (&[0x81, 0xfe, 0x10, 0, 0, 0, 0, 0], Some(1009)),
            // Nothing that follows could make a text of it: in a frame that others follow, in one that goes on, behind half a character.
            (&[0x01, 0x81, 0, 0, 0, 0, 0xff], Some(1007)),
            (&[0x81, 0x8a, 0, 0, 0, 0, b'a', 0xff], Some(1007)),
            (
                &[0x01, 0x81, 0, 0, 0, 0, 0xc3, 0x00, 0x8a, 0, 0, 0, 0, b'a'],
                Some(1007),
            ),
        ];
        let count = cases.len();
        for (bytes, code) in cases {
            let owned = bytes.to_vec();
            let told = Loop::current()
                .spawn_blocking(move || misbehave(address, &owned))
                .await
                .unwrap();
            assert_eq!(told, code, "{bytes:x?}");
        }
        eventually("all are told of", || echo.ended.borrow().len() == count).await;
        assert!(echo.ended.borrow().iter().all(|status| !status.was_clean));
        server.close().await;
    });
}

#[test]
fn requests_that_ask_for_no_socket_are_answered() {
    run(async {
        let (server, address, _echo) = start(SocketOptions::default());
        for lines in [
            "",
            "connection: upgrade\r\nupgrade: websocket\r\n",
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 12\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: short\r\n",
        ] {
            let request = format!("GET / HTTP/1.1\r\nhost: x\r\n{lines}\r\n");
            let answer = Loop::current()
                .spawn_blocking(move || {
                    let mut stream = TcpStream::connect(address).unwrap();
                    stream.write_all(request.as_bytes()).unwrap();
                    stream.shutdown(std::net::Shutdown::Write).unwrap();
                    let mut answer = String::new();
                    stream.read_to_string(&mut answer).unwrap();
                    answer
                })
                .await
                .unwrap();
            assert!(answer.starts_with("HTTP/1.1 400 "), "{lines}: {answer}");
        }
        server.close().await;
    });
}

#[test]
fn a_client_that_says_nothing_is_asked_and_then_given_up() {
    run(async {
        let options = SocketOptions {
            ping_time: Duration::from_secs(1),
            idle_time: Duration::from_secs(3),
            ..SocketOptions::default()
        };
        let (server, address, echo) = start(options);
        let client = Client::new(Config::default()).unwrap();
        // One that answers stays, as long as somebody receives.
        let mut alive = open(&client, address, false).await;
        let silent = open(&client, address, false).await;
        let waiting = Loop::current().spawn(async move { alive.receive().await });
        eventually("the silent one was given up", || {
            echo.ended.borrow().len() == 1
        })
        .await;
        assert_eq!(echo.open.borrow().len(), 1);
        drop(silent);
        waiting.abort();
        server.abort();
    });
}

#[test]
fn a_client_that_is_given_up_is_told_why_if_the_options_say_so() {
    run(async {
        for (idle_code, expected) in [
            (None, b"\x89\0".to_vec()),
            (
                Some(1011),
                [&b"\x89\0\x88\x18\x03\xf3"[..], b"keepalive ping timeout"].concat(),
            ),
        ] {
            let options = SocketOptions {
                ping_time: Duration::from_secs(1),
                idle_time: Duration::from_secs(2),
                idle_code,
                ..SocketOptions::default()
            };
            let (server, address, echo) = start(options);
            let silent = std::thread::spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                let request = "GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
                stream.write_all(request.as_bytes()).unwrap();
                let mut got = Vec::new();
                stream.read_to_end(&mut got).unwrap();
                let head = got.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
                got.split_off(head + 4)
            });
            eventually("it was given up", || echo.ended.borrow().len() == 1).await;
            assert_eq!(echo.ended.borrow()[0].code, 1006);
            assert!(!echo.ended.borrow()[0].was_clean);
            eventually("its connection ends", || silent.is_finished()).await;
            assert_eq!(silent.join().unwrap(), expected);
            server.close().await;
        }
    });
}

#[test]
fn a_client_whose_messages_are_not_wanted_yet_waits_and_is_not_taken_for_quiet() {
    run(async {
        let options = SocketOptions {
            ping_time: Duration::from_secs(1),
            idle_time: Duration::from_secs(2),
            ..SocketOptions::default()
        };
        let (server, address, echo) = start(options);
        let client = Client::new(Config::default()).unwrap();
        let mut socket = open(&client, address, false).await;
        eventually("the socket is open", || echo.open.borrow().len() == 1).await;
        let held = Rc::clone(&echo.open.borrow()[0]);
        held.hold(true);
        socket.send("later").await.unwrap();
        twinloop_loop::time::sleep(Duration::from_millis(3500)).await;
        assert!(held.is_open());
        held.hold(false);
        assert!(matches!(socket.receive().await, Ok(Some(Message::Text(text))) if text == "later"));
        server.abort();
    });
}

#[test]
fn a_client_that_has_ended_its_side_is_not_accepted() {
    run(async {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let outcome = Rc::new(RefCell::new(None));
        let told = Rc::clone(&outcome);
        let handler = move |exchange: Exchange| {
            let told = Rc::clone(&told);
            drop(Loop::current().spawn(async move {
                std::future::poll_fn(|context| exchange.poll_gone(context)).await;
                let handle = Rc::new(Handle(Rc::default()));
                let accepted =
                    exchange.accept_socket(SocketOptions::default(), None, &Fields::new(), handle);
                *told.borrow_mut() = Some(accepted.err().is_some_and(|error| error.is_closed()));
            }));
        };
        let server = Server::start(listener, None, Limits::default(), Rc::new(handler));
        let request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
            sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(request.as_bytes()).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        eventually("it was refused", || *outcome.borrow() == Some(true)).await;
        eventually("its connection is gone", || server.connections() == 0).await;
        server.close().await;
    });
}
