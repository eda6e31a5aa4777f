//! Who is in a room: those who want to be seen tell each other, by a topic beside the channel's own.
//!
//! Each says that it is there when it comes, at every beat, and when somebody asks, who has just come; and that it goes. Who was not heard for three of
//! its beats is gone. No server keeps anything, so it works by every url, and a process that was killed is missed after that time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use twinloop_loop::{Loop, Nanos, time};

use super::channel::{Channel, Member};
use super::inbox::Event;
use super::value::{Reader, Token, Writer};

/// After so many of its beats in silence a member is gone.
const BEATS: u32 = 3;

/// The longest beat that is believed.
const LONGEST_BEAT: Duration = Duration::from_secs(3600);

/// What members say.
const HERE: i64 = 0;
const GONE: i64 = 1;
const WHO: i64 = 2;

pub(super) struct Presence {
    room: Channel,
    /// Whose events tell of the others.
    member: Weak<Member>,
    id: String,
    /// What the others see of this one: a value.
    data: Vec<u8>,
    beat: Duration,
    others: RefCell<BTreeMap<String, Other>>,
}

struct Other {
    data: Bytes,
    /// When it is gone if it says nothing.
    until: Nanos,
}

impl Presence {
    pub(super) fn start(
        room: Channel,
        member: &Rc<Member>,
        data: &[u8],
        beat: Duration,
    ) -> Rc<Presence> {
        let presence = Rc::new(Presence {
            room,
            member: Rc::downgrade(member),
            id: format!("{:016x}-{}", member.link.node, member.id),
            data: data.to_vec(),
            beat,
            others: RefCell::default(),
        });
        Loop::current().spawn(watch(Rc::downgrade(&presence), beat));
        presence
    }

    /// The others that are there: their ids and data.
    pub(super) fn others(&self) -> Vec<(String, Bytes)> {
        let others = self.others.borrow();
        let others = others.iter();
        others
            .map(|(id, other)| (id.clone(), other.data.clone()))
            .collect()
    }

    fn say(&self, what: i64) {
        let mut writer = Writer::default();
        writer.list(4);
        writer.integer(what);
        writer.text(&self.id);
        writer.integer(self.beat.as_millis() as i64);
        let mut body = writer.finish();
        body.extend_from_slice(&self.data);
        // While nothing can be sent, nobody is heard either, and all begins anew afterwards.
        let _ = self.room.post(&body);
    }

    fn hears(&self, body: &Bytes) {
        let mut reader = Reader::new(body);
        let mut next = || reader.next().ok();
        let said = (next(), next(), next(), next());
        let (
            Some(Token::List(4)),
            Some(Token::Integer(what)),
            Some(Token::Text(id)),
            Some(Token::Integer(beat)),
        ) = said
        else {
            return;
        };
        let data = body.slice(reader.position()..);
        if what == GONE {
            self.goes(id);
            return;
        }
        let beat = Duration::from_millis(beat.unsigned_abs()).min(LONGEST_BEAT) * BEATS;
        let until = Loop::current().now() + beat.as_nanos() as Nanos;
        let other = Other {
            data: data.clone(),
            until,
        };
        let before = self.others.borrow_mut().insert(id.to_owned(), other);
        if before.is_none() {
            self.tell(Event::Joined {
                id: id.to_owned(),
                data,
            });
        }
        if what == WHO {
            self.say(HERE);
        }
    }

    fn goes(&self, id: &str) {
        let gone = self.others.borrow_mut().remove(id);
        if let Some(other) = gone {
            self.tell(Event::Left {
                id: id.to_owned(),
                data: other.data,
            });
        }
    }

    /// Misses those that were silent for too long.
    fn misses(&self) {
        let now = Loop::current().now();
        let others = self.others.borrow();
        let silent = others.iter().filter(|(_, other)| other.until < now);
        let silent: Vec<String> = silent.map(|(id, _)| id.clone()).collect();
        drop(others);
        for id in silent {
            self.goes(&id);
        }
    }

    fn tell(&self, event: Event) {
        if let Some(member) = self.member.upgrade() {
            let change = member.inbox.push(event);
            member.link.after(&member, change);
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.say(GONE);
    }
}

/// Hears the others until the channel is closed.
async fn watch(weak: Weak<Presence>, beat: Duration) {
    let mut due = Loop::current().now();
    loop {
        let left = Duration::from_nanos(due.saturating_sub(Loop::current().now()));
        let event = poll_fn(|context| match weak.upgrade() {
            Some(presence) => presence.room.poll_next(context),
            None => Poll::Ready(None),
        });
        let event = time::timeout(left, event).await;
        let Some(presence) = weak.upgrade() else {
            return;
        };
        match event {
            Ok(Some(Event::Message(message))) => presence.hears(&message.body),
            Ok(Some(Event::Open)) => presence.say(WHO),
            Ok(Some(_)) => {}
            Ok(None) => return,
            Err(_elapsed) => {
                due = Loop::current().now() + beat.as_nanos() as Nanos;
                presence.say(HERE);
                presence.misses();
            }
        }
    }
}
