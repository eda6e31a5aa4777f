//! All unsafe code of the Python face: what PyO3 cannot express, or cannot express fast enough.
//!
//! Every file offers a safe interface to `asyncio/` and argues its obligations on the spot. Two obligations return
//! everywhere. The GIL: everything here runs on a thread that holds it, which a `Python` token proves, or which the
//! loop guarantees because only `EventLoop._run` (a Python method) runs turns, and the only moment without the GIL is
//! the blocking wait (`gil.rs`). Ownership: an [`Object`] owns one reference; raw pointers never outlive their owner.
//!
//! Rules kept here: NO-ABORT (panics are caught at every entry from C), NO-GIL-OFF-LOOP.
#![allow(
    unsafe_code,
    reason = "this folder is the one place of the crate that talks to CPython's C API and OpenSSL directly"
)]

pub(crate) mod buffers;
pub(crate) mod bytearray;
pub(crate) mod context;
pub(crate) mod coroutine;
pub(crate) mod done;
mod exporter;
pub(crate) mod fastcall;
pub(crate) mod gil;
pub(crate) mod handle;
mod known;
mod last_calls;
mod lending;
pub(crate) mod object;
pub(crate) mod openssl;
pub(crate) mod sockets;
mod state_slot;
mod text;

pub(crate) use done::done;
pub use exporter::{BytesExporter, Lending};
pub(crate) use fastcall::{Arguments, FastAttribute, Parameters, fast_methods, install_attribute};
pub use gil::offer_gil;
pub(crate) use gil::{
    GilBound, ThreadIdentity, current_thread, holds_gil, is_main_interpreter, with_gil_held,
    without_gil,
};
pub use known::Known;
pub use lending::{BufferInfo, LentBuffer, buffer_size, lend_buffer, release_returned};
pub(crate) use object::Object;
pub use object::reference_count;
pub(crate) use state_slot::StateSlot;
pub use text::{Text, text_of_latin1, text_of_ucs2, with_text};
