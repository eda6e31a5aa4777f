//! The operations behind `node:fs`: those that name a file by its path. Those on open files stand in `handles`.
//!
//! Every operation takes `sync` as its last argument: true runs it at once on the loop's thread (the program asked to wait, as with
//! `readFileSync`), false runs it on the blocking pool and returns a promise (ONE-WAIT). The work itself is `twinloop_web::fs::blocking`;
//! here are arguments, results and Node's errors.

use std::ffi::OsString;
use std::fs::{FileType, Metadata};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use twinloop_loop::Loop;
use twinloop_web::fs::blocking;

use super::error::{Failure, text_of_path};
use crate::builtins::permissions::{Access, limits};
use crate::engine::{Arguments, Error, IntoJs, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("fsAccess", 3, access),
    Op::new("fsChmod", 3, chmod),
    Op::new("fsChown", 5, chown),
    Op::new("fsCopyFile", 4, copy_file),
    Op::new("fsExists", 2, exists),
    Op::new("fsLink", 3, link),
    Op::new("fsMkdir", 4, mkdir),
    Op::new("fsMkdtemp", 2, mkdtemp),
    Op::new("fsReaddir", 2, readdir),
    Op::new("fsReadlink", 2, readlink),
    Op::new("fsRealpath", 2, realpath),
    Op::new("fsRename", 3, rename),
    Op::new("fsRm", 4, rm),
    Op::new("fsRmdir", 2, rmdir),
    Op::new("fsStat", 3, stat),
    Op::new("fsStatfs", 2, statfs),
    Op::new("fsSymlink", 3, symlink),
    Op::new("fsTruncate", 3, truncate),
    Op::new("fsUnlink", 2, unlink),
    Op::new("fsUtimes", 5, utimes),
];

/// Runs `work` now or on the pool, and gives its result, or a promise for it.
pub(crate) fn perform<'s, T, J>(
    scope: &Scope<'s>,
    sync: bool,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    make: impl FnOnce(T) -> J + 'static,
) -> Result<Local<'s>, Error>
where
    T: Send + 'static,
    J: IntoJs,
{
    if sync {
        return make(work()?).into_js(scope);
    }
    let running = Loop::current().spawn_blocking(work);
    scope.promise_from_call(async move {
        let outcome = running.await.map_err(broken)?;
        Ok(make(outcome?))
    })
}

/// What did not come to its end on the pool.
pub(super) fn broken(failure: impl std::fmt::Display) -> Error {
    Error::new(format!("a file operation broke: {failure}"))
}

/// A path: a string, or bytes where the name is not UTF-8.
pub(crate) fn path_of(scope: &Scope<'_>, value: Local<'_>) -> Result<PathBuf, Error> {
    if scope.is_buffer_source(value) {
        return Ok(PathBuf::from(OsString::from_vec(scope.bytes_of(value)?)));
    }
    Ok(PathBuf::from(scope.string_of(value)?))
}

/// A path at which the program wants to do this, and may.
pub(crate) fn permitted(
    scope: &Scope<'_>,
    value: Local<'_>,
    access: Access,
) -> Result<PathBuf, Error> {
    let path = path_of(scope, value)?;
    limits(scope).path(access, &path)?;
    Ok(path)
}

fn nothing(_: ()) {}

/// Most operations: one path, no result.
fn on_path<'s>(
    scope: &Scope<'s>,
    arguments: &Arguments<'s>,
    (access, sync_at): (Access, usize),
    syscall: &'static str,
    work: impl FnOnce(&Path) -> twinloop_web::Result<()> + Send + 'static,
) -> Result<Local<'s>, Error> {
    let path = permitted(scope, arguments.get(0), access)?;
    let sync = scope.bool_of(arguments.get(sync_at));
    perform(
        scope,
        sync,
        move || work(&path).map_err(|error| Failure::web(error, syscall, &path, None)),
        nothing,
    )
}

/// Two paths, no result; the error names both.
fn between<'s>(
    scope: &Scope<'s>,
    arguments: &Arguments<'s>,
    (from, to): (PathBuf, PathBuf),
    syscall: &'static str,
    work: impl FnOnce(&Path, &Path) -> twinloop_web::Result<()> + Send + 'static,
) -> Result<Local<'s>, Error> {
    let sync = scope.bool_of(arguments.get(2));
    let work =
        move || work(&from, &to).map_err(|error| Failure::web(error, syscall, &from, Some(&to)));
    perform(scope, sync, work, nothing)
}

/// A file's name and another that it gets, by which nobody may do more with it.
fn two_names(scope: &Scope<'_>, arguments: &Arguments<'_>) -> Result<(PathBuf, PathBuf), Error> {
    Ok((
        permitted(scope, arguments.get(0), Access::READ_AND_WRITE_NAME)?,
        permitted(scope, arguments.get(1), Access::WRITE_NAME)?,
    ))
}

fn access<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let mode = scope.number_of(arguments.get(1))? as u32;
    on_path(
        scope,
        &arguments,
        (Access::READ, 2),
        "access",
        move |path| blocking::access(path, mode),
    )
}

fn chmod<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let mode = scope.number_of(arguments.get(1))? as u32;
    on_path(
        scope,
        &arguments,
        (Access::WRITE, 2),
        "chmod",
        move |path| blocking::set_mode(path, mode),
    )
}

fn rmdir<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    on_path(
        scope,
        &arguments,
        (Access::WRITE_NAME, 1),
        "rmdir",
        |path| blocking::remove_dir(path),
    )
}

fn unlink<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    on_path(
        scope,
        &arguments,
        (Access::WRITE_NAME, 1),
        "unlink",
        |path| blocking::remove_file(path),
    )
}

fn truncate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let length = scope.number_of(arguments.get(1))? as u64;
    on_path(scope, &arguments, (Access::WRITE, 2), "open", move |path| {
        blocking::truncate(path, length)
    })
}

fn written(follow: bool) -> Access {
    if follow {
        Access::WRITE
    } else {
        Access::WRITE_NAME
    }
}

/// `fsUtimes(path, accessed, modified, follow, sync)`: times in seconds since 1970.
fn utimes<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let accessed = time_of(scope.number_of(arguments.get(1))?);
    let modified = time_of(scope.number_of(arguments.get(2))?);
    let follow = scope.bool_of(arguments.get(3));
    let syscall = if follow { "utime" } else { "lutime" };
    on_path(
        scope,
        &arguments,
        (written(follow), 4),
        syscall,
        move |path| blocking::set_times(path, accessed, modified, follow),
    )
}

/// `fsChown(path, user, group, follow, sync)`
fn chown<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let user = scope.number_of(arguments.get(1))? as i64 as u32;
    let group = scope.number_of(arguments.get(2))? as i64 as u32;
    let follow = scope.bool_of(arguments.get(3));
    let syscall = if follow { "chown" } else { "lchown" };
    on_path(
        scope,
        &arguments,
        (written(follow), 4),
        syscall,
        move |path| blocking::set_owner(path, user, group, follow),
    )
}

/// `fsStatfs(path, sync)`: the fields of a StatFs in its order.
fn statfs<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = permitted(scope, arguments.get(0), Access::READ)?;
    let sync = scope.bool_of(arguments.get(1));
    let work = move || {
        blocking::file_system(&path).map_err(|error| Failure::web(error, "statfs", &path, None))
    };
    perform(scope, sync, work, |found| {
        let fields = [
            found.kind,
            found.block_size,
            found.fragment_size,
            found.blocks,
            found.free,
            found.available,
            found.files,
            found.free_files,
        ];
        fields.map(|field| field as f64).to_vec()
    })
}

pub(super) fn time_of(seconds: f64) -> SystemTime {
    let distance = Duration::try_from_secs_f64(seconds.abs()).unwrap_or_default();
    let time = if seconds < 0.0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

fn link<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    between(
        scope,
        &arguments,
        two_names(scope, &arguments)?,
        "link",
        |from, to| blocking::hard_link(from, to),
    )
}

fn rename<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    between(
        scope,
        &arguments,
        two_names(scope, &arguments)?,
        "rename",
        |from, to| blocking::rename(from, to),
    )
}

fn symlink<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    limits(scope).make_links()?;
    let paths = (
        path_of(scope, arguments.get(0))?,
        path_of(scope, arguments.get(1))?,
    );
    between(scope, &arguments, paths, "symlink", |target, link| {
        blocking::symlink(target, link)
    })
}

/// `fsCopyFile(from, to, exclusive, sync)`
fn copy_file<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let (from, to) = (
        permitted(scope, arguments.get(0), Access::READ)?,
        permitted(scope, arguments.get(1), Access::WRITE)?,
    );
    let exclusive = scope.bool_of(arguments.get(2));
    let sync = scope.bool_of(arguments.get(3));
    let work = move || {
        if exclusive && to.symlink_metadata().is_ok() {
            return Err(Failure::number(
                libc::EEXIST,
                "copyfile",
                Some(&from),
                Some(&to),
            ));
        }
        match blocking::copy(&from, &to) {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::web(error, "copyfile", &from, Some(&to))),
        }
    };
    perform(scope, sync, work, nothing)
}

fn exists<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = permitted(scope, arguments.get(0), Access::READ)?;
    let sync = scope.bool_of(arguments.get(1));
    perform(
        scope,
        sync,
        move || Ok(blocking::exists(&path).unwrap_or(false)),
        |there| there,
    )
}

/// `fsMkdir(path, recursive, mode, sync)`: undefined, or with `recursive` the first directory that was made.
fn mkdir<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = permitted(scope, arguments.get(0), Access::WRITE)?;
    let recursive = scope.bool_of(arguments.get(1));
    let mode = scope.number_of(arguments.get(2))? as u32;
    let sync = scope.bool_of(arguments.get(3));
    let work = move || {
        let first = if recursive {
            first_missing(&path)
        } else {
            None
        };
        let made = if recursive {
            blocking::create_dir_all(&path, mode)
        } else {
            blocking::create_dir(&path, mode)
        };
        made.map_err(|error| Failure::web(error, "mkdir", &path, None))?;
        Ok(first.map(|first| text_of_path(&first)))
    };
    perform(scope, sync, work, |first| first)
}

fn first_missing(path: &Path) -> Option<PathBuf> {
    let missing = |path: &&Path| !path.as_os_str().is_empty() && path.symlink_metadata().is_err();
    path.ancestors()
        .take_while(missing)
        .last()
        .map(Path::to_path_buf)
}

/// The beginning of a folder's name, to which the system adds characters.
fn permitted_prefix(scope: &Scope<'_>, value: Local<'_>) -> Result<PathBuf, Error> {
    let prefix = path_of(scope, value)?;
    let mut named = prefix.clone().into_os_string();
    named.push("XXXXXX");
    limits(scope).path(Access::WRITE_NAME, Path::new(&named))?;
    Ok(prefix)
}

fn mkdtemp<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let prefix = permitted_prefix(scope, arguments.get(0))?;
    let sync = scope.bool_of(arguments.get(1));
    let work = move || {
        blocking::create_temporary_dir(&prefix)
            .map(|made| Name(made.into_os_string()))
            .map_err(|error| {
                let mut shown = prefix.into_os_string();
                shown.push("XXXXXX");
                Failure::web(error, "mkdtemp", Path::new(&shown), None)
            })
    };
    perform(scope, sync, work, |made| made)
}

/// A flat array: name, kind, name, kind, ...
fn readdir<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = permitted(scope, arguments.get(0), Access::READ)?;
    let sync = scope.bool_of(arguments.get(1));
    let work = move || {
        let mut entries = blocking::read_dir(&path)
            .map_err(|error| Failure::web(error, "scandir", &path, None))?;
        // As Node's `scandir` has them; programs count on the order without knowing.
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries
            .into_iter()
            .map(|entry| (Name(entry.name), kind_of(entry.file_type)))
            .collect::<Vec<_>>())
    };
    perform(scope, sync, work, Entries)
}

/// A name as text; one that is no UTF-8 as its bytes.
pub(super) struct Name(pub(super) OsString);

impl IntoJs for Name {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        match self.0.into_string() {
            Ok(text) => scope.string(&text),
            Err(name) => scope.uint8_array(name.into_vec()),
        }
    }
}

struct Entries(Vec<(Name, u8)>);

impl IntoJs for Entries {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        let mut items = Vec::with_capacity(self.0.len() * 2);
        for (name, kind) in self.0 {
            items.push(name.into_js(scope)?);
            items.push(scope.number(kind.into()));
        }
        scope.array(&items)
    }
}

/// Node's `UV_DIRENT_*`.
fn kind_of(file_type: Option<FileType>) -> u8 {
    match file_type {
        None => 0,
        Some(kind) if kind.is_file() => 1,
        Some(kind) if kind.is_dir() => 2,
        Some(kind) if kind.is_symlink() => 3,
        Some(kind) if kind.is_fifo() => 4,
        Some(kind) if kind.is_socket() => 5,
        Some(kind) if kind.is_char_device() => 6,
        Some(kind) if kind.is_block_device() => 7,
        Some(_) => 0,
    }
}

fn path_result<'s>(
    scope: &Scope<'s>,
    arguments: &Arguments<'s>,
    access: Access,
    syscall: &'static str,
    work: impl FnOnce(&Path) -> twinloop_web::Result<PathBuf> + Send + 'static,
) -> Result<Local<'s>, Error> {
    let path = permitted(scope, arguments.get(0), access)?;
    let sync = scope.bool_of(arguments.get(1));
    let work = move || match work(&path) {
        Ok(found) => Ok(Name(found.into_os_string())),
        Err(error) => Err(Failure::web(error, syscall, &path, None)),
    };
    perform(scope, sync, work, |found| found)
}

fn readlink<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    path_result(scope, &arguments, Access::READ_NAME, "readlink", |path| {
        blocking::read_link(path)
    })
}

fn realpath<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    path_result(scope, &arguments, Access::READ, "realpath", |path| {
        blocking::canonicalize(path)
    })
}

/// `fsRm(path, recursive, force, sync)`
fn rm<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = permitted(scope, arguments.get(0), Access::WRITE_NAME)?;
    let (recursive, force) = (
        scope.bool_of(arguments.get(1)),
        scope.bool_of(arguments.get(2)),
    );
    let sync = scope.bool_of(arguments.get(3));
    perform(
        scope,
        sync,
        move || remove(&path, recursive, force),
        nothing,
    )
}

fn remove(path: &Path, recursive: bool, force: bool) -> Result<(), Failure> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if force && error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::io(&error, "lstat", Some(path), None)),
    };
    let removed = match (metadata.is_dir(), recursive) {
        (true, false) => return Err(Failure::is_directory(path)),
        (true, true) => blocking::remove_dir_all(path),
        (false, _) => blocking::remove_file(path),
    };
    removed.map_err(|error| Failure::web(error, "rm", path, None))
}

/// `fsStat(path, follow, sync)`
fn stat<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let follow = scope.bool_of(arguments.get(1));
    let access = if follow {
        Access::READ
    } else {
        Access::READ_NAME
    };
    let path = permitted(scope, arguments.get(0), access)?;
    let sync = scope.bool_of(arguments.get(2));
    let work = move || {
        let found = if follow {
            blocking::metadata(&path)
        } else {
            blocking::symlink_metadata(&path)
        };
        found.map_err(|error| {
            Failure::web(error, if follow { "stat" } else { "lstat" }, &path, None)
        })
    };
    perform(scope, sync, work, |metadata| stat_fields(&metadata))
}

/// What `Stats` in `values.js` is made of, in its order.
pub(crate) fn stat_fields(metadata: &Metadata) -> Vec<f64> {
    let milliseconds =
        |seconds: i64, nanoseconds: i64| seconds as f64 * 1e3 + nanoseconds as f64 / 1e6;
    let changed = milliseconds(metadata.ctime(), metadata.ctime_nsec());
    let born = metadata
        .created()
        .ok()
        .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    let (born, born_nsec) = match born {
        Some(since) => (since.as_nanos() as f64 / 1e6, since.subsec_nanos().into()),
        None => (changed, metadata.ctime_nsec() as f64),
    };
    vec![
        metadata.dev() as f64,
        metadata.mode().into(),
        metadata.nlink() as f64,
        metadata.uid().into(),
        metadata.gid().into(),
        metadata.rdev() as f64,
        metadata.blksize() as f64,
        metadata.ino() as f64,
        metadata.size() as f64,
        metadata.blocks() as f64,
        milliseconds(metadata.atime(), metadata.atime_nsec()),
        milliseconds(metadata.mtime(), metadata.mtime_nsec()),
        changed,
        born,
        // What a number of milliseconds has no room for: the nanoseconds of each second.
        metadata.atime_nsec() as f64,
        metadata.mtime_nsec() as f64,
        metadata.ctime_nsec() as f64,
        born_nsec,
    ]
}
