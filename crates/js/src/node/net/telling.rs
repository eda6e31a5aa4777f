//! What sockets and listeners tell JavaScript: functions that it gives once, errors as the system's numbers; and when one of them keeps the
//! program alive.

use std::cell::RefCell;
use std::io;

use twinloop_loop::{Hold, Loop};

use crate::builtins::errno::errno_of;
use crate::engine::{Context, Error, Local, Scope, Slot};

use super::receivers::Receivers;

/// The functions that hear of everything, at their places in the array that `netSetReceiver` takes.
#[derive(Clone, Copy)]
pub(super) enum Heard {
    /// `(object, errno)`: a connection is there, or failed.
    Connected,
    /// `(object, bytes or undefined)`: bytes came, or the end.
    Received,
    /// `(object)`: everything has been sent.
    Drained,
    /// `(object, errno, isRead)`
    Failed,
    /// `(object, socket)`: a connection came.
    Accepted,
}

/// Tells JavaScript of something. It runs the program's own code.
pub(super) fn tell(
    context: &Context,
    object: &RefCell<Option<Slot>>,
    heard: Heard,
    rest: impl for<'s> FnOnce(&Scope<'s>) -> Result<Vec<Local<'s>>, Error>,
) {
    Receivers::<Heard>::tell(context, object, heard as usize, rest);
}

/// Takes the functions that hear of everything.
pub(super) fn set_receiver(scope: &Scope<'_>, functions: Local<'_>) -> Result<(), Error> {
    Receivers::<Heard>::set(scope, functions)
}

pub(crate) fn errno<'s>(scope: &Scope<'s>, error: &io::Error) -> Local<'s> {
    scope.number(f64::from(-errno_of(error)))
}

pub(crate) fn number_of<'s>(scope: &Scope<'s>, outcome: io::Result<()>) -> Local<'s> {
    match outcome {
        Ok(()) => scope.number(0.0),
        Err(error) => errno(scope, &error),
    }
}

pub(crate) fn keep(hold: &RefCell<Option<Hold>>, wanted: bool) {
    if wanted == hold.borrow().is_some() {
        return;
    }
    let old = hold.replace(wanted.then(|| Loop::current().hold()));
    drop(old);
}
