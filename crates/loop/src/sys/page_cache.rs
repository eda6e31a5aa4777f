//! What of a file is in the system's cache: `cachestat`, which neither rustix nor libc has a name for.

use std::os::fd::{AsFd, AsRawFd};

/// Its number, the same on all architectures (Linux 6.5).
const CACHESTAT: libc::c_long = 451;

#[repr(C)]
struct Range {
    offset: u64,
    length: u64,
}

#[repr(C)]
#[derive(Default)]
struct Counts {
    cached: u64,
    dirty: u64,
    written_back: u64,
    evicted: u64,
    recently_evicted: u64,
}

/// Whether all of these bytes of a file are in the system's cache. False also where the system does not say: before Linux 6.5, and of a file that this user
/// neither owns nor may write. Pages that are being read from the disk count as there.
#[must_use]
pub fn is_cached(file: impl AsFd, offset: u64, length: u64) -> bool {
    if length == 0 {
        return true;
    }
    let Some(last) = offset.checked_add(length - 1) else {
        return false;
    };
    let page = rustix::param::page_size() as u64;
    let range = Range { offset, length };
    let mut counts = Counts::default();
    // SAFETY: the descriptor is open for the call, the range is read and the counts are written during it, and both have the layout of the system's
    // `cachestat_range` and `cachestat`.
    let result = unsafe {
        libc::syscall(
            CACHESTAT,
            file.as_fd().as_raw_fd(),
            &raw const range,
            &raw mut counts,
            0,
        )
    };
    result == 0 && counts.cached == last / page - offset / page + 1
}
