//! What the tests of this crate share: one loop a test, a client that trusts the fixtures, small raw servers.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod frames;
pub(crate) mod parsers;
pub(crate) mod serving;
pub(crate) mod talker;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};
use twinloop_fixtures::Fixtures;
use twinloop_loop::Loop;
use twinloop_web::{Client, Config};

/// Runs a test's future on a loop of its own, with a limit so that a hang is a failure and not a hung build.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let event_loop = Loop::new().expect("a loop");
    event_loop.block_on(async move {
        match twinloop_loop::time::timeout(Duration::from_secs(60), future).await {
            Ok(output) => output,
            Err(_) => panic!("the test did not end within a minute"),
        }
    })
}

pub(crate) fn fixtures() -> Fixtures {
    Fixtures::start().expect("fixtures")
}

/// What sends programs that name example.com to the fixtures.
pub(crate) fn config(fixtures: &Fixtures) -> Config {
    Config {
        connect_to: fixtures
            .connect_to()
            .iter()
            .map(|rule| rule.parse().expect("a rule"))
            .collect(),
        ca_file: Some(fixtures.ca_file.clone()),
        ..Config::default()
    }
}

pub(crate) fn client(fixtures: &Fixtures) -> Client {
    Client::new(config(fixtures)).expect("a client")
}

/// Turns the loop until `done`, for what happens on the other side of a socket.
pub(crate) async fn eventually(what: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < end, "did not happen: {what}");
        twinloop_loop::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A server that handles each connection, numbered from 0, on a thread of its own.
pub(crate) fn raw_server(handle: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let handle = std::sync::Arc::new(handle);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            let handle = handle.clone();
            thread::spawn(move || handle(number, stream));
        }
    });
    address
}

/// Reads one request's head, and returns it; `None` at the end of the connection.
pub(crate) fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

pub(crate) fn respond(stream: &mut TcpStream, body: &str) {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("the client reads");
}

/// Open descriptors of this process.
pub(crate) fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("procfs").count()
}

/// Resident memory of this process.
pub(crate) fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").expect("procfs");
    let pages: usize = status
        .split_whitespace()
        .nth(1)
        .and_then(|field| field.parse().ok())
        .expect("statm");
    pages * 4096
}
