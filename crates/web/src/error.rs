//! The one error type of this crate, and the table that gives each kind its class in the languages.
//!
//! [`Error`] is opaque: callers ask questions (`is_timeout()`, `is_dns()`, ...) and faces that must choose a class of
//! their own ask for [`Error::kind`]. Messages are lower case, name the operation and the value (host, port, url,
//! path), and do not repeat their source, which `source()` gives. The names in [`FACES`] are plain text: this crate
//! knows no language, it only makes sure that every kind has an answer (a test proves that the table is total).

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What every fallible operation of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn StdError + Send + Sync + 'static>;

/// Why an operation failed, coarse enough to choose an exception class by.
///
/// Deliberately exhaustive: a face that matches on it does not compile until it has an answer for a new kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorKind {
    /// No connection could be made: refused, unreachable, reset while connecting.
    Connect,
    /// The host name has no address.
    Dns,
    /// The TLS handshake or record layer failed, other than by the certificate.
    Tls,
    /// The peer's certificate was not accepted, or the configured authorities could not be loaded.
    Certificate,
    /// A time limit passed.
    Timeout,
    /// The caller aborted the operation.
    Aborted,
    /// Too many redirects, a redirect where none is allowed, or one that cannot be followed.
    Redirect,
    /// A body was cut, reset, already used, or could not be produced.
    Body,
    /// Bytes that are not what their label says: content coding or character encoding.
    Decode,
    /// Text that is not JSON, or not of the expected shape.
    Json,
    /// A url, method or header that is not valid.
    Url,
    /// A url whose scheme this operation does not speak.
    Scheme,
    /// The peer broke HTTP or WebSocket.
    Protocol,
    /// The connection is closed, or closed before the answer came.
    Closed,
    /// A bounded queue is full.
    Full,
    /// An argument out of its range.
    Argument,
    /// A file operation failed; [`Error::io_kind`], [`Error::path`] and [`Error::operation`] say more.
    File,
    /// A defect in this crate or in a callback (a caught panic); never the caller's fault.
    Internal,
}

impl ErrorKind {
    /// Every kind, once.
    pub const ALL: [ErrorKind; 18] = [
        ErrorKind::Connect,
        ErrorKind::Dns,
        ErrorKind::Tls,
        ErrorKind::Certificate,
        ErrorKind::Timeout,
        ErrorKind::Aborted,
        ErrorKind::Redirect,
        ErrorKind::Body,
        ErrorKind::Decode,
        ErrorKind::Json,
        ErrorKind::Url,
        ErrorKind::Scheme,
        ErrorKind::Protocol,
        ErrorKind::Closed,
        ErrorKind::Full,
        ErrorKind::Argument,
        ErrorKind::File,
        ErrorKind::Internal,
    ];

    /// The row of [`FACES`] for this kind.
    pub fn face(self) -> &'static Face {
        // `FACES` is in the order of the enum, which a test checks together with its being total.
        &FACES[self as usize]
    }
}

/// What a kind is called in each language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Face {
    /// The kind.
    pub kind: ErrorKind,
    /// A JavaScript class (`TypeError`, `SyntaxError`, `RangeError`, `Error`) or the name of a `DOMException`.
    pub javascript: &'static str,
    /// A Python exception from `builtins`, or `module.Name`.
    pub python: &'static str,
}

/// The class of every kind in every language, in the order of [`ErrorKind`].
pub static FACES: [Face; ErrorKind::ALL.len()] = [
    face(ErrorKind::Connect, "TypeError", "ConnectionError"),
    face(ErrorKind::Dns, "TypeError", "socket.gaierror"),
    face(ErrorKind::Tls, "TypeError", "ssl.SSLError"),
    face(
        ErrorKind::Certificate,
        "TypeError",
        "ssl.SSLCertVerificationError",
    ),
    face(ErrorKind::Timeout, "TimeoutError", "TimeoutError"),
    face(ErrorKind::Aborted, "AbortError", "asyncio.CancelledError"),
    face(ErrorKind::Redirect, "TypeError", "OSError"),
    face(ErrorKind::Body, "TypeError", "ConnectionError"),
    face(ErrorKind::Decode, "TypeError", "ValueError"),
    face(ErrorKind::Json, "SyntaxError", "json.JSONDecodeError"),
    face(ErrorKind::Url, "TypeError", "ValueError"),
    face(ErrorKind::Scheme, "TypeError", "ValueError"),
    face(ErrorKind::Protocol, "TypeError", "ConnectionError"),
    face(ErrorKind::Closed, "TypeError", "ConnectionResetError"),
    face(ErrorKind::Full, "QuotaExceededError", "BufferError"),
    face(ErrorKind::Argument, "RangeError", "ValueError"),
    face(ErrorKind::File, "Error", "OSError"),
    face(ErrorKind::Internal, "Error", "RuntimeError"),
];

const fn face(kind: ErrorKind, javascript: &'static str, python: &'static str) -> Face {
    Face {
        kind,
        javascript,
        python,
    }
}

/// Why a fetch, a WebSocket, a lookup or a file operation failed.
///
/// Clones share one error: an error that passed through another crate (a streamed body's, through hyper) comes back out
/// as itself, and all who wait for one operation can be told.
#[derive(Clone)]
pub struct Error {
    // One word, so that `Result<T, Error>` stays small on the paths that succeed.
    inner: Arc<Inner>,
}

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Source>,
    file: Option<FileContext>,
}

/// What a file operation was about.
struct FileContext {
    operation: &'static str,
    path: Option<PathBuf>,
    destination: Option<PathBuf>,
}

impl Error {
    /// An error of `kind` that says `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error {
            inner: Arc::new(Inner {
                kind,
                message: message.into(),
                source: None,
                file: None,
            }),
        }
    }

    /// The error that an aborted operation ends with.
    pub fn aborted() -> Error {
        Error::new(ErrorKind::Aborted, "the operation was aborted")
    }

    /// The same error, with what caused it. On an error that is shared already this does nothing.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Error {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.source = Some(source.into());
        }
        self
    }

    /// A file operation's error; `operation` is the name of the system call.
    pub(crate) fn file(operation: &'static str, path: Option<&Path>, source: io::Error) -> Error {
        let message = match path {
            Some(path) => format!("cannot {operation} '{}'", path.display()),
            None => format!("cannot {operation} an open file"),
        };
        let file = FileContext {
            operation,
            path: path.map(Path::to_path_buf),
            destination: None,
        };
        let source: Option<Source> = Some(Box::new(source));
        Error {
            inner: Arc::new(Inner {
                kind: ErrorKind::File,
                message,
                source,
                file: Some(file),
            }),
        }
    }

    /// The same file error, naming the second path (rename, copy, link).
    pub(crate) fn with_destination(mut self, destination: &Path) -> Error {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            if let Some(file) = &mut inner.file {
                file.destination = Some(destination.to_path_buf());
            }
            inner
                .message
                .push_str(&format!(" to '{}'", destination.display()));
        }
        self
    }

    /// What kind of failure this is; for choosing a class, see [`FACES`].
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The message without its causes.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The first `io::Error` among the causes.
    pub fn io_error(&self) -> Option<&io::Error> {
        let mut cause: Option<&(dyn StdError + 'static)> = self.source();
        while let Some(error) = cause {
            if let Some(io) = error.downcast_ref::<io::Error>() {
                return Some(io);
            }
            cause = error.source();
        }
        None
    }

    /// The operating system's kind, when the operating system is the cause.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        self.io_error().map(io::Error::kind)
    }

    /// The operating system's number (`errno`), when the operating system is the cause.
    pub fn raw_os_error(&self) -> Option<i32> {
        self.io_error().and_then(io::Error::raw_os_error)
    }

    /// A file error's system call (`"open"`, `"rename"`, ...).
    pub fn operation(&self) -> Option<&'static str> {
        self.inner.file.as_ref().map(|file| file.operation)
    }

    /// A file error's path.
    pub fn path(&self) -> Option<&Path> {
        self.inner
            .file
            .as_ref()
            .and_then(|file| file.path.as_deref())
    }

    /// A file error's second path, for operations with two.
    pub fn destination(&self) -> Option<&Path> {
        self.inner
            .file
            .as_ref()
            .and_then(|file| file.destination.as_deref())
    }

    /// The message and all causes in one line: `cannot connect to a.example:443: connection refused`.
    pub fn chain(&self) -> String {
        let mut line = self.inner.message.clone();
        let mut cause = self.source();
        while let Some(error) = cause {
            line.push_str(": ");
            line.push_str(&error.to_string());
            cause = error.source();
        }
        line
    }

    /// Whether no connection could be made (refused, unreachable, name without address).
    pub fn is_connect(&self) -> bool {
        matches!(self.kind(), ErrorKind::Connect | ErrorKind::Dns)
    }

    /// Whether the host name has no address.
    pub fn is_dns(&self) -> bool {
        self.kind() == ErrorKind::Dns
    }

    /// Whether TLS failed, the certificate included.
    pub fn is_tls(&self) -> bool {
        matches!(self.kind(), ErrorKind::Tls | ErrorKind::Certificate)
    }

    /// Whether the peer's certificate was not accepted.
    pub fn is_certificate(&self) -> bool {
        self.kind() == ErrorKind::Certificate
    }

    /// Whether a time limit passed.
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Whether the caller aborted the operation.
    pub fn is_aborted(&self) -> bool {
        self.kind() == ErrorKind::Aborted
    }

    /// Whether redirects are the reason.
    pub fn is_redirect(&self) -> bool {
        self.kind() == ErrorKind::Redirect
    }

    /// Whether a body was cut, reset or could not be produced.
    pub fn is_body(&self) -> bool {
        self.kind() == ErrorKind::Body
    }

    /// Whether bytes were not what their label says (content coding, encoding, JSON).
    pub fn is_decode(&self) -> bool {
        matches!(self.kind(), ErrorKind::Decode | ErrorKind::Json)
    }

    /// Whether a url, method or header is not valid.
    pub fn is_url(&self) -> bool {
        self.kind() == ErrorKind::Url
    }

    /// Whether the url's scheme is not spoken.
    pub fn is_scheme(&self) -> bool {
        self.kind() == ErrorKind::Scheme
    }

    /// Whether the peer broke HTTP or WebSocket.
    pub fn is_protocol(&self) -> bool {
        self.kind() == ErrorKind::Protocol
    }

    /// Whether the connection is closed.
    pub fn is_closed(&self) -> bool {
        self.kind() == ErrorKind::Closed
    }

    /// Whether a bounded queue is full.
    pub fn is_full(&self) -> bool {
        self.kind() == ErrorKind::Full
    }

    /// Whether a file operation failed.
    pub fn is_file(&self) -> bool {
        self.kind() == ErrorKind::File
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.inner.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What `fn main() -> Result<_, Error>` prints: a sentence with its causes, not a dump of fields.
        write!(formatter, "{:?} error: {}", self.kind(), self.chain())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_kind_has_a_face_in_every_language() {
        let distinct: HashSet<ErrorKind> = ErrorKind::ALL.into_iter().collect();
        assert_eq!(
            distinct.len(),
            FACES.len(),
            "ALL names each kind once and FACES has a row for each"
        );
        for (index, kind) in ErrorKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index, "ALL is in the order of the enum");
            assert_eq!(kind.face().kind, kind, "FACES is in the order of the enum");
            assert!(!kind.face().javascript.is_empty() && !kind.face().python.is_empty());
        }
        // The last variant's number proves that no kind is missing from ALL.
        assert_eq!(ErrorKind::Internal as usize + 1, ErrorKind::ALL.len());
    }

    #[test]
    fn an_error_tells_its_causes_once_each() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let error =
            Error::new(ErrorKind::Connect, "cannot connect to a.example:443").with_source(refused);
        assert_eq!(error.to_string(), "cannot connect to a.example:443");
        assert_eq!(
            error.chain(),
            "cannot connect to a.example:443: connection refused"
        );
        assert_eq!(error.io_kind(), Some(io::ErrorKind::ConnectionRefused));
    }
}
