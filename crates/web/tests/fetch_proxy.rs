//! fetch through proxies. Their names are known to them alone, so an answer is proof that they were asked.

mod common;

use common::{config, fixtures, raw_server, run};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::SocketAddr;
use twinloop_fixtures::Fixtures;
use twinloop_web::websocket::Handshake;
use twinloop_web::{Client, Config, Error, Proxies, Request, RequestBody, Result, WebSocket};

/// A client whose environment names `proxy` for everything, and that reaches the fixtures by nothing else.
fn through(fixtures: &Fixtures, proxy: &str, past: &str) -> Client {
    let proxies = Proxies::of(|name| match name {
        "all_proxy" => Some(proxy.to_owned()),
        "no_proxy" => Some(past.to_owned()),
        _ => None,
    });
    let config = Config {
        proxies,
        connect_to: Vec::new(),
        ..config(fixtures)
    };
    Client::new(config).unwrap()
}

async fn get(client: &Client, url: &str) -> Result<Value> {
    client.fetch(Request::get(url)?).await?.json().await
}

fn seen<'a>(answer: &'a Value, header: &str) -> Option<&'a str> {
    answer["headers"][header].as_str()
}

#[test]
fn a_proxy_of_http_gets_the_whole_url() {
    let fixtures = fixtures();
    run(async {
        for proxy in [
            format!("{}", fixtures.proxy),
            format!("http://{}", fixtures.proxy),
            format!("https://{}", fixtures.proxy_tls),
        ] {
            let client = through(&fixtures, &proxy, "");
            let answer = get(&client, "http://api.example.com/inspect?a=1#b")
                .await
                .unwrap();
            let asked = "GET http://api.example.com/inspect?a=1 HTTP/1.1";
            assert_eq!(seen(&answer, "x-asked"), Some(asked), "{proxy}");
            assert_eq!(seen(&answer, "host"), Some("api.example.com"));
            assert_eq!(seen(&answer, "x-asked-by"), None);
        }
    });
}

#[test]
fn https_goes_through_a_tunnel_and_speaks_http2_there() {
    let fixtures = fixtures();
    run(async {
        for proxy in [
            format!("http://{}", fixtures.proxy),
            format!("https://localhost:{}", fixtures.proxy_tls.port()),
            format!("socks5h://{}", fixtures.socks),
        ] {
            let client = through(&fixtures, &proxy, "");
            let request = Request::get("https://api.example.com/inspect").unwrap();
            let response = client.fetch(request).await.unwrap();
            assert_eq!(response.version, http::Version::HTTP_2, "{proxy}");
            let answer: Value = response.json().await.unwrap();
            assert_eq!(seen(&answer, "x-asked"), None, "{proxy}");
        }
    });
}

#[test]
fn a_user_and_a_password_in_the_url_are_for_the_proxy_alone() {
    let fixtures = fixtures();
    run(async {
        for (scheme, address) in [
            ("http", fixtures.proxy),
            ("https", fixtures.proxy_tls),
            ("socks5h", fixtures.socks),
        ] {
            let proxy = format!("{scheme}://user:s%3Acret@{address}");
            let client = through(&fixtures, &proxy, "");
            for url in ["http://example.com/inspect", "https://example.com/inspect"] {
                let answer = get(&client, url).await.unwrap();
                assert_eq!(seen(&answer, "proxy-authorization"), None, "{proxy} {url}");
                let forwarded = scheme != "socks5h" && url.starts_with("http:");
                assert_eq!(seen(&answer, "x-asked-by").is_some(), forwarded);
            }
        }
    });
}

#[test]
fn a_proxy_that_refuses_is_named_and_its_answer_said() {
    let fixtures = fixtures();
    run(async {
        let fails = async |proxy: String, url: &str| -> Error {
            get(&through(&fixtures, &proxy, ""), url).await.unwrap_err()
        };
        let error = fails(format!("http://{}", fixtures.proxy), "https://example.com/").await;
        assert!(error.is_connect(), "{error}");
        assert!(error.message().contains("407"), "{error}");
        assert!(
            error.message().contains(&fixtures.proxy.to_string()),
            "{error}"
        );
        // Where the proxy forwards, its refusal is a response like others.
        let client = through(&fixtures, &format!("http://{}", fixtures.proxy), "");
        let request = Request::get("http://example.com/").unwrap();
        assert_eq!(client.fetch(request).await.unwrap().status, 407);
        let error = fails(
            format!("socks5h://{}", fixtures.socks),
            "https://example.com/",
        )
        .await;
        assert!(error.message().contains("does not allow it"), "{error}");
        let wrong = format!("socks5h://user:wrong@{}", fixtures.socks);
        let error = fails(wrong, "http://api.example.com/").await;
        assert!(
            error.message().contains("does not accept the user"),
            "{error}"
        );
        let error = fails(format!("http://{}", fixtures.refused), "http://a.test/").await;
        assert!(error.is_connect(), "{error}");
        let error = fails("gopher://a.test".to_owned(), "http://a.test/").await;
        assert!(error.is_argument(), "{error}");
    });
}

#[test]
fn what_no_proxy_or_connect_to_names_goes_there_directly() {
    let fixtures = fixtures();
    run(async {
        let nobody = format!("http://{}", fixtures.refused);
        let url = format!("http://{}/inspect", fixtures.http);
        let client = through(&fixtures, &nobody, "127.0.0.0/8");
        assert!(get(&client, &url).await.is_ok());
        assert!(get(&through(&fixtures, &nobody, ""), &url).await.is_err());
        let sent_elsewhere = Config {
            proxies: Proxies::of(|_| Some(nobody.clone())),
            ..config(&fixtures)
        };
        // `no_proxy` is the proxy's address here as well, which nobody asks for.
        let client = Client::new(sent_elsewhere).unwrap();
        assert!(
            get(&client, "https://api.example.com/inspect")
                .await
                .is_ok()
        );
    });
}

#[test]
fn a_name_is_looked_up_here_for_socks5_and_there_for_socks5h() {
    let fixtures = fixtures();
    run(async {
        let here = through(&fixtures, &format!("socks5://{}", fixtures.socks), "");
        let url = format!("http://localhost:{}/inspect", fixtures.http.port());
        assert!(get(&here, &url).await.is_ok());
        let error = get(&here, "http://api.example.invalid/").await.unwrap_err();
        assert!(error.is_dns(), "{error}");
    });
}

/// A proxy that answers every CONNECT with `answer`.
fn that_answers(answer: &'static [u8]) -> SocketAddr {
    raw_server(move |_, mut stream| {
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer);
        let _ = stream.write_all(answer);
    })
}

#[test]
fn what_is_no_answer_of_a_proxy_is_an_error_and_no_hang() {
    let fixtures = fixtures();
    run(async {
        for (answer, what) in [
            (&b""[..], "closed the connection"),
            (b"HTTP/1.1 200", "closed the connection"),
            (b"SSH-2.0-OpenSSH\r\n\r\n", "did not answer in http"),
            (
                b"HTTP/1.1 200 OK\r\n\r\nwelcome",
                "sent more than an answer",
            ),
        ] {
            let client = through(&fixtures, &that_answers(answer).to_string(), "");
            let error = get(&client, "https://a.test/").await.unwrap_err();
            assert!(error.message().contains(what), "{error}");
        }
        for (answer, what) in [
            (&b"\x05"[..], "closed the connection"),
            (b"\x04\x00", "did not answer in socks 5"),
            (b"\x05\xff", "wants another authentication"),
            (b"\x05\x00\x05\x00\x00\x09", "did not answer in socks 5"),
        ] {
            let proxy = format!("socks5h://{}", that_answers(answer));
            let client = through(&fixtures, &proxy, "");
            let error = get(&client, "https://a.test/").await.unwrap_err();
            assert!(error.message().contains(what), "{error}");
        }
    });
}

#[test]
fn a_body_and_a_websocket_go_through_a_proxy() {
    let fixtures = fixtures();
    run(async {
        let client = through(&fixtures, &format!("http://{}", fixtures.proxy), "");
        let mut request =
            Request::new(http::Method::POST, "http://api.example.com/inspect").unwrap();
        request.body = RequestBody::from("a body");
        let answer: Value = client.fetch(request).await.unwrap().json().await.unwrap();
        assert_eq!(answer["body"], "a body");
        for url in [
            "ws://api.example.com/ws-echo",
            "wss://api.example.com/ws-echo",
        ] {
            let opened = WebSocket::connect(&client, Handshake::new(url).unwrap()).await;
            let mut socket = opened.unwrap();
            socket.send("through").await.unwrap();
            let message = socket.receive().await.unwrap().unwrap();
            assert_eq!(message.as_text(), Some("through"), "{url}");
        }
    });
}
