//! The command line: what to run, with which settings, and what is left for the program itself.
//!
//! Options stand before the program; everything after it belongs to the program, as with `node` and `python`.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Run JavaScript and Python programs on one event loop.

Usage: twinloop [OPTIONS] FILE [ARGUMENTS...]
       twinloop [OPTIONS] -e CODE [ARGUMENTS...]
       twinloop [OPTIONS] -m MODULE [ARGUMENTS...]
       twinloop [OPTIONS] -c PYTHON [ARGUMENTS...]

FILE is a JavaScript or TypeScript module (.js, .mjs, .ts, .mts) or a Python script (.py).

Options:
  -e, --eval CODE                   run CODE as a JavaScript module
  -m MODULE                         run a Python module, as python -m does
  -c PYTHON                         run a line of Python, as python -c does
      --connect-to HOST:PORT:ADDR:PORT
                                    connect to ADDR:PORT where a program names HOST:PORT;
                                    an empty field matches or keeps anything (repeatable)
      --ca-file FILE                trust the certificates in FILE (also SSL_CERT_FILE)
      --python PATH                 the Python interpreter for Python programs; otherwise
                                    $VIRTUAL_ENV, the nearest .venv above FILE (for -m and
                                    -c the working directory), or python3
  -h, --help                        print this
  -V, --version                     print the version
";

/// What the user asked for.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) action: Action,
    /// `--connect-to` rules, in order.
    pub(crate) connect_to: Vec<String>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) python: Option<PathBuf>,
    /// What the program sees as its own arguments.
    pub(crate) rest: Vec<OsString>,
}

/// The one thing to do.
#[derive(Debug, Default)]
pub(crate) enum Action {
    #[default]
    Help,
    Version,
    Eval(String),
    /// A Python program that is no file: the interpreter's option for it, and its value.
    Python(&'static str, OsString),
    File(PathBuf),
}

/// Parses the process's arguments.
///
/// # Errors
/// Names the option or value that is wrong.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Arguments, lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut parsed = Arguments::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Arguments::default()),
            Short('V') | Long("version") => {
                parsed.action = Action::Version;
                return Ok(parsed);
            }
            Long("connect-to") => parsed.connect_to.push(parser.value()?.string()?),
            Long("ca-file") => parsed.ca_file = Some(parser.value()?.into()),
            Long("python") => parsed.python = Some(parser.value()?.into()),
            Short('e') | Long("eval") => {
                parsed.action = Action::Eval(parser.value()?.string()?);
                parsed.rest = parser.raw_args()?.collect();
                return Ok(parsed);
            }
            Short('m') => {
                parsed.action = Action::Python("-m", parser.value()?);
                parsed.rest = parser.raw_args()?.collect();
                return Ok(parsed);
            }
            Short('c') => {
                parsed.action = Action::Python("-c", parser.value()?);
                parsed.rest = parser.raw_args()?.collect();
                return Ok(parsed);
            }
            Value(file) => {
                parsed.action = Action::File(file.into());
                parsed.rest = parser.raw_args()?.collect();
                return Ok(parsed);
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(words: &[&str]) -> Result<Arguments, lexopt::Error> {
        parse(words.iter().map(OsString::from))
    }

    #[test]
    fn what_follows_the_program_belongs_to_it() {
        let parsed = parse_words(&["--ca-file", "ca.pem", "app.js", "--help", "-e", "x"]).unwrap();
        assert!(matches!(parsed.action, Action::File(file) if file == *"app.js"));
        assert_eq!(parsed.rest, ["--help", "-e", "x"]);
        assert_eq!(parsed.ca_file, Some(PathBuf::from("ca.pem")));
    }

    #[test]
    fn a_python_module_and_a_line_of_python_are_programs_too() {
        let parsed = parse_words(&["--python", "p", "-m", "uvicorn", "-m", "app:app"]).unwrap();
        assert!(
            matches!(parsed.action, Action::Python("-m", module) if module == *"uvicorn"),
            "not a module"
        );
        assert_eq!(parsed.rest, ["-m", "app:app"]);
        let parsed = parse_words(&["-cprint(1)", "--help"]).unwrap();
        assert!(
            matches!(parsed.action, Action::Python("-c", code) if code == *"print(1)"),
            "not a line"
        );
        assert_eq!(parsed.rest, ["--help"]);
        assert!(parse_words(&["-m"]).is_err());
    }

    #[test]
    fn rules_repeat_and_keep_their_order() {
        let parsed =
            parse_words(&["--connect-to", "a:1:b:2", "--connect-to=::c:3", "-e", "1"]).unwrap();
        assert_eq!(parsed.connect_to, ["a:1:b:2", "::c:3"]);
        assert!(matches!(parsed.action, Action::Eval(code) if code == "1"));
    }

    #[test]
    fn an_unknown_option_is_named() {
        let error = parse_words(&["--frobnicate", "app.js"]).unwrap_err();
        assert!(error.to_string().contains("--frobnicate"), "{error}");
    }
}
