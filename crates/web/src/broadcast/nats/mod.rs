//! Broadcast through NATS: its subjects, and JetStream for channels with history.
//!
//! - `protocol`: lines and payloads; `login`: who we are; `session`: the connection, what was asked by it, and what came; `jetstream`: streams and
//!   their consumers
//!
//! A small client of our own, on the loop's sockets: the one that is kept up needs tokio's runtime, the one for threads is given up.

mod jetstream;
mod login;
mod protocol;
mod session;

use std::rc::Rc;

use super::address::ServerAddress;
use super::link::{Engine, Link};
use super::server::{Post, Server};
use crate::Result;

/// The engine of a link.
pub(super) struct Nats(Rc<Server>);

impl Nats {
    pub(super) fn start(link: &Rc<Link>, address: &ServerAddress) -> Nats {
        let server = Server::new(link);
        server.start(session::keep(Rc::downgrade(&server), address.clone()));
        Nats(server)
    }
}

impl Engine for Nats {
    fn join(&self, topic: &Rc<str>) {
        self.0.join(topic);
    }

    fn leave(&self, topic: &Rc<str>) {
        self.0.leave(topic);
    }

    fn post(&self, post: Post) -> Result<()> {
        self.0.post(post)
    }

    fn queued(&self) -> usize {
        self.0.outbox.bytes()
    }

    fn is_crowded(&self) -> bool {
        self.0.outbox.is_crowded()
    }

    fn was_crowded_for_long(&self) {}

    fn resume(&self) {
        self.0.news.wake();
    }
}
