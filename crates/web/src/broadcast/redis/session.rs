//! The connection by which is posted, and by which channels without history are heard.

use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use bytes::BytesMut;

use super::resp::{self, Reply};
use super::{connect, each, key, topic_of};
use crate::broadcast::address::ServerAddress;
use crate::broadcast::server::{self, Line, Post, Server, Session, Wish};
use crate::broadcast::topic::Carries;
use crate::{Error, ErrorKind, Result};

/// What the next reply belongs to.
enum Asked {
    Post,
    /// Whose answer is pushed, unless it is an error.
    Join(Rc<str>),
    /// Something whose answer says nothing.
    Other,
}

struct RedisSession {
    asked: VecDeque<Asked>,
}

/// Keeps the connection.
pub(super) async fn keep(server: Weak<Server>, address: ServerAddress) {
    let connected = |link| {
        let connecting = connect(link, address.clone());
        async move {
            let line = connecting.await?;
            let asked = VecDeque::new();
            Ok((line, RedisSession { asked }))
        }
    };
    server::keep(server, connected).await;
}

fn write_post(out: &mut Vec<u8>, post: &Post) {
    let key = key(&post.topic);
    match post.history {
        None => resp::write(out, &[b"PUBLISH", &key, &post.packet]),
        Some(history) => {
            let history = history.to_string();
            let most: [&[u8]; 3] = [b"MAXLEN", b"~", history.as_bytes()];
            let [maxlen, about, history] = most;
            let words: [&[u8]; 8] = [
                b"XADD",
                &key,
                maxlen,
                about,
                history,
                b"*",
                b"m",
                &post.packet,
            ];
            resp::write(out, &words);
        }
    }
}

impl Session for RedisSession {
    fn write(&mut self, server: &Server, out: &mut Vec<u8>) -> Result<()> {
        while Line::has_room(out)
            && let Some(wish) = server.wish()
        {
            match wish {
                Wish::Join(topic) => {
                    resp::write(out, &[b"SUBSCRIBE", &key(&topic)]);
                    self.asked.push_back(Asked::Join(topic));
                }
                Wish::Leave(topic) => resp::write(out, &[b"UNSUBSCRIBE", &key(&topic)]),
                Wish::Say(command) => {
                    out.extend_from_slice(&command);
                    self.asked.push_back(Asked::Other);
                }
            }
        }
        while Line::has_room(out)
            && let Some(post) = server.outbox.send()
        {
            write_post(out, &post);
            self.asked.push_back(Asked::Post);
        }
        Ok(())
    }

    fn read(&mut self, server: &Server, arrived: &mut BytesMut) -> Result<bool> {
        let Some(link) = server.link.upgrade() else {
            return Ok(false);
        };
        each(arrived, |reply| {
            match reply {
                Reply::Push(parts) => match (parts.first().and_then(Reply::text), &parts[..]) {
                    (Some("message"), [_, channel, message]) => {
                        if let (Some(channel), Some(message)) = (channel.bytes(), message.bytes())
                            && let Some(topic) = topic_of(Carries::Live, channel)
                        {
                            link.arrived(&topic, message, None);
                        }
                    }
                    (Some("subscribe"), [_, channel, _]) => {
                        self.asked.pop_front();
                        let topic = channel.bytes();
                        if let Some(topic) = topic.and_then(|key| topic_of(Carries::Live, key)) {
                            link.joined(&topic);
                        }
                    }
                    _ => {}
                },
                reply => match (self.asked.pop_front(), reply) {
                    (Some(Asked::Post), Reply::Error(message)) => refused(server, &message)?,
                    (Some(Asked::Join(topic)), Reply::Error(message)) => {
                        let message = format!("redis refuses: {message}");
                        link.denied(&topic, &Error::new(ErrorKind::Denied, message));
                    }
                    (Some(Asked::Post), _) => drop(server.acknowledge()),
                    (Some(Asked::Join(_) | Asked::Other), _) => {}
                    (None, Reply::Error(message)) => {
                        // What it says before it ends the connection.
                        let message = format!("redis refuses: {message}");
                        return Err(Error::new(ErrorKind::Denied, message));
                    }
                    (None, _) => {}
                },
            }
            Ok(link.has_room())
        })
    }

    fn ping(&mut self, out: &mut Vec<u8>) {
        resp::write(out, &[b"PING"]);
        self.asked.push_back(Asked::Other);
    }
}

/// A post was refused: one that never will be taken is given up, which its channel is told; all else is tried again by another connection.
fn refused(server: &Server, message: &str) -> Result<()> {
    let is_final = matches!(
        message.split(' ').next(),
        Some("NOPERM" | "WRONGTYPE" | "ERR")
    );
    if !is_final {
        let message = format!("redis refuses: {message}");
        return Err(Error::new(ErrorKind::Protocol, message));
    }
    let post: Option<Rc<Post>> = server.acknowledge();
    if let (Some(post), Some(link)) = (post, server.link.upgrade()) {
        link.refused(
            &post.topic,
            post.sender.member,
            format!("redis refuses: {message}"),
        );
    }
    Ok(())
}
