//! A server of HTTP/2 without TLS that says hello, on blocking sockets: what h2spec and load generators are pointed at.
//!
//! `cargo run --release -p twinloop-web --example http2_server -- 127.0.0.1:8080`

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;
use twinloop_web::http2::{Connection, Event, Fields, Kind, Options, Role, setting};

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:8080"))?;
    println!("listening on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        std::thread::spawn(move || serve(stream));
    }
    Ok(())
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut connection = Connection::new(
        Role::Server,
        Options {
            settings: vec![(setting::MAX_CONCURRENT_STREAMS, 100)],
            ..Options::default()
        },
    );
    let head = Fields::from_text(b":status\x00200\x00content-length\x005\x00");
    let mut buffer = vec![0; 64 * 1024];
    loop {
        while connection.has_output() {
            stream.write_all(&connection.take(64 * 1024))?;
        }
        if connection.is_over() {
            return Ok(());
        }
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        let bytes = &buffer[..count];
        let mut at = 0;
        // A failure is told to the peer by what is there to be taken.
        while let Ok(Some(event)) = connection.receive(bytes, &mut at, Instant::now()) {
            match event {
                Event::Data { stream, range } => connection.consume(stream, range.len() as u32),
                Event::Head {
                    stream,
                    kind: Kind::Request,
                    ..
                } => {
                    // Refused only if the peer has given the stream up meanwhile.
                    let _ = connection.headers(stream, &head, false);
                    let _ = connection.data(stream, b"hello".to_vec());
                    let _ = connection.end(stream);
                }
                _ => {}
            }
        }
    }
}
