//! AbortController and AbortSignal (<https://dom.spec.whatwg.org/#aborting-ongoing-activities>).

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[File::new("web/abort/abort", include_str!("abort.js"))
        .globals(&["AbortController", "AbortSignal"])],
    operations: &[],
};
