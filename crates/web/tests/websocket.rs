//! WebSocket against real servers: messages, closing, compression, faults, limits.

mod common;

use common::{client, config, eventually, fixtures, raw_server, read_head, run};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use twinloop_loop::{Loop, time};
use twinloop_web::websocket::{CloseStatus, Handshake, Message, WebSocket};
use twinloop_web::{Client, Config, Error, ErrorKind};

fn to(path: &str) -> Handshake {
    Handshake::new(&format!("ws://example.com/{path}")).unwrap()
}

fn status(code: u16, reason: &str, was_clean: bool) -> Option<CloseStatus> {
    Some(CloseStatus {
        code,
        reason: reason.to_owned(),
        was_clean,
    })
}

async fn open(client: &Client, path: &str) -> WebSocket {
    WebSocket::connect(client, to(path)).await.unwrap()
}

async fn all(socket: &mut WebSocket) -> (Vec<Message>, Option<Error>) {
    let mut messages = Vec::new();
    loop {
        match socket.receive().await {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, None),
            Err(error) => {
                assert_eq!(
                    socket.receive().await.unwrap(),
                    None,
                    "an error is the last item"
                );
                return (messages, Some(error));
            }
        }
    }
}

#[test]
fn messages_come_until_the_server_closes() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        for url in ["ws://example.com/socket", "wss://example.com/socket"] {
            let mut socket = WebSocket::connect(&client, Handshake::new(url).unwrap())
                .await
                .unwrap();
            assert_eq!(
                (
                    socket.url().as_str(),
                    socket.protocol(),
                    socket.close_status()
                ),
                (url, "", None)
            );
            let (messages, error) = all(&mut socket).await;
            assert!(error.is_none(), "{error:?}");
            let expected: Vec<Message> = (1..=3)
                .map(|index| format!("greeting {index} of 3").into())
                .collect();
            assert_eq!(messages, expected);
            assert_eq!(socket.close_status(), status(1000, "goodbye", true));
        }
    });
}

#[test]
fn text_and_bytes_of_every_size_are_echoed_with_and_without_compression() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        for (path, extensions) in [("ws-echo", "permessage-deflate"), ("ws-echo?plain=1", "")] {
            let mut socket = open(&client, path).await;
            assert!(
                socket.extensions().starts_with(extensions)
                    && socket.extensions().is_empty() == extensions.is_empty()
            );
            for size in [1, 125, 126, 1000, 65_535, 65_536, 3_000_000] {
                let text: String = "añ漢🎈 ".chars().cycle().take(size).collect();
                let random: Vec<u8> = (0..size)
                    .map(|index| (index.wrapping_mul(2_654_435_761) >> 11) as u8)
                    .collect();
                for message in [Message::from(text), Message::from(random)] {
                    socket.send(message.clone()).await.unwrap();
                    assert!(
                        socket.receive().await.unwrap() == Some(message),
                        "{path} {size}"
                    );
                }
            }
            if path.ends_with("plain=1") {
                // Not to the compressing server: its library does not survive a second empty message.
                for message in [Message::from(""), Message::from(Vec::new())] {
                    socket.send(message.clone()).await.unwrap();
                    assert_eq!(socket.receive().await.unwrap(), Some(message));
                }
            }
        }
    });
}

#[test]
fn a_close_is_sent_after_the_messages_and_its_answer_awaited() {
    let (send, received) = std::sync::mpsc::channel();
    let url = websocket_server(move |stream| {
        for _ in 0..2 {
            send.send(read_frame(stream).expect("a frame"))
                .expect("the test waits");
        }
        stream
            .write_all(b"\x81\x04late\x88\x06\x03\xe8done")
            .expect("the client reads");
    });
    run(async {
        let client = Client::new(Config::default()).unwrap();
        let socket = WebSocket::connect(&client, Handshake::new(&url).unwrap())
            .await
            .unwrap();
        let sender = socket.sender();
        sender.send_nowait("last").unwrap();
        assert_eq!(
            socket.close(3001, "bye").await.unwrap(),
            status(1000, "done", true).unwrap()
        );
        assert!(sender.send_nowait("late").unwrap_err().is_closed());
    });
    assert_eq!(received.recv().unwrap(), (0x81, b"last".to_vec()));
    assert_eq!(received.recv().unwrap(), (0x88, b"\x0b\xb9bye".to_vec()));
}

#[test]
fn messages_of_one_turn_stay_in_order() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let (sender, mut receiver) = open(&client, "ws-echo").await.split();
        for number in 0..1000 {
            sender.send_nowait(number.to_string()).unwrap();
        }
        for number in 0..1000 {
            assert_eq!(
                receiver.receive().await.unwrap(),
                Some(number.to_string().into())
            );
        }
        assert_eq!(sender.buffered_amount(), 0);
    });
}

#[test]
fn the_first_subprotocol_is_agreed() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let mut handshake = to("ws-echo");
        handshake.protocols = vec!["chat.v2".into(), "chat.v1".into()];
        assert_eq!(
            WebSocket::connect(&client, handshake)
                .await
                .unwrap()
                .protocol(),
            "chat.v2"
        );
        let mut handshake = to("ws-echo");
        handshake.protocols = vec!["not a token".into()];
        let error = WebSocket::connect(&client, handshake).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
    });
}

#[test]
fn the_servers_code_and_reason_are_told() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        for code in [1000, 1001, 1011, 3000, 4999] {
            let mut socket = open(&client, &format!("ws-close?code={code}&reason=because")).await;
            assert_eq!(all(&mut socket).await.0, []);
            assert_eq!(socket.close_status(), status(code, "because", true));
        }
    });
}

#[test]
fn a_cut_is_an_error_after_the_messages_before_it() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let mut socket = open(&client, "ws-cut?n=2").await;
        let (messages, error) = all(&mut socket).await;
        assert_eq!(messages.len(), 2);
        let error = error.expect("a cut");
        assert!(
            error.is_closed() && error.to_string().contains("ws://example.com/ws-cut"),
            "{error}"
        );
        assert_eq!(socket.close_status(), status(1006, "", false));
        assert!(socket.send("late").await.unwrap_err().is_closed());
    });
}

#[test]
fn fragments_are_put_together_and_pings_answered_between() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let mut socket = open(&client, "ws-fragments").await;
        assert_eq!(all(&mut socket).await.0, [Message::from("one two three")]);
        assert_eq!(socket.close_status().map(|status| status.code), Some(1000));
    });
}

#[test]
fn a_peer_that_does_not_answer_a_ping_is_told_so_and_given_up() {
    let (send, received) = std::sync::mpsc::channel();
    let url = websocket_server(move |stream| {
        for _ in 0..2 {
            send.send(read_frame(stream)).expect("the test waits");
        }
    });
    run(async {
        let client = Client::new(Config::default()).unwrap();
        let mut handshake = Handshake::new(&url).unwrap();
        handshake.ping_interval = Some(Duration::from_millis(10));
        handshake.ping_timeout = Duration::from_millis(50);
        let mut socket = WebSocket::connect(&client, handshake).await.unwrap();
        let (messages, error) = all(&mut socket).await;
        assert!(messages.is_empty() && error.unwrap().is_timeout());
        assert_eq!(socket.close_status(), status(1006, "", false));
    });
    assert_eq!(received.recv().unwrap().expect("a ping").0, 0x89);
    let close = received.recv().unwrap().expect("a close");
    assert_eq!(close, (0x88, b"\x03\xf3keepalive ping timeout".to_vec()));
}

#[test]
fn a_peer_that_answers_pings_is_kept_and_one_that_nobody_listens_to_as_well() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let mut handshake = to("ws-echo");
        handshake.ping_interval = Some(Duration::from_millis(5));
        handshake.ping_timeout = Duration::from_millis(20);
        let mut socket = WebSocket::connect(&client, handshake).await.unwrap();
        for pause in [0, 150] {
            // Nobody receives, so no answer is seen, which is not the peer's fault.
            time::sleep(Duration::from_millis(pause)).await;
            let quiet = time::timeout(Duration::from_millis(150), socket.receive()).await;
            assert!(quiet.is_err(), "{quiet:?}");
            socket.send("still here").await.unwrap();
            assert_eq!(socket.receive().await.unwrap(), Some("still here".into()));
        }
    });
}

#[test]
fn a_ping_is_awaited_while_somebody_receives() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let (sender, mut receiver) = open(&client, "ws-echo").await.split();
        let receiving = Loop::current().spawn(async move { receiver.receive().await });
        for _ in 0..3 {
            assert!(sender.round_trip().await.unwrap() > Duration::ZERO);
        }
        let open = sender.round_trip();
        sender.abort();
        assert!(open.await.unwrap_err().is_closed());
        assert!(receiving.await.unwrap().unwrap().is_none());
    });
}

#[test]
fn a_server_that_refuses_or_does_not_speak_websocket_is_named() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let fail = async |url: &str| {
            let handshake = Handshake::new(url)?;
            WebSocket::connect(&client, handshake).await.map(drop)
        };
        let error = fail("ws://example.com/ws-refuse").await.unwrap_err();
        assert!(
            error.is_connect() && error.to_string().contains("403 Forbidden"),
            "{error}"
        );
        assert_eq!(error.status(), Some(403));
        assert!(
            fail("ws://example.com/data")
                .await
                .unwrap_err()
                .to_string()
                .contains("200 OK")
        );
        assert!(
            fail("ws://example.com/ws-bad-accept")
                .await
                .unwrap_err()
                .is_protocol()
        );
        assert!(
            fail(&format!("ws://{}/", fixtures.refused))
                .await
                .unwrap_err()
                .is_connect()
        );
        assert!(
            fail(&format!("wss://{}/", fixtures.bad_tls))
                .await
                .unwrap_err()
                .is_certificate()
        );
        assert!(
            fail("ws://no-such-host.invalid/")
                .await
                .unwrap_err()
                .is_dns()
        );
        assert!(fail("mailto:a@b").await.unwrap_err().is_scheme());
    });
}

/// Answers the handshake of the connection, then calls `talk`.
fn websocket_server(talk: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> String {
    let address = raw_server(move |_, mut stream| {
        let Some(head) = read_head(&mut stream) else {
            return;
        };
        let key = head
            .lines()
            .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))
            .expect("a key");
        let mut hash = <sha1::Sha1 as sha1::Digest>::new();
        sha1::Digest::update(
            &mut hash,
            format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"),
        );
        let accept = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            sha1::Digest::finalize(hash),
        );
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        stream
            .write_all(answer.as_bytes())
            .expect("the client reads");
        talk(&mut stream);
    });
    format!("ws://{address}/")
}

/// Reads one masked frame of up to 125 bytes: its first byte and its payload.
fn read_frame(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 6];
    stream.read_exact(&mut head).ok()?;
    assert_eq!(head[1] & 0x80, 0x80, "a client masks");
    let mut payload = vec![0; usize::from(head[1] & 0x7f)];
    stream.read_exact(&mut payload).ok()?;
    payload
        .iter_mut()
        .enumerate()
        .for_each(|(index, byte)| *byte ^= head[2 + index % 4]);
    Some((head[0], payload))
}

#[test]
fn a_peer_that_breaks_the_rules_is_told_the_code_of_the_rule() {
    let cases: [(&[u8], ErrorKind, u16); 5] = [
        (&[0x81, 0x02, 0xc3, 0x28], ErrorKind::Decode, 1007),
        (&[0xc1, 0x01, 0x00], ErrorKind::Protocol, 1002),
        (&[0x80, 0x00], ErrorKind::Protocol, 1002),
        (&[0x83, 0x00], ErrorKind::Protocol, 1002),
        (&[0x82, 126, 0x10, 0x00], ErrorKind::Full, 1009),
    ];
    for (frame, kind, code) in cases {
        let (send, received) = std::sync::mpsc::channel();
        let url = websocket_server(move |stream| {
            stream.write_all(frame).expect("the client reads");
            send.send(read_frame(stream)).expect("the test waits");
        });
        run(async {
            let client = Client::new(Config::default()).unwrap();
            let mut handshake = Handshake::new(&url).unwrap();
            handshake.compress = false;
            handshake.max_message_bytes = 1000;
            let mut socket = WebSocket::connect(&client, handshake).await.unwrap();
            let (messages, error) = all(&mut socket).await;
            assert_eq!(
                (messages.len(), error.map(|error| error.kind())),
                (0, Some(kind)),
                "{frame:x?}"
            );
            assert_eq!(socket.close_status(), status(1006, "", false));
        });
        let (opcode, payload) = received.recv().unwrap().expect("a close frame");
        assert_eq!(
            (opcode, payload),
            (0x88, code.to_be_bytes().to_vec()),
            "{frame:x?}"
        );
    }
}

#[test]
fn pings_are_answered_with_their_payload() {
    let (send, received) = std::sync::mpsc::channel();
    let url = websocket_server(move |stream| {
        stream
            .write_all(b"\x89\x03abc\x81\x02hi")
            .expect("the client reads");
        send.send(read_frame(stream)).expect("the test waits");
        send.send(read_frame(stream)).expect("the test waits");
        stream.write_all(&[0x88, 0]).expect("the client reads");
    });
    run(async {
        let client = Client::new(Config::default()).unwrap();
        let mut socket = WebSocket::connect(&client, Handshake::new(&url).unwrap())
            .await
            .unwrap();
        assert_eq!(socket.receive().await.unwrap(), Some("hi".into()));
        socket.sender().ping(b"mine").unwrap();
        assert_eq!(socket.receive().await.unwrap(), None);
        assert_eq!(socket.close_status(), status(1005, "", true));
    });
    assert_eq!(received.recv().unwrap(), Some((0x8a, b"abc".to_vec())));
    assert_eq!(received.recv().unwrap(), Some((0x89, b"mine".to_vec())));
}

#[test]
fn a_close_that_is_not_answered_ends_after_its_timeout() {
    let url = websocket_server(|stream| {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    });
    run(async {
        let client = Client::new(Config::default()).unwrap();
        let mut handshake = Handshake::new(&url).unwrap();
        handshake.close_timeout = Duration::from_millis(30);
        let socket = WebSocket::connect(&client, handshake).await.unwrap();
        assert_eq!(
            socket.close(1000, "").await.unwrap(),
            status(1006, "", false).unwrap()
        );
    });
}

#[test]
fn a_peer_that_does_not_read_fills_the_queue_and_no_more() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let mut handshake = to("ws-stall");
        handshake.compress = false;
        handshake.max_queued_bytes = 1 << 20;
        let (sender, mut receiver) = WebSocket::connect(&client, handshake)
            .await
            .unwrap()
            .split();
        let chunk = vec![7; 100_000];
        let mut sent = 0;
        let refused = loop {
            match sender.send_binary_nowait(&chunk) {
                Ok(()) => sent += chunk.len(),
                Err(error) => break error,
            }
            assert!(sent < 100 << 20, "the queue has no limit");
            // The socket's own buffers fill first.
            twinloop_loop::time::sleep(Duration::from_millis(1)).await;
        };
        assert!(refused.is_full(), "{refused}");
        // A message counts until its last byte has left, so the one on its way counts as a whole.
        let buffered = sender.buffered_amount();
        assert!(
            buffered > 0 && buffered <= (1 << 20) + chunk.len(),
            "{buffered}"
        );
        sender.abort();
        assert_eq!(receiver.receive().await.unwrap(), None);
        assert_eq!(receiver.close_status(), status(1006, "", false));
    });
}

#[test]
fn an_unread_flood_stays_with_the_peer() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let mut socket = open(&client, "ws-flood?n=3000&size=65536&plain=1").await;
        let before = common::resident_bytes();
        twinloop_loop::time::sleep(Duration::from_millis(300)).await;
        // The server runs in this process, so its buffers count too.
        let grown = common::resident_bytes().saturating_sub(before);
        assert!(
            grown < 64 << 20,
            "{grown} of {} bytes came without being asked for",
            3000 * 65536
        );
        let (messages, error) = all(&mut socket).await;
        assert_eq!((messages.len(), error.is_none()), (3000, true));
    });
}

#[test]
fn a_flood_lets_other_tasks_run() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let socket = open(&client, "ws-flood?n=20000&size=10").await;
        let (_sender, mut receiver) = socket.split();
        let ticks = std::rc::Rc::new(std::cell::Cell::new(0));
        let counted = ticks.clone();
        let ticking = twinloop_loop::Loop::current().spawn(async move {
            loop {
                counted.set(counted.get() + 1);
                twinloop_loop::time::sleep(Duration::ZERO).await;
                yield_now().await;
            }
        });
        let mut count = 0;
        while receiver.receive().await.unwrap().is_some() {
            count += 1;
        }
        ticking.abort();
        assert_eq!(count, 20000);
        assert!(ticks.get() > 50, "{} turns", ticks.get());
    });
}

async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

#[test]
fn dropped_sockets_leave_nothing_behind() {
    let fixtures = fixtures();
    let config = config(&fixtures);
    run(async {
        let client = Client::new(config).unwrap();
        drop(open(&client, "ws-echo").await);
        eventually("the server saw the end", || fixtures.count().open == 0).await;
        let (descriptors, tasks) = (
            common::open_descriptors(),
            twinloop_loop::Loop::current().statistics().tasks,
        );
        for round in 0..200 {
            let socket = open(&client, "ws-echo").await;
            if round % 2 == 0 {
                socket.send("unread").await.unwrap();
            }
            if round % 3 == 0 {
                socket.sender().close(None, "").unwrap();
            }
        }
        eventually("the server saw every end", || fixtures.count().open == 0).await;
        eventually("all tasks ended", || {
            twinloop_loop::Loop::current().statistics().tasks <= tasks
        })
        .await;
        eventually("all descriptors closed", || {
            common::open_descriptors() <= descriptors
        })
        .await;
    });
}
