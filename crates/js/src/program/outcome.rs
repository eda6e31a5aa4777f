//! What becomes of errors that nobody caught, and of the end of the program: the way from the engine's hooks to `web/html/errors.js`
//! and `node/process/process.js`.
//!
//! A program that never touched `process` or listened to an event loads neither file until it fails.

use crate::builtins::{exports, is_loaded};
use crate::engine::{Arguments, Error, Local, Op, Scope};
use crate::node::process::operations::Exit;

pub(crate) const OPS: &[Op] = &[
    Op::new("endWithError", 1, end_with_error),
    Op::new("reportException", 1, report_exception),
];

/// What the program made of an error.
pub(crate) enum Outcome {
    /// A listener took care of it: the program goes on.
    Handled,
    /// Nobody did: this text belongs on stderr, and the exit status is 1.
    Fatal(String),
}

/// An exception left a callback, a module or a microtask.
pub(crate) fn uncaught(scope: &Scope<'_>, error: &Error) -> Outcome {
    // A termination has no value: the program is being ended already.
    let Some(value) = error.to_local(scope) else {
        return Outcome::Handled;
    };
    decide(scope, value, false, |scope, exports| {
        scope.call_method(exports, "uncaught", &[value])
    })
}

/// A promise was rejected and has no handler after the microtasks are done.
pub(crate) fn unhandled_rejection(
    scope: &Scope<'_>,
    promise: Local<'_>,
    reason: Local<'_>,
) -> Outcome {
    decide(scope, reason, true, |scope, exports| {
        scope.call_method(exports, "unhandledRejection", &[promise, reason])
    })
}

/// A promise that was reported has a handler after all.
pub(crate) fn rejection_handled(
    scope: &Scope<'_>,
    promise: Local<'_>,
    reason: Local<'_>,
) -> Outcome {
    let told = exports(scope, "web/html/errors").and_then(|exports| {
        scope
            .call_method(exports, "rejectionHandled", &[promise, reason])
            .map(|_| ())
    });
    match told {
        Ok(()) => Outcome::Handled,
        Err(error) => uncaught(scope, &error),
    }
}

fn decide<'s>(
    scope: &Scope<'s>,
    value: Local<'_>,
    is_rejection: bool,
    ask: impl FnOnce(&Scope<'s>, Local<'s>) -> Result<Local<'s>, Error>,
) -> Outcome {
    match exports(scope, "web/html/errors").and_then(|exports| ask(scope, exports)) {
        Ok(answer) if scope.bool_of(answer) => Outcome::Handled,
        Ok(_) => Outcome::Fatal(describe(scope, value, is_rejection)),
        Err(error) if error.is_terminated() => Outcome::Handled,
        // A listener threw: that is the error to end with.
        Err(error) => {
            let text = error
                .to_local(scope)
                .map(|thrown| describe(scope, thrown, false));
            Outcome::Fatal(text.unwrap_or_default())
        }
    }
}

/// The text for stderr. A program in any state must get one, so every failure on the way has a shorter answer.
fn describe(scope: &Scope<'_>, value: Local<'_>, is_rejection: bool) -> String {
    let text = exports(scope, "web/html/errors").and_then(|exports| {
        let text = scope.call_method(
            exports,
            "describeUncaught",
            &[value, Local::boolean(is_rejection)],
        )?;
        scope.string_of(text)
    });
    text.or_else(|_| {
        scope
            .string_of(value)
            .map(|text| format!("Uncaught {text}"))
    })
    .unwrap_or_else(|_| "Uncaught error (it cannot be shown)".to_owned())
}

/// `endWithError(error)`: a listener threw, and nobody handles it. Nothing of the program runs after it.
fn end_with_error<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = describe(scope, arguments.get(0), false);
    let exit = scope.state::<Exit>();
    exit.code.set(Some(1));
    exit.message.replace(Some(text));
    scope.context().stop();
    Err(Error::terminated())
}

/// `reportException(error)`: what a listener or a microtask threw is handled now, or ends the program.
fn report_exception<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let errors = exports(scope, "web/html/errors")?;
    scope.call_method(errors, "reportException", &[arguments.get(0)])
}

/// Makes a `DOMException`.
///
/// # Errors
/// What loading the class throws.
pub(crate) fn dom_exception<'s>(
    scope: &Scope<'s>,
    name: &str,
    message: &str,
) -> Result<Local<'s>, Error> {
    let class = scope.get(exports(scope, "builtins/domexception")?, "DOMException")?;
    scope.construct(class, &[scope.string(message)?, scope.string(name)?])
}

/// Nothing is left to do: `beforeExit` listeners of `process` may give the loop work again.
///
/// # Errors
/// What a listener throws.
pub(crate) fn before_exit(scope: &Scope<'_>) -> Result<(), Error> {
    if !is_loaded(scope, "node/process/process") {
        return Ok(());
    }
    scope
        .call_method(exports(scope, "node/process/process")?, "beforeExit", &[])
        .map(|_| ())
}

/// Runs the `exit` listeners of `process`, if they did not run yet, and gives the exit status.
///
/// # Errors
/// What a listener throws.
pub(crate) fn exit_code(scope: &Scope<'_>) -> Result<i32, Error> {
    if let Some(code) = scope.state::<Exit>().code.get() {
        return Ok(code);
    }
    if !is_loaded(scope, "node/process/process") {
        return Ok(0);
    }
    let code = scope.call_method(exports(scope, "node/process/process")?, "exit", &[])?;
    scope.int32_of(code)
}
