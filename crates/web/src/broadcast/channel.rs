//! A channel: what it may be told, what it posts, and what comes out of it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use twinloop_loop::time;

use super::address::{self, Address};
use super::inbox::{Event, Inbox};
use super::link::{LINGER, Link, Place, Position};
use super::packet::LONGEST_BODY;
use super::presence::Presence;
use super::topic::{Carries, topic};
use super::waiting::Waiting;
use crate::fetch::Client;
use crate::{Error, ErrorKind, Result};

/// The longest name of a channel, in bytes.
const LONGEST_NAME: usize = 1024;

/// What a channel may be told.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many messages the server keeps of the channel; `None` for a channel without history.
    pub history: Option<u64>,
    /// Where in the history reading begins: `start`, or behind a message's position. `None` is what is posted from now on.
    pub since: Option<String>,
    /// A value that the others of the channel who want to be seen see of this one, and this one of them; `None` is neither.
    pub presence: Option<Vec<u8>>,
    /// How often the others are told that this one is there. After three times that in silence it is gone for them.
    pub beat: Duration,
    /// For how long [`Channel::ready`] waits.
    pub open_timeout: Duration,
    /// A full inbox of which nothing is taken for so long stops nobody any more: it loses what comes. And for so long [`Channel::drain`] waits for
    /// others that do not read.
    pub stall_timeout: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            history: None,
            since: None,
            presence: None,
            beat: Duration::from_secs(10),
            open_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(5),
        }
    }
}

/// A member of all channels of its name by its url. Dropped, it is closed.
pub struct Channel {
    member: RefCell<Option<Rc<Member>>>,
    presence: RefCell<Option<Rc<Presence>>>,
    link: Rc<Link>,
    options: Options,
    name: String,
}

pub(super) struct Member {
    pub(super) link: Rc<Link>,
    /// Under which name the engine knows the channel.
    pub(super) topic: Rc<str>,
    pub(super) id: u32,
    pub(super) inbox: Inbox,
    /// Who waits for an event.
    pub(super) waiting: Waiting,
    pub(super) stall_timeout: Duration,
    /// How many messages the server is to keep.
    pub(super) history: Option<u64>,
    /// How far it has read in what the server keeps.
    pub(super) position: Cell<Option<Position>>,
    /// The number of its last message.
    posted: Cell<u64>,
    /// It hears of everything that others post.
    pub(super) is_open: Cell<bool>,
    /// Why the server does not let it hear anything, if it does not.
    pub(super) denial: RefCell<Option<Error>>,
}

impl Member {
    /// Whether what stands at this place of the history is new to it; it is not any more then.
    pub(super) fn passes(&self, place: &Place) -> bool {
        let known = self.position.get();
        let is_new = known.is_some_and(|known| place.after <= known && known < place.position);
        if is_new {
            self.position.set(Some(place.position));
        }
        is_new
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.link.leave(self);
        if self.inbox.is_full() {
            self.link.emptied();
        }
        self.waiting.wake();
    }
}

impl Channel {
    /// A channel of this name by a url, on the current loop. It is connected by and by, see [`Channel::ready`]; what is posted meanwhile waits.
    ///
    /// # Errors
    /// `is_url()` and `is_scheme()` for the url, `is_denied()` when the client may not reach it, `is_argument()` for the name or the options.
    pub fn open(client: &Client, name: &str, url: &str, options: &Options) -> Result<Channel> {
        if name.len() > LONGEST_NAME {
            let message = format!(
                "the name of a broadcast channel has at most {LONGEST_NAME} bytes, not {}",
                name.len()
            );
            return Err(Error::new(ErrorKind::Argument, message));
        }
        let address = Address::parse(url)?;
        address.require_allowed(client.config())?;
        let is_local = matches!(address.place, address::Place::Local(_));
        let position = match (options.history, &options.since) {
            (Some(_), _) if is_local => {
                let message = "nobody keeps a history by a local url: it needs a server";
                return Err(Error::new(ErrorKind::Argument, message));
            }
            (Some(0), _) => {
                let message = "a history has one message at least";
                return Err(Error::new(ErrorKind::Argument, message));
            }
            (None, Some(_)) => {
                let message = "since says where in a history reading begins: it needs history";
                return Err(Error::new(ErrorKind::Argument, message));
            }
            (_, since) => (since.as_ref())
                .map(|since| address.position(since))
                .transpose()?,
        };
        let carries = match options.history {
            Some(_) => Carries::Kept,
            None => Carries::Live,
        };
        let link = Link::of(url, address, client.connector())?;
        let channel = Channel::of(&link, carries, name, options, position);
        if let (Some(data), Some(member)) = (&options.presence, &*channel.member.borrow()) {
            let room = Channel::of(&link, Carries::Presence, name, options, None);
            let presence = Presence::start(room, member, data, options.beat);
            *channel.presence.borrow_mut() = Some(presence);
        }
        Ok(channel)
    }

    fn of(
        link: &Rc<Link>,
        carries: Carries,
        name: &str,
        options: &Options,
        position: Option<Position>,
    ) -> Channel {
        let member = Rc::new(Member {
            link: Rc::clone(link),
            topic: topic(carries, name),
            id: link.next_member(),
            inbox: Inbox::default(),
            waiting: Waiting::default(),
            stall_timeout: options.stall_timeout,
            history: options.history.filter(|_| carries == Carries::Kept),
            position: Cell::new(position),
            posted: Cell::new(0),
            is_open: Cell::new(false),
            denial: RefCell::default(),
        });
        link.join(&member);
        Channel {
            member: RefCell::new(Some(member)),
            presence: RefCell::default(),
            link: Rc::clone(link),
            options: options.clone(),
            name: name.to_owned(),
        }
    }

    /// The others that are there and want to be seen: their ids and values. None without [`Options::presence`].
    pub fn others(&self) -> Vec<(String, Bytes)> {
        let presence = self.presence.borrow();
        presence
            .as_ref()
            .map_or_else(Vec::new, |presence| presence.others())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The url, without password.
    pub fn url(&self) -> &str {
        self.link.shown()
    }

    fn member(&self) -> Result<Rc<Member>> {
        let member = self.member.borrow().clone();
        member.ok_or_else(|| {
            let message = format!("the broadcast channel '{}' is closed", self.name);
            Error::new(ErrorKind::Closed, message)
        })
    }

    /// Waits until it hears of all that others post from then on, and others of what it posts.
    ///
    /// # Errors
    /// `is_timeout()`, with the reason if one is known, what makes the url useless, or `is_closed()`.
    pub fn ready(&self) -> impl Future<Output = Result<()>> + use<> {
        let (member, link) = (self.member(), Rc::clone(&self.link));
        let limit = self.options.open_timeout;
        async move {
            let member = member?;
            let is_ready = || match link.failure() {
                Some(failure) => Some(Err(failure)),
                None if member.denial.borrow().is_some() => member.denial.borrow().clone().map(Err),
                None => member.is_open.get().then_some(Ok(())),
            };
            let outcome = time::timeout(limit, link.changed.until(is_ready)).await;
            outcome.unwrap_or_else(|_elapsed| {
                let message = format!(
                    "no broadcast channel by {} within {} ms",
                    link.shown(),
                    limit.as_millis()
                );
                let error = Error::new(ErrorKind::Timeout, message);
                Err(match link.cut() {
                    Some(reason) => error.with_source(reason),
                    None => error,
                })
            })
        }
    }

    /// Posts a value, as [`Writer`](super::Writer) writes it, to all others.
    ///
    /// # Errors
    /// `is_closed()`, `is_full()` when too much waits to be sent, `is_argument()` when it is too long, or what makes the url useless.
    /// Then nothing is posted.
    pub fn post(&self, body: &[u8]) -> Result<()> {
        let member = self.member()?;
        if body.len() > LONGEST_BODY {
            let message = format!(
                "a broadcast message has at most {LONGEST_BODY} bytes, not {}",
                body.len()
            );
            return Err(Error::new(ErrorKind::Argument, message));
        }
        let number = member.posted.get() + 1;
        self.link.post(&member, number, body)?;
        member.posted.set(number);
        Ok(())
    }

    /// Waits while much is to be sent, for a few seconds at most: who then still does not read is not waited for any more.
    pub fn drain(&self) -> impl Future<Output = ()> + use<> {
        let (link, limit) = (Rc::clone(&self.link), self.options.stall_timeout);
        async move {
            if !link.engine().is_crowded() {
                return;
            }
            let has_room =
                || (!link.engine().is_crowded() || link.failure().is_some()).then_some(());
            let waited = time::timeout(limit, link.changed.until(has_room)).await;
            if waited.is_err() {
                link.engine().was_crowded_for_long();
            }
        }
    }

    /// Waits until what was posted has been handed over: to the system for others of this machine, to the server otherwise.
    ///
    /// # Errors
    /// `is_timeout()` when nothing of it is taken for a few seconds, or what makes the url useless.
    pub fn flush(&self) -> impl Future<Output = Result<()>> + use<> {
        let link = Rc::clone(&self.link);
        async move {
            let has_left = || match link.failure() {
                Some(failure) => Some(Err(failure)),
                None => (link.engine().queued() == 0).then_some(Ok(())),
            };
            loop {
                let progress = link.progress();
                let waited = time::timeout(LINGER, link.changed.until(has_left)).await;
                match waited {
                    Ok(outcome) => return outcome,
                    Err(_elapsed) if link.progress() == progress => {
                        let message = format!(
                            "{} bytes of broadcast messages by {} are not taken",
                            link.engine().queued(),
                            link.shown()
                        );
                        return Err(Error::new(ErrorKind::Timeout, message));
                    }
                    Err(_elapsed) => {}
                }
            }
        }
    }

    /// The next event; `None` once it is closed.
    ///
    /// # Cancel safety
    /// A dropped future loses nothing.
    pub async fn next(&self) -> Option<Event> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// [`Channel::next`] for futures written by hand.
    pub fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let Some(member) = self.member.borrow().clone() else {
            return Poll::Ready(None);
        };
        let taken = member.waiting.poll(context, || {
            let (event, change) = member.inbox.take();
            if change != super::inbox::Change::Nothing {
                member.link.emptied();
            }
            event
        });
        taken.map(Some)
    }

    /// Leaves. What was posted is still sent; what has come and was not taken is gone.
    pub fn close(&self) {
        let presence = self.presence.borrow_mut().take();
        drop(presence);
        let member = self.member.borrow_mut().take();
        if let Some(member) = &member {
            member.waiting.wake();
        }
        drop(member);
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.member.borrow().is_none()
    }
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Channel({}, {})", self.name, self.url())
    }
}
