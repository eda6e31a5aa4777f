//! Long bodies over HTTP/1.1, which are read past hyper: whole, in memory of their own, and over a connection that goes on afterwards.

mod common;

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use common::{eventually, fixtures, raw_server, read_head, run};
use twinloop_web::{Client, Config, Request, Response};

const LENGTH: usize = 3_000_000;

fn part(from: usize, to: usize) -> Vec<u8> {
    (from..to).map(|index| (index % 251) as u8).collect()
}

fn head(stream: &mut TcpStream, more: &str) -> bool {
    read_head(stream).is_some()
        && write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n{more}\r\n"
        )
        .is_ok()
}

async fn get(client: &Client, url: &str) -> Response {
    client.fetch(Request::get(url).unwrap()).await.unwrap()
}

#[test]
fn long_bodies_arrive_whole_over_one_connection() {
    let address = raw_server(|number, mut stream| {
        assert_eq!(number, 0, "a connection that was good is used again");
        while head(&mut stream, "") {
            // In pieces of all sizes, with pauses: reads that are full, short and in vain.
            let mut sent = 0;
            let mut size = 1;
            while sent < LENGTH {
                let end = LENGTH.min(sent + size);
                stream.write_all(&part(sent, end)).unwrap();
                if size < 1000 {
                    thread::sleep(Duration::from_millis(1));
                }
                (sent, size) = (end, size * 3);
            }
        }
    });
    run(async {
        let client = Client::new(Config::default()).unwrap();
        for _ in 0..3 {
            let response = get(&client, &format!("http://{address}/")).await;
            assert_eq!(response.bytes().await.unwrap(), part(0, LENGTH));
        }
    });
}

#[test]
fn chunks_of_a_long_body_share_their_memory_with_nobody() {
    let fixtures = fixtures();
    let client = common::client(&fixtures);
    let address = raw_server(|_, mut stream| {
        while head(&mut stream, "") {
            stream.write_all(&part(0, LENGTH)).unwrap();
        }
    });
    run(async {
        let mut body = get(&client, &format!("http://{address}/")).await.body;
        let mut before: Vec<u8> = Vec::new();
        let mut own = 0;
        while let Some(chunk) = body.next_chunk().await {
            let chunk: Bytes = chunk.unwrap();
            before.extend_from_slice(&chunk);
            // Whoever takes it over needs no copy.
            own += chunk.try_into_mut().map_or(0, |chunk| chunk.len());
        }
        assert_eq!(before, part(0, LENGTH));
        // What came with the head and the first reads is hyper's still.
        assert!(own > LENGTH / 2, "{own}");
    });
}

#[test]
fn a_long_body_that_is_cut_is_an_error() {
    let address = raw_server(|_, mut stream| {
        if head(&mut stream, "") {
            stream.write_all(&part(0, LENGTH - 1)).unwrap();
        }
    });
    run(async {
        let client = Client::new(Config::default()).unwrap();
        let response = get(&client, &format!("http://{address}/")).await;
        let error = response.bytes().await.unwrap_err();
        let said = error.chain();
        assert!(error.is_body() && said.contains("end of file"), "{said}");
        assert!(said.contains(&address.to_string()), "{said}");
    });
}

#[test]
fn who_wants_to_close_and_who_says_too_much_is_asked_nothing_more() {
    for (more, behind) in [("connection: close\r\n", &b""[..]), ("", b"HTTP/1.1 200")] {
        let address = raw_server(move |_, mut stream| {
            if head(&mut stream, more) {
                stream.write_all(&part(0, LENGTH)).unwrap();
                stream.write_all(behind).unwrap();
                // Another request would be answered so.
                if read_head(&mut stream).is_some() {
                    stream.write_all(b"HTTP/1.1 500 No\r\n\r\n").unwrap();
                }
            }
        });
        run(async {
            let client = Client::new(Config::default()).unwrap();
            for _ in 0..2 {
                let response = get(&client, &format!("http://{address}/")).await;
                assert_eq!(response.status, 200);
                assert_eq!(response.bytes().await.unwrap().len(), LENGTH);
            }
        });
    }
}

#[test]
fn a_long_body_that_nobody_reads_any_more_ends_its_connection() {
    let (said, heard) = std::sync::mpsc::channel();
    let address = raw_server(move |_, mut stream| {
        if head(&mut stream, "") {
            // More than the system keeps.
            while stream.write_all(&part(0, 1000)).is_ok() {}
            said.send(()).unwrap();
        }
    });
    run(async {
        let client = Client::new(Config::default()).unwrap();
        let mut body = get(&client, &format!("http://{address}/")).await.body;
        let mut seen = 0;
        while seen < 600_000 {
            seen += body.next_chunk().await.unwrap().unwrap().len();
        }
        drop(body);
        eventually("the server is told", || heard.try_recv().is_ok()).await;
    });
}
