//! A database as the bytes of its file, and such bytes as a database in memory.

use std::rc::Rc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;

use super::callbacks::within;
use super::operations::database_of;
use crate::engine::{Arguments, Bytes, Error, IntoJs, Local, Op, Scope};

pub(super) const OPS: &[Op] = &[
    Op::new("databaseBytes", 2, bytes),
    Op::new("databaseReplace", 3, replace),
];

/// `databaseBytes(database, name)`
fn bytes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = database_of(scope, &arguments)?.connection()?;
    let name = scope.string_of(arguments.get(1))?;
    let bytes = within(scope, || {
        // SQLite gives the bytes of a connection that nothing else uses: of a copy, as statements may be open of this one.
        let mut copy = Connection::open_in_memory()?;
        let copying = Backup::new_with_names(&connection, name.as_str(), &mut copy, "main")?;
        copying.run_to_completion(i32::MAX, Duration::ZERO, None)?;
        drop(copying);
        copy.serialize("main").map(|data| data.to_vec())
    })?;
    Bytes(bytes).into_js(scope)
}

/// `databaseReplace(database, bytes, name)`: statements of what was there before are finalized.
fn replace<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let database = database_of(scope, &arguments)?;
    drop(database.connection()?);
    let bytes = scope.bytes_of(arguments.get(1))?;
    let name = scope.string_of(arguments.get(2))?;
    database.finalize();
    let mut connection = database.take()?;
    let outcome = match Rc::get_mut(&mut connection) {
        Some(alone) => within(scope, || {
            alone.deserialize_read_exact(name.as_str(), bytes.as_slice(), bytes.len(), false)
        }),
        None => Err(Error::coded("ERR_INVALID_STATE", "database is in use")),
    };
    database.give_back(connection);
    outcome?;
    Ok(Local::undefined())
}
