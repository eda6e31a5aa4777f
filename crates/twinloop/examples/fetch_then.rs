//! The first program: fetch, then JSON, then print, each step a closure on the one before.
//!
//! JavaScript: `fetch(url).then(response => response.json()).then(console.log).catch(console.error)`.

use twinloop::{Response, Result, Value};

fn main() {
    twinloop::run(async {
        fetch_json("https://api.example.com/data")
            .await
            .map(|data| println!("{data}"))
            .unwrap_or_else(|error| eprintln!("Error: {}", error.chain()));
    });
}

fn fetch_json(url: &str) -> impl Future<Output = Result<Value>> {
    let answered = twinloop::fetch(url);
    async { then(answered.await, Response::json::<Value>).await }
}

/// `promise.then(next)`: goes on with the value, or passes the error by.
async fn then<T, U, F: Future<Output = Result<U>>>(
    outcome: Result<T>,
    next: impl FnOnce(T) -> F,
) -> Result<U> {
    next(outcome?).await
}
