//! The operations behind `node:fs` on open files, and whole-file reading and writing.
//!
//! JavaScript names an open file by its descriptor's number, as Node does; the table here maps numbers to files, so that no number
//! is used after its close and none that we did not open is touched, except the standard streams and what the
//! program's parent left open for it. Last argument `sync`: see `operations`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{File, FileTimes};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};

use super::error::Failure;
use super::operations::{perform, permitted, stat_fields, time_of};
use crate::builtins::permissions::{Access, limits};
use crate::builtins::results::Text;
use crate::engine::{Arguments, Bytes, Error, IntoJs, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("fsClose", 2, close),
    Op::new("fsFchmod", 3, fchmod),
    Op::new("fsFchown", 4, fchown),
    Op::new("fsFstat", 2, fstat),
    Op::new("fsFsync", 3, fsync),
    Op::new("fsFtruncate", 3, ftruncate),
    Op::new("fsFutimes", 4, futimes),
    Op::new("fsOpen", 4, open),
    Op::new("fsRead", 4, read),
    Op::new("fsReadFile", 3, read_file),
    Op::new("fsWrite", 4, write),
    Op::new("fsWriteFile", 5, write_file),
];

/// The files that the program has open.
#[derive(Default)]
struct OpenFiles(RefCell<HashMap<i32, Arc<File>>>);

fn file_of(scope: &Scope<'_>, value: Local<'_>, syscall: &'static str) -> Result<Arc<File>, Error> {
    let number = scope.int32_of(value)?;
    if let Some(file) = scope.state::<OpenFiles>().0.borrow().get(&number) {
        return Ok(file.clone());
    }
    let duplicate = match number {
        0 => rustix::io::dup(io::stdin()).map_err(io::Error::from),
        1 => rustix::io::dup(io::stdout()).map_err(io::Error::from),
        2 => rustix::io::dup(io::stderr()).map_err(io::Error::from),
        // What the program's parent gave it (`stdio` of `spawn`).
        number if number > 2 => twinloop_loop::inherited(number),
        _ => return Err(Failure::number(libc::EBADF, syscall, None, None).into()),
    };
    let duplicate = duplicate.map_err(|error| Failure::io(&error, syscall, None, None))?;
    Ok(Arc::new(File::from(duplicate)))
}

/// An operation on an open file.
fn on_file<'s, T: Send + 'static, J: IntoJs>(
    scope: &Scope<'s>,
    arguments: &Arguments<'s>,
    sync_at: usize,
    syscall: &'static str,
    work: impl FnOnce(&File) -> io::Result<T> + Send + 'static,
    make: impl FnOnce(T) -> J + 'static,
) -> Result<Local<'s>, Error> {
    let file = match file_of(scope, arguments.get(0), syscall) {
        Ok(file) => file,
        Err(error) if scope.bool_of(arguments.get(sync_at)) => return Err(error),
        Err(error) => return scope.promise_from_future::<()>(async move { Err(error) }),
    };
    let sync = scope.bool_of(arguments.get(sync_at));
    perform(
        scope,
        sync,
        move || work(&file).map_err(|error| Failure::io(&error, syscall, None, None)),
        make,
    )
}

fn nothing(_: ()) {}

/// `fsOpen(path, flags, mode, sync)`: the descriptor's number.
fn open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let flags = scope.number_of(arguments.get(1))? as i32;
    let path = permitted(scope, arguments.get(0), opened(flags))?;
    let mode = scope.number_of(arguments.get(2))? as u32;
    let sync = scope.bool_of(arguments.get(3));
    let files = scope.state::<OpenFiles>();
    let work = move || open_file(&path, flags, mode);
    perform(scope, sync, work, move |file| {
        let number = file.as_raw_fd();
        files.0.borrow_mut().insert(number, Arc::new(file));
        number
    })
}

/// What these flags open a file for.
fn opened(flags: i32) -> Access {
    let makes = flags & (libc::O_CREAT | libc::O_TRUNC) != 0;
    match flags & libc::O_ACCMODE {
        libc::O_RDWR => Access::READ_AND_WRITE,
        libc::O_WRONLY => Access::WRITE,
        _ if makes => Access::READ_AND_WRITE,
        _ => Access::READ,
    }
}

fn open_file(path: &PathBuf, flags: i32, mode: u32) -> Result<File, Failure> {
    let flags = OFlags::from_bits_retain(flags as u32) | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::from_bits_truncate(mode))
        .map(File::from)
        .map_err(|error| Failure::io(&error.into(), "open", Some(path), None))
}

fn close<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.int32_of(arguments.get(0))?;
    let sync = scope.bool_of(arguments.get(1));
    let file = scope.state::<OpenFiles>().0.borrow_mut().remove(&number);
    let work = move || match file {
        Some(file) => {
            drop(file);
            Ok(())
        }
        None => Err(Failure::number(libc::EBADF, "close", None, None)),
    };
    perform(scope, sync, work, nothing)
}

fn fchmod<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    limits(scope).change_open_files()?;
    let mode = Mode::from_bits_truncate(scope.number_of(arguments.get(1))? as u32);
    let work = move |file: &File| rustix::fs::fchmod(file, mode).map_err(io::Error::from);
    on_file(scope, &arguments, 2, "fchmod", work, nothing)
}

/// `fsFchown(fd, user, group, sync)`
fn fchown<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    limits(scope).change_open_files()?;
    let user = scope.number_of(arguments.get(1))? as i64 as u32;
    let group = scope.number_of(arguments.get(2))? as i64 as u32;
    let work = move |file: &File| std::os::unix::fs::fchown(file, Some(user), Some(group));
    on_file(scope, &arguments, 3, "fchown", work, nothing)
}

/// `fsFutimes(fd, accessed, modified, sync)`: times in seconds since 1970.
fn futimes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    limits(scope).change_open_files()?;
    let times = FileTimes::new()
        .set_accessed(time_of(scope.number_of(arguments.get(1))?))
        .set_modified(time_of(scope.number_of(arguments.get(2))?));
    let work = move |file: &File| file.set_times(times);
    on_file(scope, &arguments, 3, "futime", work, nothing)
}

fn fstat<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    on_file(scope, &arguments, 1, "fstat", File::metadata, |metadata| {
        stat_fields(&metadata)
    })
}

/// `fsFsync(fd, dataOnly, sync)`
fn fsync<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    if scope.bool_of(arguments.get(1)) {
        return on_file(scope, &arguments, 2, "fdatasync", File::sync_data, nothing);
    }
    on_file(scope, &arguments, 2, "fsync", File::sync_all, nothing)
}

fn ftruncate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let length = scope.number_of(arguments.get(1))? as u64;
    on_file(
        scope,
        &arguments,
        2,
        "ftruncate",
        move |file| file.set_len(length),
        nothing,
    )
}

/// A position in the file, or the file's own when negative or absent.
fn position_of(scope: &Scope<'_>, value: Local<'_>) -> Result<Option<u64>, Error> {
    if value.is_undefined() || value.is_null() {
        return Ok(None);
    }
    let number = scope.number_of(value)?;
    Ok((number >= 0.0).then_some(number as u64))
}

/// `fsRead(fd, length, position, sync)`: up to `length` bytes; none at the end of the file.
fn read<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let length = scope.number_of(arguments.get(1))? as usize;
    let position = position_of(scope, arguments.get(2))?;
    let work = move |mut file: &File| {
        let mut buffer = Vec::new();
        buffer
            .try_reserve_exact(length)
            .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        buffer.resize(length, 0);
        let count = match position {
            Some(position) => file.read_at(&mut buffer, position)?,
            None => file.read(&mut buffer)?,
        };
        buffer.truncate(count);
        Ok(buffer)
    };
    on_file(scope, &arguments, 3, "read", work, Bytes)
}

/// `fsWrite(fd, bytes, position, sync)`: how many bytes were written.
fn write<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let bytes = content_of(scope, arguments.get(1))?;
    let position = position_of(scope, arguments.get(2))?;
    let work = move |mut file: &File| match position {
        Some(position) => file.write_at(&bytes, position),
        None => file.write(&bytes),
    };
    on_file(scope, &arguments, 3, "write", work, |count| count)
}

/// What is to be written: a string as UTF-8, or the bytes of a buffer.
fn content_of(scope: &Scope<'_>, value: Local<'_>) -> Result<Vec<u8>, Error> {
    if scope.is_buffer_source(value) {
        return scope.bytes_of(value);
    }
    Ok(scope.string_of(value)?.into_bytes())
}

/// The largest file that is read as a whole, as in Node.
const MOST_BYTES: u64 = (1 << 31) - 1;

/// `fsReadFile(path or fd, asText, sync)`: a string, or a `Uint8Array`.
fn read_file<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let as_text = scope.bool_of(arguments.get(1));
    let make = move |bytes| Content { bytes, as_text };
    if arguments.get(0).as_f64().is_some() {
        let work = |mut file: &File| {
            let size = file.metadata().map_or(0, |metadata| metadata.len());
            twinloop_web::fs::blocking::require_size(size, MOST_BYTES)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map(|_| bytes)
        };
        return on_file(scope, &arguments, 2, "read", work, make);
    }
    let path = permitted(scope, arguments.get(0), Access::READ)?;
    let sync = scope.bool_of(arguments.get(2));
    let work = move || {
        twinloop_web::fs::blocking::read_within(&path, MOST_BYTES)
            .map_err(|error| Failure::web(error, "open", &path, None))
    };
    perform(scope, sync, work, make)
}

/// What was read.
struct Content {
    bytes: Vec<u8>,
    as_text: bool,
}

impl IntoJs for Content {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        if self.as_text {
            Text(self.bytes).into_js(scope)
        } else {
            Bytes(self.bytes).into_js(scope)
        }
    }
}

/// `fsWriteFile(path or fd, content, flags, mode, sync)`
fn write_file<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let content = content_of(scope, arguments.get(1))?;
    if arguments.get(0).as_f64().is_some() {
        let work = move |mut file: &File| file.write_all(&content);
        return on_file(scope, &arguments, 4, "write", work, nothing);
    }
    let flags = scope.number_of(arguments.get(2))? as i32;
    let path = permitted(scope, arguments.get(0), opened(flags))?;
    let mode = scope.number_of(arguments.get(3))? as u32;
    let sync = scope.bool_of(arguments.get(4));
    let work = move || {
        let mut file = open_file(&path, flags, mode)?;
        file.write_all(&content)
            .map_err(|error| Failure::io(&error, "write", None, None))
    };
    perform(scope, sync, work, nothing)
}
