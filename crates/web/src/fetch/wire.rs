//! One request as each protocol wants it, and what it means when it fails.

use super::{Request, RequestBody};
use crate::connect::rustls_error;
use crate::{Error, ErrorKind, Result};
use http::header::{CONNECTION, HOST, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};
use url::{Position, Url};

/// The request as HTTP/1.1 wants it: the path alone, and Host first, as some servers insist.
pub(super) fn http1_request(
    authority: &HeaderValue,
    request: &Request,
    body: RequestBody,
) -> Result<http::Request<RequestBody>> {
    let uri = uri(
        &request.url[Position::BeforePath..Position::AfterQuery],
        &request.url,
    )?;
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 2);
    if !request.headers.contains_key(HOST) {
        headers.insert(HOST, authority.clone());
    }
    for (name, value) in &request.headers {
        headers.append(name, value.clone());
    }
    Ok(assemble(
        &request.method,
        uri,
        Version::HTTP_11,
        headers,
        body,
    ))
}

/// The request as HTTP/2 wants it: the whole url, and nothing about the connection.
pub(super) fn http2_request(
    request: &Request,
    body: RequestBody,
) -> Result<http::Request<RequestBody>> {
    const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
    let uri = uri(
        &request.url[Position::BeforeScheme..Position::AfterQuery],
        &request.url,
    )?;
    let mut headers = request.headers.clone();
    for name in [HOST, CONNECTION, TRANSFER_ENCODING, UPGRADE, KEEP_ALIVE] {
        headers.remove(name);
    }
    Ok(assemble(
        &request.method,
        uri,
        Version::HTTP_2,
        headers,
        body,
    ))
}

fn assemble(
    method: &Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    body: RequestBody,
) -> http::Request<RequestBody> {
    let mut assembled = http::Request::new(body);
    *assembled.method_mut() = method.clone();
    *assembled.uri_mut() = uri;
    *assembled.version_mut() = version;
    *assembled.headers_mut() = headers;
    assembled
}

fn uri(text: &str, url: &Url) -> Result<Uri> {
    text.parse().map_err(|cause| {
        Error::new(ErrorKind::Url, format!("cannot send the url '{url}'")).with_source(cause)
    })
}

/// RFC 9110, section 9.2.2.
pub(super) fn is_idempotent(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    )
}

/// Says in our terms why there is no response.
pub(super) fn exchange_error(error: hyper::Error, request: &Request) -> Error {
    let causes =
        || std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    let io = causes().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    let (kind, what) = if error.is_parse() {
        (ErrorKind::Protocol, "the answer is not http")
    } else if error.is_user() {
        (ErrorKind::Body, "the request cannot be sent")
    } else if io.and_then(rustls_error).is_some() {
        (ErrorKind::Tls, "tls broke")
    } else if error.is_incomplete_message()
        || error.is_canceled()
        || error.is_closed()
        || io.is_some()
    {
        (
            ErrorKind::Closed,
            "the connection was closed before the answer",
        )
    } else {
        (ErrorKind::Protocol, "the peer broke the protocol")
    };
    Error::new(
        kind,
        format!("{} {} failed: {what}", request.method, request.url),
    )
    .with_source(error)
}
