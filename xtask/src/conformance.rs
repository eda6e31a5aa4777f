//! `cargo xtask conformance`: suites that other projects wrote, run on Twinloop.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::paths::{self, Profile};
use crate::python::Venv;
use crate::terminal::{dim, step};
use crate::{Arguments, process};

const HELP: &str = "\
cargo xtask conformance [asyncio] [--loop NAME] [--filter TEXT] [--release]

  asyncio   CPython's own tests of event loops (test.test_asyncio), bound to Twinloop's loop; one process a test, a test
            that is silent for 20 seconds is a hang. Needs an interpreter with its `test` package.

  --loop NAME     bind them to another loop: asyncio (the control) or uvloop
  --filter TEXT   only tests whose name contains TEXT
  --release       the optimised build

Prints what did not pass, then how many passed, failed, hung and were skipped. What the suites ask for and Twinloop does not
have yet is no error of this command: it reports, and fails only if it cannot run.
";

const LIMIT: Duration = Duration::from_secs(20);
/// The exit status by which the runner says that a test skipped itself.
const SKIPPED: i32 = 77;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Passed,
    Failed,
    Hung,
    Skipped,
}

pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    let (mut kind, mut filter, mut profile) = ("twinloop".to_owned(), String::new(), Profile::Dev);
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            lexopt::Arg::Long("loop") => kind = arguments.value()?.to_string_lossy().into_owned(),
            lexopt::Arg::Long("filter") => {
                filter = arguments.value()?.to_string_lossy().into_owned()
            }
            lexopt::Arg::Long("release") => profile = Profile::Release,
            lexopt::Arg::Value(suite) if suite == "asyncio" => {}
            other => return Err(other.unexpected().into()),
        }
    }
    let venv = Venv::default()?;
    if kind == "twinloop" {
        venv.install_package(profile)?;
    }
    asyncio(&venv, &kind, &filter)
}

fn asyncio(venv: &Venv, kind: &str, filter: &str) -> Result<()> {
    let script = paths::root().join("xtask/conformance/asyncio_suite.py");
    let listed = process::output(Command::new(venv.python()).arg(&script).arg("--list"))
        .context("this interpreter has no `test` package; Debian has it as libpython3-testsuite")?;
    let tests: Vec<&str> = listed
        .lines()
        .filter(|name| name.contains(filter))
        .collect();
    if tests.is_empty() {
        bail!("no test's name contains {filter}");
    }
    step(&format!("{} tests of CPython on {kind}", tests.len()));
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(BTreeMap::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(test) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = run_one(venv, &script, kind, test);
                    outcomes
                        .lock()
                        .expect("no worker panics")
                        .insert(*test, outcome);
                }
            });
        }
    });
    report(outcomes.into_inner().expect("no worker panics"))
}

/// The outcome and, for a failure, the line that says why.
fn run_one(
    venv: &Venv,
    script: &std::path::Path,
    kind: &str,
    test: &str,
) -> Result<(Outcome, String)> {
    let mut command = Command::new(venv.python());
    command.arg(script).args(["--loop", kind, test]);
    let finished = process::gather(&mut command, LIMIT, |_| {})?;
    let outcome = match finished.status.map(|status| status.code()) {
        None => Outcome::Hung,
        Some(Some(0)) => Outcome::Passed,
        Some(Some(SKIPPED)) => Outcome::Skipped,
        Some(_) => Outcome::Failed,
    };
    let is_reason = |line: &&str| line.contains("Error") || line.contains("Exception");
    let reason = finished.output.lines().rfind(is_reason).unwrap_or_default();
    Ok((outcome, reason.trim().to_owned()))
}

fn report(outcomes: BTreeMap<&str, Result<(Outcome, String)>>) -> Result<()> {
    let mut counts = BTreeMap::new();
    for (test, outcome) in outcomes {
        let (outcome, reason) = outcome?;
        *counts.entry(outcome).or_insert(0) += 1;
        match outcome {
            Outcome::Failed => println!("failed  {test} {}", dim(&reason)),
            Outcome::Hung => println!("hung    {test}"),
            Outcome::Passed | Outcome::Skipped => {}
        }
    }
    let count = |outcome| counts.get(&outcome).copied().unwrap_or(0);
    println!(
        "\n{} passed, {} failed, {} hung, {} skipped",
        count(Outcome::Passed),
        count(Outcome::Failed),
        count(Outcome::Hung),
        count(Outcome::Skipped)
    );
    Ok(())
}
