//! Files, on the blocking pool.
//!
//! Each operation exists once, as a blocking function in [`blocking`], and once more here, where it runs on the pool and
//! returns an [`Operation`]: whole operations travel (open, stat, read and close of a file are one trip, 10 us, not
//! four). A small file that the system has in its cache is read on the spot (`cached`). An error keeps the `io::ErrorKind`, the path and the system call's name (`Error::operation`).
//!
//! # Cancel safety
//! Every operation starts at once, not when first polled, and runs to its end: dropping its future only forgets the
//! result. (A write that is half done is worse than one that is done.)

pub mod blocking;
pub mod cached;
mod file;
mod watch;

pub use file::File;
pub use std::fs::{FileType, Metadata, OpenOptions, Permissions};
pub use watch::{Change, Event, Watch};

use crate::{Error, ErrorKind, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use twinloop_loop::{JoinHandle, Loop};

/// A file operation that has been started: under way on the blocking pool, or done already.
#[must_use = "the operation runs, but its error would go unseen"]
pub struct Operation<T> {
    progress: Progress<T>,
}

enum Progress<T> {
    Started(JoinHandle<Result<T>>),
    /// `None` once the result has been taken.
    Done(Option<Result<T>>),
}

/// The result is moved out, never pinned.
impl<T> Unpin for Operation<T> {}

impl<T> Future for Operation<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        let broken = |what: &dyn std::fmt::Display| {
            Error::new(
                ErrorKind::Internal,
                format!("a file operation broke: {what}"),
            )
        };
        Poll::Ready(match &mut self.progress {
            Progress::Started(handle) => match ready!(Pin::new(handle).poll(context)) {
                Ok(result) => result,
                Err(failure) => Err(broken(&failure)),
            },
            Progress::Done(result) => match result.take() {
                Some(result) => result,
                None => Err(broken(&"its result was taken already")),
            },
        })
    }
}

/// Starts `operation` on the blocking pool.
fn start<T: Send + 'static>(
    operation: impl FnOnce() -> Result<T> + Send + 'static,
) -> Operation<T> {
    Operation {
        progress: Progress::Started(Loop::current().spawn_blocking(operation)),
    }
}

fn start_at<T: Send + 'static>(
    path: impl AsRef<Path>,
    operation: impl FnOnce(&Path) -> Result<T> + Send + 'static,
) -> Operation<T> {
    let path = path.as_ref().to_path_buf();
    start(move || operation(&path))
}

fn start_between<T: Send + 'static>(
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
    operation: impl FnOnce(&Path, &Path) -> Result<T> + Send + 'static,
) -> Operation<T> {
    let (from, to) = (from.as_ref().to_path_buf(), to.as_ref().to_path_buf());
    start(move || operation(&from, &to))
}

/// One entry of a directory.
#[derive(Clone, Debug)]
pub struct DirEntry {
    /// Its name within the directory.
    pub name: OsString,
    /// What it is, without following links; `None` when it vanished meanwhile.
    pub file_type: Option<FileType>,
}

/// The whole file. One that is small and in the system's cache is read at once, see `cached`.
pub fn read(path: impl AsRef<Path>) -> Operation<Vec<u8>> {
    match cached::read(path.as_ref()) {
        Some(bytes) => Operation {
            progress: Progress::Done(Some(Ok(bytes))),
        },
        None => start_at(path, |path| blocking::read(path)),
    }
}

/// The whole file, which must be UTF-8.
pub fn read_to_string(path: impl AsRef<Path>) -> Operation<String> {
    match cached::read(path.as_ref()) {
        Some(bytes) => Operation {
            progress: Progress::Done(Some(blocking::to_text(path.as_ref(), bytes))),
        },
        None => start_at(path, |path| blocking::read_to_string(path)),
    }
}

/// Creates or replaces the file.
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]> + Send + 'static) -> Operation<()> {
    start_at(path, move |path| blocking::write(path, bytes))
}

/// Adds to the end of the file, creating it when missing.
pub fn append(path: impl AsRef<Path>, bytes: impl AsRef<[u8]> + Send + 'static) -> Operation<()> {
    start_at(path, move |path| blocking::append(path, bytes))
}

/// Opens a file as `options` say.
pub fn open(path: impl AsRef<Path>, options: OpenOptions) -> Operation<File> {
    start_at(path, move |path| {
        blocking::open(path, &options).map(|file| File::from_std(file, path))
    })
}

/// A file that was opened for reading, with its beginning.
#[derive(Debug)]
pub struct Begun {
    /// The file, at its beginning.
    pub file: File,
    /// How many bytes a regular file has; `None` for one that is read as it comes, such as a pipe.
    pub length: Option<u64>,
    /// Its first bytes; of a file that is not regular, none.
    pub beginning: Vec<u8>,
}

/// Opens a file for reading and reads up to `most` bytes of it, in one trip. One that is small and in the system's cache is read at once.
pub fn open_and_read(path: impl AsRef<Path>, most: usize) -> Operation<Begun> {
    match cached::open(path.as_ref(), most) {
        Some(begun) => Operation {
            progress: Progress::Done(Some(Ok(begun))),
        },
        None => start_at(path, move |path| blocking::open_and_read(path, most)),
    }
}

/// What is known of the file at `path`, links followed.
pub fn metadata(path: impl AsRef<Path>) -> Operation<Metadata> {
    start_at(path, |path| blocking::metadata(path))
}

/// What is known of the file or link at `path` itself.
pub fn symlink_metadata(path: impl AsRef<Path>) -> Operation<Metadata> {
    start_at(path, |path| blocking::symlink_metadata(path))
}

/// Whether something that can be reached is at `path`.
pub fn exists(path: impl AsRef<Path>) -> Operation<bool> {
    start_at(path, |path| blocking::exists(path))
}

/// Fails unless this process may use `path` as `mode` says (`F_OK` 0, `R_OK` 4, `W_OK` 2, `X_OK` 1).
pub fn access(path: impl AsRef<Path>, mode: u32) -> Operation<()> {
    start_at(path, move |path| blocking::access(path, mode))
}

/// The entries of a directory, without `.` and `..`, in the order of the file system.
pub fn read_dir(path: impl AsRef<Path>) -> Operation<Vec<DirEntry>> {
    start_at(path, |path| blocking::read_dir(path))
}

/// Creates one directory.
pub fn create_dir(path: impl AsRef<Path>, mode: u32) -> Operation<()> {
    start_at(path, move |path| blocking::create_dir(path, mode))
}

/// Creates a directory and those above it; one that exists is fine.
pub fn create_dir_all(path: impl AsRef<Path>, mode: u32) -> Operation<()> {
    start_at(path, move |path| blocking::create_dir_all(path, mode))
}

/// Creates a directory whose name begins with `prefix` and that nobody else has; returns its path.
pub fn create_temporary_dir(prefix: impl AsRef<Path>) -> Operation<PathBuf> {
    start_at(prefix, |prefix| blocking::create_temporary_dir(prefix))
}

/// Removes a file or link.
pub fn remove_file(path: impl AsRef<Path>) -> Operation<()> {
    start_at(path, |path| blocking::remove_file(path))
}

/// Removes an empty directory.
pub fn remove_dir(path: impl AsRef<Path>) -> Operation<()> {
    start_at(path, |path| blocking::remove_dir(path))
}

/// Removes a directory and all in it; links are removed, not followed.
pub fn remove_dir_all(path: impl AsRef<Path>) -> Operation<()> {
    start_at(path, |path| blocking::remove_dir_all(path))
}

/// Renames, replacing what is at `to`.
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Operation<()> {
    start_between(from, to, |from, to| blocking::rename(from, to))
}

/// Copies a file's content and permissions; returns the number of bytes.
pub fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Operation<u64> {
    start_between(from, to, |from, to| blocking::copy(from, to))
}

/// Makes `link` another name of the file `original`.
pub fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> Operation<()> {
    start_between(original, link, |original, link| {
        blocking::hard_link(original, link)
    })
}

/// Makes `link` a symbolic link that says `original`.
pub fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> Operation<()> {
    start_between(original, link, |original, link| {
        blocking::symlink(original, link)
    })
}

/// What a symbolic link says.
pub fn read_link(path: impl AsRef<Path>) -> Operation<PathBuf> {
    start_at(path, |path| blocking::read_link(path))
}

/// The absolute path without links, `.` and `..`.
pub fn canonicalize(path: impl AsRef<Path>) -> Operation<PathBuf> {
    start_at(path, |path| blocking::canonicalize(path))
}

/// Changes the permission bits.
pub fn set_mode(path: impl AsRef<Path>, mode: u32) -> Operation<()> {
    start_at(path, move |path| blocking::set_mode(path, mode))
}

/// Cuts the file, or fills it with zeros, to `length` bytes.
pub fn truncate(path: impl AsRef<Path>, length: u64) -> Operation<()> {
    start_at(path, move |path| blocking::truncate(path, length))
}

/// Changes the times of last access and modification.
pub fn set_times(
    path: impl AsRef<Path>,
    accessed: std::time::SystemTime,
    modified: std::time::SystemTime,
) -> Operation<()> {
    start_at(path, move |path| {
        blocking::set_times(path, accessed, modified, true)
    })
}
