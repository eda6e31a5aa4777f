//! What kind of buffer a value is, for the checks of Web IDL. The language itself tells only by methods that throw, which costs a thousand times as much.

use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[Op::new("bufferKind", 1, buffer_kind)];

/// `bufferKind(value)`: 0 for what is none, 1 for an ArrayBuffer, 2 for shared memory, 3 for a view, 4 for a view of shared memory.
fn buffer_kind<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let kind = scope.buffer_kind(arguments.get(0));
    let number = kind.map_or(0, |kind| {
        1 + i32::from(kind.is_shared) + 2 * i32::from(kind.is_view)
    });
    Ok(scope.number(number.into()))
}
