//! This loop among the members of its group.
//!
//! What a member says to another (what it wants to hear, and packets) all goes by one connection, the first one it has to it, so it arrives in order.
//! Of two that meet at the same time each may have made one: then each speaks by its own and only listens by the other.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::time::Duration;

use bytes::Bytes;
use twinloop_loop::net::{Listener, Stream};
use twinloop_loop::{JoinHandle, Loop, time};

use super::folder;
use super::wire::{Frame, VERSION, Wire, packet_frame};
use crate::broadcast::address::Group;
use crate::broadcast::link::{Link, MOST_QUEUED, SHORT_QUEUE};
use crate::broadcast::packet::{self, Kind, Sender};
use crate::broadcast::server::Post;
use crate::{Error, ErrorKind, Result};

/// So long a member that does not answer is waited for, by those that come or join.
const PATIENCE: Duration = Duration::from_secs(2);

/// After the connection to a member was lost, it is looked whether it is there still.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

pub(super) struct Node {
    link: Weak<Link>,
    number: u64,
    peers: RefCell<BTreeMap<u64, Rc<Peer>>>,
    /// Connections whose other end has not said who it is.
    strangers: RefCell<Vec<Rc<Wire>>>,
    /// What this loop wants to hear.
    topics: RefCell<HashSet<Rc<str>>>,
    /// Of the last topic that was joined.
    token: Cell<u32>,
    /// The topics of which not all others know yet that this loop wants to hear them.
    joining: RefCell<Vec<(u32, Rc<str>)>>,
    /// Until all others are known, what is posted waits here.
    early: RefCell<Option<Vec<Post>>>,
    early_bytes: Cell<usize>,
    folder: RefCell<PathBuf>,
    /// The task that accepts connections.
    task: RefCell<Option<JoinHandle<()>>>,
    is_looking: Cell<bool>,
}

/// Another member.
struct Peer {
    /// By which this one speaks.
    speaks: Rc<Wire>,
    /// Others by which it hears.
    hears: RefCell<Vec<Rc<Wire>>>,
    /// What it wants to hear.
    topics: RefCell<HashSet<String>>,
    /// It has said all that it wanted to hear when they met.
    is_known: Cell<bool>,
    /// It knows what this loop wants to hear up to this token.
    knows: Cell<u32>,
    /// It does not answer: nobody waits for it.
    is_excused: Cell<bool>,
    /// It does not read: nobody who posts waits for it until it does.
    is_stalled: Cell<bool>,
    /// What was left out, as there was no room: the last number of each sender.
    left_out: RefCell<HashMap<(Rc<str>, Sender), u64>>,
}

impl Node {
    pub(super) fn start(link: &Rc<Link>, group: Group) -> Rc<Node> {
        let node = Rc::new(Node {
            link: Rc::downgrade(link),
            number: link.node,
            peers: RefCell::default(),
            strangers: RefCell::default(),
            topics: RefCell::default(),
            token: Cell::new(0),
            joining: RefCell::default(),
            early: RefCell::new(Some(Vec::new())),
            early_bytes: Cell::new(0),
            folder: RefCell::default(),
            task: RefCell::default(),
            is_looking: Cell::new(false),
        });
        let weak = Rc::downgrade(&node);
        let task = Loop::current().spawn(async move {
            if let Err(error) = begin(weak.clone(), group).await
                && let Some(link) = weak.upgrade().and_then(|node| node.link.upgrade())
            {
                link.fails(error);
            }
        });
        *node.task.borrow_mut() = Some(task);
        node
    }

    // ---- what the link wants --------------------------------------------------------------------------------------

    pub(super) fn join(self: &Rc<Node>, topic: &Rc<str>) {
        let token = self.token.get() + 1;
        self.token.set(token);
        self.topics.borrow_mut().insert(Rc::clone(topic));
        self.joining.borrow_mut().push((token, Rc::clone(topic)));
        let frame = Frame::Join {
            token,
            topic: topic.to_string(),
        };
        self.say_to_all(&frame.bytes());
        self.check_joined();
        if !self.joining.borrow().is_empty() {
            self.excuse_later(token);
        }
    }

    pub(super) fn leave(&self, topic: &Rc<str>) {
        self.topics.borrow_mut().remove(topic);
        self.joining
            .borrow_mut()
            .retain(|(_, other)| other != topic);
        let frame = Frame::Leave {
            topic: topic.to_string(),
        };
        self.say_to_all(&frame.bytes());
    }

    pub(super) fn post(&self, post: Post) -> Result<()> {
        let (topic, packet) = (Rc::clone(&post.topic), post.packet.clone());
        if let Some(early) = &mut *self.early.borrow_mut() {
            let bytes = self.early_bytes.get() + packet.len();
            if bytes > MOST_QUEUED {
                let message = format!("{MOST_QUEUED} bytes of broadcast messages wait already");
                return Err(Error::new(ErrorKind::Full, message));
            }
            self.early_bytes.set(bytes);
            early.push(post);
        } else {
            self.spread(&topic, post.sender, post.number, &packet);
        }
        if let Some(link) = self.link.upgrade() {
            link.arrived(&topic, &packet, None);
        }
        Ok(())
    }

    /// Sends a packet to all who want to hear it.
    fn spread(&self, topic: &Rc<str>, sender: Sender, number: u64, packet: &Bytes) {
        let mut frame = Vec::new();
        for peer in self.peers.borrow().values() {
            if !peer.topics.borrow().contains(&**topic) {
                continue;
            }
            if frame.is_empty() {
                frame = packet_frame(topic, packet);
            }
            let queued = peer.speaks.queued();
            // One that is longer than all that may wait goes out alone.
            if queued > 0 && queued + frame.len() > MOST_QUEUED {
                let mut left_out = peer.left_out.borrow_mut();
                left_out.insert((Rc::clone(topic), sender), number);
            } else {
                peer.speaks.send(&frame);
            }
        }
    }

    pub(super) fn queued(&self) -> usize {
        let peers = self.peers.borrow();
        let queued: usize = peers.values().map(|peer| peer.speaks.queued()).sum();
        queued + self.early_bytes.get()
    }

    pub(super) fn is_crowded(&self) -> bool {
        let peers = self.peers.borrow();
        let is_crowded =
            |peer: &Rc<Peer>| !peer.is_stalled.get() && peer.speaks.queued() > SHORT_QUEUE;
        self.early_bytes.get() > SHORT_QUEUE || peers.values().any(is_crowded)
    }

    pub(super) fn was_crowded_for_long(&self) {
        for peer in self.peers.borrow().values() {
            if peer.speaks.queued() > SHORT_QUEUE {
                peer.is_stalled.set(true);
            }
        }
    }

    pub(super) fn resume(&self) {
        let peers: Vec<_> = self.peers.borrow().values().cloned().collect();
        for peer in peers {
            peer.speaks.resume();
            for wire in peer.hears.borrow().iter() {
                wire.resume();
            }
        }
        for wire in self.strangers.borrow().iter() {
            wire.resume();
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.link.upgrade().is_none_or(|link| link.has_room())
    }

    // ---- what the others do ---------------------------------------------------------------------------------------

    /// A frame has come; false ends the connection.
    pub(super) fn hears(self: &Rc<Node>, wire: &Rc<Wire>, frame: Frame) -> bool {
        let Some(link) = self.link.upgrade() else {
            return false;
        };
        if let Frame::Hello { version, node } = frame {
            if version != VERSION || node == self.number {
                return false;
            }
            self.meets(wire, node);
            return true;
        }
        let peer = wire
            .peer()
            .and_then(|peer| self.peers.borrow().get(&peer).cloned());
        let Some(peer) = peer else {
            // It has to say first who it is.
            return false;
        };
        peer.is_excused.set(false);
        match frame {
            Frame::Hello { .. } => {}
            Frame::Join { token, topic } => {
                peer.topics.borrow_mut().insert(topic);
                peer.speaks.send(&Frame::Joined { token }.bytes());
            }
            Frame::Leave { topic } => {
                peer.topics.borrow_mut().remove(&topic);
            }
            Frame::Ready { token } => {
                peer.is_known.set(true);
                peer.speaks.send(&Frame::Joined { token }.bytes());
                self.check_known();
            }
            Frame::Joined { token } => {
                peer.knows.set(peer.knows.get().max(token));
                self.check_joined();
            }
            Frame::Packet { topic, packet } => link.arrived(&topic, &packet, None),
        }
        true
    }

    /// Another says who it is.
    fn meets(self: &Rc<Node>, wire: &Rc<Wire>, number: u64) {
        self.strangers
            .borrow_mut()
            .retain(|stranger| !Rc::ptr_eq(stranger, wire));
        wire.is_of(number);
        let known = self.peers.borrow().get(&number).cloned();
        match known {
            Some(peer) if Rc::ptr_eq(&peer.speaks, wire) => {}
            Some(peer) => peer.hears.borrow_mut().push(Rc::clone(wire)),
            None => {
                // It waits until this one knows what it wants, and this one for nothing.
                let token = self.token.get();
                self.speak_by(Rc::clone(wire), number, token);
            }
        }
    }

    /// From now on this one speaks to another by this connection.
    fn speak_by(&self, wire: Rc<Wire>, number: u64, knows: u32) {
        let hello = Frame::Hello {
            version: VERSION,
            node: self.number,
        };
        let token = self.token.get();
        wire.send(&hello.bytes());
        for topic in self.topics.borrow().iter() {
            let topic = topic.to_string();
            wire.send(&Frame::Join { token, topic }.bytes());
        }
        wire.send(&Frame::Ready { token }.bytes());
        let peer = Rc::new(Peer {
            speaks: wire,
            hears: RefCell::default(),
            topics: RefCell::default(),
            is_known: Cell::new(false),
            knows: Cell::new(knows),
            is_excused: Cell::new(false),
            is_stalled: Cell::new(false),
            left_out: RefCell::default(),
        });
        self.peers.borrow_mut().insert(number, peer);
    }

    /// A connection is at its end.
    pub(super) fn loses(self: &Rc<Node>, wire: &Rc<Wire>) {
        wire.close();
        self.strangers
            .borrow_mut()
            .retain(|stranger| !Rc::ptr_eq(stranger, wire));
        let peer = wire.peer().and_then(|number| {
            let is_its = |peer: &Rc<Peer>| {
                Rc::ptr_eq(&peer.speaks, wire)
                    || peer
                        .hears
                        .borrow()
                        .iter()
                        .any(|other| Rc::ptr_eq(other, wire))
            };
            let mut peers = self.peers.borrow_mut();
            let is_there = peers.get(&number).is_some_and(is_its);
            is_there.then(|| peers.remove(&number)).flatten()
        });
        let Some(peer) = peer else { return };
        peer.speaks.close();
        for other in peer.hears.take() {
            other.close();
        }
        self.check_known();
        self.check_joined();
        self.look_later();
        if let Some(link) = self.link.upgrade() {
            link.settle();
        }
    }

    /// Some of what waited for a peer has left.
    pub(super) fn has_sent(&self, wire: &Rc<Wire>) {
        let Some(link) = self.link.upgrade() else {
            return;
        };
        let peer = wire
            .peer()
            .and_then(|peer| self.peers.borrow().get(&peer).cloned());
        if let Some(peer) = peer
            && wire.queued() <= SHORT_QUEUE
        {
            peer.is_stalled.set(false);
            for ((topic, sender), number) in peer.left_out.take() {
                let mark = packet::write(Kind::Mark, sender, number, &[]);
                peer.speaks.send(&packet_frame(&topic, &mark));
            }
        }
        link.settle();
    }

    // ---- within ---------------------------------------------------------------------------------------------------

    fn say_to_all(&self, frame: &[u8]) {
        for peer in self.peers.borrow().values() {
            peer.speaks.send(frame);
        }
    }

    /// Sends what waited until all others are known, once they are.
    fn check_known(&self) {
        let peers = self.peers.borrow();
        let are_known = (peers.values()).all(|peer| peer.is_known.get() || peer.is_excused.get());
        drop(peers);
        // While they are looked for, nobody knows how many there are.
        if !are_known || self.is_looking.get() {
            return;
        }
        let Some(early) = self.early.take() else {
            return;
        };
        self.early_bytes.set(0);
        for post in early {
            self.spread(&post.topic, post.sender, post.number, &post.packet);
        }
        self.check_joined();
        if let Some(link) = self.link.upgrade() {
            link.settle();
        }
    }

    /// Tells of the topics that all others know of.
    fn check_joined(&self) {
        if self.early.borrow().is_some() {
            return;
        }
        let least = {
            let peers = self.peers.borrow();
            let answering = peers.values().filter(|peer| !peer.is_excused.get());
            answering.map(|peer| peer.knows.get()).min()
        };
        let least = least.unwrap_or(u32::MAX);
        let joined: Vec<Rc<str>> = {
            let mut joining = self.joining.borrow_mut();
            let count = joining.partition_point(|(token, _)| *token <= least);
            joining.drain(..count).map(|(_, topic)| topic).collect()
        };
        if let Some(link) = self.link.upgrade() {
            for topic in joined {
                link.joined(&topic);
            }
        }
    }

    /// Does not wait longer for those that do not answer.
    fn excuse_later(self: &Rc<Node>, token: u32) {
        let node = Rc::downgrade(self);
        Loop::current().spawn(async move {
            time::sleep(PATIENCE).await;
            let Some(node) = node.upgrade() else { return };
            for peer in node.peers.borrow().values() {
                if peer.knows.get() < token || !peer.is_known.get() {
                    peer.is_excused.set(true);
                }
            }
            node.check_known();
            node.check_joined();
        });
    }

    fn look_later(self: &Rc<Node>) {
        if self.is_looking.replace(true) {
            return;
        }
        let node = Rc::downgrade(self);
        Loop::current().spawn(async move {
            time::sleep(LOOK_AGAIN).await;
            look(node).await;
        });
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
        let folder = self.folder.take();
        if !folder.as_os_str().is_empty() {
            let _ = std::fs::remove_file(folder::socket(&folder, self.number));
            // Only the last one finds it empty.
            let _ = std::fs::remove_dir(&folder);
        }
        for peer in self.peers.take().into_values() {
            peer.speaks.close();
            for wire in peer.hears.take() {
                wire.close();
            }
        }
        for wire in self.strangers.take() {
            wire.close();
        }
    }
}

/// Makes the socket, shows it, looks for the others, and accepts connections from then on.
async fn begin(weak: Weak<Node>, group: Group) -> Result<()> {
    let Some(number) = weak.upgrade().map(|node| node.number) else {
        return Ok(());
    };
    let (folder, listener) = bind(group, number).await?;
    let (hidden, shown) = (
        folder::hidden(&folder, number),
        folder::socket(&folder, number),
    );
    // Only what listens already is seen: who is refused may take a socket for one of a process that is gone.
    std::fs::rename(&hidden, &shown).map_err(|error| {
        let _ = std::fs::remove_file(&hidden);
        Error::file("rename", Some(&hidden), error)
    })?;
    let Some(node) = weak.upgrade() else {
        let _ = std::fs::remove_file(&shown);
        return Ok(());
    };
    *node.folder.borrow_mut() = folder;
    node.is_looking.set(true);
    node.excuse_later(node.token.get());
    drop(node);
    Loop::current().spawn(look(weak.clone()));
    accept(weak, listener).await;
    Ok(())
}

/// A socket in the folder of the group. The last one of a group takes its folder away, perhaps between the two steps here.
async fn bind(group: Group, number: u64) -> Result<(PathBuf, Listener)> {
    let mut attempts = 0;
    loop {
        let wanted = group.clone();
        let folder = blocking(move || folder::provide(&wanted)).await?;
        let path = folder::hidden(&folder, number);
        match Listener::bind_unix(&path) {
            Ok(listener) => return Ok((folder, listener)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && attempts < 10 => attempts += 1,
            Err(error) => return Err(Error::file("bind", Some(&path), error)),
        }
    }
}

async fn accept(weak: Weak<Node>, listener: Listener) {
    let user = rustix::process::getuid().as_raw();
    loop {
        let accepted = listener.accept().await;
        let Some(node) = weak.upgrade() else { return };
        match accepted {
            Ok((stream, _)) => {
                if stream.peer_user().is_ok_and(|other| other == user) {
                    let wire = Wire::new(stream, &node, None);
                    node.strangers.borrow_mut().push(wire);
                }
            }
            Err(_) => {
                // Too many open files, most likely: they may be fewer in a moment.
                drop(node);
                time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}

/// Connects to all who are there and not connected yet.
async fn look(weak: Weak<Node>) {
    let Some(folder) = weak.upgrade().map(|node| node.folder.borrow().clone()) else {
        return;
    };
    let listed = folder.clone();
    let members = blocking(move || {
        folder::members(&listed).map_err(|error| Error::file("scandir", Some(&listed), error))
    });
    let members = members.await.unwrap_or_default();
    for member in members {
        let is_new = weak.upgrade().is_some_and(|node| {
            node.number != member && !node.peers.borrow().contains_key(&member)
        });
        if !is_new {
            continue;
        }
        let path = folder::socket(&folder, member);
        let stream = match time::timeout(PATIENCE, Stream::connect_unix(&path)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                forget(&path, &error);
                continue;
            }
            Err(_) => continue,
        };
        let Some(node) = weak.upgrade() else { return };
        // It may have come by itself meanwhile.
        if !node.peers.borrow().contains_key(&member) {
            let wire = Wire::new(stream, &node, Some(member));
            node.speak_by(wire, member, 0);
        }
    }
    if let Some(node) = weak.upgrade() {
        node.is_looking.set(false);
        node.check_known();
        node.check_joined();
    }
}

/// Takes away the socket of a process that was killed.
fn forget(path: &Path, error: &io::Error) {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        let _ = std::fs::remove_file(path);
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = Loop::current().spawn_blocking(work).await;
    done.unwrap_or_else(|failure| Err(Error::new(ErrorKind::Internal, failure.to_string())))
}
