//! The two ends of a message channel. Each end belongs to one thread at a time and may move to another, inside a message or with a
//! thread that starts; messages that nobody has taken yet wait at the end that they were sent to.
//!
//! Who listens is told by an entry of its loop for every message, through the inbox (rule ONE-WAKE). Nothing of an engine is here: a message is
//! a buffer that any context can read. A queue has no limit (rule BOUNDED): a program posts what it likes, as it queues what it likes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use twinloop_loop::{Entry, HostId, Loop, Remote};

use crate::engine::CloneBuffer;

/// A value on its way.
pub(crate) struct Message {
    pub(crate) body: CloneBuffer,
    /// What stands in the holes of the body, if it has any.
    pub(crate) records: Option<CloneBuffer>,
    /// The ends of channels that were transferred with it.
    pub(crate) endpoints: Vec<Endpoint>,
}

/// An end of a channel. Dropped, it is closed: what waits here is gone, and the other end hears of it.
pub(crate) struct Endpoint {
    /// `None` once it was taken apart, which `drop` sees.
    channel: Option<Arc<Channel>>,
    side: usize,
}

struct Channel(Mutex<[Side; 2]>);

#[derive(Default)]
struct Side {
    messages: VecDeque<Message>,
    listener: Option<Listener>,
    closed: bool,
}

/// Whose entries tell of messages.
#[derive(Clone)]
pub(crate) struct Listener {
    remote: Remote,
    thread: ThreadId,
    host: HostId,
    token: u64,
}

impl Listener {
    /// One on this thread's loop.
    pub(crate) fn new(event_loop: &Loop, host: HostId, token: u64) -> Listener {
        Listener {
            remote: event_loop.remote(),
            thread: thread::current().id(),
            host,
            token,
        }
    }

    /// Adds an entry to its loop.
    pub(crate) fn wake(&self) {
        let here = (thread::current().id() == self.thread)
            .then(Loop::try_current)
            .flatten();
        match here {
            Some(event_loop) => event_loop.push(Entry::Host(self.host, self.token)),
            None => self.remote.post_host(self.host, self.token),
        }
    }
}

impl Channel {
    fn sides(&self) -> MutexGuard<'_, [Side; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Endpoint {
    /// A new channel.
    pub(crate) fn pair() -> (Endpoint, Endpoint) {
        let channel = Arc::new(Channel(Mutex::default()));
        let end = |side| Endpoint {
            channel: Some(Arc::clone(&channel)),
            side,
        };
        (end(0), end(1))
    }

    fn sides(&self) -> MutexGuard<'_, [Side; 2]> {
        let channel = self.channel.as_ref();
        channel
            .expect("an end has its channel until it is dropped")
            .sides()
    }

    /// Whether both are ends of one channel.
    pub(crate) fn is_entangled_with(&self, other: &Endpoint) -> bool {
        match (&self.channel, &other.channel) {
            (Some(mine), Some(theirs)) => Arc::ptr_eq(mine, theirs),
            _ => false,
        }
    }

    /// Sends to the other end; false if that is closed, or is in the message itself, which nobody could receive.
    pub(crate) fn post(&self, message: Message) -> bool {
        let doomed = message
            .endpoints
            .iter()
            .any(|endpoint| self.is_entangled_with(endpoint));
        let listener = {
            let mut sides = self.sides();
            let other = &mut sides[1 - self.side];
            if doomed || other.closed {
                // Dropped when the lock is free again: it may hold ends of its own.
                drop(sides);
                drop(message);
                return false;
            }
            other.messages.push_back(message);
            other.listener.clone()
        };
        if let Some(listener) = listener {
            listener.wake();
        }
        true
    }

    /// The next message.
    pub(crate) fn take(&self) -> Option<Message> {
        self.sides()[self.side].messages.pop_front()
    }

    /// Whether the other end is closed and nothing of it is left here.
    pub(crate) fn is_over(&self) -> bool {
        let sides = self.sides();
        sides[1 - self.side].closed && sides[self.side].messages.is_empty()
    }

    /// Whether the other end is closed.
    pub(crate) fn is_alone(&self) -> bool {
        self.sides()[1 - self.side].closed
    }

    /// Has `listener` told of messages from now on; how many wait already. One that finds the other end closed is told of that.
    pub(crate) fn listen(&self, listener: Option<Listener>) -> usize {
        let mut sides = self.sides();
        let count = sides[self.side].messages.len();
        if let Some(listener) = &listener
            && sides[1 - self.side].closed
        {
            listener.wake();
        }
        sides[self.side].listener = listener;
        count
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // Messages hold ends whose messages hold ends: one after the other, as the stack is not made for any depth.
        let mut ends = vec![(self.channel.take(), self.side)];
        while let Some((channel, side)) = ends.pop() {
            let Some(channel) = channel else { continue };
            let (messages, listener) = {
                let mut sides = channel.sides();
                sides[side].closed = true;
                sides[side].listener = None;
                let messages = std::mem::take(&mut sides[side].messages);
                (messages, sides[1 - side].listener.clone())
            };
            if let Some(listener) = listener {
                listener.wake();
            }
            for mut message in messages {
                for mut endpoint in message.endpoints.drain(..) {
                    ends.push((endpoint.channel.take(), endpoint.side));
                }
            }
        }
    }
}

/// The ends by which the broadcast channels of the process are reached, by name.
static BROADCASTS: Mutex<Option<HashMap<String, Vec<Endpoint>>>> = Mutex::new(None);

/// The end of a new member of the channels of this name.
pub(crate) fn join_broadcast(name: &str) -> Endpoint {
    let (member, group) = Endpoint::pair();
    with_broadcasts(|broadcasts| {
        broadcasts.entry(name.to_owned()).or_default().push(group);
    });
    member
}

/// How many others hear what this member of the channels of this name sends.
pub(crate) fn count_others(name: &str, member: &Endpoint) -> usize {
    with_broadcasts(|broadcasts| {
        let members = broadcasts.get(name).map_or(&[][..], Vec::as_slice);
        let others = members.iter();
        others.filter(|end| !end.is_entangled_with(member)).count()
    })
}

/// Sends each of the others one of the messages, in the order in which they joined.
pub(crate) fn broadcast(name: &str, member: &Endpoint, messages: Vec<Message>) {
    let left = with_broadcasts(|broadcasts| {
        let members = broadcasts.get(name).map_or(&[][..], Vec::as_slice);
        let others = members.iter().filter(|end| !end.is_entangled_with(member));
        let mut messages = messages.into_iter();
        for (end, message) in others.zip(&mut messages) {
            end.post(message);
        }
        messages
    });
    drop(left);
}

/// The members that are left, after those that are closed were forgotten.
fn with_broadcasts<R>(use_them: impl FnOnce(&mut HashMap<String, Vec<Endpoint>>) -> R) -> R {
    let mut broadcasts = BROADCASTS.lock().unwrap_or_else(PoisonError::into_inner);
    let broadcasts = broadcasts.get_or_insert_with(HashMap::new);
    use_them(broadcasts)
}

/// A member of the channels of this name is gone.
pub(crate) fn leave_broadcast(name: &str) {
    with_broadcasts(|broadcasts| {
        if let Some(members) = broadcasts.get_mut(name) {
            members.retain(|end| !end.is_alone());
            if members.is_empty() {
                broadcasts.remove(name);
            }
        }
    });
}
