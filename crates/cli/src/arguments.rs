//! The command line: what to run, with which settings, and what is left for the program itself.
//!
//! Options stand before the program; everything after it belongs to the program, as with `node` and `python`.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::options::{self, Form};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Run JavaScript and Python programs on one event loop.

Usage: twinloop [OPTIONS] FILE [ARGUMENTS...]
       twinloop [OPTIONS] -e CODE [ARGUMENTS...]
       twinloop [OPTIONS] serve APP [SERVER OPTIONS...]
       twinloop [OPTIONS] test [FILES...]
       twinloop [OPTIONS] trace [-o FILE] [OPTIONS] FILE [ARGUMENTS...]
       twinloop top [--once] [--json] PID
       twinloop [OPTIONS] add npm:NAME... pypi:NAME...
       twinloop [OPTIONS] types python:NAME|npm:NAME|FILE.d.ts [-o FILE]
       twinloop [OPTIONS] -m MODULE [ARGUMENTS...]
       twinloop [OPTIONS] -c PYTHON [ARGUMENTS...]
       twinloop [OPTIONS]

FILE is a JavaScript or TypeScript program (.js, .mjs, .cjs, .ts, .mts, .cts, or without an
extension), a folder of one, a Python script (.py), or - for standard input.
Without a program, standard input is the program, if it is no terminal; on a terminal there is a
prompt for JavaScript, under Python with --python or where the virtual environment has the package.
add installs packages, by npm and by the Python interpreter's pip; types writes what one
language's modules are to the other: TypeScript declarations, and Python stubs.
trace runs a program and shows what its event loop did, top what that of a running process is at;
twinloop trace --help and twinloop top --help have more.
APP is a JavaScript module whose default export is a handler ({ fetch }, a function, or an app of
Express, Koa, Fastify or Hono), or a Python application (module:name); twinloop serve --help has more.

Options:
  -e, --eval CODE                   run CODE as JavaScript
  -p, --print CODE                  the same, and print its value
      --check                       look at the syntax of FILE, and do not run it
  -i, --interactive                 a prompt, also if standard input is no terminal
  -m MODULE                         run a Python module, as python -m does
  -c PYTHON                         run a line of Python, as python -c does
  -r, --require MODULE              load a module first, by require (repeatable)
      --import MODULE               the same by import (repeatable)
      --import-map FILE             what names in imports mean, as in browsers
  -C, --conditions NAME             a condition for the exports of packages (repeatable)
      --env-file FILE               environment variables from FILE (repeatable)
      --env-file-if-exists FILE     the same, if there is such a file
      --input-type TYPE             what CODE or standard input is: module, commonjs,
                                    module-typescript or commonjs-typescript
      --watch                       run the program again when it, or what it imports, changes;
                                    --watch-preserve-output keeps the screen, and
                                    --watch-kill-signal NAME says how it is asked to end; with
                                    test, the files of tests that a change touches
      --watch-path PATH             the same when something at PATH does (repeatable)
      --test                        as test; --test-only, --test-name-pattern PATTERN,
                                    --test-reporter NAME and Node's others with it
      --connect-to HOST:PORT:ADDR:PORT
                                    connect to ADDR:PORT where a program names HOST:PORT;
                                    an empty field matches or keeps anything (repeatable)
      --ca-file FILE                trust the certificates in FILE (also SSL_CERT_FILE)
      --location URL                the program's address: `location`, and what relative URLs are
                                    relative to
      --localstorage-file FILE      keep localStorage in FILE; otherwise it ends with the program
      --python PATH                 the Python interpreter for Python programs; otherwise
                                    $VIRTUAL_ENV, the nearest .venv above FILE (for -m and
                                    -c the working directory), or python3
      --permission                  limit a JavaScript program to what these grant:
        --allow-read[=PATHS] --allow-write[=PATHS] (also Node's --allow-fs-read, --allow-fs-write),
        --allow-net[=HOSTS] --allow-run[=PROGRAMS] (--allow-child-process) --allow-worker
        --allow-env[=NAMES], or all but what --deny-read, -write, -net, -run, -env name
  -h, --help                        print this
  -V, -v, --version                 print the version

Other options of Node are taken as Node takes them (--no-warnings, --title, --expose-gc,
--unhandled-rejections, --stack-trace-limit, --max-old-space-size ...), also in $NODE_OPTIONS;
those that concern what is not here do nothing.
";

/// What is wrong with the command line, and the exit status for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UsageError {
    pub(crate) message: String,
    pub(crate) status: u8,
}

impl UsageError {
    /// In Node's words, with its status.
    pub(crate) fn node(message: String) -> UsageError {
        UsageError { message, status: 9 }
    }
}

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) action: Action,
    /// `--connect-to` rules, in order.
    pub(crate) connect_to: Vec<String>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) location: Option<String>,
    pub(crate) localstorage_file: Option<PathBuf>,
    pub(crate) python: Option<PathBuf>,
    /// Node's options by name with their values, those of NODE_OPTIONS first.
    pub(crate) options: Vec<(String, String)>,
    /// The options as they were written: `process.execArgv`.
    pub(crate) written: Vec<String>,
    /// What the program sees as its own arguments.
    pub(crate) rest: Vec<OsString>,
    /// The whole command line without what is said to `--watch`.
    pub(crate) unwatched: Vec<OsString>,
}

impl Arguments {
    /// The last value of an option.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let found = self.options.iter().rev().find(|(each, _)| each == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All values of an option, in order.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.options.iter().filter(move |(each, _)| each == name);
        named.map(|(_, value)| value.as_str())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }
}

/// The one thing to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Action {
    /// A prompt, or what standard input says.
    #[default]
    Input,
    /// A server for what the rest names.
    Serve,
    Help,
    Version,
    /// `--v8-options`, which launchers ask for to tell a runtime's options from a program's.
    EngineOptions,
    Eval {
        code: String,
        prints: bool,
    },
    /// A look at the syntax; of standard input without a file.
    Check(Option<PathBuf>),
    Test,
    /// The program that the rest names, traced; the options that stood before.
    Trace(Vec<OsString>),
    /// A look at the process that the rest names.
    Top,
    /// A command that the Python package has.
    OfPackage(&'static str),
    /// A Python program that is no file: the interpreter's option for it, and its value.
    Python(&'static str, OsString),
    File(PathBuf),
}

/// The words that are not read yet.
struct Words(VecDeque<OsString>);

impl Words {
    /// The value of an option: what stands behind `=`, or the next word.
    fn value(&mut self, written: &str, given: Option<&str>) -> Result<String, UsageError> {
        let missing = || UsageError::node(format!("{written} requires an argument"));
        match given {
            Some("") => Err(missing()),
            Some(given) => Ok(given.to_owned()),
            None => self
                .next_text()
                .filter(|next| !next.starts_with('-') || next == "-")
                .ok_or_else(missing),
        }
    }

    /// The same for code and paths, which may begin with a dash.
    fn any_value(&mut self, written: &str, given: Option<&str>) -> Result<OsString, UsageError> {
        match given {
            Some(given) => Ok(given.into()),
            None => self
                .0
                .pop_front()
                .ok_or_else(|| UsageError::node(format!("{written} requires an argument"))),
        }
    }

    fn next_text(&mut self) -> Option<String> {
        let word = self.0.pop_front()?;
        Some(word.to_string_lossy().into_owned())
    }
}

/// What the Python package does, in the interpreter for which it is asked.
const COMMANDS_OF_PACKAGE: [&str; 2] = ["add", "types"];

/// Parses the process's arguments; `environment` is NODE_OPTIONS.
///
/// # Errors
/// Names the option or value that is wrong.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment: Option<&str>,
) -> Result<Arguments, UsageError> {
    let mut parsed = Arguments {
        options: environment.map_or_else(|| Ok(Vec::new()), options::of_environment)?,
        ..Arguments::default()
    };
    let all: Vec<OsString> = arguments.into_iter().collect();
    let mut words = Words(all.iter().cloned().collect());
    // Where in `all` an option of watching stands, with its value.
    let mut watching = Vec::new();
    let mut python = None;
    let mut code: Option<String> = None;
    let mut prints = false;
    let mut checks = false;
    let mut tests = false;
    while let Some(word) = words.0.pop_front() {
        let text = word.to_string_lossy().into_owned();
        if text == "--" {
            break;
        }
        if !text.starts_with('-') || text == "-" {
            if text == "serve" && code.is_none() && !tests && !checks {
                let place = all.len() - words.0.len() - 1;
                return Ok(serving(parsed, words, &all, place, watching));
            }
            if text == "top" && code.is_none() && !tests && !checks {
                parsed.action = Action::Top;
                parsed.rest = words.0.into();
                return Ok(parsed);
            }
            if text == "trace" && code.is_none() && !tests && !checks {
                let place = all.len() - words.0.len() - 1;
                parsed.action = Action::Trace(all[..place].to_vec());
                parsed.rest = words.0.into();
                return Ok(parsed);
            }
            let of_package = COMMANDS_OF_PACKAGE.iter().find(|name| **name == text);
            if let Some(name) = of_package
                && code.is_none()
                && !tests
                && !checks
            {
                parsed.action = Action::OfPackage(name);
                parsed.rest = words.0.into();
                return Ok(parsed);
            }
            if text == "test" && code.is_none() && !tests && !checks {
                tests = true;
                parsed.options.push(("--test".to_owned(), String::new()));
                continue;
            }
            words.0.push_front(word);
            break;
        }
        let (name, given) = match text.split_once('=') {
            Some((name, value)) if text.starts_with("--") => (name.to_owned(), Some(value)),
            _ => (text.clone(), None),
        };
        let before = words.0.len();
        match name.as_str() {
            "-h" | "--help" => parsed.action = Action::Help,
            "-V" | "-v" | "--version" => parsed.action = Action::Version,
            "--v8-options" => parsed.action = Action::EngineOptions,
            "--connect-to" => parsed
                .connect_to
                .push(lossy(words.any_value(&name, given)?)),
            "--ca-file" => parsed.ca_file = Some(words.any_value(&name, given)?.into()),
            "--location" => parsed.location = Some(lossy(words.any_value(&name, given)?)),
            "--localstorage-file" => {
                parsed.localstorage_file = Some(words.any_value(&name, given)?.into());
            }
            "--python" => parsed.python = Some(words.any_value(&name, given)?.into()),
            "-e" | "--eval" => code = Some(lossy(words.any_value(&text, given)?)),
            "-p" | "-pe" | "--print" => {
                prints = true;
                // `-p` may stand before `-e CODE`.
                if name == "-pe" || given.is_some() || !next_is_eval(&words) {
                    code = Some(lossy(words.any_value(&text, given)?));
                }
            }
            "--check" => checks = true,
            "-i" => parsed
                .options
                .push(("--interactive".to_owned(), String::new())),
            "-r" => {
                let value = words.value(&text, given)?;
                parsed.options.push(("--require".to_owned(), value));
            }
            "-C" => {
                let value = words.value(&text, given)?;
                parsed.options.push(("--conditions".to_owned(), value));
            }
            _ if name == "-m" || (name.starts_with("-m") && !name.starts_with("--")) => {
                python = Some(Action::Python("-m", attached(&mut words, &name, "-m")?));
                break;
            }
            _ if name.starts_with("-c") => {
                python = Some(Action::Python("-c", attached(&mut words, &text, "-c")?));
                break;
            }
            _ if name.starts_with("--") => {
                let name = options::canonical(&name);
                let bad = || UsageError::node(format!("bad option: {text}"));
                options::require_there(&name)?;
                let value = match options::form(&name).ok_or_else(bad)? {
                    Form::Value => words.value(&text, given)?,
                    Form::Switch | Form::MaybeValue => given.unwrap_or_default().to_owned(),
                };
                options::check_value(&name, &value)?;
                if name == "--test" {
                    tests = true;
                }
                parsed.options.push((name, value));
            }
            _ => return Err(UsageError::node(format!("bad option: {text}"))),
        }
        if name.starts_with("--watch") {
            watching.extend(all.len() - before - 1..all.len() - words.0.len());
        }
        if matches!(
            parsed.action,
            Action::Help | Action::Version | Action::EngineOptions
        ) {
            return Ok(parsed);
        }
        if !matches!(
            name.as_str(),
            "--connect-to" | "--ca-file" | "--location" | "--localstorage-file" | "--python"
        ) {
            parsed.written.push(text.clone());
            // A value that was a word of its own.
            if words.0.len() < before
                && let Some(value) = last_value(&parsed, code.as_deref(), &name)
            {
                parsed.written.push(value);
            }
        }
    }
    let kept = all.iter().enumerate();
    let kept = kept.filter(|(place, _)| !watching.contains(place));
    parsed.unwatched = kept.map(|(_, word)| word.clone()).collect();
    if let Some(python) = python {
        parsed.action = python;
        parsed.rest = words.0.into();
        return Ok(parsed);
    }
    parsed.action = action(&mut parsed, words, code, prints, checks, tests)?;
    Ok(parsed)
}

/// `serve`: what follows is for the server, but for `--watch`, which concerns who starts it.
fn serving(
    mut parsed: Arguments,
    words: Words,
    all: &[OsString],
    place: usize,
    mut watching: Vec<usize>,
) -> Arguments {
    for (index, word) in words.0.into_iter().enumerate() {
        if word == "--watch" {
            parsed.options.push(("--watch".to_owned(), String::new()));
            watching.push(place + 1 + index);
        } else {
            parsed.rest.push(word);
        }
    }
    let kept = all.iter().enumerate();
    let kept = kept.filter(|(place, _)| !watching.contains(place));
    parsed.unwatched = kept.map(|(_, word)| word.clone()).collect();
    parsed.action = Action::Serve;
    parsed
}

fn lossy(word: OsString) -> String {
    word.to_string_lossy().into_owned()
}

/// What stands in `-cCODE`, or the word after `-c`.
fn attached(words: &mut Words, text: &str, option: &str) -> Result<OsString, UsageError> {
    let given = text.strip_prefix(option).filter(|rest| !rest.is_empty());
    words.any_value(option, given)
}

fn next_is_eval(words: &Words) -> bool {
    let next = words.0.front().map(|word| word.to_string_lossy());
    next.is_some_and(|word| {
        word == "-e"
            || word == "--eval"
            || word.starts_with("--eval=")
            || options::form(word.split('=').next().unwrap_or_default()).is_some()
    })
}

/// The value that the last option was given.
fn last_value(parsed: &Arguments, code: Option<&str>, name: &str) -> Option<String> {
    match name {
        "-e" | "--eval" | "-p" | "-pe" | "--print" => code.map(str::to_owned),
        _ => parsed.options.last().map(|(_, value)| value.clone()),
    }
}

fn action(
    parsed: &mut Arguments,
    mut words: Words,
    code: Option<String>,
    prints: bool,
    checks: bool,
    tests: bool,
) -> Result<Action, UsageError> {
    let clash = |option: &str, other: &str| {
        UsageError::node(format!("either {option} or {other} can be used, not both"))
    };
    if checks && (code.is_some() || prints) {
        return Err(clash("--check", "--eval"));
    }
    if tests {
        let other = match (&code, checks) {
            (Some(_), _) => Some("--eval"),
            (None, true) => Some("--check"),
            _ => parsed.has("--interactive").then_some("--interactive"),
        };
        if let Some(other) = other {
            return Err(clash("--test", other));
        }
        parsed.rest = words.0.into();
        return Ok(Action::Test);
    }
    if let Some(code) = code {
        parsed.rest = words.0.into();
        return Ok(Action::Eval { code, prints });
    }
    let file = words.0.pop_front();
    parsed.rest = words.0.into();
    let file = file.filter(|file| file != "-").map(PathBuf::from);
    Ok(match file {
        file if checks => Action::Check(file),
        Some(file) => Action::File(file),
        None => Action::Input,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(words: &[&str]) -> Result<Arguments, UsageError> {
        parse(words.iter().map(OsString::from), None)
    }

    #[test]
    fn what_follows_the_program_belongs_to_it() {
        let parsed = parse_words(&["--ca-file", "ca.pem", "app.js", "--help", "-e", "x"]).unwrap();
        assert_eq!(parsed.action, Action::File("app.js".into()));
        assert_eq!(parsed.rest, ["--help", "-e", "x"]);
        assert_eq!(parsed.ca_file, Some(PathBuf::from("ca.pem")));
        let parsed = parse_words(&["-e", "1", "--", "--help"]).unwrap();
        assert_eq!(parsed.rest, ["--help"]);
    }

    #[test]
    fn a_python_module_and_a_line_of_python_are_programs_too() {
        let parsed = parse_words(&["--python", "p", "-m", "uvicorn", "-m", "app:app"]).unwrap();
        assert_eq!(parsed.action, Action::Python("-m", "uvicorn".into()));
        assert_eq!(parsed.rest, ["-m", "app:app"]);
        let parsed = parse_words(&["-cprint(1)", "--help"]).unwrap();
        assert_eq!(parsed.action, Action::Python("-c", "print(1)".into()));
        assert_eq!(parsed.rest, ["--help"]);
        assert!(parse_words(&["-m"]).is_err());
    }

    #[test]
    fn rules_repeat_and_keep_their_order() {
        let parsed =
            parse_words(&["--connect-to", "a:1:b:2", "--connect-to=::c:3", "-e", "1"]).unwrap();
        assert_eq!(parsed.connect_to, ["a:1:b:2", "::c:3"]);
        assert!(matches!(parsed.action, Action::Eval { code, prints: false } if code == "1"));
    }

    #[test]
    fn options_of_node_are_kept_as_they_were_written() {
        let words = [
            "--no-warnings",
            "-r",
            "./a.js",
            "--title=x",
            "-p",
            "1 + 1",
            "y",
        ];
        let parsed = parse_words(&words).unwrap();
        assert_eq!(parsed.written, words[..6]);
        assert_eq!(parsed.value("--require"), Some("./a.js"));
        assert!(matches!(parsed.action, Action::Eval { prints: true, .. }));
        let parsed = parse_words(&["-p", "-e", "1"]).unwrap();
        assert!(matches!(parsed.action, Action::Eval { code, prints: true } if code == "1"));
    }

    #[test]
    fn an_unknown_option_is_named() {
        let error = parse_words(&["--frobnicate", "app.js"]).unwrap_err();
        assert!(error.message.contains("--frobnicate"), "{error:?}");
        assert_eq!(error.status, 9);
        assert!(parse_words(&["--check", "-e", "1"]).is_err());
    }

    #[test]
    fn a_watched_program_is_started_without_the_options_of_watching() {
        let words = [
            "--watch",
            "--watch-path",
            "src",
            "--python",
            "p",
            "--no-warnings",
            "app.py",
            "--watch",
        ];
        let parsed = parse_words(&words).unwrap();
        assert_eq!(parsed.unwatched, words[3..]);
        assert!(parsed.has("--watch"));
        let parsed = parse_words(&["--watch", "-r", "a", "-m", "m", "x"]).unwrap();
        assert_eq!(parsed.unwatched, ["-r", "a", "-m", "m", "x"]);
        let parsed = parse_words(&["--watch", "--", "-x.js"]).unwrap();
        assert_eq!(parsed.unwatched, ["--", "-x.js"]);
    }

    #[test]
    fn what_follows_serve_is_the_servers() {
        let parsed =
            parse_words(&["--no-warnings", "serve", "app.js", "--watch", "--port", "0"]).unwrap();
        assert_eq!(parsed.action, Action::Serve);
        assert_eq!(parsed.rest, ["app.js", "--port", "0"]);
        assert!(parsed.has("--watch"));
        let unwatched = ["--no-warnings", "serve", "app.js", "--port", "0"];
        assert_eq!(parsed.unwatched, unwatched);
    }

    #[test]
    fn what_follows_add_and_types_is_pythons() {
        let parsed = parse_words(&["--python", "p", "add", "npm:left-pad", "-x"]).unwrap();
        assert_eq!(parsed.action, Action::OfPackage("add"));
        assert_eq!(parsed.rest, ["npm:left-pad", "-x"]);
        let parsed = parse_words(&["types", "python:json"]).unwrap();
        assert_eq!(parsed.action, Action::OfPackage("types"));
        let parsed = parse_words(&["./add", "npm:left-pad"]).unwrap();
        assert_eq!(parsed.action, Action::File("./add".into()));
    }

    #[test]
    fn what_follows_trace_is_a_command_line_of_its_own() {
        let parsed = parse_words(&["--python", "p", "trace", "-o", "x.json", "app.py"]).unwrap();
        let before = ["--python", "p"].map(OsString::from).to_vec();
        assert_eq!(parsed.action, Action::Trace(before));
        assert_eq!(parsed.rest, ["-o", "x.json", "app.py"]);
    }

    #[test]
    fn tests_have_files_and_options() {
        let parsed = parse_words(&["test", "--test-only", "a.js", "b.js"]).unwrap();
        assert_eq!(parsed.action, Action::Test);
        assert_eq!(parsed.rest, ["a.js", "b.js"]);
        assert!(parsed.has("--test-only"));
    }
}
