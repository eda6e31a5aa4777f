//! What engines know channels by: a letter for what it is, and the name.

use std::rc::Rc;

/// What a topic carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carries {
    /// Messages that nobody keeps.
    Live,
    /// Messages of which the server keeps the last ones.
    Kept,
}

pub(super) fn topic(carries: Carries, name: &str) -> Rc<str> {
    let letter = match carries {
        Carries::Live => 'l',
        Carries::Kept => 'k',
    };
    format!("{letter}{name}").into()
}

/// What a topic carries, and its name.
pub(super) fn parts(topic: &str) -> (Carries, &str) {
    match topic.strip_prefix('k') {
        Some(name) => (Carries::Kept, name),
        None => (Carries::Live, topic.get(1..).unwrap_or_default()),
    }
}

pub(super) fn is_kept(topic: &str) -> bool {
    parts(topic).0 == Carries::Kept
}
