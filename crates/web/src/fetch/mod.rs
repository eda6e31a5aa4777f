//! fetch: a request in, a response out, redirects followed (<https://fetch.spec.whatwg.org/#http-network-fetch>).
//!
//! - `request`, `response`: the two values; `body`: bodies both ways, with backpressure and content decoding
//! - `provenance`: Referer and Origin
//! - `integrity`: digests that a body must have
//! - `cookies`: what is kept of them between requests, if anybody wants that
//! - `ports`: where a page's requests may not go; `redirect`: the rules of following; `data_url`: `data:`; `decode`: gzip, deflate, br, zstd
//! - `pool`, `origin`, `slots`: connections kept by origin; `http1`, `http2`: one exchange over one connection, `direct`: a long body of it;
//!   `wire`: the request as each wants it, and why it failed
//!
//! Runs on the loop's thread. An HTTP/1.1 connection has no task of its own: whoever waits for its response polls it, so
//! an unread body is backpressure down to the peer (rule BOUNDED), and a dropped future closes the connection.

mod body;
mod cookies;
mod data_url;
mod decode;
mod direct;
mod http1;
mod http2;
mod integrity;
mod origin;
mod pool;
mod ports;
mod provenance;
mod redirect;
mod request;
mod response;
mod slots;
mod wire;

pub use body::{Body, RequestBody};
pub use cookies::{Cookie, CookieJar};
pub use integrity::Integrity;
pub use ports::{bad_port, has_bad_port};
pub use provenance::{Provenance, ReferrerPolicy};
pub use request::{RedirectMode, Request};

pub use redirect::basic_authorization;
pub(crate) use redirect::{basic_credentials, percent_decode};
pub use request::parse_url;
pub use response::{Response, is_null_body_status};

pub use http::header;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
pub use url::{Url, form_urlencoded};

use crate::connect::{Config, Connector};
use crate::{Error, ErrorKind, Result};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, COOKIE, RANGE, USER_AGENT,
};
use std::rc::Rc;

/// What we decode, in the order of preference that servers read into it.
const CODINGS: HeaderValue = HeaderValue::from_static("gzip, deflate, br, zstd");
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");
/// What the standard wants sent where no person has a language, as Node and Deno do.
const ANY_LANGUAGE: HeaderValue = HeaderValue::from_static("*");

/// Fetches over a pool of connections. A cheap handle: clone it.
#[derive(Clone)]
pub struct Client {
    shared: Rc<SharedClient>,
}

struct SharedClient {
    connector: Connector,
    pool: pool::Pool,
    user_agent: Option<HeaderValue>,
}

impl Client {
    /// A client for `config`. It opens nothing before the first fetch.
    ///
    /// # Errors
    /// When the user agent is not a valid header value.
    pub fn new(config: Config) -> Result<Client> {
        let user_agent = match &config.user_agent {
            Some(text) => Some(HeaderValue::from_str(text).map_err(|cause| {
                Error::new(ErrorKind::Argument, format!("invalid user agent '{text}'"))
                    .with_source(cause)
            })?),
            None => None,
        };
        let connector = Connector::new(config);
        let pool = pool::Pool::new(connector.clone());
        Ok(Client {
            shared: Rc::new(SharedClient {
                connector,
                pool,
                user_agent,
            }),
        })
    }

    /// What it was made with.
    pub fn config(&self) -> &Config {
        self.shared.connector.config()
    }

    /// The connections below, for WebSocket and for protocols of your own.
    pub fn connector(&self) -> &Connector {
        &self.shared.connector
    }

    /// Closes the connections that no request uses now.
    pub fn close_idle(&self) {
        self.shared.pool.close_idle();
    }

    /// Fetches `request`: resolves once the status and headers are here, the body follows in [`Response::body`].
    ///
    /// The future is `'static`: it keeps the client alive.
    ///
    /// # Errors
    /// An [`Error`] of the kinds Connect, Dns, Tls, Certificate, Timeout, Redirect, Url, Scheme, Protocol, Closed or
    /// Body. A status of 400 or more is a response, not an error.
    ///
    /// # Cancel safety
    /// Dropping the future aborts the request; dropping the response aborts the body. Both close the HTTP/1.1
    /// connection or reset the HTTP/2 stream, and leave nothing behind.
    pub fn fetch(&self, request: Request) -> impl Future<Output = Result<Response>> + 'static {
        fetch(self.shared.clone(), request)
    }
}

async fn fetch(client: Rc<SharedClient>, mut request: Request) -> Result<Response> {
    let integrity = request.integrity.take();
    let response = follow(client, request).await?;
    match integrity {
        None => Ok(response),
        // Apart, so that other fetches do not carry its state.
        Some(integrity) => Box::pin(integrity.check(response)).await,
    }
}

async fn follow(client: Rc<SharedClient>, mut request: Request) -> Result<Response> {
    let mut redirects = 0;
    let mut trail = provenance::Trail::new(&mut request).map(Box::new);
    loop {
        match request.url.scheme() {
            "http" | "https" => {}
            "data" if redirects == 0 => return data_url::response(&request),
            scheme => {
                let message = format!(
                    "cannot fetch {}: scheme '{scheme}' is not supported",
                    request.url
                );
                return Err(Error::new(ErrorKind::Scheme, message));
            }
        }
        ports::require_good(&request)?;
        client.connector.config().require_allowed(&request.url)?;
        client.complete_headers(&mut request);
        if let Some(trail) = &mut trail {
            trail.mark(&mut request);
        }
        let replay = request.body.try_clone();
        let body = std::mem::take(&mut request.body);
        let jar = client.connector.config().cookies.as_ref();
        let own = jar.and_then(|jar| attach(jar, &mut request));
        let answer = client.pool.exchange(&request, body).await?;
        if let Some(own) = own {
            restore(&mut request.headers, own);
        }
        if let Some(jar) = jar {
            jar.store(&request.url, answer.headers());
        }
        let Some(location) = redirect::location(&request, &answer)? else {
            return Response::new(request, answer, redirects > 0);
        };
        redirects += 1;
        if let Some(trail) = &mut trail {
            trail.follow(&request.url, &location, answer.headers())?;
        }
        redirect::follow(&mut request, replay, answer.status(), location, redirects)?;
    }
}

/// Adds the cookies of the jar to those that the caller gave, and returns these; none if there is nothing to add.
fn attach(jar: &CookieJar, request: &mut Request) -> Option<Vec<HeaderValue>> {
    let kept = jar.header(&request.url)?;
    let own: Vec<_> = request.headers.get_all(COOKIE).iter().cloned().collect();
    request.headers.append(COOKIE, kept);
    Some(own)
}

/// Leaves the caller's own cookies, which a redirect to another origin drops.
fn restore(headers: &mut HeaderMap, own: Vec<HeaderValue>) {
    headers.remove(COOKIE);
    for value in own {
        headers.append(COOKIE, value);
    }
}

impl SharedClient {
    /// Fills in what every request carries unless its caller said otherwise.
    fn complete_headers(&self, request: &mut Request) {
        if !request.url.username().is_empty() || request.url.password().is_some() {
            take_credentials(request);
        }
        let headers = &mut request.headers;
        if !headers.contains_key(ACCEPT) {
            headers.insert(ACCEPT, ANYTHING);
        }
        if !headers.contains_key(ACCEPT_LANGUAGE) {
            headers.insert(ACCEPT_LANGUAGE, ANY_LANGUAGE);
        }
        if !headers.contains_key(ACCEPT_ENCODING) {
            if headers.contains_key(RANGE) {
                // A part of a coded body cannot be undone.
                headers.insert(ACCEPT_ENCODING, IDENTITY);
            } else if request.decompress {
                headers.insert(ACCEPT_ENCODING, CODINGS);
            }
        }
        if let Some(user_agent) = &self.user_agent
            && !headers.contains_key(USER_AGENT)
        {
            headers.insert(USER_AGENT, user_agent.clone());
        }
    }
}

/// Moves `user:password@` from the url into an Authorization header, which a header given by the caller overrides.
fn take_credentials(request: &mut Request) {
    let value = basic_credentials(&request.url);
    // These cannot fail for http and https urls, which have a host.
    let _ = request.url.set_username("");
    let _ = request.url.set_password(None);
    request.headers.entry(AUTHORIZATION).or_insert(value);
}
