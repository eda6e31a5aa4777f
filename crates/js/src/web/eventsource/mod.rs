//! `EventSource` (<https://html.spec.whatwg.org/#server-sent-events>), on fetch.

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new(
            "web/eventsource/event_source",
            include_str!("event_source.js"),
        )
        .globals(&["EventSource"]),
        File::new("web/eventsource/parser", include_str!("parser.js")),
    ],
    operations: &[],
};
