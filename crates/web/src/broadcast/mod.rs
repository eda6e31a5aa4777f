//! Broadcast channels: what one member posts reaches all others of the same name, in this process, on this machine or beyond it.
//!
//! Where to is said by a url, and the rest is the same code:
//! - `local:NAME`: the processes of this user on this machine, over Unix sockets, with nothing to install (`local/`)
//! - `redis://`, `nats://`: through such a server (`redis/`, `nats/`), whose guarantees hold then; `server` is what is the same for all servers
//!
//! # Map
//! - `channel`: a channel, what it may be told, and what comes out of it
//! - `inbox`: what has come and nobody has taken yet; finds out what was lost or came twice
//! - `presence`: who is in a room
//! - `link`: all channels of a loop by one url, which share their connections
//! - `address`: the urls; `topic`: what engines know channels by; `packet`: what travels; `value`: the values that both languages can read
//!
//! Each loop has connections of its own: nothing here crosses threads, and a worker is a member like another process. Rule BOUNDED: what is to be
//! sent and what was received have limits; who posts may wait (`drain`) or is refused, and who does not read is told how much it lost.

mod address;
mod channel;
mod inbox;
mod link;
mod local;
mod nats;
mod packet;
mod presence;
mod redis;
mod server;
mod topic;
mod value;
mod waiting;

pub use address::Address;
pub use channel::{Channel, Options};
pub use inbox::{Event, Message};
pub use packet::LONGEST_BODY;
pub use value::{DEEPEST, Reader, Refusal, Token, Writer};
