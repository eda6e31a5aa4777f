//! The one error type of this crate, and the table that says what each kind is called in the languages.
//!
//! [`Error`] is opaque: callers ask questions (`is_timeout()`, `is_dns()`, ...) and faces that must choose a class of
//! their own ask for [`Error::kind`] and its row of [`FACES`]: `js` reads the JavaScript column (`web/network.rs`), `py`
//! the Python one (`errors.rs`). Messages are lower case, name the operation and the value (host, port, url, path), and do not repeat their
//! source, which `source()` gives. This crate knows no language: the table holds names, and tests prove that every kind has
//! one in each column and that each column can be read to its end.

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
    /// The [`Gate`](crate::connect::Gate) of the client let nobody through to the host, or the request blocks its port.
    Denied,
    /// Too many redirects, a redirect where none is allowed, or one that cannot be followed.
    Redirect,
    /// A body was cut, reset, already used, or could not be produced.
    Body,
    /// Bytes that are not what their label says: content coding or character encoding.
    Decode,
    /// Text that is not JSON, or not of the expected shape.
    Json,
    /// A url that is not valid.
    Url,
    /// A url whose scheme this operation does not speak.
    Scheme,
    /// A request that cannot be sent as it is: a header that is none, a body that is not as long as its Content-Length.
    Request,
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
    pub const ALL: [ErrorKind; 20] = [
        ErrorKind::Connect,
        ErrorKind::Dns,
        ErrorKind::Tls,
        ErrorKind::Certificate,
        ErrorKind::Timeout,
        ErrorKind::Aborted,
        ErrorKind::Denied,
        ErrorKind::Redirect,
        ErrorKind::Body,
        ErrorKind::Decode,
        ErrorKind::Json,
        ErrorKind::Url,
        ErrorKind::Scheme,
        ErrorKind::Request,
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
#[derive(Clone, Copy, Debug)]
pub struct Face {
    /// The kind.
    pub kind: ErrorKind,
    /// The question of [`Error`] that is answered with yes.
    pub question: fn(&Error) -> bool,
    /// The class of the error. `fetch` rejects with a plain `TypeError` that has it as its cause, unless the program itself is
    /// at fault: then the error is no plain `Error` and comes out itself.
    pub javascript: JavaScriptClass,
    /// Its `code`, as Node names it where Node has one; the operating system's name, if there is one, goes before it.
    pub code: &'static str,
    /// A Python exception from `builtins`, or `module.Name`, that is made of a message.
    pub python: &'static str,
}

/// The classes of errors in JavaScript that kinds become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JavaScriptClass {
    /// `Error`
    Error,
    /// `TypeError`
    TypeError,
    /// `RangeError`
    RangeError,
    /// `SyntaxError`
    SyntaxError,
    /// A `DOMException` called `AbortError`, whose code is a number of the DOM's own.
    AbortError,
}

/// Every kind in every language, in the order of [`ErrorKind`].
#[rustfmt::skip]
pub static FACES: [Face; ErrorKind::ALL.len()] = {
    use ErrorKind as Kind;
    use JavaScriptClass::{AbortError, Error as Plain, RangeError, SyntaxError, TypeError};
    [
        face(Kind::Connect,     Error::is_connect,     Plain,       "ECONNREFUSED",           "ConnectionError"),
        face(Kind::Dns,         Error::is_dns,         Plain,       "ENOTFOUND",              "socket.gaierror"),
        face(Kind::Tls,         Error::is_tls,         Plain,       "ERR_TLS",                "ssl.SSLError"),
        face(Kind::Certificate, Error::is_certificate, Plain,       "ERR_TLS_CERTIFICATE",    "ssl.SSLCertVerificationError"),
        face(Kind::Timeout,     Error::is_timeout,     Plain,       "ETIMEDOUT",              "TimeoutError"),
        face(Kind::Aborted,     Error::is_aborted,     AbortError,  "ABORT_ERR",              "asyncio.CancelledError"),
        face(Kind::Denied,      Error::is_denied,      Plain,       "ERR_ACCESS_DENIED",      "PermissionError"),
        face(Kind::Redirect,    Error::is_redirect,    Plain,       "ERR_REDIRECT",           "OSError"),
        face(Kind::Body,        Error::is_body,        Plain,       "ECONNRESET",             "ConnectionError"),
        face(Kind::Decode,      Error::is_decode,      Plain,       "ERR_CONTENT_DECODING",   "ValueError"),
        face(Kind::Json,        Error::is_decode,      SyntaxError, "ERR_INVALID_JSON",       "ValueError"),
        face(Kind::Url,         Error::is_url,         TypeError,   "ERR_INVALID_URL",        "ValueError"),
        face(Kind::Scheme,      Error::is_scheme,      TypeError,   "ERR_UNSUPPORTED_SCHEME", "ValueError"),
        face(Kind::Request,     Error::is_request,     TypeError,   "ERR_INVALID_ARG_VALUE",  "ValueError"),
        face(Kind::Protocol,    Error::is_protocol,    Plain,       "ERR_PROTOCOL",           "ConnectionError"),
        face(Kind::Closed,      Error::is_closed,      Plain,       "ECONNRESET",             "ConnectionResetError"),
        face(Kind::Full,        Error::is_full,        Plain,       "ENOBUFS",                "BufferError"),
        face(Kind::Argument,    Error::is_argument,    RangeError,  "ERR_OUT_OF_RANGE",       "ValueError"),
        face(Kind::File,        Error::is_file,        Plain,       "EIO",                    "OSError"),
        face(Kind::Internal,    Error::is_internal,    Plain,       "ERR_INTERNAL",           "RuntimeError"),
    ]
};

const fn face(
    kind: ErrorKind,
    question: fn(&Error) -> bool,
    javascript: JavaScriptClass,
    code: &'static str,
    python: &'static str,
) -> Face {
    Face {
        kind,
        question,
        javascript,
        code,
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
    inner: Arc<ErrorParts>,
}

struct ErrorParts {
    kind: ErrorKind,
    message: String,
    source: Option<Source>,
    file: Option<FileContext>,
    /// Of an answer that refuses.
    status: Option<u16>,
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
            inner: Arc::new(ErrorParts {
                kind,
                message: message.into(),
                source: None,
                file: None,
                status: None,
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

    /// The same error, with the status of the answer that it is about.
    #[must_use]
    pub(crate) fn with_status(mut self, status: u16) -> Error {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.status = Some(status);
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
            inner: Arc::new(ErrorParts {
                kind: ErrorKind::File,
                message,
                source,
                file: Some(file),
                status: None,
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

    /// The status with which a server has refused to open a WebSocket.
    pub fn status(&self) -> Option<u16> {
        self.inner.status
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

    /// Whether the client's gate refused the host.
    pub fn is_denied(&self) -> bool {
        self.kind() == ErrorKind::Denied
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

    /// Whether a url is not valid.
    pub fn is_url(&self) -> bool {
        self.kind() == ErrorKind::Url
    }

    /// Whether the url's scheme is not spoken.
    pub fn is_scheme(&self) -> bool {
        self.kind() == ErrorKind::Scheme
    }

    /// Whether the request cannot be sent as it is: its headers are none, or its body is not as long as they say.
    pub fn is_request(&self) -> bool {
        self.kind() == ErrorKind::Request
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

    /// Whether an argument is out of its range.
    pub fn is_argument(&self) -> bool {
        self.kind() == ErrorKind::Argument
    }

    /// Whether a file operation failed.
    pub fn is_file(&self) -> bool {
        self.kind() == ErrorKind::File
    }

    /// Whether the fault is this crate's, or a callback's that panicked.
    pub fn is_internal(&self) -> bool {
        self.kind() == ErrorKind::Internal
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

    #[test]
    fn every_kind_has_a_face_in_every_language() {
        for (index, kind) in ErrorKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index, "ALL is in the order of the enum");
            let face = kind.face();
            assert_eq!(face.kind, kind, "FACES is in the order of the enum");
            assert!(
                (face.question)(&Error::new(kind, "")),
                "{kind:?} answers its question with yes"
            );
            let others = ErrorKind::ALL.into_iter().filter(|other| *other != kind);
            for other in others.filter(|other| !goes_under(*other, kind)) {
                let error = Error::new(other, "");
                assert!(
                    !(face.question)(&error),
                    "{other:?} is not taken for {kind:?}"
                );
            }
            assert!(!face.code.is_empty() && !face.python.is_empty());
        }
        // The last variant's number proves that no kind is missing from ALL.
        assert_eq!(ErrorKind::Internal as usize + 1, ErrorKind::ALL.len());
    }

    /// The kinds that a wider question covers.
    fn goes_under(kind: ErrorKind, wider: ErrorKind) -> bool {
        use ErrorKind::{Certificate, Connect, Decode, Dns, Json, Tls};
        matches!(
            (kind, wider),
            (Dns, Connect) | (Certificate, Tls) | (Json, Decode) | (Decode, Json)
        )
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
