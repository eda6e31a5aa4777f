//! What has come for one channel and nobody has taken yet.
//!
//! Messages of a sender are numbered, so what came twice is left out here and what is missing is told. BOUNDED: a full inbox stops the link from
//! reading, which slows down whoever waits for its readers. An inbox of which nothing is taken for a while must not stop the others of its link for
//! ever: it no longer counts, and what comes for it meanwhile is lost, and counted.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use super::packet::{Kind, Packet, Sender};

/// An inbox is full above so many bytes or messages, and has room again below half of that.
const FULL_BYTES: usize = 1024 * 1024;
const FULL_MESSAGES: usize = 1024;

/// What an event takes besides its body.
const EVENT_SIZE: usize = 64;

/// So many senders are known; of those that have been silent for longest, half are forgotten then.
const MOST_SENDERS: usize = 8192;

/// What happens on a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message.
    Message(Message),
    /// So many messages are missing here: nobody has them any more.
    Lost(u64),
    /// Somebody is there, who is seen by this.
    Joined {
        /// Of this one alone.
        id: String,
        /// A value.
        data: Bytes,
    },
    /// Somebody is not there any more.
    Left {
        /// The same as when this one came.
        id: String,
        /// The same value.
        data: Bytes,
    },
    /// The server has refused a message that was posted here, and why.
    Refused(String),
    /// Something came that is no message of a channel, and why not.
    Unreadable(String),
    /// The channel hears of everything that others post from here on: first, and again after each cut.
    Open,
    /// The connection is cut, and why. It is made again.
    Cut(String),
}

/// A message of another channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// A value, as [`Reader`](super::Reader) reads it.
    pub body: Bytes,
    /// Where it stands in what the server keeps, if it keeps messages.
    pub position: Option<String>,
}

/// What must be done after something came or was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Nothing,
    /// It is full now.
    Filled,
    /// It has room again.
    Emptied,
}

#[derive(Default)]
pub(super) struct Inbox {
    events: RefCell<VecDeque<Event>>,
    bytes: Cell<usize>,
    /// It counts as one that is full.
    is_full: Cell<bool>,
    /// Nothing was taken for a while: what comes is counted in `lost`.
    is_stalled: Cell<bool>,
    lost: Cell<u64>,
    /// Grows with everything that is taken.
    taken: Cell<u64>,
    senders: RefCell<HashMap<Sender, Known>>,
    /// Grows with every message.
    clock: Cell<u64>,
}

/// What is known of a sender.
struct Known {
    last: u64,
    /// When it was heard, by the inbox's own clock.
    heard: u64,
}

impl Inbox {
    /// Takes in what came.
    pub(super) fn receive(&self, packet: &Packet, position: Option<&str>) -> Change {
        let missing = match self.note(packet) {
            Numbered::Again => return Change::Nothing,
            Numbered::After(missing) => missing,
        };
        if missing > 0 {
            self.lose(missing);
        }
        if packet.kind == Kind::Mark {
            return Change::Nothing;
        }
        if self.is_stalled.get() {
            self.lost.set(self.lost.get() + 1);
            return Change::Nothing;
        }
        self.push(Event::Message(Message {
            body: packet.body.clone(),
            position: position.map(str::to_owned),
        }))
    }

    /// Takes note of a sender's number.
    fn note(&self, packet: &Packet) -> Numbered {
        let now = self.clock.get() + 1;
        self.clock.set(now);
        let mut senders = self.senders.borrow_mut();
        if let Some(known) = senders.get_mut(&packet.sender) {
            known.heard = now;
            if packet.number <= known.last {
                return Numbered::Again;
            }
            // A mark stands for a message that did not come.
            let came = u64::from(packet.kind == Kind::Message);
            let missing = packet.number - known.last - came;
            known.last = packet.number;
            return Numbered::After(missing);
        }
        if senders.len() >= MOST_SENDERS {
            let mut heard: Vec<u64> = senders.values().map(|known| known.heard).collect();
            let middle = heard.len() / 2;
            let (_, &mut middle, _) = heard.select_nth_unstable(middle);
            senders.retain(|_, known| known.heard > middle);
        }
        senders.insert(
            packet.sender,
            Known {
                last: packet.number,
                heard: now,
            },
        );
        Numbered::After(0)
    }

    /// So many messages will not come.
    pub(super) fn lose(&self, count: u64) {
        if self.is_stalled.get() {
            self.lost.set(self.lost.get() + count);
            return;
        }
        let mut events = self.events.borrow_mut();
        if let Some(Event::Lost(before)) = events.back_mut() {
            *before += count;
            return;
        }
        drop(events);
        self.push(Event::Lost(count));
    }

    /// Adds an event.
    pub(super) fn push(&self, event: Event) -> Change {
        let bytes = self.bytes.get() + size(&event);
        self.bytes.set(bytes);
        let mut events = self.events.borrow_mut();
        events.push_back(event);
        let is_much = bytes > FULL_BYTES || events.len() > FULL_MESSAGES;
        if is_much && !self.is_full.get() && !self.is_stalled.get() {
            self.is_full.set(true);
            return Change::Filled;
        }
        Change::Nothing
    }

    /// The next event, if one is there.
    pub(super) fn take(&self) -> (Option<Event>, Change) {
        let mut events = self.events.borrow_mut();
        let Some(event) = events.pop_front() else {
            return (None, Change::Nothing);
        };
        self.taken.set(self.taken.get() + 1);
        self.bytes.set(self.bytes.get() - size(&event));
        let has_room = self.bytes.get() <= FULL_BYTES / 2 && events.len() <= FULL_MESSAGES / 2;
        drop(events);
        if !has_room {
            return (Some(event), Change::Nothing);
        }
        if self.is_stalled.replace(false) {
            let lost = self.lost.take();
            if lost > 0 {
                self.push(Event::Lost(lost));
            }
        }
        let change = match self.is_full.replace(false) {
            true => Change::Emptied,
            false => Change::Nothing,
        };
        (Some(event), change)
    }

    /// How many events were taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken.get()
    }

    /// Nothing was taken since `taken` was what is given here: if it is full still, it stops nobody from now on.
    pub(super) fn stall(&self, taken: u64) -> Change {
        if self.taken.get() != taken || !self.is_full.get() {
            return Change::Nothing;
        }
        self.is_full.set(false);
        self.is_stalled.set(true);
        Change::Emptied
    }

    /// Whether it counts as full.
    pub(super) fn is_full(&self) -> bool {
        self.is_full.get()
    }
}

/// Where a number stands.
enum Numbered {
    /// It came before.
    Again,
    /// So many are missing before it.
    After(u64),
}

fn size(event: &Event) -> usize {
    EVENT_SIZE
        + match event {
            Event::Message(message) => message.body.len(),
            Event::Cut(reason) | Event::Refused(reason) | Event::Unreadable(reason) => reason.len(),
            Event::Joined { id, data } | Event::Left { id, data } => id.len() + data.len(),
            Event::Lost(_) | Event::Open => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(member: u32, number: u64, kind: Kind) -> Packet {
        Packet {
            kind,
            sender: Sender { node: 7, member },
            number,
            body: Bytes::from(number.to_string()),
        }
    }

    fn drained(inbox: &Inbox) -> Vec<String> {
        std::iter::from_fn(|| inbox.take().0)
            .map(|event| match event {
                Event::Message(message) => String::from_utf8_lossy(&message.body).into_owned(),
                Event::Lost(count) => format!("lost {count}"),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn what_comes_twice_is_left_out_and_gaps_are_counted_by_sender() {
        let inbox = Inbox::default();
        for (member, number) in [(1, 5), (2, 1), (1, 5), (1, 6), (1, 9), (2, 2), (1, 6)] {
            inbox.receive(&packet(member, number, Kind::Message), None);
        }
        inbox.receive(&packet(2, 4, Kind::Mark), None);
        assert_eq!(
            drained(&inbox),
            ["5", "1", "6", "lost 2", "9", "2", "lost 2"]
        );
        inbox.receive(&packet(2, 5, Kind::Message), None);
        assert_eq!(drained(&inbox), ["5"]);
    }

    #[test]
    fn a_full_inbox_of_which_nothing_is_taken_loses_and_says_how_much() {
        let inbox = Inbox::default();
        let mut changes = Vec::new();
        for number in 1..=1100 {
            let change = inbox.receive(&packet(1, number, Kind::Message), None);
            if change != Change::Nothing {
                changes.push((number, change));
            }
        }
        assert_eq!(changes, [(1025, Change::Filled)]);
        assert_eq!(inbox.stall(0), Change::Emptied);
        for number in 1101..=1103 {
            inbox.receive(&packet(1, number, Kind::Message), None);
        }
        let seen = drained(&inbox);
        assert_eq!(seen.len(), 1101);
        assert!(seen.contains(&"lost 3".to_owned()));
        inbox.receive(&packet(1, 1104, Kind::Message), None);
        assert_eq!(drained(&inbox), ["1104"]);
    }

    #[test]
    fn the_senders_that_are_known_have_a_limit() {
        let inbox = Inbox::default();
        for member in 0..20_000 {
            inbox.receive(&packet(member, 1, Kind::Message), None);
            inbox.take();
        }
        assert!(inbox.senders.borrow().len() <= MOST_SENDERS);
        assert!((inbox.senders.borrow()).contains_key(&packet(19_999, 1, Kind::Message).sender));
    }
}
