//! What SQLite refuses, as Node's errors have it: `ERR_SQLITE_ERROR` with the extended code and its general text.

use crate::engine::Error;

/// SQLite's own texts of its primary codes (`sqlite3_errstr`), which the crate does not hand out.
fn text(code: i32) -> &'static str {
    match code {
        516 => return "abort due to ROLLBACK",
        100 => return "another row available",
        101 => return "no more rows available",
        _ => {}
    }
    match code & 0xff {
        0 => "not an error",
        1 => "SQL logic error",
        3 => "access permission denied",
        4 => "query aborted",
        5 => "database is locked",
        6 => "database table is locked",
        7 => "out of memory",
        8 => "attempt to write a readonly database",
        9 => "interrupted",
        10 => "disk I/O error",
        11 => "database disk image is malformed",
        12 => "unknown operation",
        13 => "database or disk is full",
        14 => "unable to open database file",
        15 => "locking protocol",
        17 => "database schema has changed",
        18 => "string or blob too big",
        19 => "constraint failed",
        20 => "datatype mismatch",
        21 => "bad parameter or other API misuse",
        23 => "authorization denied",
        25 => "column index out of range",
        26 => "file is not a database",
        27 => "notification message",
        28 => "warning message",
        _ => "unknown error",
    }
}

pub(super) fn coded(code: i32, message: Option<String>) -> Error {
    let general = text(code);
    Error::coded(
        "ERR_SQLITE_ERROR",
        message.unwrap_or_else(|| general.to_owned()),
    )
    .with("errcode", code)
    .with("errstr", general)
}

pub(super) fn failed(error: rusqlite::Error) -> Error {
    match error {
        // The crate adds the path to what SQLite says of a file that it cannot open.
        rusqlite::Error::SqliteFailure(error, _) if error.extended_code & 0xff == 14 => {
            coded(error.extended_code, None)
        }
        rusqlite::Error::SqliteFailure(error, message) => coded(error.extended_code, message),
        rusqlite::Error::SqlInputError { error, msg, .. } => coded(error.extended_code, Some(msg)),
        other => coded(1, Some(other.to_string())),
    }
}

/// The code of SQLite in an error, where it has one.
pub(super) fn code_of(error: &rusqlite::Error) -> i32 {
    match error {
        rusqlite::Error::SqliteFailure(error, _) => error.extended_code,
        rusqlite::Error::SqlInputError { error, .. } => error.extended_code,
        _ => 1,
    }
}
