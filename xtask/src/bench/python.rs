//! The groups of programs on asyncio loops: callbacks, children, names, datagrams, and HTTP servers of real frameworks.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::report::Report;
use super::servers::{Carrier, Server, per_second};
use super::table::{SUBJECT, Unit};
use super::{CLIENT_CORE, Plan, SERVER_CORE, in_turn, json_of, native, pinned, program, rounds};
use crate::fixtures::Fixtures;
use crate::paths::Profile;
use crate::process;
use crate::python::Venv;

/// Name and what it imports.
const LOOPS: [(&str, &[&str]); 5] = [
    (SUBJECT, &["twinloop"]),
    ("asyncio", &[]),
    ("uvloop", &["uvloop"]),
    ("uvloop+aiofastnet", &["uvloop", "aiofastnet"]),
    ("rloop", &["rloop"]),
];

/// The environment with the peers in it, and the loops that can be imported there.
pub(super) fn loops(plan: &Plan, report: &mut Report) -> Result<(Venv, Vec<&'static str>)> {
    let venv = plan.venv()?;
    venv.provide_what_can_be_had("bench.txt")?;
    venv.place_package(Profile::Release)?;
    let mut present = Vec::new();
    for (name, modules) in LOOPS {
        let ask = modules
            .iter()
            .map(|module| format!("import {module}"))
            .collect::<Vec<_>>()
            .join("\n");
        match process::output(Command::new(venv.python()).args(["-c", &ask])) {
            Ok(_) => present.push(name),
            Err(_) => report.skip(
                name,
                &format!(
                    "{} cannot be imported in {}",
                    modules.join(", "),
                    venv.folder.display()
                ),
            ),
        }
        let module = modules.last().unwrap_or(&"asyncio");
        // Twinloop is on the path without being installed, so it has no metadata.
        let ask = format!(
            "import importlib.metadata as m, {module}\n\
             print(getattr({module}, '__version__', None) or m.version('{module}'))"
        );
        let version = process::output(Command::new(venv.python()).args(["-c", &ask]));
        report.version(
            name,
            &version.unwrap_or_else(|_| format!("CPython {}", venv.interpreter.version())),
        );
    }
    Ok((venv, present))
}

pub(crate) fn callbacks(plan: &Plan, report: &mut Report) -> Result<()> {
    printed(plan, report, "callbacks", "callbacks.py", Unit::Nanoseconds)
}

pub(crate) fn subprocess(plan: &Plan, report: &mut Report) -> Result<()> {
    printed(
        plan,
        report,
        "subprocess",
        "processes.py",
        Unit::Milliseconds,
    )
}

pub(crate) fn getaddrinfo(plan: &Plan, report: &mut Report) -> Result<()> {
    printed(
        plan,
        report,
        "getaddrinfo",
        "getaddrinfo.py",
        Unit::Nanoseconds,
    )
}

/// A program that measures itself on one loop and prints an object of its cases.
fn printed(plan: &Plan, report: &mut Report, group: &str, script: &str, unit: Unit) -> Result<()> {
    let (venv, loops) = loops(plan, report)?;
    for round in 0..plan.rounds(5) {
        for name in in_turn(&loops, round) {
            let mut command = pinned(CLIENT_CORE, &venv.python());
            command.arg(program(script)).arg(name);
            match json_of(&mut command, Duration::from_secs(120)) {
                Ok(results) => report.add_printed(plan, group, name, unit, &results),
                Err(error) => report.skip(name, &format!("{group}: {error:#}")),
            }
        }
    }
    Ok(())
}

/// UDP echo: each socket of the client has one datagram in flight.
pub(crate) fn udp(plan: &Plan, report: &mut Report) -> Result<()> {
    let (venv, loops) = loops(plan, report)?;
    for sockets in ["1", "16"] {
        let case = format!("1 KiB x{sockets}");
        rounds(plan, report, "udp", &case, &loops, |name| {
            let mut command = pinned(SERVER_CORE, &venv.python());
            command.arg(program("udp_echo_server.py")).arg(name);
            let server = Server::spawn(command, Carrier::Tcp)?;
            let mut client = pinned(CLIENT_CORE, &native());
            let seconds = plan.seconds.to_string();
            client.args(["udp-client", &server.address, sockets, "1024", &seconds]);
            Ok((Unit::PerSecond, per_second(&mut client, plan.seconds)?))
        });
    }
    Ok(())
}

/// HTTP servers of real frameworks under `wrk`, 64 connections that each send their next request at once.
pub(crate) fn http(plan: &Plan, report: &mut Report) -> Result<()> {
    let Some(wrk) = process::find("wrk") else {
        report.skip(
            "wrk",
            "the load client of this group is not on PATH; install the package wrk",
        );
        return Ok(());
    };
    let (venv, loops) = loops(plan, report)?;
    for framework in ["aiohttp", "uvicorn"] {
        rounds(plan, report, "http", framework, &loops, |name| {
            let mut command = pinned(SERVER_CORE, &venv.python());
            command
                .arg(program("http_server.py"))
                .args([name, framework]);
            let server = Server::spawn(command, Carrier::Tcp)?;
            let mut load = pinned(CLIENT_CORE, &wrk);
            load.args(["-t1", "-c64", &format!("-d{}s", plan.seconds.ceil())]);
            load.arg(format!("http://127.0.0.1:{}/", server.address));
            let rate = requests_per_second(&process::output(&mut load)?)?;
            Ok((Unit::PerSecond, rate))
        });
    }
    Ok(())
}

/// Clients in Python, the peers on uvloop, against the fixtures on the other core.
struct Clients {
    group: &'static str,
    program: &'static str,
    /// Of the server.
    path: &'static str,
    scheme: &'static str,
    peers: &'static [&'static str],
    /// A second way to use a peer, which is measured beside it.
    also: (&'static str, &'static str),
    /// How many requests or connections at a time, and how a case is called after their number.
    counts: [&'static str; 2],
    unit: &'static str,
}

/// Clients of HTTP.
pub(crate) fn fetch(plan: &Plan, report: &mut Report) -> Result<()> {
    let clients = Clients {
        group: "fetch-python",
        program: "fetch_client.py",
        path: "/json1k",
        scheme: "http",
        peers: &["aiohttp", "httpx", "pyreqwest"],
        also: ("httpx", "httpx over twinloop"),
        counts: ["1", "64"],
        unit: "in flight",
    };
    clients.measure(plan, report)?;
    long_body(plan, report, &clients)
}

/// How much one response has, whose pieces are counted and dropped.
const LONG_BODY: u64 = 1 << 30;

/// One GET of a long body, beside curl, which throws it away.
fn long_body(plan: &Plan, report: &mut Report, clients: &Clients) -> Result<()> {
    let (venv, _) = loops(plan, report)?;
    let mut contestants = present(&venv, report, clients.peers);
    contestants.push(clients.also.1);
    contestants.push("curl");
    let mut server = pinned(SERVER_CORE, &Profile::Release.artifact("twinloop"));
    server
        .arg(program("serve.mjs"))
        .arg("web")
        .env("FILE_BYTES", LONG_BODY.to_string());
    let server = Server::spawn(server, Carrier::Tcp)?;
    let url = format!("http://127.0.0.1:{}/file", server.address);
    rounds(plan, report, clients.group, "1 GiB", &contestants, |name| {
        let rate = if name == "curl" {
            let mut curl = pinned(CLIENT_CORE, Path::new("curl"));
            curl.args([
                "--silent",
                "--show-error",
                "--fail",
                "--output",
                "/dev/null",
            ])
            .args(["--write-out", "%{speed_download}", &url]);
            let rate: f64 = process::output(&mut curl)?.trim().parse()?;
            rate / f64::from(1 << 20)
        } else {
            let mut command = pinned(CLIENT_CORE, &venv.python());
            command
                .arg(program(clients.program))
                .args([name, &url, "body", "0"]);
            per_second(&mut command, 30.0)?
        };
        Ok((Unit::MebibytesPerSecond, rate))
    });
    Ok(())
}

/// Clients of WebSockets: one message after the other comes back on each connection.
pub(crate) fn websocket(plan: &Plan, report: &mut Report) -> Result<()> {
    let clients = Clients {
        group: "websocket-python",
        program: "websocket_client.py",
        path: "/ws-echo?plain=1",
        scheme: "ws",
        peers: &["picows", "websockets", "aiohttp"],
        also: ("picows", "picows, callbacks"),
        counts: ["1", "32"],
        unit: "connections",
    };
    clients.measure(plan, report)
}

impl Clients {
    fn measure(&self, plan: &Plan, report: &mut Report) -> Result<()> {
        let (venv, _) = loops(plan, report)?;
        let mut present = present(&venv, report, self.peers);
        let (peer, other_way) = self.also;
        if present.contains(&peer) {
            present.push(other_way);
        }
        let server = Profile::Release.artifact("twinloop-fixtures");
        let fixtures = Fixtures::start(&server, Some(SERVER_CORE))?;
        let url = format!("{}://{}{}", self.scheme, fixtures.text("http"), self.path);
        for count in self.counts {
            let case = format!("{count} {}", self.unit);
            rounds(plan, report, self.group, &case, &present, |name| {
                let mut command = pinned(CLIENT_CORE, &venv.python());
                let seconds = plan.seconds.to_string();
                command
                    .arg(program(self.program))
                    .args([name, &url, count, &seconds]);
                Ok((Unit::PerSecond, per_second(&mut command, plan.seconds)?))
            });
        }
        Ok(())
    }
}

/// Twinloop and the peers that can be imported.
fn present(venv: &Venv, report: &mut Report, peers: &[&'static str]) -> Vec<&'static str> {
    let mut present = vec![SUBJECT];
    for &name in peers {
        let ask = format!("import {name}, importlib.metadata as m; print(m.version('{name}'))");
        match process::output(Command::new(venv.python()).args(["-c", &ask])) {
            Ok(version) => {
                report.version(name, &version);
                present.push(name);
            }
            Err(_) => report.skip(name, "it cannot be imported"),
        }
    }
    present
}

/// 10,000 small files, opened, read or written, and closed, one at a time and 64.
pub(crate) fn files(plan: &Plan, report: &mut Report) -> Result<()> {
    let (venv, _) = loops(plan, report)?;
    let present = present(&venv, report, &["aiofiles"]);
    for work in ["read", "write"] {
        for in_flight in ["1", "64"] {
            let case = format!("{work}, {in_flight} in flight");
            rounds(plan, report, "files-python", &case, &present, |name| {
                let mut command = Command::new(venv.python());
                let seconds = plan.seconds.to_string();
                command
                    .arg(program("files_client.py"))
                    .args([name, work, in_flight, &seconds]);
                Ok((Unit::PerSecond, per_second(&mut command, plan.seconds)?))
            });
        }
    }
    Ok(())
}

/// What `wrk` reports; an error if a request failed.
fn requests_per_second(output: &str) -> Result<f64> {
    if let Some(line) = output
        .lines()
        .find(|line| line.contains("Non-2xx") || line.contains("Socket errors"))
    {
        anyhow::bail!("{}", line.trim());
    }
    let line = output
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    line.and_then(|rate| rate.trim().parse().ok())
        .context("wrk reported no rate")
}
