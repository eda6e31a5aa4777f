//! A child that is run to its end while the loop stands still: what the synchronous functions of languages are made of.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use rustix::process::{WaitOptions, waitpid};

use super::{Child, Options, Status, kill, start, status_of};

/// What a run may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From its start on.
    pub time: Option<Duration>,
    /// Bytes of each pipe.
    pub output: usize,
    /// What ends it when it takes more.
    pub signal: i32,
}

/// Which limit ended a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    /// It ran for too long.
    Time,
    /// It wrote too much.
    Output,
}

/// A child that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Its number.
    pub id: i32,
    /// How it ended.
    pub status: Status,
    /// What came through its pipes, by its numbers.
    pub output: Vec<Option<Vec<u8>>>,
    /// Why it was ended.
    pub exceeded: Option<Exceeded>,
}

struct End {
    number: usize,
    descriptor: OwnedFd,
    input: Vec<u8>,
    written: usize,
    is_open: bool,
}

impl End {
    fn wants_to_write(&self) -> bool {
        self.written < self.input.len()
    }
}

/// Without a pidfd the child is asked this often whether it has ended.
const ASK: Duration = Duration::from_millis(5);

/// Runs a child; `inputs` are written to its pipes, by its numbers.
///
/// # Errors
/// As [`start`].
pub fn run(options: &Options, mut inputs: Vec<Vec<u8>>, limits: &Limits) -> io::Result<Finished> {
    let begin = Instant::now();
    let mut child = start(options)?;
    let mut output: Vec<Option<Vec<u8>>> = child.pipes.iter().map(|_| None).collect();
    let mut ends = Vec::new();
    inputs.resize(child.pipes.len(), Vec::new());
    for ((number, pipe), input) in child.pipes.drain(..).enumerate().zip(inputs) {
        let Some(descriptor) = pipe else { continue };
        output[number] = Some(Vec::new());
        let end = End {
            number,
            descriptor,
            input,
            written: 0,
            is_open: true,
        };
        if !end.wants_to_write() {
            let _ = shutdown(&end.descriptor, Shutdown::Write);
        }
        ends.push(end);
    }
    let mut status = None;
    let mut exceeded = None;
    while status.is_none() || ends.iter().any(|end| end.is_open) {
        let left = limits.time.map(|time| time.saturating_sub(begin.elapsed()));
        if left.is_some_and(|left| left.is_zero()) && exceeded.is_none() {
            exceeded = Some(Exceeded::Time);
        }
        if exceeded.is_some() {
            // What its own children still hold open is nobody's concern any more.
            ends.clear();
            if status.is_none() {
                let _ = kill(child.id(), limits.signal);
                status = Some(wait(&child));
            }
            break;
        }
        wait_for_something(&child, &ends, status.is_none(), left)?;
        for end in ends.iter_mut().filter(|end| end.is_open) {
            write(end);
            let taken = output[end.number].get_or_insert_default();
            if read(end, taken, limits.output) {
                exceeded = Some(Exceeded::Output);
            }
        }
        if status.is_none() {
            status = status_of(waitpid(Some(child.pid), WaitOptions::NOHANG));
        }
    }
    Ok(Finished {
        id: child.id(),
        status: status.unwrap_or(Status::UNKNOWN),
        output,
        exceeded,
    })
}

fn wait(child: &Child) -> Status {
    loop {
        if let Some(status) = status_of(waitpid(Some(child.pid), WaitOptions::empty())) {
            return status;
        }
    }
}

fn wait_for_something(
    child: &Child,
    ends: &[End],
    is_running: bool,
    left: Option<Duration>,
) -> io::Result<()> {
    let mut polled = Vec::new();
    for end in ends.iter().filter(|end| end.is_open) {
        let mut wanted = PollFlags::IN;
        if end.wants_to_write() {
            wanted |= PollFlags::OUT;
        }
        polled.push(PollFd::new(&end.descriptor, wanted));
    }
    let mut left = left;
    if is_running {
        match &child.watch {
            Some(watch) => polled.push(PollFd::new(watch, PollFlags::IN)),
            None => left = Some(left.map_or(ASK, |left| left.min(ASK))),
        }
    }
    let timeout = left.and_then(|left| Timespec::try_from(left).ok());
    match poll(&mut polled, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn write(end: &mut End) {
    while end.wants_to_write() {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        match send(&end.descriptor, &end.input[end.written..], flags) {
            Ok(count) => end.written += count,
            Err(rustix::io::Errno::AGAIN) => return,
            Err(rustix::io::Errno::INTR) => {}
            // The child does not read it, as it may.
            Err(_) => end.written = end.input.len(),
        }
        if !end.wants_to_write() {
            let _ = shutdown(&end.descriptor, Shutdown::Write);
        }
    }
}

/// Takes what is there; true when that is more than the limit.
fn read(end: &mut End, taken: &mut Vec<u8>, limit: usize) -> bool {
    let mut buffer = [0; 65536];
    loop {
        match recv(&end.descriptor, &mut buffer[..], RecvFlags::DONTWAIT) {
            Ok((0, _)) => break,
            Ok((count, _)) => {
                // The last read may bring more than the limit, as in Node.
                taken.extend_from_slice(&buffer[..count]);
                if taken.len() > limit {
                    return true;
                }
            }
            Err(rustix::io::Errno::AGAIN) => return false,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => break,
        }
    }
    end.is_open = false;
    false
}
