//! Reading without waiting: a small file whose name and content are in the system's cache is read on the loop's thread.
//!
//! A trip to the blocking pool and back costs several times what such a read takes. The system promises not to wait:
//! `RESOLVE_CACHED` opens only what needs no disk for its name, `RWF_NOWAIT` reads only what is in memory; where either
//! is not known, or says no, the pool does it (rule ONE-WAIT). Anything but plain success goes there too, so errors have
//! one source. So that a chain of such reads does not starve the loop, each turn has a budget of them.

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::ReadWriteFlags;
use std::cell::Cell;
use std::io::IoSliceMut;
use std::os::fd::OwnedFd;
use std::path::Path;
use twinloop_loop::Loop;

use super::{Begun, File};

/// Larger files take longer to copy than a trip to the pool.
const LARGEST: u64 = 64 * 1024;

/// Reads at once in one turn of the loop: at 3 us each, well under a millisecond.
const MOST_IN_A_TURN: u32 = 64;

thread_local! {
    /// The turn of the last read, and how many it has seen.
    static BUDGET: Cell<(u64, u32)> = const { Cell::new((0, 0)) };
}

/// The whole content of `path`, if that takes no waiting.
pub(super) fn read(path: &Path) -> Option<Vec<u8>> {
    open_whole(path, LARGEST).map(|(_file, bytes)| bytes)
}

/// A file of up to `most` bytes with all of them, if that takes no waiting.
pub(super) fn open(path: &Path, most: usize) -> Option<Begun> {
    let (file, beginning) = open_whole(path, LARGEST.min(most as u64))?;
    Some(Begun {
        file: File::from_std(file.into(), path),
        length: Some(beginning.len() as u64),
        beginning,
    })
}

fn open_whole(path: &Path, largest: u64) -> Option<(OwnedFd, Vec<u8>)> {
    if !is_within_budget() {
        return None;
    }
    // What is no regular file is let go of again: opening one must not wait for its other end.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::openat2(
        rustix::fs::CWD,
        path,
        flags,
        Mode::empty(),
        ResolveFlags::CACHED,
    )
    .ok()?;
    let status = rustix::fs::fstat(&file).ok()?;
    let length = u64::try_from(status.st_size).ok()?;
    // A size of 0 is also what files say that are made up when read, as in /proc.
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile
        || length == 0
        || length > largest
    {
        return None;
    }
    let length = usize::try_from(length).ok()?;
    let mut bytes = vec![0; length];
    let mut slices = [IoSliceMut::new(&mut bytes)];
    let count = rustix::io::preadv2(&file, &mut slices, 0, ReadWriteFlags::NOWAIT).ok()?;
    // Less: part of it is not in memory, or it has just shrunk.
    (count == length).then_some((file, bytes))
}

fn is_within_budget() -> bool {
    let Some(event_loop) = Loop::try_current() else {
        return false;
    };
    let turn = event_loop.statistics().turns;
    let (last_turn, count) = BUDGET.get();
    let count = if last_turn == turn { count + 1 } else { 1 };
    BUDGET.set((turn, count));
    count <= MOST_IN_A_TURN
}
