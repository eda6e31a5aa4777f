//! JavaScript on Twinloop's loop.
//!
//! [`engine`] is the safe layer over SpiderMonkey and the only home of `unsafe` code here. Knows nothing of Python.

#![deny(unsafe_code)]

#[allow(unsafe_code, reason = "the one folder that talks to the engine; see its own documentation")]
pub mod engine;
mod globals;
