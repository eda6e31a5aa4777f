//! Referer and Origin, through redirects.

mod common;

use common::{client, fixtures, run};
use http::Method;
use serde_json::Value;
use twinloop_web::Request;
use twinloop_web::fetch::{Provenance, ReferrerPolicy, Url};

const PAGE: &str = "http://api.example.com/page?query#fragment";

fn provenance(policy: ReferrerPolicy, is_cors: bool) -> Box<Provenance> {
    let page = Url::parse(PAGE).unwrap();
    Box::new(Provenance {
        origin: Some(page.origin()),
        referrer: Some(page),
        policy,
        is_cors,
        stays_home: false,
    })
}

/// Referer and Origin of a request, as the server saw them.
fn seen(method: Method, url: &str, provenance: Box<Provenance>) -> [Option<String>; 2] {
    let fixtures = fixtures();
    run(async {
        let mut request = Request::new(method, url).unwrap();
        request.provenance = Some(provenance);
        let response = client(&fixtures).fetch(request).await.unwrap();
        let answer: Value = response.json().await.unwrap();
        ["referer", "origin"].map(|name| answer["headers"][name].as_str().map(str::to_owned))
    })
}

fn told(referer: &str, origin: &str) -> [Option<String>; 2] {
    [referer, origin].map(|text| (!text.is_empty()).then(|| text.to_owned()))
}

const WHOLE: &str = "http://api.example.com/page?query";
const SHORT: &str = "http://api.example.com/";
const OWN: &str = "http://api.example.com";

#[test]
fn a_request_says_where_it_comes_from() {
    let usual = || provenance(ReferrerPolicy::default(), true);
    let here = "http://api.example.com/inspect";
    let there = "http://example.com/inspect";
    assert_eq!(seen(Method::GET, here, usual()), told(WHOLE, ""));
    assert_eq!(seen(Method::POST, here, usual()), told(WHOLE, OWN));
    assert_eq!(seen(Method::GET, there, usual()), told(SHORT, OWN));
    let silent = provenance(ReferrerPolicy::NoReferrer, false);
    assert_eq!(seen(Method::POST, there, silent), told("", "null"));
}

#[test]
fn each_hop_of_a_redirect_says_it_anew() {
    let usual = || provenance(ReferrerPolicy::default(), true);
    let away = "http://api.example.com/redirect-to?url=http://example.com/inspect";
    assert_eq!(seen(Method::GET, away, usual()), told(SHORT, OWN));
    // From another origin to a third: nobody can say whose it is. Back home it stays a request across origins.
    let third = "http://example.com/redirect-to?url=https://example.com/inspect";
    assert_eq!(seen(Method::GET, third, usual()), told(SHORT, "null"));
    // The first hop was told the origin alone, and so is the next.
    let home = "http://example.com/redirect-to?url=http://api.example.com/inspect";
    assert_eq!(seen(Method::GET, home, usual()), told(SHORT, "null"));
}

#[test]
fn a_request_of_the_mode_same_origin_does_not_follow_elsewhere() {
    let fixtures = fixtures();
    run(async {
        for (to, is_allowed) in [
            ("http://api.example.com", true),
            ("http://example.com", false),
        ] {
            let url = format!("http://api.example.com/redirect-to?url={to}/inspect");
            let mut request = Request::get(&url).unwrap();
            let mut provenance = provenance(ReferrerPolicy::default(), false);
            provenance.stays_home = true;
            request.provenance = Some(provenance);
            let outcome = client(&fixtures).fetch(request).await;
            assert_eq!(outcome.is_ok(), is_allowed, "{to}");
            assert!(outcome.err().is_none_or(|error| error.is_redirect()));
        }
    });
}

#[test]
fn what_the_caller_wrote_stays() {
    let fixtures = fixtures();
    run(async {
        let url = "http://api.example.com/redirect-to?url=http://example.com/inspect";
        let mut request = Request::get(url).unwrap();
        request.provenance = Some(provenance(ReferrerPolicy::default(), true));
        for (name, value) in [
            ("referer", "http://mine.test/"),
            ("origin", "http://mine.test"),
        ] {
            request.headers.insert(name, value.parse().unwrap());
        }
        let response = client(&fixtures).fetch(request).await.unwrap();
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["headers"]["referer"], "http://mine.test/");
        assert_eq!(answer["headers"]["origin"], "http://mine.test");
    });
}
