//! The `twinloop` command.
//!
//! JavaScript and TypeScript run right here, without loading Python. A Python program, and a JavaScript program whose
//! static imports name a `python:` module, is handed over to the Python interpreter of its environment before any of it
//! has run (`python.rs`). Errors of the command itself go to stderr with exit status 2, as for other interpreters; wrong options of Node with
//! Node's, 9.
#![forbid(unsafe_code)]

mod arguments;
mod entry;
mod options;
mod python;

use std::convert::Infallible;
use std::ffi::OsStr;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use arguments::{Action, Arguments, UsageError};
use entry::Language;
use twinloop_js::engine::Error;
use twinloop_js::{Input, Js, Options, Permissions, SchemeUse};
use twinloop_loop::Loop;
use twinloop_web::Config;

/// The scheme by which JavaScript imports Python modules.
const PYTHON_SCHEME: &str = "python";

fn main() -> ExitCode {
    twinloop_loop::keep_freed_memory();
    let environment = std::env::var("NODE_OPTIONS").ok();
    let arguments = arguments::parse(std::env::args_os().skip(1), environment.as_deref())
        .and_then(|arguments| entry::check_options(&arguments).map(|()| arguments));
    let arguments = match arguments {
        Ok(arguments) => arguments,
        Err(error) => return usage_error(&error),
    };
    if let Some(result) = watch(&arguments) {
        return match result {
            Ok(never) => match never {},
            Err(error) => usage_error(&error),
        };
    }
    let result = match &arguments.action {
        Action::Help => {
            print!("{}", arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Action::Version => {
            println!("twinloop {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Action::EngineOptions => {
            print!("{}", options::engine_options());
            return ExitCode::SUCCESS;
        }
        Action::Python(option, value) => Err(python::run_option(option, value, &arguments)),
        Action::OfPackage(name) => Err(python::command(name, &arguments)),
        Action::Test => run_builtin("node/test/command", &arguments),
        Action::Top => leave(twinloop_trace::top(&arguments.rest)),
        Action::Trace(before) => {
            let command =
                std::env::current_exe().map_or_else(|_| "twinloop".into(), PathBuf::into_os_string);
            let start: Vec<_> = std::iter::once(command)
                .chain(before.iter().cloned())
                .collect();
            leave(twinloop_trace::run(&arguments.rest, &start))
        }
        Action::Serve => serve(&arguments),
        Action::Eval { code, .. } if arguments.has("--interactive") => {
            let mut arguments = arguments.clone();
            arguments.options.push(("--eval".to_owned(), code.clone()));
            run_builtin("node/repl/prompt", &arguments)
        }
        Action::Eval { code, prints } => eval(code, "[eval]", *prints, &arguments),
        Action::Check(file) => check(file.as_deref(), &arguments),
        Action::File(file) => run_file(file, &arguments),
        Action::Input if arguments.has("--interactive") || std::io::stdin().is_terminal() => {
            match python::run_prompt(&arguments) {
                Some(message) => Err(message),
                None => run_builtin("node/repl/prompt", &arguments),
            }
        }
        Action::Input => match input() {
            Ok(code) => eval(&code, "[stdin]", false, &arguments),
            Err(message) => Err(message),
        },
    };
    let Err(message) = result;
    usage_error(&UsageError { message, status: 2 })
}

/// Runs the program as a child, again and again, if the command line asks for that.
fn watch(arguments: &Arguments) -> Option<Result<Infallible, UsageError>> {
    let path = arguments.has("--watch-path");
    // The options may come from the environment, which the watched program has too.
    if (!path && !arguments.has("--watch")) || twinloop_js::is_watched() {
        return None;
    }
    let option = if path { "--watch-path" } else { "--watch" };
    let clash = |other: &str| {
        let message = format!("either {option} or {other} can be used, not both");
        Some(Err(UsageError::node(message)))
    };
    let (file, program) = match &arguments.action {
        Action::Help
        | Action::Version
        | Action::EngineOptions
        | Action::Trace(_)
        | Action::Top
        | Action::OfPackage(_) => return None,
        Action::Test if path => {
            let message = "--watch-path cannot be used in combination with --test".to_owned();
            return Some(Err(UsageError::node(message)));
        }
        // The runner of tests itself runs their files again.
        Action::Test => return None,
        Action::Serve => (None, vec!["serve".into()]),
        Action::Check(_) => return clash("--check"),
        Action::Eval { .. } => return clash("--eval"),
        Action::Input if arguments.has("--interactive") => return clash("--interactive"),
        Action::Input => {
            let message = format!("{option} requires specifying a file");
            return Some(Err(UsageError::node(message)));
        }
        Action::Python(option, value) => (None, vec![(*option).into(), value.clone()]),
        Action::File(file) => (Some(file), vec![file.clone().into_os_string()]),
    };
    let shown: Vec<_> = (program.iter().chain(&arguments.rest))
        .map(|word| word.to_string_lossy())
        .collect();
    let mut watching = arguments.clone();
    // The program is limited, not who starts it again.
    watching.options.retain(|(name, _)| {
        name != "--permission" && !name.starts_with("--allow-") && !name.starts_with("--deny-")
    });
    let mut say = |name: &str, value: String| watching.options.push((name.to_owned(), value));
    say("--watched-program", shown.join(" "));
    if let Some(file) = file {
        let file = entry::program(file).unwrap_or_else(|_| file.clone());
        say("--watched-file", file.to_string_lossy().into_owned());
    }
    watching.action = Action::Input;
    watching.rest = arguments.unwatched.clone();
    let result = run_builtin("node/watch/command", &watching);
    Some(result.map_err(|message| UsageError { message, status: 2 }))
}

fn usage_error(error: &UsageError) -> ExitCode {
    // Node's words begin with the command's path; scripts look for them.
    if error.status == 9 {
        let command = std::env::current_exe().unwrap_or_default();
        eprintln!("{}: {}", command.display(), error.message);
    } else {
        eprintln!("twinloop: {}", error.message);
    }
    ExitCode::from(error.status)
}

/// What standard input says.
fn input() -> Result<String, String> {
    let mut code = String::new();
    std::io::stdin()
        .read_to_string(&mut code)
        .map_err(|error| format!("cannot read standard input: {error}"))?;
    Ok(code)
}

/// Runs the code, and the process ends with it; returns only if it cannot begin.
fn eval(code: &str, name: &str, prints: bool, arguments: &Arguments) -> Result<Infallible, String> {
    let found = twinloop_js::source_names_scheme(code, PYTHON_SCHEME);
    if is_for_python(found, Path::new("."), arguments) {
        return Err(python::run_option("-e", code.as_ref(), arguments));
    }
    let js = start(arguments, None)?;
    leave(js.run_input(Input {
        code: code.to_owned(),
        name: name.to_owned(),
        prints,
        kind: arguments.value("--input-type").map(str::to_owned),
    }))
}

/// Whether Python is to run a program in this folder that names `python:` modules so. One that may never come to it needs none: it does
/// where there is one that can.
fn is_for_python(found: SchemeUse, folder: &Path, arguments: &Arguments) -> bool {
    match found {
        SchemeUse::Static => true,
        SchemeUse::Dynamic => {
            !arguments.has("--permission")
                && (arguments.python.is_some() || python::environment_has_package(folder))
        }
        SchemeUse::Nowhere => false,
    }
}

/// As [`eval`], for a program that is part of the command.
fn run_builtin(file: &'static str, arguments: &Arguments) -> Result<Infallible, String> {
    let js = start(arguments, None)?;
    leave(js.run_builtin(file))
}

/// Serves an application: a Python one, and a JavaScript one that imports Python, by the environment's interpreter.
fn serve(arguments: &Arguments) -> Result<Infallible, String> {
    if arguments
        .rest
        .iter()
        .any(|word| names_python_application(word))
    {
        return Err(python::serve(arguments));
    }
    let imports_python = |word: &OsStr| {
        let file = Path::new(word);
        entry::language(file) == Language::JavaScript
            && file.is_file()
            && is_for_python(
                twinloop_js::graph_names_scheme(file, PYTHON_SCHEME),
                Path::new("."),
                arguments,
            )
    };
    if arguments.rest.iter().any(|word| imports_python(word)) {
        return Err(python::serve(arguments));
    }
    run_builtin("node/serve/command", arguments)
}

/// `package.module:name`, or a script, also with a name behind it.
fn names_python_application(word: &OsStr) -> bool {
    let Some(word) = word.to_str() else {
        return false;
    };
    let is_dotted = |text: &str| {
        text.split('.').all(|name| {
            name.starts_with(|first: char| first.is_alphabetic() || first == '_')
                && name
                    .chars()
                    .all(|each| each.is_alphanumeric() || each == '_')
        })
    };
    let application = |(module, name): (&str, &str)| is_dotted(module) && is_dotted(name);
    word.ends_with(".py") || word.contains(".py:") || word.split_once(':').is_some_and(application)
}

/// As [`eval`], for this file.
fn run_file(file: &Path, arguments: &Arguments) -> Result<Infallible, String> {
    let file = entry::program(file)?;
    match entry::language(&file) {
        Language::Python => Err(python::run(&file, arguments)),
        Language::JavaScript => {
            let found = twinloop_js::graph_names_scheme(&file, PYTHON_SCHEME);
            let folder = file.parent().unwrap_or(Path::new("."));
            if is_for_python(found, folder, arguments) {
                return Err(python::run(&file, arguments));
            }
            let js = start(arguments, Some(&file))?;
            leave(js.run_main(&file))
        }
        Language::Unknown => Err(format!(
            "cannot tell the language of {}: the name should end in .js, .mjs, .ts, .mts or .py",
            file.display()
        )),
    }
}

/// Looks at the syntax of a file or of standard input.
fn check(file: Option<&Path>, arguments: &Arguments) -> Result<Infallible, String> {
    match file {
        Some(file) => {
            let file = entry::program(file)?;
            let js = start(arguments, Some(&file))?;
            leave(js.check_main(&file))
        }
        None => {
            let code = input()?;
            let js = start(arguments, None)?;
            leave(js.check_input(&code, arguments.value("--input-type")))
        }
    }
}

fn start(arguments: &Arguments, file: Option<&Path>) -> Result<std::rc::Rc<Js>, String> {
    let event_loop = Loop::new().map_err(|error| format!("cannot start an event loop: {error}"))?;
    let mut permissions = Permissions::of_options(&arguments.options)?;
    if let (Some(permissions), Some(file)) = (&mut permissions, file) {
        permissions.allow_file(file);
    }
    let js = Js::new(
        &event_loop,
        Options {
            arguments: argv(arguments, file),
            written_options: arguments.written.clone(),
            options: arguments.options.clone(),
            permissions,
            heap_limit: heap_limit(arguments)?,
            ..Options::default()
        },
    )?;
    js.register_scheme(
        PYTHON_SCHEME,
        std::rc::Rc::new(|_, name| {
            Err(Error::coded(
                "ERR_UNSUPPORTED_ESM_URL_SCHEME",
                format!(
                    "Cannot import 'python:{name}': the program began without Python. Start it with python -m twinloop, or import a python: module statically"
                ),
            ))
        }),
    );
    let config = Config::of_program(&arguments.connect_to, arguments.ca_file.as_deref());
    if let Some(config) = config.map_err(|error| error.to_string())? {
        js.set_client(config).map_err(|error| error.to_string())?;
    }
    if let Some(location) = &arguments.location {
        js.set_location(location)?;
    }
    if let Some(file) = &arguments.localstorage_file {
        js.set_local_storage_file(file.clone());
    }
    Ok(js)
}

/// `--max-old-space-size`, in MiB; beyond what the engine can have there is no limit of ours.
fn heap_limit(arguments: &Arguments) -> Result<Option<u32>, String> {
    /// Below this the engine's own library has no room.
    const LEAST: u32 = 8;
    let Some(value) = arguments.value("--max-old-space-size") else {
        return Ok(None);
    };
    let mebibytes: u32 = value
        .parse()
        .map_err(|_| format!("--max-old-space-size={value} is no number of MiB"))?;
    Ok(mebibytes.max(LEAST).checked_mul(1 << 20))
}

/// `process.argv`: this command, the program's absolute path, the program's own arguments.
fn argv(arguments: &Arguments, file: Option<&Path>) -> Vec<String> {
    let command =
        std::env::current_exe().map_or_else(|_| "twinloop".into(), PathBuf::into_os_string);
    let program = match (&arguments.action, file) {
        (Action::File(file), None) => Some(file.as_path()),
        (_, file) => file,
    };
    let program = program.map(|file| {
        std::path::absolute(file)
            .unwrap_or_else(|_| file.to_owned())
            .into_os_string()
    });
    let words = std::iter::once(command)
        .chain(program)
        .chain(arguments.rest.iter().cloned());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

/// Ends the process at once, with the program's heap as it stands: everything the program printed is written, and tearing the heap down
/// would only take time (a fifth of an empty script's).
fn leave(status: i32) -> ! {
    twinloop_js::engine::leave_process(status)
}
