//! What `inspect` asks of the engine about an object, without running any of its code.

use crate::engine::{Arguments, Error, Local, Op, PromiseState, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("className", 1, class_name),
    Op::new("proxyDetails", 1, proxy_details),
    Op::new("promiseDetails", 1, promise_details),
];

/// `className(object)`: the name of the engine's class, whatever the prototype says.
fn class_name<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.string(scope.class_name(arguments.get(0)).unwrap_or("Object"))
}

/// `proxyDetails(object)`: `[target, handler]` of a Proxy, nulls when it is revoked; undefined for anything else.
fn proxy_details<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    match scope.proxy_details(arguments.get(0)) {
        Some((target, handler)) => scope.array(&[target, handler]),
        None => Ok(Local::undefined()),
    }
}

/// `promiseDetails(promise)`: `[0]` pending, `[1, value]` fulfilled, `[2, reason]` rejected.
fn promise_details<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let promise = arguments.get(0);
    let state = scope
        .promise_state(promise)
        .ok_or_else(|| Error::type_error("promiseDetails: the value is not a Promise"))?;
    match state {
        PromiseState::Pending => scope.array(&[scope.number(0.0)]),
        PromiseState::Fulfilled => scope.array(&[scope.number(1.0), scope.promise_result(promise)]),
        PromiseState::Rejected => scope.array(&[scope.number(2.0), scope.promise_result(promise)]),
    }
}
