//! Starting a child process, which the standard library's `Command` cannot do by itself, and sending signals to processes.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::fs::{Mode, OFlags};

/// Sends a signal to the main thread of a process, so that no other of its threads takes it.
///
/// # Errors
/// ESRCH without such a process, EPERM where it is somebody else's.
pub fn kill_thread(process: i32, signal: i32) -> io::Result<()> {
    // SAFETY: a system call on numbers.
    let result = unsafe { libc::syscall(libc::SYS_tgkill, process, process, signal) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// kill(2), with any number that the system knows (also those for real time, which have no names): a process, for 0 the group of this one,
/// for a negative number that group, for -1 all. Signal 0 only asks whether somebody is there.
///
/// # Errors
/// ESRCH, EPERM, EINVAL.
pub fn kill(id: i32, signal: i32) -> io::Result<()> {
    // SAFETY: the call has no preconditions.
    if unsafe { libc::kill(id, signal) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Starts `command` with these descriptors as its 0, 1, 2 and so on; one that is absent is the null device below 3, and closed from there. With
/// `new_session` the child leads a session of its own, without a terminal.
///
/// # Errors
/// What fork, exec or the preparations in between report.
pub fn start(
    mut command: Command,
    descriptors: Vec<Option<OwnedFd>>,
    new_session: bool,
) -> io::Result<Child> {
    let count = RawFd::try_from(descriptors.len()).map_err(io::Error::other)?;
    // Every number that the child will have is taken here, so that the pipe by which the standard library hears of a failed exec, and the
    // descriptors that are to be moved, stand above.
    let mut taken = Vec::new();
    loop {
        let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        if null.as_raw_fd() >= count {
            break;
        }
        taken.push(null);
    }
    let mut moves = Vec::new();
    for (number, descriptor) in (0..).zip(descriptors) {
        let stdio = |descriptor: Option<OwnedFd>| descriptor.map_or_else(Stdio::null, Stdio::from);
        match (number, descriptor) {
            (0, descriptor) => drop(command.stdin(stdio(descriptor))),
            (1, descriptor) => drop(command.stdout(stdio(descriptor))),
            (2, descriptor) => drop(command.stderr(stdio(descriptor))),
            (number, Some(descriptor)) => {
                let high = rustix::io::fcntl_dupfd_cloexec(&descriptor, count)?;
                moves.push((high, number));
            }
            (_, None) => {}
        }
    }
    if !moves.is_empty() || new_session {
        let numbers: Vec<(RawFd, RawFd)> = moves
            .iter()
            .map(|(from, to)| (from.as_raw_fd(), *to))
            .collect();
        let prepare = move || {
            for (from, to) in &numbers {
                // SAFETY: a system call on two numbers; the copy stays open across exec.
                if unsafe { libc::dup2(*from, *to) } < 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            if new_session {
                // SAFETY: a system call without arguments.
                if unsafe { libc::setsid() } < 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(())
        };
        // SAFETY: between fork and exec the closure makes system calls only: it neither allocates nor locks.
        unsafe { command.pre_exec(prepare) };
    }
    command.spawn()
}
