//! [`StableMemory`]: what two languages say to each other of memory that both use. Here because both stand on this crate, and the
//! promise is one that only unsafe code can give.

/// Memory that somebody else may use, too, as long as this value lives.
///
/// # Safety
/// `len` bytes from `start` on must stay allocated there until the value is dropped, whatever else happens, and both languages may read and
/// write them through that address. No reference to them may exist while either runs. The value may be dropped on any thread, also while
/// a collector runs and without the GIL.
pub unsafe trait StableMemory: Send + Sync {
    /// Where the memory begins; not null.
    fn start(&self) -> *mut u8;

    /// How many bytes there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
