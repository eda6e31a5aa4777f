//! Files for `twinloop.open` and its neighbours: the operations of `web`'s `fs` as native coroutines.
//!
//! What files are to a program (buffers, text, lines, positions) is Python's, in `_twinloop/files`; here a file has bytes at places. A small file that the
//! system has in its cache is opened and read at once, anything else on the blocking pool. An operation begins when it is awaited. Loop thread, GIL held.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::rc::Rc;

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};
use twinloop_web::fs::{self, Change, File};
use twinloop_web::{Error, Result};

use crate::errors::web_error;
use crate::fetch::client::running;
use crate::ffi::GilBound;
use crate::ffi::buffers::shared;
use crate::waiting;

/// The `OSError` for a failed operation, with number and paths as the built-in `open` has them.
fn file_error(py: Python<'_>, error: &Error) -> PyErr {
    let number = error.raw_os_error().or_else(|| number_of(error.io_kind()?));
    let Some(number) = number else {
        return web_error(py, error);
    };
    let text = py
        .import("os")
        .and_then(|os| os.call_method1("strerror", (number,)))
        .map(Bound::unbind);
    match text {
        Ok(text) => {
            let path = error.path().map(PathBuf::from);
            let other = error.destination().map(PathBuf::from);
            PyOSError::new_err((number, text, path.map(shown), None::<i32>, other.map(shown)))
        }
        Err(failure) => failure,
    }
}

fn shown(path: PathBuf) -> String {
    path.to_string_lossy().into_owned()
}

/// The number of an error that the standard library has found itself.
fn number_of(kind: io::ErrorKind) -> Option<i32> {
    match kind {
        io::ErrorKind::IsADirectory => Some(libc::EISDIR),
        io::ErrorKind::OutOfMemory => Some(libc::ENOMEM),
        _ => None,
    }
}

/// A coroutine for an operation that begins when it is awaited.
fn operation<'py, T: 'static, F: Future<Output = Result<T>> + 'static>(
    py: Python<'py>,
    name: &'static str,
    begin: impl FnOnce() -> F + 'static,
    finish: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + 'static,
) -> PyResult<Bound<'py, PyAny>> {
    let running = running(py, "a file of Twinloop's")?;
    let event_loop = running.event_loop.as_borrowed();
    let future = async move { begin().await };
    waiting::coroutine(
        event_loop,
        &running.core,
        name,
        future,
        move |py, result| {
            result
                .map_err(|error| file_error(py, &error))
                .and_then(|output| finish(py, output))
        },
    )
}

fn nothing(py: Python<'_>, (): ()) -> PyResult<Py<PyAny>> {
    Ok(py.None())
}

fn bytes_of(py: Python<'_>, bytes: &[u8]) -> Py<PyAny> {
    PyBytes::new(py, bytes).into_any().unbind()
}

/// An open file: bytes at places.
#[pyclass(frozen, module = "_twinloop._native")]
struct FileCore {
    file: GilBound<std::cell::RefCell<Option<File>>>,
}

impl FileCore {
    fn made(py: Python<'_>, file: File) -> PyResult<Bound<'_, FileCore>> {
        let file = GilBound::new(std::cell::RefCell::new(Some(file)));
        Bound::new(py, FileCore { file })
    }

    fn open(&self, py: Python<'_>) -> PyResult<File> {
        let file = self.file.get(py).borrow().clone();
        file.ok_or_else(|| PyValueError::new_err("I/O operation on closed file"))
    }
}

#[pymethods]
impl FileCore {
    /// Up to `most` bytes at `offset`; without one, where the file is.
    fn read<'py>(
        &self,
        py: Python<'py>,
        offset: Option<u64>,
        most: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        let file = self.open(py)?;
        let begin = move || match offset {
            Some(offset) => file.read_at(offset, most),
            None => file.read(most),
        };
        operation(py, "File.read", begin, |py, bytes: Vec<u8>| {
            Ok(bytes_of(py, &bytes))
        })
    }

    /// Writes all of the bytes at `offset`; without one, where the file is, or at its end.
    fn write<'py>(
        &self,
        offset: Option<u64>,
        bytes: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = bytes.py();
        let file = self.open(py)?;
        let bytes = shared(bytes)?;
        let begin = move || match offset {
            Some(offset) => file.write_at(offset, bytes),
            None => file.write(bytes),
        };
        operation(py, "File.write", begin, nothing)
    }

    /// How many bytes it has.
    fn size<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let file = self.open(py)?;
        operation(
            py,
            "File.size",
            move || file.metadata(),
            |py, known: fs::Metadata| Ok(known.len().into_pyobject(py)?.into_any().unbind()),
        )
    }

    /// Cuts it, or fills it with zeros.
    fn truncate<'py>(&self, py: Python<'py>, length: u64) -> PyResult<Bound<'py, PyAny>> {
        let file = self.open(py)?;
        operation(py, "File.truncate", move || file.set_len(length), nothing)
    }

    /// Waits until it is on the disk.
    fn sync<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let file = self.open(py)?;
        operation(py, "File.sync", move || file.sync_all(), nothing)
    }

    fn fileno(&self, py: Python<'_>) -> PyResult<i32> {
        Ok(self.open(py)?.as_raw_fd())
    }

    /// Closes it, once what is under way is done.
    fn close(&self, py: Python<'_>) {
        let file = self.file.get(py).borrow_mut().take();
        drop(file);
    }
}

/// Opens a file for reading: the file, its length (None where it has none), and its beginning.
#[pyfunction]
fn file_begin(py: Python<'_>, path: PathBuf, most: usize) -> PyResult<Bound<'_, PyAny>> {
    operation(
        py,
        "open",
        move || fs::open_and_read(path, most),
        |py, begun: fs::Begun| {
            let file = FileCore::made(py, begun.file)?;
            let beginning = PyBytes::new(py, &begun.beginning);
            Ok((file, begun.length, beginning)
                .into_pyobject(py)?
                .into_any()
                .unbind())
        },
    )
}

/// Opens a file to write it, by a mode of the built-in `open`.
#[pyfunction]
#[pyo3(signature = (path, mode, permissions=0o666))]
fn file_open<'py>(
    py: Python<'py>,
    path: PathBuf,
    mode: &str,
    permissions: u32,
) -> PyResult<Bound<'py, PyAny>> {
    let has = |letter| mode.contains(letter);
    let mut options = OpenOptions::new();
    options
        .read(has('+'))
        .write(!has('a'))
        .append(has('a'))
        .truncate(has('w'))
        .create(has('w') || has('a'))
        .create_new(has('x'))
        .mode(permissions);
    operation(
        py,
        "open",
        move || fs::open(path, options),
        |py, file: File| Ok(FileCore::made(py, file)?.into_any().unbind()),
    )
}

/// The entries of a folder: name, and "file", "folder", "link" or "other".
#[pyfunction]
fn file_entries(py: Python<'_>, path: PathBuf) -> PyResult<Bound<'_, PyAny>> {
    operation(
        py,
        "walk",
        move || fs::read_dir(path),
        |py, entries: Vec<fs::DirEntry>| {
            let list = PyList::empty(py);
            for entry in entries {
                let kind = match entry.file_type {
                    Some(kind) if kind.is_dir() => "folder",
                    Some(kind) if kind.is_file() => "file",
                    Some(kind) if kind.is_symlink() => "link",
                    _ => "other",
                };
                list.append((entry.name, kind))?;
            }
            Ok(list.into_any().unbind())
        },
    )
}

/// Copies a file's content and permissions: how many bytes.
#[pyfunction]
fn file_copy(py: Python<'_>, from: PathBuf, to: PathBuf) -> PyResult<Bound<'_, PyAny>> {
    operation(
        py,
        "copy",
        move || fs::copy(from, to),
        |py, count: u64| Ok(count.into_pyobject(py)?.into_any().unbind()),
    )
}

/// Makes a folder whose name begins with `prefix` and that nobody else has: its path.
#[pyfunction]
fn file_temporary_folder(py: Python<'_>, prefix: PathBuf) -> PyResult<Bound<'_, PyAny>> {
    operation(
        py,
        "TemporaryDirectory",
        move || fs::create_temporary_dir(prefix),
        |py, path: PathBuf| Ok(path.into_os_string().into_pyobject(py)?.into_any().unbind()),
    )
}

/// Removes a file, or a folder with all in it.
#[pyfunction]
fn file_remove(py: Python<'_>, path: PathBuf, is_folder: bool) -> PyResult<Bound<'_, PyAny>> {
    let begin = move || match is_folder {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
    operation(py, "remove", begin, nothing)
}

/// Changes below a path.
#[pyclass(frozen, module = "_twinloop._native")]
struct FileWatch {
    watch: GilBound<Rc<fs::Watch>>,
}

#[pymethods]
impl FileWatch {
    #[new]
    fn new(py: Python<'_>, path: PathBuf, recursive: bool) -> PyResult<FileWatch> {
        let running = running(py, "twinloop.watch()")?;
        let event_loop = running.core.open()?;
        let _entered = event_loop.enter();
        let watch = fs::Watch::start(path, recursive).map_err(|error| file_error(py, &error))?;
        Ok(FileWatch {
            watch: GilBound::new(Rc::new(watch)),
        })
    }

    /// The next changes, each as its kind ("content" or "name") and what it was below the path; none at the end.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let watch = Rc::clone(self.watch.get(py));
        operation(
            py,
            "watch",
            move || async move { watch.next().await },
            |py, events: Vec<fs::Event>| {
                let list = PyList::empty(py);
                for event in events {
                    let kind = match event.change {
                        Change::Content => "content",
                        Change::Name => "name",
                    };
                    let name = event.name.map(PathBuf::into_os_string);
                    list.append(PyTuple::new(
                        py,
                        [
                            kind.into_pyobject(py)?.into_any(),
                            name.into_pyobject(py)?.into_any(),
                        ],
                    )?)?;
                }
                Ok(list.into_any().unbind())
            },
        )
    }

    fn close(&self, py: Python<'_>) {
        self.watch.get(py).close();
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FileCore>()?;
    module.add_class::<FileWatch>()?;
    module.add_function(wrap_pyfunction!(file_begin, module)?)?;
    module.add_function(wrap_pyfunction!(file_open, module)?)?;
    module.add_function(wrap_pyfunction!(file_entries, module)?)?;
    module.add_function(wrap_pyfunction!(file_copy, module)?)?;
    module.add_function(wrap_pyfunction!(file_temporary_folder, module)?)?;
    module.add_function(wrap_pyfunction!(file_remove, module)?)
}
