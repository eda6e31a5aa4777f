//! The safe layer, tested at its boundary without a loop, one file a subject. Each test owns a thread's context, as the harness
//! gives each its own thread.
//!
//! One program, because linking the engine is the slow part.

mod contexts;
mod errors;
mod promises;
mod roots;
mod values;

use twinloop_js::engine::{Context, ContextOptions, Error, Local, Scope};

fn with_engine(test: impl FnOnce(&Context)) {
    let owner = Context::create(&ContextOptions::default()).expect("a context starts");
    test(owner.context());
}

fn in_scope(test: impl for<'s> FnOnce(&Scope<'s>)) {
    with_engine(|context| context.enter(test));
}

fn run<'s>(scope: &Scope<'s>, source: &str) -> Local<'s> {
    scope
        .evaluate(source, "test.js", 1)
        .unwrap_or_else(|error| panic!("{}", message(scope, &error)))
}

fn message(scope: &Scope<'_>, error: &Error) -> String {
    error
        .to_local(scope)
        .map_or("terminated".to_owned(), |value| {
            scope.string_of(value).unwrap_or_default()
        })
}
