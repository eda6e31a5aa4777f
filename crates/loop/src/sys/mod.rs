//! The driver: what the operating system offers to wait on, behind one alias.
//!
//! A driver registers descriptors under a 64-bit key, waits with a nanosecond timeout, and hands out a wake handle that
//! is safe to use from any thread. epoll is the one for Linux; kqueue and a completion driver fit behind the same
//! four calls. This folder is the only one in the crate that may contain `unsafe`.
#![allow(
    unsafe_code,
    reason = "descriptors given as plain numbers have to be borrowed without proof"
)]

mod allocator;
mod asked;
mod c_library;
mod child;
mod descriptor;
mod epoll;
mod memory;
mod multicast;
mod page_cache;
mod record_file;
mod resolver;

pub use allocator::keep_freed_memory;
pub(crate) use asked::{is_asked, take_asked, top_signal, watch_asked};
pub use c_library::glibc_version;
pub use child::{kill, kill_thread, start as start_child};
pub(crate) use descriptor::{Descriptor, receive_into};
pub use descriptor::{close_inherited, duplicate, inherited, take_inherited};
pub(crate) use epoll::{Epoll as Driver, Event, WakeHandle};
pub use memory::StableMemory;
pub(crate) use multicast::{SourceMembership, set_source_membership};
pub use page_cache::is_cached;
pub(crate) use record_file::RecordFile;
pub use resolver::{Answer, Question, Unresolved};
pub(crate) use resolver::{names, resolve};
