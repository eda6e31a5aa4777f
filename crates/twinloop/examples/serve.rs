//! A server in Rust: JSON at `/`, what is sent comes back at `/echo`, WebSockets at `/ws`. Ends when standard input does.

use std::rc::Rc;

use twinloop::net::Listener;
use twinloop::server::{Exchange, Fields, Limits, Server, Socket, SocketHandler, SocketOptions};
use twinloop::{CloseStatus, Message};

/// Sends messages back.
struct Echo;

impl SocketHandler for Echo {
    fn message(&self, socket: &Rc<Socket>, message: Message) {
        let is_text = message.as_text().is_some();
        // A client that does not read is told of when its connection ends.
        let _ = socket.send_message(is_text, message.as_bytes(), false);
    }

    fn closed(&self, _socket: &Rc<Socket>, _status: CloseStatus) {}
}

fn main() -> twinloop::Result<()> {
    let mut json = Fields::new();
    json.append(b"content-type", b"application/json")?;
    let handler = move |exchange: Exchange| {
        // That the client has gone concerns nobody here.
        let _ = match exchange.target() {
            b"/" => exchange.respond(200, &json, r#"{"hello":"world"}"#),
            b"/echo" => {
                twinloop::begin(async move {
                    // That the client has gone concerns nobody here either.
                    if let Ok(body) = exchange.body().await {
                        let _ = exchange.respond(200, &Fields::new(), body);
                    }
                });
                Ok(())
            }
            b"/ws" => exchange
                .accept_socket(
                    SocketOptions::default(),
                    None,
                    &Fields::new(),
                    Rc::new(Echo),
                )
                .map(|_| ()),
            _ => exchange.respond(404, &Fields::new(), ""),
        };
    };
    twinloop::run(async {
        let listener = Listener::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        println!("{}", listener.local_addr().expect("its address").port());
        let server = Server::start(listener, None, Limits::default(), Rc::new(handler));
        let input = twinloop::spawn_blocking(|| std::io::stdin().lines().count());
        let _ = input.await;
        server.close().await;
        Ok(())
    })
}
