//! The group `trace`: the same programs of both languages as they are and with `TWINLOOP_TRACE`, which is what `twinloop trace` gives them.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::report::Report;
use super::table::{SUBJECT, Unit};
use super::{CLIENT_CORE, Plan, in_turn, json_of, pinned, program};
use crate::paths::Profile;
use crate::python::Venv;

const TRACED: &str = "traced";

pub(crate) fn trace(plan: &Plan, report: &mut Report) -> Result<()> {
    let venv = Venv::named("venv-bench", plan.python.as_deref())?;
    venv.place_package(Profile::Release)?;
    let programs = [
        (Profile::Release.artifact("twinloop"), "trace.mjs"),
        (venv.python(), "trace.py"),
    ];
    for (runner, file) in programs {
        for round in 0..plan.rounds(5) {
            for name in in_turn(&[SUBJECT, TRACED], round).copied() {
                let mut command = pinned(CLIENT_CORE, &runner);
                command.arg(program(file)).arg(plan.seconds.to_string());
                let folder = folder();
                if name == TRACED {
                    std::fs::create_dir_all(&folder)?;
                    command.env("TWINLOOP_TRACE", &folder);
                }
                let results = json_of(&mut command, Duration::from_secs(120));
                let _ = std::fs::remove_dir_all(&folder);
                match results {
                    Ok(results) => {
                        report.add_printed(plan, "trace", name, Unit::Nanoseconds, &results);
                    }
                    Err(error) => report.skip(name, &format!("trace: {error:#}")),
                }
            }
        }
    }
    Ok(())
}

/// In memory, as for `twinloop trace`.
fn folder() -> PathBuf {
    PathBuf::from(format!(
        "/dev/shm/twinloop-bench-trace-{}",
        std::process::id()
    ))
}
