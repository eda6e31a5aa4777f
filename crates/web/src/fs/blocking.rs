//! Every file operation, once, blocking. The parent module runs them on the pool; a face that has a synchronous API
//! (`readFileSync`) calls them directly, knowing that it stops the loop meanwhile.

use super::{Begun, DirEntry};
use crate::{Error, Result};
use rustix::fs::{Access, AtFlags, CWD, Timespec, Timestamps};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The whole file.
///
/// # Errors
/// As every function here: `is_file()`, with path, system call and cause.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    read_within(path, u64::MAX)
}

/// The whole file, which may have so many bytes; a larger one is refused as `FileTooLarge`, with its size as the text.
///
/// # Errors
/// As [`read`].
pub fn read_within(path: impl AsRef<Path>, most: u64) -> Result<Vec<u8>> {
    let path = path.as_ref();
    let mut file = File::open(path).map_err(about("open", path))?;
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    require_size(length, most).map_err(about("read", path))?;
    // One byte more than the file has, so that the read that finds the end needs no larger buffer.
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(
            usize::try_from(length)
                .unwrap_or(usize::MAX)
                .saturating_add(1),
        )
        .map_err(|_| Error::file("read", Some(path), io::ErrorKind::OutOfMemory.into()))?;
    file.read_to_end(&mut bytes).map_err(about("read", path))?;
    Ok(bytes)
}

/// Refuses a file of more bytes than it may have, as [`read_within`] does; for a file that is open already.
///
/// # Errors
/// `FileTooLarge`, with the size as the text.
pub fn require_size(size: u64, most: u64) -> io::Result<()> {
    if size > most {
        let kind = io::ErrorKind::FileTooLarge;
        return Err(io::Error::new(kind, size.to_string()));
    }
    Ok(())
}

/// The whole file, which must be UTF-8.
///
/// # Errors
/// As [`read`]; `InvalidData` when it is not UTF-8.
pub fn read_to_string(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    to_text(path, read(path)?)
}

/// The content of `path` as text.
pub(super) fn to_text(path: &Path, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes)
        .map_err(|cause| about("read", path)(io::Error::new(io::ErrorKind::InvalidData, cause)))
}

/// Creates or replaces the file.
///
/// # Errors
/// As [`read`].
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<()> {
    let path = path.as_ref();
    let mut file = File::create(path).map_err(about("open", path))?;
    file.write_all(bytes.as_ref()).map_err(about("write", path))
}

/// Adds to the end of the file, creating it when missing.
///
/// # Errors
/// As [`read`].
pub fn append(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<()> {
    let path = path.as_ref();
    let mut file = open(path, OpenOptions::new().append(true).create(true))?;
    file.write_all(bytes.as_ref()).map_err(about("write", path))
}

/// Opens a file as `options` say.
///
/// # Errors
/// As [`read`].
pub fn open(path: impl AsRef<Path>, options: &OpenOptions) -> Result<File> {
    let path = path.as_ref();
    options.open(path).map_err(about("open", path))
}

/// Opens a file for reading and reads up to `most` bytes of it, if it is a regular one.
///
/// # Errors
/// As [`read`].
pub fn open_and_read(path: impl AsRef<Path>, most: usize) -> Result<Begun> {
    let path = path.as_ref();
    let mut file = File::open(path).map_err(about("open", path))?;
    let known = file.metadata().map_err(about("fstat", path))?;
    if known.is_dir() {
        return Err(about("open", path)(io::ErrorKind::IsADirectory.into()));
    }
    let mut beginning = Vec::new();
    if known.is_file() {
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        // What the system makes up when it is read, as in /proc, has no length.
        let expected = most.min(known.len().saturating_add(1));
        beginning.reserve_exact(usize::try_from(expected).unwrap_or(0));
        (&mut file)
            .take(most)
            .read_to_end(&mut beginning)
            .map_err(about("read", path))?;
        file.rewind().map_err(about("lseek", path))?;
    }
    let length = known
        .is_file()
        .then(|| known.len().max(beginning.len() as u64));
    let file = super::File::from_std(file, path);
    Ok(Begun {
        file,
        length,
        beginning,
    })
}

/// What is known of the file at `path`, links followed.
///
/// # Errors
/// As [`read`].
pub fn metadata(path: impl AsRef<Path>) -> Result<Metadata> {
    let path = path.as_ref();
    fs::metadata(path).map_err(about("stat", path))
}

/// What is known of the file or link at `path` itself.
///
/// # Errors
/// As [`read`].
pub fn symlink_metadata(path: impl AsRef<Path>) -> Result<Metadata> {
    let path = path.as_ref();
    fs::symlink_metadata(path).map_err(about("lstat", path))
}

/// Whether something that can be reached is at `path`.
///
/// # Errors
/// Never, so far: what cannot be looked at is not there.
pub fn exists(path: impl AsRef<Path>) -> Result<bool> {
    Ok(fs::metadata(path.as_ref()).is_ok())
}

/// Fails unless this process may use `path` as `mode` says (`F_OK` 0, `R_OK` 4, `W_OK` 2, `X_OK` 1).
///
/// # Errors
/// As [`read`].
pub fn access(path: impl AsRef<Path>, mode: u32) -> Result<()> {
    let path = path.as_ref();
    let wanted = Access::from_bits_truncate(mode);
    rustix::fs::access(path, wanted).map_err(|cause| about("access", path)(cause.into()))
}

/// The entries of a directory, without `.` and `..`, in the order of the file system.
///
/// # Errors
/// As [`read`].
pub fn read_dir(path: impl AsRef<Path>) -> Result<Vec<DirEntry>> {
    let path = path.as_ref();
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(about("scandir", path))? {
        let entry = entry.map_err(about("scandir", path))?;
        entries.push(DirEntry {
            name: entry.file_name(),
            file_type: entry.file_type().ok(),
        });
    }
    Ok(entries)
}

/// Creates one directory.
///
/// # Errors
/// As [`read`].
pub fn create_dir(path: impl AsRef<Path>, mode: u32) -> Result<()> {
    let path = path.as_ref();
    fs::DirBuilder::new()
        .mode(mode)
        .create(path)
        .map_err(about("mkdir", path))
}

/// Creates a directory and those above it; one that exists is fine.
///
/// # Errors
/// As [`read`].
pub fn create_dir_all(path: impl AsRef<Path>, mode: u32) -> Result<()> {
    let path = path.as_ref();
    fs::DirBuilder::new()
        .mode(mode)
        .recursive(true)
        .create(path)
        .map_err(about("mkdir", path))
}

/// Creates a directory whose name begins with `prefix` and that nobody else has; returns its path.
///
/// # Errors
/// As [`read`].
pub fn create_temporary_dir(prefix: impl AsRef<Path>) -> Result<PathBuf> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyzABCDEF23";
    const ATTEMPTS: usize = 100;
    let prefix = prefix.as_ref();
    for _ in 0..ATTEMPTS {
        let mut random = [0; 6];
        getrandom::fill(&mut random).map_err(|cause| about("mkdtemp", prefix)(cause.into()))?;
        let mut name = prefix.as_os_str().to_owned();
        name.push(
            random
                .map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]))
                .iter()
                .collect::<String>(),
        );
        let path = PathBuf::from(name);
        match fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(about("mkdtemp", &path)(cause)),
        }
    }
    Err(about("mkdtemp", prefix)(
        io::ErrorKind::AlreadyExists.into(),
    ))
}

/// Removes a file or link.
///
/// # Errors
/// As [`read`].
pub fn remove_file(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    fs::remove_file(path).map_err(about("unlink", path))
}

/// Removes an empty directory.
///
/// # Errors
/// As [`read`].
pub fn remove_dir(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    fs::remove_dir(path).map_err(about("rmdir", path))
}

/// Removes a directory and all in it; links are removed, not followed.
///
/// # Errors
/// As [`read`].
pub fn remove_dir_all(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    fs::remove_dir_all(path).map_err(about("rm", path))
}

/// Renames, replacing what is at `to`.
///
/// # Errors
/// As [`read`], naming both paths.
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<()> {
    let (from, to) = (from.as_ref(), to.as_ref());
    fs::rename(from, to).map_err(between("rename", from, to))
}

/// Copies a file's content and permissions; returns the number of bytes.
///
/// # Errors
/// As [`read`], naming both paths.
pub fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<u64> {
    let (from, to) = (from.as_ref(), to.as_ref());
    fs::copy(from, to).map_err(between("copyfile", from, to))
}

/// Makes `link` another name of the file `original`.
///
/// # Errors
/// As [`read`], naming both paths.
pub fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> Result<()> {
    let (original, link) = (original.as_ref(), link.as_ref());
    fs::hard_link(original, link).map_err(between("link", original, link))
}

/// Makes `link` a symbolic link that says `original`.
///
/// # Errors
/// As [`read`], naming both paths.
pub fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> Result<()> {
    let (original, link) = (original.as_ref(), link.as_ref());
    std::os::unix::fs::symlink(original, link).map_err(between("symlink", original, link))
}

/// What a symbolic link says.
///
/// # Errors
/// As [`read`].
pub fn read_link(path: impl AsRef<Path>) -> Result<PathBuf> {
    let path = path.as_ref();
    fs::read_link(path).map_err(about("readlink", path))
}

/// The absolute path without links, `.` and `..`.
///
/// # Errors
/// As [`read`].
pub fn canonicalize(path: impl AsRef<Path>) -> Result<PathBuf> {
    let path = path.as_ref();
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => pipe_behind(path)
            .ok_or(error)
            .map_err(about("realpath", path)),
        outcome => outcome.map_err(about("realpath", path)),
    }
}

/// Where the links lead to a pipe or a socket, which has no path that leads back to it: `/dev/stdin` is `/proc/7/fd/pipe:[5]`.
fn pipe_behind(path: &Path) -> Option<PathBuf> {
    let kind = fs::metadata(path).ok()?.file_type();
    if !kind.is_fifo() && !kind.is_socket() {
        return None;
    }
    let mut place = path.to_path_buf();
    // As many links as the system follows.
    for _ in 0..40 {
        let folder = fs::canonicalize(place.parent()?).ok()?;
        place = folder.join(place.file_name()?);
        match fs::read_link(&place) {
            Ok(target) => place = folder.join(target),
            Err(_) => return Some(place),
        }
    }
    None
}

/// Changes the permission bits.
///
/// # Errors
/// As [`read`].
pub fn set_mode(path: impl AsRef<Path>, mode: u32) -> Result<()> {
    let path = path.as_ref();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(about("chmod", path))
}

/// Cuts the file, or fills it with zeros, to `length` bytes.
///
/// # Errors
/// As [`read`].
pub fn truncate(path: impl AsRef<Path>, length: u64) -> Result<()> {
    let path = path.as_ref();
    let file = open(path, OpenOptions::new().write(true))?;
    file.set_len(length).map_err(about("ftruncate", path))
}

/// Changes the times of last access and modification; of a link itself, unless `follow`.
///
/// # Errors
/// As [`read`].
pub fn set_times(
    path: impl AsRef<Path>,
    accessed: SystemTime,
    modified: SystemTime,
    follow: bool,
) -> Result<()> {
    let path = path.as_ref();
    let times = Timestamps {
        last_access: timespec(accessed),
        last_modification: timespec(modified),
    };
    let (flags, operation) = if follow {
        (AtFlags::empty(), "utime")
    } else {
        (AtFlags::SYMLINK_NOFOLLOW, "lutime")
    };
    rustix::fs::utimensat(CWD, path, &times, flags)
        .map_err(|error| about(operation, path)(error.into()))
}

fn timespec(time: SystemTime) -> Timespec {
    let (seconds, nanoseconds) = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => (since.as_secs() as i64, since.subsec_nanos()),
        Err(before) => {
            // The nanoseconds count forwards, also before 1970.
            let before = before.duration();
            match before.subsec_nanos() {
                0 => (-(before.as_secs() as i64), 0),
                rest => (-(before.as_secs() as i64) - 1, 1_000_000_000 - rest),
            }
        }
    };
    Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds.into(),
    }
}

/// Changes who owns the file; of a link itself, unless `follow`.
///
/// # Errors
/// As [`read`].
pub fn set_owner(path: impl AsRef<Path>, user: u32, group: u32, follow: bool) -> Result<()> {
    let path = path.as_ref();
    if follow {
        std::os::unix::fs::chown(path, Some(user), Some(group)).map_err(about("chown", path))
    } else {
        std::os::unix::fs::lchown(path, Some(user), Some(group)).map_err(about("lchown", path))
    }
}

/// What a file system says of itself, in the order of Node's `StatFs`.
#[derive(Debug, Clone, Copy)]
pub struct FileSystem {
    /// Its magic number.
    pub kind: u64,
    /// Size of a block in bytes.
    pub block_size: u64,
    /// Size of a fragment in bytes, in which blocks are counted.
    pub fragment_size: u64,
    /// Blocks in all.
    pub blocks: u64,
    /// Blocks that are free.
    pub free: u64,
    /// Blocks that are free to users without privileges.
    pub available: u64,
    /// File nodes in all.
    pub files: u64,
    /// File nodes that are free.
    pub free_files: u64,
}

/// Asks the file system that has this file.
///
/// # Errors
/// As [`read`].
pub fn file_system(path: impl AsRef<Path>) -> Result<FileSystem> {
    let path = path.as_ref();
    let found = rustix::fs::statfs(path).map_err(|error| about("statfs", path)(error.into()))?;
    Ok(FileSystem {
        kind: found.f_type as u64,
        block_size: found.f_bsize as u64,
        fragment_size: found.f_frsize as u64,
        blocks: found.f_blocks,
        free: found.f_bfree,
        available: found.f_bavail,
        files: found.f_files,
        free_files: found.f_ffree,
    })
}

fn about(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |cause| Error::file(operation, Some(path), cause)
}

fn between(operation: &'static str, from: &Path, to: &Path) -> impl FnOnce(io::Error) -> Error {
    move |cause| Error::file(operation, Some(from), cause).with_destination(to)
}
