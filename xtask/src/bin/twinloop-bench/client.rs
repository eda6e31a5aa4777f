//! The load client: on each connection one message or HTTP request in flight, as fast as the answers come.
//!
//! One thread on epoll, edge-triggered. The first fifth of the time warms up and is not counted.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::event::epoll;

use crate::channel::{Channel, Peer};

struct Connection {
    stream: Channel,
    sent: usize,
    received: usize,
    since: Instant,
}

/// What each connection sends again and again, and how long each answer is.
pub(crate) struct Exchange {
    pub(crate) request: Vec<u8>,
    pub(crate) answer: usize,
}

/// Messages that come back as they are.
pub(crate) fn echo(peer: &Peer, connections: &str, bytes: &str, seconds: &str) -> Result<()> {
    let bytes = bytes.parse().context("BYTES")?;
    run(peer, connections, seconds, Ok, || {
        Ok(Exchange {
            request: vec![b'x'; bytes],
            answer: bytes,
        })
    })
}

/// Requests over kept-alive connections: GETs, or POSTs of so many bytes.
pub(crate) fn http(
    peer: &Peer,
    path: &str,
    connections: &str,
    seconds: &str,
    bytes: &str,
) -> Result<()> {
    let bytes: usize = bytes.parse().context("BYTES")?;
    let request = if bytes == 0 {
        get(path)
    } else {
        let body = "x".repeat(bytes);
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {bytes}\r\n\r\n{body}")
            .into_bytes()
    };
    run(peer, connections, seconds, Ok, || {
        let answer = answer_length(peer, &request)?;
        Ok(Exchange {
            request: request.clone(),
            answer,
        })
    })
}

pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

/// Asks once and measures the answer; a server whose answers differ in length fails later by name.
pub(crate) fn answer_length(peer: &Peer, request: &[u8]) -> Result<usize> {
    let mut stream = peer.connect()?;
    stream.write_all(request)?;
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer).to_ascii_lowercase();
        if let Some(head) = text.find("\r\n\r\n") {
            let length = text
                .split("content-length: ")
                .nth(1)
                .and_then(|rest| rest.split("\r\n").next());
            return Ok(head
                + 4
                + length
                    .context("the answer has no content-length")?
                    .parse::<usize>()?);
        }
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece)?;
        if count == 0 {
            bail!("the server ended the connection");
        }
        answer.extend_from_slice(&piece[..count]);
    }
}

/// The load; `prepare` makes each connection ready.
pub(crate) fn run(
    peer: &Peer,
    connections: &str,
    seconds: &str,
    prepare: impl Fn(Channel) -> Result<Channel>,
    exchange: impl FnOnce() -> Result<Exchange>,
) -> Result<()> {
    let exchange = exchange()?;
    let seconds: f64 = seconds.parse().context("SECONDS")?;
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut open = Vec::new();
    for index in 0..connections.parse::<usize>().context("CONNECTIONS")? {
        let stream = prepare(peer.connect()?)?;
        stream.watch(&poll, index, epoll::EventFlags::IN | epoll::EventFlags::OUT)?;
        open.push(Connection {
            stream,
            sent: 0,
            received: 0,
            since: Instant::now(),
        });
    }

    let start = Instant::now();
    let counted_from = start + Duration::from_secs_f64(seconds / 5.0);
    let end = start + Duration::from_secs_f64(seconds);
    let mut latencies: Vec<u64> = Vec::with_capacity(1 << 20);
    let mut scratch = vec![0; 256 * 1024];
    let mut events = Vec::with_capacity(512);
    let patience = rustix::event::Timespec {
        tv_sec: 5,
        tv_nsec: 0,
    };
    let mut now = start;
    while now < end {
        events.clear();
        epoll::wait(
            &poll,
            rustix::buffer::spare_capacity(&mut events),
            Some(&patience),
        )?;
        if events.is_empty() {
            bail!("the server answered nothing for 5 s");
        }
        now = Instant::now();
        for event in &events {
            let connection = &mut open[event.data.u64() as usize];
            advance(connection, &exchange, &mut scratch, |latency| {
                if now >= counted_from {
                    latencies.push(latency.as_nanos() as u64);
                }
            })?;
        }
    }
    report(&mut latencies, now - counted_from)
}

/// Writes and reads until the kernel has nothing more; calls `done` with the time that each finished message took.
fn advance(
    connection: &mut Connection,
    exchange: &Exchange,
    scratch: &mut [u8],
    mut done: impl FnMut(Duration),
) -> Result<()> {
    loop {
        if connection.sent < exchange.request.len() {
            match connection
                .stream
                .write(&exchange.request[connection.sent..])
            {
                Ok(count) => connection.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error).context("write"),
            }
        }
        match connection.stream.read(scratch) {
            Ok(0) => bail!("the server ended a connection"),
            Ok(count) => connection.received += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).context("read"),
        }
        if connection.received > exchange.answer {
            bail!("the server answered more than it was sent");
        }
        if connection.received == exchange.answer {
            let now = Instant::now();
            done(now - connection.since);
            (connection.sent, connection.received, connection.since) = (0, 0, now);
        }
    }
}

pub(crate) fn report(latencies: &mut [u64], time: Duration) -> Result<()> {
    if latencies.is_empty() {
        bail!("no message came back");
    }
    latencies.sort_unstable();
    let percentile =
        |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize] as f64 / 1e3;
    println!(
        "{}",
        serde_json::json!({
            "per_second": latencies.len() as f64 / time.as_secs_f64(),
            "p50_us": percentile(0.5),
            "p99_us": percentile(0.99),
        })
    );
    Ok(())
}
