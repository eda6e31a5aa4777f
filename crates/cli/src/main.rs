//! The `twinloop` command.
//!
//! JavaScript and TypeScript run right here, without loading Python. A Python program, and a JavaScript program whose
//! static imports name a `python:` module, is handed over to the Python interpreter of its environment before any of it
//! has run (`python.rs`). Errors of the command itself go to stderr with exit status 2, as for other interpreters.
#![forbid(unsafe_code)]

mod arguments;
mod python;

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use arguments::{Action, Arguments};
use twinloop_js::{Js, Options};
use twinloop_loop::Loop;
use twinloop_web::{Client, Config};

/// The scheme by which JavaScript imports Python modules.
const PYTHON_SCHEME: &str = "python";

fn main() -> ExitCode {
    let arguments = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => return usage_error(&format!("{error}; see twinloop --help")),
    };
    let Err(message) = match &arguments.action {
        Action::Help => {
            print!("{}", arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Action::Version => {
            println!("twinloop {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Action::Eval(code) => eval(code, &arguments),
        Action::Python(option, value) => Err(python::run_option(option, value, &arguments)),
        Action::File(file) => run_file(file, &arguments),
    };
    usage_error(&message)
}

fn usage_error(message: &str) -> ExitCode {
    eprintln!("twinloop: {message}");
    ExitCode::from(2)
}

/// Runs the code, and the process ends with it; returns only if it cannot begin.
fn eval(code: &str, arguments: &Arguments) -> Result<Infallible, String> {
    if twinloop_js::source_names_scheme(code, PYTHON_SCHEME) {
        return Err(python::run_option("-e", code.as_ref(), arguments));
    }
    let js = start(arguments, None)?;
    leave(js.eval(code))
}

/// As [`eval`], for this file.
fn run_file(file: &Path, arguments: &Arguments) -> Result<Infallible, String> {
    let file = existing(file)?;
    let extension = file
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    match extension {
        "py" | "pyw" => Err(python::run(&file, arguments)),
        "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" | "jsx" | "tsx" => {
            if twinloop_js::graph_names_scheme(&file, PYTHON_SCHEME) {
                return Err(python::run(&file, arguments));
            }
            let js = start(arguments, Some(&file))?;
            leave(js.run_main(&file))
        }
        _ => Err(format!(
            "cannot tell the language of {}: the name should end in .js, .mjs, .ts, .mts or .py",
            file.display()
        )),
    }
}

fn existing(file: &Path) -> Result<PathBuf, String> {
    match std::fs::metadata(file) {
        Ok(metadata) if metadata.is_dir() => {
            Err(format!("{} is a folder, not a program", file.display()))
        }
        Ok(_) => Ok(file.to_owned()),
        Err(error) => Err(format!("cannot open {}: {error}", file.display())),
    }
}

fn start(arguments: &Arguments, file: Option<&Path>) -> Result<std::rc::Rc<Js>, String> {
    let event_loop = Loop::new().map_err(|error| format!("cannot start an event loop: {error}"))?;
    let js = Js::new(
        &event_loop,
        Options {
            arguments: argv(arguments, file),
            ..Options::default()
        },
    )?;
    if let Some(client) = client(arguments)? {
        js.set_client(client);
    }
    Ok(js)
}

/// `process.argv`: this command, the program's absolute path, the program's own arguments.
fn argv(arguments: &Arguments, file: Option<&Path>) -> Vec<String> {
    let command =
        std::env::current_exe().map_or_else(|_| "twinloop".into(), PathBuf::into_os_string);
    let program = file.map(|file| {
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

/// The client for the command line's settings; without any, JavaScript makes its own on first use.
fn client(arguments: &Arguments) -> Result<Option<Client>, String> {
    Config::of_program(&arguments.connect_to, arguments.ca_file.as_deref())
        .and_then(|config| config.map(Client::new).transpose())
        .map_err(|error| error.to_string())
}

/// Ends the process at once, with the program's heap as it stands: everything the program printed is written, and tearing the heap down
/// would only take time (a fifth of an empty script's).
fn leave(status: i32) -> ! {
    twinloop_js::engine::leave_process(status)
}
