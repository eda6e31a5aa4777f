//! What is to be fetched.

use super::{Integrity, Provenance, RequestBody};
use crate::{Error, ErrorKind, Result};
use http::{HeaderMap, Method};
use url::Url;

/// What to do with a redirect (<https://fetch.spec.whatwg.org/#concept-request-redirect-mode>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RedirectMode {
    /// Follow up to 20.
    #[default]
    Follow,
    /// A redirect is an error.
    Error,
    /// A redirect is the response.
    Manual,
}

/// One request. Fields are public: fill in what differs from a plain GET.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The url; a fragment is not sent.
    pub url: Url,
    /// The headers. Accept, Accept-Encoding, Accept-Language and User-Agent are added where missing; several of one name go out as one, joined by
    /// commas. Host and Transfer-Encoding are the url's and the body's own, whatever stands here; so is Content-Length, except
    /// that a stream of unknown length is held to it.
    pub headers: HeaderMap,
    /// The body.
    pub body: RequestBody,
    /// What to do with redirects.
    pub redirect: RedirectMode,
    /// What the response's body must be; it is checked before the response is given out.
    pub integrity: Option<Integrity>,
    /// Where it comes from, which Referer and Origin tell.
    pub provenance: Option<Box<Provenance>>,
    /// Ask for and undo content coding (default). Without it the body arrives as the server sent it.
    pub decompress: bool,
    /// Refuse the ports that the standard blocks, also after a redirect, as browsers do (<https://fetch.spec.whatwg.org/#port-blocking>).
    pub blocks_ports: bool,
}

impl Request {
    /// A request without headers and body.
    ///
    /// # Errors
    /// `is_url()` when `url` is not an absolute url.
    pub fn new(method: Method, url: &str) -> Result<Request> {
        Ok(Request::with_url(method, parse_url(url)?))
    }

    /// A GET request.
    ///
    /// # Errors
    /// `is_url()` when `url` is not an absolute url.
    pub fn get(url: &str) -> Result<Request> {
        Request::new(Method::GET, url)
    }

    /// A request for a url parsed already.
    pub fn with_url(method: Method, url: Url) -> Request {
        Request {
            method,
            url,
            headers: HeaderMap::new(),
            body: RequestBody::empty(),
            redirect: RedirectMode::Follow,
            integrity: None,
            provenance: None,
            decompress: true,
            blocks_ports: false,
        }
    }
}

/// Parses an absolute url, naming it in the error.
///
/// # Errors
/// `is_url()` when `text` is not an absolute url.
pub fn parse_url(text: &str) -> Result<Url> {
    Url::parse(text).map_err(|cause| {
        Error::new(ErrorKind::Url, format!("invalid url '{text}'")).with_source(cause)
    })
}
