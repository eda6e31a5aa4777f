//! The fourth program: print what a WebSocket says until the server closes it.

use twinloop::{Message, WebSocket};

fn main() -> twinloop::Result<()> {
    twinloop::run(async {
        let mut socket = WebSocket::connect("ws://example.com/socket").await?;
        while let Some(message) = socket.next().await {
            match message? {
                Message::Text(text) => println!("Message from server: {text}"),
                Message::Binary(bytes) => println!("Message from server: {} bytes", bytes.len()),
            }
        }
        Ok(())
    })
}
