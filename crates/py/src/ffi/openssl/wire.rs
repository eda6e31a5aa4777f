//! `Wire`: the two byte streams under a TLS connection, as the library's BIO and as the loop's buffers.
//!
//! Received bytes are lent to it for the time of a call, so they are copied once, into the library's record buffer; what
//! was not used is kept until the next call. What the library writes collects in `output`, whose memory the loop lends too.
//! Nothing stays allocated in an idle connection. The lock is there because Python calls the library without the GIL in a
//! handshake; it is never waited for in a correct program.

use std::ffi::{c_char, c_int, c_long, c_void};
use std::ptr::null;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::library::{Bio, BioMethod, Functions, loaded};

/// The streams of one connection.
#[derive(Default)]
pub(crate) struct Wire(Mutex<Streams>);

struct Streams {
    /// Received and not yet used; `used` bytes at its beginning are done with.
    input: Vec<u8>,
    used: usize,
    /// Bytes that a caller of [`Wire::lend`] vouches for; they come after `input`.
    lent: *const u8,
    lent_length: usize,
    output: Vec<u8>,
}

// SAFETY: `lent` is the only field that is not `Send`; it points to memory that its lender keeps readable until it takes it
// back, whichever thread reads it.
unsafe impl Send for Streams {}

impl Default for Streams {
    fn default() -> Self {
        Streams {
            input: Vec::new(),
            used: 0,
            lent: null(),
            lent_length: 0,
            output: Vec::new(),
        }
    }
}

impl Wire {
    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes from the peer that the library has not taken yet.
    pub(crate) fn pending_input(&self) -> usize {
        let streams = self.streams();
        streams.input.len() - streams.used + streams.lent_length
    }

    /// Bytes for the peer that [`Wire::take_output`] would give.
    pub(crate) fn pending_output(&self) -> usize {
        self.streams().output.len()
    }

    /// Adds a copy of bytes from the peer.
    pub(crate) fn feed(&self, bytes: &[u8]) {
        self.streams().keep(bytes);
    }

    /// Lets the library read `bytes` while `body` runs; a copy of what it did not use is kept.
    pub(crate) fn lend<R>(&self, bytes: &[u8], body: impl FnOnce() -> R) -> R {
        {
            let mut streams = self.streams();
            streams.keep_lent();
            streams.lent = bytes.as_ptr();
            streams.lent_length = bytes.len();
        }
        let _back = TakeBack(self);
        body()
    }

    /// Everything that the library has written.
    pub(crate) fn take_output(&self) -> Vec<u8> {
        std::mem::take(&mut self.streams().output)
    }

    /// Lets the library write into the memory of `output`, which is empty, if nothing else is waiting.
    pub(crate) fn lend_output(&self, output: &mut Vec<u8>) {
        let mut streams = self.streams();
        if streams.output.is_empty() {
            std::mem::swap(&mut streams.output, output);
        }
    }
}

/// Ends a loan, also when the borrower panics. A loan within it has ended before, and has kept the rest of this one.
struct TakeBack<'a>(&'a Wire);

impl Drop for TakeBack<'_> {
    fn drop(&mut self) {
        self.0.streams().keep_lent();
    }
}

impl Streams {
    fn keep(&mut self, bytes: &[u8]) {
        self.input.drain(..self.used);
        self.used = 0;
        self.input.extend_from_slice(bytes);
    }

    /// Ends a loan: a copy of its rest is kept.
    fn keep_lent(&mut self) {
        let (start, length) = (self.lent, self.lent_length);
        (self.lent, self.lent_length) = (null(), 0);
        if length > 0 {
            // SAFETY: the rest of a slice that its lender keeps readable until it has ended the loan, which it is just
            // doing (or a loan within that loan is, earlier).
            self.keep(unsafe { std::slice::from_raw_parts(start, length) });
        }
    }

    /// Moves up to `size` bytes to `target`.
    ///
    /// # Safety
    /// `target` is writable for `size` bytes and overlaps none of the streams.
    unsafe fn take(&mut self, target: *mut u8, size: usize) -> usize {
        let kept = &self.input[self.used..];
        if !kept.is_empty() {
            let count = size.min(kept.len());
            // SAFETY: `count` is within both; the caller's promise.
            unsafe { target.copy_from_nonoverlapping(kept.as_ptr(), count) };
            self.used += count;
            if self.used == self.input.len() {
                // An idle connection keeps no memory.
                self.input = Vec::new();
                self.used = 0;
            }
            return count;
        }
        let count = size.min(self.lent_length);
        if count > 0 {
            // SAFETY: `count` bytes of the loan are left, and it has not ended; the caller's promise for the target.
            unsafe {
                target.copy_from_nonoverlapping(self.lent, count);
                self.lent = self.lent.add(count);
            }
            self.lent_length -= count;
        }
        count
    }
}

// ---- the library's view --------------------------------------------------------------------------------------------------

const FLAGS_READ: c_int = 1;
const FLAGS_RWS: c_int = 7;
const FLAGS_SHOULD_RETRY: c_int = 8;
const TYPE_SOURCE_SINK: c_int = 0x0400;
const CTRL_PENDING: c_int = 10;
const CTRL_FLUSH: c_int = 11;
const CTRL_WPENDING: c_int = 13;

/// The method table of BIOs over a [`Wire`].
pub(super) fn method(functions: &Functions) -> Option<*const BioMethod> {
    // SAFETY: a new index and a string with its end; the table is filled before anything uses it, with functions that follow
    // the signatures of OpenSSL's headers. It is kept for good.
    unsafe {
        let index = (functions.bio_get_new_index)();
        if index == -1 {
            return None;
        }
        let method = (functions.bio_meth_new)(index | TYPE_SOURCE_SINK, c"twinloop wire".as_ptr());
        if method.is_null()
            || (functions.bio_meth_set_read)(method, read) == 0
            || (functions.bio_meth_set_write)(method, write) == 0
            || (functions.bio_meth_set_ctrl)(method, control) == 0
            || (functions.bio_meth_set_destroy)(method, destroy) == 0
        {
            return None;
        }
        Some(method.cast_const())
    }
}

/// # Safety
/// `bio` is a live BIO of `Library::new_bio`; the result is used before it is destroyed.
unsafe fn wire_of<'a>(bio: *mut Bio, functions: &Functions) -> Option<&'a Wire> {
    // SAFETY: the data of our BIOs is a reference to a wire (or null while one is made).
    unsafe {
        (functions.bio_get_data)(bio)
            .cast_const()
            .cast::<Wire>()
            .as_ref()
    }
}

/// # Safety
/// OpenSSL's: `bio` is one of ours, `buffer` is writable for `size` bytes.
unsafe extern "C" fn read(bio: *mut Bio, buffer: *mut c_char, size: c_int) -> c_int {
    let Some(library) = loaded() else { return -1 };
    let functions = &library.functions;
    // SAFETY: the caller's promise.
    unsafe {
        (functions.bio_clear_flags)(bio, FLAGS_RWS | FLAGS_SHOULD_RETRY);
        let (Some(wire), Ok(size)) = (wire_of(bio, functions), usize::try_from(size)) else {
            return -1;
        };
        let count = wire.streams().take(buffer.cast(), size);
        if count == 0 && size > 0 {
            (functions.bio_set_flags)(bio, FLAGS_READ | FLAGS_SHOULD_RETRY);
            return -1;
        }
        count as c_int
    }
}

/// # Safety
/// OpenSSL's: `bio` is one of ours, `data` is readable for `size` bytes.
unsafe extern "C" fn write(bio: *mut Bio, data: *const c_char, size: c_int) -> c_int {
    let Some(library) = loaded() else { return -1 };
    let functions = &library.functions;
    // SAFETY: the caller's promise.
    unsafe {
        (functions.bio_clear_flags)(bio, FLAGS_RWS | FLAGS_SHOULD_RETRY);
        let (Some(wire), Ok(length)) = (wire_of(bio, functions), usize::try_from(size)) else {
            return -1;
        };
        if length > 0 {
            let data = std::slice::from_raw_parts(data.cast::<u8>(), length);
            wire.streams().output.extend_from_slice(data);
        }
        size
    }
}

/// # Safety
/// OpenSSL's: `bio` is one of ours.
unsafe extern "C" fn control(
    bio: *mut Bio,
    command: c_int,
    _number: c_long,
    _pointer: *mut c_void,
) -> c_long {
    if command == CTRL_FLUSH {
        return 1;
    }
    if command != CTRL_PENDING && command != CTRL_WPENDING {
        return 0;
    }
    let Some(library) = loaded() else { return 0 };
    // SAFETY: the caller's promise.
    let Some(wire) = (unsafe { wire_of(bio, &library.functions) }) else {
        return 0;
    };
    if command == CTRL_PENDING {
        wire.pending_input() as c_long
    } else {
        wire.pending_output() as c_long
    }
}

/// # Safety
/// OpenSSL's: `bio` is one of ours, and nothing uses it any more.
unsafe extern "C" fn destroy(bio: *mut Bio) -> c_int {
    let Some(library) = loaded() else { return 0 };
    // SAFETY: the data is the reference that `Library::new_bio` made, given back once.
    unsafe {
        let data = (library.functions.bio_get_data)(bio);
        if !data.is_null() {
            (library.functions.bio_set_data)(bio, std::ptr::null_mut());
            drop(Arc::from_raw(data.cast_const().cast::<Wire>()));
        }
    }
    1
}
