//! The long tests of memory: the suites that hold JavaScript values, with the engine's debug build and a collector that runs at
//! every turn.
//!
//! A root or a barrier that is missing shows only when a collection falls between two particular lines, which a program sees once in a
//! million runs. The debug build overwrites what it frees, checks what it touches, and takes from `JS_GC_ZEAL` when to
//! collect. It has an archive and a target folder of its own (`target/debugmozjs`).

use std::time::Duration;

use anyhow::Result;

use crate::fixtures::Fixtures;
use crate::paths::{self, Profile};
use crate::python::Venv;
use crate::terminal::{note, step};
use crate::test::{Plan, Session, Tally, cargo_tally, show_line};
use crate::{cargo, process};

/// One way to collect, and what it is run on.
struct Mode {
    /// The value of `JS_GC_ZEAL`: modes, then after how many allocations.
    setting: &'static str,
    finds: &'static str,
}

/// The periods are the smallest with which the whole takes minutes and not hours.
const MODES: [Mode; 6] = [
    Mode {
        setting: "2,50",
        finds: "collects all at every 50th allocation: what no root holds is gone",
    },
    Mode {
        setting: "7,10",
        finds: "empties the nursery at every 10th allocation in it: what is not traced, or was stored without a barrier, points to where the object was",
    },
    Mode {
        setting: "14,100",
        finds: "moves everything at every 100th allocation: what is traced, but not updated, points to where the object was",
    },
    Mode {
        setting: "10,100",
        finds: "collects in many slices: what was moved between two slices without a barrier is gone",
    },
    Mode {
        setting: "4",
        finds: "compares the heap with a snapshot of it: writes without a barrier before them",
    },
    Mode {
        setting: "11;13;15",
        finds: "checks each collection: marking in slices against marking at once, hash tables with moved keys, the heap's integrity",
    },
];

/// The longest that the Rust tests may take in one mode.
const LIMIT: Duration = Duration::from_secs(3600);

/// The longest that one JavaScript file may take in one mode.
const FILE_LIMIT: Duration = Duration::from_secs(900);

/// JavaScript files that hold a hundred thousand objects at once, which each of many collections would have to mark.
const TOO_LONG: [&str; 3] = ["leaks.test.mjs", "format.test.mjs", "timers.test.mjs"];

/// Runs the suites in each mode; counts one skipped test if the engine's debug build cannot be had.
pub(crate) fn zeal(plan: &Plan) -> Result<Tally> {
    step("Collections at every turn, with the engine's debug build");
    let mut build = match cargo::with_debug_engine("build") {
        Ok(command) => command,
        Err(error) => {
            note(&format!(
                "skipped, because the engine's debug build cannot be had: {error:#}"
            ));
            return Ok(Tally::skipped());
        }
    };
    process::run(build.args(["--workspace", "--lib", "--bins"]))?;
    let built = paths::debug_engine_target().join(Profile::Dev.folder());
    let venv = Venv::default()?;
    venv.provide("test.txt")?;
    let package = paths::debug_engine_target().join("python");
    venv.copy_package(&built.join("libtwinloop_native.so"), &package)?;
    let mut session = Session {
        plan,
        fixtures: Fixtures::start(&built.join("twinloop-fixtures"), None)?,
        twinloop: built.join("twinloop"),
        environment: Vec::new(),
        file_limit: FILE_LIMIT,
    };
    let mut total = Tally::default();
    for mode in &MODES {
        step(&format!("JS_GC_ZEAL={}: {}", mode.setting, mode.finds));
        session.environment = vec![
            ("JS_GC_ZEAL", mode.setting.into()),
            ("PYTHONPATH", package.clone().into()),
        ];
        total.add(rust(plan, mode)?);
        total.add(session.javascript(|name| !TOO_LONG.iter().any(|long| name.ends_with(long)))?);
        total.add(session.pytest(&venv, &["tests/py/bridge", "tests/both"], None)?);
    }
    Ok(total)
}

/// The tests of the engine's layer and of whole programs.
fn rust(plan: &Plan, mode: &Mode) -> Result<Tally> {
    let mut command = cargo::with_debug_engine("test")?;
    command
        // The Rust face has no engine.
        .args(["--workspace", "--exclude", "twinloop"])
        .args(["--quiet", "--no-fail-fast"])
        .args(["--test", "engine", "--test", "programs"])
        .env("JS_GC_ZEAL", mode.setting);
    command.args(plan.filter());
    let finished = process::gather(&mut command, LIMIT, show_line)?;
    Ok(cargo_tally(&finished))
}
