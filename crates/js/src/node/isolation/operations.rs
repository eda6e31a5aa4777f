//! The operation that closes an isolated context.

use std::collections::{HashMap, HashSet};

use crate::builtins;
use crate::engine::{Arguments, Error, Local, Op, Scope};
use crate::modules::{Gate, Loader};

pub(crate) const OPS: &[Op] = &[Op::new("contextClose", 3, close)];

/// Of the engine's own, which reach memory that the heap's limit does not count.
const BEYOND_THE_HEAP: [&str; 2] = ["SharedArrayBuffer", "WebAssembly"];

/// `contextClose(globals, sources, modules)`: from now on the program finds these globals of ours and these modules alone; the names of
/// what is to be deleted.
fn close<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let globals: HashSet<String> = scope.strings_of(arguments.get(0))?.into_iter().collect();
    let mut sources = HashMap::new();
    for key in scope.keys(arguments.get(1))? {
        let text = scope.get(arguments.get(1), key)?;
        sources.insert(scope.string_of(key)?, scope.string_of(text)?);
    }
    let names = scope.strings_of(arguments.get(2))?.into_iter().collect();
    Loader::of(scope)?.close(Gate { sources, names });
    let mut outside = builtins::allow_globals(scope, globals)?;
    // One may be among ours already, in a form of our own.
    outside.retain(|name| !BEYOND_THE_HEAP.contains(name));
    outside.extend(BEYOND_THE_HEAP);
    let outside = outside
        .into_iter()
        .map(|name| scope.string(name))
        .collect::<Result<Vec<_>, _>>()?;
    scope.array(&outside)
}
