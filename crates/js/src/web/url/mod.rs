//! URL and URLSearchParams (<https://url.spec.whatwg.org/>).

pub(crate) mod base;
pub(crate) mod operations;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/url/url", include_str!("url.js")).globals(&["URL"]),
        File::new("web/url/search_params", include_str!("search_params.js"))
            .globals(&["URLSearchParams"]),
    ],
    operations: &[base::OPS, operations::OPS],
};
