//! Errors of file operations, as Node tells them: `ENOENT: no such file or directory, open 'x'` with `code`, `errno`, `syscall`,
//! `path` and `dest`. A [`Failure`] is made on any thread and becomes a JavaScript error on the loop's.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::builtins::errno::{errno, errno_of};
use crate::engine::Error;

/// Of a file that is too large to be read as a whole.
const TOO_LARGE: &str = "ERR_FS_FILE_TOO_LARGE";

/// Why a file operation failed.
pub(crate) struct Failure {
    number: i32,
    /// For failures that are not an error number of the system.
    other: Option<(&'static str, String)>,
    syscall: &'static str,
    path: Option<String>,
    destination: Option<String>,
}

impl Failure {
    /// A number of the system.
    pub(crate) fn number(
        number: i32,
        syscall: &'static str,
        path: Option<&Path>,
        destination: Option<&Path>,
    ) -> Failure {
        Failure {
            number,
            other: None,
            syscall,
            path: path.map(text_of_path),
            destination: destination.map(text_of_path),
        }
    }

    /// A failure of the standard library; without a number it keeps its text.
    pub(crate) fn io(
        error: &io::Error,
        syscall: &'static str,
        path: Option<&Path>,
        destination: Option<&Path>,
    ) -> Failure {
        if error.kind() == io::ErrorKind::FileTooLarge && error.raw_os_error().is_none() {
            let message = format!("File size ({error}) is greater than 2 GiB");
            return Failure {
                other: Some((TOO_LARGE, message)),
                ..Failure::number(libc::EFBIG, syscall, None, None)
            };
        }
        Failure::number(errno_of(error), syscall, path, destination)
    }

    /// A failure of `twinloop_web::fs`. Node names no path when the file was open already (`read`, `write`).
    pub(crate) fn web(
        error: twinloop_web::Error,
        syscall: &'static str,
        path: &Path,
        destination: Option<&Path>,
    ) -> Failure {
        let (syscall, path) = match error.operation() {
            Some(operation @ ("read" | "write")) => (operation, None),
            _ => (syscall, Some(path)),
        };
        match error.io_error() {
            Some(cause) => Failure::io(cause, syscall, path, destination),
            None => Failure {
                other: Some(("ERR_INTERNAL", error.chain())),
                ..Failure::number(0, syscall, path, destination)
            },
        }
    }

    /// `rm` of a directory without `recursive`.
    pub(crate) fn is_directory(path: &Path) -> Failure {
        let message = format!(
            "Path is a directory: rm returned EISDIR (is a directory) {}",
            text_of_path(path)
        );
        Failure {
            other: Some(("ERR_FS_EISDIR", message)),
            ..Failure::number(libc::EISDIR, "rm", Some(path), None)
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        let Failure {
            number,
            other,
            syscall,
            path,
            destination,
        } = failure;
        let (code, message) = other.unwrap_or_else(|| {
            let entry = errno(number);
            let mut message = format!("{}: {}, {syscall}", entry.code, entry.text);
            if let Some(path) = &path {
                message.push_str(&format!(" '{path}'"));
            }
            if let Some(destination) = &destination {
                message.push_str(&format!(" -> '{destination}'"));
            }
            (entry.code, message)
        });
        if code == TOO_LARGE {
            return Error::range_error(message).with("code", code);
        }
        // In Node's order, which is the order in which the console shows them.
        let mut error = Error::new(message)
            .with("errno", -number)
            .with("code", code)
            .with("syscall", syscall);
        if let Some(path) = path {
            error = error.with("path", path);
        }
        if let Some(destination) = destination {
            error = error.with("dest", destination);
        }
        error
    }
}

pub(super) fn text_of_path(path: &Path) -> String {
    String::from_utf8_lossy(path.as_os_str().as_bytes()).into_owned()
}
