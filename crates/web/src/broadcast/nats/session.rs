//! The connection: what was asked by it, and what came.
//!
//! A message that nobody keeps is at the server when a PING behind it is answered; one that is kept has an acknowledgement of its own. The outbox is
//! emptied in order, so one waits for the other.

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::{Rc, Weak};

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

use super::protocol::{self, Message, Said, token};
use super::{jetstream, login};
use crate::broadcast::address::ServerAddress;
use crate::broadcast::link::{Link, Place, Position};
use crate::broadcast::server::{self, Line, Post, Server, Session, Wish};
use crate::broadcast::topic::{Carries, is_kept, parts};
use crate::{Error, ErrorKind, Result};

/// So many PINGs may be unanswered; what is behind them waits for the next.
const MOST_PINGS: usize = 2;

/// What a payload has besides its packet, at most.
const HEADERS: usize = 128;

struct NatsSession {
    /// Where answers go, before their numbers, and whether they are heard.
    inbox: String,
    is_asking: bool,
    last_number: u64,
    subscriptions: HashMap<u64, Subscription>,
    asked: HashMap<u64, Asked>,
    /// Answers to the server's own questions.
    answers: Vec<u8>,
    pings: VecDeque<Ping>,
    /// What is behind the last PING.
    behind: Ping,
    /// What was sent of the outbox, in order, and the number of the first.
    sent: VecDeque<Sent>,
    first_sent: u64,
    /// Topics whose streams are there, and those that were asked for.
    streams: HashSet<Rc<str>>,
    asked_streams: HashSet<Rc<str>>,
    longest: usize,
}

enum Subscription {
    Answers,
    Live(Rc<str>),
    Kept(Consumer),
}

/// Gives what stands behind a position of a topic's stream.
struct Consumer {
    topic: Rc<str>,
    after: Position,
    /// How many messages it has given.
    given: u64,
}

/// What an answer belongs to.
enum Asked {
    Post(u64),
    Stream(Rc<str>),
    Info(Rc<str>),
    Consumer(Rc<str>),
}

/// What has happened when a PING is answered.
#[derive(Default)]
struct Ping {
    joined: Vec<Rc<str>>,
    /// The number behind the last post.
    posts: u64,
    is_wanted: bool,
}

struct Sent {
    topic: Rc<str>,
    member: u32,
    is_kept: bool,
    is_there: bool,
}

/// Keeps the connection.
pub(super) async fn keep(server: Weak<Server>, address: ServerAddress) {
    let connected = |link| connect(link, address.clone());
    server::keep(server, connected).await;
}

/// A connection that is let in.
async fn connect(link: Rc<Link>, address: ServerAddress) -> Result<(Line, NatsSession)> {
    let (host, port) = (&*address.host, address.port);
    let mut line = Line::new(link.connector.connect_plain(host, port).await?);
    let info = line.ask(|arrived| {
        first(arrived, |said| match said {
            Said::Info(info) => Ok(Some(info)),
            _ => Ok(None),
        })
    });
    let info: Value = serde_json::from_slice(&info.await?).map_err(|cause| {
        Error::new(
            ErrorKind::Protocol,
            "the server does not speak nats's protocol",
        )
        .with_source(cause)
    })?;
    let says = |name: &str| info.get(name).and_then(Value::as_bool) == Some(true);
    if address.is_secure && !says("tls_required") && !says("tls_available") {
        let message = format!("{host}:{port} offers no tls, and the url wants it");
        return Err(Error::new(ErrorKind::Argument, message));
    }
    let is_secure = address.is_secure || says("tls_required");
    if is_secure {
        // What an attacker may have said before that is forgotten.
        let transport = line.into_transport();
        line = Line::new(link.connector.secure(transport, host, port).await?);
    }
    let mut greeting = json!({
        "verbose": false,
        "pedantic": false,
        "tls_required": is_secure,
        "name": "twinloop",
        "lang": "rust",
        "version": env!("CARGO_PKG_VERSION"),
        "protocol": 1,
        "echo": true,
        "headers": true,
        "no_responders": true,
    });
    let nonce = info.get("nonce").and_then(Value::as_str);
    login::introduce(&mut greeting, &address, nonce).await?;
    line.out
        .extend_from_slice(format!("CONNECT {greeting}\r\nPING\r\n").as_bytes());
    let accepted = line.ask(|arrived| {
        first(arrived, |said| match said {
            Said::Pong => Ok(Some(())),
            Said::Error(message) => Err(refusal(&message)),
            _ => Ok(None),
        })
    });
    accepted.await?;
    let session = NatsSession {
        inbox: format!("_INBOX.{:016x}", link.node),
        is_asking: false,
        last_number: 0,
        subscriptions: HashMap::new(),
        asked: HashMap::new(),
        answers: Vec::new(),
        pings: VecDeque::new(),
        behind: Ping::default(),
        sent: VecDeque::new(),
        first_sent: 0,
        streams: HashSet::new(),
        asked_streams: HashSet::new(),
        longest: info
            .get("max_payload")
            .and_then(Value::as_u64)
            .unwrap_or(u64::MAX) as usize,
    };
    Ok((line, session))
}

/// What `look` finds in the first of what has arrived, and what it passes over.
fn first<T>(
    arrived: &mut BytesMut,
    mut look: impl FnMut(Said) -> Result<Option<T>>,
) -> Result<Option<T>> {
    let mut found = None;
    protocol::each(arrived, |said| {
        found = look(said)?;
        Ok(found.is_none())
    })?;
    Ok(found)
}

fn refusal(message: &str) -> Error {
    let lower = message.to_ascii_lowercase();
    let denies = ["authorization", "authentication", "permissions violation"];
    let kind = match denies.iter().any(|words| lower.contains(words)) {
        true => ErrorKind::Denied,
        false => ErrorKind::Protocol,
    };
    Error::new(kind, format!("nats refuses: {message}"))
}

/// The subject of a topic.
fn subject_of(topic: &str) -> String {
    let (carries, name) = parts(topic);
    match carries {
        Carries::Kept => jetstream::subject(name),
        Carries::Live => format!("twinloop.live.{}", token(name)),
        Carries::Presence => format!("twinloop.presence.{}", token(name)),
    }
}

impl NatsSession {
    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Where the answer to something goes. Who never asks JetStream need not be allowed to hear answers.
    fn reply_to(&mut self, out: &mut Vec<u8>, asked: Asked) -> String {
        if !std::mem::replace(&mut self.is_asking, true) {
            let number = self.next_number();
            self.subscriptions.insert(number, Subscription::Answers);
            out.extend_from_slice(format!("SUB {}.a.* {number}\r\n", self.inbox).as_bytes());
        }
        let number = self.next_number();
        self.asked.insert(number, asked);
        format!("{}.a.{number}", self.inbox)
    }

    /// Asks something of JetStream.
    fn ask(&mut self, out: &mut Vec<u8>, (subject, payload): (String, Value), asked: Asked) {
        let reply = self.reply_to(out, asked);
        protocol::request(out, &subject, &reply, payload.to_string().as_bytes());
    }

    fn join(&mut self, link: &Link, out: &mut Vec<u8>, topic: Rc<str>) {
        if is_kept(&topic) {
            let history = link.history(&topic);
            self.provide_stream(out, topic, history);
            return;
        }
        let number = self.next_number();
        out.extend_from_slice(format!("SUB {} {number}\r\n", subject_of(&topic)).as_bytes());
        let subscription = Subscription::Live(Rc::clone(&topic));
        self.subscriptions.insert(number, subscription);
        self.behind.joined.push(topic);
        self.behind.is_wanted = true;
    }

    fn provide_stream(&mut self, out: &mut Vec<u8>, topic: Rc<str>, history: u64) {
        self.asked_streams.insert(Rc::clone(&topic));
        let request = jetstream::create_stream(parts(&topic).1, history);
        self.ask(out, request, Asked::Stream(topic));
    }

    /// Hears nothing of a topic any more.
    fn leave(&mut self, out: &mut Vec<u8>, topic: &str) {
        self.subscriptions.retain(|number, subscription| {
            let is_its = match subscription {
                Subscription::Answers => false,
                Subscription::Live(other) => &**other == topic,
                Subscription::Kept(consumer) => &*consumer.topic == topic,
            };
            if is_its {
                out.extend_from_slice(format!("UNSUB {number}\r\n").as_bytes());
            }
            !is_its
        });
    }

    /// Reads a stream from where its channels are.
    fn consume(&mut self, link: &Link, out: &mut Vec<u8>, topic: Rc<str>) {
        self.leave(out, &topic);
        let Some(after) = link.first_position(&topic) else {
            return;
        };
        let number = self.next_number();
        let deliver = format!("{}.d.{number}", self.inbox);
        out.extend_from_slice(format!("SUB {deliver} {number}\r\n").as_bytes());
        let consumer = Consumer {
            topic: Rc::clone(&topic),
            after,
            given: 0,
        };
        self.subscriptions
            .insert(number, Subscription::Kept(consumer));
        let request = jetstream::create_consumer(parts(&topic).1, after, &deliver);
        self.ask(out, request, Asked::Consumer(topic));
    }

    fn post(&mut self, server: &Server, out: &mut Vec<u8>, post: &Post) {
        let number = self.first_sent + self.sent.len() as u64;
        let is_kept = post.history.is_some();
        let is_long = post.packet.len() + HEADERS > self.longest;
        self.sent.push_back(Sent {
            topic: Rc::clone(&post.topic),
            member: post.sender.member,
            is_kept,
            is_there: is_long,
        });
        if is_long {
            let message = format!(
                "nats takes {} bytes at most, and a message has {}",
                self.longest,
                post.packet.len()
            );
            if let Some(link) = server.link.upgrade() {
                link.refused(&post.topic, post.sender.member, message);
            }
            self.settle(server);
            return;
        }
        let subject = subject_of(&post.topic);
        if is_kept {
            let reply = self.reply_to(out, Asked::Post(number));
            let sender = post.sender;
            let id = format!("{:016x}-{:x}-{:x}", sender.node, sender.member, post.number);
            protocol::request_once(out, &subject, &reply, &id, &post.packet);
        } else {
            protocol::publish(out, &subject, &post.packet);
            self.behind.posts = number + 1;
            self.behind.is_wanted = true;
        }
    }

    /// Takes out of the outbox what is at the server.
    fn settle(&mut self, server: &Server) {
        while self.sent.front().is_some_and(|sent| sent.is_there) {
            self.sent.pop_front();
            self.first_sent += 1;
            server.acknowledge();
        }
    }

    /// The server has not done something that we may not do, which concerns one channel and not the connection.
    fn denied(&mut self, server: &Server, link: &Rc<Link>, said: &str) -> Result<()> {
        let error = refusal(said);
        let about = |what: &str| {
            let rest = said.strip_prefix(what)?;
            rest.split('"').nth(1)
        };
        if let Some(subject) = about("Permissions Violation for Subscription to ") {
            let found = self
                .subscriptions
                .values()
                .find_map(|subscription| match subscription {
                    Subscription::Live(topic) if subject_of(topic) == subject => {
                        Some(Rc::clone(topic))
                    }
                    _ => None,
                });
            let topic = found.ok_or_else(|| error.clone())?;
            let pings = self.pings.iter_mut().chain([&mut self.behind]);
            pings.for_each(|ping| ping.joined.retain(|joined| *joined != topic));
            link.denied(&topic, &error);
            return Ok(());
        }
        let subject = about("Permissions Violation for Publish to ");
        let is_it = |sent: &&mut Sent| !sent.is_there && Some(&*subject_of(&sent.topic)) == subject;
        let sent = self.sent.iter_mut().find(is_it);
        let sent = sent.ok_or_else(|| error.clone())?;
        sent.is_there = true;
        link.refused(&sent.topic, sent.member, error.chain());
        self.settle(server);
        Ok(())
    }

    fn answered(&mut self, server: &Server, link: &Rc<Link>, message: &Message) -> Result<()> {
        let number = message.subject.rsplit('.').next();
        let number = number.and_then(|number| number.parse::<u64>().ok());
        let Some(asked) = number.and_then(|number| self.asked.remove(&number)) else {
            return Ok(());
        };
        if protocol::status(&message.headers).is_some() {
            let message =
                "nats keeps no history: JetStream is not enabled there, or the stream is gone";
            return Err(Error::new(ErrorKind::Protocol, message));
        }
        let answer: Value = serde_json::from_slice(&message.payload).unwrap_or_default();
        if let Some(failure) = jetstream::failure(&answer) {
            return Err(Error::new(
                ErrorKind::Protocol,
                format!("nats refuses: {failure}"),
            ));
        }
        // What is written here leaves with the answers.
        let mut out = std::mem::take(&mut self.answers);
        match asked {
            Asked::Post(number) => {
                let index = number
                    .checked_sub(self.first_sent)
                    .map(|index| index as usize);
                if let Some(sent) = index.and_then(|index| self.sent.get_mut(index)) {
                    sent.is_there = true;
                }
                self.settle(server);
            }
            Asked::Stream(topic) => {
                self.streams.insert(Rc::clone(&topic));
                let request = jetstream::stream_info(parts(&topic).1);
                self.ask(&mut out, request, Asked::Info(topic));
            }
            Asked::Info(topic) => {
                let last = answer.pointer("/state/last_seq").and_then(Value::as_u64);
                link.places(&topic, Position(0, last.unwrap_or_default()));
                self.consume(link, &mut out, topic);
            }
            Asked::Consumer(topic) => link.joined(&topic),
        }
        self.answers = out;
        Ok(())
    }

    /// What a consumer gives.
    fn consumed(&mut self, link: &Rc<Link>, message: &Message) {
        if protocol::status(&message.headers).is_some() {
            // It asks whether it may go on, or says that it is there, and perhaps that such a question was lost.
            let stalled = protocol::header(&message.headers, "Nats-Consumer-Stalled");
            if let Some(reply) = message.reply.as_deref().or(stalled) {
                protocol::publish(&mut self.answers, reply, b"");
            }
            return;
        }
        let Some(Subscription::Kept(consumer)) = self.subscriptions.get_mut(&message.subscription)
        else {
            return;
        };
        let Some((position, number)) = message.reply.as_deref().and_then(jetstream::place) else {
            return;
        };
        let topic = Rc::clone(&consumer.topic);
        if number != consumer.given + 1 {
            // Some are missing: it begins anew behind the last one that came.
            let mut out = std::mem::take(&mut self.answers);
            self.consume(link, &mut out, topic);
            self.answers = out;
            return;
        }
        consumer.given = number;
        let place = Place {
            after: consumer.after,
            position,
            text: position.1.to_string(),
        };
        link.arrived(&topic, &message.payload, Some(place));
    }
}

impl Session for NatsSession {
    fn write(&mut self, server: &Server, out: &mut Vec<u8>) -> Result<()> {
        let Some(link) = server.link.upgrade() else {
            return Ok(());
        };
        out.append(&mut self.answers);
        while Line::has_room(out)
            && let Some(wish) = server.wish()
        {
            match wish {
                Wish::Join(topic) => self.join(&link, out, topic),
                Wish::Leave(topic) => self.leave(out, &topic),
                Wish::Say(_) => {}
            }
        }
        while Line::has_room(out)
            && let Some(next) = server.outbox.next()
        {
            if let Some(history) = next.history
                && !self.streams.contains(&next.topic)
            {
                // Its channel may be closed already.
                if !self.asked_streams.contains(&next.topic) {
                    self.provide_stream(out, Rc::clone(&next.topic), history);
                }
                break;
            }
            drop(server.outbox.send());
            self.post(server, out, &next);
        }
        if self.behind.is_wanted && self.pings.len() < MOST_PINGS {
            self.pings.push_back(std::mem::take(&mut self.behind));
            out.extend_from_slice(b"PING\r\n");
        }
        Ok(())
    }

    fn read(&mut self, server: &Server, arrived: &mut BytesMut) -> Result<bool> {
        let Some(link) = server.link.upgrade() else {
            return Ok(false);
        };
        protocol::each(arrived, |said| {
            match said {
                Said::Info(_) | Said::Ok => {}
                Said::Ping => self.answers.extend_from_slice(b"PONG\r\n"),
                Said::Pong => {
                    let ping = self.pings.pop_front().unwrap_or_default();
                    for topic in &ping.joined {
                        link.joined(topic);
                    }
                    let count = ping.posts.saturating_sub(self.first_sent) as usize;
                    for sent in self.sent.iter_mut().take(count) {
                        sent.is_there |= !sent.is_kept;
                    }
                    self.settle(server);
                }
                Said::Error(message) => self.denied(server, &link, &message)?,
                Said::Message(message) => match self.subscriptions.get(&message.subscription) {
                    Some(Subscription::Answers) => self.answered(server, &link, &message)?,
                    Some(Subscription::Live(topic)) => {
                        let payload: &Bytes = &message.payload;
                        link.arrived(topic, payload, None);
                    }
                    Some(Subscription::Kept(_)) => self.consumed(&link, &message),
                    // What was on its way when it was left.
                    None => {}
                },
            }
            Ok(link.has_room())
        })
    }

    fn ping(&mut self, _out: &mut Vec<u8>) {
        self.behind.is_wanted = true;
    }
}
