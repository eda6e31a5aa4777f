//! A TCP echo server with nothing between it and epoll: what no event loop with a language on top can be faster than.
//!
//! One thread, edge-triggered, one read and one write a message. What cannot be written at once waits in the
//! connection's buffer, and reading pauses meanwhile (BOUNDED).

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;

use anyhow::Result;
use rustix::event::epoll;
use rustix::fd::OwnedFd;

const LISTENER: u64 = u64::MAX;
const STDIN: u64 = u64::MAX - 1;
const READ_SIZE: usize = 256 * 1024;

struct Connection {
    stream: TcpStream,
    /// What the kernel did not take yet.
    unsent: Vec<u8>,
}

pub(crate) fn run() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(
        &poll,
        &listener,
        epoll::EventData::new_u64(LISTENER),
        epoll::EventFlags::IN,
    )?;
    let stdin = io::stdin();
    epoll::add(
        &poll,
        stdin.as_fd(),
        epoll::EventData::new_u64(STDIN),
        epoll::EventFlags::IN,
    )?;
    println!("{}", listener.local_addr()?.port());

    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut scratch = vec![0; READ_SIZE];
    let mut events = Vec::with_capacity(512);
    loop {
        events.clear();
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), None)?;
        for event in &events {
            match event.data.u64() {
                STDIN => return Ok(()),
                LISTENER => accept(&poll, &listener, &mut connections)?,
                index => {
                    let slot = &mut connections[index as usize];
                    // Dropping the stream also takes it out of epoll.
                    if slot
                        .as_mut()
                        .is_some_and(|connection| !echo(connection, &mut scratch))
                    {
                        *slot = None;
                    }
                }
            }
        }
    }
}

fn accept(
    poll: &OwnedFd,
    listener: &TcpListener,
    connections: &mut Vec<Option<Connection>>,
) -> Result<()> {
    while let Ok((stream, _)) = listener.accept() {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let flags = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
        epoll::add(
            poll,
            &stream,
            epoll::EventData::new_u64(connections.len() as u64),
            flags,
        )?;
        connections.push(Some(Connection {
            stream,
            unsent: Vec::new(),
        }));
    }
    Ok(())
}

/// Echoes what is there; false when the connection has ended.
fn echo(connection: &mut Connection, scratch: &mut [u8]) -> bool {
    loop {
        if !connection.unsent.is_empty() {
            match connection.stream.write(&connection.unsent) {
                Ok(count) => drop(connection.unsent.drain(..count)),
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
            continue;
        }
        let count = match connection.stream.read(scratch) {
            Ok(0) => return false,
            Ok(count) => count,
            Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
        };
        let sent = match connection.stream.write(&scratch[..count]) {
            Ok(sent) => sent,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(_) => return false,
        };
        connection.unsent.extend_from_slice(&scratch[sent..count]);
        // A read that did not fill the buffer took everything: the next readiness comes as a new edge.
        if count < scratch.len() && connection.unsent.is_empty() {
            return true;
        }
    }
}
