//! What the HTML standard gives every global object (<https://html.spec.whatwg.org/#windoworworkerglobalscope-mixin>): timers, microtasks, `structuredClone`, base64, `navigator`, and what becomes of errors that nobody handled.

mod callbacks;
mod structured_clone;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/html/base64", include_str!("base64.js")).globals(&["atob", "btoa"]),
        File::new("web/html/cloner", include_str!("cloner.js")),
        File::new("web/html/errors", include_str!("errors.js")).globals(&[
            "onerror",
            "onrejectionhandled",
            "onunhandledrejection",
            "reportError",
        ]),
        File::new("web/html/location", include_str!("location.js"))
            .globals(&["Location", "location"]),
        File::new("web/html/message", include_str!("message.js")),
        File::new("web/html/microtask", include_str!("microtask.js")).globals(&["queueMicrotask"]),
        File::new("web/html/navigator", include_str!("navigator.js"))
            .globals(&["Navigator", "navigator"]),
        File::new("web/html/quota_exceeded", include_str!("quota_exceeded.js"))
            .globals(&["QuotaExceededError"]),
        File::new(
            "web/html/structured_clone",
            include_str!("structured_clone.js"),
        )
        .globals(&["structuredClone"]),
        File::new("web/html/timers", include_str!("timers.js")).globals(&[
            "clearImmediate",
            "clearInterval",
            "clearTimeout",
            "setImmediate",
            "setInterval",
            "setTimeout",
        ]),
    ],
    operations: &[callbacks::OPS, structured_clone::OPS],
};
