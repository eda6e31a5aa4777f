//! The asynchronous context for the files: `engine/async_context.rs` has what it is.

use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("asyncContext", 0, async_context),
    Op::new("asyncContextToKeep", 0, async_context_to_keep),
    Op::new("setAsyncContext", 1, set_async_context),
    Op::new("setPromiseTracker", 3, set_promise_tracker),
    Op::new("trackPromises", 1, track_promises),
];

/// `asyncContext()`
fn async_context<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Ok(scope.async_context())
}

/// `asyncContextToKeep()`: the same, once the host was asked for what it knows of it.
fn async_context_to_keep<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Ok(scope.async_context_to_keep())
}

/// `setAsyncContext(context)`: an object, or undefined.
fn set_async_context<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let context = arguments.get(0);
    if !context.is_undefined() && !context.is_object() {
        return Err(Error::type_error("the context is not an object"));
    }
    scope.set_async_context(context);
    Ok(Local::undefined())
}

/// `setPromiseTracker(begin, enter, leave)`
fn set_promise_tracker<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
) -> Result<Local<'s>, Error> {
    let functions = [arguments.get(0), arguments.get(1), arguments.get(2)];
    scope.set_promise_tracker(functions)?;
    Ok(Local::undefined())
}

/// `trackPromises(on)`
fn track_promises<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.track_promises(scope.bool_of(arguments.get(0)));
    Ok(Local::undefined())
}
