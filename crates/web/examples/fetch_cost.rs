//! What one keep-alive GET of 1 KiB costs the loop's thread: `cargo run --release -p twinloop-web --example fetch_cost`.
//!
//! The server is a bare blocking thread per connection. Printed are wall time and the processor time of the loop's
//! thread per request, with 1 and 64 requests in flight.

use rustix::time::{ClockId, clock_gettime};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Instant;
use twinloop_loop::Loop;
use twinloop_web::{Client, Config, Request};

const REQUESTS: usize = 40_000;

fn main() {
    let url = format!("http://{}/json", start_server());
    let event_loop = Loop::new().expect("a loop");
    event_loop.block_on(async {
        let client = Client::new(Config::default()).expect("a client");
        measure("warm-up", &client, &url, 64).await;
        for in_flight in [1, 64, 1, 64] {
            measure(
                &format!("{in_flight:2} in flight"),
                &client,
                &url,
                in_flight,
            )
            .await;
        }
    });
}

async fn measure(name: &str, client: &Client, url: &str, in_flight: usize) {
    let (wall, cpu) = (Instant::now(), thread_time_ns());
    let workers: Vec<_> = (0..in_flight)
        .map(|_| {
            let (client, url) = (client.clone(), url.to_owned());
            Loop::current().spawn(async move {
                for _ in 0..REQUESTS / in_flight {
                    let request = Request::get(&url).expect("a url");
                    let response = client.fetch(request).await.expect("a response");
                    assert_eq!(response.bytes().await.expect("a body").len(), 1024);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("a worker");
    }
    let requests = (REQUESTS / in_flight * in_flight) as f64;
    let wall_us = wall.elapsed().as_secs_f64() * 1e6 / requests;
    let cpu_us = (thread_time_ns() - cpu) as f64 / 1e3 / requests;
    println!(
        "{name:14} {wall_us:6.2} us wall, {cpu_us:6.2} us on the loop thread, {:7.0} requests/s",
        1e6 / wall_us
    );
}

fn thread_time_ns() -> i64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

fn start_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Answers every request with the same 1 KiB.
fn serve(mut stream: TcpStream) {
    let body = format!("{{\"pad\":\"{}\"}}", "x".repeat(1024 - 10));
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.set_nodelay(true).expect("a tcp socket");
    let mut buffer = [0; 4096];
    let mut filled = 0;
    loop {
        match stream.read(&mut buffer[filled..]) {
            Ok(0) | Err(_) => return,
            Ok(count) => filled += count,
        }
        if buffer[..filled].ends_with(b"\r\n\r\n") {
            filled = 0;
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}
