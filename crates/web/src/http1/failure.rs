//! What is wrong with a message, by the names that Node's users know (llhttp's).

/// Why a message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `HPE_INVALID_METHOD` and the like.
    pub code: &'static str,
    /// A sentence for people.
    pub reason: &'static str,
}

impl Failure {
    pub(super) const METHOD: Failure = fail("HPE_INVALID_METHOD", "Invalid method encountered");
    pub(super) const URL: Failure = fail("HPE_INVALID_URL", "Invalid characters in url");
    pub(super) const CONSTANT: Failure =
        fail("HPE_INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/");
    pub(super) const VERSION: Failure = fail("HPE_INVALID_VERSION", "Invalid HTTP version");
    pub(super) const STATUS: Failure = fail("HPE_INVALID_STATUS", "Invalid status code");
    pub(super) const TOKEN: Failure = fail("HPE_INVALID_HEADER_TOKEN", "Invalid header token");
    pub(super) const VALUE: Failure = fail("HPE_INVALID_HEADER_TOKEN", "Invalid header value char");
    pub(super) const FOLDED: Failure = fail(
        "HPE_INVALID_HEADER_TOKEN",
        "Unexpected whitespace after header value",
    );
    pub(super) const CR_EXPECTED: Failure =
        fail("HPE_CR_EXPECTED", "Missing expected CR after header value");
    pub(super) const LF_EXPECTED: Failure =
        fail("HPE_LF_EXPECTED", "Missing expected LF after header value");
    pub(super) const OVERFLOW: Failure = fail("HPE_HEADER_OVERFLOW", "Header overflow");
    pub(super) const LENGTH: Failure = fail(
        "HPE_INVALID_CONTENT_LENGTH",
        "Invalid character in Content-Length",
    );
    pub(super) const LENGTH_OVERFLOW: Failure =
        fail("HPE_INVALID_CONTENT_LENGTH", "Content-Length overflow");
    pub(super) const TWO_LENGTHS: Failure = fail(
        "HPE_UNEXPECTED_CONTENT_LENGTH",
        "Content-Length already present",
    );
    pub(super) const LENGTH_WITH_CODING: Failure = fail(
        "HPE_INVALID_TRANSFER_ENCODING",
        "Transfer-Encoding can't be present with Content-Length",
    );
    pub(super) const CODING: Failure = fail(
        "HPE_INVALID_TRANSFER_ENCODING",
        "Request has invalid `Transfer-Encoding`",
    );
    pub(super) const CHUNK_SIZE: Failure =
        fail("HPE_INVALID_CHUNK_SIZE", "Invalid character in chunk size");
    pub(super) const CHUNK_OVERFLOW: Failure =
        fail("HPE_INVALID_CHUNK_SIZE", "Chunk size overflow");
    pub(super) const CHUNK_EXTENSIONS: Failure =
        fail("HPE_CHUNK_EXTENSIONS_OVERFLOW", "Chunk extensions overflow");
    pub(super) const CHUNK_EXTENSION: Failure =
        fail("HPE_STRICT", "Invalid character in chunk extensions");
    pub(super) const CHUNK_END: Failure = fail("HPE_STRICT", "Expected LF after chunk data");
    pub(super) const AFTER_CLOSE: Failure =
        fail("HPE_CLOSED_CONNECTION", "Data after `Connection: close`");
    pub(super) const EARLY_END: Failure = fail("HPE_INVALID_EOF_STATE", "Invalid EOF state");
    pub(super) const HTTP2: Failure = fail("HPE_PAUSED_H2_UPGRADE", "Pause on PRI/Upgrade");
}

const fn fail(code: &'static str, reason: &'static str) -> Failure {
    Failure { code, reason }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.reason)
    }
}

impl std::error::Error for Failure {}
