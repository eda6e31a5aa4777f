//! Operations of `process`: what the program is told about itself, and the way out.
//!
//! Leaving does not end the process here: it stops the context and notes the exit code, and whoever runs the program (the command, or
//! Python) reads it (see [`Exit`]).

use std::cell::{Cell, RefCell};

use twinloop_loop::Loop;

use crate::builtins;
use crate::builtins::errno::errno;
use crate::builtins::permissions::{Access, limits};
use crate::engine::{Arguments, Error, ErrorClass, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("processFacts", 0, process_facts),
    Op::new("parentId", 0, parent_id),
    Op::new("pooledOperations", 0, pooled_operations),
    Op::new("isLimited", 0, is_limited),
    Op::new("isWorkerThread", 0, is_worker_thread),
    Op::new("environment", 0, environment),
    Op::new("environmentVariable", 1, environment_variable),
    Op::new("currentDirectory", 0, current_directory),
    Op::new("changeDirectory", 1, change_directory),
    Op::new("memoryUsage", 0, memory_usage),
    Op::new("runBeforeMicrotasks", 1, run_before_microtasks),
    Op::new("setTimeZone", 1, set_time_zone),
    Op::new("exitProcess", 1, exit_process),
    Op::new("loadedFiles", 0, loaded_files),
    Op::new("commandOptions", 0, command_options),
    Op::new("writtenOptions", 0, written_options),
    Op::new("collectGarbage", 0, collect_garbage),
    Op::new("permissionDrop", 2, permission_drop),
    Op::new("permissionHas", 2, permission_has),
];

/// What `process.argv` says and how the program asked to leave; per context.
#[derive(Default)]
pub(crate) struct Exit {
    /// The path of the command, the path of the program, then the arguments of the program.
    pub(crate) arguments: RefCell<Vec<String>>,
    /// The code given to `process.exit`, once it was called, or 1 after an error.
    pub(crate) code: Cell<Option<i32>>,
    /// Whether this is a worker, which may not change what belongs to the process.
    pub(crate) in_worker: Cell<bool>,
    /// The text for stderr of an error that a listener threw and nobody handled: the program ends at the next checkpoint.
    pub(crate) pending: RefCell<Option<String>>,
}

/// What the command line says beside the program; per context.
#[derive(Default)]
pub(crate) struct CommandLine {
    /// `process.execArgv`.
    written: RefCell<Vec<String>>,
    /// Names and values.
    options: RefCell<Vec<(String, String)>>,
}

/// Options that have something run before the program.
const PREPARING: [&str; 14] = [
    "--experimental-loader",
    "--expose-gc",
    "--import",
    "--no-experimental-eventsource",
    "--no-experimental-global-navigator",
    "--no-experimental-websocket",
    "--no-experimental-webstorage",
    "--no-webstorage",
    "--require",
    "--stack-trace-limit",
    "--title",
    "--permission",
    "--redirect-warnings",
    "--unhandled-rejections",
];

impl CommandLine {
    pub(crate) fn set(&self, written: Vec<String>, options: Vec<(String, String)>) {
        *self.written.borrow_mut() = written;
        *self.options.borrow_mut() = options;
    }

    pub(crate) fn options(&self) -> Vec<(String, String)> {
        self.options.borrow().clone()
    }

    /// Whether something is to run before the program.
    pub(crate) fn prepares(&self) -> bool {
        let options = self.options.borrow();
        let mut names = options.iter().map(|(name, _)| name.as_str());
        names.any(|name| PREPARING.contains(&name))
            || std::env::var_os("NODE_REDIRECT_WARNINGS").is_some()
    }
}

/// `commandOptions()`: names and values in turn.
fn command_options<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let line = scope.state::<CommandLine>();
    let options = line.options.borrow();
    let words = options
        .iter()
        .flat_map(|(name, value)| [name, value])
        .map(|word| scope.string(word))
        .collect::<Result<Vec<_>, _>>()?;
    scope.array(&words)
}

/// `writtenOptions()`: the options as they were written.
fn written_options<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let line = scope.state::<CommandLine>();
    let words = (line.written.borrow().iter())
        .map(|word| scope.string(word))
        .collect::<Result<Vec<_>, _>>()?;
    scope.array(&words)
}

/// `collectGarbage()`.
fn collect_garbage<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.collect_garbage();
    Ok(Local::undefined())
}

fn optional_text(scope: &Scope<'_>, value: Local<'_>) -> Result<Option<String>, Error> {
    if value.is_undefined() {
        return Ok(None);
    }
    scope.string_of(value).map(Some)
}

/// `permissionHas(name, reference)`
fn permission_has<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.get(0))?;
    let reference = optional_text(scope, arguments.get(1))?;
    let has = limits(scope).has(&name, reference.as_deref());
    Ok(Local::boolean(has))
}

/// `permissionDrop(name, reference)`
fn permission_drop<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.get(0))?;
    let reference = optional_text(scope, arguments.get(1))?;
    limits(scope).take_back(&name, reference.as_deref());
    Ok(Local::undefined())
}

/// `processFacts()`: `{ argv, execPath, pid, sqlite }`, the last its version.
fn process_facts<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let mut arguments = scope.state::<Exit>().arguments.borrow().clone();
    if arguments.is_empty() {
        let executable = std::env::current_exe().unwrap_or_default();
        arguments.push(executable.to_string_lossy().into_owned());
    }
    // Under Python that is the interpreter by the name that chooses its environment, and not the file behind it.
    let executable = arguments[0].clone();
    let arguments = arguments
        .iter()
        .map(|argument| scope.string(argument))
        .collect::<Result<Vec<_>, _>>()?;
    let facts = scope.object()?;
    scope.set(
        facts,
        "sqlite",
        scope.string(crate::node::sqlite::version())?,
    )?;
    scope.set(facts, "argv", scope.array(&arguments)?)?;
    let name = std::env::args_os().next().unwrap_or_default();
    scope.set(facts, "argv0", scope.string(&name.to_string_lossy())?)?;
    scope.set(facts, "execPath", scope.string(&executable)?)?;
    scope.set(facts, "pid", scope.number(std::process::id().into()))?;
    // The channel to the program that forked this one, as Node hands it on; the main thread's alone.
    let forked = std::env::var("NODE_CHANNEL_FD").ok();
    if let Some(number) = forked.filter(|_| !scope.state::<Exit>().in_worker.get()) {
        let mode = std::env::var("NODE_CHANNEL_SERIALIZATION_MODE").unwrap_or_default();
        let channel = [scope.string(&number)?, scope.string(&mode)?];
        scope.set(facts, "channel", scope.array(&channel)?)?;
    }
    Ok(facts)
}

/// `parentId()`.
fn parent_id<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Ok(scope.number(std::os::unix::process::parent_id().into()))
}

/// `pooledOperations()`: how many the threads of the pool have to do.
fn pooled_operations<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Ok(scope.number(Loop::current().blocking() as f64))
}

/// `isLimited()`: by `--permission`.
fn is_limited<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Ok(Local::boolean(limits(scope).are_set()))
}

/// `isWorkerThread()`
fn is_worker_thread<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Ok(Local::boolean(scope.state::<Exit>().in_worker.get()))
}

/// `environment()`: `[name, value]` pairs.
fn environment<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let limits = limits(scope);
    let pairs = std::env::vars_os()
        .filter(|(name, _)| limits.shows_variable(&name.to_string_lossy()))
        .map(|(name, value)| {
            let name = scope.string(&name.to_string_lossy())?;
            let value = scope.string(&value.to_string_lossy())?;
            scope.array(&[name, value])
        })
        .collect::<Result<Vec<_>, _>>()?;
    scope.array(&pairs)
}

/// `environmentVariable(name)`: undefined if there is none.
fn environment_variable<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.get(0))?;
    match std::env::var_os(&name) {
        Some(value) if limits(scope).shows_variable(&name) => {
            scope.string(&value.to_string_lossy())
        }
        _ => Ok(Local::undefined()),
    }
}

/// `currentDirectory()`.
fn current_directory<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = std::env::current_dir().map_err(|error| {
        Error::coded("ENOENT", format!("ENOENT: process.cwd: {error}")).with("syscall", "uv_cwd")
    })?;
    scope.string(&path.to_string_lossy())
}

/// `changeDirectory(path)`.
fn change_directory<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    if scope.state::<Exit>().in_worker.get() {
        return Err(Error::of(
            ErrorClass::TypeError,
            "process.chdir() is not supported in workers",
        )
        .with("code", "ERR_WORKER_UNSUPPORTED_OPERATION"));
    }
    let path = scope.string_of(arguments.get(0))?;
    limits(scope).path(Access::READ, std::path::Path::new(&path))?;
    let before = std::env::current_dir().unwrap_or_default();
    std::env::set_current_dir(&path).map_err(|error| {
        let number = error.raw_os_error().unwrap_or_default();
        let known = errno(number);
        let from = before.to_string_lossy();
        let message = format!("{}: {}, chdir '{from}' -> '{path}'", known.code, known.text);
        Error::coded(known.code, message)
            .with("errno", -f64::from(number))
            .with("syscall", "chdir")
            .with("path", &*from)
            .with("dest", path.as_str())
    })?;
    Ok(Local::undefined())
}

/// `memoryUsage()`: `[rss, heapTotal, heapUsed, external, arrayBuffers]`, in bytes.
fn memory_usage<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let (used, total) = scope.heap_bytes();
    let values = [resident_bytes(), total, used, 0.0, 0.0].map(|value| scope.number(value));
    scope.array(&values)
}

fn resident_bytes() -> f64 {
    let statistics = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = statistics
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .unwrap_or(0.0);
    pages * rustix::param::page_size() as f64
}

/// `exitProcess(code)`: nothing of the program runs after it.
fn exit_process<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let code = scope.int32_of(arguments.get(0))?;
    scope.state::<Exit>().code.set(Some(code));
    scope.context().stop();
    Err(Error::terminated())
}

/// `loadedFiles()`: the names of the built-in files that were loaded.
fn loaded_files<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let files = builtins::loaded_files(scope)
        .into_iter()
        .map(|name| scope.string(name))
        .collect::<Result<Vec<_>, _>>()?;
    scope.array(&files)
}

/// `runBeforeMicrotasks(function)`: called once, at the next checkpoint.
fn run_before_microtasks<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
) -> Result<Local<'s>, Error> {
    scope.run_before_microtasks(arguments.get(0));
    Ok(Local::undefined())
}

/// `setTimeZone(name)`: what `process.env.TZ` was set to; the system's for undefined and an empty name.
fn set_time_zone<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = match arguments.get(0) {
        name if name.is_undefined() => String::new(),
        name => scope.string_of(name)?,
    };
    // POSIX allows a colon before the name of a file of the zone database.
    let name = name.strip_prefix(':').unwrap_or(&name);
    scope.set_time_zone((!name.is_empty()).then_some(name));
    Ok(Local::undefined())
}
