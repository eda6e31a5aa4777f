//! Event and EventTarget (<https://dom.spec.whatwg.org/#events>) and the classes of events that other specifications add.

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/events/events", include_str!("events.js")).globals(&[
            "Event",
            "EventTarget",
            "addEventListener",
            "dispatchEvent",
            "removeEventListener",
        ]),
        File::new("web/events/listeners", include_str!("listeners.js")),
        File::new("web/events/classes", include_str!("classes.js")).globals(&[
            "CustomEvent",
            "ErrorEvent",
            "MessageEvent",
            "ProgressEvent",
            "PromiseRejectionEvent",
        ]),
    ],
    operations: &[],
};
