//! Bodies that must be what the program says.

mod common;

use common::{client, fixtures, run};
use twinloop_web::crypto::digest::{Algorithm, digest_with};
use twinloop_web::fetch::Integrity;
use twinloop_web::{Client, Request, Result};

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
