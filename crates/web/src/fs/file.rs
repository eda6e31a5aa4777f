//! An open file.
//!
//! A cheap handle: clones share the descriptor and its position. Operations at an explicit offset may overlap; those at
//! the position run in the order in which they reach the pool, so await one before the next. The descriptor is closed
//! when the last handle and operation are gone, or by [`File::close`], which reports the error.

use super::{Operation, start};
use crate::{Error, Result};
use bytes::Bytes;
use std::fs::{FileTimes, Metadata, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// An open file whose operations run on the blocking pool.
#[derive(Clone, Debug)]
pub struct File {
    shared: Arc<SharedFile>,
}

#[derive(Debug)]
struct SharedFile {
    file: std::fs::File,
    path: Box<Path>,
}

impl File {
    /// Takes over a file that is open already; `path` is for messages.
    pub fn from_std(file: std::fs::File, path: &Path) -> File {
        File {
            shared: Arc::new(SharedFile {
                file,
                path: path.into(),
            }),
        }
    }

    /// The path that it was opened by.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// The number of its descriptor.
    pub fn as_raw_fd(&self) -> RawFd {
        self.shared.file.as_raw_fd()
    }

    /// Up to `most` bytes at the position, which moves on; empty at the end of the file.
    pub fn read(&self, most: usize) -> Operation<Vec<u8>> {
        self.start("read", move |file| {
            filled_once(most, |buffer| (&*file).read(buffer))
        })
    }

    /// Everything from the position to the end.
    pub fn read_to_end(&self) -> Operation<Vec<u8>> {
        self.start("read", |mut file| {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map(|_count| bytes)
        })
    }

    /// Up to `most` bytes at `offset`; the position stays. Empty at the end of the file.
    pub fn read_at(&self, offset: u64, most: usize) -> Operation<Vec<u8>> {
        self.start("read", move |file| {
            filled_once(most, |buffer| file.read_at(buffer, offset))
        })
    }

    /// Writes all of `bytes` at the position, which moves on.
    pub fn write(&self, bytes: impl Into<Bytes>) -> Operation<()> {
        let bytes = bytes.into();
        self.start("write", move |mut file| file.write_all(&bytes))
    }

    /// Writes all of `bytes` at `offset`; the position stays.
    pub fn write_at(&self, offset: u64, bytes: impl Into<Bytes>) -> Operation<()> {
        let bytes = bytes.into();
        self.start("write", move |file| file.write_all_at(&bytes, offset))
    }

    /// Moves the position; returns it, counted from the start.
    pub fn seek(&self, to: SeekFrom) -> Operation<u64> {
        self.start("lseek", move |mut file| file.seek(to))
    }

    /// What is known of the file.
    pub fn metadata(&self) -> Operation<Metadata> {
        self.start("fstat", |file| file.metadata())
    }

    /// Cuts it, or fills it with zeros, to `length` bytes.
    pub fn set_len(&self, length: u64) -> Operation<()> {
        self.start("ftruncate", move |file| file.set_len(length))
    }

    /// Changes the permission bits.
    pub fn set_mode(&self, mode: u32) -> Operation<()> {
        self.start("fchmod", move |file| {
            file.set_permissions(Permissions::from_mode(mode))
        })
    }

    /// Changes the times of last access and modification.
    pub fn set_times(&self, accessed: SystemTime, modified: SystemTime) -> Operation<()> {
        let times = FileTimes::new()
            .set_accessed(accessed)
            .set_modified(modified);
        self.start("futime", move |file| file.set_times(times))
    }

    /// Waits until content and metadata are on the disk.
    pub fn sync_all(&self) -> Operation<()> {
        self.start("fsync", |file| file.sync_all())
    }

    /// Waits until the content is on the disk.
    pub fn sync_data(&self) -> Operation<()> {
        self.start("fdatasync", |file| file.sync_data())
    }

    /// Closes this handle; when it is the last one, on the pool, as a network file system may block.
    pub fn close(self) -> Operation<()> {
        start(move || {
            drop(self);
            Ok(())
        })
    }

    /// Runs a blocking operation on the file now, on this thread; for faces with a synchronous API.
    ///
    /// # Errors
    /// What `operation` returns, with `name` as the system call and the file's path.
    pub fn blocking<T>(
        &self,
        name: &'static str,
        operation: impl FnOnce(&std::fs::File) -> io::Result<T>,
    ) -> Result<T> {
        operation(&self.shared.file)
            .map_err(|cause| Error::file(name, Some(&self.shared.path), cause))
    }

    fn start<T: Send + 'static>(
        &self,
        name: &'static str,
        operation: impl FnOnce(&std::fs::File) -> io::Result<T> + Send + 'static,
    ) -> Operation<T> {
        let file = self.clone();
        start(move || file.blocking(name, operation))
    }
}

/// The result of one read into a buffer of `most` bytes.
fn filled_once(most: usize, read: impl Fn(&mut [u8]) -> io::Result<usize>) -> io::Result<Vec<u8>> {
    let mut buffer = Vec::new();
    buffer
        .try_reserve_exact(most)
        .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    buffer.resize(most, 0);
    loop {
        match read(&mut buffer) {
            Ok(count) => {
                buffer.truncate(count);
                return Ok(buffer);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
