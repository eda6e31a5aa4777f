//! The connection that reads streams, for channels with history: it waits in XREAD, so nothing else can be asked by it.
//!
//! It asks for so many entries at a time, and not before the inboxes have room: that is backpressure down to the server, which keeps what was not
//! read. Each channel knows how far it has read, so after a cut nothing is missing that the stream still has.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::task::Poll;
use std::time::Duration;

use twinloop_loop::{JoinHandle, Loop, time};

use super::resp::{self, Reply};
use super::{accepted, connect, key, topic_of};
use crate::broadcast::address::ServerAddress;
use crate::broadcast::link::{Link, Place, Position};
use crate::broadcast::server::{Line, Server};
use crate::broadcast::topic::Carries;
use crate::broadcast::waiting::Waiting;
use crate::{Error, ErrorKind, Result};

/// So many entries are asked for at a time.
const ENTRIES: &[u8] = b"256";

/// So long the server waits for an entry, in milliseconds, before it answers that there is none: who has left meanwhile is noticed then.
const WAIT_MS: &[u8] = b"10000";

/// Longer than that, with something for the way.
const SILENCE: Duration = Duration::from_secs(25);

const PAUSE: Duration = Duration::from_millis(250);

pub(super) struct Stream {
    server: Weak<Server>,
    topics: RefCell<BTreeSet<Rc<str>>>,
    /// Grows when the topics or their channels change.
    version: Cell<u64>,
    changed: Waiting,
    task: RefCell<Option<JoinHandle<()>>>,
}

impl Stream {
    pub(super) fn start(server: &Rc<Server>, address: &ServerAddress) -> Rc<Stream> {
        let stream = Rc::new(Stream {
            server: Rc::downgrade(server),
            topics: RefCell::default(),
            version: Cell::new(0),
            changed: Waiting::default(),
            task: RefCell::default(),
        });
        let task = keep(Rc::downgrade(&stream), address.clone());
        *stream.task.borrow_mut() = Some(Loop::current().spawn(task));
        stream
    }

    pub(super) fn join(&self, topic: &Rc<str>) {
        self.topics.borrow_mut().insert(Rc::clone(topic));
        self.changes();
    }

    pub(super) fn leave(&self, topic: &Rc<str>) {
        self.topics.borrow_mut().remove(topic);
        self.changes();
    }

    pub(super) fn resume(&self) {
        self.changed.wake();
    }

    fn changes(&self) {
        self.version.set(self.version.get() + 1);
        self.changed.wake();
    }

    fn link(&self) -> Option<Rc<Link>> {
        self.server.upgrade()?.link.upgrade()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

async fn keep(stream: Weak<Stream>, address: ServerAddress) {
    loop {
        let Some(link) = stream.upgrade().and_then(|stream| stream.link()) else {
            return;
        };
        let outcome = match connect(Rc::clone(&link), address.clone()).await {
            Ok(line) => {
                link.connects();
                drop(link);
                read(&stream, line).await
            }
            Err(error) => Err(error),
        };
        let Some(link) = stream.upgrade().and_then(|stream| stream.link()) else {
            return;
        };
        if let Err(error) = outcome {
            link.is_cut(error.chain());
        }
        drop(link);
        time::sleep(PAUSE).await;
    }
}

/// Reads until nobody is there any more. Nothing is held while it waits, so the link can go.
async fn read(weak: &Weak<Stream>, mut line: Line) -> Result<()> {
    resp::write(&mut line.out, &[b"CLIENT", b"ID"]);
    let Reply::Integer(id) = accepted(&mut line).await? else {
        let message = "redis does not say which client this is";
        return Err(Error::new(ErrorKind::Protocol, message));
    };
    loop {
        let Some((stream, link)) = both(weak) else {
            return Ok(());
        };
        let version = stream.version.get();
        let topics: Vec<Rc<str>> = stream.topics.borrow().iter().cloned().collect();
        drop(stream);
        place(&link, &mut line, &topics).await?;
        let wanted: Vec<(Rc<str>, Position)> = (topics.iter())
            .filter_map(|topic| Some((Rc::clone(topic), link.first_position(topic)?)))
            .collect();
        drop(link);
        // Until somebody joins, or has read what is here already.
        let is_ready = poll_fn(|context| match both(weak) {
            Some((stream, link)) => stream.changed.poll(context, || {
                let is_other = stream.version.get() != version;
                (is_other || !wanted.is_empty() && link.has_room()).then_some(!is_other)
            }),
            None => Poll::Ready(false),
        });
        if !is_ready.await {
            continue;
        }
        ask(&mut line, &wanted);
        let reply = answered(weak, &mut line, version, id).await?;
        if let Some((_, link)) = both(weak) {
            take(&link, &wanted, &reply)?;
        }
    }
}

fn both(weak: &Weak<Stream>) -> Option<(Rc<Stream>, Rc<Link>)> {
    let stream = weak.upgrade()?;
    let link = stream.link()?;
    Some((stream, link))
}

/// Those who want only what is posted from now on learn where that is.
async fn place(link: &Rc<Link>, line: &mut Line, topics: &[Rc<str>]) -> Result<()> {
    for topic in topics {
        if link.needs_position(topic) {
            let words: [&[u8]; 6] = [b"XREVRANGE", &key(topic), b"+", b"-", b"COUNT", b"1"];
            resp::write(&mut line.out, &words);
            let reply = accepted(line).await?;
            let last = reply.list().first().and_then(|entry| entry.list().first());
            let last = last.and_then(Reply::text).and_then(position_of);
            link.places(topic, last.unwrap_or(Position::START));
        }
        link.joined(topic);
    }
    Ok(())
}

fn ask(line: &mut Line, wanted: &[(Rc<str>, Position)]) {
    let keys: Vec<Vec<u8>> = wanted.iter().map(|(topic, _)| key(topic)).collect();
    let after: Vec<String> = wanted
        .iter()
        .map(|(_, position)| text_of(*position))
        .collect();
    let mut words: Vec<&[u8]> = vec![b"XREAD", b"COUNT", ENTRIES, b"BLOCK", WAIT_MS, b"STREAMS"];
    words.extend(keys.iter().map(Vec::as_slice));
    words.extend(after.iter().map(String::as_bytes));
    resp::write(&mut line.out, &words);
}

/// The reply to XREAD. When somebody joins meanwhile, the server is told by the other connection that this one waits no longer.
async fn answered(weak: &Weak<Stream>, line: &mut Line, version: u64, id: i64) -> Result<Reply> {
    let mut is_told = false;
    let mut reply = pin!(time::timeout(SILENCE, accepted(line)));
    let reply = poll_fn(|context| {
        if let Poll::Ready(reply) = reply.as_mut().poll(context) {
            return Poll::Ready(reply);
        }
        if !is_told && let Some((stream, _)) = both(weak) {
            let is_other = || (stream.version.get() != version).then_some(());
            if stream.changed.poll(context, is_other).is_ready()
                && let Some(server) = stream.server.upgrade()
            {
                is_told = true;
                let mut command = Vec::new();
                let id = id.to_string();
                resp::write(&mut command, &[b"CLIENT", b"UNBLOCK", id.as_bytes()]);
                server.say(command);
            }
        }
        Poll::Pending
    });
    reply.await.unwrap_or_else(|_elapsed| {
        let message = format!("nothing is heard for {} s", SILENCE.as_secs());
        Err(Error::new(ErrorKind::Timeout, message))
    })
}

/// Gives the entries of a reply to their channels.
fn take(link: &Rc<Link>, wanted: &[(Rc<str>, Position)], reply: &Reply) -> Result<()> {
    // A map: keys and lists of entries in turn.
    for pair in reply.list().chunks_exact(2) {
        let key = pair[0].bytes();
        let Some(topic) = key.and_then(|key| topic_of(Carries::Kept, key)) else {
            continue;
        };
        let Some((_, after)) = wanted.iter().find(|(known, _)| *known == topic) else {
            continue;
        };
        for entry in pair[1].list() {
            let [id, fields] = entry.list() else { continue };
            let position = id.text().and_then(position_of);
            let Some(position) = position else {
                let message = "an entry of a stream without its id";
                return Err(Error::new(ErrorKind::Protocol, message));
            };
            let place = Place {
                after: *after,
                position,
                text: text_of(position),
            };
            let mut fields = fields.list().chunks_exact(2);
            let message = fields.find(|pair| pair[0].text() == Some("m"));
            match message.and_then(|pair| pair[1].bytes()) {
                Some(message) => link.arrived(&topic, message, Some(place)),
                None => link.passes(&topic, &place),
            }
        }
    }
    Ok(())
}

/// The place that an id of an entry says.
pub(in crate::broadcast) fn position_of(id: &str) -> Option<Position> {
    let (time, number) = id.split_once('-').unwrap_or((id, "0"));
    Some(Position(time.parse().ok()?, number.parse().ok()?))
}

fn text_of(position: Position) -> String {
    format!("{}-{}", position.0, position.1)
}
