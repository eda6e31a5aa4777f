//! Short connections: each is opened, carries one message there and back, and is closed.
//!
//! A thread for each connection at a time, with blocking calls: what is measured is the server's time, not this client's.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::channel::Peer;

const MESSAGE: [u8; 1024] = [b'x'; 1024];

/// Keeps `connections` open at a time for `seconds`; prints how many there were.
pub(crate) fn run(peer: &Peer, connections: &str, seconds: &str) -> Result<()> {
    let at_once: usize = connections.parse().context("CONNECTIONS")?;
    let seconds: f64 = seconds.parse().context("SECONDS")?;
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let count = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once)
            .map(|_| {
                scope.spawn(|| {
                    while Instant::now() < end {
                        one(peer)?;
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().expect("a client thread does not panic"))
    })
    .map_err(|error: anyhow::Error| error.context("a short connection"))?;
    println!("{{\"connections\": {}}}", count.into_inner());
    Ok(())
}

fn one(peer: &Peer) -> Result<()> {
    let mut channel = peer.connect()?;
    channel.write_all(&MESSAGE)?;
    channel.flush()?;
    channel.read_exact(&mut [0; MESSAGE.len()])?;
    Ok(())
}
