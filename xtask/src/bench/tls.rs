//! The group `tls`: echo over TLS, and what a server keeps for an idle connection, with TLS and without.
//!
//! The load client is rustls, the servers are Python's ssl on each loop. rloop has no TLS and is left out. Memory is what
//! the server's process grows by, divided by the connections; each has carried one message, of 1 KiB or of 256 KiB.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use anyhow::{Result, ensure};

use super::python::{START_LIMIT, Server, loops, per_second};
use super::report::Report;
use super::table::Unit;
use super::{CLIENT_CORE, Plan, in_turn, native, pinned};
use crate::paths;
use crate::process::Watchdog;
use crate::python::Venv;

const IDLE_CONNECTIONS: usize = 250;

pub(crate) fn tls(plan: &Plan, report: &mut Report) -> Result<()> {
    let (venv, mut servers) = loops(plan, report)?;
    servers.retain(|name| *name != "rloop");
    for style in ["protocol", "streams"] {
        for (bytes, size) in [(1024, "1 KiB"), (102_400, "100 KiB")] {
            for connections in [1, 16, 256] {
                let case = format!("{style} {size} x{connections}");
                rounds(plan, report, &case, &servers, |name| {
                    let rate = load(&venv, name, style, connections, bytes, plan.seconds)?;
                    Ok((Unit::PerSecond, rate))
                });
            }
        }
    }
    for (with_tls, bytes, case) in [
        (true, 1024, "idle after 1 KiB"),
        (true, 256 * 1024, "idle after 256 KiB"),
        (false, 1024, "idle without TLS, after 1 KiB"),
    ] {
        rounds(plan, report, case, &servers, |name| {
            let kib = memory_for_each(&venv, name, with_tls, bytes)?;
            Ok((Unit::Kibibytes, kib))
        });
    }
    Ok(())
}

/// Measures one case on each server in turn.
fn rounds(
    plan: &Plan,
    report: &mut Report,
    case: &str,
    servers: &[&'static str],
    mut measure: impl FnMut(&str) -> Result<(Unit, f64)>,
) {
    if !plan.wants(case) {
        return;
    }
    for round in 0..plan.rounds(5) {
        for name in in_turn(servers, round).copied() {
            match measure(name) {
                Ok((unit, value)) => report.add("tls", case, name, unit, value),
                Err(error) => report.skip(name, &format!("tls, {case}: {error:#}")),
            }
        }
    }
}

/// One load on a fresh server; messages a second.
fn load(
    venv: &Venv,
    name: &str,
    style: &str,
    connections: usize,
    bytes: usize,
    seconds: f64,
) -> Result<f64> {
    let server = start(venv, name, style, true)?;
    let mut client = pinned(CLIENT_CORE, &native());
    client
        .args([
            "tls-echo-client",
            &server.port,
            &connections.to_string(),
            &bytes.to_string(),
            &seconds.to_string(),
        ])
        .arg(certificate("authority.pem"));
    per_second(&mut client, seconds)
}

/// What a fresh server's memory grows by for each connection, in KiB.
fn memory_for_each(venv: &Venv, name: &str, with_tls: bool, bytes: usize) -> Result<f64> {
    let server = start(venv, name, "protocol", with_tls)?;
    // One connection first: what all of them share is not counted.
    let first = Held::open(&server, 1, bytes, with_tls)?;
    let before = server.memory_kib()?;
    let held = Held::open(&server, IDLE_CONNECTIONS, bytes, with_tls)?;
    let after = server.memory_kib()?;
    drop((first, held));
    Ok((after - before) / IDLE_CONNECTIONS as f64)
}

fn start(venv: &Venv, name: &str, style: &str, with_tls: bool) -> Result<Server> {
    let certificate = certificate("server.pem");
    let certificate = certificate.to_string_lossy();
    let mut arguments = vec![style];
    if with_tls {
        arguments.push(&certificate);
    }
    Server::start(venv, name, &arguments)
}

/// Connections of a client that does nothing with them.
struct Held(Child);

impl Held {
    fn open(server: &Server, connections: usize, bytes: usize, with_tls: bool) -> Result<Held> {
        let mut client = pinned(CLIENT_CORE, &native());
        client
            .args(["hold", &server.port])
            .args([connections, bytes].map(|number| number.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0);
        if with_tls {
            client.arg(certificate("authority.pem"));
        }
        let mut held = Held(client.spawn()?);
        let watchdog = Watchdog::start(held.0.id(), START_LIMIT);
        let mut line = String::new();
        BufReader::new(held.0.stdout.take().expect("stdout is a pipe")).read_line(&mut line)?;
        watchdog.stop();
        ensure!(!line.is_empty(), "the connections could not be opened");
        Ok(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A file of the tests' certificates.
fn certificate(name: &str) -> PathBuf {
    paths::root().join("tests/py/certificates").join(name)
}
