//! The groups of asyncio loops: callbacks, children, names, and servers under the native load client.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use super::report::Report;
use super::table::{SUBJECT, Unit};
use super::{CLIENT_CORE, Plan, SERVER_CORE, in_turn, json_of, native, pinned, program};
use crate::paths::Profile;
use crate::process::{self, Watchdog};
use crate::python::Venv;

/// A server that prints no port for this long is given up.
pub(super) const START_LIMIT: Duration = Duration::from_secs(10);

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
    let venv = Venv::named("venv-bench")?;
    venv.provide_what_can_be_had("bench.txt")?;
    if plan.build {
        venv.install_package(Profile::Release)?;
    }
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
                Ok(results) => {
                    for (case, value) in results.as_object().into_iter().flatten() {
                        if plan.wants(case) {
                            let value = value.as_f64().unwrap_or_default();
                            report.add(group, case, name, unit, value);
                        }
                    }
                }
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
        for round in 0..if plan.wants(&case) { plan.rounds(5) } else { 0 } {
            for name in in_turn(&loops, round).copied() {
                let mut command = pinned(SERVER_CORE, &venv.python());
                command.arg(program("udp_echo_server.py")).arg(name);
                let rate = Server::spawn(command).and_then(|server| {
                    let mut client = pinned(CLIENT_CORE, &native());
                    let seconds = plan.seconds.to_string();
                    client.args(["udp-client", &server.port, sockets, "1024", &seconds]);
                    per_second(&mut client, plan.seconds)
                });
                match rate {
                    Ok(value) => report.add("udp", &case, name, Unit::PerSecond, value),
                    Err(error) => report.skip(name, &format!("udp: {error:#}")),
                }
            }
        }
    }
    Ok(())
}

pub(crate) fn echo(plan: &Plan, report: &mut Report) -> Result<()> {
    let (venv, mut servers) = loops(plan, report)?;
    servers.push("native");
    for style in ["protocol", "buffered", "streams", "sockets"] {
        for (bytes, size) in [(1024, "1 KiB"), (102_400, "100 KiB")] {
            for connections in [1, 16, 256] {
                let case = format!("{style} {size} x{connections}");
                if !plan.wants(&case) {
                    continue;
                }
                for round in 0..plan.rounds(5) {
                    for name in in_turn(&servers, round).copied() {
                        let server = Server::start(&venv, name, &[style]);
                        match server.and_then(|it| it.load(connections, bytes, plan.seconds)) {
                            Ok(value) => report.add("echo", &case, name, Unit::PerSecond, value),
                            Err(error) => report.skip(name, &format!("echo, {style}: {error:#}")),
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

/// Protocol echo beside a thread that computes in Python and so wants the interpreter's lock all the time.
pub(crate) fn busy(plan: &Plan, report: &mut Report) -> Result<()> {
    let (venv, loops) = loops(plan, report)?;
    for connections in [1, 16] {
        let case = format!("protocol 1 KiB x{connections}");
        for round in 0..if plan.wants(&case) { plan.rounds(5) } else { 0 } {
            for name in in_turn(&loops, round).copied() {
                let server = Server::start(&venv, name, &["protocol", "busy"]);
                match server.and_then(|it| it.load(connections, 1024, plan.seconds)) {
                    Ok(value) => report.add("busy", &case, name, Unit::PerSecond, value),
                    Err(error) => report.skip(name, &format!("busy: {error:#}")),
                }
            }
        }
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
        for round in 0..if plan.wants(framework) {
            plan.rounds(5)
        } else {
            0
        } {
            for name in in_turn(&loops, round).copied() {
                let mut command = pinned(SERVER_CORE, &venv.python());
                command
                    .arg(program("http_server.py"))
                    .args([name, framework]);
                let rate = Server::spawn(command).and_then(|server| {
                    let mut load = pinned(CLIENT_CORE, &wrk);
                    load.args(["-t1", "-c64", &format!("-d{}s", plan.seconds.ceil())]);
                    load.arg(format!("http://127.0.0.1:{}/", server.port));
                    requests_per_second(&process::output(&mut load)?)
                });
                match rate {
                    Ok(value) => report.add("http", framework, name, Unit::PerSecond, value),
                    Err(error) => report.skip(name, &format!("http, {framework}: {error:#}")),
                }
            }
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

/// The rate that a load client prints.
pub(super) fn per_second(client: &mut Command, seconds: f64) -> Result<f64> {
    let result = json_of(client, Duration::from_secs_f64(seconds + 20.0))?;
    result["per_second"]
        .as_f64()
        .context("the load client reported no rate")
}

/// A server on its core; it ends when its stdin closes, and is killed if it does not.
pub(super) struct Server {
    child: Child,
    pub(super) port: String,
}

impl Server {
    pub(super) fn start(venv: &Venv, name: &str, arguments: &[&str]) -> Result<Server> {
        let mut command;
        if name == "native" {
            command = pinned(SERVER_CORE, &native());
            command.arg("echo-server");
        } else {
            command = pinned(SERVER_CORE, &venv.python());
            command
                .arg(program("echo_server.py"))
                .arg(name)
                .args(arguments);
        }
        Server::spawn(command)
    }

    /// Starts a server that prints its port.
    fn spawn(mut command: Command) -> Result<Server> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let watchdog = Watchdog::start(child.id(), START_LIMIT);
        let mut port = String::new();
        BufReader::new(child.stdout.take().expect("stdout is a pipe")).read_line(&mut port)?;
        watchdog.stop();
        let server = Server {
            child,
            port: port.trim().to_owned(),
        };
        anyhow::ensure!(!server.port.is_empty(), "the server did not start");
        Ok(server)
    }

    /// The memory of the process that is present.
    pub(super) fn memory_kib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number.context("the system says no VmRSS")?.parse()?)
    }

    /// One load of echoes; messages a second.
    fn load(&self, connections: usize, bytes: usize, seconds: f64) -> Result<f64> {
        let mut client = pinned(CLIENT_CORE, &native());
        client.arg("echo-client").args([
            &self.port,
            &connections.to_string(),
            &bytes.to_string(),
            &seconds.to_string(),
        ]);
        per_second(&mut client, seconds)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
