//! All channels of a loop by one url: they share an engine, which has the connections.
//!
//! The engine is told who joins, leaves and posts; it tells the link what arrives and how the connection stands. What a program has posted keeps it
//! going until it has left, unless nothing leaves any more. Loop thread only.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

use bytes::Bytes;
use twinloop_loop::{Hold, Loop, WeakLoop, time};

use super::address::{self, Address};
use super::channel::Member;
use super::inbox::{Change, Event};
use super::local::Mesh;
use super::nats::Nats;
use super::packet::{self, Sender};
use super::redis::Redis;
use super::server::Post;
use super::topic::is_kept;
use super::waiting::Waiting;
use crate::connect::Connector;
use crate::{Error, ErrorKind, Result};

/// For so long a program is kept going by what it has posted while nothing of that leaves.
pub(super) const LINGER: Duration = Duration::from_secs(5);

/// So many bytes may wait to be sent to a server, or to one other process.
pub(super) const MOST_QUEUED: usize = 16 * 1024 * 1024;

/// Whoever waits before it posts waits above this.
pub(super) const SHORT_QUEUE: usize = 256 * 1024;

/// What is below a link: the connections to a server, or to the other processes.
pub(super) trait Engine {
    /// The first channel of this topic is there, or another one of a topic that is kept. [`Link::joined`] is told when it will hear of everything
    /// that others post from then on.
    fn join(&self, topic: &Rc<str>);

    /// The last channel of this topic is gone.
    fn leave(&self, topic: &Rc<str>);

    /// Sends a packet to the others.
    ///
    /// # Errors
    /// `is_full()` when too much waits already; then nothing is sent.
    fn post(&self, post: Post) -> Result<()>;

    /// Bytes that have not left yet.
    fn queued(&self) -> usize;

    /// Whether someone who waits before it posts should wait.
    fn is_crowded(&self) -> bool;

    /// Someone has waited for long for room, and goes on.
    fn was_crowded_for_long(&self);

    /// The inboxes have room again.
    fn resume(&self);
}

/// A place in what a server keeps of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position(pub(super) u64, pub(super) u64);

impl Position {
    /// Before everything.
    pub(super) const START: Position = Position(0, 0);
}

/// Where a message stands in what a server keeps.
pub(super) struct Place {
    /// What is read stands behind this. Who has not come that far is read to from further back, and must not skip what is between.
    pub(super) after: Position,
    pub(super) position: Position,
    /// The position, as programs know it.
    pub(super) text: String,
}

pub(super) struct Link {
    pub(super) address: Address,
    pub(super) connector: Connector,
    /// Tells it from all other links of the world.
    pub(super) node: u64,
    event_loop: WeakLoop,
    engine: OnceCell<Box<dyn Engine>>,
    members: RefCell<HashMap<Rc<str>, Vec<Weak<Member>>>>,
    last_member: Cell<u32>,
    /// How many inboxes are full.
    full: Cell<usize>,
    /// Something has changed that somebody may wait for.
    pub(super) changed: Waiting,
    /// Why it is of no use, if it is not.
    failure: RefCell<Option<Error>>,
    /// Whether there is a connection, and why there was none the last time.
    is_connected: Cell<bool>,
    cut: RefCell<Option<String>>,
    /// While something waits to be sent.
    hold: RefCell<Option<Hold>>,
    /// Bytes that have left or were given up, for whoever watches that something moves.
    is_watched: Cell<bool>,
    progress: Cell<u64>,
}

/// A link of this thread, with what tells it from others.
struct KnownLink {
    event_loop: WeakLoop,
    url: String,
    link: Weak<Link>,
}

thread_local! {
    static LINKS: RefCell<Vec<KnownLink>> = const { RefCell::new(Vec::new()) };
}

impl Link {
    /// The link of this loop to an address, which `url` is the full text of.
    pub(super) fn of(url: &str, address: Address, connector: &Connector) -> Result<Rc<Link>> {
        let event_loop = Loop::current();
        let known = LINKS.with_borrow_mut(|links| {
            links.retain(|known| known.link.strong_count() > 0);
            let mut links = links.iter();
            let is_it = |known: &&KnownLink| {
                known.url == url
                    && (known.event_loop.upgrade()).is_some_and(|other| other.is_same(&event_loop))
            };
            links.find(is_it).and_then(|known| known.link.upgrade())
        });
        if let Some(link) = known.filter(|link| link.failure.borrow().is_none()) {
            return Ok(link);
        }
        let mut node = [0; 8];
        getrandom::fill(&mut node).map_err(|cause| {
            Error::new(ErrorKind::Internal, "no random numbers").with_source(cause)
        })?;
        let connector = address.connector(connector);
        let link = Rc::new(Link {
            address,
            connector,
            node: u64::from_be_bytes(node),
            event_loop: event_loop.downgrade(),
            engine: OnceCell::new(),
            members: RefCell::default(),
            last_member: Cell::new(0),
            full: Cell::new(0),
            changed: Waiting::default(),
            failure: RefCell::default(),
            is_connected: Cell::new(false),
            cut: RefCell::default(),
            hold: RefCell::default(),
            is_watched: Cell::new(false),
            progress: Cell::new(0),
        });
        let engine: Box<dyn Engine> = match &link.address.place {
            address::Place::Local(group) => Box::new(Mesh::start(&link, group.clone())),
            address::Place::Nats(server) => Box::new(Nats::start(&link, server)),
            address::Place::Redis(server) => Box::new(Redis::start(&link, server)),
        };
        let _ = link.engine.set(engine);
        LINKS.with_borrow_mut(|links| {
            links.push(KnownLink {
                event_loop: event_loop.downgrade(),
                url: url.to_owned(),
                link: Rc::downgrade(&link),
            });
        });
        Ok(link)
    }

    pub(super) fn engine(&self) -> &dyn Engine {
        let engine = self.engine.get();
        engine
            .expect("a link has its engine before anybody else has the link")
            .as_ref()
    }

    // ---- what channels do -----------------------------------------------------------------------------------------

    /// The number of a new member.
    pub(super) fn next_member(&self) -> u32 {
        let number = self.last_member.get().wrapping_add(1);
        self.last_member.set(number);
        number
    }

    pub(super) fn join(&self, member: &Rc<Member>) {
        let mut all = self.members.borrow_mut();
        let members = all.entry(Rc::clone(&member.topic)).or_default();
        let is_first = members.is_empty();
        let is_heard = members.iter().any(is_open);
        members.push(Rc::downgrade(member));
        drop(all);
        // Each channel with history has a place of its own in it.
        if is_first || is_kept(&member.topic) {
            self.engine().join(&member.topic);
        } else if is_heard {
            self.opens(member);
        }
    }

    pub(super) fn leave(self: &Rc<Link>, member: &Member) {
        let mut all = self.members.borrow_mut();
        let Some(members) = all.get_mut(&member.topic) else {
            return;
        };
        members.retain(|other| !std::ptr::eq(other.as_ptr(), member));
        let is_last = members.is_empty();
        if is_last {
            all.remove(&member.topic);
        }
        drop(all);
        if is_last {
            self.engine().leave(&member.topic);
        }
        self.linger();
    }

    /// Sends what a member posts, at once to those of this loop that no server has to tell of it.
    pub(super) fn post(self: &Rc<Link>, member: &Member, number: u64, body: &[u8]) -> Result<()> {
        if let Some(failure) = &*self.failure.borrow() {
            return Err(failure.clone());
        }
        let sender = Sender {
            node: self.node,
            member: member.id,
        };
        self.engine().post(Post {
            topic: Rc::clone(&member.topic),
            packet: packet::write(packet::Kind::Message, sender, number, body),
            sender,
            number,
            history: member.history,
        })?;
        self.settle();
        Ok(())
    }

    /// Changes with everything that leaves or comes to be sent.
    pub(super) fn progress(&self) -> u64 {
        self.progress.get()
    }

    /// The url, for messages.
    pub(super) fn shown(&self) -> &str {
        &self.address.shown
    }

    /// Why it is of no use, if it is not.
    pub(super) fn failure(&self) -> Option<Error> {
        self.failure.borrow().clone()
    }

    /// Why it was cut the last time, if it was.
    pub(super) fn cut(&self) -> Option<String> {
        self.cut.borrow().clone()
    }

    // ---- what engines tell ----------------------------------------------------------------------------------------

    /// The members of a topic will hear of what is posted from now on.
    pub(super) fn joined(&self, topic: &str) {
        self.each(topic, |member| self.opens(member));
        self.changed.wake();
    }

    /// A packet of a topic is there, and where it stands in what the server keeps.
    pub(super) fn arrived(self: &Rc<Link>, topic: &str, bytes: &Bytes, place: Option<Place>) {
        let packet = match packet::read(bytes) {
            Ok(packet) => packet,
            Err(error) => {
                if let Some(place) = &place {
                    self.each(topic, |member| {
                        let _ = member.passes(place);
                    });
                }
                self.tell(topic, &Event::Unreadable(error.chain()));
                return;
            }
        };
        self.each(topic, |member| {
            let is_own = packet.sender.node == self.node && packet.sender.member == member.id;
            let is_new = (place.as_ref()).is_none_or(|place| member.passes(place));
            if is_new && !is_own {
                let text = place.as_ref().map(|place| &*place.text);
                let change = member.inbox.receive(&packet, text);
                self.after(member, change);
            }
        });
    }

    /// What stands there in a topic is no message.
    pub(super) fn passes(self: &Rc<Link>, topic: &str, place: &Place) {
        self.each(topic, |member| {
            let _ = member.passes(place);
        });
        let reason = "an entry of the stream that is no message".to_owned();
        self.tell(topic, &Event::Unreadable(reason));
    }

    /// Whether there are channels of a topic that want what is posted from now on, and do not know where that is.
    pub(super) fn needs_position(&self, topic: &str) -> bool {
        let mut needs = false;
        self.each(topic, |member| needs |= member.position.get().is_none());
        needs
    }

    /// From where such channels read.
    pub(super) fn places(&self, topic: &str, position: Position) {
        self.each(topic, |member| {
            let known = member.position.get();
            member.position.set(Some(known.unwrap_or(position)));
        });
    }

    /// How many messages the server is to keep of a topic.
    pub(super) fn history(&self, topic: &str) -> u64 {
        let mut most = 1;
        self.each(topic, |member| most = most.max(member.history.unwrap_or(1)));
        most
    }

    /// Behind what a topic is read, so that nobody misses anything.
    pub(super) fn first_position(&self, topic: &str) -> Option<Position> {
        let mut first: Option<Position> = None;
        self.each(topic, |member| {
            if let Some(position) = member.position.get() {
                first = Some(first.map_or(position, |first| first.min(position)));
            }
        });
        first
    }

    /// A message that a channel has posted is not taken.
    pub(super) fn refused(self: &Rc<Link>, topic: &str, member: u32, reason: String) {
        self.each(topic, |poster| {
            if poster.id == member {
                let change = poster.inbox.push(Event::Refused(reason.clone()));
                self.after(poster, change);
            }
        });
    }

    /// The server does not let this program hear of a topic.
    pub(super) fn denied(self: &Rc<Link>, topic: &str, error: &Error) {
        self.each(topic, |member| {
            *member.denial.borrow_mut() = Some(error.clone());
            let change = member.inbox.push(Event::Refused(error.chain()));
            self.after(member, change);
        });
        self.changed.wake();
    }

    /// The connection is cut.
    pub(super) fn is_cut(self: &Rc<Link>, reason: String) {
        let was_connected = self.is_connected.replace(false);
        if !was_connected && self.cut.borrow().as_ref() == Some(&reason) {
            return;
        }
        *self.cut.borrow_mut() = Some(reason.clone());
        let topics: Vec<Rc<str>> = self.members.borrow().keys().cloned().collect();
        for topic in topics {
            self.each(&topic, |member| member.is_open.set(false));
        }
        self.tell_all(&Event::Cut(reason));
        self.changed.wake();
    }

    /// The connection is there.
    pub(super) fn connects(&self) {
        self.is_connected.set(true);
        self.changed.wake();
    }

    /// Something happens to a topic.
    fn tell(self: &Rc<Link>, topic: &str, event: &Event) {
        self.each(topic, |member| {
            let change = member.inbox.push(event.clone());
            self.after(member, change);
        });
    }

    /// Something happens to all topics.
    fn tell_all(self: &Rc<Link>, event: &Event) {
        let topics: Vec<Rc<str>> = self.members.borrow().keys().cloned().collect();
        for topic in topics {
            self.tell(&topic, event);
        }
    }

    /// It cannot work.
    pub(super) fn fails(self: &Rc<Link>, error: Error) {
        self.tell_all(&Event::Cut(error.chain()));
        *self.failure.borrow_mut() = Some(error);
        self.hold.take();
        self.changed.wake();
    }

    /// Whether the inboxes have room for more.
    pub(super) fn has_room(&self) -> bool {
        self.full.get() == 0
    }

    /// Something was queued, or has left: the program is kept going while something waits.
    pub(super) fn settle(self: &Rc<Link>) {
        self.progress.set(self.progress.get() + 1);
        let is_waiting = self.engine().queued() > 0 && self.failure.borrow().is_none();
        let mut hold = self.hold.borrow_mut();
        if is_waiting == hold.is_some() {
            drop(hold);
        } else if is_waiting {
            *hold = self
                .event_loop
                .upgrade()
                .map(|event_loop| event_loop.hold());
            drop(hold);
            self.watch();
        } else {
            let ended = hold.take();
            drop(hold);
            drop(ended);
        }
        self.changed.wake();
    }

    // ---- within ---------------------------------------------------------------------------------------------------

    fn each(&self, topic: &str, mut act: impl FnMut(&Rc<Member>)) {
        let all = self.members.borrow();
        let members = all.get(topic).map_or(&[][..], Vec::as_slice);
        for member in members.iter().filter_map(Weak::upgrade) {
            act(&member);
        }
    }

    /// A member hears of everything from now on.
    fn opens(&self, member: &Rc<Member>) {
        if !member.is_open.replace(true) {
            let change = member.inbox.push(Event::Open);
            self.after(member, change);
        }
    }

    /// What follows from an inbox that has changed.
    pub(super) fn after(&self, member: &Rc<Member>, change: Change) {
        match change {
            Change::Nothing => {}
            Change::Filled => {
                self.full.set(self.full.get() + 1);
                watch_inbox(member);
            }
            Change::Emptied => self.emptied(),
        }
        member.waiting.wake();
    }

    /// An inbox that was full is not, or is gone.
    pub(super) fn emptied(&self) {
        self.full.set(self.full.get().saturating_sub(1));
        if self.full.get() == 0 {
            self.engine().resume();
        }
    }

    /// Lets the program end if nothing leaves for a while.
    fn watch(self: &Rc<Link>) {
        let Some(event_loop) = self.event_loop.upgrade() else {
            return;
        };
        if self.is_watched.replace(true) {
            return;
        }
        let link = Rc::downgrade(self);
        event_loop.spawn(async move {
            let mut seen = None;
            loop {
                time::sleep(LINGER).await;
                let Some(link) = link.upgrade() else { return };
                let progress = Some(link.progress.get());
                if link.hold.borrow().is_none() || seen == progress {
                    link.hold.take();
                    link.is_watched.set(false);
                    return;
                }
                seen = progress;
            }
        });
    }

    /// A member is gone: the link stays until what was posted has left.
    fn linger(self: &Rc<Link>) {
        if self.hold.borrow().is_none() {
            return;
        }
        let Some(event_loop) = self.event_loop.upgrade() else {
            return;
        };
        let link = Rc::clone(self);
        event_loop.spawn(async move {
            let has_left = || (link.hold.borrow().is_none()).then_some(());
            // It ends also when the watch has given up, which wakes nobody.
            let _ = time::timeout(LINGER * 2, link.changed.until(has_left)).await;
        });
    }
}

fn is_open(member: &Weak<Member>) -> bool {
    member.upgrade().is_some_and(|member| member.is_open.get())
}

/// Lets an inbox stop its link only as long as somebody takes something out of it.
fn watch_inbox(member: &Rc<Member>) {
    let (limit, mut seen) = (member.stall_timeout, member.inbox.taken());
    let member = Rc::downgrade(member);
    Loop::current().spawn(async move {
        loop {
            time::sleep(limit).await;
            let Some(member) = member.upgrade().filter(|member| member.inbox.is_full()) else {
                return;
            };
            let taken = member.inbox.taken();
            if seen == taken {
                let change = member.inbox.stall(taken);
                member.link.after(&member, change);
                return;
            }
            seen = taken;
        }
    });
}
