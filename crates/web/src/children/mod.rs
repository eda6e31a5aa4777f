//! Child processes: started with chosen descriptors, waited for through a pidfd on the loop, without a thread and without SIGCHLD.
//!
//! Where the kernel has no pidfd a thread of the blocking pool waits for the one child instead. [`blocking`] runs a child to its end at once.

pub mod blocking;
mod pipe;

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::process::{Pid, PidfdFlags, WaitOptions, pidfd_open, waitpid};
use twinloop_loop::{Loop, Mode, duplicate, start_child};

pub use pipe::Pipe;

/// What a child gets as one of its descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdio {
    /// The null device for 0, 1 and 2; nothing for others.
    Ignore,
    /// One end of a socket pair; the other comes back.
    Pipe,
    /// A descriptor of this process.
    Descriptor(RawFd),
}

/// How a child is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The program: a path, or a name that the child's `PATH` has.
    pub file: OsString,
    /// The arguments, the first of which is the name that the program is told.
    pub arguments: Vec<OsString>,
    /// Names and values; this process's own if absent.
    pub environment: Option<Vec<(OsString, OsString)>>,
    /// The working directory.
    pub directory: Option<PathBuf>,
    /// The user.
    pub user: Option<u32>,
    /// The group.
    pub group: Option<u32>,
    /// Whether the child leads a session of its own.
    pub detached: bool,
    /// Its descriptors from 0 on.
    pub stdio: Vec<Stdio>,
}

/// How a child ended: by itself, or by a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// What it returned.
    pub code: Option<i32>,
    /// What ended it.
    pub signal: Option<i32>,
}

impl Status {
    /// Of a child that somebody else has waited for.
    const UNKNOWN: Status = Status {
        code: Some(0),
        signal: None,
    };
}

impl From<ExitStatus> for Status {
    fn from(status: ExitStatus) -> Status {
        Status {
            code: status.code(),
            signal: status.signal(),
        }
    }
}

/// A child that was started.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    watch: Option<OwnedFd>,
    /// This process's ends of its pipes, by its numbers.
    pub pipes: Vec<Option<OwnedFd>>,
}

/// Starts a child.
///
/// # Errors
/// What the system reports: ENOENT for a program or directory that is not there, EACCES, EMFILE ...
pub fn start(options: &Options) -> io::Result<Child> {
    let mut command = Command::new(&options.file);
    let mut arguments = options.arguments.iter();
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command.args(arguments);
    if let Some(environment) = &options.environment {
        command.env_clear();
        command.envs(environment.iter().map(|(name, value)| (name, value)));
    }
    if let Some(directory) = &options.directory {
        command.current_dir(directory);
    }
    if let Some(group) = options.group {
        command.gid(group);
    }
    if let Some(user) = options.user {
        command.uid(user);
    }
    let mut theirs = Vec::new();
    let mut pipes = Vec::new();
    for stdio in &options.stdio {
        let (their, own) = match *stdio {
            Stdio::Ignore => (None, None),
            Stdio::Descriptor(number) => (Some(duplicate(number)?), None),
            Stdio::Pipe => {
                let (own, their) = socketpair(
                    AddressFamily::UNIX,
                    SocketType::STREAM,
                    SocketFlags::CLOEXEC,
                    None,
                )?;
                (Some(their), Some(own))
            }
        };
        theirs.push(their);
        pipes.push(own);
    }
    let child = start_child(command, theirs, options.detached)?;
    let pid = Pid::from_child(&child);
    let watch = pidfd_open(pid, PidfdFlags::empty()).ok();
    Ok(Child { pid, watch, pipes })
}

impl Child {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Waits for its end. To be called once.
    ///
    /// # Errors
    /// When the loop cannot watch it.
    pub async fn ended(&mut self) -> io::Result<Status> {
        let pid = self.pid;
        let Some(watch) = self.watch.take() else {
            let wait = move || loop {
                match waitpid(Some(pid), WaitOptions::empty()) {
                    Err(rustix::io::Errno::INTR) => {}
                    result => return status_of(result),
                }
            };
            return match Loop::current().spawn_blocking(wait).await {
                Ok(status) => Ok(status.unwrap_or(Status::UNKNOWN)),
                Err(error) => Err(io::Error::other(error.to_string())),
            };
        };
        let mode = Mode::Level {
            read: true,
            write: false,
        };
        let source = Loop::current().register(watch.as_raw_fd(), mode)?;
        loop {
            source.readable().await;
            if let Some(status) = status_of(waitpid(Some(pid), WaitOptions::NOHANG)) {
                return Ok(status);
            }
        }
    }
}

/// The status that a wait gave; `None` while the child runs.
fn status_of(
    result: rustix::io::Result<Option<(Pid, rustix::process::WaitStatus)>>,
) -> Option<Status> {
    match result {
        Ok(Some((_, status))) => Some(ExitStatus::from_raw(status.as_raw()).into()),
        Ok(None) | Err(rustix::io::Errno::INTR) => None,
        Err(_) => Some(Status::UNKNOWN),
    }
}

/// Sends a signal to a process; 0 only asks whether it is there.
///
/// # Errors
/// ESRCH, EPERM, EINVAL.
pub fn kill(id: i32, signal: i32) -> io::Result<()> {
    // These would be groups.
    if id <= 0 {
        return Err(rustix::io::Errno::SRCH.into());
    }
    twinloop_loop::kill(id, signal)
}
