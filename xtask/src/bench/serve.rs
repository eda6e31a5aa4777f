//! HTTP and WebSocket servers: Twinloop's faces and their peers, under the native load client, each on its core.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::peers::{self, Runtime};
use super::report::Report;
use super::servers::{Carrier, Server, certificate};
use super::table::Unit;
use super::{CLIENT_CORE, Plan, SERVER_CORE, json_of, native, pinned, program, python, rounds};
use crate::paths::Profile;
use crate::process;

/// One thing that servers are asked for.
struct Case {
    name: &'static str,
    client: &'static str,
    path: &'static str,
    connections: usize,
    bytes: usize,
    is_secure: bool,
}

const fn case(
    name: &'static str,
    client: &'static str,
    path: &'static str,
    connections: usize,
    bytes: usize,
) -> Case {
    Case {
        name,
        client,
        path,
        connections,
        bytes,
        is_secure: false,
    }
}

/// The server in Rust, an example of the crate `twinloop`.
pub(super) const EXAMPLE: &str = "serve";

const HTTP: &str = "http-client";
const SOCKET: &str = "websocket-client";
const FAN_OUT: &str = "fan-out-client";

const CASES: [Case; 8] = [
    case("JSON hello, 64", HTTP, "/", 64, 0),
    case("JSON hello, 1", HTTP, "/", 1, 0),
    case("10 KiB, 64", HTTP, "/10k", 64, 0),
    case("echo of 64 KiB, 64", HTTP, "/echo", 64, 65_536),
    Case {
        is_secure: true,
        ..case("JSON hello by TLS, 64", HTTP, "/", 64, 0)
    },
    case("WebSocket echo of 64 B, 32", SOCKET, "/ws", 32, 64),
    case("WebSocket echo of 64 B, 1", SOCKET, "/ws", 1, 64),
    case("WebSocket, one to 1,000", FAN_OUT, "/room", 1000, 64),
];

/// Who answers.
enum Contestant {
    /// `bench/serve.mjs`, with what the runtime has itself or with node:http.
    Script(Runtime, &'static str),
    /// The Rust face.
    Rust,
    /// Nothing between it and epoll.
    Native,
}

pub(crate) fn serve(plan: &Plan, report: &mut Report) -> Result<()> {
    let mut contestants = Vec::new();
    for runtime in peers::runtimes(report)? {
        let node = Runtime {
            name: runtime.name,
            program: runtime.program.clone(),
            words: runtime.words,
        };
        if runtime.name != "node" {
            contestants.push((runtime.name.to_owned(), Contestant::Script(runtime, "web")));
        }
        contestants.push((
            format!("{} node:http", node.name),
            Contestant::Script(node, "node"),
        ));
    }
    contestants.push(("twinloop in Rust".to_owned(), Contestant::Rust));
    contestants.push(("native".to_owned(), Contestant::Native));
    for case in &CASES {
        let able: Vec<&(String, Contestant)> = contestants
            .iter()
            .filter(|(_, contestant)| can(contestant, case))
            .collect();
        let names: Vec<&str> = able.iter().map(|(name, _)| name.as_str()).collect();
        rounds(plan, report, "serve", case.name, &names, |name| {
            let (_, contestant) = able
                .iter()
                .find(|(other, _)| other == name)
                .expect("the names are theirs");
            let server = Server::spawn(command(contestant, case), Carrier::Tcp)?;
            Ok((Unit::PerSecond, load(case, &server, plan.seconds)?))
        });
    }
    Ok(())
}

/// The servers of ASGI, each as its users start it, in one process.
const ASGI: [&str; 3] = ["twinloop", "uvicorn", "granian"];

const ASGI_CASES: [Case; 4] = [
    case("JSON hello, 64", HTTP, "/", 64, 0),
    case("JSON hello, 1", HTTP, "/", 1, 0),
    case("echo of 64 KiB, 64", HTTP, "/echo", 64, 65_536),
    case("WebSocket echo of 64 B, 32", SOCKET, "/ws", 32, 64),
];

/// `bench/asgi_app.py` under Twinloop, uvicorn (uvloop and httptools) and granian.
pub(crate) fn asgi(plan: &Plan, report: &mut Report) -> Result<()> {
    let (venv, _) = python::loops(plan, report)?;
    let mut present = Vec::new();
    for name in ASGI {
        let ask = format!("import {name}; print({name}.__version__)");
        match process::output(Command::new(venv.python()).args(["-c", &ask])) {
            Ok(version) => {
                report.version(name, &version);
                present.push(name);
            }
            Err(_) => report.skip(name, "it cannot be imported"),
        }
    }
    for case in &ASGI_CASES {
        rounds(plan, report, "asgi", case.name, &present, |name| {
            let mut command = pinned(SERVER_CORE, &venv.python());
            command.arg(program("asgi_server.py")).arg(name);
            let server = Server::spawn(command, Carrier::Tcp)?;
            Ok((Unit::PerSecond, load(case, &server, plan.seconds)?))
        });
    }
    Ok(())
}

fn can(contestant: &Contestant, case: &Case) -> bool {
    match contestant {
        Contestant::Script(_, kind) => *kind == "web" || case.client == HTTP,
        Contestant::Rust => !case.is_secure && matches!(case.path, "/" | "/echo" | "/ws"),
        Contestant::Native => !case.is_secure && case.path == "/",
    }
}

fn command(contestant: &Contestant, case: &Case) -> Command {
    match contestant {
        Contestant::Script(runtime, kind) => {
            let mut command = pinned(SERVER_CORE, &runtime.program);
            command
                .args(runtime.words)
                .arg(program("serve.mjs"))
                .arg(kind);
            if case.is_secure {
                command.arg(certificate("server.pem"));
            }
            command
        }
        Contestant::Rust => pinned(SERVER_CORE, &example()),
        Contestant::Native => {
            let mut command = pinned(SERVER_CORE, &native());
            command.arg("http-server");
            command
        }
    }
}

fn example() -> PathBuf {
    Profile::Release.artifact("examples").join(EXAMPLE)
}

fn load(case: &Case, server: &Server, seconds: f64) -> Result<f64> {
    let mut command = pinned(CLIENT_CORE, &native());
    let connections = case.connections.to_string();
    let bytes = case.bytes.to_string();
    let time = seconds.to_string();
    command.args([case.client, &server.address, case.path, &connections]);
    if case.client == HTTP {
        command.args([&time, &bytes]);
        if case.is_secure {
            command.arg(certificate("authority.pem"));
        }
    } else {
        command.args([&bytes, &time]);
    }
    let figures = json_of(&mut command, Duration::from_secs_f64(seconds + 20.0))?;
    Ok(figures["per_second"].as_f64().unwrap_or_default())
}
