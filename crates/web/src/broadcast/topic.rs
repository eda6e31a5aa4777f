//! What engines know channels by: a letter for what it is, and the name.

use std::rc::Rc;

/// What a topic carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carries {
    /// Messages that nobody keeps.
    Live,
    /// Messages of which the server keeps the last ones.
    Kept,
    /// Who is there.
    Presence,
}

pub(super) fn topic(carries: Carries, name: &str) -> Rc<str> {
    let letter = match carries {
        Carries::Live => 'l',
        Carries::Kept => 'k',
        Carries::Presence => 'p',
    };
    format!("{letter}{name}").into()
}

/// What a topic carries, and its name.
pub(super) fn parts(topic: &str) -> (Carries, &str) {
    let carries = match topic.as_bytes().first() {
        Some(b'k') => Carries::Kept,
        Some(b'p') => Carries::Presence,
        _ => Carries::Live,
    };
    (carries, topic.get(1..).unwrap_or_default())
}

pub(super) fn is_kept(topic: &str) -> bool {
    parts(topic).0 == Carries::Kept
}
