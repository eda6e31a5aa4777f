//! A server of echoes or of one constant answer, with nothing between it and epoll: what no event loop with a language on top can be faster than.
//!
//! One thread, edge-triggered, one read and one write a message. What cannot be written at once waits in the
//! connection's buffer, and reading pauses meanwhile (BOUNDED).

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixListener;

use anyhow::Result;
use rustix::event::epoll;
use rustix::fd::OwnedFd;

use crate::channel::Socket;

const LISTENER: u64 = u64::MAX;
const STDIN: u64 = u64::MAX - 1;
const READ_SIZE: usize = 256 * 1024;

struct Connection {
    stream: Box<dyn Socket>,
    /// What the kernel did not take yet.
    unsent: Vec<u8>,
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// A Unix socket at `path`, or TCP at a free port; says where it is.
    fn open(path: Option<&str>) -> Result<(Listener, String)> {
        if let Some(path) = path {
            let listener = UnixListener::bind(path)?;
            listener.set_nonblocking(true)?;
            return Ok((Listener::Unix(listener), path.to_owned()));
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port().to_string();
        Ok((Listener::Tcp(listener), port))
    }

    fn accept(&self) -> io::Result<Box<dyn Socket>> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                Ok(Box::new(stream))
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Listener::Tcp(listener) => listener.as_fd(),
            Listener::Unix(listener) => listener.as_fd(),
        }
    }
}

/// What a client gets.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// What it sent.
    Echo,
    /// For each request of HTTP the same response.
    Constant,
}

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 17\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n{\"hello\":\"world\"}";

pub(crate) fn run(path: Option<&str>, answer: Answer) -> Result<()> {
    let (listener, address) = Listener::open(path)?;
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
    println!("{address}");

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
                        .is_some_and(|connection| !echo(connection, &mut scratch, answer))
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
    listener: &Listener,
    connections: &mut Vec<Option<Connection>>,
) -> Result<()> {
    while let Ok(stream) = listener.accept() {
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
fn echo(connection: &mut Connection, scratch: &mut [u8], answer: Answer) -> bool {
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
        let read = &scratch[..count];
        let constant;
        let reply = match answer {
            Answer::Echo => read,
            Answer::Constant => {
                let requests = read.windows(4).filter(|end| end == b"\r\n\r\n").count();
                constant = RESPONSE.repeat(requests);
                &constant
            }
        };
        let sent = match connection.stream.write(reply) {
            Ok(sent) => sent,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(_) => return false,
        };
        connection.unsent.extend_from_slice(&reply[sent..]);
        // A read that did not fill the buffer took everything: the next readiness comes as a new edge.
        if count < scratch.len() && connection.unsent.is_empty() {
            return true;
        }
    }
}
