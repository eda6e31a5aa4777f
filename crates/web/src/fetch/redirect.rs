//! Following redirects (<https://fetch.spec.whatwg.org/#http-redirect-fetch>).

use super::http1::Answer;
use super::{RedirectMode, Request, RequestBody};
use crate::{Error, ErrorKind, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
    CONTENT_TYPE, COOKIE, LOCATION, PROXY_AUTHORIZATION, TRANSFER_ENCODING,
};
use http::{HeaderValue, Method, StatusCode};
use url::Url;

/// The limit of the fetch specification.
const MOST_REDIRECTS: usize = 20;

/// Where `answer` sends us, if it does and the request wants to go.
pub(super) fn location(request: &Request, answer: &Answer) -> Result<Option<Url>> {
    let is_redirect = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    if !is_redirect || request.redirect == RedirectMode::Manual {
        return Ok(None);
    }
    if request.redirect == RedirectMode::Error {
        let message = format!(
            "{} answered {} and redirects are not allowed",
            request.url,
            answer.status().as_u16()
        );
        return Err(Error::new(ErrorKind::Redirect, message));
    }
    let Some(value) = answer.headers().get(LOCATION) else {
        return Ok(None);
    };
    let text = String::from_utf8(value.as_bytes().to_vec())
        .unwrap_or_else(|_| value.as_bytes().iter().copied().map(char::from).collect());
    let mut target = request.url.join(&text).map_err(|cause| {
        let message = format!("{} redirects to the invalid url '{text}'", request.url);
        Error::new(ErrorKind::Redirect, message).with_source(cause)
    })?;
    if !matches!(target.scheme(), "http" | "https") {
        let message = format!(
            "{} redirects to '{target}', which is not http or https",
            request.url
        );
        return Err(Error::new(ErrorKind::Redirect, message));
    }
    if target.fragment().is_none() {
        target.set_fragment(request.url.fragment());
    }
    Ok(Some(target))
}

/// Turns `request` into the one that follows to `target`; `replay` is its body, if that can be sent again.
pub(super) fn follow(
    request: &mut Request,
    replay: Option<RequestBody>,
    status: StatusCode,
    target: Url,
    redirects: usize,
) -> Result<()> {
    if redirects > MOST_REDIRECTS {
        let message = format!("more than {MOST_REDIRECTS} redirects, the last to {target}");
        return Err(Error::new(ErrorKind::Redirect, message));
    }
    // Step 11: a stream cannot be sent again, and only 303 says that it need not be.
    if replay.is_none() && status.as_u16() != 303 {
        let message = format!(
            "{} answered {}, but a streamed body cannot be sent again",
            request.url,
            status.as_u16()
        );
        return Err(Error::new(ErrorKind::Redirect, message));
    }
    if becomes_get(status, &request.method) {
        request.method = Method::GET;
        for name in BODY_HEADERS {
            request.headers.remove(name);
        }
    } else {
        // A stream is left only with 303 and a GET or HEAD, which end it.
        request.body = replay.unwrap_or_default();
    }
    if request.url.origin() != target.origin() {
        for name in [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE] {
            request.headers.remove(name);
        }
    }
    request.url = target;
    Ok(())
}

const BODY_HEADERS: [http::HeaderName; 6] = [
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LOCATION,
    CONTENT_TYPE,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
];

fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        301 | 302 => method == Method::POST,
        303 => method != Method::GET && method != Method::HEAD,
        _ => false,
    }
}

/// The header Authorization for a user and a password (RFC 7617).
pub fn basic_authorization(user: &[u8], password: &[u8]) -> HeaderValue {
    let encoded = STANDARD.encode([user, b":", password].concat());
    let mut value = HeaderValue::try_from(format!("Basic {encoded}"))
        .expect("base64 has no character that a header may not have");
    value.set_sensitive(true);
    value
}

/// The same for those of `url`.
pub(crate) fn basic_credentials(url: &Url) -> HeaderValue {
    let password = percent_decode(url.password().unwrap_or_default());
    basic_authorization(&percent_decode(url.username()), &password)
}

/// Decodes `%XX`; anything else, also a lone `%`, stays.
pub(crate) fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let escaped = (bytes[index] == b'%')
            .then(|| bytes.get(index + 1..index + 3))
            .flatten();
        let byte = escaped
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(byte.unwrap_or(bytes[index]));
        index += if byte.is_some() { 3 } else { 1 };
    }
    decoded
}
