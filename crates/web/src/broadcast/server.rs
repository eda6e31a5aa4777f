//! A link to a server: what is the same for all of them.
//!
//! A task connects, speaks the server's protocol (a [`Session`]) until the connection is cut, waits, and connects again. What was posted stays in the
//! outbox until the server has acknowledged it, so what was on its way when a connection was cut is sent again: receivers know by its number
//! what they have already. BOUNDED: the outbox has a limit, and nothing is read while the inboxes are full.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use twinloop_loop::{JoinHandle, Loop, Nanos, time};

use super::link::{Link, MOST_QUEUED, SHORT_QUEUE};
use super::packet::Sender;
use super::waiting::Waiting;
use crate::connect::{Transport, rustls_error};
use crate::{Error, ErrorKind, Result};

/// Pauses before a connection is made again: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// A server that says nothing for two of these, although it was asked, is gone.
const BEAT: Duration = Duration::from_secs(10);

/// So much is written at a time, and read.
const CHUNK: usize = 64 * 1024;

/// What goes to the server.
pub(super) struct Post {
    pub(super) topic: Rc<str>,
    pub(super) packet: Bytes,
    pub(super) sender: Sender,
    pub(super) number: u64,
    /// How many messages the server is to keep; none for a channel without history.
    pub(super) history: Option<u64>,
}

/// What the server has not acknowledged yet, and of that what was sent.
#[derive(Default)]
pub(super) struct Outbox {
    posts: RefCell<VecDeque<Rc<Post>>>,
    bytes: Cell<usize>,
    sent: Cell<usize>,
}

impl Outbox {
    pub(super) fn push(&self, post: Post, shown: &str) -> Result<()> {
        let bytes = self.bytes.get() + post.packet.len();
        if bytes > MOST_QUEUED && self.bytes.get() > 0 {
            let message = format!(
                "{} bytes of broadcast messages wait for {shown} already",
                self.bytes.get()
            );
            return Err(Error::new(ErrorKind::Full, message));
        }
        self.bytes.set(bytes);
        self.posts.borrow_mut().push_back(Rc::new(post));
        Ok(())
    }

    /// The next that was not sent.
    pub(super) fn next(&self) -> Option<Rc<Post>> {
        self.posts.borrow().get(self.sent.get()).cloned()
    }

    /// The next that was not sent, which is sent now.
    pub(super) fn send(&self) -> Option<Rc<Post>> {
        let post = self.next();
        if post.is_some() {
            self.sent.set(self.sent.get() + 1);
        }
        post
    }

    /// The first that was sent is at the server.
    pub(super) fn acknowledge(&self) -> Option<Rc<Post>> {
        if self.sent.get() == 0 {
            return None;
        }
        self.sent.set(self.sent.get() - 1);
        let post = self.posts.borrow_mut().pop_front()?;
        self.bytes.set(self.bytes.get() - post.packet.len());
        Some(post)
    }

    /// A new connection: nothing was sent by it.
    fn rewind(&self) {
        self.sent.set(0);
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.get()
    }

    pub(super) fn is_crowded(&self) -> bool {
        self.bytes.get() > SHORT_QUEUE
    }
}

/// What the link wants of the server.
pub(super) enum Wish {
    Join(Rc<str>),
    Leave(Rc<str>),
    /// A command whose answer nobody waits for.
    Say(Vec<u8>),
}

/// A server, as a link has it.
pub(super) struct Server {
    pub(super) link: Weak<Link>,
    pub(super) outbox: Outbox,
    /// Of which something is heard.
    pub(super) topics: RefCell<BTreeSet<Rc<str>>>,
    wishes: RefCell<VecDeque<Wish>>,
    /// Somebody posts, joins or leaves, or the inboxes have room again.
    pub(super) news: Waiting,
    task: RefCell<Option<JoinHandle<()>>>,
}

impl Server {
    pub(super) fn new(link: &Rc<Link>) -> Rc<Server> {
        Rc::new(Server {
            link: Rc::downgrade(link),
            outbox: Outbox::default(),
            topics: RefCell::default(),
            wishes: RefCell::default(),
            news: Waiting::default(),
            task: RefCell::default(),
        })
    }

    /// Begins to connect.
    pub(super) fn start(&self, task: impl Future<Output = ()> + 'static) {
        *self.task.borrow_mut() = Some(Loop::current().spawn(task));
    }

    pub(super) fn join(&self, topic: &Rc<str>) {
        self.topics.borrow_mut().insert(Rc::clone(topic));
        self.wishes
            .borrow_mut()
            .push_back(Wish::Join(Rc::clone(topic)));
        self.news.wake();
    }

    pub(super) fn leave(&self, topic: &Rc<str>) {
        self.topics.borrow_mut().remove(topic);
        self.wishes
            .borrow_mut()
            .push_back(Wish::Leave(Rc::clone(topic)));
        self.news.wake();
    }

    pub(super) fn say(&self, command: Vec<u8>) {
        self.wishes.borrow_mut().push_back(Wish::Say(command));
        self.news.wake();
    }

    pub(super) fn post(&self, post: Post) -> Result<()> {
        if let Some(link) = self.link.upgrade() {
            self.outbox.push(post, link.shown())?;
        }
        self.news.wake();
        Ok(())
    }

    /// What is wanted of the server and was not asked for yet.
    pub(super) fn wish(&self) -> Option<Wish> {
        self.wishes.borrow_mut().pop_front()
    }

    /// The first post that was sent is at the server.
    pub(super) fn acknowledge(&self) -> Option<Rc<Post>> {
        let post = self.outbox.acknowledge();
        if let Some(link) = self.link.upgrade() {
            link.settle();
        }
        post
    }

    /// A new connection: all topics are wished for again, and what was not acknowledged is sent again.
    fn begin_anew(&self) {
        let topics = self.topics.borrow();
        let mut wishes = self.wishes.borrow_mut();
        wishes.clear();
        wishes.extend(topics.iter().cloned().map(Wish::Join));
        self.outbox.rewind();
    }

    fn has_room(&self) -> bool {
        self.link.upgrade().is_none_or(|link| link.has_room())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// One connection to a server, from its handshake on.
pub(super) trait Session {
    /// Writes what is to be sent, as far as `out` is short.
    fn write(&mut self, server: &Server, out: &mut Vec<u8>) -> Result<()>;

    /// Acts on the first message that has arrived, and takes it away; false if none is whole.
    fn read(&mut self, server: &Server, arrived: &mut BytesMut) -> Result<bool>;

    /// Asks for a sign of life.
    fn ping(&mut self, out: &mut Vec<u8>);
}

/// Keeps a connection to a server, whatever happens, as long as the server is wanted.
pub(super) async fn keep<S, F>(server: Weak<Server>, connect: impl Fn(Rc<Link>) -> F)
where
    S: Session,
    F: Future<Output = Result<(Line, S)>>,
{
    let mut pause = FIRST_PAUSE;
    let mut was_there = false;
    loop {
        let Some(link) = server.upgrade().and_then(|server| server.link.upgrade()) else {
            return;
        };
        let connected = time::timeout(2 * BEAT, connect(Rc::clone(&link))).await;
        let connected = connected.unwrap_or_else(|_elapsed| Err(silent()));
        drop(link);
        let Some(known) = server.upgrade() else {
            return;
        };
        let failure = match connected {
            Ok((line, session)) => {
                known.begin_anew();
                if let Some(link) = known.link.upgrade() {
                    link.connects();
                }
                drop(known);
                was_there = true;
                let began = Loop::current().now();
                let failure = converse(&server, line, session).await;
                // One that is cut at once, for what is asked by it, is no reason to come again sooner.
                if Loop::current().now() - began > LONGEST_PAUSE.as_nanos() as Nanos {
                    pause = FIRST_PAUSE;
                }
                failure
            }
            Err(error) => error,
        };
        let Some(link) = server.upgrade().and_then(|server| server.link.upgrade()) else {
            return;
        };
        if !was_there && is_final(&failure) {
            link.fails(failure);
            return;
        }
        link.is_cut(failure.chain());
        drop(link);
        time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether it is of no use to try again: a server that does not let us in the first time will not do so later, nor have another certificate.
fn is_final(failure: &Error) -> bool {
    failure.is_denied() || failure.is_certificate() || failure.is_argument() || failure.is_file()
}

fn silent() -> Error {
    let message = format!("nothing is heard for {} s", 2 * BEAT.as_secs());
    Error::new(ErrorKind::Timeout, message)
}

/// Speaks with a server until the connection is cut: why.
async fn converse<S: Session>(server: &Weak<Server>, mut line: Line, mut session: S) -> Error {
    let mut beat = Box::pin(time::sleep(BEAT));
    let mut is_asked = false;
    let spoken = poll_fn(|context| {
        let Some(server) = server.upgrade() else {
            return Poll::Ready(Ok(()));
        };
        if beat.as_mut().poll(context).is_ready() {
            if std::mem::take(&mut line.was_heard) || !server.has_room() {
                is_asked = false;
            } else if std::mem::replace(&mut is_asked, true) {
                return Poll::Ready(Err(silent()));
            } else {
                session.ping(&mut line.out);
            }
            beat = Box::pin(time::sleep(BEAT));
            let _ = beat.as_mut().poll(context);
        }
        // A few times, and then the others of the loop.
        for _ in 0..16 {
            let mut has_moved = false;
            session.write(&server, &mut line.out)?;
            if let Poll::Ready(written) = line.poll_write(context) {
                has_moved |= written? > 0;
            }
            while server.has_room() && session.read(&server, &mut line.arrived)? {
                has_moved = true;
            }
            if server.has_room()
                && let Poll::Ready(read) = line.poll_read(context)
            {
                if read? == 0 {
                    let message = "the server has closed the connection";
                    return Poll::Ready(Err(Error::new(ErrorKind::Closed, message)));
                }
                has_moved = true;
            }
            if !has_moved {
                let _ = server.news.poll(context, || None::<()>);
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    });
    match spoken.await {
        Ok(()) => Error::new(ErrorKind::Closed, "nobody needs the connection any more"),
        Err(error) => error,
    }
}

/// A connection with what has arrived and what is to be sent.
pub(super) struct Line {
    transport: Transport,
    pub(super) arrived: BytesMut,
    pub(super) out: Vec<u8>,
    written: usize,
    is_unflushed: bool,
    was_heard: bool,
}

impl Line {
    pub(super) fn new(transport: Transport) -> Line {
        Line {
            transport,
            arrived: BytesMut::new(),
            out: Vec::new(),
            written: 0,
            is_unflushed: false,
            was_heard: false,
        }
    }

    /// Whether more should be written to `out`.
    pub(super) fn has_room(out: &[u8]) -> bool {
        out.len() < CHUNK
    }

    /// The transport, before anything was heard.
    pub(super) fn into_transport(self) -> Transport {
        self.transport
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<usize>> {
        let mut sum = 0;
        while self.written < self.out.len() {
            let transport = Pin::new(&mut self.transport);
            match transport.poll_write(context, &self.out[self.written..]) {
                Poll::Ready(written) => {
                    let written = written.map_err(cut)?;
                    if written == 0 {
                        return Poll::Ready(Err(cut(io::ErrorKind::WriteZero.into())));
                    }
                    self.written += written;
                    sum += written;
                }
                Poll::Pending => break,
            }
        }
        if self.written == self.out.len() {
            self.out.clear();
            self.written = 0;
        }
        // TLS keeps what is written until it is told that this is all.
        self.is_unflushed |= sum > 0;
        if self.is_unflushed
            && let Poll::Ready(flushed) = Pin::new(&mut self.transport).poll_flush(context)
        {
            flushed.map_err(cut)?;
            self.is_unflushed = false;
        }
        Poll::Ready(Ok(sum))
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<usize>> {
        let before = self.arrived.len();
        self.arrived.resize(before + CHUNK, 0);
        let mut buffer = ReadBuf::new(&mut self.arrived[before..]);
        let polled = Pin::new(&mut self.transport).poll_read(context, &mut buffer);
        let count = buffer.filled().len();
        self.arrived.truncate(before + count);
        ready!(polled).map_err(cut)?;
        self.was_heard = true;
        Poll::Ready(Ok(count))
    }

    /// Sends what is to be sent, and reads until `look` finds what it looks for.
    pub(super) async fn ask<T>(
        &mut self,
        mut look: impl FnMut(&mut BytesMut) -> Result<Option<T>>,
    ) -> Result<T> {
        poll_fn(|context| {
            loop {
                if let Poll::Ready(written) = self.poll_write(context) {
                    written?;
                }
                if let Some(found) = look(&mut self.arrived)? {
                    return Poll::Ready(Ok(found));
                }
                if ready!(self.poll_read(context))? == 0 {
                    let message = "the server has closed the connection";
                    return Poll::Ready(Err(Error::new(ErrorKind::Closed, message)));
                }
            }
        })
        .await
    }
}

fn cut(error: io::Error) -> Error {
    // A server looks at our certificate when we believe ourselves connected.
    if let Some(rustls::Error::AlertReceived(alert)) = rustls_error(&error) {
        use rustls::AlertDescription as Alert;
        if matches!(
            alert,
            Alert::CertificateRequired
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
        ) {
            let message =
                "the server does not accept the certificate of this side, or that there is none";
            return Error::new(ErrorKind::Certificate, message).with_source(error);
        }
    }
    Error::new(ErrorKind::Closed, "the connection is cut").with_source(error)
}
