//! One request as each protocol wants it, and what it means when it fails.

use super::{Request, RequestBody};
use crate::connect::{Proxy, rustls_error};
use crate::{Error, ErrorKind, Result};
use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, HOST, PROXY_AUTHORIZATION, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};
use url::{Position, Url};

/// The request as HTTP/1.1 wants it: the path alone (the whole url for a proxy), and Host first, as some servers insist.
pub(super) fn http1_request(
    authority: &HeaderValue,
    proxy: Option<&Proxy>,
    request: &Request,
    mut body: RequestBody,
) -> Result<http::Request<RequestBody>> {
    let start = match proxy {
        None => Position::BeforePath,
        Some(_) => Position::BeforeScheme,
    };
    let uri = uri(&request.url[start..Position::AfterQuery], &request.url)?;
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 2);
    headers.insert(HOST, authority.clone());
    copy_headers(&request.headers, &mut headers);
    if let Some(authorization) = proxy.and_then(|proxy| proxy.authorization.as_ref()) {
        headers
            .entry(PROXY_AUTHORIZATION)
            .or_insert_with(|| authorization.clone());
    }
    match content_length(request, &mut body)? {
        Some(length) => drop(headers.insert(CONTENT_LENGTH, length.into())),
        None if body.is_empty() => {}
        // Said here, as hyper sends no body at all with a GET that does not say it.
        None => drop(headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"))),
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
    mut body: RequestBody,
) -> Result<http::Request<RequestBody>> {
    const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
    let uri = uri(
        &request.url[Position::BeforeScheme..Position::AfterQuery],
        &request.url,
    )?;
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 1);
    copy_headers(&request.headers, &mut headers);
    for name in [CONNECTION, UPGRADE, KEEP_ALIVE] {
        headers.remove(name);
    }
    if let Some(length) = content_length(request, &mut body)? {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    Ok(assemble(
        &request.method,
        uri,
        Version::HTTP_2,
        headers,
        body,
    ))
}

/// Copies what the caller may decide. The host is the url's, whose certificate is checked and whose connections are shared,
/// and the length is the body's: a header that says otherwise would make a server see other requests than were sent.
fn copy_headers(from: &HeaderMap, into: &mut HeaderMap) {
    for name in from.keys() {
        if ![HOST, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name) {
            into.insert(name.clone(), combined(from, name));
        }
    }
}

/// One value of several, as `Headers.get` shows them (<https://fetch.spec.whatwg.org/#concept-header-list-get>); cookies are
/// one list by the rules of their own (RFC 6265, section 5.4).
fn combined(headers: &HeaderMap, name: &HeaderName) -> HeaderValue {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else {
        return HeaderValue::from_static("");
    };
    let mut all: Option<Vec<u8>> = None;
    for value in values {
        let all = all.get_or_insert_with(|| first.as_bytes().to_vec());
        all.extend_from_slice(if *name == COOKIE { b"; " } else { b", " });
        all.extend_from_slice(value.as_bytes());
    }
    // Values and what stands between them are valid, so the whole is.
    all.and_then(|all| HeaderValue::from_bytes(&all).ok())
        .unwrap_or_else(|| first.clone())
}

/// The Content-Length to send (<https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch>, step 8.6 and following). A
/// length that the caller wrote counts for a stream alone, which must then keep it.
fn content_length(request: &Request, body: &mut RequestBody) -> Result<Option<u64>> {
    if body.is_empty() {
        let expects_one = matches!(request.method, Method::POST | Method::PUT);
        return Ok(expects_one.then_some(0));
    }
    if body.length().is_none() && request.headers.contains_key(CONTENT_LENGTH) {
        body.promise(parse_length(&combined(&request.headers, &CONTENT_LENGTH))?);
    }
    Ok(body.length())
}

fn parse_length(text: &HeaderValue) -> Result<u64> {
    let digits = text
        .to_str()
        .ok()
        .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| {
            let message = format!("the content-length {text:?} of the request is not a number");
            Error::new(ErrorKind::Request, message)
        })
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
