//! Start-up: a process from its start to its end, by the launcher, which waits for one child only.

use std::time::Duration;

use anyhow::Result;

use super::peers::{self, Runtime};
use super::report::Report;
use super::table::Unit;
use super::{CLIENT_CORE, Plan, in_turn, json_of, native, pinned, program};

const GROUP: &str = "startup";

pub(crate) fn startup(plan: &Plan, report: &mut Report) -> Result<()> {
    let runtimes = peers::runtimes(report)?;
    for round in 0..plan.rounds(20) + 1 {
        for script in ["empty", "hello"] {
            for runtime in in_turn(&runtimes, round).filter(|_| plan.wants(script)) {
                match launch(runtime, script) {
                    // The first round brings the files into memory.
                    Ok(_) if round == 0 => {}
                    Ok(measured) => {
                        for (name, unit) in [
                            ("wall", Unit::Milliseconds),
                            ("cpu", Unit::Milliseconds),
                            ("peak", Unit::Mebibytes),
                        ] {
                            let field = format!(
                                "{name}_{}",
                                if unit == Unit::Mebibytes { "mib" } else { "ms" }
                            );
                            let value = measured[&field].as_f64().unwrap_or_default();
                            report.add(
                                GROUP,
                                &format!("{script} {name}"),
                                runtime.name,
                                unit,
                                value,
                            );
                        }
                    }
                    Err(error) => report.skip(runtime.name, &format!("{script}: {error:#}")),
                }
            }
        }
    }
    Ok(())
}

fn launch(runtime: &Runtime, script: &str) -> Result<serde_json::Value> {
    let mut command = pinned(CLIENT_CORE, &native());
    command
        .arg("launch")
        .arg(&runtime.program)
        .args(runtime.words)
        .arg(program(&format!("{script}.js")));
    json_of(&mut command, Duration::from_secs(20))
}
