//! The operations of `node:vm`: realms of the engine, and scripts that run in them, for no longer than they may.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use twinloop_loop::signals;

use crate::engine::{Arguments, Error, IntoJs, Local, Op, PromiseState, Scope, Source};
use crate::modules::source;

pub(crate) const OPS: &[Op] = &[
    Op::new("moduleCompile", 6, module_compile),
    Op::new("moduleEvaluate", 2, module_evaluate),
    Op::new("moduleImports", 1, module_imports),
    Op::new("moduleLink", 1, module_link),
    Op::new("moduleNamespace", 1, module_namespace),
    Op::new("realmCheck", 4, check),
    Op::new("realmCreate", 3, create),
    Op::new("realmFunction", 7, function),
    Op::new("realmRun", 9, run),
];

/// `realmCreate(ownQueue, noStrings, noWasm)`: the global object of a new realm, whose microtasks run after its scripts alone if that is said.
fn create<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let global = scope.new_realm()?;
    if scope.bool_of(arguments.get(0)) {
        scope.use_own_queue(global)?;
    }
    let forbids = |index| scope.bool_of(arguments.get(index));
    if forbids(1) || forbids(2) {
        scope.forbid_code(global, forbids(1), forbids(2))?;
    }
    Ok(global)
}

fn line_of(scope: &Scope<'_>, value: Local<'_>) -> Result<u32, Error> {
    // The engine counts from 1.
    Ok((scope.number_of(value)? + 1.0).max(1.0) as u32)
}

/// `text, file, line`, with which the arguments of most operations begin.
struct Given {
    text: String,
    file: String,
    line: u32,
    column: u32,
}

impl Given {
    fn read<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>) -> Result<Given, Error> {
        Ok(Given {
            text: scope.string_of(arguments.get(0))?,
            file: scope.string_of(arguments.get(1))?,
            line: line_of(scope, arguments.get(2))?,
            column: 0,
        })
    }

    /// An undefined column is the first.
    fn at_column(mut self, scope: &Scope<'_>, column: Local<'_>) -> Result<Given, Error> {
        self.column = scope.number_of(column)?.max(0.0) as u32;
        Ok(self)
    }

    fn source(&self) -> Source<'_> {
        Source {
            text: &self.text,
            file: &self.file,
            line: self.line,
            column: self.column,
        }
    }
}

/// `realmCheck(text, file, line, column)`: throws if the syntax is wrong.
fn check<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let given = Given::read(scope, &arguments)?.at_column(scope, arguments.get(3))?;
    scope.check_script(given.source())?;
    Ok(Local::undefined())
}

fn list<'s>(scope: &Scope<'s>, array: Local<'_>) -> Result<Vec<Local<'s>>, Error> {
    (0..scope.array_length(array)?)
        .map(|index| scope.get(array, index))
        .collect()
}

/// The private value of a script, which the loader of modules asks; undefined for the loader's own way.
fn private_of<'s>(scope: &Scope<'s>, load: Local<'s>) -> Result<Local<'s>, Error> {
    if load.is_undefined() {
        return Ok(load);
    }
    let private = scope.object()?;
    scope.set(private, "load", load)?;
    Ok(private)
}

/// The global of a realm; this one's own for undefined.
fn global_of<'s>(scope: &Scope<'s>, value: Local<'s>) -> Local<'s> {
    if value.is_undefined() {
        scope.global()
    } else {
        value
    }
}

/// `realmRun(text, file, line, global, environment, milliseconds, load, breaksOnInterrupt, column)`: `load(specifier)` finds what it imports dynamically.
fn run<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let given = Given::read(scope, &arguments)?.at_column(scope, arguments.get(8))?;
    let source = given.source();
    let global = global_of(scope, arguments.get(3));
    let environment = list(scope, arguments.get(4))?;
    let milliseconds = scope.number_of(arguments.get(5))?;
    let private = private_of(scope, arguments.get(6))?;
    let run = || scope.run_in_realm(global, &environment, source, private);
    let run = || match milliseconds > 0.0 {
        true => limited(scope, milliseconds, run),
        false => run(),
    };
    match scope.bool_of(arguments.get(7)) {
        true => interruptible(scope, run),
        false => run(),
    }
}

/// Runs a script that SIGINT ends, which is an error that can be caught.
fn interruptible<'s>(
    scope: &Scope<'s>,
    run: impl FnOnce() -> Result<Local<'s>, Error>,
) -> Result<Local<'s>, Error> {
    let context = scope.context();
    let interrupt = context.interrupt_handle();
    let watch = signals::watch_alone(signals::INTERRUPT, move || interrupt.interrupt())
        .map_err(|error| Error::new(format!("cannot watch for SIGINT: {error}")))?;
    let result = run();
    drop(watch);
    context.interrupt_handle().withdraw();
    match result {
        Err(error) if error.is_terminated() && !context.is_stopped() => {
            context.take_interrupted();
            Err(Error::coded(
                "ERR_SCRIPT_EXECUTION_INTERRUPTED",
                "Script execution was interrupted by `SIGINT`",
            ))
        }
        result => result,
    }
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
    // A module's evaluation is a promise even then.
    let result = result.and_then(|value| {
        let is_rejected = scope.promise_state(value) == Some(PromiseState::Rejected);
        if is_rejected && scope.promise_result(value).is_undefined() {
            scope.mark_promise_handled(value);
            return Err(Error::terminated());
        }
        Ok(value)
    });
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

/// `realmFunction(text, file, line, global, environment, parameters, load)`
fn function<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let given = Given::read(scope, &arguments)?;
    let source = given.source();
    let global = global_of(scope, arguments.get(3));
    let environment = list(scope, arguments.get(4))?;
    let parameters = list(scope, arguments.get(5))?
        .into_iter()
        .map(|name| scope.string_of(name))
        .collect::<Result<Vec<_>, _>>()?;
    let private = private_of(scope, arguments.get(6))?;
    scope.compile_function(global, &environment, &parameters, source, private)
}

/// `moduleImports(text)`: `[[[specifier, key, value, ...], ...], awaits, text without attributes]`; undefined if it is no module.
fn module_imports<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let text = scope.string_of(arguments.get(0))?;
    let Some(imports) = source::imports(&text) else {
        return Ok(Local::undefined());
    };
    let requests: Vec<Vec<String>> = imports
        .requests
        .into_iter()
        .map(|request| {
            let mut all = vec![request.specifier];
            all.extend(
                request
                    .attributes
                    .into_iter()
                    .flat_map(|(key, value)| [key, value]),
            );
            all
        })
        .collect();
    let requests = requests.into_js(scope)?;
    scope.array(&[
        requests,
        Local::boolean(imports.awaits),
        scope.string(&imports.text)?,
    ])
}

/// `moduleCompile(text, file, line, global, load, meta)`: the engine's record of a module. `load(specifier)` gives that of an import, `meta`
/// fills `import.meta`.
fn module_compile<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let given = Given::read(scope, &arguments)?;
    let global = global_of(scope, arguments.get(3));
    let private = scope.object()?;
    scope.set(private, "load", arguments.get(4))?;
    scope.set(private, "meta", arguments.get(5))?;
    scope.compile_module_in(global, given.source(), private)
}

/// `moduleLink(module)`: binds imports to exports, in the whole graph.
fn module_link<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.load_dependencies(arguments.get(0))?;
    scope.link_module(arguments.get(0))?;
    Ok(Local::undefined())
}

/// `moduleEvaluate(module, milliseconds)`: a promise of its end.
fn module_evaluate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let milliseconds = scope.number_of(arguments.get(1))?;
    let run = || scope.evaluate_module(arguments.get(0));
    if milliseconds > 0.0 {
        limited(scope, milliseconds, run)
    } else {
        run()
    }
}

/// `moduleNamespace(module)`
fn module_namespace<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.module_namespace(arguments.get(0))
}
