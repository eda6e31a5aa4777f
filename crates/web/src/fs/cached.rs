//! Reading without waiting: what the system has in its cache, names and content, is opened and read on the loop's thread.
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

/// The most that is read of an open file at once.
pub const LARGEST_READ: usize = 64 * 1024;

/// What one turn of the loop may spend, in pieces of some 3 us: about a millisecond.
const MOST_IN_A_TURN: u32 = 320;

/// To open a file and look at it, and to read so many bytes, is such a piece.
const PIECE: usize = 16 * 1024;

/// File systems on which a file that was only read is closed without waiting for anybody. Closing says nothing beforehand, and others ask a server.
const LOCAL: [u32; 8] = [
    0xef53,      // ext2 to ext4
    0x5846_5342, // XFS
    0x9123_683e, // Btrfs
    0x0102_1994, // tmpfs
    0x794c_7630, // overlayfs
    0xf2f5_2010, // F2FS
    0x2fc1_2fc1, // ZFS
    0x8584_58f6, // ramfs
];

thread_local! {
    /// The turn of the last read, and what it has spent.
    static BUDGET: Cell<(u64, u32)> = const { Cell::new((0, 0)) };
}

/// The whole content of `path`, if that takes no waiting.
#[must_use]
pub fn read(path: &Path) -> Option<Vec<u8>> {
    open_whole(path, LARGEST).map(|(_file, bytes)| bytes)
}

/// A file of up to `most` bytes with all of them, if that takes no waiting.
pub(super) fn open(path: &Path, most: usize) -> Option<Begun> {
    let (file, beginning) = open_whole(path, LARGEST.min(most as u64))?;
    Some(Begun {
        file: File::from_std(file, path),
        length: Some(beginning.len() as u64),
        beginning,
    })
}

fn open_whole(path: &Path, largest: u64) -> Option<(std::fs::File, Vec<u8>)> {
    let (file, length) = open_at_once(path, LARGEST_READ)?;
    // A size of 0 is also what files say that are made up when read, as in /proc.
    if length == 0 || length > largest {
        return None;
    }
    let length = usize::try_from(length).ok()?;
    let mut bytes = vec![0; length];
    let count = read_now(&file, &mut bytes, Some(0))?;
    // Less: part of it is not in memory, or it has just shrunk.
    (count == length).then_some((file, bytes))
}

/// Opens a file for reading, if that takes no waiting, and closing it neither.
#[must_use]
pub fn open_for_reading(path: &Path) -> Option<std::fs::File> {
    let (file, _) = open_at_once(path, 0)?;
    let kind = rustix::fs::fstatfs(&file).ok()?.f_type;
    if !LOCAL.contains(&(kind as u32)) {
        return None;
    }
    // It was for what is no file.
    rustix::fs::fcntl_setfl(&file, OFlags::empty()).ok()?;
    Some(file)
}

/// Whether a file that [`open_for_reading`] gave is closed without waiting: what has no name any more is removed from the disk then.
#[must_use]
pub fn may_close(file: &std::fs::File) -> bool {
    rustix::fs::fstat(file).is_ok_and(|status| status.st_nlink > 0)
}

/// Reads up to the length of `buffer`, at a place or at the file's own, which moves on: how many bytes, and whether that is all that a read would give.
pub fn read_at(file: &std::fs::File, buffer: &mut [u8], position: Option<u64>) -> (usize, bool) {
    if buffer.len() > LARGEST_READ || !is_within_budget(buffer.len()) {
        return (0, false);
    }
    let Some(count) = read_now(file, buffer, position) else {
        return (0, false);
    };
    if count == buffer.len() {
        return (count, true);
    }
    // Less is all there is where the file ends. That it does is not believed of a read that may not wait.
    let Ok(status) = rustix::fs::fstat(file) else {
        return (count, false);
    };
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return (count, count > 0);
    }
    let behind = match position {
        Some(position) => Some(position.saturating_add(count as u64)),
        None => rustix::fs::tell(file).ok(),
    };
    let size = u64::try_from(status.st_size).unwrap_or(u64::MAX);
    (count, behind.is_some_and(|behind| behind >= size))
}

/// A regular file and its size; so many bytes are read of it next.
fn open_at_once(path: &Path, bytes: usize) -> Option<(std::fs::File, u64)> {
    if !is_within_budget(bytes) {
        return None;
    }
    // What it is, is asked before it is opened: to open a pipe, and to close it again, would take from its writer what it has written.
    let is_file = |file: &OwnedFd| {
        let status = rustix::fs::fstat(file).ok()?;
        let kind = FileType::from_raw_mode(status.st_mode);
        (kind == FileType::RegularFile).then_some(status)
    };
    is_file(&open_now(path, OFlags::PATH)?)?;
    // Nor does it wait for another end, should it be one by now.
    let file = open_now(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
    let status = is_file(&file)?;
    Some((
        std::fs::File::from(file),
        u64::try_from(status.st_size).ok()?,
    ))
}

fn open_now(path: &Path, flags: OFlags) -> Option<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC;
    let how = ResolveFlags::CACHED;
    rustix::fs::openat2(rustix::fs::CWD, path, flags, Mode::empty(), how).ok()
}

/// Reads what is in memory, at a place or at the file's own: how many bytes; nothing if it would wait, or fails.
pub(crate) fn read_now(
    file: &std::fs::File,
    buffer: &mut [u8],
    position: Option<u64>,
) -> Option<usize> {
    // -1 is the file's own place.
    let offset = position.unwrap_or(u64::MAX);
    let mut slices = [IoSliceMut::new(buffer)];
    rustix::io::preadv2(file, &mut slices, offset, ReadWriteFlags::NOWAIT).ok()
}

/// Whether so many bytes of a file are in the system's cache, as far as it says.
pub(crate) fn is_here(file: &std::fs::File, offset: u64, length: u64) -> bool {
    let Some(last) = length.checked_sub(1) else {
        return false;
    };
    // Pages that are just being read count as cached. They come in order, so the last one tells of all.
    twinloop_loop::is_cached(file, offset, length)
        && read_now(file, &mut [0], Some(offset.saturating_add(last))) == Some(1)
}

fn is_within_budget(bytes: usize) -> bool {
    let Some(event_loop) = Loop::try_current() else {
        return false;
    };
    let turn = event_loop.statistics().turns;
    let (last_turn, spent) = BUDGET.get();
    let cost = 1 + (bytes / PIECE) as u32;
    let spent = if last_turn == turn { spent } else { 0 } + cost;
    BUDGET.set((turn, spent));
    spent <= MOST_IN_A_TURN
}
