//! The programs of `examples/` and the Rust ones of `crates/twinloop/examples`: how to run each, and what it must print.
//!
//! The demo shows them and the tests assert them, so both run exactly the same.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::fixtures::Fixtures;
use crate::paths::{self, Profile};
use crate::process::{self, Finished};
use crate::python::Venv;

/// None of them should take longer; a hang ends here.
const LIMIT: Duration = Duration::from_secs(30);

/// One example.
pub(crate) struct Example {
    pub(crate) source: PathBuf,
    /// Files that it imports, to be shown with it.
    pub(crate) beside: Vec<PathBuf>,
    pub(crate) title: &'static str,
    language: Language,
    /// What it must print.
    pub(crate) expected: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    JavaScript,
    /// Runs in a Python environment: Python itself, or JavaScript that imports Python.
    Python,
    Rust,
}

const PROGRAMS: [(&str, &str, Language); 9] = [
    (
        "1-fetch-promise.js",
        "JavaScript: fetch with Promises",
        Language::JavaScript,
    ),
    (
        "2-fetch-async.js",
        "JavaScript: fetch with async and await",
        Language::JavaScript,
    ),
    (
        "3-aiohttp.py",
        "Python: aiohttp, unmodified",
        Language::Python,
    ),
    (
        "4-websocket.js",
        "JavaScript: a WebSocket",
        Language::JavaScript,
    ),
    (
        "5-aiofiles.py",
        "Python: aiofiles, unmodified",
        Language::Python,
    ),
    (
        "6-python-awaits-javascript.py",
        "Both: Python awaits JavaScript",
        Language::Python,
    ),
    (
        "6-javascript-awaits-python.mjs",
        "Both: JavaScript awaits Python",
        Language::Python,
    ),
    (
        "7-workers.mjs",
        "JavaScript: one worker and four",
        Language::JavaScript,
    ),
    (
        "8-server.mjs",
        "JavaScript: a server and its clients",
        Language::JavaScript,
    ),
];

const RUST_PROGRAMS: [(&str, &str); 5] = [
    ("fetch_then.rs", "Rust: fetch, step by step"),
    ("fetch_await.rs", "Rust: fetch with await"),
    ("client_session.rs", "Rust: a client of one's own"),
    ("websocket.rs", "Rust: a WebSocket"),
    ("read_file.rs", "Rust: a file"),
];

impl Example {
    /// Whether the Python version makes a difference to it.
    pub(crate) fn needs_python(&self) -> bool {
        self.language == Language::Python
    }

    fn name(&self) -> String {
        self.source
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }
}

/// A program of `examples/` and the file there that it imports.
const BESIDE: [(&str, &str); 2] = [
    ("6-python-awaits-javascript.py", "lib.mjs"),
    ("6-javascript-awaits-python.mjs", "greetings.py"),
];

/// The programs in JavaScript, Python and both.
pub(crate) fn programs() -> Result<Vec<Example>> {
    let folder = paths::root().join("examples");
    let load = |(file, title, language)| {
        let source = folder.join(file);
        let expected = expected_output(&source)?;
        let imported = BESIDE.iter().filter(|(program, _)| *program == file);
        let beside = imported.map(|(_, name)| folder.join(name)).collect();
        Ok(Example {
            source,
            beside,
            title,
            language,
            expected,
        })
    };
    PROGRAMS.into_iter().map(load).collect()
}

/// What cargo calls the programs in Rust.
pub(crate) fn rust_names() -> Vec<&'static str> {
    let names = RUST_PROGRAMS.iter();
    names
        .map(|(file, _)| file.trim_end_matches(".rs"))
        .collect()
}

/// The programs in Rust.
pub(crate) fn rust_programs() -> Result<Vec<Example>> {
    let folder = paths::root().join("crates/twinloop/examples");
    let load = |(file, title)| {
        let source = folder.join(file);
        let expected = expected_output(&source)?;
        Ok(Example {
            source,
            beside: Vec::new(),
            title,
            language: Language::Rust,
            expected,
        })
    };
    RUST_PROGRAMS.into_iter().map(load).collect()
}

fn expected_output(source: &Path) -> Result<String> {
    let name = source
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let language = if source
        .extension()
        .is_some_and(|extension| extension == "rs")
    {
        "rust-"
    } else {
        ""
    };
    let file = paths::root()
        .join("examples/expected")
        .join(format!("{language}{name}.txt"));
    std::fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))
}

/// Runs examples with built programs against running servers.
pub(crate) struct Runner<'a> {
    pub(crate) twinloop: &'a Path,
    pub(crate) fixtures: &'a Fixtures,
    pub(crate) venv: &'a Venv,
    pub(crate) profile: Profile,
}

impl Runner<'_> {
    pub(crate) fn run(&self, example: &Example) -> Result<Finished> {
        let mut command = match example.language {
            Language::Rust => self.rust(example),
            Language::JavaScript | Language::Python => self.twinloop(example),
        };
        command
            .current_dir(paths::root().join("examples"))
            .env("NO_COLOR", "1");
        process::gather(&mut command, LIMIT, |_| {})
    }

    fn twinloop(&self, example: &Example) -> Command {
        let mut command = Command::new(self.twinloop);
        command
            .arg("--ca-file")
            .arg(self.fixtures.text("ca_file"))
            .args(self.fixtures.redirections());
        command.arg("--python").arg(self.venv.python());
        command.arg(&example.source);
        command
    }

    fn rust(&self, example: &Example) -> Command {
        let mut command = Command::new(self.profile.artifact("examples").join(example.name()));
        command.env("SSL_CERT_FILE", self.fixtures.text("ca_file"));
        command.env("TWINLOOP_CONNECT_TO", self.fixtures.targets().join(","));
        command
    }
}

/// Why an example is not as it should be, or `None`.
pub(crate) fn fault(example: &Example, finished: &Finished) -> Option<String> {
    if !finished.success() {
        return Some(finished.how());
    }
    (finished.output != example.expected)
        .then(|| format!("it should have printed:\n{}", example.expected.trim_end()))
}
