//! fetch, its classes and bodies (<https://fetch.spec.whatwg.org/>), and FormData (<https://xhr.spec.whatwg.org/#interface-formdata>).

mod body;
pub(crate) mod kept;
pub(crate) mod operations;
pub(crate) mod upload;

use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("web/fetch/fetch", include_str!("fetch.js")).globals(&["fetch"]),
        File::new("web/fetch/body", include_str!("body.js")),
        File::new("web/fetch/formdata", include_str!("formdata.js")).globals(&["FormData"]),
        File::new("web/fetch/headers", include_str!("headers.js")).globals(&["Headers"]),
        File::new("web/fetch/mime", include_str!("mime.js")),
        File::new("web/fetch/multipart", include_str!("multipart.js")),
        File::new("web/fetch/request", include_str!("request.js")).globals(&["Request"]),
        File::new("web/fetch/response", include_str!("response.js")).globals(&["Response"]),
    ],
    operations: &[body::OPS, operations::OPS],
};
