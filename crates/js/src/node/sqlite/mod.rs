//! `node:sqlite` (<https://nodejs.org/api/sqlite.html>): SQLite itself, compiled in, by the crate `rusqlite`.
//!
//! Everything is synchronous on the loop's thread, as Node has it. What SQLite calls back (functions, aggregates, the authorizer, the
//! filters of changesets) runs JavaScript in the middle of an operation; `callbacks` says how.

mod backup;
mod callbacks;
mod database;
mod errors;
mod functions;
mod images;
mod operations;
mod sessions;
mod statement;
mod values;

pub(crate) use self::database::version;
use crate::builtins::{File, Room};

pub(crate) const ROOM: Room = Room {
    files: &[
        File::new("node/sqlite/arguments", include_str!("arguments.js")),
        File::new("node/sqlite/constants", include_str!("constants.js")),
        File::new("node/sqlite/database", include_str!("database.js")),
        File::new("node/sqlite/limits", include_str!("limits.js")),
        File::new("node/sqlite/module", include_str!("module.js")).modules(&["node:sqlite"]),
        File::new("node/sqlite/session", include_str!("session.js")),
        File::new("node/sqlite/statement", include_str!("statement.js")),
        File::new("node/sqlite/tag_store", include_str!("tag_store.js")),
    ],
    operations: &[
        operations::OPS,
        sessions::OPS,
        statement::OPS,
        functions::OPS,
        images::OPS,
        backup::OPS,
    ],
};
