//! Which descriptors are terminals.

use std::fs::OpenOptions;
use std::io::IsTerminal;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[Op::new("isTerminalDescriptor", 1, is_terminal_descriptor)];

/// `isTerminalDescriptor(number)`.
fn is_terminal_descriptor<'s>(
    scope: &Scope<'s>,
    arguments: Arguments<'s>,
) -> Result<Local<'s>, Error> {
    let answer = match scope.int32_of(arguments.get(0))? {
        0 => std::io::stdin().is_terminal(),
        1 => std::io::stdout().is_terminal(),
        2 => std::io::stderr().is_terminal(),
        other => opened_is_terminal(other),
    };
    Ok(Local::boolean(answer))
}

/// Through the system's name of the descriptor; only a character device is opened, which nothing waits for.
fn opened_is_terminal(descriptor: i32) -> bool {
    let path = format!("/proc/self/fd/{descriptor}");
    let is_device = std::fs::metadata(&path).is_ok_and(|file| file.file_type().is_char_device());
    let flags = rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::NONBLOCK;
    is_device
        && OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open(&path)
            .is_ok_and(|file| file.is_terminal())
}
