//! The names and texts that Node gives the operating system's error numbers.
//!
//! Programs compare `error.code` with these names, and people search for these texts, so both are part of the interface.
//! Numbers come from `std::io::Error::raw_os_error`; `errno` is negative in JavaScript, as in Node. No state.

use std::io;

use crate::engine::Error;

/// What Node calls one error number.
pub(crate) struct Errno {
    number: i32,
    /// `error.code`, such as `ENOENT`.
    pub(crate) code: &'static str,
    /// The text after the code in a message.
    pub(crate) text: &'static str,
}

/// The entry of an error number; one that is not in the table is `EIO`-like but keeps its number.
pub(crate) fn errno(number: i32) -> &'static Errno {
    TABLE
        .iter()
        .find(|entry| entry.number == number)
        .unwrap_or(&UNKNOWN)
}

/// The number of an error, also of one that the system did not report.
pub(crate) fn errno_of(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(match error.kind() {
        io::ErrorKind::InvalidInput => libc::EINVAL,
        io::ErrorKind::NotConnected => libc::ENOTCONN,
        io::ErrorKind::OutOfMemory => libc::ENOMEM,
        _ => libc::EIO,
    })
}

/// What the system refused, as an error with Node's fields: `kill ESRCH`.
pub(crate) fn refused(error: &io::Error, syscall: &'static str) -> Error {
    let number = errno_of(error);
    let entry = errno(number);
    let message = format!("{syscall} {}", entry.code);
    with_fields(Error::new(message), number, entry, syscall)
}

/// The same with the text of the error: `EISDIR: illegal operation on a directory, read`.
pub(crate) fn refused_in_words(error: &io::Error, syscall: &'static str) -> Error {
    let number = errno_of(error);
    let entry = errno(number);
    let message = format!("{}: {}, {syscall}", entry.code, entry.text);
    with_fields(Error::new(message), number, entry, syscall)
}

fn with_fields(error: Error, number: i32, entry: &Errno, syscall: &'static str) -> Error {
    error
        .with("errno", -number)
        .with("code", entry.code)
        .with("syscall", syscall)
}

static UNKNOWN: Errno = Errno {
    number: 0,
    code: "UNKNOWN",
    text: "unknown error",
};

const fn entry(number: i32, code: &'static str, text: &'static str) -> Errno {
    Errno { number, code, text }
}

static TABLE: &[Errno] = &[
    entry(libc::EPERM, "EPERM", "operation not permitted"),
    entry(libc::ENOENT, "ENOENT", "no such file or directory"),
    entry(libc::ESRCH, "ESRCH", "no such process"),
    entry(libc::EINTR, "EINTR", "interrupted system call"),
    entry(libc::EIO, "EIO", "i/o error"),
    entry(libc::ENXIO, "ENXIO", "no such device or address"),
    entry(libc::E2BIG, "E2BIG", "argument list too long"),
    entry(libc::EBADF, "EBADF", "bad file descriptor"),
    entry(libc::EAGAIN, "EAGAIN", "resource temporarily unavailable"),
    entry(libc::ENOMEM, "ENOMEM", "not enough memory"),
    entry(libc::EACCES, "EACCES", "permission denied"),
    entry(
        libc::EFAULT,
        "EFAULT",
        "bad address in system call argument",
    ),
    entry(libc::EBUSY, "EBUSY", "resource busy or locked"),
    entry(libc::EEXIST, "EEXIST", "file already exists"),
    entry(libc::EXDEV, "EXDEV", "cross-device link not permitted"),
    entry(libc::ENODEV, "ENODEV", "no such device"),
    entry(libc::ENOTDIR, "ENOTDIR", "not a directory"),
    entry(libc::EISDIR, "EISDIR", "illegal operation on a directory"),
    entry(libc::EINVAL, "EINVAL", "invalid argument"),
    entry(libc::ENFILE, "ENFILE", "file table overflow"),
    entry(libc::EMFILE, "EMFILE", "too many open files"),
    entry(libc::ENOTTY, "ENOTTY", "inappropriate ioctl for device"),
    entry(libc::ETXTBSY, "ETXTBSY", "text file is busy"),
    entry(libc::EFBIG, "EFBIG", "file too large"),
    entry(libc::ENOSPC, "ENOSPC", "no space left on device"),
    entry(libc::ESPIPE, "ESPIPE", "invalid seek"),
    entry(libc::EROFS, "EROFS", "read-only file system"),
    entry(libc::EMLINK, "EMLINK", "too many links"),
    entry(libc::EPIPE, "EPIPE", "broken pipe"),
    entry(libc::ERANGE, "ERANGE", "result too large"),
    entry(libc::ENAMETOOLONG, "ENAMETOOLONG", "name too long"),
    entry(libc::ENOSYS, "ENOSYS", "function not implemented"),
    entry(libc::ENOTEMPTY, "ENOTEMPTY", "directory not empty"),
    entry(libc::ELOOP, "ELOOP", "too many symbolic links encountered"),
    entry(
        libc::EOVERFLOW,
        "EOVERFLOW",
        "value too large for defined data type",
    ),
    entry(libc::EPROTO, "EPROTO", "protocol error"),
    entry(libc::EILSEQ, "EILSEQ", "illegal byte sequence"),
    entry(
        libc::EOPNOTSUPP,
        "ENOTSUP",
        "operation not supported on socket",
    ),
    entry(
        libc::EAFNOSUPPORT,
        "EAFNOSUPPORT",
        "address family not supported",
    ),
    entry(libc::EADDRINUSE, "EADDRINUSE", "address already in use"),
    entry(
        libc::EADDRNOTAVAIL,
        "EADDRNOTAVAIL",
        "address not available",
    ),
    entry(libc::ENETDOWN, "ENETDOWN", "network is down"),
    entry(libc::ENETUNREACH, "ENETUNREACH", "network is unreachable"),
    entry(
        libc::ECONNABORTED,
        "ECONNABORTED",
        "software caused connection abort",
    ),
    entry(libc::ECONNRESET, "ECONNRESET", "connection reset by peer"),
    entry(libc::ENOBUFS, "ENOBUFS", "no buffer space available"),
    entry(libc::ENOTCONN, "ENOTCONN", "socket is not connected"),
    entry(libc::ETIMEDOUT, "ETIMEDOUT", "connection timed out"),
    entry(libc::ECONNREFUSED, "ECONNREFUSED", "connection refused"),
    entry(libc::EHOSTUNREACH, "EHOSTUNREACH", "host is unreachable"),
    entry(libc::EALREADY, "EALREADY", "connection already in progress"),
];
