//! fetch against real servers: what comes back, what is sent, what is an error.

mod common;

use bytes::Bytes;
use common::{client, config, fixtures, raw_server, read_head, respond, run};
use http::{HeaderValue, Method, Version};
use serde_json::Value;
use std::io::Write;
use std::time::Duration;
use twinloop_web::fetch::{RedirectMode, Request};
use twinloop_web::{Client, Config, ErrorKind, RequestBody};

const DATA: &str = "https://api.example.com/data";

fn at(path: &str) -> Request {
    Request::get(&format!("https://api.example.com/{path}")).unwrap()
}

fn plain(path: &str) -> Request {
    Request::get(&format!("http://api.example.com/{path}")).unwrap()
}

#[test]
fn json_of_a_public_host_comes_from_the_local_server() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let response = client.fetch(Request::get(DATA).unwrap()).await.unwrap();
        assert_eq!(
            (response.status.as_u16(), response.version),
            (200, Version::HTTP_2)
        );
        assert_eq!((response.url.as_str(), response.redirected), (DATA, false));
        let data: Value = response.json().await.unwrap();
        assert_eq!(data["message"], "Hello from the fixture server");
    });
}

#[test]
fn http1_names_the_reason_and_keeps_the_connection() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let before = fixtures.count();
        for _ in 0..20 {
            let response = client.fetch(plain("data")).await.unwrap();
            assert_eq!(
                (response.version, response.reason.as_str()),
                (Version::HTTP_11, "OK")
            );
            let data: Value = response.json().await.unwrap();
            assert_eq!(data["ok"], true);
        }
        let after = fixtures.count();
        assert_eq!(
            (
                after.accepted - before.accepted,
                after.requests - before.requests
            ),
            (1, 20)
        );
    });
}

#[test]
fn concurrent_https_requests_share_one_http2_connection() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let before = fixtures.count();
        let event_loop = twinloop_loop::Loop::current();
        let tasks: Vec<_> = (0..50)
            .map(|_| event_loop.spawn(client.fetch(at("json1k"))))
            .collect();
        for task in tasks {
            let response = task.await.unwrap().unwrap();
            assert_eq!(response.version, Version::HTTP_2);
            assert_eq!(response.bytes().await.unwrap().len(), 1024);
        }
        let after = fixtures.count();
        assert_eq!(
            (
                after.accepted - before.accepted,
                after.requests - before.requests
            ),
            (1, 50)
        );
    });
}

#[test]
fn at_most_so_many_http1_connections_and_the_rest_wait() {
    let fixtures = fixtures();
    let config = Config {
        max_connections_per_origin: 3,
        ..config(&fixtures)
    };
    let client = Client::new(config).unwrap();
    run(async {
        let event_loop = twinloop_loop::Loop::current();
        let tasks: Vec<_> = (0..40)
            .map(|_| event_loop.spawn(client.fetch(plain("slow?ms=2"))))
            .collect();
        for task in tasks {
            let value: Value = task.await.unwrap().unwrap().json().await.unwrap();
            assert_eq!(value["slept_ms"], 2);
        }
        assert_eq!(fixtures.count().accepted, 3);
    });
}

fn limited(fixtures: &twinloop_fixtures::Fixtures, limit: usize) -> Client {
    let config = Config {
        max_connections: Some(limit),
        ..config(fixtures)
    };
    Client::new(config).unwrap()
}

fn elsewhere(path: &str) -> Request {
    Request::get(&format!("http://example.com/{path}")).unwrap()
}

#[test]
fn a_limit_for_all_origins_makes_requests_to_another_wait() {
    let fixtures = fixtures();
    let client = limited(&fixtures, 1);
    run(async {
        let event_loop = twinloop_loop::Loop::current();
        let hanging = event_loop.spawn(client.fetch(plain("hang")));
        common::eventually("the first request is at the server", || {
            fixtures.count().requests == 1
        })
        .await;
        let given_up: Vec<_> = (0..3)
            .map(|_| event_loop.spawn(client.fetch(elsewhere("data"))))
            .collect();
        let other = event_loop.spawn(client.fetch(elsewhere("data")));
        twinloop_loop::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(fixtures.count().accepted, 1);
        given_up.iter().for_each(|task| task.abort());
        hanging.abort();
        assert!(other.await.unwrap().unwrap().ok());
        assert_eq!(fixtures.count().accepted, 2);
    });
}

#[test]
fn what_is_idle_elsewhere_makes_room() {
    let fixtures = fixtures();
    let client = limited(&fixtures, 2);
    run(async {
        let event_loop = twinloop_loop::Loop::current();
        assert!(client.fetch(at("data")).await.unwrap().ok());
        for _ in 0..3 {
            for request in [plain("data"), elsewhere("data"), at("data"), plain("data")] {
                let value: Value = client.fetch(request).await.unwrap().json().await.unwrap();
                assert_eq!(value["ok"], true);
            }
        }
        // Two of HTTP/1.1, each kept for its origin, and one of HTTP/2, which counts apart.
        assert_eq!(fixtures.count().accepted, 3);
        let tasks: Vec<_> = (0..40)
            .map(|number| match number % 2 {
                0 => event_loop.spawn(client.fetch(plain("slow?ms=2"))),
                _ => event_loop.spawn(client.fetch(elsewhere("slow?ms=2"))),
            })
            .collect();
        for task in tasks {
            let value: Value = task.await.unwrap().unwrap().json().await.unwrap();
            assert_eq!(value["slept_ms"], 2);
        }
        common::eventually("no more are open than may be", || {
            fixtures.count().open <= 3
        })
        .await;
    });
}

#[test]
fn waiting_requests_that_are_given_up_do_not_block_the_others() {
    let fixtures = fixtures();
    let config = Config {
        max_connections_per_origin: 1,
        ..config(&fixtures)
    };
    let client = Client::new(config).unwrap();
    run(async {
        let event_loop = twinloop_loop::Loop::current();
        let hanging = event_loop.spawn(client.fetch(plain("hang")));
        let given_up: Vec<_> = (0..5)
            .map(|_| event_loop.spawn(client.fetch(plain("data"))))
            .collect();
        let last = event_loop.spawn(client.fetch(plain("data")));
        common::eventually("the first request is at the server", || {
            fixtures.count().requests == 1
        })
        .await;
        given_up.iter().for_each(|task| task.abort());
        hanging.abort();
        assert!(last.await.unwrap().unwrap().ok());
    });
}

#[test]
fn content_coding_is_asked_for_and_undone() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        for coding in ["gzip", "br", "zstd", "deflate"] {
            let response = client.fetch(at(coding)).await.unwrap();
            assert!(response.headers.contains_key("content-encoding"));
            let value: Value = response.json().await.unwrap();
            assert_eq!(value["encoding"], coding);
        }
        for path in [
            "gzip?size=3000000",
            "br?size=3000000",
            "zstd?size=3000000",
            "deflate?raw=1&size=3000000",
        ] {
            let bytes = client
                .fetch(plain(path))
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap();
            assert_eq!(bytes.len(), 3_000_000, "{path}");
            serde_json::from_slice::<Value>(&bytes).unwrap();
        }
        let seen: Value = client
            .fetch(at("headers"))
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(seen["accept-encoding"], "gzip, deflate, br, zstd");
        assert_eq!(seen["accept"], "*/*");
    });
}

#[test]
fn coded_bytes_that_end_too_early_are_an_error() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        for coding in ["gzip", "br", "zstd", "deflate"] {
            let path = format!("{coding}?cut=1&size=20000");
            let error = client
                .fetch(plain(&path))
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::Decode,
                "{coding}: {}",
                error.chain()
            );
            assert!(error.to_string().contains(&path), "{error}");
        }
    });
}

#[test]
fn without_decompression_the_body_is_as_sent() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let mut request = at("gzip");
        request.decompress = false;
        let bytes = client.fetch(request).await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes[..2], [0x1f, 0x8b]);
    });
}

#[test]
fn redirects_are_followed_up_to_twenty() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let response = client.fetch(at("redirect/20?#part")).await;
        let error = response.expect_err("twenty and the last to /data are 21");
        assert_eq!(error.kind(), ErrorKind::Redirect, "{error}");

        let response = client.fetch(at("redirect/19#part")).await.unwrap();
        assert_eq!((response.url.as_str(), response.redirected), (DATA, true));
        assert_eq!(response.json::<Value>().await.unwrap()["ok"], true);
    });
}

#[test]
fn redirect_modes_error_and_manual() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let mut request = at("redirect/1");
        request.redirect = RedirectMode::Error;
        assert!(client.fetch(request).await.unwrap_err().is_redirect());

        let mut request = at("redirect/1");
        request.redirect = RedirectMode::Manual;
        let response = client.fetch(request).await.unwrap();
        assert_eq!(
            (response.status.as_u16(), response.redirected),
            (302, false)
        );
        assert_eq!(response.headers["location"], "/redirect/0");
    });
}

#[test]
fn a_redirect_changes_method_and_body_as_fetch_says() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let seen = async |status: u16, method: Method| {
            let mut request = at(&format!("redirect-to?status={status}&url=/inspect"));
            request.method = method;
            request
                .headers
                .insert("content-type", HeaderValue::from_static("text/plain"));
            request.body = RequestBody::from("payload");
            client
                .fetch(request)
                .await
                .unwrap()
                .json::<Value>()
                .await
                .unwrap()
        };
        for status in [301, 302, 303] {
            let value = seen(status, Method::POST).await;
            assert_eq!(
                (&value["method"], &value["body"]),
                (&"GET".into(), &"".into()),
                "{status}"
            );
            assert_eq!(value["headers"]["content-type"], Value::Null, "{status}");
        }
        for status in [307, 308] {
            let value = seen(status, Method::POST).await;
            assert_eq!(
                (&value["method"], &value["body"]),
                (&"POST".into(), &"payload".into()),
                "{status}"
            );
            assert_eq!(value["headers"]["content-type"], "text/plain", "{status}");
        }
        let value = seen(302, Method::PUT).await;
        assert_eq!(
            (&value["method"], &value["body"]),
            (&"PUT".into(), &"payload".into())
        );
        let value = seen(303, Method::PUT).await;
        assert_eq!(value["method"], "GET");
    });
}

#[test]
fn a_redirect_to_another_origin_takes_no_secrets_along() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let seen = async |target: &str| {
            let mut request = at(&format!("redirect-to?url={target}"));
            request
                .headers
                .insert("authorization", HeaderValue::from_static("Bearer secret"));
            request
                .headers
                .insert("cookie", HeaderValue::from_static("session=secret"));
            request
                .headers
                .insert("x-mine", HeaderValue::from_static("stays"));
            client
                .fetch(request)
                .await
                .unwrap()
                .json::<Value>()
                .await
                .unwrap()
        };
        let same = seen("/headers").await;
        assert_eq!(
            (&same["authorization"], &same["cookie"]),
            (&"Bearer secret".into(), &"session=secret".into())
        );
        let other = seen("http://api.example.com/headers").await;
        assert_eq!(
            (&other["authorization"], &other["cookie"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(other["x-mine"], "stays");
    });
}

#[test]
fn a_redirect_away_from_http_is_an_error() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        for target in ["data:text/plain,hello", "file:///etc/passwd", "http://"] {
            let request = at(&format!("redirect-to?url={target}"));
            assert!(
                client.fetch(request).await.unwrap_err().is_redirect(),
                "{target}"
            );
        }
    });
}

#[test]
fn bodies_are_sent_whole_and_streamed() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        for base in ["http", "https"] {
            let echo = Request::new(Method::POST, &format!("{base}://api.example.com/echo"));
            let mut request = echo.unwrap();
            request.body = RequestBody::from("grüße");
            assert_eq!(
                client.fetch(request).await.unwrap().text().await.unwrap(),
                "grüße"
            );

            let mut request =
                Request::new(Method::POST, &format!("{base}://api.example.com/upload")).unwrap();
            request.body = RequestBody::stream(chunks(64, 64 * 1024));
            let counted: Value = client.fetch(request).await.unwrap().json().await.unwrap();
            assert_eq!(counted["bytes"], 4 * 1024 * 1024, "{base}");
        }
    });
}

#[test]
fn an_error_of_a_streamed_body_is_the_error_of_the_fetch() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        for base in ["http", "https"] {
            let mut request =
                Request::new(Method::POST, &format!("{base}://api.example.com/upload")).unwrap();
            let mut left = 3;
            request.body = RequestBody::stream(Produced(move || {
                left -= 1;
                match left {
                    0 => Some(Err(twinloop_web::Error::new(
                        ErrorKind::Body,
                        "the source ran dry",
                    ))),
                    _ => Some(Ok(Bytes::from_static(b"some"))),
                }
            }));
            let error = client.fetch(request).await.unwrap_err();
            assert_eq!(
                error.to_string(),
                "the source ran dry",
                "{base}: {}",
                error.chain()
            );
        }
    });
}

#[test]
fn a_body_that_is_cut_is_an_error_and_names_the_url() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        for base in ["http", "https"] {
            let url = format!("{base}://api.example.com/cut?promised=100000&sent=100");
            let response = client.fetch(Request::get(&url).unwrap()).await.unwrap();
            let error = response.bytes().await.unwrap_err();
            assert!(error.is_body(), "{}", error.chain());
            assert!(error.to_string().contains(&url), "{error}");
        }
    });
}

#[test]
fn text_is_utf8_whatever_comes() {
    run(async {
        let client = Client::new(Config::default()).unwrap();
        let text = async |url: &str| {
            client
                .fetch(Request::get(url).unwrap())
                .await
                .unwrap()
                .text()
                .await
                .unwrap()
        };
        assert_eq!(text("data:,%EF%BB%BFhi%20there").await, "hi there");
        assert_eq!(text("data:text/plain;base64,/2E=").await, "\u{fffd}a");
    });
}

#[test]
fn a_data_url_is_its_own_response() {
    run(async {
        let client = Client::new(Config::default()).unwrap();
        let response = client
            .fetch(Request::get("data:application/json,{\"a\":1}").unwrap())
            .await
            .unwrap();
        assert_eq!(response.headers["content-type"], "application/json");
        assert_eq!(response.body.buffered().as_deref(), Some(&b"{\"a\":1}"[..]));
        let error = client
            .fetch(Request::get("data:no-comma").unwrap())
            .await
            .unwrap_err();
        assert!(error.is_url(), "{error}");
    });
}

#[test]
fn credentials_in_the_url_become_a_header() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let request = Request::get("https://us%20er:pass@api.example.com/headers").unwrap();
        let response = client.fetch(request).await.unwrap();
        assert_eq!(response.url.as_str(), "https://api.example.com/headers");
        // "us er:pass"
        assert_eq!(
            response.json::<Value>().await.unwrap()["authorization"],
            "Basic dXMgZXI6cGFzcw=="
        );
    });
}

#[test]
fn every_failure_has_its_kind_and_names_what_failed() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let fail = async |url: &str| match Request::get(url) {
            Ok(request) => client.fetch(request).await.unwrap_err(),
            Err(error) => error,
        };
        let refused = fixtures.refused;
        let cases = [
            (
                format!("http://{refused}/"),
                ErrorKind::Connect,
                refused.to_string(),
            ),
            (
                "http://no-such-host.invalid/".into(),
                ErrorKind::Dns,
                "no-such-host.invalid".into(),
            ),
            (
                format!("https://{}/data", fixtures.bad_tls),
                ErrorKind::Certificate,
                fixtures.bad_tls.to_string(),
            ),
            (
                format!("https://{}/data", fixtures.expired_tls),
                ErrorKind::Certificate,
                fixtures.expired_tls.to_string(),
            ),
            (
                format!("https://{}/data", fixtures.http),
                ErrorKind::Tls,
                fixtures.http.to_string(),
            ),
            (
                "ftp://example.com/".into(),
                ErrorKind::Scheme,
                "'ftp'".into(),
            ),
            ("nonsense".into(), ErrorKind::Url, "'nonsense'".into()),
        ];
        for (url, kind, named) in cases {
            let error = fail(&url).await;
            assert_eq!(error.kind(), kind, "{}", error.chain());
            assert!(error.to_string().contains(&named), "{error}");
        }
        let error = client
            .fetch(at("invalid-json"))
            .await
            .unwrap()
            .json::<Value>()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Json);
    });
}

#[test]
fn a_ca_file_that_is_missing_or_empty_is_named() {
    let fixtures = fixtures();
    let folder = fixtures.ca_file.parent().unwrap().to_path_buf();
    std::fs::write(folder.join("empty.pem"), "no certificate here\n").unwrap();
    run(async {
        for name in ["missing.pem", "empty.pem"] {
            let config = Config {
                ca_file: Some(folder.join(name)),
                ..config(&fixtures)
            };
            let error = Client::new(config)
                .unwrap()
                .fetch(Request::get(DATA).unwrap())
                .await
                .unwrap_err();
            assert!(error.is_certificate(), "{}", error.chain());
            assert!(error.to_string().contains(name), "{error}");
        }
    });
}

#[test]
fn a_status_of_400_is_a_response_until_asked() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        let response = client.fetch(plain("status/418")).await.unwrap();
        assert_eq!((response.status.as_u16(), response.ok()), (418, false));
        assert!(
            response
                .error_for_status()
                .unwrap_err()
                .to_string()
                .contains("418")
        );
        for status in [204, 304] {
            let response = client
                .fetch(plain(&format!("status/{status}")))
                .await
                .unwrap();
            assert_eq!(response.body.buffered(), Some(Bytes::new()), "{status}");
        }
    });
}

#[test]
fn head_has_headers_and_no_body() {
    let fixtures = fixtures();
    let client = client(&fixtures);
    run(async {
        for base in ["http", "https"] {
            let request =
                Request::new(Method::HEAD, &format!("{base}://api.example.com/gzip")).unwrap();
            let response = client.fetch(request).await.unwrap();
            assert!(response.ok());
            assert!(response.bytes().await.unwrap().is_empty());
        }
        let response = client.fetch(plain("data")).await.unwrap();
        assert_eq!(response.json::<Value>().await.unwrap()["ok"], true);
    });
}

#[test]
fn a_peer_that_speaks_no_http_is_a_protocol_error() {
    let server = raw_server(|_, mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"220 mail.example.com ESMTP ready, go ahead\r\n\r\n");
    });
    run(async {
        let client = Client::new(Config::default()).unwrap();
        let error = client
            .fetch(Request::get(&format!("http://{server}/")).unwrap())
            .await
            .unwrap_err();
        assert!(error.is_protocol(), "{}", error.chain());
    });
}

#[test]
fn host_comes_first_and_the_path_alone_is_sent() {
    let (send, receive) = std::sync::mpsc::channel();
    let server = raw_server(move |_, mut stream| {
        while let Some(head) = read_head(&mut stream) {
            send.send(head).unwrap();
            respond(&mut stream, "ok");
        }
    });
    run(async {
        let client = Client::new(Config::default()).unwrap();
        let request = Request::get(&format!("http://{server}/a/../b?q=%20|`#part")).unwrap();
        assert_eq!(
            client.fetch(request).await.unwrap().text().await.unwrap(),
            "ok"
        );
        let head = receive.recv().unwrap();
        let start = format!("GET /b?q=%20|` HTTP/1.1\r\nhost: {server}\r\n");
        assert!(head.starts_with(&start), "{head}");
    });
}

/// A stream made of a closure that always has the next item.
struct Produced<F>(F);

impl<F: FnMut() -> Option<twinloop_web::Result<Bytes>> + Unpin> futures_core::Stream
    for Produced<F>
{
    type Item = twinloop_web::Result<Bytes>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready((self.0)())
    }
}

fn chunks(
    count: usize,
    size: usize,
) -> impl futures_core::Stream<Item = twinloop_web::Result<Bytes>> {
    let mut left = count;
    Produced(move || {
        (left > 0).then(|| {
            left -= 1;
            Ok(Bytes::from(vec![b'x'; size]))
        })
    })
}
