//! What came back.

use super::http1::Answer;
use super::{Body, Request};
use crate::{Error, ErrorKind, Result};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Version};
use serde::de::DeserializeOwned;
use url::Url;

/// Whether a response with this status has no body (<https://fetch.spec.whatwg.org/#null-body-status>).
pub fn is_null_body_status(status: u16) -> bool {
    matches!(status, 101 | 103 | 204 | 205 | 304)
}

/// Status, headers, and a body that is still arriving. Dropping it aborts the body.
#[derive(Debug)]
pub struct Response {
    /// The status; 400 and more are responses like others.
    pub status: StatusCode,
    /// The reason phrase of HTTP/1.1; empty in HTTP/2, which has none.
    pub reason: String,
    /// The headers as the server sent them (Content-Encoding too, although the body is decoded).
    pub headers: HeaderMap,
    /// The url that answered, after redirects, without fragment.
    pub url: Url,
    /// Whether a redirect was followed.
    pub redirected: bool,
    /// The protocol's version.
    pub version: Version,
    /// The body.
    pub body: Body,
}

impl Response {
    pub(super) fn new(request: Request, answer: Answer, redirected: bool) -> Result<Response> {
        let Request {
            mut url,
            method,
            decompress,
            ..
        } = request;
        url.set_fragment(None);
        let (head, incoming) = answer.into_parts();
        let reason = match head.extensions.get::<hyper::ext::ReasonPhrase>() {
            Some(reason) => String::from_utf8_lossy(reason.as_bytes()).into_owned(),
            None if head.version == Version::HTTP_2 => String::new(),
            None => head
                .status
                .canonical_reason()
                .unwrap_or_default()
                .to_owned(),
        };
        let body = if method == Method::HEAD || is_null_body_status(head.status.as_u16()) {
            // Dropped: a peer that sends a body all the same breaks the protocol, and nobody needs to know.
            Body::null()
        } else {
            Body::new(incoming, decompress.then_some(&head.headers), &url)
        };
        Ok(Response {
            status: head.status,
            reason,
            headers: head.headers,
            url,
            redirected,
            version: head.version,
            body,
        })
    }

    pub(super) fn from_bytes(url: Url, bytes: Bytes) -> Response {
        Response {
            status: StatusCode::OK,
            reason: "OK".to_owned(),
            headers: HeaderMap::new(),
            url,
            redirected: false,
            version: Version::HTTP_11,
            body: Body::from(bytes),
        }
    }

    /// Whether the status is 200 to 299.
    pub fn ok(&self) -> bool {
        self.status.is_success()
    }

    /// This response, or an error when its status is 400 or more.
    ///
    /// # Errors
    /// `is_protocol()`, naming status and url.
    pub fn error_for_status(self) -> Result<Response> {
        if self.status.is_client_error() || self.status.is_server_error() {
            let message = format!(
                "{} answered {} {}",
                self.url,
                self.status.as_u16(),
                self.reason
            );
            return Err(Error::new(ErrorKind::Protocol, message));
        }
        Ok(self)
    }

    /// The whole body.
    ///
    /// # Errors
    /// `is_body()` when it was cut, `is_decode()` when its content coding is broken.
    pub async fn bytes(self) -> Result<Bytes> {
        self.body.bytes().await
    }

    /// The whole body as UTF-8, with replacement characters and without a byte order mark, as `Response.text()`.
    ///
    /// # Errors
    /// As [`Response::bytes`].
    pub async fn text(self) -> Result<String> {
        self.body.text().await
    }

    /// The whole body as JSON.
    ///
    /// # Errors
    /// As [`Response::bytes`]; `is_decode()` with [`ErrorKind::Json`] when it is not JSON or not a `T`.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T> {
        let url = self.url;
        let bytes = self.body.bytes().await?;
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        serde_json::from_slice(text).map_err(|cause| {
            Error::new(ErrorKind::Json, format!("{url} is not the expected json"))
                .with_source(cause)
        })
    }
}
