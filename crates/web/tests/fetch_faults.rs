//! fetch when things go wrong or are given up: stale connections, aborts, stalls, leaks.

mod common;

use common::{
    client, config, eventually, fixtures, open_descriptors, raw_server, read_head, resident_bytes,
    respond, run,
};
use http::Method;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use twinloop_loop::Loop;
use twinloop_loop::time::sleep;
use twinloop_web::{Client, Config, Request, RequestBody};

fn request(method: Method, url: impl std::fmt::Display) -> Request {
    Request::new(method, &url.to_string()).unwrap()
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
        let request = request(Method::GET, format!("http://{server}/"));
        assert_eq!(client.fetch(request).await.unwrap().status, 421);
        assert_eq!(connections.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_is_not_used() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let server = raw_server(move |_, mut stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        if read_head(&mut stream).is_some() {
            respond(&mut stream, "one");
        }
        // Closed without a word, as servers do after their own idle timeout.
    });
    run(async {
        let client = Client::new(Config::default()).unwrap();
        for round in 1..=5 {
            // One connection a round: nothing was sent to the closed one.
            let mut posted = request(Method::POST, format!("http://{server}/"));
            posted.body = RequestBody::from("x");
            assert_eq!(
                client.fetch(posted).await.unwrap().text().await.unwrap(),
                "one"
            );
            assert_eq!(connections.load(Ordering::SeqCst), round);
            sleep(Duration::from_millis(20)).await;
        }
    });
}

/// The second request on a connection is read and then the connection is closed.
fn server_that_drops_the_second_request() -> (std::net::SocketAddr, mpsc::Receiver<String>) {
    let (send, requests) = mpsc::channel();
    let address = raw_server(move |_, mut stream| {
        for round in 0..2 {
            let Some(head) = read_head(&mut stream) else {
                return;
            };
            let method = head.split(' ').next().unwrap_or_default().to_owned();
            let _ = send.send(method);
            if round == 0 {
                respond(&mut stream, "ok");
            }
        }
    });
    (address, requests)
}

#[test]
fn an_idempotent_request_is_repeated_once_on_a_stale_connection() {
    let (server, requests) = server_that_drops_the_second_request();
    run(async {
        let client = Client::new(Config::default()).unwrap();
        for _ in 0..2 {
            let response = client
                .fetch(request(Method::GET, format!("http://{server}/")))
                .await
                .unwrap();
            assert_eq!(response.text().await.unwrap(), "ok");
        }
    });
    assert_eq!(
        requests.try_iter().count(),
        3,
        "two requests, the second of them twice"
    );
}

#[test]
fn a_request_on_a_new_connection_that_dies_is_not_repeated() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let server = raw_server(move |_, mut stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        read_head(&mut stream);
    });
    run(async {
        let client = Client::new(Config::default()).unwrap();
        let error = client
            .fetch(request(Method::GET, format!("http://{server}/")))
            .await
            .unwrap_err();
        assert!(
            error.is_closed() && error.to_string().contains(&server.to_string()),
            "{}",
            error.chain()
        );
    });
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[test]
fn idle_connections_are_closed_after_their_time() {
    let fixtures = fixtures();
    let config = Config {
        idle_timeout: Duration::from_millis(30),
        ..config(&fixtures)
    };
    run(async {
        let client = Client::new(config).unwrap();
        for base in ["http", "https"] {
            let response = client
                .fetch(request(
                    Method::GET,
                    format!("{base}://api.example.com/data"),
                ))
                .await
                .unwrap();
            response.bytes().await.unwrap();
        }
        assert_eq!(fixtures.count().accepted, 2);
        eventually("both connections are closed", || fixtures.count().open == 0).await;
        eventually("nothing waits any more", || {
            Loop::current().statistics().tasks <= 1
        })
        .await;
    });
}

#[test]
fn a_dropped_client_closes_its_connections() {
    let fixtures = fixtures();
    run(async {
        let client = client(&fixtures);
        for base in ["http", "https"] {
            client
                .fetch(request(
                    Method::GET,
                    format!("{base}://api.example.com/data"),
                ))
                .await
                .unwrap();
        }
        drop(client);
        eventually("all connections are closed", || fixtures.count().open == 0).await;
    });
}

#[test]
fn an_abort_closes_the_connection_wherever_it_happens() {
    let fixtures = fixtures();
    run(async {
        let client = client(&fixtures);
        for base in ["http", "https"] {
            // Before the answer.
            let requests = fixtures.count().requests;
            let waiting = Loop::current().spawn(client.fetch(request(
                Method::GET,
                format!("{base}://api.example.com/hang"),
            )));
            eventually("the request is there", || {
                fixtures.count().requests > requests
            })
            .await;
            waiting.abort();
            // In the body.
            let mut response = client
                .fetch(request(
                    Method::GET,
                    format!("{base}://api.example.com/endless"),
                ))
                .await
                .unwrap();
            response.body.next_chunk().await.unwrap().unwrap();
            drop(response);
        }
        client.close_idle();
        eventually("all connections are closed", || fixtures.count().open == 0).await;
    });
}

#[test]
fn an_aborted_http2_stream_leaves_the_connection_to_the_others() {
    let fixtures = fixtures();
    run(async {
        let client = client(&fixtures);
        let url = "https://api.example.com";
        let mut endless = client
            .fetch(request(Method::GET, format!("{url}/endless")))
            .await
            .unwrap();
        endless.body.next_chunk().await.unwrap().unwrap();
        drop(endless);
        let response = client
            .fetch(request(Method::GET, format!("{url}/data")))
            .await
            .unwrap();
        response.bytes().await.unwrap();
        assert_eq!(fixtures.count().accepted, 1);
    });
}

#[test]
fn an_unread_body_that_is_here_already_saves_the_connection() {
    let fixtures = fixtures();
    run(async {
        let client = client(&fixtures);
        for _ in 0..10 {
            drop(
                client
                    .fetch(request(Method::GET, "http://api.example.com/json1k"))
                    .await
                    .unwrap(),
            );
        }
        assert_eq!(fixtures.count().accepted, 1);
    });
}

#[test]
fn a_body_that_nobody_reads_stays_with_the_peer() {
    let fixtures = fixtures();
    run(async {
        let client = client(&fixtures);
        for base in ["http", "https"] {
            let mut response = client
                .fetch(request(
                    Method::GET,
                    format!("{base}://api.example.com/bytes/300000000"),
                ))
                .await
                .unwrap();
            let before = resident_bytes();
            sleep(Duration::from_millis(200)).await;
            // The server runs in this process, so its buffers count too.
            let grown = resident_bytes().saturating_sub(before);
            assert!(
                grown < 48 << 20,
                "{base}: {grown} bytes came without being asked for"
            );
            assert!(
                !response
                    .body
                    .next_chunk()
                    .await
                    .unwrap()
                    .unwrap()
                    .is_empty()
            );
        }
    });
}

#[test]
fn a_bomb_of_zeros_costs_its_reader_one_chunk_at_a_time() {
    // 128 MiB of zeros in less than 1 MB of gzip.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![0; 1 << 20];
    (0..128).for_each(|_| encoder.write_all(&zeros).unwrap());
    let bomb = encoder.finish().unwrap();
    let server = raw_server(move |_, mut stream| {
        read_head(&mut stream);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
            bomb.len()
        );
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(&bomb);
    });
    run(async {
        let client = Client::new(Config::default()).unwrap();
        let mut response = client
            .fetch(request(Method::GET, format!("http://{server}/")))
            .await
            .unwrap();
        let before = resident_bytes();
        let mut total = 0;
        while let Some(chunk) = response.body.next_chunk().await {
            let chunk = chunk.unwrap();
            assert!(chunk.len() <= 64 * 1024);
            total += chunk.len();
        }
        assert_eq!(total, 128 << 20);
        let grown = resident_bytes().saturating_sub(before);
        assert!(grown < 32 << 20, "{grown}");
    });
}

#[test]
fn a_server_that_reads_slowly_is_not_sent_more_than_it_takes() {
    let produced = std::rc::Rc::new(std::cell::Cell::new(0_usize));
    let server = raw_server(|_, mut stream| {
        read_head(&mut stream);
        std::thread::sleep(Duration::from_secs(60));
    });
    run(async {
        let client = Client::new(Config::default()).unwrap();
        let mut posted = request(Method::POST, format!("http://{server}/"));
        posted.body = RequestBody::stream(Endless(produced.clone()));
        let fetching = Loop::current().spawn(client.fetch(posted));
        sleep(Duration::from_millis(300)).await;
        let first = produced.get();
        sleep(Duration::from_millis(100)).await;
        assert_eq!(
            produced.get(),
            first,
            "the source is not asked while the socket is full"
        );
        assert!(first > 0 && first < 64 << 20, "{first}");
        fetching.abort();
    });
}

struct Endless(std::rc::Rc<std::cell::Cell<usize>>);

impl futures_core::Stream for Endless {
    type Item = twinloop_web::Result<bytes::Bytes>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.set(self.0.get() + 65536);
        std::task::Poll::Ready(Some(Ok(bytes::Bytes::from(vec![1; 65536]))))
    }
}

#[test]
fn a_fast_body_lets_other_tasks_run() {
    let fixtures = fixtures();
    run(async {
        let client = client(&fixtures);
        let mut response = client
            .fetch(request(Method::GET, "http://api.example.com/endless"))
            .await
            .unwrap();
        let reading = Loop::current()
            .spawn(async move { while response.body.next_chunk().await.is_some() {} });
        // Both sleeps end only if the reader gives way.
        sleep(Duration::from_millis(20)).await;
        sleep(Duration::from_millis(20)).await;
        reading.abort();
    });
}

#[test]
fn thousands_of_fetches_and_aborts_leave_descriptors_and_memory_flat() {
    let fixtures = fixtures();
    run(async {
        let client = client(&fixtures);
        let cycle = async |count: usize| {
            for number in 0..count {
                let base = if number % 2 == 0 { "http" } else { "https" };
                let whole = client.fetch(request(
                    Method::GET,
                    format!("{base}://api.example.com/data"),
                ));
                whole.await.unwrap().bytes().await.unwrap();
                let aborted = Loop::current().spawn(client.fetch(request(
                    Method::GET,
                    format!("{base}://api.example.com/hang"),
                )));
                if number % 3 == 0 {
                    sleep(Duration::from_micros(200)).await;
                }
                aborted.abort();
                let cut = client.fetch(request(
                    Method::GET,
                    format!("{base}://api.example.com/stream?chunks=3&ms=1"),
                ));
                drop(cut.await.unwrap());
            }
        };
        cycle(300).await;
        let (descriptors, memory) = (open_descriptors(), resident_bytes());
        cycle(2000).await;
        client.close_idle();
        eventually("descriptors are closed", || {
            open_descriptors() <= descriptors
        })
        .await;
        let grown = resident_bytes().saturating_sub(memory);
        assert!(grown < 16 << 20, "{grown} bytes more after 2000 cycles");
    });
}

#[test]
fn an_answer_before_the_end_of_the_upload_is_given() {
    let server = raw_server(|_, mut stream| {
        read_head(&mut stream);
        let _ =
            stream.write_all(b"HTTP/1.1 413 Payload Too Large\r\ncontent-length: 7\r\n\r\ntoo big");
        std::thread::sleep(Duration::from_secs(5));
    });
    run(async {
        let client = Client::new(Config::default()).unwrap();
        let mut posted = request(Method::POST, format!("http://{server}/"));
        posted.body = RequestBody::stream(Endless(std::rc::Rc::default()));
        let response = client.fetch(posted).await.unwrap();
        assert_eq!(
            (response.status.as_u16(), response.reason.as_str()),
            (413, "Payload Too Large")
        );
        assert_eq!(response.text().await.unwrap(), "too big");
    });
}

#[test]
fn an_address_that_never_answers_ends_with_the_connect_timeout() {
    let server = raw_server(|_, stream| {
        std::thread::sleep(Duration::from_secs(60));
        drop(stream);
    });
    run(async {
        let config = Config {
            connect_timeout: Some(Duration::from_millis(50)),
            ..Config::default()
        };
        let client = Client::new(config).unwrap();
        // The TCP connection opens, the TLS handshake gets no answer.
        let error = client
            .fetch(request(Method::GET, format!("https://{server}/")))
            .await
            .unwrap_err();
        assert!(
            error.is_timeout() && error.to_string().contains(&server.to_string()),
            "{error}"
        );
    });
}

/// Answers every request of a connection with `answer`, then closes if `close`.
fn server_that_says(answer: impl Into<Vec<u8>>, close: bool) -> std::net::SocketAddr {
    let answer = answer.into();
    raw_server(move |_, mut stream| {
        while read_head(&mut stream).is_some() {
            let _ = stream.write_all(&answer);
            if close {
                return;
            }
        }
    })
}

#[test]
fn every_way_to_end_a_body_is_understood() {
    let cases: [(&[u8], bool, &str); 6] = [
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", true, "until the end"),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nuntil the end", true, "until the end"),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\nfour", true, "four"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\nx-trailer: 1\r\n\r\n", false, "abcde"),
        (b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", false, "ok"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false, ""),
    ];
    run(async {
        let client = Client::new(Config::default()).unwrap();
        for (answer, close, text) in cases {
            let server = server_that_says(answer, close);
            for _ in 0..3 {
                let response = client
                    .fetch(request(Method::GET, format!("http://{server}/")))
                    .await
                    .unwrap();
                assert_eq!(response.text().await.unwrap(), text);
            }
        }
    });
}

#[test]
fn a_chunked_body_that_is_cut_or_garbled_is_an_error() {
    run(async {
        let client = Client::new(Config::default()).unwrap();
        for (chunks, is_garbled) in [
            ("5\r\nab", false),
            ("2\r\nab\r\n", false),
            ("5\r\nshort\r\n", false),
            ("2\r\nab\r\nnonsense\r\n", true),
            ("5\r\nshort\r\nzz\r\n", true),
            ("5\r\nshortXX", true),
            ("ffffffffffffffffff\r\n", true),
        ] {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            let server = server_that_says(format!("{head}{chunks}"), true);
            let response = client
                .fetch(request(Method::GET, format!("http://{server}/")))
                .await
                .unwrap();
            let error = response.bytes().await.unwrap_err();
            // The one is a fault of the connection, the other of what was said over it.
            assert_eq!(error.is_protocol(), is_garbled, "{chunks:?}: {error}");
            assert_eq!(error.is_body(), !is_garbled, "{chunks:?}: {error}");
        }
    });
}
