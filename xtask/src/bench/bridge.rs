//! The group `bridge`: one Python program on Twinloop and on the packages of PyPI that put a JavaScript engine into CPython.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::report::Report;
use super::table::{SUBJECT, Unit};
use super::{CLIENT_CORE, MILLISECONDS_A_CASE, Plan, in_turn, json_of, pinned, program};
use crate::paths::Profile;
use crate::process;
use crate::python::Venv;

/// Name, what it imports, and the package.
const BRIDGES: [(&str, &str, &str); 5] = [
    (SUBJECT, "twinloop", "twinloop"),
    ("pythonmonkey", "pythonmonkey", "pythonmonkey"),
    ("stpyv8", "STPyV8", "stpyv8"),
    ("mini-racer", "py_mini_racer", "mini-racer"),
    ("quickjs", "quickjs", "quickjs"),
];

/// Whose memory is measured, in a process for each.
const HELD: [&str; 2] = ["held in Python", "held in JavaScript"];

pub(crate) fn bridge(plan: &Plan, report: &mut Report) -> Result<()> {
    // An environment of its own: these bring engines, which the peers of the loops should not have beside them.
    let venv = Venv::named("venv-bridge", plan.python.as_deref())?;
    venv.provide_what_can_be_had("bridge.txt")?;
    venv.place_package(Profile::Release)?;
    let present = present(&venv, report);
    let arguments = plan.case_arguments(MILLISECONDS_A_CASE);
    for round in 0..plan.rounds(5) {
        for name in in_turn(&present, round) {
            let mut command = pinned(CLIENT_CORE, &venv.python());
            command.arg(program("bridge.py")).arg(name).args(&arguments);
            match json_of(&mut command, Duration::from_secs(120)) {
                Ok(results) => {
                    report.add_printed(plan, "bridge", name, Unit::Nanoseconds, &results)
                }
                Err(error) => report.skip(name, &format!("bridge: {error:#}")),
            }
            for held in HELD {
                let mut command = pinned(CLIENT_CORE, &venv.python());
                command
                    .arg(program("bridge.py"))
                    .args([name, "memory", held]);
                match json_of(&mut command, Duration::from_secs(120)) {
                    Ok(results) => {
                        report.add_printed(plan, "bridge", name, Unit::Mebibytes, &results)
                    }
                    Err(error) => report.skip(name, &format!("bridge: {error:#}")),
                }
            }
        }
    }
    Ok(())
}

/// Who can be imported; the others are named in the report.
fn present(venv: &Venv, report: &mut Report) -> Vec<&'static str> {
    let mut present = Vec::new();
    for (name, module, package) in BRIDGES {
        // Twinloop is on the path without being installed, so it has no metadata.
        let ask = format!(
            "import importlib.metadata as m, {module}\n\
             print({module}.__version__ if '{name}' == '{SUBJECT}' else m.version('{package}'))"
        );
        match process::output(Command::new(venv.python()).args(["-c", &ask])) {
            Ok(version) => {
                report.version(name, &version);
                present.push(name);
            }
            Err(_) => report.skip(
                name,
                &format!("{module} cannot be imported in {}", venv.folder.display()),
            ),
        }
    }
    present
}
