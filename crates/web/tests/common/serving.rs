//! A server on a free port, and clients on threads of their own that see its very bytes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::rc::Rc;
use std::time::Duration;
use twinloop_loop::Loop;
use twinloop_loop::net::Listener;
use twinloop_web::server::{Exchange, Fields, Handler, Limits, Server};

pub(crate) fn start(limits: Limits, handler: impl Handler + 'static) -> (Server, SocketAddr) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    (
        Server::start(listener, None, limits, Rc::new(handler)),
        address,
    )
}

/// What a client on a thread of its own makes of the server.
pub(crate) async fn ask<T: Send + 'static>(
    address: SocketAddr,
    client: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> T {
    Loop::current()
        .spawn_blocking(move || {
            let stream = TcpStream::connect(address).unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            client(stream)
        })
        .await
        .unwrap()
}

/// Sends and ends, and gives all that comes, without its dates.
pub(crate) async fn exchange(address: SocketAddr, bytes: impl Into<Vec<u8>>) -> String {
    let bytes = bytes.into();
    ask(address, move |mut stream| {
        stream.write_all(&bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        undated(&answer)
    })
    .await
}

pub(crate) fn undated(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    text.split_inclusive("\r\n")
        .filter(|line| !line.starts_with("date: "))
        .collect()
}

pub(crate) fn hello(exchange: Exchange) {
    let text = format!(
        "{} {}",
        exchange.method(),
        String::from_utf8_lossy(exchange.target())
    );
    exchange.respond(200, &Fields::new(), text).unwrap();
}

/// As `exchange`, from a server that may cut the connection.
pub(crate) async fn exchange_lossy(address: SocketAddr, bytes: String) -> String {
    ask(address, move |mut stream| {
        stream.write_all(bytes.as_bytes()).unwrap();
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        undated(&answer)
    })
    .await
}
