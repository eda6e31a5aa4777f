//! What becomes of errors that nobody caught, and of the end of the program: the way from the engine's hooks to `web/html/errors.js`
//! and `node/process/process.js`.
//!
//! A program that never touched `process` or listened to an event loads neither file until it fails.

use super::workers;
use crate::builtins::{Room, exports, is_loaded};
use crate::engine::{Arguments, Context, Error, Local, Op, Scope};
use crate::modules::Loader;
use crate::node::process::operations::Exit;
use crate::web::console::operations::print_error;

/// The operations of outcomes; the program has no files of its own.
pub(crate) const ROOM: Room = Room {
    files: &[],
    operations: &[&[Op::new("reportException", 1, report_exception)]],
};

/// Why a program ends, other than by `process.exit`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Nothing is left to do.
    Done,
    /// Nothing is left to do, and the main module still waits for a promise.
    Unsettled,
    /// An error that nobody handled.
    Failed,
}

/// The exit status of a program whose main module waits for what can never come (<https://nodejs.org/api/process.html#exit-codes>).
const UNSETTLED: i32 = 13;

/// The exit status of a program whose listener for uncaught errors threw itself.
const LISTENER_FAILED: i32 = 7;

/// The one way in which a program ends: its `exit` listeners run, once, and may change `process.exitCode`; then nothing of it runs any
/// more. `process.exit` is the same from the other side, and was here before when the status is known already.
pub(crate) fn end(scope: &Scope<'_>, ending: Ending) -> i32 {
    let status = status_after_listeners(scope, ending);
    close(scope, status)
}

/// [`end`] where JavaScript is not on the stack: what the listeners left as microtasks runs too; timers do not run any more.
pub(crate) fn end_at_rest(context: &Context, ending: Ending) -> i32 {
    let status = context.enter(|scope| status_after_listeners(scope, ending));
    context.checkpoint();
    context.enter(|scope| close(scope, status))
}

fn status_after_listeners(scope: &Scope<'_>, ending: Ending) -> i32 {
    let exit = scope.state::<Exit>();
    if let Some(status) = exit.code.get() {
        return status;
    }
    run_exit_listeners(scope, ending).unwrap_or_else(|error| {
        // A listener threw: the program fails now, if `process.exit` in it has not ended it.
        if !error.is_terminated() {
            conclude(scope, uncaught(scope, &error));
        }
        exit.code.get().unwrap_or(1)
    })
}

/// Forbids JavaScript; the first status that was decided stays.
fn close(scope: &Scope<'_>, status: i32) -> i32 {
    let exit = scope.state::<Exit>();
    let status = exit.code.get().unwrap_or(status);
    exit.code.set(Some(status));
    scope.context().stop();
    status
}

/// Ends the program if nobody took care of the error.
pub(crate) fn conclude(scope: &Scope<'_>, outcome: Outcome) {
    if let Outcome::Fatal(text) = outcome {
        // A worker's parent has it.
        if !text.is_empty() {
            print_error(&text);
        }
        end(scope, Ending::Failed);
    }
}

fn run_exit_listeners(scope: &Scope<'_>, ending: Ending) -> Result<i32, Error> {
    if !is_loaded(scope, PROCESS) {
        return Ok(match ending {
            Ending::Done => 0,
            Ending::Unsettled => UNSETTLED,
            Ending::Failed => 1,
        });
    }
    let exports = exports(scope, PROCESS)?;
    let process = scope.get(exports, "process")?;
    let chosen = scope.get(process, "exitCode")?;
    match ending {
        Ending::Failed => scope.set(process, "exitCode", scope.number(1.0))?,
        Ending::Unsettled if chosen.is_undefined() => {
            scope.set(process, "exitCode", scope.number(UNSETTLED.into()))?;
        }
        _ => {}
    }
    let status = scope.call_method(exports, "exit", &[])?;
    scope.int32_of(status)
}

const PROCESS: &str = "node/process/process";

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
    let mut site = error.throw_site(scope);
    if site.is_empty()
        && let Ok(loader) = Loader::of(scope)
    {
        site = loader.throw_site(scope, value).unwrap_or_default();
    }
    decide(scope, value, Some(site), |scope, exports| {
        scope.call_method(exports, "uncaught", &[value])
    })
}

/// A promise was rejected and has no handler after the microtasks are done.
pub(crate) fn unhandled_rejection(
    scope: &Scope<'_>,
    promise: Local<'_>,
    reason: Local<'_>,
) -> Outcome {
    decide(scope, reason, None, |scope, exports| {
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
    site: Option<String>,
    ask: impl FnOnce(&Scope<'s>, Local<'s>) -> Result<Local<'s>, Error>,
) -> Outcome {
    match exports(scope, "web/html/errors").and_then(|exports| ask(scope, exports)) {
        Ok(answer) if scope.bool_of(answer) => Outcome::Handled,
        Ok(_) => unhandled(scope, value, site),
        Err(error) if error.is_terminated() => Outcome::Handled,
        // A listener threw: that is the error to end with, at once and with Node's status for it, without `exit` listeners.
        Err(error) => {
            let outcome = match error.to_local(scope) {
                Some(thrown) => unhandled(scope, thrown, Some(error.throw_site(scope))),
                None => Outcome::Fatal(String::new()),
            };
            let exit = scope.state::<Exit>();
            let code = if exit.in_worker.get() {
                1
            } else {
                LISTENER_FAILED
            };
            exit.code.set(Some(code));
            outcome
        }
    }
}

/// Nobody in this thread handled it: it is the parent's of a worker.
fn unhandled(scope: &Scope<'_>, value: Local<'_>, site: Option<String>) -> Outcome {
    match workers::tell_parent(scope, value) {
        Some(true) => Outcome::Handled,
        Some(false) => Outcome::Fatal(String::new()),
        None => Outcome::Fatal(describe(scope, value, site)),
    }
}

/// The text for stderr; `site` is the stack where it was thrown, and nothing for a rejection: of an operation's it is where that was called. A program in any state must get one, so every
/// failure on the way has a shorter answer.
fn describe(scope: &Scope<'_>, value: Local<'_>, site: Option<String>) -> String {
    let text = exports(scope, "web/html/errors").and_then(|exports| {
        let is_rejection = Local::boolean(site.is_none());
        let site = site.filter(|site| !site.is_empty());
        let site = scope.string(&site.unwrap_or_else(|| scope.calls_of(value)))?;
        let text = scope.call_method(exports, "describeUncaught", &[value, is_rejection, site])?;
        scope.string_of(text)
    });
    text.or_else(|_| {
        scope
            .string_of(value)
            .map(|text| format!("Uncaught {text}"))
    })
    .unwrap_or_else(|_| "Uncaught error (it cannot be shown)".to_owned())
}

/// `reportException(error)`: what a listener threw is handled now, or ends the program at the next checkpoint, so that the code that
/// dispatched the event goes on, as in Node. In a microtask there is no such code, and the program ends at once.
fn report_exception<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let error = arguments.get(0);
    let Outcome::Fatal(text) = uncaught(scope, &Error::thrown(scope, error)) else {
        return Ok(Local::undefined());
    };
    if scope.context().is_draining() {
        conclude(scope, Outcome::Fatal(text));
        return Err(Error::terminated());
    }
    scope
        .state::<Exit>()
        .pending
        .borrow_mut()
        .get_or_insert(text);
    Ok(Local::undefined())
}

/// Ends the program if a listener threw since the last checkpoint and nobody took care of it.
pub(crate) fn end_if_failed(scope: &Scope<'_>) {
    let text = scope.state::<Exit>().pending.take();
    if let Some(text) = text {
        conclude(scope, Outcome::Fatal(text));
    }
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
    if !is_loaded(scope, PROCESS) {
        return Ok(());
    }
    scope
        .call_method(exports(scope, PROCESS)?, "beforeExit", &[])
        .map(|_| ())
}
