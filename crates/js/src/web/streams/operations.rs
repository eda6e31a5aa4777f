//! Promises for reads that wait: made and settled without the two functions that JavaScript's `withResolvers` makes for each.

use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("pendingPromise", 0, pending_promise),
    Op::new("rejectPromise", 2, reject_promise),
    Op::new("resolvePromise", 2, resolve_promise),
];

/// `pendingPromise()`: one that the other two operations settle.
fn pending_promise<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.pending_promise()
}

/// `rejectPromise(promise, reason)`
fn reject_promise<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.reject_promise(arguments.get(0), arguments.get(1))?;
    Ok(Local::undefined())
}

/// `resolvePromise(promise, value)`
fn resolve_promise<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.resolve_promise(arguments.get(0), arguments.get(1))?;
    Ok(Local::undefined())
}
