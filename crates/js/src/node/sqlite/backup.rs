//! Copying a database into a file, so many pages at a time: the program goes on in between.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use self_cell::{MutBorrow, self_cell};

use super::callbacks::within;
use super::database::Dependent;
use super::operations::{database_of, require_file};
use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(super) const OPS: &[Op] = &[
    Op::new("backupBegin", 4, begin),
    Op::new("backupStep", 2, step),
];

/// Both databases.
struct Ends {
    from: Rc<Connection>,
    to: MutBorrow<Connection>,
}

/// The copying between them.
struct Copying<'e>(Backup<'e, 'e>);

self_cell!(
    struct Owned {
        owner: Ends,
        #[not_covariant]
        dependent: Copying,
    }
);

/// A backup that is on its way; gone when it is at its end, or its database was closed.
struct Running(RefCell<Option<Owned>>);

impl Dependent for Running {
    fn finalize(&self) {
        self.0.take();
    }
}

/// `backupBegin(database, path, source, target)`
fn begin<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let database = database_of(scope, &arguments)?;
    let from = database.connection()?;
    let path = scope.bytes_of(arguments.get(1))?;
    require_file(scope, &path)?;
    let source = scope.string_of(arguments.get(2))?;
    let target = scope.string_of(arguments.get(3))?;
    let backup = within(scope, || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_URI;
        let to = Connection::open_with_flags(OsStr::from_bytes(&path), flags)?;
        to.busy_timeout(Duration::ZERO)?;
        let ends = Ends {
            from,
            to: MutBorrow::new(to),
        };
        Owned::try_new(ends, |ends| {
            Backup::new_with_names(
                &ends.from,
                source.as_str(),
                ends.to.borrow_mut(),
                target.as_str(),
            )
            .map(Copying)
        })
    })?;
    let running = Rc::new(Running(RefCell::new(Some(backup))));
    database.depends(&running);
    scope.host_object(running)
}

/// `backupStep(backup, pages)`: `[total, remaining, isDone]`.
fn step<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let running: Rc<Running> = scope.expect_host(arguments.get(0), "a backup")?;
    let pages = scope.int32_of(arguments.get(1))?;
    let mut backup = running.0.borrow_mut();
    let owned = backup
        .as_mut()
        .ok_or_else(|| Error::coded("ERR_INVALID_STATE", "database is not open"))?;
    let (progress, is_done) = within(scope, || {
        owned.with_dependent_mut(|_, copying| {
            let stepped = copying.0.step(pages)?;
            Ok((copying.0.progress(), matches!(stepped, StepResult::Done)))
        })
    })?;
    if is_done {
        *backup = None;
    }
    scope.array(&[
        scope.number(progress.pagecount.into()),
        scope.number(progress.remaining.into()),
        Local::boolean(is_done),
    ])
}
