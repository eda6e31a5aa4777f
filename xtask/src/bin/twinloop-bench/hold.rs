//! Idle connections, so that what a server keeps for each can be seen from outside.

use std::io::{self, Read, Write};

use anyhow::{Context, Result};

use crate::channel::Peer;

/// Opens the connections one after the other, and holds them until stdin closes.
pub(crate) fn run(peer: &Peer, connections: &str, bytes: &str) -> Result<()> {
    let count: usize = connections.parse().context("CONNECTIONS")?;
    let message = vec![b'x'; bytes.parse().context("BYTES")?];
    let mut answer = vec![0; message.len()];
    let mut open = Vec::with_capacity(count);
    for _ in 0..count {
        let mut channel = peer.connect()?;
        channel.write_all(&message)?;
        channel.read_exact(&mut answer)?;
        open.push(channel);
    }
    println!("{count}");
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
