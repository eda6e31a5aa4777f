//! The `node:` modules and `process`: a room a module. They stand on `web` and `builtins`.

pub(crate) mod assert;
pub(crate) mod buffer;
pub(crate) mod events;
pub(crate) mod fs;
pub(crate) mod os;
pub(crate) mod path;
pub(crate) mod perf_hooks;
pub(crate) mod process;
pub(crate) mod stream;
pub(crate) mod string_decoder;
pub(crate) mod timers;
pub(crate) mod url;
pub(crate) mod util;

use crate::builtins::{File, Room};

/// What the modules share.
const ROOM: Room = Room {
    files: &[
        File::new("node/arguments", include_str!("arguments.js")),
        File::new("node/errors", include_str!("errors.js")),
    ],
    operations: &[],
};

pub(crate) const ROOMS: &[Room] = &[
    ROOM,
    assert::ROOM,
    buffer::ROOM,
    events::ROOM,
    fs::ROOM,
    os::ROOM,
    path::ROOM,
    perf_hooks::ROOM,
    process::ROOM,
    stream::ROOM,
    stream::PACKAGE,
    string_decoder::ROOM,
    timers::ROOM,
    url::ROOM,
    util::ROOM,
];
