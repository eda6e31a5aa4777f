//! The file of `localStorage` (`--localstorage-file`): a log of changes, a line of JSON each, so that a change costs one short write and a
//! program that dies in the middle loses at most its last line. Without a file the storage ends with the program.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use crate::Js;
use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(super) const OPS: &[Op] = &[
    Op::new("storageAppend", 1, append),
    Op::new("storageOpen", 0, open),
    Op::new("storageReplace", 1, replace),
];

/// The same for programs that are run by Python.
const VARIABLE: &str = "TWINLOOP_LOCALSTORAGE_FILE";

/// Where a context's `localStorage` is kept.
#[derive(Default)]
pub(crate) struct Storage {
    path: RefCell<Option<PathBuf>>,
    file: RefCell<Option<File>>,
}

impl Storage {
    fn path(&self) -> Option<PathBuf> {
        let chosen = self.path.borrow().clone();
        chosen.or_else(|| std::env::var_os(VARIABLE).map(PathBuf::from))
    }
}

impl Js {
    /// Says which file keeps `localStorage`.
    pub fn set_local_storage_file(&self, path: PathBuf) {
        self.context().enter(|scope| {
            *scope.state::<Storage>().path.borrow_mut() = Some(path);
        });
    }
}

fn failed(path: &std::path::Path, error: &std::io::Error) -> Error {
    Error::new(format!("localStorage: {}: {error}", path.display()))
}

/// `storageOpen()`: the log until now; undefined when there is no file to be.
fn open<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    let storage = scope.state::<Storage>();
    let Some(path) = storage.path() else {
        return Ok(Local::undefined());
    };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(&path, &error)),
    };
    let opened = OpenOptions::new().append(true).create(true).open(&path);
    let opened = opened.map_err(|error| failed(&path, &error))?;
    *storage.file.borrow_mut() = Some(opened);
    scope.string(&text)
}

/// `storageAppend(lines)`: nothing happens without a file.
fn append<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let storage = scope.state::<Storage>();
    if let Some(file) = &mut *storage.file.borrow_mut() {
        let lines = scope.string_of(arguments.get(0))?;
        let written = file.write_all(lines.as_bytes());
        let path = storage.path().unwrap_or_default();
        written.map_err(|error| failed(&path, &error))?;
    }
    Ok(Local::undefined())
}

/// `storageReplace(lines)`: a log without what is past.
fn replace<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let storage = scope.state::<Storage>();
    if let Some(path) = storage.path() {
        let lines = scope.string_of(arguments.get(0))?;
        let beside = path.with_extension("twinloop-new");
        let replaced = fs::write(&beside, lines).and_then(|()| fs::rename(&beside, &path));
        let opened = replaced.and_then(|()| OpenOptions::new().append(true).open(&path));
        *storage.file.borrow_mut() = Some(opened.map_err(|error| failed(&path, &error))?);
    }
    Ok(Local::undefined())
}
