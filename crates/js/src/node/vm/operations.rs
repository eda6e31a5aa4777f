//! The operations of `node:vm`: realms of the engine, and scripts that run in them, for no longer than they may.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::engine::{Arguments, Error, Local, Op, Scope, Source};

pub(crate) const OPS: &[Op] = &[
    Op::new("realmCheck", 3, check),
    Op::new("realmCreate", 0, create),
    Op::new("realmFunction", 6, function),
    Op::new("realmRun", 6, run),
];

/// `realmCreate()`: the global object of a new realm.
fn create<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.new_realm()
}

fn line_of(scope: &Scope<'_>, value: Local<'_>) -> Result<u32, Error> {
    // The engine counts from 1.
    Ok((scope.number_of(value)? + 1.0).max(1.0) as u32)
}

/// `realmCheck(text, file, line)`: throws if the syntax is wrong.
fn check<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = scope.string_of(arguments.get(0))?;
    let file = scope.string_of(arguments.get(1))?;
    scope.check_script(Source {
        text: &text,
        file: &file,
        line: line_of(scope, arguments.get(2))?,
    })?;
    Ok(Local::undefined())
}

fn list<'s>(scope: &Scope<'s>, array: Local<'_>) -> Result<Vec<Local<'s>>, Error> {
    (0..scope.array_length(array)?)
        .map(|index| scope.get(array, index))
        .collect()
}

/// The global of a realm; this one's own for undefined.
fn global_of<'s>(scope: &Scope<'s>, value: Local<'s>) -> Local<'s> {
    if value.is_undefined() {
        scope.global()
    } else {
        value
    }
}

/// `realmRun(text, file, line, global, environment, milliseconds)`
fn run<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = scope.string_of(arguments.get(0))?;
    let file = scope.string_of(arguments.get(1))?;
    let source = Source {
        text: &text,
        file: &file,
        line: line_of(scope, arguments.get(2))?,
    };
    let global = global_of(scope, arguments.get(3));
    let environment = list(scope, arguments.get(4))?;
    let milliseconds = scope.number_of(arguments.get(5))?;
    if milliseconds > 0.0 {
        let run = || scope.run_in_realm(global, &environment, source);
        return limited(scope, milliseconds, run);
    }
    scope.run_in_realm(global, &environment, source)
}

/// Runs a script that is ended when its time is up, which is an error that can be caught.
fn limited<'s>(
    scope: &Scope<'s>,
    milliseconds: f64,
    run: impl FnOnce() -> Result<Local<'s>, Error>,
) -> Result<Local<'s>, Error> {
    let context = scope.context();
    let interrupt = context.interrupt_handle();
    let limit = Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(Duration::MAX);
    let (over, waits) = channel::<()>();
    let watcher = std::thread::Builder::new()
        .name("twinloop-vm-timeout".into())
        .spawn(move || {
            let is_late = waits.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            if is_late {
                interrupt.interrupt();
            }
            is_late
        })
        .map_err(|error| Error::new(format!("cannot watch the time of a script: {error}")))?;
    let result = run();
    // Whether it was in time is settled when the watcher has ended.
    let _ = over.send(());
    let is_late = watcher.join().unwrap_or(false);
    if !is_late {
        return result;
    }
    // It came in the moment after the end, or was served.
    context.interrupt_handle().withdraw();
    match result {
        Err(error) if error.is_terminated() && !context.is_stopped() => {
            context.take_interrupted();
            Err(Error::coded(
                "ERR_SCRIPT_EXECUTION_TIMEOUT",
                format!("Script execution timed out after {milliseconds}ms"),
            ))
        }
        result => result,
    }
}

/// `realmFunction(text, file, line, global, environment, parameters)`
fn function<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = scope.string_of(arguments.get(0))?;
    let file = scope.string_of(arguments.get(1))?;
    let source = Source {
        text: &text,
        file: &file,
        line: line_of(scope, arguments.get(2))?,
    };
    let global = global_of(scope, arguments.get(3));
    let environment = list(scope, arguments.get(4))?;
    let parameters = list(scope, arguments.get(5))?
        .into_iter()
        .map(|name| scope.string_of(name))
        .collect::<Result<Vec<_>, _>>()?;
    scope.compile_function(
        global,
        &environment,
        &parameters,
        source,
        Local::undefined(),
    )
}
