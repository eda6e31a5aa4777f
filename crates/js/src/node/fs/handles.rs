//! The operations behind `node:fs` on open files, and whole-file reading and writing.
//!
//! JavaScript names an open file by its descriptor's number, as Node does; the table here maps numbers to files, so that no number
//! is used after its close and none that we did not open is touched, except the standard streams and what the
//! program's parent left open for it. Last argument `sync`: see `operations`.
//!
//! What the system has in its cache is opened, read and closed on the loop's thread (`twinloop_web::fs::cached`), in a later turn all the same:
//! programs expect their immediates before it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{File, FileTimes};
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;

use rustix::fs::{Mode, OFlags};

use twinloop_loop::Loop;
use twinloop_web::fs::cached;
use twinloop_web::{REUSED_SIZE, Reused};

use super::error::Failure;
use super::operations::{broken, perform, permitted, stat_fields, time_of};
use crate::builtins::permissions::{Access, limits};
use crate::builtins::results::Text;
use crate::engine::{Arguments, Bytes, Error, IntoJs, Local, Op, Scope, Slot};

pub(crate) const OPS: &[Op] = &[
    Op::new("fsClose", 2, close),
    Op::new("fsFchmod", 3, fchmod),
    Op::new("fsFchown", 4, fchown),
    Op::new("fsFstat", 2, fstat),
    Op::new("fsFsync", 3, fsync),
    Op::new("fsFtruncate", 3, ftruncate),
    Op::new("fsFutimes", 4, futimes),
    Op::new("fsOpen", 4, open),
    Op::new("fsRead", 6, read),
    Op::new("fsReadFile", 3, read_file),
    Op::new("fsWrite", 4, write),
    Op::new("fsWriteFile", 5, write_file),
];

/// The files that the program has open.
#[derive(Default)]
struct OpenFiles {
    files: RefCell<HashMap<i32, OpenFile>>,
    /// Which of the standard streams it has closed.
    closed: RefCell<[bool; 3]>,
}

impl OpenFiles {
    fn is_closed(&self, number: i32) -> bool {
        usize::try_from(number)
            .ok()
            .and_then(|number| self.closed.borrow().get(number).copied())
            .unwrap_or(false)
    }

    /// Closes what the program's parent left open for it.
    fn close_inherited(&self, number: i32) -> io::Result<()> {
        if self.is_closed(number) {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        }
        twinloop_loop::close_inherited(number)?;
        if let Ok(number) = usize::try_from(number)
            && let Some(closed) = self.closed.borrow_mut().get_mut(number)
        {
            *closed = true;
        }
        Ok(())
    }
}

struct OpenFile {
    file: Arc<File>,
    /// It was found in the system's cache, on a file system that does not wait for others.
    is_cached: bool,
}

fn file_of(scope: &Scope<'_>, value: Local<'_>, syscall: &'static str) -> Result<Arc<File>, Error> {
    let number = scope.int32_of(value)?;
    let files = scope.state::<OpenFiles>();
    if let Some(open) = files.files.borrow().get(&number) {
        return Ok(open.file.clone());
    }
    let duplicate = match number {
        number if files.is_closed(number) => Err(io::Error::from_raw_os_error(libc::EBADF)),
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
        Err(error) => return scope.promise_from_call::<()>(async move { Err(error) }),
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
    let files = scope.state::<OpenFiles>();
    let keep = move |file: File, is_cached| {
        let number = file.as_raw_fd();
        let file = Arc::new(file);
        (files.files.borrow_mut()).insert(number, OpenFile { file, is_cached });
        number
    };
    if scope.bool_of(arguments.get(3)) {
        return keep(open_file(&path, flags, mode)?, false).into_js(scope);
    }
    scope.promise_from_call(async move {
        if flags & !libc::O_CLOEXEC == libc::O_RDONLY {
            later().await;
            if let Some(file) = cached::open_for_reading(&path) {
                return Ok(keep(file, true));
            }
        }
        let opening = Loop::current().spawn_blocking(move || open_file(&path, flags, mode));
        Ok(keep(opening.await.map_err(broken)??, false))
    })
}

/// Waits until the immediates have run that a program has asked for by now, before whatever comes behind them: no file is faster, in Node either.
async fn later() {
    let mut turns = 2;
    poll_fn(move |context| {
        if turns == 0 {
            return Poll::Ready(());
        }
        turns -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
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
    let files = scope.state::<OpenFiles>();
    let open = files.files.borrow_mut().remove(&number);
    let is_cached = |open: &OpenFile| open.is_cached && cached::may_close(&open.file);
    if !sync && open.as_ref().is_some_and(is_cached) {
        return scope.promise_from_future(async move {
            later().await;
            drop(open);
            Ok(())
        });
    }
    // What is not of this table is closed here: that waits for nothing but what was written to a pipe or terminal already.
    let outcome = match &open {
        Some(_) => Ok(()),
        // A program that may not write has no say in what belongs to the whole process.
        None if limits(scope).change_open_files().is_ok() => files.close_inherited(number),
        None => Err(io::Error::from_raw_os_error(libc::EBADF)),
    };
    let outcome = outcome.map_err(|_| Failure::number(libc::EBADF, "close", None, None));
    let work = move || {
        drop(open);
        outcome
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

/// `fsRead(fd, buffer, offset, length, position, sync)`: how many bytes were read into the buffer; none at the end of the file.
fn read<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let buffer = arguments.get(1);
    let offset = scope.number_of(arguments.get(2))? as usize;
    let length = scope.number_of(arguments.get(3))? as usize;
    let position = position_of(scope, arguments.get(4))?;
    let sync = scope.bool_of(arguments.get(5));
    let file = match file_of(scope, arguments.get(0), "read") {
        Ok(file) => file,
        Err(error) if sync => return Err(error),
        Err(error) => return scope.promise_from_call::<()>(async move { Err(error) }),
    };
    if sync {
        let count = scope.with_bytes_mut(buffer, |bytes| {
            read_into(&file, part_of(bytes, offset, length), position)
        })?;
        let count = count.map_err(|error| Failure::io(&error, "read", None, None))?;
        return Ok(scope.number(count as f64));
    }
    let buffer = scope.persist(buffer);
    scope.promise_from_call(async move {
        let piece = read_piece(file, length, position).await?;
        Ok(Filled {
            buffer,
            offset,
            piece,
        })
    })
}

fn part_of(bytes: &mut [u8], offset: usize, length: usize) -> &mut [u8] {
    let offset = offset.min(bytes.len());
    let end = offset.saturating_add(length).min(bytes.len());
    &mut bytes[offset..end]
}

fn read_into(mut file: &File, buffer: &mut [u8], position: Option<u64>) -> io::Result<usize> {
    loop {
        let outcome = match position {
            Some(position) => file.read_at(buffer, position),
            None => file.read(buffer),
        };
        match outcome {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// What was read, until it is copied to where the program wants it: that is no place to write to while the program runs.
struct Piece {
    memory: Memory,
    count: usize,
}

enum Memory {
    Reused(Reused),
    Own(Vec<u8>),
}

impl Piece {
    fn of(length: usize) -> io::Result<Piece> {
        let memory = if length <= REUSED_SIZE {
            Memory::Reused(Reused::take())
        } else {
            let mut memory = Vec::new();
            memory
                .try_reserve_exact(length)
                .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
            memory.resize(length, 0);
            Memory::Own(memory)
        };
        Ok(Piece { memory, count: 0 })
    }

    fn bytes(&mut self) -> &mut [u8] {
        match &mut self.memory {
            Memory::Reused(memory) => memory,
            Memory::Own(memory) => memory,
        }
    }
}

async fn read_piece(file: Arc<File>, length: usize, position: Option<u64>) -> Result<Piece, Error> {
    let failed = |error| Failure::io(&error, "read", None, None);
    if length <= cached::LARGEST_READ {
        later().await;
    }
    let mut piece = Piece::of(length).map_err(failed)?;
    let (count, is_all) = cached::read_at(&file, &mut piece.bytes()[..length], position);
    piece.count = count;
    if is_all {
        return Ok(piece);
    }
    let reading = Loop::current().spawn_blocking(move || {
        let position = position.map(|position| position + count as u64);
        match read_into(&file, &mut piece.bytes()[count..length], position) {
            Ok(more) => piece.count += more,
            // What was read before is not lost.
            Err(_) if count > 0 => {}
            Err(error) => return Err(failed(error)),
        }
        Ok(piece)
    });
    Ok(reading.await.map_err(broken)??)
}

/// What was read into a buffer, and where.
struct Filled {
    buffer: Slot,
    offset: usize,
    piece: Piece,
}

impl IntoJs for Filled {
    fn into_js<'s>(mut self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        let count = self.piece.count;
        let buffer = scope.local(&self.buffer);
        // One that was given away meanwhile has no bytes.
        if scope.is_buffer_source(buffer) {
            scope.with_bytes_mut(buffer, |bytes| {
                let part = part_of(bytes, self.offset, count);
                part.copy_from_slice(&self.piece.bytes()[..part.len()]);
            })?;
        }
        Ok(scope.number(count as f64))
    }
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
    let whole = |path: &PathBuf| {
        twinloop_web::fs::blocking::read_within(path, MOST_BYTES)
            .map_err(|error| Failure::web(error, "open", path, None))
    };
    if sync {
        return make(whole(&path)?).into_js(scope);
    }
    scope.promise_from_call(async move {
        later().await;
        if let Some(bytes) = cached::read(&path) {
            return Ok(make(bytes));
        }
        let reading = Loop::current().spawn_blocking(move || whole(&path));
        Ok(make(reading.await.map_err(broken)??))
    })
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
