//! The `node:` modules and `process`: a room a module. They stand on `web` and `builtins`.

pub(crate) mod assert;
pub(crate) mod async_hooks;
pub(crate) mod buffer;
pub(crate) mod child_process;
pub(crate) mod cluster;
pub(crate) mod console;
pub(crate) mod constants;
pub(crate) mod crypto;
pub(crate) mod dgram;
pub(crate) mod diagnostics_channel;
pub(crate) mod dns;
pub(crate) mod domain;
pub(crate) mod events;
pub(crate) mod fs;
pub(crate) mod http;
pub(crate) mod http2;
pub(crate) mod https;
pub(crate) mod inspector;
pub(crate) mod isolation;
pub(crate) mod module;
pub(crate) mod net;
pub(crate) mod os;
pub(crate) mod path;
pub(crate) mod perf_hooks;
pub(crate) mod process;
pub(crate) mod punycode;
pub(crate) mod querystring;
pub(crate) mod readline;
pub(crate) mod repl;
pub(crate) mod sea;
pub(crate) mod serve;
pub(crate) mod sqlite;
pub(crate) mod stream;
pub(crate) mod string_decoder;
pub(crate) mod test;
pub(crate) mod timers;
pub(crate) mod tls;
pub(crate) mod trace_events;
pub(crate) mod tty;
pub(crate) mod url;
pub(crate) mod util;
pub(crate) mod v8;
pub(crate) mod vm;
pub(crate) mod wasi;
pub(crate) mod watch;
pub(crate) mod worker_threads;
pub(crate) mod zlib;

use crate::builtins::{File, Room};

/// What the modules share.
const ROOM: Room = Room {
    files: &[
        File::new("node/abort_signals", include_str!("abort_signals.js")),
        File::new("node/absent", include_str!("absent.js")),
        File::new("node/arguments", include_str!("arguments.js")),
        File::new("node/errors", include_str!("errors.js")),
        File::new("node/prototypes", include_str!("prototypes.js")),
    ],
    operations: &[],
};

pub(crate) const ROOMS: &[Room] = &[
    ROOM,
    assert::ROOM,
    async_hooks::ROOM,
    buffer::ROOM,
    child_process::ROOM,
    cluster::ROOM,
    console::ROOM,
    constants::ROOM,
    crypto::ROOM,
    dgram::ROOM,
    diagnostics_channel::ROOM,
    dns::ROOM,
    domain::ROOM,
    events::ROOM,
    fs::ROOM,
    http::ROOM,
    http2::ROOM,
    https::ROOM,
    inspector::ROOM,
    isolation::ROOM,
    module::ROOM,
    net::ROOM,
    os::ROOM,
    path::ROOM,
    perf_hooks::ROOM,
    process::ROOM,
    punycode::ROOM,
    querystring::ROOM,
    readline::ROOM,
    repl::ROOM,
    sea::ROOM,
    serve::ROOM,
    sqlite::ROOM,
    stream::ROOM,
    stream::PACKAGE,
    string_decoder::ROOM,
    test::ROOM,
    timers::ROOM,
    tls::ROOM,
    trace_events::ROOM,
    tty::ROOM,
    url::ROOM,
    util::ROOM,
    v8::ROOM,
    vm::ROOM,
    wasi::ROOM,
    watch::ROOM,
    worker_threads::ROOM,
    zlib::ROOM,
];
