//! The group `broadcast`: BroadcastChannel among processes of one machine, by itself (`local:`) and through the real servers that the tests use.
//!
//! Nobody is pinned: the processes and the server share the cores, as they do where a program has workers. The first column is `local:`.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::report::Report;
use super::table::{SUBJECT, Unit};
use super::{Plan, in_turn, json_of, program, python};
use crate::paths::Profile;
use crate::servers::Servers;

/// A way between the processes: its column, the server that it needs, and whether that keeps messages.
const WAYS: [(&str, Option<&str>, bool); 5] = [
    (SUBJECT, None, false),
    ("Redis", Some("redis"), false),
    ("Redis streams", Some("redis"), true),
    ("NATS", Some("nats"), false),
    ("JetStream", Some("nats"), true),
];

const PROCESSES: [u32; 3] = [1, 2, 4];

/// How many messages for a second of the plan.
const POSTS: f64 = 100_000.0;

/// How many are missing somewhere, in all that was measured of a way.
const LOST: &str = "messages lost";

pub(crate) fn broadcast(plan: &Plan, report: &mut Report) -> Result<()> {
    let (venv, _) = python::loops(plan, report)?;
    let servers = Servers::start(&["nats", "redis"], false)?;
    let addresses = servers.addresses();
    let mut ways = Vec::new();
    for (name, server, keeps) in WAYS {
        let Some(server) = server else {
            let own = format!("local:twinloop-bench-{}", std::process::id());
            ways.push((name, own, keeps));
            continue;
        };
        match servers.absence(&[server.to_owned()]) {
            Some(absence) => report.skip(name, &absence.reason),
            None => {
                let port = &addresses[server]["port"];
                ways.push((name, format!("{server}://127.0.0.1:{port}"), keeps));
            }
        }
    }
    let languages = [
        (
            "JavaScript",
            Profile::Release.artifact("twinloop"),
            "broadcast.mjs",
        ),
        ("Python", venv.python(), "broadcast.py"),
    ];
    let posts = (POSTS * plan.seconds).round();
    let mut losses = Vec::new();
    for (language, runner, file) in &languages {
        for processes in PROCESSES {
            let case = format!(
                "{language}, {processes} process{}",
                if processes == 1 { "" } else { "es" }
            );
            if !plan.wants(&case) {
                continue;
            }
            for round in 0..plan.rounds(5) {
                for (name, url, keeps) in in_turn(&ways, round) {
                    // Twice what is posted, so that nothing is pushed out before it is read.
                    let history = if *keeps { posts * 2.0 } else { 0.0 };
                    let mut command = Command::new(runner);
                    command
                        .arg(program(file))
                        .args([url.clone(), history.to_string()])
                        .args([processes.to_string(), posts.to_string()]);
                    match measured(&mut command) {
                        Ok([rate, lost, time]) => {
                            report.add("broadcast", &case, name, Unit::PerSecond, rate);
                            let case = format!("{case}, processor's time of all");
                            report.add("broadcast", &case, name, Unit::Nanoseconds, time);
                            losses.push((*name, lost));
                        }
                        Err(error) => report.skip(name, &format!("broadcast, {case}: {error:#}")),
                    }
                }
            }
        }
    }
    for (name, lost) in losses {
        report.add("broadcast", LOST, name, Unit::Lost, lost);
    }
    Ok(())
}

/// How many messages a second everybody has, how many somebody lacks, and what one costs all processes together.
fn measured(command: &mut Command) -> Result<[f64; 3]> {
    let figures = json_of(command, Duration::from_secs(180))?;
    let figure = |name: &str| {
        figures[name]
            .as_f64()
            .context("the program said no figures")
    };
    Ok([figure("per_second")?, figure("lost")?, figure("cpu_ns")?])
}
