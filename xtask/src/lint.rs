//! `cargo xtask lint`: formatting, clippy, ruff, mypy, Biome, tsc, and the structure that `structure.rs` describes.

use std::process::Command;

use anyhow::{Result, bail};

use crate::python::Venv;
use crate::terminal::step;
use crate::{Arguments, cargo, disk, javascript, paths, process, structure, system};

const HELP: &str = "\
cargo xtask lint [--fix]

  structure   which crate may depend on which, a header in each Rust file, unsafe code only where it belongs, and that every
              decision of docs/design says when to look at it again
  rustfmt     default settings
  clippy      the workspace's lints, warnings are errors
  next python that the native half compiles for 3.14, which is not supported yet
  ruff        lint and format of the Python code
  mypy        strict, on what users of the package see
  biome       lint and format of the JavaScript
  tsc         strict, on the types of the built-in JavaScript

  --fix   format, and let ruff mend what it can
";

/// The version of Python after the newest supported one.
const NEXT_PYTHON: &str = "3.14";

/// The folders with Python code.
const PYTHON: [&str; 5] = ["python", "tests", "bench", "packaging", "xtask/conformance"];

pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    match arguments.next()? {
        None => lint(),
        Some(lexopt::Arg::Long("fix")) => fix(),
        Some(lexopt::Arg::Long("help") | lexopt::Arg::Short('h')) => {
            print!("{HELP}");
            Ok(())
        }
        Some(other) => Err(other.unexpected().into()),
    }
}

/// Runs every linter, then fails if one of them found something.
pub(crate) fn lint() -> Result<()> {
    system::provide(&system::BUILD)?;
    let venv = Venv::default()?;
    venv.provide("lint.txt")?;
    let mut failed = Vec::new();
    let mut check = |name: &'static str, outcome: Result<()>| {
        if let Err(error) = outcome {
            eprintln!("{error:#}");
            failed.push(name);
        }
    };
    step("structure");
    check("structure", structure::check());
    step("rustfmt");
    check("rustfmt", rustfmt(&["--check"]));
    step("clippy");
    check("clippy", clippy());
    step(&format!("next python, {NEXT_PYTHON}"));
    check("next python", next_python());
    step("ruff");
    check(
        "ruff",
        ruff(&venv, &["check"]).and_then(|()| ruff(&venv, &["format", "--check"])),
    );
    step("mypy");
    check(
        "mypy",
        process::run(Command::new(venv.program("mypy")).current_dir(paths::root())),
    );
    step("biome");
    check(
        "biome",
        javascript::biome(&["lint", "--error-on-warnings"])
            .and_then(|()| javascript::biome(&["format"])),
    );
    step("tsc");
    check("tsc", javascript::types());
    if !failed.is_empty() {
        bail!("not clean: {}", failed.join(", "));
    }
    Ok(())
}

fn fix() -> Result<()> {
    let venv = Venv::default()?;
    venv.provide("lint.txt")?;
    rustfmt(&[])?;
    ruff(&venv, &["check", "--fix"])?;
    ruff(&venv, &["format"])?;
    javascript::biome(&["format", "--write"])
}

/// Formats the workspace, and the fuzzer's targets, which are one of their own.
fn rustfmt(words: &[&str]) -> Result<()> {
    for folder in [paths::root().to_owned(), paths::root().join("fuzz")] {
        let mut command = Command::new("cargo");
        command.args(["fmt", "--all"]).args(words);
        process::run(command.current_dir(folder))?;
    }
    Ok(())
}

fn clippy() -> Result<()> {
    let mut command = cargo::cargo("clippy")?;
    command.args([
        "--workspace",
        "--all-targets",
        "--features=xtask/bench",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]);
    process::run(&mut command)
}

/// Compiles what calls CPython for the version that comes after the supported ones; needs no interpreter of it.
fn next_python() -> Result<()> {
    let target = paths::target().join("next-python");
    std::fs::create_dir_all(&target)?;
    let configuration = target.join("pyo3.txt");
    let text = format!("implementation=CPython\nversion={NEXT_PYTHON}\nshared=true\n");
    std::fs::write(&configuration, text)?;
    let mut command = cargo::cargo("check")?;
    command
        .args(["--quiet", "--package", "twinloop-py"])
        .env("CARGO_TARGET_DIR", &target)
        .env("PYO3_CONFIG_FILE", &configuration);
    let outcome = process::run(&mut command);
    disk::give_back(&target);
    outcome
}

fn ruff(venv: &Venv, words: &[&str]) -> Result<()> {
    let mut command = Command::new(venv.program("ruff"));
    command.args(words).args(
        PYTHON
            .iter()
            .filter(|folder| paths::root().join(folder).is_dir()),
    );
    process::run(command.current_dir(paths::root()))
}
