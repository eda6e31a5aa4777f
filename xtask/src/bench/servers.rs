//! Servers under the native load client, each on its core, and the connections that a client holds.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::{CLIENT_CORE, SERVER_CORE, json_of, native, pinned, program};
use crate::paths;
use crate::process::Watchdog;
use crate::python::Venv;

/// The server that has no language above it, among the names of loops.
pub(super) const NATIVE: &str = "native";

/// A server or client that prints nothing for this long is given up.
const START_LIMIT: Duration = Duration::from_secs(10);

/// What one connection of the bulk group carries; `bench/echo_server.py` knows it too.
pub(super) const BULK_MEBIBYTES: usize = 512;

/// What carries an echo server's connections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Tcp,
    Unix,
    Tls,
}

/// A server on its core; it ends when its stdin closes, and is killed if it does not.
pub(super) struct Server {
    child: Child,
    /// A port of this machine or the path of a Unix socket.
    pub(super) address: String,
    carrier: Carrier,
}

impl Server {
    /// `bench/echo_server.py` on the loop `name`, or the native one.
    pub(super) fn echo(
        venv: &Venv,
        name: &str,
        carrier: Carrier,
        arguments: &[&str],
    ) -> Result<Server> {
        let mut command;
        if name == NATIVE {
            command = pinned(SERVER_CORE, &native());
            command.arg("echo-server");
        } else {
            command = pinned(SERVER_CORE, &venv.python());
            command
                .arg(program("echo_server.py"))
                .arg(name)
                .args(arguments);
        }
        match carrier {
            Carrier::Tcp => {}
            Carrier::Unix => drop(command.arg(socket_path())),
            Carrier::Tls => drop(command.arg(certificate("server.pem"))),
        }
        Server::spawn(command, carrier)
    }

    /// A server that prints its address.
    pub(super) fn spawn(mut command: Command, carrier: Carrier) -> Result<Server> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let address = first_line(&mut child)?;
        let server = Server {
            child,
            address,
            carrier,
        };
        ensure!(!server.address.is_empty(), "the server did not start");
        Ok(server)
    }

    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// One load of echoes; messages a second.
    pub(super) fn load(&self, connections: usize, bytes: usize, seconds: f64) -> Result<f64> {
        let mut client = self.client("echo-client");
        client
            .args([connections, bytes].map(|number| number.to_string()))
            .arg(seconds.to_string());
        self.authority(&mut client);
        per_second(&mut client, seconds)
    }

    /// One connection that carries much in one direction, as the client sees it; MiB a second.
    pub(super) fn bulk(&self, direction: &str) -> Result<f64> {
        let mut client = self.client("bulk-client");
        client.args([direction, &BULK_MEBIBYTES.to_string()]);
        self.authority(&mut client);
        let result = json_of(&mut client, Duration::from_secs(60))?;
        result["mebibytes_per_second"]
            .as_f64()
            .context("the client reported no rate")
    }

    /// Connections that carry one message each, so many at a time.
    pub(super) fn churn(&self, connections: usize, seconds: f64) -> Result<Churn> {
        let mut client = self.client("churn-client");
        client.args([connections.to_string(), seconds.to_string()]);
        self.authority(&mut client);
        let before = self.cpu_ns()?;
        let result = json_of(&mut client, Duration::from_secs_f64(seconds + 20.0))?;
        let spent = self.cpu_ns()? - before;
        let count = result["connections"]
            .as_f64()
            .context("the client reported no count")?;
        ensure!(count > 0.0, "no connection was served");
        Ok(Churn {
            per_second: count / seconds,
            cpu_ns: spent / count,
        })
    }

    /// How long the process's threads have been on a core.
    fn cpu_ns(&self) -> Result<f64> {
        let mut sum = 0.0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let times = std::fs::read_to_string(task?.path().join("schedstat"))?;
            let time = times.split_whitespace().next();
            sum += time.context("the system says no time")?.parse::<f64>()?;
        }
        Ok(sum)
    }

    /// Opens connections that have carried one message of `bytes` each and then do nothing.
    pub(super) fn hold(&self, connections: usize, bytes: usize) -> Result<Held> {
        let mut client = self.client("hold");
        client.args([connections, bytes].map(|number| number.to_string()));
        self.authority(&mut client);
        Held::start(&mut client)
    }

    /// Opens WebSockets that then do nothing.
    pub(super) fn hold_sockets(&self, path: &str, connections: usize) -> Result<Held> {
        let mut client = self.client("hold-websockets");
        client.args([path, &connections.to_string()]);
        Held::start(&mut client)
    }

    /// The memory of the process that is present, without what is mapped from files: how much of a library's code is depends on
    /// how its file came into the system's cache.
    pub(super) fn memory_kib(&self) -> Result<f64> {
        self.status("RssAnon:")
    }

    /// All of the process that is present.
    pub(super) fn resident_kib(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    fn status(&self, name: &str) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        let number = number.with_context(|| format!("the system says no {name}"))?;
        Ok(number.parse()?)
    }

    fn client(&self, kind: &str) -> Command {
        let mut client = pinned(CLIENT_CORE, &native());
        client.args([kind, &self.address]);
        client
    }

    fn authority(&self, client: &mut Command) {
        if self.carrier == Carrier::Tls {
            client.arg(certificate("authority.pem"));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let ends = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            matches!(self.child.try_wait(), Ok(Some(_)))
        });
        if !ends {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if self.carrier == Carrier::Unix {
            let _ = std::fs::remove_file(&self.address);
        }
    }
}

/// What short connections came to.
pub(super) struct Churn {
    pub(super) per_second: f64,
    /// The server's CPU time for one.
    pub(super) cpu_ns: f64,
}

/// Connections of a client that does nothing with them.
pub(super) struct Held(Child);

impl Held {
    fn start(client: &mut Command) -> Result<Held> {
        client
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0);
        let mut held = Held(client.spawn()?);
        let line = first_line(&mut held.0)?;
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

/// The rate that a load client prints.
pub(super) fn per_second(client: &mut Command, seconds: f64) -> Result<f64> {
    let result = json_of(client, Duration::from_secs_f64(seconds + 20.0))?;
    result["per_second"]
        .as_f64()
        .context("the load client reported no rate")
}

/// What a child says first, without the end of the line; empty if it ends or says nothing in time.
fn first_line(child: &mut Child) -> Result<String> {
    let watchdog = Watchdog::start(child.id(), START_LIMIT);
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("stdout is a pipe")).read_line(&mut line)?;
    watchdog.stop();
    Ok(line.trim().to_owned())
}

/// A path that no other server has; in the folder for temporary files, because the address of a Unix socket is short.
fn socket_path() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("twinloop-bench-{}-{count}.sock", std::process::id());
    std::env::temp_dir().join(name)
}

/// A file of the tests' certificates.
pub(super) fn certificate(name: &str) -> PathBuf {
    paths::root().join("tests/py/certificates").join(name)
}
