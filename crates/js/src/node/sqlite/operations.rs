//! The operations of a database: opening, closing, running SQL that has no parameters, and its settings.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::limits::Limit;
use rusqlite::{Batch, Connection, OpenFlags};

use super::callbacks::within;
use super::database::Database;
use super::functions::Authorizer;
use crate::builtins::permissions::limits;
use crate::engine::{Arguments, Error, IntoJs, Local, Op, Scope};

pub(super) const OPS: &[Op] = &[
    Op::new("databaseClose", 1, close),
    Op::new("databaseDefend", 2, defend),
    Op::new("databaseIsInTransaction", 1, is_in_transaction),
    Op::new("databaseLimit", 3, limit),
    Op::new("databaseLocation", 2, location),
    Op::new("databaseOpen", 6, open),
    Op::new("databaseRun", 2, run),
];

pub(super) fn database_of<'s>(
    scope: &Scope<'s>,
    arguments: &Arguments<'s>,
) -> Result<Rc<Database>, Error> {
    scope.expect_host(arguments.get(0), "a database")
}

/// `databaseOpen(path, readOnly, milliseconds, foreignKeys, doubleQuotes, defensive)`
fn open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = scope.bytes_of(arguments.get(0))?;
    let access = if scope.bool_of(arguments.get(1)) {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    };
    let milliseconds = scope.number_of(arguments.get(2))?.max(0.0) as u64;
    let foreign_keys = scope.bool_of(arguments.get(3));
    let double_quotes = scope.bool_of(arguments.get(4));
    let defensive = scope.bool_of(arguments.get(5));
    let limits = limits(scope);
    limits.database(&path)?;
    let authorizer = Arc::new(Authorizer::new(scope));
    let asked = Arc::clone(&authorizer);
    let connection = within(scope, || {
        let mut connection = Connection::open_with_flags(
            OsStr::from_bytes(&path),
            access | OpenFlags::SQLITE_OPEN_URI,
        )?;
        connection.busy_timeout(Duration::from_millis(milliseconds))?;
        for (config, value) in [
            (DbConfig::SQLITE_DBCONFIG_DQS_DML, double_quotes),
            (DbConfig::SQLITE_DBCONFIG_DQS_DDL, double_quotes),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, foreign_keys),
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, defensive),
        ] {
            connection.set_db_config(config, value)?;
        }
        if limits.are_set() {
            // SQL names files by ATTACH, where nobody asks.
            connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        }
        connection.authorizer(Some(move |context: rusqlite::hooks::AuthContext<'_>| {
            asked.decide(&context)
        }))?;
        Ok(connection)
    })?;
    scope.host_object(Rc::new(Database::new(connection, authorizer)))
}

/// `databaseClose(database)`
fn close<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    database_of(scope, &arguments)?.close();
    Ok(Local::undefined())
}

/// `databaseRun(database, sql)`: all statements of the text.
fn run<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = database_of(scope, &arguments)?.connection()?;
    let sql = scope.string_of(arguments.get(1))?;
    within(scope, || {
        let mut batch = Batch::new(&connection, &sql);
        while let Some(mut statement) = batch.next()? {
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
        }
        Ok(())
    })?;
    Ok(Local::undefined())
}

/// `databaseIsInTransaction(database)`
fn is_in_transaction<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = database_of(scope, &arguments)?.connection()?;
    Ok(Local::boolean(!connection.is_autocommit()))
}

/// `databaseLocation(database, name)`: the file of an attached database; undefined if it has none.
fn location<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = database_of(scope, &arguments)?.connection()?;
    let name = scope.string_of(arguments.get(1))?;
    let file = within(scope, || {
        let mut statement = connection.prepare("PRAGMA database_list")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if row.get::<_, String>(1)? == name {
                return row.get::<_, Option<String>>(2);
            }
        }
        Ok(None)
    })?;
    file.filter(|file| !file.is_empty()).into_js(scope)
}

/// `databaseDefend(database, isDefensive)`
fn defend<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = database_of(scope, &arguments)?.connection()?;
    let value = scope.bool_of(arguments.get(1));
    within(scope, || {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, value)
    })?;
    Ok(Local::undefined())
}

/// The limits in the order of SQLite's numbers.
const LIMITS: [Limit; 11] = [
    Limit::SQLITE_LIMIT_LENGTH,
    Limit::SQLITE_LIMIT_SQL_LENGTH,
    Limit::SQLITE_LIMIT_COLUMN,
    Limit::SQLITE_LIMIT_EXPR_DEPTH,
    Limit::SQLITE_LIMIT_COMPOUND_SELECT,
    Limit::SQLITE_LIMIT_VDBE_OP,
    Limit::SQLITE_LIMIT_FUNCTION_ARG,
    Limit::SQLITE_LIMIT_ATTACHED,
    Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH,
    Limit::SQLITE_LIMIT_VARIABLE_NUMBER,
    Limit::SQLITE_LIMIT_TRIGGER_DEPTH,
];

/// `databaseLimit(database, number, value)`: the limit; a value below 0 leaves it as it is.
fn limit<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = database_of(scope, &arguments)?.connection()?;
    let limit = usize::try_from(scope.int32_of(arguments.get(1))?).ok();
    let limit = limit.and_then(|number| LIMITS.get(number).copied());
    let limit = limit.ok_or_else(|| Error::range_error("there is no such limit"))?;
    let value = scope.int32_of(arguments.get(2))?;
    let attaches = matches!(limit, Limit::SQLITE_LIMIT_ATTACHED);
    if value > 0 && attaches && limits(scope).are_set() {
        return Err(Error::coded(
            "ERR_ACCESS_DENIED",
            "A database of a limited program cannot attach others",
        ));
    }
    let value = within(scope, || {
        if value < 0 {
            connection.limit(limit)
        } else {
            connection.set_limit(limit, value)?;
            Ok(value)
        }
    })?;
    value.into_js(scope)
}
