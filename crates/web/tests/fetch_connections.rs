//! fetch over connections that were kept: what happened to them meanwhile must not reach the next request.

mod common;

use common::{client, fixtures, run};
use http::Method;
use std::time::Duration;
use twinloop_loop::time::sleep;
use twinloop_web::{Client, Request, RequestBody, Result};

async fn get(client: &Client, url: &str) -> Result<String> {
    client.fetch(Request::get(url)?).await?.text().await
}

async fn post(client: &Client, url: &str) -> Result<String> {
    let mut request = Request::new(Method::POST, url)?;
    request.body = RequestBody::from("x");
    client.fetch(request).await?.text().await
}

/// Keeps the loop from hearing of anything, as a program does that computes.
fn busy(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

/// A 408 that the server sends before it hangs up an idle connection was given to the next request as its answer, if the loop had
/// been busy and not heard of it.
#[test]
fn an_answer_that_nobody_asked_for_is_not_the_answer_to_the_next_request() {
    let fixtures = fixtures();
    run(async {
        for base in [
            format!("http://{}", fixtures.raw),
            format!("https://{}", fixtures.raw_tls),
        ] {
            let client = client(&fixtures);
            let url = format!("{base}/then-408");
            assert_eq!(get(&client, &url).await.unwrap(), "an answer");
            busy(150);
            assert_eq!(get(&client, &url).await.unwrap(), "an answer", "{base}");
            busy(150);
            assert_eq!(post(&client, &url).await.unwrap(), "an answer", "{base}");
            busy(150);
            assert_eq!(post(&client, &url).await.unwrap(), "an answer", "{base}");
        }
    });
}

/// Nearly every sixth POST failed: each went out over a connection whose end was under way or already here.
#[test]
fn a_server_that_closes_what_it_said_to_keep_loses_no_request() {
    let fixtures = fixtures();
    run(async {
        for base in [
            format!("http://{}", fixtures.raw),
            format!("https://{}", fixtures.raw_tls),
        ] {
            let client = client(&fixtures);
            let url = format!("{base}/then-close");
            for round in 0..100 {
                let said = match round % 2 {
                    0 => get(&client, &url).await,
                    _ => post(&client, &url).await,
                };
                assert_eq!(said.unwrap(), "kept, says the server", "round {round}");
                match round % 10 {
                    0 => busy(2),
                    1 => sleep(Duration::from_millis(2)).await,
                    _ => {}
                }
            }
        }
    });
}

#[test]
fn a_request_without_an_answer_is_repeated_if_the_connection_ended_at_once() {
    let fixtures = fixtures();
    run(async {
        let client = client(&fixtures);
        let url = format!("http://{}/drop-second", fixtures.raw);
        for _ in 0..4 {
            assert_eq!(get(&client, &url).await.unwrap(), "first");
            assert_eq!(post(&client, &url).await.unwrap(), "first");
        }
    });
}

/// A server that worked on a POST and then broke down may have done what was asked for.
#[test]
fn a_post_that_the_server_may_have_worked_on_is_never_repeated() {
    let fixtures = fixtures();
    run(async {
        let client = client(&fixtures);
        let url = format!("http://{}/work-on-second", fixtures.raw);
        assert_eq!(post(&client, &url).await.unwrap(), "first");
        let error = post(&client, &url).await.unwrap_err();
        assert!(error.is_closed(), "{}", error.chain());
        // What may be asked for twice is.
        assert_eq!(get(&client, &url).await.unwrap(), "first");
        assert_eq!(get(&client, &url).await.unwrap(), "first");
    });
}

#[test]
fn a_streamed_post_without_an_answer_is_not_repeated() {
    let fixtures = fixtures();
    run(async {
        let client = client(&fixtures);
        let url = format!("http://{}/drop-second", fixtures.raw);
        assert_eq!(get(&client, &url).await.unwrap(), "first");
        let mut request = Request::new(Method::POST, &url).unwrap();
        request.body = RequestBody::stream(Once(Some(bytes::Bytes::from_static(b"once"))));
        let error = client.fetch(request).await.unwrap_err();
        assert!(error.is_closed(), "{}", error.chain());
    });
}

struct Once(Option<bytes::Bytes>);

impl futures_core::Stream for Once {
    type Item = Result<bytes::Bytes>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.take().map(Ok))
    }
}

/// Many servers close a TLS connection without its farewell (close_notify). A body that only the end of the connection ends is
/// whole all the same, as for browsers, curl and Node; one that says how long it is shows whether it was cut.
#[test]
fn tls_without_a_farewell_ends_a_body_but_cuts_one_of_known_length() {
    let fixtures = fixtures();
    run(async {
        let client = client(&fixtures);
        for base in [
            format!("https://{}", fixtures.raw_tls),
            format!("http://{}", fixtures.raw),
        ] {
            let whole = get(&client, &format!("{base}/until-end")).await;
            assert_eq!(whole.unwrap(), "until the end", "{base}");
            for cut in ["cut-length", "cut-chunk"] {
                let error = get(&client, &format!("{base}/{cut}")).await.unwrap_err();
                assert!(error.is_body(), "{base} {cut}: {}", error.chain());
            }
        }
    });
}

/// A server that is going away, or has too many streams, says so of requests that it has not begun to work on. A POST among them
/// failed, although nothing speaks against sending it again.
#[test]
fn a_post_that_an_http2_server_says_it_did_not_process_is_repeated_on_another_connection() {
    let fixtures = fixtures();
    run(async {
        for said in ["refuse", "go away"] {
            let client = client(&fixtures);
            let url = format!("https://{}/", fixtures.raw_http2);
            let before = fixtures.count().accepted;
            let mut statuses = Vec::new();
            for _ in 0..3 {
                let mut request = Request::new(Method::POST, &url).unwrap();
                request.body = RequestBody::from(said);
                statuses.push(client.fetch(request).await.unwrap().status.as_u16());
            }
            assert_eq!(statuses, [200; 3], "{said}");
            assert_eq!(fixtures.count().accepted - before, 3, "{said}");
        }
    });
}

/// A stream that is reset for another reason may have been worked on.
#[test]
fn a_post_that_an_http2_server_may_have_worked_on_is_not_repeated() {
    let fixtures = fixtures();
    run(async {
        let client = client(&fixtures);
        let url = format!("https://{}/", fixtures.raw_http2);
        get(&client, &url).await.unwrap();
        let mut request = Request::new(Method::POST, &url).unwrap();
        request.body = RequestBody::from("break");
        let error = client.fetch(request).await.unwrap_err();
        assert!(error.is_protocol(), "{}", error.chain());
    });
}
