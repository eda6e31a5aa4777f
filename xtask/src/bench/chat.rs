//! The group `chat`: one message to a room full of people, and the next when all have it. The example's chat on Twinloop and on Bun (its
//! `publish`), socket.io, and Django's Channels, all of which store the message first.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::report::Report;
use super::servers::{Carrier, Server};
use super::table::{SUBJECT, Unit};
use super::{
    CLIENT_CORE, Plan, SERVER_CORE, in_turn, json_of, native, peers, pinned, program, python,
};
use crate::{javascript, process};

/// A server, and the words that its clients speak.
struct Contestant {
    name: &'static str,
    words: &'static str,
    program: std::path::PathBuf,
    arguments: Vec<std::ffi::OsString>,
}

/// How many people are in the room. To more than the first it takes minutes, so they have to be asked for by `--only`.
const PEOPLE: [(usize, &str); 2] = [(1000, "1,000"), (10_000, "10,000")];

pub(crate) fn chat(plan: &Plan, report: &mut Report) -> Result<()> {
    let contestants = contestants(plan, report)?;
    for (count, people) in PEOPLE {
        let case = format!("to {people}");
        if !plan.wants(&case) || (count > PEOPLE[0].0 && plan.only.is_empty()) {
            continue;
        }
        for round in 0..plan.rounds(5) {
            for contestant in in_turn(&contestants, round) {
                match contestant.measure(count, plan.seconds) {
                    Ok([rate, last, time]) => {
                        report.add("chat", &case, contestant.name, Unit::PerSecond, rate);
                        let last_case = format!("{case}, the last has it after");
                        report.add(
                            "chat",
                            &last_case,
                            contestant.name,
                            Unit::Milliseconds,
                            last,
                        );
                        let time_case = format!("{case}, processor's time for each");
                        report.add("chat", &time_case, contestant.name, Unit::Nanoseconds, time);
                    }
                    Err(error) => report.skip(contestant.name, &format!("chat, {case}: {error:#}")),
                }
            }
        }
    }
    Ok(())
}

/// Those that can be had; the others are named.
fn contestants(plan: &Plan, report: &mut Report) -> Result<Vec<Contestant>> {
    let (venv, _) = python::loops(plan, report)?;
    let has_packages = javascript::packages_of_both_languages();
    let mut contestants = Vec::new();
    for runtime in peers::runtimes(report)? {
        let mut add = |name: &'static str, kind: &'static str| {
            let mut arguments: Vec<_> = runtime.words.iter().map(Into::into).collect();
            arguments.extend([program("chat.mjs").into(), kind.into()]);
            contestants.push(Contestant {
                name,
                words: kind,
                program: runtime.program.clone(),
                arguments,
            });
        };
        let socket_io = match runtime.name {
            SUBJECT => {
                add(SUBJECT, "rooms");
                "twinloop, socket.io"
            }
            "bun" => {
                add("bun", "rooms");
                continue;
            }
            "node" => "node, socket.io",
            _ => continue,
        };
        match &has_packages {
            Ok(()) => add(socket_io, "socket.io"),
            Err(error) => report.skip(socket_io, &format!("{error:#}")),
        }
    }
    let servers: [(_, &[&str], _); 3] = [
        ("twinloop, FastAPI", &["rooms"], "fastapi"),
        ("twinloop, Channels", &["channels", "twinloop"], "channels"),
        ("daphne, Channels", &["channels", "daphne"], "daphne"),
    ];
    for (name, words, package) in servers {
        let ask =
            format!("import {package}, importlib.metadata as m; print(m.version('{package}'))");
        match process::output(Command::new(venv.python()).args(["-c", &ask])) {
            Ok(version) => {
                report.version(package, &version);
                contestants.push(Contestant {
                    name,
                    words: "rooms",
                    program: venv.python(),
                    arguments: std::iter::once(program("chat.py").into())
                        .chain(words.iter().map(Into::into))
                        .collect(),
                });
            }
            Err(_) => report.skip(name, &format!("{package} cannot be imported")),
        }
    }
    Ok(contestants)
}

impl Contestant {
    /// How many messages a second arrive, how long it takes until the last has one in milliseconds, and what each costs the server.
    fn measure(&self, people: usize, seconds: f64) -> Result<[f64; 3]> {
        let mut command = pinned(SERVER_CORE, &self.program);
        command.args(&self.arguments);
        let server = Server::spawn(command, Carrier::Tcp)?;
        let mut client = pinned(CLIENT_CORE, &native());
        client
            .args(["chat-client", &server.address, self.words])
            .args([people.to_string(), seconds.to_string()])
            .arg(server.process().to_string());
        // Many take a while to come in, and a slow server takes a while for one message.
        let limit = Duration::from_secs_f64(seconds + 60.0 + people as f64 / 50.0);
        let figures = json_of(&mut client, limit)?;
        let figure = |name: &str| figures[name].as_f64().context("the client said no figures");
        Ok([figure("per_second")?, figure("p50_ms")?, figure("cpu_ns")?])
    }
}
