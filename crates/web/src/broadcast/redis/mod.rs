//! Broadcast through Redis: pub/sub, and streams for channels with history.
//!
//! - `resp`: the protocol; `session`: the connection by which is posted and pub/sub is heard; `stream`: the one that reads streams, as it waits there
//!
//! A small client of our own, on the loop's sockets: those that are kept up bring tokio's runtime or block a thread, and two commands each way are all
//! that is needed. It speaks RESP3, which Redis has since 6.0: there a connection may subscribe and post.

mod resp;
mod session;
mod stream;

pub(super) use stream::position_of;

use std::cell::RefCell;
use std::rc::Rc;

use bytes::{Buf, Bytes, BytesMut};

use super::address::ServerAddress;
use super::link::{Engine, Link};
use super::server::{Line, Post, Server};
use super::topic::{self, Carries};
use crate::connect::Alpn;
use crate::{Error, ErrorKind, Result};
use resp::Reply;
use stream::Stream;

/// Of channels and streams at the server, before their names.
const PREFIX: &str = "twinloop:";
const PRESENCE: &str = "twinloop-presence:";

/// The engine of a link.
pub(super) struct Redis {
    server: Rc<Server>,
    address: ServerAddress,
    /// Once there is a channel with history.
    stream: RefCell<Option<Rc<Stream>>>,
}

impl Redis {
    pub(super) fn start(link: &Rc<Link>, address: &ServerAddress) -> Redis {
        let server = Server::new(link);
        server.start(session::keep(Rc::downgrade(&server), address.clone()));
        Redis {
            server,
            address: address.clone(),
            stream: RefCell::default(),
        }
    }
}

impl Engine for Redis {
    fn join(&self, topic: &Rc<str>) {
        if !topic::is_kept(topic) {
            self.server.join(topic);
            return;
        }
        let mut stream = self.stream.borrow_mut();
        let stream = stream.get_or_insert_with(|| Stream::start(&self.server, &self.address));
        stream.join(topic);
    }

    fn leave(&self, topic: &Rc<str>) {
        if !topic::is_kept(topic) {
            self.server.leave(topic);
        } else if let Some(stream) = &*self.stream.borrow() {
            stream.leave(topic);
        }
    }

    fn post(&self, post: Post) -> Result<()> {
        self.server.post(post)
    }

    fn queued(&self) -> usize {
        self.server.outbox.bytes()
    }

    fn is_crowded(&self) -> bool {
        self.server.outbox.is_crowded()
    }

    fn was_crowded_for_long(&self) {}

    fn resume(&self) {
        self.server.news.wake();
        if let Some(stream) = &*self.stream.borrow() {
            stream.resume();
        }
    }
}

/// A connection that is let in, in RESP3.
async fn connect(link: Rc<Link>, address: ServerAddress) -> Result<Line> {
    let (host, port) = (&*address.host, address.port);
    let connector = &link.connector;
    let transport = match address.is_secure {
        true => connector.connect_tls(host, port, Alpn::None).await?,
        false => connector.connect_plain(host, port).await?,
    };
    let mut line = Line::new(transport);
    let (user, password) = (address.user.as_bytes(), address.password.as_bytes());
    let mut hello: Vec<&[u8]> = vec![b"HELLO", b"3"];
    if !address.user.is_empty() || !password.is_empty() {
        let user = if user.is_empty() { b"default" } else { user };
        hello.extend([&b"AUTH"[..], user, password]);
    }
    resp::write(&mut line.out, &hello);
    accepted(&mut line).await?;
    if !address.path.is_empty() {
        resp::write(&mut line.out, &[b"SELECT", address.path.as_bytes()]);
        if let Err(error) = accepted(&mut line).await {
            let message = format!("redis has no database {}", address.path);
            return Err(match error.is_protocol() {
                true => Error::new(ErrorKind::Argument, message).with_source(error),
                false => error,
            });
        }
    }
    Ok(line)
}

/// Waits for a reply that is no error.
async fn accepted(line: &mut Line) -> Result<Reply> {
    match line.ask(next).await? {
        Reply::Error(message) => {
            let kind = match message.split(' ').next() {
                Some("WRONGPASS" | "NOAUTH" | "NOPERM") => ErrorKind::Denied,
                // It is loading its data, or the like.
                _ => ErrorKind::Protocol,
            };
            Err(Error::new(kind, format!("redis refuses: {message}")))
        }
        reply => Ok(reply),
    }
}

/// Takes the first reply out of what has arrived.
fn next(arrived: &mut BytesMut) -> Result<Option<Reply>> {
    let mut first = None;
    each(arrived, |reply| {
        first = Some(reply);
        Ok(false)
    })?;
    Ok(first)
}

/// Takes replies out of what has arrived, as long as `act` wants more; whether there was one. What they hold is shared with what was read.
fn each(arrived: &mut BytesMut, mut act: impl FnMut(Reply) -> Result<bool>) -> Result<bool> {
    if arrived.is_empty() {
        return Ok(false);
    }
    let mut bytes = std::mem::take(arrived).freeze();
    let mut was_there = false;
    let outcome = loop {
        match resp::read(&bytes) {
            Ok(Some((reply, length))) => {
                was_there = true;
                bytes.advance(length);
                match act(reply) {
                    Ok(true) => {}
                    Ok(false) => break Ok(true),
                    Err(error) => break Err(error),
                }
            }
            Ok(None) => break Ok(was_there),
            Err(resp::Garbled) => {
                let message = "the server does not speak redis's protocol";
                break Err(Error::new(ErrorKind::Protocol, message));
            }
        }
    };
    *arrived = (bytes.try_into_mut()).unwrap_or_else(|bytes| BytesMut::from(&bytes[..]));
    outcome
}

/// The name of a topic at the server: of a channel, and of a stream.
fn key(topic: &str) -> Vec<u8> {
    let (carries, name) = topic::parts(topic);
    let prefix = match carries {
        Carries::Live | Carries::Kept => PREFIX,
        Carries::Presence => PRESENCE,
    };
    [prefix.as_bytes(), name.as_bytes()].concat()
}

/// The topic of a name at the server.
fn topic_of(carries: Carries, key: &Bytes) -> Option<Rc<str>> {
    let key = std::str::from_utf8(key).ok()?;
    if let Some(name) = key.strip_prefix(PRESENCE) {
        return Some(topic::topic(Carries::Presence, name));
    }
    Some(topic::topic(carries, key.strip_prefix(PREFIX)?))
}
