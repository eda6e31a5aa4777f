//! One connection that carries much in one direction.
//!
//! The server knows how much it is; a byte from the receiver begins a transfer to it, a byte from the server ends one
//! from here.

use std::io::{Read, Write};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::channel::{Channel, Peer};

const MEBIBYTE: usize = 1024 * 1024;

pub(crate) fn run(peer: &Peer, direction: &str, mebibytes: &str) -> Result<()> {
    let mebibytes: usize = mebibytes.parse().context("MEBIBYTES")?;
    let mut channel = peer.connect()?;
    let start = Instant::now();
    match direction {
        "receive" => receive(&mut channel, mebibytes * MEBIBYTE)?,
        "send" => send(&mut channel, mebibytes)?,
        _ => bail!("no such direction: {direction}"),
    }
    let rate = mebibytes as f64 / start.elapsed().as_secs_f64();
    println!("{{\"mebibytes_per_second\": {rate}}}");
    Ok(())
}

fn receive(channel: &mut Channel, mut left: usize) -> Result<()> {
    channel.write_all(b".")?;
    channel.flush()?;
    let mut scratch = vec![0; MEBIBYTE];
    while left > 0 {
        let count = channel.read(&mut scratch)?;
        ensure!(count > 0, "the server ended with {left} bytes to come");
        left = left
            .checked_sub(count)
            .context("the server sent too much")?;
    }
    Ok(())
}

fn send(channel: &mut Channel, mebibytes: usize) -> Result<()> {
    let piece = vec![b'x'; MEBIBYTE];
    for _ in 0..mebibytes {
        channel.write_all(&piece)?;
    }
    channel.flush()?;
    channel.read_exact(&mut [0])?;
    Ok(())
}
