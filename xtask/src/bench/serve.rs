//! HTTP and WebSocket servers: Twinloop's faces and their peers, under the native load client, each on its core.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::peers::{self, Runtime};
use super::report::Report;
use super::servers::{Carrier, Server, certificate};
use super::table::Unit;
use super::{CLIENT_CORE, Plan, SERVER_CORE, json_of, native, pinned, program, python, rounds};
use crate::paths::Profile;
use crate::process;

/// What a client does.
#[derive(Clone, Copy)]
enum Load {
    /// On each connection one request after the other, with bodies of so many bytes.
    Requests(usize),
    /// So many requests a second in all; what is reported is the latency that so much of them stay below.
    Paced(usize, &'static str),
    /// Messages of so many bytes that come back.
    Echo(usize),
    /// Messages of so many bytes that all get.
    FanOut(usize),
    /// WebSockets that do nothing; what is reported is the server's memory for each.
    Idle,
    /// What the whole process takes that keeps them.
    Keeping,
    /// HTTP/2 by TLS, eight requests at a time on each connection, by nghttp2's client.
    Multiplexed,
}

/// Which servers can be asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Face {
    Any,
    /// The framework on node:http.
    Express,
}

/// One thing that servers are asked for.
struct Case {
    name: &'static str,
    load: Load,
    path: &'static str,
    connections: usize,
    is_secure: bool,
    face: Face,
}

const fn case(name: &'static str, load: Load, path: &'static str, connections: usize) -> Case {
    Case {
        name,
        load,
        path,
        connections,
        is_secure: false,
        face: Face::Any,
    }
}

/// The server in Rust, an example of the crate `twinloop`, and its peer.
pub(super) const EXAMPLES: [&str; 2] = ["serve", "hyper"];

/// What servers are asked for a second where it is not all they can.
const RATE: usize = 10_000;

const CASES: [Case; 15] = [
    case("JSON hello, 64", Load::Requests(0), "/", 64),
    case("JSON hello, 1", Load::Requests(0), "/", 1),
    case("10 KiB, 64", Load::Requests(0), "/10k", 64),
    case("echo of 64 KiB, 64", Load::Requests(65_536), "/echo", 64),
    case("a file of 100 KiB, 64", Load::Requests(0), "/file", 64),
    Case {
        is_secure: true,
        ..case("JSON hello by TLS, 64", Load::Requests(0), "/", 64)
    },
    Case {
        is_secure: true,
        ..case("JSON hello by HTTP/2, 8 of 8", Load::Multiplexed, "/", 8)
    },
    Case {
        face: Face::Express,
        ..case("express, JSON hello, 64", Load::Requests(0), "/", 64)
    },
    case("p50 at 10,000/s, 64", Load::Paced(RATE, "p50_us"), "/", 64),
    case("p99 at 10,000/s, 64", Load::Paced(RATE, "p99_us"), "/", 64),
    case("WebSocket echo of 64 B, 32", Load::Echo(64), "/ws", 32),
    case("WebSocket echo of 64 B, 1", Load::Echo(64), "/ws", 1),
    case("WebSocket, one to 1,000", Load::FanOut(64), "/room", 1000),
    case("an idle WebSocket, of 10,000", Load::Idle, "/ws", 10_000),
    case(
        "the process with 10,000 of them",
        Load::Keeping,
        "/ws",
        10_000,
    ),
];

/// Who answers.
enum Contestant {
    /// `bench/serve.mjs`, with what the runtime has itself or with node:http.
    Script(Runtime, &'static str),
    /// The Rust face, or hyper.
    Rust(&'static str),
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
    contestants.push(("twinloop in Rust".to_owned(), Contestant::Rust(EXAMPLES[0])));
    contestants.push(("hyper".to_owned(), Contestant::Rust(EXAMPLES[1])));
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
            load(case, &server, plan.seconds)
        });
    }
    Ok(())
}

/// The servers of ASGI, each as its users start it, in one process.
const ASGI: [&str; 3] = ["twinloop", "uvicorn", "granian"];

const ASGI_CASES: [Case; 6] = [
    case("JSON hello, 64", Load::Requests(0), "/", 64),
    case("JSON hello, 1", Load::Requests(0), "/", 1),
    case("echo of 64 KiB, 64", Load::Requests(65_536), "/echo", 64),
    case("p50 at 10,000/s, 64", Load::Paced(RATE, "p50_us"), "/", 64),
    case("p99 at 10,000/s, 64", Load::Paced(RATE, "p99_us"), "/", 64),
    case("WebSocket echo of 64 B, 32", Load::Echo(64), "/ws", 32),
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
            load(case, &server, plan.seconds)
        });
    }
    Ok(())
}

fn can(contestant: &Contestant, case: &Case) -> bool {
    let is_request = matches!(
        case.load,
        Load::Requests(_) | Load::Paced(..) | Load::Multiplexed
    );
    match contestant {
        Contestant::Script(runtime, kind) => match (case.face, case.load) {
            (Face::Express, _) => *kind == "node",
            // Bun has HTTP/2 in node:http2 alone.
            (_, Load::Multiplexed) => *kind == "node" || runtime.name != "bun",
            _ => *kind == "web" || is_request,
        },
        Contestant::Rust(name) => {
            case.face == Face::Any
                && !case.is_secure
                && match case.path {
                    "/" | "/echo" => true,
                    "/ws" => *name == EXAMPLES[0],
                    _ => false,
                }
        }
        Contestant::Native => case.face == Face::Any && !case.is_secure && case.path == "/",
    }
}

fn command(contestant: &Contestant, case: &Case) -> Command {
    match contestant {
        Contestant::Script(runtime, kind) => {
            let mut command = pinned(SERVER_CORE, &runtime.program);
            let kind = match (case.face, case.load) {
                (Face::Express, _) => "express",
                (_, Load::Multiplexed) if *kind == "node" => "http2",
                _ => kind,
            };
            command
                .args(runtime.words)
                .arg(program("serve.mjs"))
                .arg(kind);
            if case.is_secure {
                command.arg(certificate("server.pem"));
            }
            command
        }
        Contestant::Rust(name) => pinned(
            SERVER_CORE,
            &Profile::Release.artifact("examples").join(name),
        ),
        Contestant::Native => {
            let mut command = pinned(SERVER_CORE, &native());
            command.arg("http-server");
            command
        }
    }
}

fn load(case: &Case, server: &Server, seconds: f64) -> Result<(Unit, f64)> {
    let connections = case.connections.to_string();
    let time = seconds.to_string();
    let mut command = pinned(CLIENT_CORE, &native());
    let mut client = |name: &str| {
        command.args([name, &server.address, case.path, &connections]);
    };
    let mut wanted = "per_second";
    match case.load {
        Load::Requests(bytes) => {
            client("http-client");
            command.args([&time, &bytes.to_string()]);
            if case.is_secure {
                command.arg(certificate("authority.pem"));
            }
        }
        Load::Paced(rate, percentile) => {
            client("paced-client");
            command.args([&rate.to_string(), &time]);
            wanted = percentile;
        }
        Load::Echo(bytes) => {
            client("websocket-client");
            command.args([&bytes.to_string(), &time]);
        }
        Load::FanOut(bytes) => {
            client("fan-out-client");
            command.args([&bytes.to_string(), &time]);
        }
        Load::Idle => {
            let before = server.memory_kib()?;
            let _held = server.hold_sockets(case.path, case.connections)?;
            let grown = server.memory_kib()? - before;
            return Ok((Unit::Kibibytes, grown / case.connections as f64));
        }
        Load::Keeping => {
            let _held = server.hold_sockets(case.path, case.connections)?;
            return Ok((Unit::Mebibytes, server.resident_kib()? / 1024.0));
        }
        Load::Multiplexed => return multiplexed(case, server, seconds),
    }
    let figures = json_of(&mut command, Duration::from_secs_f64(seconds + 20.0))?;
    let figure = figures[wanted].as_f64().unwrap_or_default();
    Ok(if wanted == "per_second" {
        (Unit::PerSecond, figure)
    } else {
        (Unit::Nanoseconds, figure * 1e3)
    })
}

/// h2load of the package nghttp2-client.
fn multiplexed(case: &Case, server: &Server, seconds: f64) -> Result<(Unit, f64)> {
    let h2load = process::find("h2load").context("h2load is missing; install nghttp2-client")?;
    let mut command = pinned(CLIENT_CORE, &h2load);
    let connections = case.connections.to_string();
    let url = format!("https://localhost:{}{}", server.address, case.path);
    command
        .args(["-c", &connections, "-m", &connections, "-D"])
        .arg(seconds.ceil().to_string())
        .args(["--warm-up-time", "1"])
        .arg(url);
    let finished = process::gather(
        &mut command,
        Duration::from_secs_f64(seconds + 20.0),
        |_| {},
    )?;
    let text = finished.output;
    ensure!(
        text.contains("Application protocol: h2\n"),
        "no HTTP/2 was agreed on"
    );
    let rate = text.lines().find_map(|line| {
        let (before, _) = line.split_once(" req/s")?;
        before.rsplit(' ').next()?.parse().ok()
    });
    Ok((Unit::PerSecond, rate.context("h2load reported no rate")?))
}
