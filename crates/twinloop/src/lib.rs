//! Twinloop for Rust: one event loop for programs that wait for networks and files.
//!
//! The same loop and the same APIs that Twinloop gives to JavaScript and Python, without either language: [`run`] a
//! future, [`spawn`] more, [`fetch`] a url, talk through a [`WebSocket`], read files with [`fs`]. Everything runs on the
//! thread that called [`run`]; nothing needs to be `Send`; dropping a future cancels what it does.
//!
//! ```no_run
//! use twinloop::Value;
//!
//! fn main() -> twinloop::Result<()> {
//!     twinloop::run(async {
//!         let data: Value = twinloop::fetch("https://api.example.com/data").await?.json().await?;
//!         println!("{data}");
//!         Ok(())
//!     })
//! }
//! ```
//!
//! Several things at once, and a time limit:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! # fn main() -> twinloop::Result<()> {
//! twinloop::run(async {
//!     let first = twinloop::spawn(async { twinloop::fetch("https://example.com/a").await });
//!     let second = twinloop::fetch("https://example.com/b").await?;
//!     println!("{} {}", first.await.expect("not aborted")?.status, second.status);
//!
//!     let slow = twinloop::fetch("https://example.com/slow");
//!     if twinloop::time::timeout(Duration::from_secs(2), slow).await.is_err() {
//!         println!("too slow, and aborted");
//!     }
//!     Ok(())
//! })
//! # }
//! ```
//!
//! # Map
//! | here | what |
//! | --- | --- |
//! | [`run`], [`spawn`], [`begin`], [`spawn_blocking`] | the loop: a program, more tasks, work that blocks |
//! | [`fetch`], [`request`], [`RequestBuilder`] | HTTP on the thread's client; `set_client` configures it |
//! | [`WebSocket`] | a [`Stream`](futures_core::Stream) of messages that also sends |
//! | [`server`] | HTTP and WebSocket servers |
//! | [`fs`], [`time`], [`net`], [`dns`] | files, sleeping, sockets, names |
//! | [`web`], [`event_loop`] | the crates below, whole: clients of your own, the loop's hooks |
//!
//! The environment: `TWINLOOP_CONNECT_TO` (`HOST:PORT:ADDR:PORT`, comma-separated, curl's `--connect-to`) sends
//! connections elsewhere, `SSL_CERT_FILE` names the certificate authorities.
#![forbid(unsafe_code)]

mod builder;
mod client;
mod websocket;

pub use builder::{Fetch, RequestBuilder};
pub use client::{client, set_client};
pub use websocket::{Connect, WebSocket};

pub use serde_json::Value;
pub use twinloop_loop as event_loop;
pub use twinloop_loop::{JoinError, JoinHandle, Loop, net, time};
pub use twinloop_web as web;
pub use twinloop_web::fetch::{
    HeaderMap, HeaderName, HeaderValue, Method, RedirectMode, StatusCode, Url,
};
pub use twinloop_web::websocket::{CloseStatus, Message};
pub use twinloop_web::{
    Bytes, Client, ClientCertificate, Config, ConnectTo, Error, ErrorKind, Proxies, RequestBody,
    Response, Result, dns, fs, server,
};

/// Runs a program: drives `future` and everything it spawns on a loop of this thread, and returns its output.
///
/// Tasks that are still running when `future` ends are dropped; await what must finish. The loop, its connections and
/// its descriptors are gone afterwards.
///
/// # Panics
/// When the operating system has no descriptor left for the loop, or when this thread runs a loop already.
///
/// # Examples
/// ```
/// let sum = twinloop::run(async {
///     let task = twinloop::spawn(async { 20 });
///     task.await.expect("not aborted") + 22
/// });
/// assert_eq!(sum, 42);
/// ```
pub fn run<F: Future>(future: F) -> F::Output {
    assert!(
        Loop::try_current().is_none(),
        "twinloop::run inside a loop: await the future instead"
    );
    let event_loop = Loop::new().expect("the operating system gives an event loop its descriptors");
    let output = event_loop.block_on(future);
    // The client's connections belong to this loop.
    let _entered = event_loop.enter();
    client::forget();
    output
}

/// Runs `future` as a task of its own on the current loop. Dropping the handle lets it go on; `abort` ends it.
///
/// # Panics
/// Outside of [`run`].
pub fn spawn<F: Future + 'static>(future: F) -> JoinHandle<F::Output> {
    Loop::current().spawn(future)
}

/// Runs a future whose outcome nobody waits for, polling it once before this returns: what it can do at once is done at once, without a turn of the loop
/// between. For the handlers of servers, whose requests are still in the processor's cache then.
///
/// # Panics
/// Outside of [`run`].
pub fn begin(future: impl Future<Output = ()> + 'static) {
    Loop::current().begin(Box::pin(future), None);
}

/// Runs `function` on a helper thread, for what blocks or computes for long; the loop goes on meanwhile.
///
/// # Panics
/// Outside of [`run`].
///
/// # Examples
/// ```
/// let primes = twinloop::run(async {
///     twinloop::spawn_blocking(|| (2..100_u32).filter(|n| (2..*n).all(|d| n % d != 0)).count()).await.expect("no panic")
/// });
/// assert_eq!(primes, 25);
/// ```
pub fn spawn_blocking<T: Send + 'static>(
    function: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    Loop::current().spawn_blocking(function)
}

/// Fetches `url` with GET. Resolves with the status and headers; the body follows, see [`Response`].
///
/// # Errors
/// Resolves to what [`Client::fetch`] says. A status of 400 or more is a response, not an error.
///
/// # Examples
/// ```
/// # fn main() -> twinloop::Result<()> {
/// let text = twinloop::run(async { twinloop::fetch("data:text/plain,hello").await?.text().await })?;
/// assert_eq!(text, "hello");
/// # Ok(())
/// # }
/// ```
pub fn fetch(url: impl AsRef<str>) -> Fetch {
    request(Method::GET, url).send()
}

/// Begins a request to `url`; [`RequestBuilder::send`] sends it.
///
/// # Examples
/// ```no_run
/// use twinloop::Method;
/// # fn main() -> twinloop::Result<()> {
/// let created = twinloop::run(async {
///     twinloop::request(Method::POST, "https://api.example.com/items")
///         .header("authorization", "Bearer token")
///         .json(&serde_json::json!({ "name": "new" }))
///         .send()
///         .await?
///         .error_for_status()
/// })?;
/// println!("{}", created.status);
/// # Ok(())
/// # }
/// ```
pub fn request(method: Method, url: impl AsRef<str>) -> RequestBuilder {
    RequestBuilder::new(method, url.as_ref())
}
