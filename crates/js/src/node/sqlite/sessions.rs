//! Sessions, which record what changes in a database, and changesets, which repeat it in another.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::session::{ConflictAction, ConflictType, Session};
use self_cell::self_cell;

use super::callbacks::{Kept, call, within, within_or};
use super::database::Dependent;
use super::errors::{code_of, coded, failed};
use super::operations::database_of;
use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(super) const OPS: &[Op] = &[
    Op::new("databaseApply", 4, apply),
    Op::new("sessionChanges", 2, changes),
    Op::new("sessionClose", 1, close),
    Op::new("sessionOpen", 3, open),
];

type Borrowing<'c> = Session<'c>;

self_cell!(
    /// A session and the connection that it borrows.
    struct Owned {
        owner: Rc<Connection>,
        #[covariant]
        dependent: Borrowing,
    }
);

/// A session; gone when it or its database is closed.
struct Recording(RefCell<Option<Owned>>);

impl Dependent for Recording {
    fn finalize(&self) {
        self.0.take();
    }
}

fn recording<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>) -> Result<Rc<Recording>, Error> {
    scope.expect_host(arguments.get(0), "a session")
}

/// `sessionOpen(database, table, name)`: of all tables if it is undefined.
fn open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let database = database_of(scope, &arguments)?;
    let connection = database.connection()?;
    let table = arguments.get(1);
    let table = if table.is_undefined() {
        None
    } else {
        Some(scope.string_of(table)?)
    };
    let name = scope.string_of(arguments.get(2))?;
    let session = within(scope, || {
        Owned::try_new(connection, |connection| {
            let mut session = Session::new_with_name(connection, name.as_str())?;
            session.attach(table.as_deref())?;
            Ok(session)
        })
    })?;
    let recording = Rc::new(Recording(RefCell::new(Some(session))));
    database.depends(&recording);
    scope.host_object(recording)
}

/// `sessionChanges(session, isPatchset)`: the bytes of all that changed.
fn changes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let recording = recording(scope, &arguments)?;
    let is_patchset = scope.bool_of(arguments.get(1));
    let mut session = recording.0.borrow_mut();
    let session = session.as_mut().ok_or_else(closed)?;
    let mut bytes = Vec::new();
    within(scope, || {
        session.with_dependent_mut(|_, session| {
            if is_patchset {
                session.patchset_strm(&mut bytes)
            } else {
                session.changeset_strm(&mut bytes)
            }
        })
    })?;
    scope.uint8_array(bytes)
}

fn closed() -> Error {
    Error::coded("ERR_INVALID_STATE", "session is not open")
}

/// `sessionClose(session)`
fn close<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let session = recording(scope, &arguments)?.0.take();
    session.map(|_| Local::undefined()).ok_or_else(closed)
}

thread_local! {
    /// Whether a conflict's handler gave an answer that there is not.
    static MISUSED: Cell<bool> = const { Cell::new(false) };
}

/// `databaseApply(database, changeset, filter, onConflict)`: false if a conflict ended it.
fn apply<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = database_of(scope, &arguments)?.connection()?;
    let bytes = scope.bytes_of(arguments.get(1))?;
    let filter = arguments.get(2);
    let filter = (!filter.is_undefined()).then(|| Kept::new(scope, filter));
    let filter = filter.map(|filter| {
        move |table: &str| {
            let wanted = call(|scope| {
                let table = scope.string(table)?;
                let wanted = scope.call(filter.value(scope), Local::undefined(), &[table])?;
                Ok(scope.bool_of(wanted))
            });
            wanted.unwrap_or(false)
        }
    });
    let handler = arguments.get(3);
    let handler = (!handler.is_undefined()).then(|| Kept::new(scope, handler));
    let conflict = move |kind: ConflictType, _: &_| {
        let Some(handler) = &handler else {
            return ConflictAction::SQLITE_CHANGESET_ABORT;
        };
        let answer = call(|scope| {
            let kind = scope.number(f64::from(kind as i32));
            let answer = scope.call(handler.value(scope), Local::undefined(), &[kind])?;
            Ok(answer.as_f64())
        });
        match answer {
            Some(Some(0.0)) => ConflictAction::SQLITE_CHANGESET_OMIT,
            Some(Some(1.0)) => ConflictAction::SQLITE_CHANGESET_REPLACE,
            Some(Some(2.0)) | None => ConflictAction::SQLITE_CHANGESET_ABORT,
            Some(_) => {
                MISUSED.set(true);
                ConflictAction::SQLITE_CHANGESET_ABORT
            }
        }
    };
    MISUSED.set(false);
    let applied = within_or(
        scope,
        || {
            let mut bytes = bytes.as_slice();
            connection.apply_strm(&mut bytes, filter, conflict)?;
            Ok(true)
        },
        |error| match code_of(&error) {
            4 if MISUSED.take() => Err(coded(21, None)),
            4 => Ok(false),
            _ => Err(failed(error)),
        },
    )?;
    Ok(Local::boolean(applied))
}
