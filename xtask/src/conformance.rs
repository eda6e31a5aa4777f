//! `cargo xtask conformance`: suites that other projects wrote, run on Twinloop.
//!
//! This builds the package for the interpreters and hands over to `xtask/conformance`, which is Python because the suites are: it
//! makes their environments, runs them, compares with `tests/conformance/*.toml` and prints the table.

use std::process::Command;

use anyhow::{Result, bail};

use crate::paths::{self, Profile};
use crate::python::Venv;
use crate::terminal::{note, step};
use crate::{Arguments, cargo, process};

const HELP: &str = "\
cargo xtask conformance [SUITE...] [--python VERSION]... [--loop NAME]... [--filter TEXT] [--release] [--once] [--json FILE]

  asyncio     CPython's own tests of event loops (test.test_asyncio), bound to the loop, on every supported version that is
              there; needs an interpreter with its `test` package
  stdlib      CPython's tests of what is built on a loop: TLS, streams, tasks, runners
  uvloop, aiohttp, websockets, anyio, tornado, uvicorn, uvicorn-served, hypercorn, starlette, fastapi, fastapi-served,
  aiofiles, asyncpg, aioquic
              the package's own tests from its source package on PyPI, on the default Python; asyncpg needs PostgreSQL

  --python VERSION   run on 3.11, 3.12 or 3.13 (repeatable; `all` for each that is there)
  --loop NAME        run on another loop: asyncio (the control), uvloop or rloop (repeatable)
  --filter TEXT      only tests whose name contains TEXT
  --release          the optimised build
  --once             no second try for what failed
  --json FILE        write the counts there

  wpt [FOLDER...] [--dir CHECKOUT] [--filter TEXT] [--jobs N] [--show N] [--release] [--json FILE]
              web-platform-tests that need no browser, against the suite's own server; needs Linux's namespaces (root, or those of
              users). --show prints N failures of each file
  node [GROUP...] [--dir CHECKOUT] [--filter TEXT] [--jobs N] [--release] [--json FILE]
              Node's own tests on the command, a table of its groups; `--json` writes how each file ended and what it printed.
              --dir takes a checkout of denoland/node_test instead of fetching the pinned one
  autobahn [server] [client] [--filter CASES] [--release] [--json FILE]
              Autobahn's cases of WebSocket, against `twinloop.serve` and the global WebSocket; needs Python 2.7
  h2spec [tls] [plain] [node] [--dir PROGRAM] [--release] [--json FILE]
              h2spec's cases of HTTP/2, strict ones too, against `twinloop.serve` by TLS and without, and `node:http2`; needs h2spec
              on PATH or as PROGRAM, or Go, which builds it

Without a suite, all of them: about an hour. A test that is silent too long has hung. What does not pass is tried once more on its own.
tests/conformance/SUITE.toml lists what may fail and why; it is an error if Twinloop fails anything else, passes
something that is listed, or if no loop of its type ran.
";

/// Suites in which no Python of ours is, and the scripts that run them.
const OF_THE_COMMAND: [(&str, &str); 4] = [
    ("autobahn", "autobahn.py"),
    ("h2spec", "h2spec.py"),
    ("node", "node.py"),
    ("wpt", "wpt.py"),
];

pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    let mut words = arguments.raw_args()?;
    for (suite, script) in OF_THE_COMMAND {
        if words.next_if(|word| word == suite).is_some() {
            return of_the_command(script, Arguments::from_args(words));
        }
    }
    let mut arguments = Arguments::from_args(words);
    let mut runner = runner()?;
    let (mut versions, mut suites, mut profile) = (Vec::new(), Vec::new(), Profile::Dev);
    let mut needs_package = true;
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            lexopt::Arg::Long("python") => {
                versions.push(arguments.value()?.to_string_lossy().into_owned());
            }
            lexopt::Arg::Long("loop") => {
                let name = arguments.value()?;
                needs_package = name == "twinloop";
                runner.arg("--loop").arg(name);
            }
            lexopt::Arg::Long(name @ ("filter" | "json")) => {
                let name = format!("--{name}");
                runner.arg(name).arg(arguments.value()?);
            }
            lexopt::Arg::Long("once") => {
                runner.arg("--once");
            }
            lexopt::Arg::Long("release") => profile = Profile::Release,
            lexopt::Arg::Value(suite) => suites.push(suite),
            other => return Err(other.unexpected().into()),
        }
    }
    for venv in chosen(&versions)? {
        let version = venv.interpreter.version();
        if needs_package {
            step(&format!("the package for Python {version}"));
            venv.install_package(profile)?;
        }
        let program = venv.interpreter.program.display();
        runner.arg(format!("--interpreter={version}={program}"));
    }
    if versions.is_empty() {
        // What comes with the interpreter runs on each; what pip brings runs on one unless more are named.
        runner.arg("--packages-on-first");
    }
    process::run(runner.args(suites))
}

/// Runs such a suite on the command.
fn of_the_command(script: &str, mut arguments: Arguments) -> Result<()> {
    let mut runner = Command::new(Venv::default()?.interpreter.program);
    runner.arg(paths::root().join("xtask/conformance").join(script));
    let mut profile = Profile::Dev;
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("release") => profile = Profile::Release,
            lexopt::Arg::Long(name @ ("dir" | "filter" | "jobs" | "json" | "show")) => {
                let name = format!("--{name}");
                runner.arg(name).arg(arguments.value()?);
            }
            lexopt::Arg::Value(group) => {
                runner.arg(group);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    process::run(&mut cargo::products(profile)?)?;
    runner.arg("--command").arg(profile.artifact("twinloop"));
    process::run(&mut runner)
}

/// The suite that takes half a minute and needs nothing from elsewhere, on the default Python; part of CI.
pub(crate) fn quick() -> Result<()> {
    let venv = Venv::default()?;
    let program = &venv.interpreter.program;
    if !process::succeeds(Command::new(program).args(["-c", "import test.test_asyncio.utils"])) {
        note("CPython's tests of asyncio are left out: this interpreter has no package `test`");
        return Ok(());
    }
    step("CPython's tests of event loops");
    venv.install_package(Profile::Dev)?;
    let version = venv.interpreter.version();
    let interpreter = format!("--interpreter={version}={}", program.display());
    process::run(runner()?.arg("asyncio").arg(interpreter))
}

/// The program that runs the suites; it needs Python 3.11 itself.
fn runner() -> Result<Command> {
    let mut command = Command::new(Venv::default()?.interpreter.program);
    command.arg(paths::root().join("xtask/conformance"));
    Ok(command)
}

/// The environments of the versions that were named, or of all.
fn chosen(versions: &[String]) -> Result<Vec<Venv>> {
    let mut all = Venv::all()?;
    if versions.is_empty() || versions.iter().any(|version| version == "all") {
        return Ok(all);
    }
    if let Some(missing) = versions.iter().find(|version| {
        !all.iter()
            .any(|venv| venv.interpreter.version() == **version)
    }) {
        bail!("no CPython {missing} is here");
    }
    all.retain(|venv| versions.contains(&venv.interpreter.version()));
    Ok(all)
}
