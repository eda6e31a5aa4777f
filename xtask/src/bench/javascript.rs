//! The groups of JavaScript programs: microtasks, and fetch against the fixtures on the other core.

use std::time::Duration;

use anyhow::Result;

use super::peers::{self, Runtime};
use super::report::{Report, Unit};
use super::{CLIENT_CORE, Plan, SERVER_CORE, json_of, pinned, program};
use crate::cargo;
use crate::fixtures::Fixtures;
use crate::paths::Profile;

pub(crate) fn microtasks(plan: &Plan, report: &mut Report) -> Result<()> {
    let runtimes = peers::runtimes(plan, report)?;
    for _ in 0..plan.rounds(5) {
        for runtime in &runtimes {
            match run(runtime, "microtasks.js", &[]) {
                Ok(results) => {
                    for (case, value) in results.as_object().into_iter().flatten() {
                        if plan.wants(case) {
                            let value = value.as_f64().unwrap_or_default();
                            report.add("microtasks", case, runtime.name, Unit::Nanoseconds, value);
                        }
                    }
                }
                Err(error) => report.skip(runtime.name, &format!("microtasks: {error:#}")),
            }
        }
    }
    Ok(())
}

pub(crate) fn fetch(plan: &Plan, report: &mut Report) -> Result<()> {
    let runtimes = peers::runtimes(plan, report)?;
    let server = if plan.build {
        cargo::build_fixtures(Profile::Release)?
    } else {
        Profile::Release.artifact("twinloop-fixtures")
    };
    let fixtures = Fixtures::start(&server, Some(SERVER_CORE))?;
    let url = format!("http://{}/json1k", fixtures.text("http"));
    for _ in 0..plan.rounds(5) {
        for in_flight in [1, 64] {
            let case = format!("{in_flight} in flight");
            for runtime in runtimes.iter().filter(|_| plan.wants(&case)) {
                let arguments = [url.clone(), in_flight.to_string(), plan.seconds.to_string()];
                match run(runtime, "fetch.js", &arguments) {
                    Ok(result) => {
                        let value = result["per_second"].as_f64().unwrap_or_default();
                        report.add("fetch", &case, runtime.name, Unit::PerSecond, value);
                    }
                    Err(error) => report.skip(runtime.name, &format!("fetch, {case}: {error:#}")),
                }
            }
        }
    }
    Ok(())
}

fn run(runtime: &Runtime, script: &str, arguments: &[String]) -> Result<serde_json::Value> {
    let mut command = pinned(CLIENT_CORE, &runtime.program);
    command
        .args(runtime.words)
        .arg(program(script))
        .args(arguments);
    json_of(&mut command, Duration::from_secs(120))
}
