//! The load client of chats: people in one room, of whom one says something, then the next one as soon as all have heard it.
//!
//! It speaks the words of `examples/apps/chat`, or socket.io's (version 4 of its protocol, over a WebSocket from the start). What else a chat
//! says (who came, what is stored) is read and not counted.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::event::epoll;
use serde_json::json;

use crate::channel::{Channel, Peer};
use crate::websocket::shake_hands;

/// A chat that says nothing for so long is done with greeting who came.
const QUIET: Duration = Duration::from_millis(500);
/// A message that somebody still lacks after so long is lost.
const PATIENCE: Duration = Duration::from_secs(10);

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Whose words a chat speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    Rooms,
    SocketIo,
}

/// Somebody in the room.
struct Person {
    channel: Channel,
    /// What came of a frame that is not whole.
    unread: Vec<u8>,
    /// The last message that this one has heard.
    heard: Option<usize>,
}

pub(crate) fn run(
    peer: &Peer,
    words: &str,
    people: &str,
    seconds: &str,
    server: &str,
) -> Result<()> {
    let words = match words {
        "rooms" => Words::Rooms,
        "socket.io" => Words::SocketIo,
        _ => bail!("{words} is no protocol of a chat"),
    };
    let count: usize = people.parse().context("PEOPLE")?;
    let seconds: f64 = seconds.parse().context("SECONDS")?;
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut room = Vec::with_capacity(count);
    for index in 0..count {
        let mut person = Person::enter(peer, words, index)?;
        person.channel.watch(&poll, index, epoll::EventFlags::IN)?;
        // What came before it was watched is no event.
        person.read(None, words)?;
        room.push(person);
        if index % 64 == 63 {
            // Those who are there are pinged while others come.
            hear(&poll, &mut room, None, words, Duration::ZERO)?;
        }
    }
    while hear(&poll, &mut room, None, words, QUIET)?.is_some() {}
    let start = Instant::now();
    let counted_from = start + Duration::from_secs_f64(seconds / 5.0);
    let end = start + Duration::from_secs_f64(seconds);
    // How long it took until the last had heard each message, since the server has warmed up, and what the server had spent by then.
    let mut rounds = Vec::new();
    let mut spent = cpu_ns(server)?;
    let mut now = start;
    for number in 0.. {
        if now >= end {
            break;
        }
        if now < counted_from {
            spent = cpu_ns(server)?;
            rounds.clear();
        }
        room[number % count].say(words, number)?;
        let mut missing = count;
        while missing > 0 {
            let Some(heard) = hear(&poll, &mut room, Some(number), words, PATIENCE)? else {
                bail!("message {number} was lost to {missing} of {count}");
            };
            missing -= heard;
        }
        let then = std::mem::replace(&mut now, Instant::now());
        rounds.push((now - then).as_secs_f64());
    }
    let messages = (rounds.len() * count) as f64;
    let time: f64 = rounds.iter().sum();
    rounds.sort_unstable_by(f64::total_cmp);
    println!(
        "{}",
        json!({
            "per_second": messages / time,
            "p50_ms": rounds[rounds.len() / 2] * 1e3,
            "cpu_ns": (cpu_ns(server)? - spent) / messages,
        })
    );
    Ok(())
}

/// How long the threads of a process have been on a core.
fn cpu_ns(process: &str) -> Result<f64> {
    let mut sum = 0.0;
    for task in std::fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may have ended since.
        let times = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
        let time = times.split_whitespace().next().unwrap_or("0");
        sum += time.parse::<f64>()?;
    }
    Ok(sum)
}

/// Waits for news and reads it: how many have heard message `number`. None if nothing came in time.
fn hear(
    poll: &std::os::fd::OwnedFd,
    room: &mut [Person],
    number: Option<usize>,
    words: Words,
    patience: Duration,
) -> Result<Option<usize>> {
    let patience = rustix::event::Timespec {
        tv_sec: patience.as_secs() as i64,
        tv_nsec: i64::from(patience.subsec_nanos()),
    };
    let mut events = Vec::with_capacity(512);
    let space = rustix::buffer::spare_capacity(&mut events);
    epoll::wait(poll, space, Some(&patience))?;
    if events.is_empty() {
        return Ok(None);
    }
    let mut heard = 0;
    for event in &events {
        heard += room[event.data.u64() as usize].read(number, words)?;
    }
    Ok(Some(heard))
}

/// What message `number` says.
fn text(number: usize) -> String {
    format!(
        "message {number:08} {}",
        "of a chat of many people who all hear it"
    )
}

impl Person {
    fn enter(peer: &Peer, words: Words, index: usize) -> Result<Person> {
        let path = match words {
            Words::Rooms => format!("/rooms/lobby?name=person-{index}"),
            Words::SocketIo => "/socket.io/?EIO=4&transport=websocket".to_owned(),
        };
        let mut person = Person {
            channel: shake_hands(peer.connect()?, &path)?,
            unread: Vec::new(),
            heard: None,
        };
        if words == Words::SocketIo {
            // The server opens, the client joins the main namespace, and the server says that it has.
            person.send(TEXT, b"40")?;
            for wanted in [&b"0{"[..], b"40"] {
                let frame = person.next_frame()?;
                ensure!(frame.starts_with(wanted), "the server said {frame:?}");
            }
        }
        Ok(person)
    }

    fn say(&mut self, words: Words, number: usize) -> Result<()> {
        let text = text(number);
        let message = match words {
            Words::Rooms => format!(r#"{{"say":"{text}","id":"{number}"}}"#),
            Words::SocketIo => format!(r#"42["say",{{"say":"{text}","id":"{number}"}}]"#),
        };
        self.send(TEXT, message.as_bytes())
    }

    /// A frame masked by nothing, in one write.
    fn send(&mut self, kind: u8, data: &[u8]) -> Result<()> {
        let mut frame = vec![0x80 | kind];
        match data.len() {
            length @ 0..=125 => frame.push(0x80 | length as u8),
            length => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&u16::try_from(length)?.to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(data);
        Ok(self.channel.write_all(&frame)?)
    }

    /// The payload of the next frame, while the connection still blocks.
    fn next_frame(&mut self) -> Result<Vec<u8>> {
        loop {
            if let Some((_, payload, end)) = frame_in(&self.unread)? {
                let payload = self.unread[payload].to_vec();
                self.unread.drain(..end);
                return Ok(payload);
            }
            let mut scratch = [0; 4096];
            let count = self.channel.read(&mut scratch)?;
            ensure!(count > 0, "the server ended a connection");
            self.unread.extend_from_slice(&scratch[..count]);
        }
    }

    /// Reads all that is there: 1 if message `number` was in it.
    fn read(&mut self, number: Option<usize>, words: Words) -> Result<usize> {
        let mut scratch = [0; 16 * 1024];
        loop {
            match self.channel.read(&mut scratch) {
                Ok(0) => bail!("the server ended a connection"),
                Ok(count) => self.unread.extend_from_slice(&scratch[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error).context("read"),
            }
        }
        let wanted = number.map(text);
        let mut heard = 0;
        let mut start = 0;
        let mut answers = Vec::new();
        while let Some((kind, payload, end)) = frame_in(&self.unread[start..])? {
            let payload = &self.unread[start + payload.start..start + payload.end];
            match kind {
                CLOSE => bail!("the server closed a connection"),
                PING => answers.push((PONG, payload.to_vec())),
                // socket.io has pings of its own.
                TEXT if words == Words::SocketIo && payload == b"2" => {
                    answers.push((TEXT, b"3".to_vec()));
                }
                TEXT if wanted
                    .as_ref()
                    .is_some_and(|wanted| contains(payload, wanted.as_bytes())) =>
                {
                    ensure!(self.heard != number, "a message came twice");
                    self.heard = number;
                    heard = 1;
                }
                _ => {}
            }
            start += end;
        }
        self.unread.drain(..start);
        for (kind, data) in answers {
            self.send(kind, &data)?;
        }
        Ok(heard)
    }
}

fn contains(payload: &[u8], text: &[u8]) -> bool {
    payload.windows(text.len()).any(|window| window == text)
}

/// The first frame of a server's bytes, if it is whole: its kind, where its payload is, and its end.
fn frame_in(bytes: &[u8]) -> Result<Option<(u8, std::ops::Range<usize>, usize)>> {
    let [first, second, ..] = bytes else {
        return Ok(None);
    };
    ensure!(second & 0x80 == 0, "a server's frame is masked");
    let (head, length) = match second {
        126 if bytes.len() < 4 => return Ok(None),
        126 => (4, usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))),
        127 => bail!("a frame of more than 64 KiB is none of a chat"),
        length => (2, usize::from(*length)),
    };
    let end = head + length;
    Ok((bytes.len() >= end).then_some((first & 15, head..end, end)))
}
