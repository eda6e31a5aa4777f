//! `cargo xtask bench`: the same work on Twinloop and its peers, in one run.
//!
//! Contestants take turns within a round, who begins moves on, and rounds repeat, so a slow moment of the machine hits all of them; what is reported
//! is the median. Clients run on core 0 and servers on core 1. A contestant that is missing or fails is named and skipped.

mod bridge;
mod broadcast;
mod chat;
mod echo;
mod javascript;
mod peers;
mod plot;
mod python;
mod report;
mod serve;
mod servers;
mod startup;
mod table;
mod trace;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::paths::{self, Profile};
use crate::python::Venv;
use crate::{Arguments, cargo, process, terminal};
use report::Report;
use table::Unit;

const HELP: &str = "\
cargo xtask bench [GROUP...] [--json FILE] [--markdown FILE] [--plot FILE] [--from FILE] [--rounds N] [--seconds S] [--only TEXT]
                  [--python VERSION] [--no-build]

Groups (all by default):
  startup      an empty script and a hello: wall time, CPU time and peak memory      node, bun, deno
  echo         TCP echo by Protocol, BufferedProtocol, streams and sock_*: 1, 10 and 100 KiB, 1, 16 and 256 connections
                                                      asyncio, uvloop, uvloop+aiofastnet, rloop; native is the limit
  unix         the same over Unix sockets, by Protocol and streams
  tls          the same over TLS, by Protocol and streams                         asyncio, uvloop, uvloop+aiofastnet
  busy         Protocol echo beside a thread that computes in Python           asyncio, uvloop, uvloop+aiofastnet, rloop
  bulk         512 MiB over one connection, each way, plain and over TLS       asyncio, uvloop, uvloop+aiofastnet, rloop
  connections  of one message each: how many a second, CPU time for one     asyncio, uvloop, uvloop+aiofastnet, rloop; native
  memory       what a server keeps for an idle connection                      asyncio, uvloop, uvloop+aiofastnet, rloop
  http         aiohttp and uvicorn servers under wrk, 64 connections           asyncio, uvloop, uvloop+aiofastnet, rloop
  udp          UDP echo of 1 KiB, 1 and 16 sockets                                asyncio, uvloop, rloop
  subprocess   children spawned and awaited, 64 MiB through cat                 asyncio, uvloop, rloop
  getaddrinfo  literals and localhost                                           asyncio, uvloop, rloop
  callbacks    call_soon, call_soon_threadsafe, timers, tasks, futures         asyncio, uvloop, uvloop+aiofastnet, rloop
  microtasks   await of settled Promises, chains, queueMicrotask                      node, bun, deno
  api          web and node: APIs, a call each                                      node, bun, deno
  crypto       hashes, ciphers and signatures, a call each                            node, bun, deno
  bridge       calls, values and awaits between Python and JavaScript           pythonmonkey, stpyv8, mini-racer, quickjs
  compute      the language alone: loops, objects, strings, JSON, the collector      node, bun, deno
  streams      a million chunks and a GiB through streams of the web and of Node    node, bun, deno
  files        10,000 small files and a big one                                      node, bun, deno
  workers      a thread started and heard of, messages there and back                    node, bun, deno
  serve        HTTP and WebSocket servers, by their own APIs, node:http and express    node, bun, deno; in Rust: hyper; native is the limit
  asgi         bench/asgi_app.py: JSON, echo of a body, WebSocket echo     uvicorn with uvloop and httptools, granian
  fetch        keep-alive GETs of 1 KiB of JSON, 1 and 64 in flight    node, bun, deno; native is the limit
  fetch-python the same from Python, and one GiB                         aiohttp, httpx and pyreqwest on uvloop; curl
  files-python  10,000 small files, each opened, read or written, and closed       aiofiles on uvloop
  websocket-python  echo of 64 bytes over WebSockets from Python, 1 and 32    picows, websockets and aiohttp on uvloop
  broadcast    BroadcastChannel on 1, 2 and 4 processes, in both languages, and what is lost: local, then by Redis, its streams, NATS, JetStream
  chat         a message to a room of 1,000 people, and with --only 10,000 to as many    bun, socket.io on node, Channels on daphne
  trace        programs of both languages as they are and traced (twinloop trace)

  --json FILE   also write every sample, with the machine and the versions
  --markdown FILE   also write the tables, the machine and the versions for docs/benchmarks.md
  --plot FILE   also draw the tables (SVG)
  --from FILE   measure nothing: print and draw what an earlier --json kept (of GROUPs, or all)
  --rounds N    rounds (5 by default, startup 20); the median counts
  --seconds S   how long a load lasts (1 by default); scales the 40 ms of a case of api, crypto, bridge, the amounts of streams, files
  --only TEXT   only cases whose name contains TEXT, such as \"protocol 1 KiB\"; given again, those too
  --python VERSION   the Python of the groups of asyncio loops, such as 3.13 (the default one unless told)
  --no-build    measure what is built already

Peers come from PyPI and npm into .cache/ and are not needed: what is missing is named. Figures of a busy machine are
worth nothing: the load average is printed with them.
";

/// The core of clients and of programs measured alone, and the core of servers.
pub(crate) const CLIENT_CORE: usize = 0;
pub(crate) const SERVER_CORE: usize = 1;

/// How long a case of `api`, `crypto` and `bridge` is measured, three times; `--seconds` scales it.
const MILLISECONDS_A_CASE: f64 = 40.0;

const GROUPS: [&str; 30] = [
    "startup",
    "echo",
    "unix",
    "tls",
    "busy",
    "bulk",
    "connections",
    "memory",
    "http",
    "udp",
    "subprocess",
    "getaddrinfo",
    "callbacks",
    "microtasks",
    "api",
    "crypto",
    "bridge",
    "compute",
    "streams",
    "files",
    "workers",
    "serve",
    "asgi",
    "fetch",
    "fetch-python",
    "files-python",
    "websocket-python",
    "broadcast",
    "chat",
    "trace",
];

/// What was asked for.
pub(crate) struct Plan {
    groups: Vec<String>,
    json: Option<PathBuf>,
    markdown: Option<PathBuf>,
    plot: Option<PathBuf>,
    from: Option<PathBuf>,
    rounds: Option<usize>,
    seconds: f64,
    only: Vec<String>,
    python: Option<String>,
    build: bool,
}

impl Plan {
    fn rounds(&self, default: usize) -> usize {
        self.rounds.unwrap_or(default)
    }

    /// The environment of the peers of asyncio loops.
    fn venv(&self) -> Result<Venv> {
        Venv::named("venv-bench", self.python.as_deref())
    }

    fn wants(&self, case: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|text| case.contains(text))
    }

    /// For a program that measures many cases: how long each, then the texts of `--only`.
    fn case_arguments(&self, milliseconds: f64) -> Vec<String> {
        let milliseconds = self.seconds * milliseconds;
        [milliseconds.to_string()]
            .into_iter()
            .chain(self.only.clone())
            .collect()
    }

    /// For a program of a fixed amount of work: how many pieces and how many MiB, then the texts of `--only`.
    fn amounts(&self, pieces: u32, mebibytes: u32) -> Vec<String> {
        let scaled = |whole: u32| (f64::from(whole) * self.seconds).round().to_string();
        [scaled(pieces), scaled(mebibytes)]
            .into_iter()
            .chain(self.only.clone())
            .collect()
    }
}

pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    let mut plan = Plan {
        groups: Vec::new(),
        json: None,
        markdown: None,
        plot: None,
        from: None,
        rounds: None,
        seconds: 1.0,
        only: Vec::new(),
        python: None,
        build: true,
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            lexopt::Arg::Long("json") => plan.json = Some(arguments.value()?.into()),
            lexopt::Arg::Long("markdown") => plan.markdown = Some(arguments.value()?.into()),
            lexopt::Arg::Long("plot") => plan.plot = Some(arguments.value()?.into()),
            lexopt::Arg::Long("from") => plan.from = Some(arguments.value()?.into()),
            lexopt::Arg::Long("rounds") => plan.rounds = Some(number(arguments.value()?)?),
            lexopt::Arg::Long("seconds") => plan.seconds = number(arguments.value()?)?,
            lexopt::Arg::Long("only") => {
                let text = arguments.value()?.to_string_lossy().into_owned();
                plan.only.push(text);
            }
            lexopt::Arg::Long("python") => {
                plan.python = Some(arguments.value()?.to_string_lossy().into_owned());
            }
            lexopt::Arg::Long("no-build") => plan.build = false,
            lexopt::Arg::Value(group) if GROUPS.iter().any(|known| group == *known) => {
                plan.groups.push(group.to_string_lossy().into_owned());
            }
            lexopt::Arg::Value(group) => {
                bail!(
                    "no such group: {}; there are {}",
                    group.to_string_lossy(),
                    GROUPS.join(", ")
                )
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if let Some(file) = &plan.from {
        let (mut report, groups) = Report::read(file)?;
        report.keep(|case| plan.wants(case));
        if plan.groups.is_empty() {
            plan.groups = groups;
        }
        for group in &plan.groups {
            report.table(group).print();
        }
        return write_pictures(&plan, &report);
    }
    if plan.groups.is_empty() {
        plan.groups = GROUPS.map(String::from).to_vec();
    }
    bench(&plan)
}

/// The contestants of one round. The first moves on with each round, because who follows a large process that is still
/// being torn down would otherwise always be the same.
pub(crate) fn in_turn<T>(contestants: &[T], round: usize) -> impl Iterator<Item = &T> {
    let count = contestants.len();
    (0..count).map(move |index| &contestants[(index + round) % count])
}

/// Measures one case on each contestant in turn, as often as the plan says.
fn rounds(
    plan: &Plan,
    report: &mut Report,
    group: &str,
    case: &str,
    contestants: &[&str],
    mut measure: impl FnMut(&str) -> Result<(Unit, f64)>,
) {
    if !plan.wants(case) {
        return;
    }
    for round in 0..plan.rounds(5) {
        for name in in_turn(contestants, round).copied() {
            match measure(name) {
                Ok((unit, value)) => report.add(group, case, name, unit, value),
                Err(error) => report.skip(name, &format!("{group}, {case}: {error:#}")),
            }
        }
    }
}

fn number<T: std::str::FromStr>(value: std::ffi::OsString) -> Result<T> {
    let text = value.to_string_lossy().into_owned();
    text.parse()
        .ok()
        .with_context(|| format!("{text} is not a number"))
}

fn bench(plan: &Plan) -> Result<()> {
    if process::find("taskset").is_none() {
        bail!("taskset is missing; install the package util-linux");
    }
    if plan.build {
        let mut build = cargo::products(Profile::Release)?;
        if plan.groups.iter().any(|group| group == "serve") {
            build.args(serve::EXAMPLES.iter().flat_map(|name| ["--example", name]));
        }
        process::run(build.args(["--features", "xtask/bench"]))?;
    }
    let load = machine_load();
    let mut report = Report::new();
    for group in &plan.groups {
        terminal::step(&format!("{group}: measuring"));
        match group.as_str() {
            "startup" => startup::startup(plan, &mut report)?,
            "echo" => echo::tcp(plan, &mut report)?,
            "unix" => echo::unix(plan, &mut report)?,
            "tls" => echo::tls(plan, &mut report)?,
            "busy" => echo::busy(plan, &mut report)?,
            "bulk" => echo::bulk(plan, &mut report)?,
            "connections" => echo::connections(plan, &mut report)?,
            "memory" => echo::memory(plan, &mut report)?,
            "http" => python::http(plan, &mut report)?,
            "udp" => python::udp(plan, &mut report)?,
            "subprocess" => python::subprocess(plan, &mut report)?,
            "getaddrinfo" => python::getaddrinfo(plan, &mut report)?,
            "callbacks" => python::callbacks(plan, &mut report)?,
            "microtasks" => javascript::microtasks(plan, &mut report)?,
            "api" => javascript::api(plan, &mut report)?,
            "crypto" => javascript::crypto(plan, &mut report)?,
            "compute" => javascript::compute(plan, &mut report)?,
            "streams" => javascript::streams(plan, &mut report)?,
            "files" => javascript::files(plan, &mut report)?,
            "workers" => javascript::workers(plan, &mut report)?,
            "bridge" => bridge::bridge(plan, &mut report)?,
            "serve" => serve::serve(plan, &mut report)?,
            "asgi" => serve::asgi(plan, &mut report)?,
            "fetch-python" => python::fetch(plan, &mut report)?,
            "files-python" => python::files(plan, &mut report)?,
            "websocket-python" => python::websocket(plan, &mut report)?,
            "broadcast" => broadcast::broadcast(plan, &mut report)?,
            "chat" => chat::chat(plan, &mut report)?,
            "trace" => trace::trace(plan, &mut report)?,
            _ => javascript::fetch(plan, &mut report)?,
        }
        report.table(group).print();
    }
    println!("\nload average before: {load}; after: {}", machine_load());
    if let Some(file) = &plan.json {
        report.write(file)?;
    }
    write_pictures(plan, &report)
}

/// What is made of the medians: Markdown and the picture.
fn write_pictures(plan: &Plan, report: &Report) -> Result<()> {
    if let Some(file) = &plan.markdown {
        report.write_markdown(&plan.groups, file)?;
    }
    if let Some(file) = &plan.plot {
        let tables: Vec<_> = plan
            .groups
            .iter()
            .map(|group| report.table(group))
            .collect();
        plot::write(&tables, file)?;
    }
    Ok(())
}

fn machine_load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// The native load client, echo server and launcher.
pub(crate) fn native() -> PathBuf {
    Profile::Release.artifact("twinloop-bench")
}

/// A file of `bench/`.
pub(crate) fn program(name: &str) -> PathBuf {
    paths::root().join("bench").join(name)
}

/// `taskset -c CORE PROGRAM`, to be given arguments.
pub(crate) fn pinned(core: usize, program: &std::path::Path) -> std::process::Command {
    let mut command = std::process::Command::new("taskset");
    command.args(["-c", &core.to_string()]).arg(program);
    command
}

/// Runs a program that prints one JSON object on a line of its own, with a time limit.
pub(crate) fn json_of(
    command: &mut std::process::Command,
    limit: std::time::Duration,
) -> Result<Value> {
    let finished = process::gather(command, limit, |_| {})?;
    if !finished.success() {
        bail!(
            "{}: {}",
            finished.how(),
            finished
                .output
                .trim_end()
                .lines()
                .last()
                .unwrap_or_default()
        );
    }
    // A runtime may say something on standard error after the result.
    let object = finished
        .output
        .lines()
        .rev()
        .find(|line| line.starts_with('{'));
    let object =
        object.with_context(|| format!("no line of JSON in: {}", finished.output.trim_end()))?;
    serde_json::from_str(object).with_context(|| format!("not JSON: {object}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_begins_in_turn() {
        let order = |round| {
            in_turn(&["a", "b", "c"], round)
                .copied()
                .collect::<String>()
        };
        assert_eq!([order(0), order(1), order(3)], ["abc", "bca", "abc"]);
    }
}
