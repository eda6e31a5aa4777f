//! Cookies that are kept between requests (RFC 6265), for a client that asks for a jar.
//!
//! What a response sets is stored by its host, or by the domain that it names if the host is in it; a domain without a dot, and one that is
//! an address, is none. There is no list of public suffixes here: a host may set a cookie for the whole of `co.uk`, as in other clients
//! without one. On the loop's thread; rule BOUNDED: so many cookies of a host and in all, the oldest go first.

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, SystemTime};
use url::Url;

/// As many as browsers keep (RFC 6265, section 6.1, asks for at least 50 and 3000).
const MOST_OF_A_DOMAIN: usize = 180;
const MOST: usize = 3000;
/// Of name and value together.
const LONGEST: usize = 4096;

/// The cookies of a client. A cheap handle: clone it.
#[derive(Clone, Debug, Default)]
pub struct CookieJar {
    /// In the order in which they were made first.
    cookies: Rc<RefCell<Vec<Cookie>>>,
}

/// One cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// The name.
    pub name: String,
    /// The value, as it was set.
    pub value: String,
    /// The host that it belongs to, or the domain.
    pub domain: String,
    /// The path under which it is sent.
    pub path: String,
    /// Whether it is sent to `domain` alone, and to no host below it.
    pub host_only: bool,
    /// Whether it is sent over TLS alone.
    pub secure: bool,
    /// When it ends; without it, with the jar.
    pub expires: Option<SystemTime>,
}

impl CookieJar {
    /// The cookies, those that have ended left out.
    pub fn cookies(&self) -> Vec<Cookie> {
        let now = SystemTime::now();
        let mut cookies = self.cookies.borrow_mut();
        cookies.retain(|cookie| !cookie.has_ended(now));
        cookies.clone()
    }

    /// Puts a cookie in, in the place of one of the same name, domain and path. One that has ended takes that away.
    pub fn insert(&self, cookie: Cookie) {
        let mut cookies = self.cookies.borrow_mut();
        let same = cookies.iter().position(|other| {
            other.name == cookie.name && other.domain == cookie.domain && other.path == cookie.path
        });
        let now = SystemTime::now();
        match (same, cookie.has_ended(now)) {
            (Some(index), true) => drop(cookies.remove(index)),
            (Some(index), false) => cookies[index] = cookie,
            (None, true) => {}
            (None, false) => {
                let of_domain = |other: &Cookie| other.domain == cookie.domain;
                let is_crowded =
                    cookies.iter().filter(|other| of_domain(other)).count() >= MOST_OF_A_DOMAIN;
                let oldest = match is_crowded {
                    true => cookies.iter().position(of_domain),
                    false => (cookies.len() >= MOST).then_some(0),
                };
                if let Some(oldest) = oldest {
                    cookies.remove(oldest);
                }
                cookies.push(cookie);
            }
        }
    }

    /// Takes all cookies away.
    pub fn clear(&self) {
        self.cookies.borrow_mut().clear();
    }

    /// Keeps what the answer of `url` sets.
    pub fn store(&self, url: &Url, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE) {
            if let Some(cookie) = Cookie::parse(url, line.as_bytes()) {
                self.insert(cookie);
            }
        }
    }

    /// The header Cookie for a request of `url`; none if no cookie is for it.
    pub fn header(&self, url: &Url) -> Option<HeaderValue> {
        let cookies = self.cookies.borrow();
        if cookies.is_empty() {
            return None;
        }
        let (host, now) = (url.host_str()?, SystemTime::now());
        let mut wanted: Vec<&Cookie> = cookies
            .iter()
            .filter(|cookie| cookie.is_for(url, host) && !cookie.has_ended(now))
            .collect();
        if wanted.is_empty() {
            return None;
        }
        // Longer paths first (section 5.4, step 2); the order is stable, so older ones come first otherwise.
        wanted.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let mut line = String::new();
        for cookie in wanted {
            if !line.is_empty() {
                line.push_str("; ");
            }
            line.push_str(&cookie.name);
            line.push('=');
            line.push_str(&cookie.value);
        }
        HeaderValue::from_bytes(line.as_bytes()).ok()
    }
}

impl Cookie {
    fn has_ended(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    fn is_for(&self, url: &Url, host: &str) -> bool {
        let domain = match self.host_only {
            true => host == self.domain,
            false => is_within(host, &self.domain),
        };
        domain
            && is_below(url.path(), &self.path)
            && (!self.secure || url.scheme() == "https" || is_loopback(host))
    }

    /// What the header Set-Cookie of an answer means (section 5.2); none if it is to be ignored.
    pub fn parse(url: &Url, line: &[u8]) -> Option<Cookie> {
        let line = std::str::from_utf8(line).ok()?;
        let mut parts = line.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        let is_controlled = |text: &str| text.chars().any(char::is_control);
        if name.is_empty() || name.len() + value.len() > LONGEST || is_controlled(line) {
            return None;
        }
        let host = url.host_str()?;
        let mut cookie = Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            domain: host.to_owned(),
            path: default_path(url.path()).to_owned(),
            host_only: true,
            secure: false,
            expires: None,
        };
        let mut age = None;
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "expires" => cookie.expires = cookie_date(value).or(cookie.expires),
                "max-age" => age = value.parse::<i64>().ok().or(age),
                "domain" if !value.is_empty() => {
                    let domain = value.trim_start_matches('.').to_ascii_lowercase();
                    cookie.host_only = domain == host && is_address(host);
                    cookie.domain = domain;
                }
                "path" => {
                    cookie.path = match value.starts_with('/') {
                        true => value.to_owned(),
                        false => default_path(url.path()).to_owned(),
                    }
                }
                "secure" => cookie.secure = true,
                _ => {}
            }
        }
        if let Some(age) = age {
            let age = u64::try_from(age).unwrap_or(0);
            cookie.expires = SystemTime::now().checked_add(Duration::from_secs(age));
        }
        let may_have = cookie.host_only
            || is_within(host, &cookie.domain) && may_be_shared(host, &cookie.domain);
        if !may_have {
            return None;
        }
        // Over a connection that anybody may have changed, nothing is said about one that nobody may.
        let is_safe = url.scheme() == "https" || is_loopback(host);
        (!cookie.secure || is_safe).then_some(cookie)
    }
}

/// Whether a domain may have cookies that hosts below it share.
fn may_be_shared(host: &str, domain: &str) -> bool {
    host == domain || domain.contains('.')
}

fn is_address(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>().is_ok()
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Section 5.1.3.
fn is_within(host: &str, domain: &str) -> bool {
    host == domain
        || host
            .strip_suffix(domain)
            .is_some_and(|before| before.ends_with('.') && !is_address(host))
}

/// Section 5.1.4.
fn is_below(path: &str, of_cookie: &str) -> bool {
    path.strip_prefix(of_cookie)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || of_cookie.ends_with('/'))
}

/// Section 5.1.4: the path up to its last slash.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(end) => &path[..end],
    }
}

/// A date as servers write it: that of HTTP, and the older one with dashes.
fn cookie_date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text)
        .or_else(|_| httpdate::parse_http_date(&text.replace('-', " ")))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a url")
    }

    fn sent(jar: &CookieJar, to: &str) -> Option<String> {
        let header = jar.header(&url(to))?;
        Some(header.to_str().expect("ASCII").to_owned())
    }

    fn jar(from: &str, lines: &[&str]) -> CookieJar {
        let jar = CookieJar::default();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SET_COOKIE, line.parse().expect("a value"));
        }
        jar.store(&url(from), &headers);
        jar
    }

    #[test]
    fn a_cookie_goes_back_to_its_host_alone_unless_it_names_a_domain() {
        let jar = jar(
            "https://a.example.com/",
            &[
                "own=1",
                "all=2; Domain=.Example.com",
                "no=3; Domain=other.com",
                "tld=4; Domain=com",
            ],
        );
        assert_eq!(
            sent(&jar, "https://a.example.com/").as_deref(),
            Some("own=1; all=2")
        );
        assert_eq!(
            sent(&jar, "https://b.example.com/").as_deref(),
            Some("all=2")
        );
        assert_eq!(sent(&jar, "https://example.com/").as_deref(), Some("all=2"));
        assert_eq!(sent(&jar, "https://badexample.com/"), None);
        assert_eq!(sent(&jar, "https://other.com/"), None);
    }

    #[test]
    fn an_address_shares_no_cookies() {
        let jar = jar(
            "http://127.0.0.1/",
            &["a=1; Domain=127.0.0.1", "b=2; Domain=0.0.1"],
        );
        assert_eq!(sent(&jar, "http://127.0.0.1:81/").as_deref(), Some("a=1"));
        assert_eq!(sent(&jar, "http://x.127.0.0.1.example/"), None);
    }

    #[test]
    fn paths_are_compared_by_their_parts() {
        let jar = jar(
            "https://x.example/a/b/c",
            &[
                "default=1",
                "root=2; Path=/",
                "deep=3; Path=/a/b",
                "odd=4; Path=a",
            ],
        );
        assert_eq!(
            sent(&jar, "https://x.example/a/b").as_deref(),
            Some("default=1; deep=3; odd=4; root=2")
        );
        assert_eq!(
            sent(&jar, "https://x.example/a/bc").as_deref(),
            Some("root=2")
        );
    }

    #[test]
    fn a_secure_cookie_is_neither_sent_nor_set_in_the_clear() {
        let jar = jar("https://x.example/", &["a=1; Secure"]);
        assert_eq!(sent(&jar, "http://x.example/"), None);
        assert_eq!(sent(&jar, "https://x.example/").as_deref(), Some("a=1"));
        assert!(Cookie::parse(&url("http://x.example/"), b"a=2; secure").is_none());
    }

    #[test]
    fn a_cookie_ends_at_its_time_and_is_taken_away_by_one_that_has() {
        let past = "a=; Expires=Thu, 01-Jan-1970 00:00:01 GMT";
        for end in ["a=; Max-Age=0", "a=; max-age=-5", past] {
            assert_eq!(
                sent(
                    &jar("https://x.example/", &["a=1", end]),
                    "https://x.example/"
                ),
                None
            );
        }
        let lines = [
            "a=1; Max-Age=1000; Expires=Thu, 01 Jan 1970 00:00:01 GMT",
            "b=2; Expires=never",
        ];
        assert_eq!(
            sent(&jar("https://x.example/", &lines), "https://x.example/").as_deref(),
            Some("a=1; b=2")
        );
    }

    #[test]
    fn what_is_no_cookie_is_ignored_and_a_host_keeps_so_many() {
        let long = format!("a={}", "x".repeat(LONGEST));
        assert_eq!(
            sent(
                &jar("https://x.example/", &["novalue", "=1", &long]),
                "https://x.example/"
            ),
            None
        );
        let jar = CookieJar::default();
        for number in 0..MOST_OF_A_DOMAIN + 5 {
            let line = format!("c{number}=1");
            jar.insert(
                Cookie::parse(&url("https://x.example/"), line.as_bytes()).expect("a cookie"),
            );
        }
        assert_eq!(jar.cookies().len(), MOST_OF_A_DOMAIN);
        assert_eq!(jar.cookies()[0].name, "c5");
    }
}
