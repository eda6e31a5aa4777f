//! JavaScript on Twinloop's loop.
//!
//! - [`engine`]: the safe layer over SpiderMonkey, the only home of `unsafe` code here
//! - `program`: [`Js`], JavaScript joined to a loop: how a program begins and ends
//! - `modules`: what `import` finds; `typescript`: stripping types
//! - `builtins`, `web`, `node`: what programs see, in JavaScript over native operations: a room a specification or module; `rooms` lists them
//!
//! Knows nothing of Python; whoever knows both registers the `python:` scheme with [`Js::register_scheme`].

#![deny(unsafe_code)]

mod builtins;
#[allow(
    unsafe_code,
    reason = "the one folder that talks to the engine; see its own documentation"
)]
pub mod engine;
mod modules;
mod node;
mod program;
mod rooms;
mod typescript;
mod web;

/// How programs connect: `--connect-to` and `--ca-file`.
pub mod network {
    pub use twinloop_web::{Config, ConnectTo};
}

pub use builtins::guest::Guest;
pub use builtins::permissions::Permissions;
pub use builtins::require;
/// Requests between JavaScript and another language of the process.
pub mod server {
    pub use crate::web::server::{hand_over, take_exchange};
}

pub use modules::{
    SchemeExports, SchemeUse, graph_names_scheme, is_watched, package_main, source_names_scheme,
};
pub use program::{Input, Js, Main, OnExit, Options};
