//! The loop as an asyncio program sees it.
//!
//! `core` is the class, `methods` its hot methods, `state` what both have and every other room uses; `host` is Python as a
//! language on the native loop, `descriptors` what `add_reader` and the `sock_*` operations wait for, `embed` the way from
//! the object to the native loop.

mod core;
mod descriptors;
mod embed;
mod host;
mod methods;
mod state;

pub(crate) use self::core::{LoopCore, cancel_timer, core_of, run_foreign_handle};
pub(super) use self::descriptors::{Descriptor, Direction};
pub use self::embed::event_loop_of;
pub use self::methods::start_task;
pub(crate) use self::methods::{begin_task, register};
pub(crate) use self::state::LoopState;
