//! What goes out with a request: its host, its length, and each header once.

mod common;

use bytes::Bytes;
use common::{client, fixtures, run};
use http::{HeaderValue, Method};
use serde_json::Value;
use std::pin::Pin;
use std::task::{Context, Poll};
use twinloop_web::{Error, ErrorKind, Request, RequestBody, Result};

/// A stream of the given parts.
struct Parts(Vec<&'static str>);

impl futures_core::Stream for Parts {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = (!self.0.is_empty()).then(|| self.0.remove(0));
        Poll::Ready(next.map(|part| Ok(Bytes::from_static(part.as_bytes()))))
    }
}

/// The request as the server saw it, byte by byte.
fn seen(change: impl FnOnce(&mut Request)) -> Result<String> {
    let fixtures = fixtures();
    run(async {
        let url = format!("http://{}/request", fixtures.raw);
        let mut request = Request::new(Method::POST, &url)?;
        change(&mut request);
        client(&fixtures).fetch(request).await?.text().await
    })
}

fn lines(request: &str, name: &str) -> Vec<String> {
    let is_it = |line: &&str| line.starts_with(&format!("{name}:"));
    request.lines().filter(is_it).map(str::to_owned).collect()
}

fn header(request: &mut Request, name: &'static str, value: &'static str) {
    request
        .headers
        .append(name, HeaderValue::from_static(value));
}

#[test]
fn a_method_that_means_to_send_something_says_that_it_sends_nothing() {
    for (method, expected) in [
        (Method::POST, vec!["content-length: 0"]),
        (Method::PUT, vec!["content-length: 0"]),
        (Method::GET, vec![]),
        (Method::DELETE, vec![]),
    ] {
        let request = seen(|request| request.method = method.clone()).unwrap();
        assert_eq!(lines(&request, "content-length"), expected, "{method}");
    }
    let request = seen(|request| {
        request.method = Method::DELETE;
        request.body = RequestBody::from("");
    });
    let request = request.unwrap();
    assert_eq!(lines(&request, "content-length"), ["content-length: 0"]);
}

/// A caller's Content-Length cut the body in silence when it was too small; when it was too large the server waited for ever, or took
/// the next request for the rest of this one.
#[test]
fn the_length_of_a_known_body_is_its_own_whatever_the_caller_says() {
    for said in ["2", "42", "nonsense"] {
        let request = seen(|request| {
            header(request, "content-length", said);
            request.body = RequestBody::from("hello");
        });
        let request = request.unwrap();
        assert_eq!(lines(&request, "content-length"), ["content-length: 5"]);
        assert!(request.ends_with("\r\n\r\nhello"), "{request}");
    }
    let request = seen(|request| {
        request.method = Method::GET;
        header(request, "content-length", "5");
    });
    assert_eq!(lines(&request.unwrap(), "content-length"), [""; 0]);
}

#[test]
fn a_stream_is_held_to_the_length_that_it_announced() {
    let sent = |said: Option<&'static str>, parts: &[&'static str]| {
        seen(|request| {
            if let Some(said) = said {
                header(request, "content-length", said);
            }
            request.body = RequestBody::stream(Parts(parts.to_vec()));
        })
    };
    let request = sent(Some("5"), &["he", "llo"]).unwrap();
    assert_eq!(lines(&request, "content-length"), ["content-length: 5"]);
    assert!(lines(&request, "transfer-encoding").is_empty());
    assert!(request.ends_with("\r\n\r\nhello"), "{request}");

    let request = sent(Some("5"), &["", "hello", ""]).unwrap();
    assert!(request.ends_with("\r\n\r\nhello"), "{request}");

    for said in [None, Some("0")] {
        let request = sent(said, &["he", "llo"]).unwrap();
        assert!(lines(&request, "content-length").is_empty());
        assert_eq!(
            lines(&request, "transfer-encoding"),
            ["transfer-encoding: chunked"]
        );
    }

    for (said, parts, what) in [
        ("5", &["hel"][..], "2 bytes are missing"),
        ("5", &["hello", "!!"], "2 bytes too many"),
        ("3", &["", "abc", "", "d"], "1 bytes too many"),
        ("five", &["hello"], "not a number"),
        ("-1", &["hello"], "not a number"),
        ("5, 6", &["hello"], "not a number"),
    ] {
        let error = sent(Some(said), parts).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Request,
            "{said}: {}",
            error.chain()
        );
        assert!(error.message().contains(what), "{said}: {error}");
    }
}

#[test]
fn a_stream_goes_out_whole_with_any_method() {
    // hyper sends no body with a GET whose length it does not know, and says nothing.
    let request = seen(|request| {
        request.method = Method::GET;
        request.body = RequestBody::stream(Parts(vec!["kept"]));
    });
    let request = request.unwrap();
    assert!(
        request.contains("\r\n\r\n4\r\nkept\r\n0\r\n\r\n"),
        "{request}"
    );
}

#[test]
fn the_framing_of_a_body_is_not_the_callers() {
    let request = seen(|request| {
        header(request, "transfer-encoding", "gzip, chunked");
        request.body = RequestBody::from("hello");
    });
    let request = request.unwrap();
    assert!(lines(&request, "transfer-encoding").is_empty());
    assert_eq!(lines(&request, "content-length"), ["content-length: 5"]);
}

/// The certificate was checked for the url's host, and the connection is shared by it: another name in the header would ask one server
/// in the name of another.
#[test]
fn the_host_is_the_urls() {
    let request = seen(|request| header(request, "host", "evil.example")).unwrap();
    assert!(!request.contains("evil"), "{request}");
    assert!(lines(&request, "host")[0].starts_with("host: 127.0.0.1:"));
}

#[test]
fn headers_of_one_name_go_out_as_one() {
    let request = seen(|request| {
        header(request, "x-list", "1");
        header(request, "cookie", "a=1");
        header(request, "x-list", "2");
        header(request, "cookie", "b=2");
        header(request, "x-list", "");
    });
    let request = request.unwrap();
    assert_eq!(lines(&request, "x-list"), ["x-list: 1, 2, "]);
    assert_eq!(lines(&request, "cookie"), ["cookie: a=1; b=2"]);
}

#[test]
fn a_part_of_a_body_is_asked_for_without_coding() {
    let request = seen(|request| header(request, "range", "bytes=0-10")).unwrap();
    assert_eq!(
        lines(&request, "accept-encoding"),
        ["accept-encoding: identity"]
    );
}

#[test]
fn http2_keeps_the_same_rules() {
    let fixtures = fixtures();
    run(async {
        let client = client(&fixtures);
        let inspect = async |change: &dyn Fn(&mut Request)| -> Result<Value> {
            let url = "https://api.example.com/inspect";
            let mut request = Request::new(Method::POST, url)?;
            header(&mut request, "host", "evil.example");
            header(&mut request, "transfer-encoding", "chunked");
            header(&mut request, "x-list", "1");
            header(&mut request, "x-list", "2");
            change(&mut request);
            client.fetch(request).await?.json().await
        };
        let seen = inspect(&|_| {}).await.unwrap();
        assert_eq!(seen["version"], "HTTP/2.0");
        assert_eq!(seen["headers"]["content-length"], "0");
        assert_eq!(seen["headers"]["x-list"], "1, 2");
        assert_eq!(seen["headers"]["host"], Value::Null);
        let seen = inspect(&|request| {
            header(request, "content-length", "2");
            request.body = RequestBody::from("hello");
        });
        let seen = seen.await.unwrap();
        assert_eq!(
            (&seen["headers"]["content-length"], &seen["body"]),
            (&"5".into(), &"hello".into())
        );
        let failed = inspect(&|request| {
            header(request, "content-length", "9");
            request.body = RequestBody::stream(Parts(vec!["hello"]));
        });
        let error: Error = failed.await.unwrap_err();
        assert!(error.is_request(), "{}", error.chain());
    });
}
