//! A database that is open, and what hangs on it: statements and sessions, which end when it is closed.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use rusqlite::Connection;

use super::functions::Authorizer;
use crate::engine::Error;

/// The version of SQLite.
pub(crate) fn version() -> &'static str {
    rusqlite::version()
}

/// What must let go of the connection before it can be closed.
pub(super) trait Dependent {
    fn finalize(&self);
}

/// A database; the connection is gone when it is closed.
pub(super) struct Database {
    connection: RefCell<Option<Rc<Connection>>>,
    dependents: RefCell<Vec<Weak<dyn Dependent>>>,
    pub(super) authorizer: Arc<Authorizer>,
}

impl Database {
    pub(super) fn new(connection: Connection, authorizer: Arc<Authorizer>) -> Database {
        Database {
            connection: RefCell::new(Some(Rc::new(connection))),
            dependents: RefCell::default(),
            authorizer,
        }
    }

    /// # Errors
    /// When it is closed.
    pub(super) fn connection(&self) -> Result<Rc<Connection>, Error> {
        let connection = self.connection.borrow().clone();
        connection.ok_or_else(|| Error::coded("ERR_INVALID_STATE", "database is not open"))
    }

    /// From now on, closing the database finalizes this too.
    pub(super) fn depends(&self, dependent: &Rc<impl Dependent + 'static>) {
        let mut dependents = self.dependents.borrow_mut();
        if dependents.len() == dependents.capacity() {
            dependents.retain(|dependent| dependent.strong_count() > 0);
        }
        let weak: Weak<dyn Dependent> = Rc::downgrade(dependent) as Weak<dyn Dependent>;
        dependents.push(weak);
    }

    /// Has all that hangs on the connection let go of it.
    pub(super) fn finalize(&self) {
        for dependent in self.dependents.take() {
            if let Some(dependent) = dependent.upgrade() {
                dependent.finalize();
            }
        }
    }

    /// The connection, for who gives it back at once.
    ///
    /// # Errors
    /// When it is closed.
    pub(super) fn take(&self) -> Result<Rc<Connection>, Error> {
        let connection = self.connection.take();
        connection.ok_or_else(|| Error::coded("ERR_INVALID_STATE", "database is not open"))
    }

    pub(super) fn give_back(&self, connection: Rc<Connection>) {
        *self.connection.borrow_mut() = Some(connection);
    }

    pub(super) fn close(&self) {
        self.finalize();
        // What runs in the middle of an operation keeps the connection until that has ended.
        drop(self.connection.take());
    }
}
