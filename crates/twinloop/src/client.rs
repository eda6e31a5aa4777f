//! The client that `fetch` and `WebSocket` use when nobody gives them another: one for each thread that runs a loop.
//!
//! It is made with the first use, from the environment, and dropped when `run` ends, because its connections belong to
//! the loop. Loop thread only.

use crate::{Client, Config, Result};
use std::cell::RefCell;

thread_local! {
    static CLIENT: RefCell<Option<Client>> = const { RefCell::new(None) };
}

/// The client of this thread: the one set by [`set_client`], else one configured by the environment.
///
/// # Errors
/// When `TWINLOOP_CONNECT_TO` holds something that is not a rule.
pub fn client() -> Result<Client> {
    if let Some(client) = CLIENT.with_borrow(Clone::clone) {
        return Ok(client);
    }
    let client = Client::new(Config::from_environment()?)?;
    set_client(client.clone());
    Ok(client)
}

/// Makes `client` the one that [`fetch`](crate::fetch) and [`WebSocket`](crate::WebSocket) use on this thread, until
/// [`run`](crate::run) ends.
///
/// # Examples
/// ```
/// use twinloop::{Client, Config};
/// # fn main() -> twinloop::Result<()> {
/// twinloop::run(async {
///     let config = Config { user_agent: Some("my-program/1.0".into()), ..Config::from_environment()? };
///     twinloop::set_client(Client::new(config)?);
///     Ok(())
/// })
/// # }
/// ```
pub fn set_client(client: Client) {
    // The old one is dropped outside the borrow: closing its connections runs other code.
    let old = CLIENT.replace(Some(client));
    drop(old);
}

pub(crate) fn forget() {
    let old = CLIENT.take();
    drop(old);
}
