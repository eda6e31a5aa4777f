//! Real servers for the programs of `tests/real`: PostgreSQL, Redis, NATS, MariaDB, RabbitMQ and one that speaks MongoDB's protocol.
//!
//! Each runs in a temporary folder and on free ports of loopback, as a user of its own where root may not run it, without syncs to
//! disk: what they acknowledge is the kernel's, so that one that is killed still has it. All end with this handle; if this process dies before, the kernel ends them (`setpriv --pdeathsig`). Programs have them
//! stopped and started through a port that obeys one line a connection: `stop NAME`, `start NAME` or `restart NAME`; `kill NAME`, after which
//! it is started as after a crash; `pause NAME`, after which it answers nobody and keeps every connection, and `continue NAME`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::python::Venv;
use crate::system::Need;
use crate::{paths, process, system, terminal};

/// A server that does not answer by then does not start. RabbitMQ needs five seconds, and more than a minute on a machine that compiles.
const START_LIMIT: Duration = Duration::from_secs(180);
/// One that has not ended by then is killed.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// The kinds of server, by the names that programs give them.
const NAMES: [&str; 6] = [
    "mariadb",
    "mongodb",
    "nats",
    "postgresql",
    "rabbitmq",
    "redis",
];

/// One server, running or stopped.
struct Server {
    name: &'static str,
    port: u16,
    /// A second port, for servers that need one for themselves.
    own_port: u16,
    folder: PathBuf,
    program: PathBuf,
    /// Whom root becomes to run it.
    user: Option<&'static str>,
    child: Option<Child>,
}

/// Why a server is not there.
#[derive(Clone)]
pub(crate) struct Absence {
    pub(crate) reason: String,
    /// It is installed and was asked for, so whoever needs it has failed; otherwise that is skipped.
    pub(crate) is_fault: bool,
}

/// The servers, and the port through which programs have them stopped and started.
pub(crate) struct Servers {
    all: Arc<Mutex<BTreeMap<&'static str, Server>>>,
    absent: BTreeMap<&'static str, Absence>,
    control: u16,
    folder: PathBuf,
}

impl Servers {
    /// Starts those of `names`, at the same time; one that is not installed, and may not or cannot be, is left out, as is one that does not start.
    pub(crate) fn start(names: &[&str], may_install: bool) -> Result<Servers> {
        if may_install {
            let needs = system::SERVERS.into_iter();
            let needs: Vec<Need> = needs
                .filter(|need| names.iter().any(|name| need.is_for(name)))
                .collect();
            if let Err(error) = system::provide(&needs) {
                terminal::note(&format!("{error:#}"));
            }
        }
        let folder = std::env::temp_dir().join(format!("twinloop-servers-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut servers = Servers {
            all: Arc::default(),
            absent: BTreeMap::new(),
            control: listener.local_addr()?.port(),
            folder,
        };
        let is_root = process::output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0");
        for name in NAMES.into_iter().filter(|name| names.contains(name)) {
            let program = match find(name) {
                Ok(program) => program,
                Err(error) => {
                    let reason = format!("{error:#}");
                    let is_fault = false;
                    servers.absent.insert(name, Absence { reason, is_fault });
                    continue;
                }
            };
            let user = if is_root { unprivileged(name) } else { None };
            let mut server = Server {
                name,
                port: free_port()?,
                own_port: free_port()?,
                folder: servers.folder.join(name),
                program,
                user,
                child: None,
            };
            let begun = server.prepare().and_then(|()| server.spawn());
            match begun.with_context(|| format!("{name} does not start")) {
                Ok(()) => drop(servers.locked().insert(name, server)),
                Err(error) => servers.fails(name, &error, may_install),
            }
        }
        let mut failures = Vec::new();
        for (name, server) in servers.locked().iter_mut() {
            if let Err(error) = server.wait_until_ready() {
                failures.push((*name, error));
            }
        }
        for (name, error) in failures {
            let server = servers.locked().remove(name);
            if let Some(mut server) = server {
                server.stop();
            }
            servers.fails(name, &error, may_install);
        }
        let all = Arc::clone(&servers.all);
        // It waits for connections until this process ends.
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let mut line = String::new();
                let read = BufReader::new(&connection).read_line(&mut line);
                let answer = match read.map_err(Into::into).and_then(|_| obey(&all, &line)) {
                    Ok(()) => "done\n".to_owned(),
                    Err(error) => format!("{error:#}\n"),
                };
                let _ = (&connection).write_all(answer.as_bytes());
            }
        });
        Ok(servers)
    }

    /// A server does not start: what it has said is shown once.
    fn fails(&mut self, name: &'static str, error: &anyhow::Error, is_fault: bool) {
        terminal::note(&format!("{error:#}"));
        let reason = format!("it needs {name}, which does not start");
        self.absent.insert(name, Absence { reason, is_fault });
    }

    /// Why one of `names` is not there, if one is not.
    pub(crate) fn absence(&self, names: &[String]) -> Option<Absence> {
        let mut absences = names
            .iter()
            .filter_map(|name| self.absent.get(name.as_str()));
        absences.next().cloned()
    }

    /// What programs find in `SERVERS`.
    pub(crate) fn addresses(&self) -> Value {
        let mut addresses =
            json!({ "control": address(self.control), "ca": certificates().join("authority.pem") });
        for (name, server) in self.locked().iter() {
            addresses[name] = address(server.port);
        }
        addresses
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, Server>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let mut all = self.locked();
        for server in all.values_mut() {
            server.ask_to_stop();
        }
        for server in all.values_mut() {
            server.stop();
            if server.name == "rabbitmq" {
                // Erlang's own name server goes on by itself.
                let mut end = Command::new("epmd");
                end.args(["-port", &server.own_port.to_string(), "-kill"]);
                process::succeeds(&mut end);
            }
        }
        drop(all);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn address(port: u16) -> Value {
    json!({ "host": "127.0.0.1", "port": port })
}

/// A certificate for `localhost`, with its key and authority.
fn certificates() -> PathBuf {
    paths::root().join("tests/py/certificates")
}

/// Does what a line of the control port asks for.
fn obey(all: &Mutex<BTreeMap<&'static str, Server>>, line: &str) -> Result<()> {
    let (action, name) = line.trim().split_once(' ').context("no such request")?;
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    let server = all.get_mut(name).context("no such server")?;
    match action {
        "stop" => server.stop(),
        "kill" => server.kill(),
        "pause" => server.signal("-STOP"),
        "continue" => server.signal("-CONT"),
        "start" | "restart" => {
            if action == "restart" {
                server.stop();
            }
            server.spawn()?;
            server.wait_until_ready()?;
        }
        _ => bail!("no such request"),
    }
    Ok(())
}

/// A server's program.
fn find(name: &str) -> Result<PathBuf> {
    if name == "mongodb" {
        // MongoDB itself is no package of Debian.
        let venv = Venv::named("mongodb", None)?;
        venv.provide("servers.txt")?;
        return Ok(venv.program("secantusd-py"));
    }
    let need = system::SERVERS.into_iter().find(|need| need.is_for(name));
    need.context("no such server")?.require()?;
    let program = match name {
        "postgresql" => return postgresql_program("postgres"),
        "rabbitmq" => return Ok("/usr/lib/rabbitmq/bin/rabbitmq-server".into()),
        "mariadb" => "mariadbd",
        "nats" => "nats-server",
        _ => "redis-server",
    };
    // A person's PATH may have no programs of administrators.
    Ok(process::find(program).unwrap_or_else(|| Path::new("/usr/sbin").join(program)))
}

/// A program of the newest PostgreSQL that is there; Debian keeps those of each version off PATH.
fn postgresql_program(name: &str) -> Result<PathBuf> {
    let find = format!("ls -d /usr/lib/postgresql/*/bin/{name} | sort -V | tail -n 1");
    let found = process::output(Command::new("sh").args(["-c", &find]))?;
    match process::find(name) {
        _ if !found.is_empty() => Ok(found.into()),
        Some(program) => Ok(program),
        None => bail!("{name} is not installed"),
    }
}

/// The user that a server's package makes for it, for servers that root may not run.
fn unprivileged(name: &str) -> Option<&'static str> {
    match name {
        "postgresql" => Some("postgres"),
        "mariadb" => Some("mysql"),
        "rabbitmq" => Some("rabbitmq"),
        _ => None,
    }
}

impl Server {
    /// Makes its folder and what must be in there.
    fn prepare(&self) -> Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let folder = self.folder.display().to_string();
        match self.name {
            "postgresql" => {
                let file = self.folder.join("server.pem");
                std::fs::copy(certificates().join("server.pem"), &file)?;
                process::output(Command::new("chmod").arg("600").arg(&file))?;
            }
            "rabbitmq" => {
                let listen = format!("listeners.tcp.1 = 127.0.0.1:{}\n", self.port);
                std::fs::write(self.folder.join("rabbitmq.conf"), listen)?;
            }
            _ => {}
        }
        if let Some(user) = self.user {
            process::output(Command::new("chown").args(["-R", user, &folder]))?;
        }
        let make = match self.name {
            "postgresql" => vec![
                postgresql_program("initdb")?.display().to_string(),
                format!("--pgdata={folder}/data"),
                "--username=postgres".to_owned(),
                "--auth=trust".to_owned(),
                "--no-sync".to_owned(),
                "--encoding=UTF8".to_owned(),
            ],
            "mariadb" => vec![
                "mariadb-install-db".to_owned(),
                "--no-defaults".to_owned(),
                format!("--datadir={folder}/data"),
                "--auth-root-authentication-method=normal".to_owned(),
                "--skip-test-db".to_owned(),
            ],
            _ => return Ok(()),
        };
        let mut command = self.as_its_user(Path::new(&make[0]));
        command.args(&make[1..]);
        process::output(&mut command)?;
        Ok(())
    }

    /// A command that runs `program` as the server's user, with no environment but what a server needs, and ends with this process.
    fn as_its_user(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if let Some(user) = self.user {
            command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .arg(program)
            .env_clear()
            .env("PATH", path)
            .env("HOME", &self.folder)
            .env("LC_ALL", "C.UTF-8")
            .current_dir(&self.folder);
        command
    }

    fn arguments(&self) -> Vec<String> {
        let folder = self.folder.display();
        let port = self.port;
        let line = match self.name {
            "postgresql" => format!(
                "-D {folder}/data -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} \
                 -c fsync=off -c max_connections=60 -c ssl=on -c ssl_cert_file={folder}/server.pem -c ssl_key_file={folder}/server.pem"
            ),
            "redis" => {
                format!("--bind 127.0.0.1 --port {port} --dir {folder} --save \"\" --appendonly no")
            }
            "nats" => format!("-a 127.0.0.1 -p {port} -js -sd {folder}/jetstream"),
            "mariadb" => format!(
                "--no-defaults --datadir={folder}/data --bind-address=127.0.0.1 --port={port} --socket={folder}/socket \
                 --pid-file={folder}/pid --skip-log-bin --innodb-flush-log-at-trx-commit=2 --innodb-buffer-pool-size=32M"
            ),
            "rabbitmq" => "-noinput".to_owned(),
            _ => format!(
                "--host 127.0.0.1 --port {port} --storage-path {folder}/data --log-level WARNING"
            ),
        };
        line.split_whitespace()
            .map(|word| word.trim_matches('"').to_owned())
            .collect()
    }

    fn spawn(&mut self) -> Result<()> {
        let log = std::fs::File::create(self.log())?;
        let mut command = self.as_its_user(&self.program);
        command.args(self.arguments());
        if self.name == "rabbitmq" {
            let own = self.own_port;
            let folder = self.folder.display();
            command.envs([
                ("RABBITMQ_NODENAME", format!("twinloop-{own}@localhost")),
                ("RABBITMQ_CONF_ENV_FILE", "/dev/null".to_owned()),
                ("RABBITMQ_CONFIG_FILE", format!("{folder}/rabbitmq")),
                ("RABBITMQ_MNESIA_BASE", folder.to_string()),
                ("RABBITMQ_LOG_BASE", folder.to_string()),
                ("RABBITMQ_LOGS", "-".to_owned()),
                ("RABBITMQ_ENABLED_PLUGINS_FILE", format!("{folder}/plugins")),
                ("RABBITMQ_PID_FILE", format!("{folder}/pid")),
                ("RABBITMQ_DIST_PORT", free_port()?.to_string()),
                ("ERL_EPMD_PORT", own.to_string()),
                ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
                // The script becomes the server, so that what is ended here is the server.
                ("RABBITMQ_ALLOW_INPUT", "1".to_owned()),
                ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 1".to_owned()),
            ]);
        }
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = command
            .spawn()
            .with_context(|| format!("start {}", self.name))?;
        self.child = Some(child);
        Ok(())
    }

    fn log(&self) -> PathBuf {
        self.folder.with_extension("log")
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let start = Instant::now();
        while !self.is_ready() {
            let has_ended = match &mut self.child {
                Some(child) => child.try_wait()?.is_some(),
                None => true,
            };
            if has_ended || start.elapsed() > START_LIMIT {
                let log = std::fs::read_to_string(self.log()).unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(12).collect();
                let tail: Vec<&str> = tail.into_iter().rev().collect();
                bail!("{} does not start:\n{}", self.name, tail.join("\n"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Whether it answers a client.
    fn is_ready(&self) -> bool {
        let Ok(mut socket) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return false;
        };
        let _ = socket.set_read_timeout(Some(Duration::from_secs(1)));
        let (question, answer): (&[u8], &[u8]) = match self.name {
            // A start-up message of version 3 for the user `postgres`; while it starts the answer is an error.
            "postgresql" => (b"\0\0\0\x17\0\x03\0\0user\0postgres\0\0", b"R"),
            "redis" => (b"PING\r\n", b"+PONG"),
            "nats" => (b"", b"INFO"),
            // The rest listen once they are ready.
            _ => return true,
        };
        let mut got = vec![0; answer.len()];
        socket.write_all(question).is_ok() && socket.read_exact(&mut got).is_ok() && got == answer
    }

    fn ask_to_stop(&self) {
        if let Some(child) = &self.child {
            // PostgreSQL takes this for: do not wait for clients.
            let signal = if self.name == "postgresql" {
                "-INT"
            } else {
                "-TERM"
            };
            send(signal, &[child.id()]);
            // One that a test has left paused.
            self.signal("-CONT");
        }
    }

    /// A signal to it and to the processes that it has for its clients.
    fn signal(&self, signal: &str) {
        send(signal, &self.processes());
    }

    /// Ends it as the kernel does when memory runs out.
    fn kill(&mut self) {
        let all = self.processes();
        send("-KILL", &all);
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
        // PostgreSQL does not start as long as one of them has its memory.
        let start = Instant::now();
        while all.iter().any(|id| runs(*id)) && start.elapsed() < STOP_LIMIT {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Its process, and then the children of that.
    fn processes(&self) -> Vec<u32> {
        let Some(child) = &self.child else {
            return Vec::new();
        };
        let mut all = vec![child.id()];
        let threads = std::fs::read_dir(format!("/proc/{}/task", child.id()));
        for thread in threads.into_iter().flatten().flatten() {
            let children = std::fs::read_to_string(thread.path().join("children"));
            let children = children.unwrap_or_default();
            all.extend(
                children
                    .split_whitespace()
                    .filter_map(|id| id.parse::<u32>().ok()),
            );
        }
        all
    }

    fn stop(&mut self) {
        self.ask_to_stop();
        let Some(mut child) = self.child.take() else {
            return;
        };
        let start = Instant::now();
        while matches!(child.try_wait(), Ok(None)) {
            if start.elapsed() > STOP_LIMIT {
                let _ = child.kill();
                let _ = child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Sends a signal to processes, in this order.
fn send(signal: &str, processes: &[u32]) {
    if !processes.is_empty() {
        let ids = processes.iter().map(u32::to_string);
        // Those that have ended meanwhile are named in its complaint.
        let _ = process::output(Command::new("kill").arg(signal).args(ids));
    }
}

/// Whether a process is there and has not ended.
fn runs(id: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    status
        .rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// A port of loopback that nobody listens at.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
