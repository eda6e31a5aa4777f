//! The reading methods of a stream reader as native coroutines, and the methods that fill it.
//!
//! Each coroutine does what the `async def` of that name in asyncio does, in the same order of checks. Unusual arguments
//! (a negative size, separators that are not bytes) go to asyncio's own method, which works on the same attributes.
//! Loop thread, GIL held.

use std::rc::Rc;

use pyo3::Borrowed;
use pyo3::exceptions::{PyAssertionError, PyStopAsyncIteration, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyInt, PyType};

use super::{NativeReader, already_waiting};
use crate::ffi::coroutine::{self, Attempt, Operation, Waiter};
use crate::ffi::{Arguments, Object, Parameters, fast_methods};

const LINE_END: &[u8] = b"\n";

enum Wanted {
    /// `read(n)`
    UpTo(usize),
    /// `readexactly(n)`
    Exactly(usize),
    /// `readuntil(separator)`
    Until(Vec<u8>),
    /// `readline()`
    Line,
    /// `__anext__()`
    NextLine,
}

struct Reading {
    /// The Python object, which the coroutine of an `async def` keeps alive too.
    object: Object,
    reader: Rc<NativeReader>,
    wanted: Wanted,
    began: bool,
    /// How far `readuntil` has searched.
    offset: usize,
}

/// What a search for a separator came to.
enum Search<'py> {
    Found(Bound<'py, PyAny>),
    Wait,
    /// The end came first; this is what there was.
    End(Bound<'py, PyAny>),
    /// More than the limit: asyncio's message and how much could be consumed.
    TooLong(&'static str, usize),
}

impl Operation for Reading {
    fn name(&self) -> &'static str {
        match self.wanted {
            Wanted::UpTo(_) => "StreamReader.read",
            Wanted::Exactly(_) => "StreamReader.readexactly",
            Wanted::Until(_) => "StreamReader.readuntil",
            Wanted::Line => "StreamReader.readline",
            Wanted::NextLine => "StreamReader.__anext__",
        }
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        let began = std::mem::replace(&mut self.began, true);
        if !began {
            self.reader.check(self.object.bind(py))?;
        }
        match self.wanted {
            Wanted::UpTo(count) => self.read(py, waiter, count, began),
            Wanted::Exactly(count) => self.read_exactly(py, waiter, count),
            Wanted::Until(_) => self.read_until(py, waiter),
            Wanted::Line | Wanted::NextLine => self.read_line(py, waiter),
        }
    }

    fn withdraw(&mut self, _py: Python<'_>, _waiter: &Waiter) {
        // The reader holds the coroutine in a slot, which it leaves by itself when it goes on or ends. As in asyncio, a
        // cancelled one waits until then.
    }

    fn visit(&self, visitor: &mut dyn FnMut(&Object)) {
        visitor(&self.object);
    }
}

impl Reading {
    fn read<'py>(
        &self,
        py: Python<'py>,
        waiter: &Waiter,
        count: usize,
        waited: bool,
    ) -> Attempt<'py> {
        let reader = &self.reader;
        if count == 0 {
            return Ok(Some(PyBytes::new(py, b"").into_any()));
        }
        if !waited && !reader.eof.get() && reader.buffer.len(py) == 0 {
            return self.wait(py, waiter, "read");
        }
        self.taken(py, count)
    }

    fn read_exactly<'py>(&self, py: Python<'py>, waiter: &Waiter, count: usize) -> Attempt<'py> {
        let reader = &self.reader;
        if count == 0 {
            return Ok(Some(PyBytes::new(py, b"").into_any()));
        }
        if reader.buffer.len(py) >= count {
            return self.taken(py, count);
        }
        if reader.eof.get() {
            let partial = reader.buffer.take(py, usize::MAX)?;
            return Err(incomplete(partial, Some(count))?);
        }
        self.wait(py, waiter, "readexactly")
    }

    fn read_until<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        match self.search(py)? {
            Search::Found(data) => Ok(Some(data)),
            Search::Wait => self.wait(py, waiter, "readuntil"),
            Search::End(partial) => Err(incomplete(partial, None)?),
            Search::TooLong(message, consumed) => Err(too_long(py, message, consumed)?),
        }
    }

    fn read_line<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        let line = match self.search(py)? {
            Search::Found(line) | Search::End(line) => line,
            Search::Wait => return self.wait(py, waiter, "readuntil"),
            Search::TooLong(message, consumed) => {
                return Err(self.line_too_long(py, message, consumed)?);
            }
        };
        if matches!(self.wanted, Wanted::NextLine) && line.len()? == 0 {
            return Err(PyStopAsyncIteration::new_err(()));
        }
        Ok(Some(line))
    }

    /// Looks for the separator in what has come since the last search.
    fn search<'py>(&mut self, py: Python<'py>) -> PyResult<Search<'py>> {
        let reader = &self.reader;
        let separator = match &self.wanted {
            Wanted::Until(separator) => separator.as_slice(),
            _ => LINE_END,
        };
        let (offset, limit) = (self.offset, reader.limit.get());
        let (length, found) = reader.buffer.with(py, |bytes| {
            let rest = bytes.get(offset..).unwrap_or_default();
            let found = match separator {
                [byte] => memchr::memchr(*byte, rest),
                _ => memchr::memmem::find(rest, separator),
            };
            (bytes.len(), found.map(|position| position + offset))
        });
        if let Some(position) = found {
            if position as f64 > limit {
                return Ok(Search::TooLong(
                    "Separator is found, but chunk is longer than limit",
                    position,
                ));
            }
            let data = reader.buffer.take(py, position + separator.len())?;
            reader.resume_if_low(self.object.bind(py))?;
            return Ok(Search::Found(data));
        }
        if length >= offset + separator.len() {
            // All but what may be the beginning of a separator has been searched.
            self.offset = length + 1 - separator.len();
            if self.offset as f64 > limit {
                return Ok(Search::TooLong(
                    "Separator is not found, and chunk exceed the limit",
                    self.offset,
                ));
            }
        }
        if reader.eof.get() {
            return Ok(Search::End(reader.buffer.take(py, usize::MAX)?));
        }
        Ok(Search::Wait)
    }

    /// A line beyond the limit is dropped, with its end if that has come.
    #[cold]
    fn line_too_long(
        &self,
        py: Python<'_>,
        message: &'static str,
        consumed: usize,
    ) -> PyResult<PyErr> {
        let reader = &self.reader;
        let ended = reader
            .buffer
            .with(py, |bytes| bytes.get(consumed) == LINE_END.first());
        let dropped = if ended { consumed + 1 } else { usize::MAX };
        reader.buffer.drop_front(py, dropped)?;
        reader.resume_if_low(self.object.bind(py))?;
        let error = PyValueError::new_err(message);
        error
            .value(py)
            .setattr("__context__", too_long(py, message, consumed)?.value(py))?;
        Ok(error)
    }

    fn taken<'py>(&self, py: Python<'py>, count: usize) -> Attempt<'py> {
        let data = self.reader.buffer.take(py, count)?;
        self.reader.resume_if_low(self.object.bind(py))?;
        Ok(Some(data))
    }

    /// `_wait_for_data`: until the reader is fed, ends or fails.
    fn wait<'py>(&self, py: Python<'py>, waiter: &Waiter, method: &str) -> Attempt<'py> {
        let reader = &self.reader;
        if reader.slot.is_taken() || reader.has_foreign_waiter.get() {
            return Err(already_waiting(method));
        }
        if reader.eof.get() {
            return Err(PyAssertionError::new_err("_wait_for_data after EOF"));
        }
        if reader.paused.get() {
            // Waiting for data while paused would last for ever.
            reader.resume_transport(self.object.bind(py))?;
        }
        reader.slot.register(waiter);
        Ok(None)
    }
}

fn incomplete(partial: Bound<'_, PyAny>, expected: Option<usize>) -> PyResult<PyErr> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = CLASS.import(partial.py(), "asyncio", "IncompleteReadError")?;
    Ok(PyErr::from_value(class.call1((partial, expected))?))
}

#[cold]
fn too_long(py: Python<'_>, message: &str, consumed: usize) -> PyResult<PyErr> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = CLASS.import(py, "asyncio", "LimitOverrunError")?;
    Ok(PyErr::from_value(class.call1((message, consumed))?))
}

// ---- methods of the reader -----------------------------------------------------------------------------------------------

fn start<'py>(object: Borrowed<'_, 'py, PyAny>, wanted: Wanted) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let reader = NativeReader::of(object)?;
    let operation = Reading {
        object: Object::new(object.to_owned()),
        reader: Rc::clone(&reader),
        wanted,
        began: false,
        offset: 0,
    };
    coroutine::make(py, reader.event_loop.bind(py), Box::new(operation))
}

/// The only argument, if it was given as asyncio's method takes it: by position or under its name.
fn only_argument<'a, 'py>(
    arguments: Arguments<'a, 'py>,
    name: &str,
) -> Option<Borrowed<'a, 'py, PyAny>> {
    let keyword = arguments.only_keyword(name, name).ok()?;
    match (arguments.len(), keyword) {
        (1, None) => arguments.get(0),
        (0, Some(value)) => Some(value),
        _ => None,
    }
}

/// A size that is an int of a usual value.
fn size(arguments: Arguments<'_, '_>) -> Option<usize> {
    let value = only_argument(arguments, "n")?;
    if !value.is_exact_instance_of::<PyInt>() {
        return None;
    }
    value.extract().ok()
}

fn no_arguments(arguments: Arguments<'_, '_>) -> bool {
    arguments.len() == 0 && arguments.keywords().next().is_none()
}

/// Calls asyncio's own method.
#[cold]
fn in_python<'py>(
    object: Borrowed<'_, 'py, PyAny>,
    method: &str,
    arguments: Arguments<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = CLASS.import(object.py(), "asyncio", "StreamReader")?;
    let bound = class
        .getattr(method)?
        .call_method1("__get__", (object, class))?;
    arguments.forward(&bound)
}

fast_methods! {
    pub(super) fn install_into;

    c"read", Parameters::ANY,
    c"read($self, n=-1)\n--\n\nReads up to n bytes, or everything until the end.",
    |_py, object, arguments| match size(arguments) {
        Some(count) => start(object, Wanted::UpTo(count)),
        None => in_python(object, "read", arguments),
    };

    c"readexactly", Parameters::ANY,
    c"readexactly($self, n)\n--\n\nReads exactly n bytes, or raises IncompleteReadError.",
    |_py, object, arguments| match size(arguments) {
        Some(count) => start(object, Wanted::Exactly(count)),
        None => in_python(object, "readexactly", arguments),
    };

    c"readuntil", Parameters::ANY,
    c"readuntil($self, separator=b'\\n')\n--\n\nReads up to and with the separator.",
    |_py, object, arguments| {
        if no_arguments(arguments) {
            return start(object, Wanted::Until(LINE_END.to_vec()));
        }
        match only_argument(arguments, "separator") {
            Some(separator) if separator.is_exact_instance_of::<PyBytes>() && separator.len()? > 0 => {
                start(object, Wanted::Until(separator.extract()?))
            }
            _ => in_python(object, "readuntil", arguments),
        }
    };

    c"readline", Parameters::ANY,
    c"readline($self)\n--\n\nReads one line, or what is left at the end.",
    |_py, object, arguments| {
        if no_arguments(arguments) {
            return start(object, Wanted::Line);
        }
        in_python(object, "readline", arguments)
    };

    c"__anext__", Parameters::ANY,
    c"__anext__($self)\n--\n\nReads the next line.",
    |_py, object, _arguments| start(object, Wanted::NextLine);

    c"feed_data", Parameters::ANY,
    c"feed_data($self, data)\n--\n\nAdds data that has come and wakes who waits for it.",
    |_py, object, arguments| {
        match only_argument(arguments, "data") {
            Some(data) if data.is_exact_instance_of::<PyBytes>() => {
                let reader = NativeReader::of(object)?;
                if reader.feed(data.to_owned().cast_into::<PyBytes>()?)? {
                    reader.settle(object)?;
                }
                none(object)
            }
            _ => in_python(object, "feed_data", arguments),
        }
    };

    c"feed_eof", Parameters::ANY,
    c"feed_eof($self)\n--\n\nMarks the end and wakes who waits.",
    |_py, object, _arguments| {
        let reader = NativeReader::of(object)?;
        reader.eof.set(true);
        reader.wake(object)
    };

    c"at_eof", Parameters::ANY,
    c"at_eof($self)\n--\n\nTrue if nothing is left to read and feed_eof was called.",
    |py, object, _arguments| {
        let reader = NativeReader::of(object)?;
        Ok(reader.eof.get() && reader.buffer.len(py) == 0)
    };

    c"exception", Parameters::ANY,
    c"exception($self)\n--\n\nThe exception that reading raises, or None.",
    |_py, object, _arguments| match NativeReader::of(object)?.exception(object)? {
        Some(exception) => Ok(exception),
        None => none(object),
    };

    c"set_exception", Parameters::ANY,
    c"set_exception($self, exc)\n--\n\nLets reading raise exc from now on.",
    |_py, object, arguments| match only_argument(arguments, "exc") {
        Some(exception) => {
            NativeReader::of(object)?.fail(object, exception)?;
            none(object)
        }
        None => in_python(object, "set_exception", arguments),
    };

    c"_wakeup_waiter", Parameters::ANY,
    c"_wakeup_waiter($self)\n--\n\nWakes who waits for data.",
    |_py, object, _arguments| {
        NativeReader::of(object)?.wake(object)
    };
}

fn none<'py>(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    Ok(object.py().None().into_bound(object.py()))
}
