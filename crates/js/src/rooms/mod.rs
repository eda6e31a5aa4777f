//! The list of all rooms. Who only loads or finds a file knows the [`Index`], and not the rooms.

#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use crate::builtins::{self, Index, Room};
use crate::modules::operations;
use crate::program::{outcome, workers};
use crate::{node, web};

fn all() -> impl Iterator<Item = &'static Room> {
    let below = [&builtins::ROOM, &builtins::inspect::ROOM];
    let above = [&operations::ROOM, &outcome::ROOM, &workers::ROOM];
    (below.into_iter())
        .chain(above)
        .chain(web::ROOMS)
        .chain(node::ROOMS)
}

/// Where every file is found.
pub(crate) fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| Index::new(all()))
}
