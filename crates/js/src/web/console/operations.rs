//! Operations of `console` and `process.stdout`: synchronous output, and what the terminal can do.
//!
//! Output is written on the loop thread, at once, as `print` in most languages: a program that ends, or dies, has said
//! everything it said. That is the one place besides the turn where the thread may wait (ONE-WAIT's named exception): for the
//! reader of a full pipe. A reader that went away is no error of the program (NO-ABORT): what it would have read is dropped.

use std::io::IsTerminal;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::builtins::results::utf8;
use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("writeOutput", 2, write_output),
    Op::new("isTerminal", 1, is_terminal),
    Op::new("hasColors", 1, has_colors),
    Op::new("terminalSize", 1, terminal_size),
];

/// `writeOutput(1 | 2, string | bytes)`.
fn write_output<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let stream = Stream::of(scope, arguments.get(0))?;
    let data = arguments.get(1);
    if data.is_string() {
        scope.read_units(data, |units| stream.write(&utf8(units)))?;
    } else {
        scope.with_bytes(data, |bytes| stream.write(bytes))?;
    }
    Ok(Local::undefined())
}

/// `isTerminal(1 | 2)`.
fn is_terminal<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    Ok(Local::boolean(
        Stream::of(scope, arguments.get(0))?.is_terminal(),
    ))
}

/// `hasColors(1 | 2)`: whether to colour what is written there.
fn has_colors<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let stream = Stream::of(scope, arguments.get(0))?;
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let colored = if is_set("FORCE_COLOR") {
        std::env::var_os("FORCE_COLOR").is_some_and(|value| value != "0")
    } else {
        // https://no-color.org
        !is_set("NO_COLOR") && !dumb && stream.is_terminal()
    };
    Ok(Local::boolean(colored))
}

/// `terminalSize(1 | 2)`: `[columns, rows]`, or undefined when it is no terminal.
fn terminal_size<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let stream = Stream::of(scope, arguments.get(0))?;
    let Ok(size) = stream.with_fd(|fd| rustix::termios::tcgetwinsize(fd)) else {
        return Ok(Local::undefined());
    };
    scope.array(&[
        scope.number(size.ws_col.into()),
        scope.number(size.ws_row.into()),
    ])
}

/// Writes a line to stderr; unlike `eprintln!`, without a panic when nobody can read it (NO-ABORT).
pub(crate) fn print_error(text: &str) {
    Stream::Error.write(format!("{text}\n").as_bytes());
}

#[derive(Clone, Copy)]
enum Stream {
    Output,
    Error,
}

impl Stream {
    fn of(scope: &Scope<'_>, number: Local<'_>) -> Result<Stream, Error> {
        match scope.int32_of(number)? {
            1 => Ok(Stream::Output),
            2 => Ok(Stream::Error),
            other => Err(Error::range_error(format!(
                "cannot write to descriptor {other}: only 1 and 2 are output"
            ))),
        }
    }

    fn with_fd<R>(self, f: impl FnOnce(BorrowedFd<'_>) -> R) -> R {
        match self {
            Stream::Output => f(std::io::stdout().as_fd()),
            Stream::Error => f(std::io::stderr().as_fd()),
        }
    }

    fn is_terminal(self) -> bool {
        self.with_fd(|fd| fd.is_terminal())
    }

    fn write(self, bytes: &[u8]) {
        self.with_fd(|fd| write_all(fd, bytes));
    }
}

/// Writes everything, waiting for a reader that is slow; stops when nobody can read it any more.
fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(fd, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            // Somebody who shares the descriptor made it non-blocking.
            Err(Errno::AGAIN) => {
                let _ = poll(&mut [PollFd::new(&fd, PollFlags::OUT)], None);
            }
            Err(_) => return,
        }
    }
}
