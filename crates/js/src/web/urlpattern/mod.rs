//! `URLPattern` (<https://urlpattern.spec.whatwg.org/>), on the URL parser of `web/url` and the engine's regular expressions.

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/urlpattern/canonical", include_str!("canonical.js")),
        File::new(
            "web/urlpattern/constructor_string",
            include_str!("constructor_string.js"),
        ),
        File::new("web/urlpattern/parts", include_str!("parts.js")),
        File::new("web/urlpattern/tokenizer", include_str!("tokenizer.js")),
        File::new("web/urlpattern/url_pattern", include_str!("url_pattern.js"))
            .globals(&["URLPattern"]),
    ],
    operations: &[],
};
