//! `cargo xtask COMMAND`: every chore of this repository, the same for a person and for CI.
//!
//! One file a command; `--help` of each says what it does. This crate knows the repository's layout and runs programs; it
//! links none of the product, so that it compiles in seconds on a machine that has nothing yet.

#![forbid(unsafe_code)]

mod apps;
mod bench;
mod cargo;
mod ci;
mod conformance;
mod demo;
mod disk;
mod engine;
mod examples;
mod fixtures;
mod fuzz;
mod javascript;
mod lint;
mod npm_programs;
mod packages;
mod packing;
mod paths;
mod process;
mod python;
mod roots;
mod servers;
mod setup;
mod structure;
mod system;
mod terminal;
mod test;
mod wheels;
mod zeal;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask COMMAND [OPTIONS]

  setup        install what is missing, get SpiderMonkey, make .venv with the package, build
  demo         setup, then run every kind of program against local servers and show what it printed
  test         Rust, JavaScript and Python tests and the examples; ends with a plain total
  lint         formatting, clippy, ruff, mypy and the structure of the repository
  fuzz         parsers of what comes from outside, with input that a fuzzer finds
  bench        the same work on Twinloop and its peers, with medians and ratios
  conformance  suites of other projects on Twinloop
  engine       SpiderMonkey from source, optimised by a profile of the project's own programs
  wheels       the Python package as wheels, each tried in a fresh environment
  pack         the command as packages of npm and Debian, each tried where nothing else of it is
  roots        the packages that were made, installed into fresh roots of Debian, tried there and removed
  ci           lint and test, as CI runs them

Each command takes --help.
";

/// The arguments after the command's name.
pub(crate) type Arguments = lexopt::Parser;

fn main() -> ExitCode {
    match dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{} {error:#}", terminal::red("error:"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<()> {
    let mut arguments = lexopt::Parser::from_env();
    let command = match arguments.next()? {
        Some(lexopt::Arg::Value(command)) => command.to_string_lossy().into_owned(),
        None | Some(lexopt::Arg::Long("help") | lexopt::Arg::Short('h')) => {
            print!("{HELP}");
            return Ok(());
        }
        Some(other) => return Err(other.unexpected().into()),
    };
    match command.as_str() {
        "setup" => setup::command(arguments),
        "demo" => demo::command(arguments),
        "test" => test::command(arguments),
        "lint" => lint::command(arguments),
        "fuzz" => fuzz::command(arguments),
        "bench" => bench::command(arguments),
        "conformance" => conformance::command(arguments),
        "engine" => engine::profiled::command(arguments),
        "wheels" => wheels::command(arguments),
        "pack" => packing::command(arguments),
        "roots" => roots::command(arguments),
        "ci" => ci::command(arguments),
        other => bail!("no such command: {other}; `cargo xtask --help` lists them"),
    }
}
