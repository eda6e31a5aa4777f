//! Promises for reads that wait: made and settled without the two functions that JavaScript's `withResolvers` makes for each. And what `turns` asks
//! of the queue of microtasks.

use crate::engine::{Arguments, ENQUEUE_TURN, Error, Local, MICROTASKS_QUEUED, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    ENQUEUE_TURN,
    MICROTASKS_QUEUED,
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
