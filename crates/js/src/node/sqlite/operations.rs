//! The operations of a database: opening, closing, running SQL that has no parameters, and its settings.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
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
use crate::builtins::permissions::{Access, limits};
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

/// Asks whether the program may use the file of a database.
pub(super) fn require_file(scope: &Scope<'_>, name: &[u8]) -> Result<(), Error> {
    match file_of(name) {
        Some(file) => Ok(limits(scope).path(Access::READ_AND_WRITE, &file)?),
        None => Ok(()),
    }
}

/// The file that SQLite opens by a name, which may be a URI of its own kind (<https://www.sqlite.org/uri.html>); `None` for a database in memory,
/// and for a temporary one.
fn file_of(name: &[u8]) -> Option<PathBuf> {
    let path = match name.strip_prefix(b"file:") {
        None => name.to_vec(),
        Some(rest) => path_of_uri(match rest.strip_prefix(b"//") {
            Some(rest) => {
                let begin = rest.iter().position(|&byte| byte == b'/');
                &rest[begin.unwrap_or(rest.len())..]
            }
            None => rest,
        }),
    };
    let is_file = !path.is_empty() && path != b":memory:";
    is_file.then(|| PathBuf::from(OsString::from_vec(path)))
}

/// What stands before parameters, its percent signs undone; a zero byte ends it.
fn path_of_uri(text: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16));
    let mut path = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at).filter(|byte| !matches!(byte, b'?' | b'#')) {
        match (byte, digit(text.get(at + 1)), digit(text.get(at + 2))) {
            (b'%', Some(0), Some(0)) => break,
            (b'%', Some(high), Some(low)) => {
                path.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                path.push(byte);
                at += 1;
            }
        }
    }
    path
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
    require_file(scope, &path)?;
    let is_limited = limits(scope).are_set();
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
        if is_limited {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_database_is_the_one_that_sqlite_opens() {
        let cases: [(&[u8], Option<&str>); 12] = [
            (b"", None),
            (b":memory:", None),
            (b"file::memory:?cache=shared", None),
            (b"file:", None),
            (b"a.db", Some("a.db")),
            (b"FILE:a.db", Some("FILE:a.db")),
            (b"file:data/a.db?mode=ro", Some("data/a.db")),
            (b"file:/data/a.db#x", Some("/data/a.db")),
            (b"file:///data/a%20b%zz", Some("/data/a b%zz")),
            (b"file://localhost/data/a", Some("/data/a")),
            (b"file:///etc/passwd%00/../data/a", Some("/etc/passwd")),
            (b"file:///data/%2e%2e/etc", Some("/data/../etc")),
        ];
        for (name, expected) in cases {
            assert_eq!(file_of(name), expected.map(PathBuf::from), "{name:?}");
        }
    }
}
