//! Where a request comes from: the headers Referer and Origin, hop by hop
//! (<https://w3c.github.io/webappsec-referrer-policy/#determine-requests-referrer>, <https://fetch.spec.whatwg.org/#append-a-request-origin-header>).
//!
//! A program has an address only if it was given one. What its caller wrote into either header stays as it is.

use super::Request;
use crate::{Error, ErrorKind, Result};
use http::header::{ORIGIN, REFERER, REFERRER_POLICY};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::{Origin, Position, Url};

/// The longest Referer with a path.
const LONGEST: usize = 4096;

/// Where a request comes from, and what of it is told.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// The referrer; `None` tells nothing.
    pub referrer: Option<Url>,
    /// What of the referrer is told to whom.
    pub policy: ReferrerPolicy,
    /// The origin of the program; `None` sends no Origin.
    pub origin: Option<Origin>,
    /// Whether a request to another origin says where it comes from, as in the mode `cors`.
    pub is_cors: bool,
    /// Whether a redirect to another origin is an error, as in the mode `same-origin`.
    pub stays_home: bool,
}

/// <https://w3c.github.io/webappsec-referrer-policy/#referrer-policies>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum ReferrerPolicy {
    NoReferrer,
    NoReferrerWhenDowngrade,
    SameOrigin,
    Origin,
    StrictOrigin,
    OriginWhenCrossOrigin,
    #[default]
    StrictOriginWhenCrossOrigin,
    UnsafeUrl,
}

impl ReferrerPolicy {
    /// The policy of this name.
    pub fn named(name: &str) -> Option<ReferrerPolicy> {
        Some(match name {
            "no-referrer" => ReferrerPolicy::NoReferrer,
            "no-referrer-when-downgrade" => ReferrerPolicy::NoReferrerWhenDowngrade,
            "same-origin" => ReferrerPolicy::SameOrigin,
            "origin" => ReferrerPolicy::Origin,
            "strict-origin" => ReferrerPolicy::StrictOrigin,
            "origin-when-cross-origin" => ReferrerPolicy::OriginWhenCrossOrigin,
            "strict-origin-when-cross-origin" => ReferrerPolicy::StrictOriginWhenCrossOrigin,
            "unsafe-url" => ReferrerPolicy::UnsafeUrl,
            _ => return None,
        })
    }

    /// What `target` is told of `referrer`.
    fn referer(self, referrer: &Url, target: &Url) -> Option<String> {
        if !matches!(referrer.scheme(), "http" | "https") {
            return None;
        }
        let is_same = referrer.origin() == target.origin();
        let is_downgrade = referrer.scheme() == "https" && target.scheme() != "https";
        let whole = || Some(without_secrets(referrer));
        let origin = || Some(format!("{}/", referrer.origin().ascii_serialization()));
        match self {
            ReferrerPolicy::NoReferrer => None,
            ReferrerPolicy::UnsafeUrl => whole(),
            ReferrerPolicy::Origin => origin(),
            ReferrerPolicy::NoReferrerWhenDowngrade if is_downgrade => None,
            ReferrerPolicy::NoReferrerWhenDowngrade => whole(),
            ReferrerPolicy::SameOrigin if is_same => whole(),
            ReferrerPolicy::SameOrigin => None,
            ReferrerPolicy::StrictOrigin if is_downgrade => None,
            ReferrerPolicy::StrictOrigin => origin(),
            ReferrerPolicy::OriginWhenCrossOrigin if is_same => whole(),
            ReferrerPolicy::OriginWhenCrossOrigin => origin(),
            ReferrerPolicy::StrictOriginWhenCrossOrigin if is_same => whole(),
            ReferrerPolicy::StrictOriginWhenCrossOrigin if is_downgrade => None,
            ReferrerPolicy::StrictOriginWhenCrossOrigin => origin(),
        }
    }
}

/// A referrer without credentials and fragment, and without its path if it is very long.
fn without_secrets(referrer: &Url) -> String {
    let origin = referrer.origin().ascii_serialization();
    let whole = format!(
        "{origin}{}",
        &referrer[Position::BeforePath..Position::AfterQuery]
    );
    match whole.len() <= LONGEST {
        true => whole,
        false => format!("{origin}/"),
    }
}

/// What is kept of it from hop to hop.
pub(super) struct Trail {
    provenance: Provenance,
    /// What the caller wrote is the caller's.
    writes_referer: bool,
    writes_origin: bool,
    /// The answer is one from another origin, which it stays.
    is_crossing: bool,
    /// It went from another origin to a third: whose it is nobody can say.
    is_tainted: bool,
}

impl Trail {
    pub(super) fn new(request: &mut Request) -> Option<Trail> {
        let provenance = *request.provenance.take()?;
        Some(Trail {
            provenance,
            writes_referer: !request.headers.contains_key(REFERER),
            writes_origin: !request.headers.contains_key(ORIGIN),
            is_crossing: false,
            is_tainted: false,
        })
    }

    /// Puts the headers on the request of the next hop.
    pub(super) fn mark(&mut self, request: &mut Request) {
        let policy = self.provenance.policy;
        if self.writes_referer {
            let told = self.provenance.referrer.as_ref();
            let told = told.and_then(|referrer| policy.referer(referrer, &request.url));
            // The next hop is told no more than this one was.
            self.provenance.referrer = told.as_deref().and_then(|told| Url::parse(told).ok());
            set(&mut request.headers, REFERER, told);
        }
        if let Some(own) = &self.provenance.origin
            && self.writes_origin
        {
            if self.provenance.is_cors && *own != request.url.origin() {
                self.is_crossing = true;
            }
            let is_simple = matches!(request.method, Method::GET | Method::HEAD);
            let shown = || match self.is_tainted {
                true => "null".to_owned(),
                false => own.ascii_serialization(),
            };
            let hides = !self.provenance.is_cors && policy == ReferrerPolicy::NoReferrer;
            let told = match (self.is_crossing, is_simple) {
                (true, _) => Some(shown()),
                (false, true) => None,
                (false, false) if hides => Some("null".to_owned()),
                (false, false) => Some(shown()),
            };
            set(&mut request.headers, ORIGIN, told);
        }
    }

    /// A redirect from `from` to `to` is followed, whose answer had these headers.
    pub(super) fn follow(&mut self, from: &Url, to: &Url, headers: &HeaderMap) -> Result<()> {
        for value in headers.get_all(REFERRER_POLICY) {
            let names = value.to_str().unwrap_or_default().split(',');
            if let Some(policy) = names
                .map(str::trim)
                .filter_map(ReferrerPolicy::named)
                .next_back()
            {
                self.provenance.policy = policy;
            }
        }
        if let Some(own) = &self.provenance.origin {
            let (from, target) = (from.origin(), to.origin());
            if self.provenance.stays_home && *own != target {
                let message = format!("a request of the mode same-origin was sent to {to}");
                return Err(Error::new(ErrorKind::Redirect, message));
            }
            self.is_tainted |= target != from && *own != from;
        }
        Ok(())
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<String>) {
    match value.and_then(|value| HeaderValue::try_from(value).ok()) {
        Some(value) => drop(headers.insert(name, value)),
        None => drop(headers.remove(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_tells_as_much_as_its_name_says() {
        let url = |text: &str| Url::parse(text).unwrap();
        let page = url("https://user:secret@a.test/path?query#fragment");
        let (whole, origin) = ("https://a.test/path?query", "https://a.test/");
        for (name, same, other, downgrade) in [
            ("no-referrer", None, None, None),
            ("no-referrer-when-downgrade", Some(whole), Some(whole), None),
            ("same-origin", Some(whole), None, None),
            ("origin", Some(origin), Some(origin), Some(origin)),
            ("strict-origin", Some(origin), Some(origin), None),
            (
                "origin-when-cross-origin",
                Some(whole),
                Some(origin),
                Some(origin),
            ),
            (
                "strict-origin-when-cross-origin",
                Some(whole),
                Some(origin),
                None,
            ),
            ("unsafe-url", Some(whole), Some(whole), Some(whole)),
        ] {
            let policy = ReferrerPolicy::named(name).unwrap();
            let told = |target: &str| policy.referer(&page, &url(target));
            assert_eq!(told("https://a.test/x").as_deref(), same, "{name}");
            assert_eq!(told("https://b.test/").as_deref(), other, "{name}");
            assert_eq!(told("http://a.test/").as_deref(), downgrade, "{name}");
        }
        assert_eq!(ReferrerPolicy::named("never"), None);
        let long = url(&format!("https://a.test/{}", "x".repeat(5000)));
        let told = ReferrerPolicy::UnsafeUrl.referer(&long, &page);
        assert_eq!(told.as_deref(), Some(origin));
        assert_eq!(
            ReferrerPolicy::UnsafeUrl.referer(&url("data:,x"), &page),
            None
        );
    }
}
