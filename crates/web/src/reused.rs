//! Memory for large reads that a thread uses again.
//!
//! Fresh memory for each would be cleared, and given back to the system between two. A buffer is touched as far as something is read into it, so
//! one that seldom gets much costs no more than that. The last that came back is the next that is taken: it is in the processor's cache.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// What each has.
pub const REUSED_SIZE: usize = 256 * 1024;

/// So many a thread keeps (rule BOUNDED).
const MOST: usize = 6;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// [`REUSED_SIZE`] bytes, of which nobody knows what stands in them.
pub struct Reused(Vec<u8>);

impl Reused {
    /// One that the thread has left over, or a new one.
    #[must_use]
    pub fn take() -> Reused {
        let spare = SPARE.with_borrow_mut(Vec::pop);
        Reused(spare.unwrap_or_else(|| vec![0; REUSED_SIZE]))
    }
}

impl Deref for Reused {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Reused {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Drop for Reused {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.0);
        // A thread that ends keeps nothing.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < MOST {
                spare.push(memory);
            }
        });
    }
}
