//! Broadcast among the processes of one machine: each is connected to each, by Unix sockets in a folder that only its user may enter.
//!
//! - `folder`: where that is, and who is there
//! - `node`: this loop among the others: who is connected, who wants to hear what
//! - `wire`: one connection, its frames
//!
//! There is no hub, so none can die. Who comes makes a socket first and looks who else is there then: of two that come at once, one sees the other.
//! Who is gone is told by the end of the connection. Messages of a sender arrive in order. One that does not read has [`MOST_QUEUED`](super::link::MOST_QUEUED)
//! bytes waiting for it at most: what does not fit is left out, and it is told how much that was as soon as it reads again.

mod folder;
mod node;
mod wire;

use std::rc::Rc;

use super::address::Group;
use super::link::{Engine, Link};
use super::server::Post;
use crate::Result;
use node::Node;

/// The connections to the other processes, and to other loops of this one.
pub(super) struct Mesh(Rc<Node>);

impl Mesh {
    /// Begins to look for the others.
    pub(super) fn start(link: &Rc<Link>, group: Group) -> Mesh {
        Mesh(Node::start(link, group))
    }
}

impl Engine for Mesh {
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
        self.0.queued()
    }

    fn is_crowded(&self) -> bool {
        self.0.is_crowded()
    }

    fn was_crowded_for_long(&self) {
        self.0.was_crowded_for_long();
    }

    fn resume(&self) {
        self.0.resume();
    }
}
