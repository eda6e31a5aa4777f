//! A ring of records in a file that is mapped into memory: what was written is in the file also if the process is killed. One thread writes.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr;

/// As much of the file is provided at a time: writing to a page for which the disk has no room would kill the process.
const PIECE: usize = 1 << 20;

/// The file, mapped.
pub(crate) struct RecordFile {
    memory: *mut u8,
    length: usize,
    /// So much of it has room on the disk.
    provided: usize,
    file: File,
}

impl RecordFile {
    /// Makes a file of `length` bytes, which only its owner may read.
    pub(crate) fn create(path: &Path, length: usize) -> io::Result<RecordFile> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create_new(true).mode(0o600);
        let file = options.open(path)?;
        file.set_len(length as u64)?;
        // SAFETY: a new mapping at a place that the kernel chooses; nothing else knows it.
        let memory = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(RecordFile {
            memory: memory.cast(),
            length,
            provided: 0,
            file,
        })
    }

    /// Writes bytes at a place of the file; false if they do not fit or the disk has no room.
    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) -> bool {
        let end = at + bytes.len();
        if end > self.provided && !self.provide(end) {
            return false;
        }
        // SAFETY: `provide` has seen to it that the mapping reaches to `end`, and that the file has room there. Nobody else in this process
        // has a reference to the mapping; another one reads the file, and makes of bytes that are half written what it likes.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.memory.add(at), bytes.len()) };
        true
    }

    #[cold]
    fn provide(&mut self, end: usize) -> bool {
        if end > self.length {
            return false;
        }
        let next = end.next_multiple_of(PIECE).min(self.length);
        let mode = rustix::fs::FallocateFlags::empty();
        let (from, count) = (self.provided as u64, (next - self.provided) as u64);
        if rustix::fs::fallocate(&self.file, mode, from, count).is_err() {
            return false;
        }
        self.provided = next;
        true
    }
}

impl Drop for RecordFile {
    fn drop(&mut self) {
        // SAFETY: mapped in `create`, and nobody else knows the place.
        unsafe { libc::munmap(self.memory.cast(), self.length) };
    }
}
