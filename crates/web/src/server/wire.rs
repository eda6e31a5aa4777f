//! What the bytes of a WebSocket go through: a connection of its own, or a stream of HTTP/2 beside others (RFC 8441).
//!
//! A connection tells its handler what happens. A stream is asked by a task, which tells the same handler; it takes from the stream only while somebody
//! wants what comes, so that the rest stays with the client (rule BOUNDED).

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use twinloop_loop::Loop;
use twinloop_loop::net::StreamHandler;

use super::arriving::{remember, wake};
use super::exchange::{Channel, Content};
use super::fields::Fields;
use super::link::Link;

pub(super) enum Wire {
    Link(Rc<Link>),
    Stream(Rc<Tunnel>),
}

/// Told what comes by a wire, besides what streams of the loop tell.
pub(super) trait WireHandler: StreamHandler {
    /// These bytes came.
    fn arrived(&self, bytes: &[u8]);
    /// Nothing more comes.
    fn ended(&self);
}

/// A stream of HTTP/2 that has become a connection of another protocol.
pub(super) struct Tunnel {
    channel: Rc<dyn Channel>,
    id: u32,
    is_paused: Cell<bool>,
    /// Something was written that had not left when it was last asked.
    is_queued: Cell<bool>,
    /// The task that asks.
    asker: RefCell<Option<Waker>>,
}

enum Heard {
    Bytes(Bytes),
    Flushed,
    End,
}

impl Tunnel {
    pub(super) fn new(channel: Rc<dyn Channel>, id: u32) -> Tunnel {
        Tunnel {
            channel,
            id,
            is_paused: Cell::new(false),
            is_queued: Cell::new(false),
            asker: RefCell::new(None),
        }
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Heard> {
        remember(&mut self.asker.borrow_mut(), context);
        if self.is_queued.get() && self.channel.poll_flushed(self.id, context).is_ready() {
            self.is_queued.set(false);
            return Poll::Ready(Heard::Flushed);
        }
        if self.is_paused.get() {
            return self
                .channel
                .poll_gone(self.id, context)
                .map(|()| Heard::End);
        }
        self.channel
            .poll_body(self.id, context)
            .map(|piece| match piece {
                Some(Ok(bytes)) => Heard::Bytes(bytes),
                _ => Heard::End,
            })
    }

    fn write(&self, bytes: Bytes) -> io::Result<()> {
        self.channel
            .write(self.id, Content::Shared(&bytes))
            .map_err(|_| io::Error::from(io::ErrorKind::NotConnected))?;
        self.is_queued.set(true);
        self.ask();
        Ok(())
    }

    fn ask(&self) {
        wake(&mut self.asker.borrow_mut());
    }
}

/// So much waits for nothing but the client.
const HELD_UP: usize = 64 * 1024;

impl Wire {
    /// Tells this handler from now on, as long as it is there.
    pub(super) fn set_handler<H: WireHandler + 'static>(&self, handler: &Rc<H>) {
        match self {
            Wire::Link(link) => link.set_handler(Some(Rc::clone(handler) as Rc<dyn StreamHandler>)),
            Wire::Stream(tunnel) => {
                let told = Rc::downgrade(handler);
                drop(Loop::current().spawn(tell(Rc::clone(tunnel), told)));
            }
        }
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Wire::Link(link) => link.write(bytes),
            Wire::Stream(tunnel) => tunnel.write(Bytes::copy_from_slice(bytes)),
        }
    }

    pub(super) fn queued(&self) -> usize {
        match self {
            Wire::Link(link) => link.queued(),
            Wire::Stream(tunnel) => tunnel.channel.queued(tunnel.id),
        }
    }

    /// Whether what is queued waits for the client to read, and does not leave at the end of the turn.
    pub(super) fn is_held_up(&self) -> bool {
        match self {
            Wire::Link(link) => link.is_blocked() || link.queued() >= HELD_UP,
            Wire::Stream(_) => self.queued() > 0,
        }
    }

    pub(super) fn pause(&self) {
        match self {
            Wire::Link(link) => link.pause(),
            Wire::Stream(tunnel) => tunnel.is_paused.set(true),
        }
    }

    pub(super) fn resume(&self) {
        match self {
            Wire::Link(link) => link.resume(),
            Wire::Stream(tunnel) => {
                tunnel.is_paused.set(false);
                tunnel.ask();
            }
        }
    }

    /// Nothing more will be written.
    pub(super) fn end(&self) {
        match self {
            Wire::Link(link) => link.end(),
            Wire::Stream(tunnel) => {
                // A client that has gone has nothing to be told.
                let _ = tunnel.channel.finish(tunnel.id, &Fields::new());
            }
        }
    }

    pub(super) fn close(&self) {
        match self {
            Wire::Link(link) => link.close(),
            Wire::Stream(tunnel) => tunnel.channel.cut(tunnel.id),
        }
    }

    pub(super) fn peer_addr(&self) -> Option<SocketAddr> {
        match self {
            Wire::Link(link) => link.peer_addr(),
            Wire::Stream(tunnel) => tunnel.channel.link()?.peer_addr(),
        }
    }
}

async fn tell<H: WireHandler>(tunnel: Rc<Tunnel>, told: Weak<H>) {
    loop {
        let heard = poll_fn(|context| tunnel.poll(context)).await;
        let Some(handler) = told.upgrade() else {
            return;
        };
        match heard {
            Heard::Bytes(bytes) => handler.arrived(&bytes),
            Heard::Flushed => handler.flushed(),
            Heard::End => return handler.ended(),
        }
    }
}
