//! The UDP load client: on each socket one datagram in flight, as fast as the answers come.
//!
//! One thread on epoll. The first fifth of the time warms up and is not counted. Loopback loses a datagram when a
//! receiver's buffer is full; a socket that hears nothing for a while sends again.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::event::{Timespec, epoll};

const SEND_AGAIN_AFTER: Duration = Duration::from_millis(200);

pub(crate) fn run(port: &str, sockets: &str, bytes: &str, seconds: &str) -> Result<()> {
    let port: u16 = port.parse().context("PORT")?;
    let data = vec![b'x'; bytes.parse().context("BYTES")?];
    let seconds: f64 = seconds.parse().context("SECONDS")?;
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut open = Vec::new();
    for index in 0..sockets.parse::<u64>().context("SOCKETS")? {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_nonblocking(true)?;
        let flags = epoll::EventFlags::IN;
        epoll::add(&poll, &socket, epoll::EventData::new_u64(index), flags)?;
        socket.send(&data)?;
        open.push(socket);
    }
    let begin = Instant::now() + Duration::from_secs_f64(seconds / 5.0);
    let end = begin + Duration::from_secs_f64(seconds);
    let mut count = 0u64;
    let mut buffer = vec![0; 65_536];
    let mut events = Vec::with_capacity(256);
    loop {
        events.clear();
        let timeout = Timespec {
            tv_sec: 0,
            tv_nsec: SEND_AGAIN_AFTER.as_nanos() as _,
        };
        epoll::wait(
            &poll,
            rustix::buffer::spare_capacity(&mut events),
            Some(&timeout),
        )?;
        let now = Instant::now();
        if now >= end {
            break;
        }
        if events.is_empty() {
            open.iter()
                .try_for_each(|socket| socket.send(&data).map(drop))?;
        }
        for event in &events {
            let socket = &open[event.data.u64() as usize];
            match socket.recv(&mut buffer) {
                Ok(size) if size == data.len() => {}
                Ok(size) => bail!("an answer of {size} bytes to {}", data.len()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.into()),
            }
            socket.send(&data)?;
            count += u64::from(now >= begin);
        }
    }
    println!("{{\"per_second\": {}}}", count as f64 / seconds);
    Ok(())
}
