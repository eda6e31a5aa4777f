//! An HTTP server on the loop's sockets: HTTP/1.1 (RFC 9112), HTTP/2 (RFC 9113), WebSocket (RFC 6455, RFC 8441), TLS by rustls.
//!
//! - `fields`: the fields of answers; `exchange`: a request and its answer; `arriving`: a request as it comes; `connection`: the messages of a
//!   connection of HTTP/1.1; `multiplexed`: the streams of one of HTTP/2
//! - `access_log`: a line for each request
//! - `link`: the socket, and TLS; `tls`: certificates; `listening`: who is let in, and what lasts too long
//! - `socket`: a WebSocket's server side, over a `wire`; `files`: files as answers, `file_body`: their bytes; `coding`, `squeezing`: which answers are compressed, and how
//!
//! A connection is told of by the loop, not polled: a request that came whole is parsed, handed to the [`Handler`] and answered within one
//! entry of the turn, without a task or a future of its own. Rule BOUNDED: heads, bodies, queues and times have limits ([`Limits`]).

mod access_log;
mod arriving;
mod coding;
mod connection;
mod exchange;
mod fields;
mod file_body;
mod files;
mod link;
mod listening;
mod multiplexed;
mod socket;
mod squeezing;
mod tls;
mod wire;

pub use access_log::{AccessLine, AccessLog};
pub use coding::Compression;
pub use exchange::Exchange;
pub use fields::Fields;
pub use file_body::FileBody;
pub use files::{Asked, FileAnswer, Folder, FolderOptions, answer_file};
pub use listening::{Limits, Server};
pub use socket::{Socket, SocketHandler, SocketOptions, broadcast};
pub use tls::{Agreed, Clients, Identity};

/// Answers requests.
pub trait Handler {
    /// A request, as soon as its head is there; a short body that came with it is there too. Called in an entry of the turn; may not unwind.
    fn request(&self, exchange: Exchange);
}

impl<F: Fn(Exchange)> Handler for F {
    fn request(&self, exchange: Exchange) {
        self(exchange);
    }
}
