//! The groups of JavaScript programs: microtasks, web and `node:` APIs, computing, and fetch against the fixtures on the other core.

use std::time::Duration;

use anyhow::Result;

use super::peers::{self, Runtime};
use super::report::Report;
use super::table::Unit;
use super::{
    CLIENT_CORE, MILLISECONDS_A_CASE, Plan, SERVER_CORE, in_turn, json_of, native, pinned, program,
};
use crate::fixtures::Fixtures;
use crate::paths::Profile;

pub(crate) fn microtasks(plan: &Plan, report: &mut Report) -> Result<()> {
    let unit = Unit::Nanoseconds;
    printed(plan, report, "microtasks", "microtasks.js", unit, &[])
}

pub(crate) fn api(plan: &Plan, report: &mut Report) -> Result<()> {
    let arguments = plan.case_arguments(MILLISECONDS_A_CASE);
    printed(
        plan,
        report,
        "api",
        "api.mjs",
        Unit::Nanoseconds,
        &arguments,
    )
}

pub(crate) fn crypto(plan: &Plan, report: &mut Report) -> Result<()> {
    let (unit, arguments) = (Unit::Nanoseconds, plan.case_arguments(MILLISECONDS_A_CASE));
    printed(plan, report, "crypto", "crypto.mjs", unit, &arguments)
}

pub(crate) fn compute(plan: &Plan, report: &mut Report) -> Result<()> {
    let (unit, arguments) = (Unit::Milliseconds, plan.case_arguments(200.0));
    printed(plan, report, "compute", "compute.mjs", unit, &arguments)
}

pub(crate) fn streams(plan: &Plan, report: &mut Report) -> Result<()> {
    let arguments = plan.amounts(1_000_000, 1024);
    printed(
        plan,
        report,
        "streams",
        "streams.mjs",
        Unit::Milliseconds,
        &arguments,
    )
}

pub(crate) fn files(plan: &Plan, report: &mut Report) -> Result<()> {
    let arguments = plan.amounts(10_000, 256);
    printed(
        plan,
        report,
        "files",
        "files.mjs",
        Unit::Milliseconds,
        &arguments,
    )
}

/// Threads: on both cores.
pub(crate) fn workers(plan: &Plan, report: &mut Report) -> Result<()> {
    let arguments = plan.case_arguments(300.0);
    let runtimes = peers::runtimes(report)?;
    for round in 0..plan.rounds(5) {
        for runtime in in_turn(&runtimes, round) {
            let mut command = std::process::Command::new(&runtime.program);
            command.args(runtime.words).arg(program("workers.mjs"));
            match json_of(command.args(&arguments), Duration::from_secs(120)) {
                Ok(results) => {
                    let unit = Unit::Nanoseconds;
                    report.add_printed(plan, "workers", runtime.name, unit, &results);
                }
                Err(error) => report.skip(runtime.name, &format!("workers: {error:#}")),
            }
        }
    }
    Ok(())
}

/// A program that measures itself on one runtime and prints an object of its cases.
fn printed(
    plan: &Plan,
    report: &mut Report,
    group: &str,
    script: &str,
    unit: Unit,
    arguments: &[String],
) -> Result<()> {
    let runtimes = peers::runtimes(report)?;
    for round in 0..plan.rounds(5) {
        for runtime in in_turn(&runtimes, round) {
            match run(runtime, script, arguments) {
                Ok(results) => report.add_printed(plan, group, runtime.name, unit, &results),
                Err(error) => report.skip(runtime.name, &format!("{group}: {error:#}")),
            }
        }
    }
    Ok(())
}

pub(crate) fn fetch(plan: &Plan, report: &mut Report) -> Result<()> {
    let runtimes = peers::runtimes(report)?;
    let server = Profile::Release.artifact("twinloop-fixtures");
    let fixtures = Fixtures::start(&server, Some(SERVER_CORE))?;
    let url = format!("http://{}/json1k", fixtures.text("http"));
    for round in 0..plan.rounds(5) {
        for in_flight in [1, 64] {
            let case = format!("{in_flight} in flight");
            if !plan.wants(&case) {
                continue;
            }
            for runtime in in_turn(&runtimes, round) {
                let arguments = [url.clone(), in_flight.to_string(), plan.seconds.to_string()];
                add(
                    report,
                    &case,
                    runtime.name,
                    run(runtime, "fetch.js", &arguments),
                );
            }
            add(
                report,
                &case,
                "native",
                native_client(fixtures.text("http"), in_flight, plan.seconds),
            );
        }
    }
    Ok(())
}

fn add(report: &mut Report, case: &str, contestant: &str, result: Result<serde_json::Value>) {
    match result {
        Ok(result) => {
            let value = result["per_second"].as_f64().unwrap_or_default();
            report.add("fetch", case, contestant, Unit::PerSecond, value);
        }
        Err(error) => report.skip(contestant, &format!("fetch, {case}: {error:#}")),
    }
}

/// The limit: the same requests from a client with nothing between it and epoll.
fn native_client(server: &str, in_flight: usize, seconds: f64) -> Result<serde_json::Value> {
    let port = server.rsplit(':').next().unwrap_or_default();
    let mut command = pinned(CLIENT_CORE, &native());
    command.args([
        "http-client",
        port,
        "/json1k",
        &in_flight.to_string(),
        &seconds.to_string(),
    ]);
    json_of(&mut command, Duration::from_secs_f64(seconds + 20.0))
}

fn run(runtime: &Runtime, script: &str, arguments: &[String]) -> Result<serde_json::Value> {
    let mut command = pinned(CLIENT_CORE, &runtime.program);
    command
        .args(runtime.words)
        .arg(program(script))
        .args(arguments);
    json_of(&mut command, Duration::from_secs(120))
}
