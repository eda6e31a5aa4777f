//! Bodies that must be what the program says, and bodies that are not what HTTP says.

mod common;

use common::{client, fixtures, raw_server, read_head, run};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use twinloop_web::crypto::digest::{Algorithm, digest_with};
use twinloop_web::fetch::Integrity;
use twinloop_web::{Client, Config, Request, Result};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

fn digest(algorithm: &str, bytes: &[u8]) -> Vec<u8> {
    digest_with(
        Algorithm::find(algorithm).unwrap(),
        None,
        bytes,
        <[u8]>::to_vec,
    )
    .unwrap()
}

async fn get(client: &Client, url: &str, integrity: &str) -> Result<usize> {
    let mut request = Request::get(url)?;
    request.integrity = Integrity::parse(integrity);
    Ok(client.fetch(request).await?.bytes().await?.len())
}

#[test]
fn the_strongest_digest_of_a_body_counts() {
    let fixtures = fixtures();
    run(async {
        let client = client(&fixtures);
        let url = format!("http://{}/bytes/300000", fixtures.http);
        let request = Request::get(&url).unwrap();
        let body = client.fetch(request).await.unwrap().bytes().await.unwrap();
        let right = digest("SHA384", &body);
        let padded = STANDARD.encode(&right);
        let weak = STANDARD.encode(digest("SHA256", &body));
        for integrity in [
            format!("sha384-{padded}"),
            format!("SHA384-{padded}?an=option"),
            format!("sha384-{}", URL_SAFE_NO_PAD.encode(&right)),
            format!("  sha384-{}\tsha384-{padded}", STANDARD.encode("other")),
            format!("sha256-AAAA sha384-{padded}"),
            "md5-AAAA".to_owned(),
            String::new(),
        ] {
            assert_eq!(get(&client, &url, &integrity).await.unwrap(), 300_000);
        }
        for integrity in [
            format!("sha256-{weak} sha384-AAAA"),
            format!("sha512-{padded}"),
            "sha256-not base64".to_owned(),
        ] {
            let error = get(&client, &url, &integrity).await.unwrap_err();
            assert!(error.is_body(), "{error}");
            assert!(error.message().contains("integrity"), "{error}");
        }
        let nothing = format!("http://{}/status/204", fixtures.http);
        let empty = format!("sha256-{}", STANDARD.encode(digest("SHA256", b"")));
        assert!(get(&client, &nothing, &empty).await.is_err());
        let data = "data:text/plain,x";
        let x = format!("sha256-{}", STANDARD.encode(digest("SHA256", b"x")));
        assert_eq!(get(&client, data, &x).await.unwrap(), 1);
        assert!(get(&client, data, &empty).await.is_err());
    });
}

#[test]
fn a_chunk_that_is_none_is_told_as_a_fault_of_the_protocol() {
    for (chunks, is_malformed) in [
        ("5\r\nshort\r\nzz\r\n", true),
        ("5\r\nshortXX", true),
        ("ffffffffffffffffff\r\n", true),
        ("5\r\nshort\r\n", false),
    ] {
        let server = raw_server(move |_, mut stream| {
            if read_head(&mut stream).is_some() {
                let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                let _ = stream.write_all(format!("{head}{chunks}").as_bytes());
            }
        });
        run(async {
            let client = Client::new(Config::default()).unwrap();
            let request = Request::get(&format!("http://{server}/")).unwrap();
            let response = client.fetch(request).await.unwrap();
            let error = response.bytes().await.unwrap_err();
            assert_eq!(error.is_protocol(), is_malformed, "{chunks:?}: {error}");
            assert_eq!(error.is_body(), !is_malformed, "{chunks:?}: {error}");
        });
    }
}

#[test]
fn a_misdirected_request_goes_out_once_more_over_another_connection() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let server = raw_server(move |_, mut stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        while read_head(&mut stream).is_some() {
            let head = "HTTP/1.1 421 Misdirected Request\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
        }
    });
    run(async {
        let client = Client::new(Config::default()).unwrap();
        let request = Request::get(&format!("http://{server}/")).unwrap();
        assert_eq!(client.fetch(request).await.unwrap().status, 421);
        assert_eq!(connections.load(Ordering::SeqCst), 2);
    });
}
