//! What SQLite calls in the middle of an operation: JavaScript functions, by number.
//!
//! SQLite keeps its callbacks as long as it likes, and rusqlite wants them to be `Send`. So a callback holds a number alone: of a
//! function in this thread's table, which ends with the callback ([`Kept`]). The context comes from the operation that runs ([`within`]):
//! SQLite calls nothing outside of one. What a callback throws is put aside, SQLite is told to stop, and the operation throws it in place
//! of SQLite's own complaint.

use std::cell::RefCell;

use slab::Slab;

use super::errors::failed;
use crate::engine::{Context, Error, Local, Scope, Slot};

thread_local! {
    static VALUES: RefCell<Slab<Slot>> = const { RefCell::new(Slab::new()) };
    static RUNNING: RefCell<Vec<Running>> = const { RefCell::new(Vec::new()) };
}

/// An operation that runs.
struct Running {
    context: Context,
    thrown: Option<Error>,
}

/// A JavaScript value in the table of the thread that made it.
pub(super) struct Kept(usize);

impl Kept {
    pub(super) fn new(scope: &Scope<'_>, value: Local<'_>) -> Kept {
        let slot = scope.persist(value);
        Kept(VALUES.with_borrow_mut(|values| values.insert(slot)))
    }

    /// The value; undefined on any other thread.
    pub(super) fn value<'s>(&self, scope: &Scope<'s>) -> Local<'s> {
        VALUES.with_borrow(|values| {
            values
                .get(self.0)
                .map_or_else(Local::undefined, |slot| scope.local(slot))
        })
    }

    pub(super) fn replace(&self, scope: &Scope<'_>, value: Local<'_>) {
        VALUES.with_borrow(|values| {
            if let Some(slot) = values.get(self.0) {
                scope.replace(slot, value);
            }
        });
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // The table may be gone when the thread ends.
        let slot = VALUES.try_with(|values| values.borrow_mut().try_remove(self.0));
        drop(slot);
    }
}

/// Runs an operation of SQLite, in which callbacks may run.
///
/// # Errors
/// What a callback threw, or SQLite's own.
pub(super) fn within<T>(
    scope: &Scope<'_>,
    operation: impl FnOnce() -> rusqlite::Result<T>,
) -> Result<T, Error> {
    within_or(scope, operation, |error| Err(failed(error)))
}

/// The same, where SQLite's own complaint has a meaning.
///
/// # Errors
/// What a callback threw, or what `complaint` makes of SQLite's own.
pub(super) fn within_or<T>(
    scope: &Scope<'_>,
    operation: impl FnOnce() -> rusqlite::Result<T>,
    complaint: impl FnOnce(rusqlite::Error) -> Result<T, Error>,
) -> Result<T, Error> {
    let context = scope.context();
    RUNNING.with_borrow_mut(|running| {
        running.push(Running {
            context,
            thrown: None,
        });
    });
    let result = operation();
    let ended = RUNNING.with_borrow_mut(Vec::pop);
    if let Some(thrown) = ended.and_then(|ended| ended.thrown) {
        return Err(thrown);
    }
    result.or_else(complaint)
}

/// Runs JavaScript from within SQLite. `None` if it threw, which is put aside.
pub(super) fn call<R>(f: impl for<'n> FnOnce(&Scope<'n>) -> Result<R, Error>) -> Option<R> {
    let context = RUNNING.with_borrow(|running| running.last().map(|one| one.context.clone()))?;
    match context.enter(f) {
        Ok(value) => Some(value),
        Err(error) => {
            RUNNING.with_borrow_mut(|running| {
                if let Some(running) = running.last_mut() {
                    running.thrown.get_or_insert(error);
                }
            });
            None
        }
    }
}

/// What a callback of rusqlite answers when JavaScript threw; the operation throws that instead.
pub(super) fn stopped() -> rusqlite::Error {
    rusqlite::Error::UserFunctionError("the function threw".into())
}
