//! The operations of `structuredClone`.

use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("cloneKind", 1, clone_kind),
    Op::new("structuredClone", 2, structured_clone),
];

/// `cloneKind(object)`: what the engine's class says, whatever the prototype does: 0 an object, 1 an array, 2 a map, 3 a set, 4 anything
/// else.
fn clone_kind<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    Ok(scope.number(match scope.class_name(arguments.get(0)) {
        // The language's namespace objects have no state of their own, and an arguments object none that is cloned.
        Some("Object" | "Math" | "JSON" | "Reflect" | "Atomics" | "Intl" | "Arguments") => 0.0,
        Some("Array") => 1.0,
        Some("Map") => 2.0,
        Some("Set") => 3.0,
        _ => 4.0,
    }))
}

/// `structuredClone(value, transfer array or undefined)`.
fn structured_clone<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.structured_clone(arguments.get(0), arguments.get(1))
}
