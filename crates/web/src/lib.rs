//! Web APIs as plain Rust futures on Twinloop's loop: fetch, WebSocket, files, DNS. Knows no language.
//!
//! Everything here runs on the loop's thread (sockets, TLS, HTTP and WebSocket are state machines polled by the task
//! that waits for them); only files, getaddrinfo and the loading of root certificates go to the blocking pool. Nothing
//! is `Send`, every future is `'static`, and dropping one cancels it: a dropped `fetch` closes its connection.
//!
//! # Map
//! | module | what | starts at |
//! | --- | --- | --- |
//! | [`fetch`] | requests, redirects, bodies, content coding, connection pool, `data:` | [`fetch::Client::fetch`] |
//! | [`websocket`] | RFC 6455 client with permessage-deflate | [`websocket::WebSocket::connect`] |
//! | [`event_stream`] | server-sent events as they arrive | [`event_stream::EventStream`] |
//! | [`fs`] | files on the blocking pool | [`fs::read`], [`fs::File`] |
//! | [`http1`] | the messages of a connection, as servers read them | [`http1::Parser`] |
//! | [`http2`] | a connection of HTTP/2, both ends, without I/O | [`http2::Connection`] |
//! | [`server`] | an HTTP server, its exchanges and WebSockets | [`server::Server::start`] |
//! | [`broadcast`] | channels among workers, processes and machines | [`broadcast::Channel::open`] |
//! | [`children`] | child processes, their pipes, running one to its end | [`children::start`] |
//! | [`compression`] | deflate, brotli and zstd in pieces | [`compression::drive`] |
//! | [`crypto`] | digests, keys, ciphers, signatures, certificates | [`crypto::digest::Digest`] |
//! | [`tls`] | TLS over memory, with all that OpenSSL can be told | [`tls::Connection`] |
//! | [`dns`] | lookups, `--connect-to` applied; questions to name servers | [`dns::lookup`], [`dns::questions::ask`] |
//! | [`connect`] | what the three share: `--connect-to`, authorities, happy eyeballs, TLS | [`connect::Connector`] |
//! | [`Error`] | one opaque error, `is_*` questions, [`FACES`] for the languages | [`Error::kind`] |
//!
//! # The API in one screen
//! ```ignore
//! let client = Client::new(Config { connect_to: vec!["api.example.com:443:127.0.0.1:8443".parse()?],
//!                                   ca_file: Some(path), ..Config::default() });          // Rc inside: clone it
//! let mut request = Request::new(Method::GET, "https://api.example.com/data")?;           // or Request::get(url)?
//! request.headers.insert("accept", "application/json".parse()?);
//! request.body = RequestBody::from("text") | RequestBody::from(bytes) | RequestBody::stream(stream_of_result_bytes);
//! request.redirect = RedirectMode::Follow | Error | Manual;
//! let mut response: Response = client.fetch(request).await?;                              // drop = abort
//! response.status; response.reason; response.headers; response.url; response.redirected;
//! response.body.buffered();                 // Option<Bytes>: the whole body if it is already here (no await needed)
//! response.body.next_chunk().await;         // Option<Result<Bytes>>; poll_chunk(cx) for hand-written futures
//! response.bytes().await?; response.text().await?; response.json::<T>().await?;           // consume the response
//!
//! let socket = WebSocket::connect(&client, Handshake::new("wss://example.com/socket")?).await?;
//! let (sender, mut receiver) = socket.split();                                            // sender: Clone
//! sender.send_nowait(Message::from("text"))?; sender.buffered_amount(); sender.send(message).await?;
//! while let Some(message) = receiver.receive().await? { /* Message::Text(String) | Message::Binary(Bytes) */ }
//! receiver.close_status();                  // Some(CloseStatus { code, reason, was_clean })
//! sender.close(1000, "bye")?;               // starts the closing handshake; receive() then ends with None
//! ```
#![forbid(unsafe_code)]

pub mod broadcast;
pub mod children;
pub mod compression;
pub mod connect;
pub mod crypto;
pub mod dns;
mod error;
pub mod event_stream;
pub mod fetch;
pub mod fs;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod http1;
pub mod http2;
mod reused;
pub mod server;
pub mod tls;
pub mod websocket;

pub use bytes::Bytes;
pub use connect::{ClientCertificate, Config, ConnectTo, Gate, Proxies};
pub use error::{Error, ErrorKind, FACES, Face, JavaScriptClass, Result};
pub use fetch::{Client, Request, RequestBody, Response};
pub use reused::{REUSED_SIZE, Reused};
pub use websocket::WebSocket;
