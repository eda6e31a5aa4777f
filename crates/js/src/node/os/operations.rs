//! What `node:os` tells of the machine and the user, in one operation. Small files of `/proc` and `/etc` are read at once: they
//! never block.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, getpriority_process, setpriority_process};

use crate::engine::{Arguments, Error, IntoJs, Local, Op, Scope, interfaces};

pub(crate) const OPS: &[Op] = &[
    Op::new("osFacts", 0, facts),
    Op::new("networkAddresses", 0, network_addresses),
    Op::new("processPriority", 1, process_priority),
    Op::new("setProcessPriority", 2, set_process_priority),
];

/// `networkAddresses()`: `[name, address, netmask, mac, internal, scope, bits of the network]` of each.
fn network_addresses<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let mut list = Vec::new();
    for interface in interfaces() {
        let hardware = interface.hardware.map(|byte| format!("{byte:02x}"));
        let bits = match interface.netmask {
            std::net::IpAddr::V4(mask) => u32::from(mask).leading_ones(),
            std::net::IpAddr::V6(mask) => u128::from(mask).leading_ones(),
        };
        list.push(scope.array(&[
            scope.string(&interface.name)?,
            scope.string(&interface.address.to_string())?,
            scope.string(&interface.netmask.to_string())?,
            scope.string(&hardware.join(":"))?,
            Local::boolean(interface.internal),
            scope.number(interface.scope.into()),
            scope.number(bits.into()),
        ])?);
    }
    scope.array(&list)
}

/// The process of this number; none for 0, which is this one.
fn process_of(scope: &Scope<'_>, value: Local<'_>) -> Result<Option<Pid>, Error> {
    Ok(Pid::from_raw(scope.int32_of(value)?))
}

/// `[error number, priority]`, the first 0 when there was no error.
fn outcome<'s>(scope: &Scope<'s>, result: Result<i32, Errno>) -> Result<Local<'s>, Error> {
    let (error, value) = match result {
        Ok(value) => (0, value),
        Err(error) => (error.raw_os_error(), 0),
    };
    scope.array(&[scope.number(error.into()), scope.number(value.into())])
}

/// `processPriority(pid)`: `[error number, priority]`.
fn process_priority<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.int32_of(arguments.get(0))?;
    let result = if number < 0 {
        Err(Errno::SRCH)
    } else {
        getpriority_process(process_of(scope, arguments.get(0))?)
    };
    outcome(scope, result)
}

/// `setProcessPriority(pid, priority)`: `[error number, 0]`.
fn set_process_priority<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
) -> Result<Local<'s>, Error> {
    let number = scope.int32_of(arguments.get(0))?;
    let priority = scope.int32_of(arguments.get(1))?;
    let result = if number < 0 {
        Err(Errno::SRCH)
    } else {
        setpriority_process(process_of(scope, arguments.get(0))?, priority).map(|()| 0)
    };
    outcome(scope, result)
}

fn facts<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let system = rustix::system::uname();
    let memory = rustix::system::sysinfo();
    let user = User::current();
    let facts = scope.object()?;
    let texts = [
        ("hostname", system.nodename().to_string_lossy()),
        ("machine", system.machine().to_string_lossy()),
        ("release", system.release().to_string_lossy()),
        ("type", system.sysname().to_string_lossy()),
        ("version", system.version().to_string_lossy()),
        ("model", processor_model().into()),
        ("user", user.name.into()),
        ("home", user.home.into()),
        ("shell", user.shell.into()),
    ];
    for (name, text) in texts {
        scope.set(facts, name, scope.string(&text)?)?;
    }
    scope.set(
        facts,
        "glibcVersion",
        twinloop_loop::glibc_version().into_js(scope)?,
    )?;
    let unit = u64::from(memory.mem_unit.max(1)) as f64;
    let numbers = [
        ("totalMemory", memory.totalram as f64 * unit),
        (
            "freeMemory",
            available_memory().unwrap_or(memory.freeram as f64 * unit),
        ),
        ("uptime", memory.uptime as f64),
        (
            "processors",
            std::thread::available_parallelism().map_or(1, usize::from) as f64,
        ),
        ("userId", rustix::process::getuid().as_raw().into()),
        ("groupId", rustix::process::getgid().as_raw().into()),
    ];
    for (name, number) in numbers {
        scope.set(facts, name, scope.number(number))?;
    }
    let load: Vec<_> = memory
        .loads
        .iter()
        .map(|load| scope.number(*load as f64 / 65536.0))
        .collect();
    scope.set(facts, "load", scope.array(&load)?)?;
    Ok(facts)
}

/// The kernel's estimate of what programs can get without swapping, which is what Node tells too.
fn available_memory() -> Option<f64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim()
        .strip_suffix(" kB")?
        .parse::<f64>()
        .ok()
        .map(|kibibytes| kibibytes * 1024.0)
}

fn processor_model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split(": ").nth(1));
    model.unwrap_or("unknown").to_owned()
}

/// The line of `/etc/passwd` for this process's user.
#[derive(Default)]
struct User {
    name: String,
    home: String,
    shell: String,
}

impl User {
    fn current() -> User {
        let number = rustix::process::getuid().as_raw().to_string();
        let text = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let line = text
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|parts| parts.get(2) == Some(&&*number));
        line.map_or_else(User::default, |parts| {
            let part = |index: usize| parts.get(index).copied().unwrap_or_default().to_owned();
            User {
                name: part(0),
                home: part(5),
                shell: part(6),
            }
        })
    }
}
