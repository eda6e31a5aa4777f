//! The load client of a fixed rate: how long answers take when a server is not asked for all it can.
//!
//! A request is due at its time whether those before it are answered or not, and is timed from then: a server that stops for a
//! moment has all that came meanwhile counted against it, not one request (coordinated omission). The thread never sleeps, as
//! waking it would be part of what is measured. The first fifth of the time warms up.

use std::collections::VecDeque;
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::event::epoll;

use crate::channel::{Channel, Peer};
use crate::client::{answer_length, get, report};

struct Connection {
    stream: Channel,
    received: usize,
    /// When what it waits for was due.
    due: Option<Instant>,
}

/// GETs over kept-alive connections, so many a second in all.
pub(crate) fn http(
    peer: &Peer,
    path: &str,
    connections: &str,
    rate: &str,
    seconds: &str,
) -> Result<()> {
    let request = get(path);
    let answer = answer_length(peer, &request)?;
    let rate: f64 = rate.parse().context("RATE")?;
    let seconds: f64 = seconds.parse().context("SECONDS")?;
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut open = Vec::new();
    let mut idle = VecDeque::new();
    for index in 0..connections.parse::<usize>().context("CONNECTIONS")? {
        let stream = peer.connect()?;
        stream.watch(&poll, index, epoll::EventFlags::IN)?;
        open.push(Connection {
            stream,
            received: 0,
            due: None,
        });
        idle.push_back(index);
    }

    let start = Instant::now();
    let counted_from = start + Duration::from_secs_f64(seconds / 5.0);
    let end = start + Duration::from_secs_f64(seconds);
    let due = |number: u64| start + Duration::from_secs_f64(number as f64 / rate);
    let mut latencies: Vec<u64> = Vec::with_capacity(1 << 20);
    let mut scratch = vec![0; 256 * 1024];
    let mut events = Vec::with_capacity(512);
    let at_once = rustix::event::Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let (mut asked, mut last_answer) = (0, start);
    loop {
        let now = Instant::now();
        if now >= end {
            break;
        }
        while due(asked) <= now
            && let Some(index) = idle.pop_front()
        {
            let connection = &mut open[index];
            // A request is far smaller than what a socket takes.
            let written = connection.stream.write(&request).context("write")?;
            ensure!(written == request.len(), "a socket took half of a request");
            connection.due = Some(due(asked));
            asked += 1;
        }
        ensure!(
            now - last_answer < Duration::from_secs(5),
            "the server answered nothing for 5 s"
        );
        events.clear();
        let room = rustix::buffer::spare_capacity(&mut events);
        epoll::wait(&poll, room, Some(&at_once))?;
        for event in &events {
            let index = event.data.u64() as usize;
            let connection = &mut open[index];
            connection.received += connection.stream.drain(&mut scratch)?;
            ensure!(
                connection.received <= answer,
                "the server answered more than it was asked for"
            );
            if connection.received == answer
                && let Some(was_due) = connection.due.take()
            {
                connection.received = 0;
                last_answer = Instant::now();
                if was_due >= counted_from {
                    latencies.push((last_answer - was_due).as_nanos() as u64);
                }
                idle.push_back(index);
            }
        }
    }
    report(&mut latencies, end - counted_from)
}
