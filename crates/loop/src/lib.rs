//! The event loop under both languages: it waits, keeps order and runs what is ready. It knows no language.
//!
//! One [`Loop`] belongs to the thread that runs it. A language joins as a [`Host`] and puts its callbacks into the
//! ready queue as [`Entry::Host`]; Rust futures join through [`Loop::spawn`]; both see the same turn, described and
//! implemented in `turn.rs`, which reads top to bottom.
//!
//! Layout:
//! - `event_loop`: `Loop` as an object; `turn`: the turn and the ways to run it; `entry`: what the ready queue holds and what a host is
//! - `current`: which loop a thread is in
//! - `checks`: entries that run between I/O and timers; `timers`: the heap with O(1) cancel; `task`: the local executor and its wakers; `clock`: real and test time
//! - `trace`: what a traced loop does, as records in a file; `statistics`: what a loop has done; `spin`: asking before blocking; `inbox`: posts from other threads; `pool`: the blocking pool; `signals`: signals as posts
//! - `source`: a registered descriptor; `net`: sockets with one write queue each; `time`: sleeping futures
//! - `sys`: the driver (epoll), the only folder with `unsafe`
//!
//! Named rules kept here: ONE-WAIT (only `Loop::turn` blocks the loop thread), NO-GIL-OFF-LOOP (helper threads know no
//! language at all), CHECKPOINT (`Host::checkpoint` after each entry), BOUNDED, ONE-WAKE (`inbox.rs`).
//!
//! Absent on purpose: Python, JavaScript, HTTP, TLS.
#![deny(unsafe_code)]

mod checks;
mod clock;
mod current;
mod entry;
mod event_loop;
mod inbox;
pub mod net;
mod pool;
pub mod signals;
mod source;
mod spin;
mod statistics;
mod sys;
mod task;
pub mod time;
mod timers;
pub mod trace;
mod turn;

pub use checks::CheckKey;
pub use clock::{Clock, Nanos};
pub use current::Entered;
pub use entry::{Call, Entry, Host, HostId};
pub use event_loop::{Hold, Loop, TimeSource, WeakLoop};
pub use inbox::Remote;
pub use source::{IoHandler, Mode, Readiness, Source};
pub use statistics::{Histogram, Statistics};
pub use sys::{
    StableMemory, close_inherited, duplicate, glibc_version, inherited, is_cached,
    keep_freed_memory, kill, kill_thread, start_child, take_inherited,
};
pub use task::{JoinError, JoinHandle, TaskId};
pub use timers::TimerKey;
pub use turn::Wait;
