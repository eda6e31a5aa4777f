//! The web APIs: a room a specification. They stand on `builtins` and know nothing of `node`.

pub(crate) mod abort;
pub(crate) mod compression;
pub(crate) mod console;
pub(crate) mod crypto;
pub(crate) mod encoding;
pub(crate) mod events;
pub(crate) mod eventsource;
pub(crate) mod fetch;
pub(crate) mod file;
pub(crate) mod geometry;
pub(crate) mod html;
pub(crate) mod locks;
pub(crate) mod messaging;
pub(crate) mod network;
pub(crate) mod performance;
pub(crate) mod server;
pub(crate) mod storage;
pub(crate) mod streams;
pub(crate) mod url;
pub(crate) mod urlpattern;
pub(crate) mod webassembly;
pub(crate) mod websocket;
pub(crate) mod workers;

use crate::builtins::Room;

pub(crate) const ROOMS: &[Room] = &[
    abort::ROOM,
    compression::ROOM,
    console::ROOM,
    crypto::ROOM,
    encoding::ROOM,
    events::ROOM,
    eventsource::ROOM,
    fetch::ROOM,
    file::ROOM,
    geometry::ROOM,
    html::ROOM,
    locks::ROOM,
    messaging::ROOM,
    performance::ROOM,
    server::ROOM,
    storage::ROOM,
    streams::ROOM,
    url::ROOM,
    urlpattern::ROOM,
    webassembly::ROOM,
    websocket::ROOM,
    workers::ROOM,
];
