//! Idle connections, so that what a server keeps for each can be seen from outside.

use std::io::{self, Read, Write};

use anyhow::{Context, Result};

use crate::channel::Peer;

const MESSAGE: [u8; 1024] = [b'x'; 1024];

/// Opens the connections one after the other, and holds them until stdin closes.
pub(crate) fn run(peer: &Peer, connections: &str) -> Result<()> {
    let count: usize = connections.parse().context("CONNECTIONS")?;
    let mut open = Vec::with_capacity(count);
    for _ in 0..count {
        let mut channel = peer.connect()?;
        channel.write_all(&MESSAGE)?;
        channel.read_exact(&mut [0; MESSAGE.len()])?;
        open.push(channel);
    }
    println!("{count}");
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
