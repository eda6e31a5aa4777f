//! The load client for WebSockets (RFC 6455): messages that come back, and messages of one client that all others get.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::event::epoll;

use crate::channel::{Channel, Peer};
use crate::client::{Exchange, report, run};

/// A frame of binary data: masked by nothing as a client sends it, or as a server sends it.
fn frame(bytes: usize, is_masked: bool) -> Vec<u8> {
    let flag = if is_masked { 0x80 } else { 0 };
    let mut frame = vec![0x82];
    match bytes {
        0..=125 => frame.push(flag | bytes as u8),
        126..=65_535 => {
            frame.push(flag | 126);
            frame.extend_from_slice(&(bytes as u16).to_be_bytes());
        }
        _ => {
            frame.push(flag | 127);
            frame.extend_from_slice(&(bytes as u64).to_be_bytes());
        }
    }
    if is_masked {
        frame.extend_from_slice(&[0; 4]);
    }
    frame.resize(frame.len() + bytes, b'x');
    frame
}

/// Opens a WebSocket without extensions.
pub(crate) fn shake_hands(mut stream: Channel, path: &str) -> Result<Channel> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        answer.push(byte[0]);
    }
    let first = String::from_utf8_lossy(&answer);
    ensure!(
        first.starts_with("HTTP/1.1 101 "),
        "the server answered {first}"
    );
    Ok(stream)
}

pub(crate) fn echo(
    peer: &Peer,
    path: &str,
    connections: &str,
    bytes: &str,
    seconds: &str,
) -> Result<()> {
    let bytes = bytes.parse().context("BYTES")?;
    let prepare = |stream| shake_hands(stream, path);
    run(peer, connections, seconds, prepare, || {
        Ok(Exchange {
            request: frame(bytes, true),
            answer: frame(bytes, false).len(),
        })
    })
}

/// Opens the connections one after the other, and holds them until stdin closes.
pub(crate) fn hold(peer: &Peer, path: &str, connections: &str) -> Result<()> {
    let count: usize = connections.parse().context("CONNECTIONS")?;
    let mut open = Vec::with_capacity(count);
    for _ in 0..count {
        open.push(shake_hands(peer.connect()?, path)?);
    }
    println!("{count}");
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// The first connection sends a message, and again as soon as all connections have it. What is counted are messages that came.
pub(crate) fn fan_out(
    peer: &Peer,
    path: &str,
    connections: &str,
    bytes: &str,
    seconds: &str,
) -> Result<()> {
    let bytes = bytes.parse().context("BYTES")?;
    let count: usize = connections.parse().context("CONNECTIONS")?;
    let seconds: f64 = seconds.parse().context("SECONDS")?;
    let (request, answer) = (frame(bytes, true), frame(bytes, false).len());
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut open = Vec::new();
    for index in 0..count {
        let stream = shake_hands(peer.connect()?, path)?;
        stream.watch(&poll, index, epoll::EventFlags::IN)?;
        open.push(stream);
    }
    let start = Instant::now();
    let counted_from = start + Duration::from_secs_f64(seconds / 5.0);
    let end = start + Duration::from_secs_f64(seconds);
    let mut scratch = vec![0; 64 * 1024];
    let mut events = Vec::with_capacity(512);
    let patience = rustix::event::Timespec {
        tv_sec: 5,
        tv_nsec: 0,
    };
    let mut rounds = Vec::new();
    let mut now = start;
    while now < end {
        open[0].write_all(&request)?;
        let mut missing = count * answer;
        while missing > 0 {
            events.clear();
            let room = rustix::buffer::spare_capacity(&mut events);
            epoll::wait(&poll, room, Some(&patience))?;
            ensure!(
                !events.is_empty(),
                "nothing came for 5 s; {missing} bytes are missing"
            );
            for event in &events {
                let stream = &mut open[event.data.u64() as usize];
                let count = stream.drain(&mut scratch)?;
                missing -= count.min(missing);
            }
        }
        let then = std::mem::replace(&mut now, Instant::now());
        if now >= counted_from {
            // A round is as long as it takes until the last has the message; each of its messages counts.
            let each = (now - then).as_nanos() as u64;
            rounds.extend(std::iter::repeat_n(each, count));
        }
    }
    report(&mut rounds, now - counted_from)
}
