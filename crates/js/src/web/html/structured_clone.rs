//! The operation of `structuredClone`.

use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[Op::new("structuredClone", 2, structured_clone)];

/// `structuredClone(value, transfer array or undefined)`.
fn structured_clone<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.structured_clone(arguments.get(0), arguments.get(1))
}
