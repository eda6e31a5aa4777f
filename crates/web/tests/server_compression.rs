//! Answers that are compressed on their way: for whom, which, whole and in pieces, and files.

mod common;

use bytes::Bytes;
use common::run;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::time::Duration;
use twinloop_loop::Loop;
use twinloop_loop::net::Listener;
use twinloop_web::compression::{Coder, Container, Settings};
use twinloop_web::compression::{brotli_decoder, drive, inflater, zstd_decoder};
use twinloop_web::server::{
    Asked, Compression, Exchange, Fields, Folder, FolderOptions, Handler, Limits, Server,
    answer_file,
};
use twinloop_web::{Client, Config};

fn start(handler: impl Handler + 'static) -> (Server, SocketAddr) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::start(listener, None, Limits::default(), Rc::new(handler));
    (server, address)
}

fn fields(list: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in list {
        fields.append(name.as_bytes(), value.as_bytes()).unwrap();
    }
    fields
}

fn decoder(coding: &str) -> Box<dyn Coder> {
    match coding {
        "br" => brotli_decoder(None).unwrap(),
        "zstd" => zstd_decoder(&[], None).unwrap(),
        "gzip" => inflater(
            Container::Gzip,
            &Settings {
                level: -1,
                window_bits: 15,
                memory_level: 8,
                strategy: 0,
                dictionary: None,
            },
        )
        .unwrap(),
        other => panic!("the coding {other:?}"),
    }
}

/// The head in small letters, and what follows it, without its chunks.
struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn field(&self, name: &str) -> Option<&str> {
        let start = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&start))
    }

    /// What was compressed, as the head says.
    fn content(&self) -> Vec<u8> {
        match self.field("content-encoding") {
            None => self.body.clone(),
            Some(coding) => {
                let mut decoder = decoder(coding);
                let driven = drive(&mut *decoder, &self.body, 0, usize::MAX).unwrap();
                assert!(decoder.is_at_end() && driven.read == self.body.len());
                driven.output
            }
        }
    }
}

fn head_of(stream: &mut TcpStream) -> String {
    common::read_head(stream).unwrap().to_lowercase()
}

fn ask_now(address: SocketAddr, method: &str, target: &str, accepted: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: x\r\naccept-encoding: {accepted}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let head = head_of(&mut stream);
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    if method == "HEAD" || !head.contains("transfer-encoding: chunked") {
        return Answer { head, body: rest };
    }
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let end = at + rest[at..].iter().position(|&byte| byte == b'\r').unwrap();
        let size = std::str::from_utf8(&rest[at..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            break;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        at = end + 2 + size + 2;
    }
    Answer { head, body }
}

async fn ask(
    address: SocketAddr,
    method: &'static str,
    target: &str,
    accepted: &'static str,
) -> Answer {
    let target = target.to_owned();
    Loop::current()
        .spawn_blocking(move || ask_now(address, method, &target, accepted))
        .await
        .unwrap()
}

/// A text of so many bytes that is not all the same.
fn text(length: usize) -> Bytes {
    let mut text = String::new();
    let mut number = 1u64;
    while text.len() < length {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        text.push_str(&format!("<li>item {}</li>\n", number >> 50));
    }
    text.truncate(length);
    Bytes::from(text)
}

const PLAIN: &[(&str, &str)] = &[("content-type", "text/plain"), ("etag", "\"1\"")];

#[test]
fn answers_come_back_as_they_were_in_every_coding_whole_and_in_pieces() {
    run(async {
        let (server, address) = start(|exchange: Exchange| {
            exchange.compress(Compression::default());
            let target = String::from_utf8_lossy(exchange.target()).into_owned();
            let (how, size) = target[1..].split_once('/').unwrap();
            let body = text(size.parse().unwrap());
            if how == "whole" {
                exchange.respond(200, &fields(PLAIN), body).unwrap();
                return;
            }
            let mut head = fields(PLAIN);
            if how == "promised" {
                head.append(b"content-length", size.as_bytes()).unwrap();
            }
            drop(Loop::current().spawn(async move {
                exchange.begin(200, &head).unwrap();
                let mut sizes = [1, 100, 20_000, 300_000, 64 * 1024].into_iter().cycle();
                let mut rest = body;
                while !rest.is_empty() {
                    let piece = rest.split_to(sizes.next().unwrap().min(rest.len()));
                    exchange.write(piece).unwrap();
                    exchange.ready().await.unwrap();
                    assert!(exchange.queued() < 1_000_000, "{}", exchange.queued());
                }
                exchange.finish(&Fields::new()).unwrap();
            }));
        });
        for coding in ["gzip", "br", "zstd"] {
            for how in ["whole", "pieces", "promised"] {
                for size in [2000, 40_000, 3_000_000] {
                    let answer = ask(address, "GET", &format!("/{how}/{size}"), coding).await;
                    let case = format!("{coding} {how} {size}: {}", answer.head);
                    assert_eq!(answer.field("content-encoding"), Some(coding), "{case}");
                    assert_eq!(answer.field("vary"), Some("accept-encoding"), "{case}");
                    assert_eq!(answer.field("etag"), Some("w/\"1\""), "{case}");
                    assert!(answer.body.len() < size / 2, "{case}");
                    assert!(answer.content() == text(size), "{case}");
                }
            }
        }
        // Who does not take it gets what was written, and caches are told.
        let plain = ask(address, "GET", "/whole/40000", "").await;
        assert_eq!(plain.field("content-encoding"), None);
        assert_eq!(plain.field("vary"), Some("accept-encoding"));
        assert_eq!(plain.field("etag"), Some("\"1\""));
        assert_eq!(plain.field("content-length"), Some("40000"));
        let short = ask(address, "GET", "/whole/100", "gzip").await;
        assert_eq!(short.field("vary"), None);
        assert!(short.content() == text(100));
        for how in ["whole", "pieces", "promised"] {
            let head = ask(address, "HEAD", &format!("/{how}/40000"), "gzip").await;
            assert_eq!(
                head.field("content-encoding"),
                Some("gzip"),
                "{}",
                head.head
            );
            assert_eq!(head.field("content-length"), None, "{}", head.head);
            assert!(head.body.is_empty());
        }
        server.close().await;
    });
}

#[test]
fn an_event_arrives_when_it_is_sent() {
    run(async {
        let (server, address) = start(|exchange: Exchange| {
            exchange.compress(Compression::default());
            drop(Loop::current().spawn(async move {
                let head = fields(&[("content-type", "text/event-stream")]);
                exchange.begin(200, &head).unwrap();
                for number in 0..3 {
                    exchange.write(format!("data: {number}\n\n")).unwrap();
                    // The next waits for a word of the client, which has to have heard of this one.
                    exchange.next_chunk().await.unwrap().unwrap();
                }
                exchange.finish(&Fields::new()).unwrap();
            }));
        });
        for coding in ["gzip", "br", "zstd"] {
            let client = Loop::current().spawn_blocking(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                stream
                    .set_read_timeout(Some(Duration::from_secs(20)))
                    .unwrap();
                let request = format!(
                    "POST / HTTP/1.1\r\nhost: x\r\naccept-encoding: {coding}\r\ntransfer-encoding: chunked\r\n\r\n"
                );
                stream.write_all(request.as_bytes()).unwrap();
                assert!(head_of(&mut stream).contains(&format!("content-encoding: {coding}")));
                let mut decoder = decoder(coding);
                for number in 0..3 {
                    let mut heard = String::new();
                    while heard != format!("data: {number}\n\n") {
                        let mut size = Vec::new();
                        while !size.ends_with(b"\r\n") {
                            let mut byte = [0];
                            stream.read_exact(&mut byte).unwrap();
                            size.push(byte[0]);
                        }
                        let size = std::str::from_utf8(&size).unwrap().trim();
                        let mut chunk = vec![0; usize::from_str_radix(size, 16).unwrap() + 2];
                        stream.read_exact(&mut chunk).unwrap();
                        chunk.truncate(chunk.len() - 2);
                        let driven = drive(&mut *decoder, &chunk, 0, usize::MAX).unwrap();
                        heard.push_str(std::str::from_utf8(&driven.output).unwrap());
                    }
                    stream.write_all(b"1\r\nx\r\n").unwrap();
                }
                stream.write_all(b"0\r\n\r\n").unwrap();
            });
            client.await.unwrap();
        }
        server.close().await;
    });
}

#[test]
fn an_answer_that_breaks_its_word_is_cut_and_a_client_that_goes_is_told_of() {
    run(async {
        let (server, address) = start(|exchange: Exchange| {
            exchange.compress(Compression::default());
            drop(Loop::current().spawn(async move {
                let mut head = fields(PLAIN);
                if exchange.target() == b"/endless" {
                    exchange.begin(200, &head).unwrap();
                    let mut most = 0;
                    while exchange.write(text(100_000)).is_ok() && exchange.ready().await.is_ok() {
                        most = most.max(exchange.queued());
                    }
                    assert!(most < 1_000_000, "{most} bytes waited");
                    return;
                }
                head.append(b"content-length", b"5000").unwrap();
                exchange.begin(200, &head).unwrap();
                if exchange.target() == b"/long" {
                    assert!(exchange.write(text(5001)).unwrap_err().is_argument());
                } else {
                    exchange.write(text(4999)).unwrap();
                    assert!(exchange.finish(&Fields::new()).unwrap_err().is_argument());
                }
            }));
        });
        for target in ["/long", "/short"] {
            let client = Loop::current().spawn_blocking(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                let request =
                    format!("GET {target} HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n");
                stream.write_all(request.as_bytes()).unwrap();
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer);
                answer.ends_with(b"0\r\n\r\n")
            });
            assert!(!client.await.unwrap(), "{target} looks whole");
        }
        // It reads a little, then nothing, then goes.
        let client = Loop::current().spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream
                .write_all(b"GET /endless HTTP/1.1\r\nhost: x\r\naccept-encoding: br\r\n\r\n")
                .unwrap();
            head_of(&mut stream);
            std::thread::sleep(Duration::from_millis(500));
        });
        client.await.unwrap();
        common::eventually("it is noticed", || server.connections() == 0).await;
        server.close().await;
    });
}

#[test]
fn files_are_compressed_for_whom_it_suits() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_owned();
    std::fs::write(root.join("page.html"), text(700_000)).unwrap();
    std::fs::write(root.join("short.html"), text(500)).unwrap();
    std::fs::write(root.join("small.css"), text(5000)).unwrap();
    std::fs::write(root.join("image.png"), text(5000)).unwrap();
    std::fs::write(root.join("done.js"), text(5000)).unwrap();
    std::fs::write(root.join("done.js.gz"), "done before").unwrap();
    let compress = Some(Compression::default());
    let options = FolderOptions {
        compress,
        ..FolderOptions::default()
    };
    let served = Folder::open(&root, options).unwrap();
    run(async move {
        let (server, address) = start(move |exchange: Exchange| {
            // A server that compresses as well does not do so twice.
            exchange.compress(Compression::default());
            let (folder, root) = (served.clone(), root.clone());
            drop(Loop::current().spawn(async move {
                let asked = Asked::new(exchange.method(), exchange.target(), exchange.fields());
                let answer = if exchange.target() == b"/alone" {
                    answer_file(&root.join("page.html"), &asked, compress).await
                } else {
                    folder.answer(&asked).await
                };
                answer.unwrap().send(&exchange).await.unwrap();
            }));
        });
        for (target, size) in [
            ("/page.html", 700_000),
            ("/alone", 700_000),
            ("/small.css", 5000),
        ] {
            for coding in ["gzip", "br", "zstd"] {
                let answer = ask(address, "GET", target, coding).await;
                assert_eq!(answer.field("content-encoding"), Some(coding), "{target}");
                assert_eq!(answer.field("accept-ranges"), None);
                assert!(answer.field("etag").unwrap().starts_with("w/"));
                assert_eq!(answer.head.matches("accept-encoding").count(), 1);
                assert!(answer.content() == text(size), "{target}");
            }
            let head = ask(address, "HEAD", target, "gzip").await;
            assert_eq!(head.field("content-encoding"), Some("gzip"));
            assert_eq!(head.field("content-length"), None);
            let plain = ask(address, "GET", target, "").await;
            assert_eq!(
                plain.field("content-length"),
                Some(size.to_string().as_str())
            );
            let head = ask(address, "HEAD", target, "").await;
            assert_eq!(head.field("content-length"), plain.field("content-length"));
        }
        for (target, coding) in [
            ("/short.html", None),
            ("/image.png", None),
            ("/done.js", Some("gzip")),
        ] {
            let answer = ask(address, "GET", target, "gzip").await;
            assert_eq!(answer.field("content-encoding"), coding, "{target}");
        }
        let done = ask(address, "GET", "/done.js", "gzip").await;
        assert_eq!(done.body, b"done before");
        // A part is a part of the file as it is, and a tag stands for what it was given for.
        let request = |name: &'static str, value: String| {
            let url = format!("http://{address}/page.html");
            let mut request = twinloop_web::Request::get(&url).unwrap();
            request
                .headers
                .insert("accept-encoding", "br".parse().unwrap());
            request.headers.insert(name, value.parse().unwrap());
            async move {
                let client = Client::new(Config::default()).unwrap();
                client.fetch(request).await.unwrap()
            }
        };
        let part = request("range", "bytes=10-19".to_owned()).await;
        assert_eq!(part.status.as_u16(), 206);
        assert!(part.headers.get("content-encoding").is_none());
        assert!(part.bytes().await.unwrap() == text(20)[10..]);
        let tag = ask(address, "GET", "/page.html", "br").await;
        let tag = tag.field("etag").unwrap().replace("w/", "W/");
        let fresh = request("if-none-match", tag).await;
        assert_eq!(fresh.status.as_u16(), 304);
        server.abort();
    });
}
