//! What the C library's allocator gives back to the system.

/// How much freed memory stays at the end of the heap.
#[cfg(target_env = "gnu")]
const KEPT: libc::c_int = 32 * 1024 * 1024;

/// Larger blocks are mapped by themselves, and unmapped when they are freed.
#[cfg(target_env = "gnu")]
const MAPPED: libc::c_int = 4 * 1024 * 1024;

/// How much more than needed the heap grows by.
#[cfg(target_env = "gnu")]
const GROWTH: libc::c_int = 1024 * 1024;

/// Lets this process keep up to 32 MiB of freed memory for its next allocations, for programs whose large blocks come and go with every request: the C
/// library gives back what is above 128 KiB at once, and each page of it costs a fault when it is used again.
/// For who owns the process.
pub fn keep_freed_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: three numbers, which the allocator sets under its lock.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED);
        libc::mallopt(libc::M_TOP_PAD, GROWTH);
    }
}
