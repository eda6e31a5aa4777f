//! `twinloop trace`: runs a program whose loops write down what they do (`twinloop_loop::trace`), reads that afterwards, and makes of it a page, a
//! timeline in Chrome's format, and words.
//!
//! Layout:
//! - `command`: the command line, the program as a child, and what is said at the end
//! - `recording`: the files of a recording, read; `places`: names as functions in files; `rows`: which bar is drawn where
//! - `findings`: what blocked the loop and what else is worth a word, with advice
//! - `chrome`: the format that Perfetto and chrome://tracing open; `page/`: one HTML file with everything in it
//!
//! - `top`: `twinloop top`, which looks at a live process by the same records
//!
//! It runs in the process that started the program and reads what that wrote, so a program that was killed has its trace too. It knows the
//! languages by their names alone.
#![forbid(unsafe_code)]

mod chrome;
mod command;
mod findings;
mod page;
mod places;
mod recording;
mod rows;
mod top;

pub use command::run;
pub use top::top;
