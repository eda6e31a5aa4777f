//! Errors crossing: the same object comes back; otherwise name, message, cause and both languages' frames are kept.
//!
//! JavaScript to Python: a `PythonError`, or a thrown Python exception, gives back the exception; anything else becomes
//! `twinloop.js.JsException` with the JavaScript frames in its traceback. Python to JavaScript: a `JsException` gives back the
//! thrown value, `SystemExit` and `KeyboardInterrupt` unwind JavaScript uncatchably, anything else becomes a `PythonError`
//! (`errors.js`).
//!
//! An exception may say that a stack has no room left, and then describing it fails too. So nothing here runs Python code on
//! the way to JavaScript, and a failure while a thrown value is described is not described in turn.

use pyo3::exceptions::{
    PyBaseException, PyBaseExceptionGroup, PyKeyboardInterrupt, PyRecursionError, PyRuntimeError,
    PySystemExit,
};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyString, PyTuple, PyType};
use twinloop_js::engine::{Class, Error, Local};

use super::Crossing;
use crate::bridge::Helper;
use crate::python_in_js::abilities::JS_CLASS;

/// Chains longer than this are cut: a cause may be its own ancestor only by a program's mistake.
const LONGEST_CHAIN: u32 = 16;

/// What JavaScript says of a stack that is full.
const FULL_STACK: &str = "Maximum call stack size exceeded";

/// A traceback longer than this is cut in the middle of nowhere: recursion fills it with repetitions.
const MOST_FRAMES: usize = 200;

/// So deeply may describing a thrown value need the description of another; deeper, a stack has run out.
const DEEPEST_DESCRIPTION: u32 = 4;

/// Whether JavaScript must not see this exception.
pub(crate) fn must_leave(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PySystemExit>(py) || error.is_instance_of::<PyKeyboardInterrupt>(py)
}

impl<'s, 'py> Crossing<'_, 's, 'py> {
    /// The Python exception for a failed JavaScript call.
    pub(crate) fn error_to_py(&self, error: Error) -> PyErr {
        match error.to_local(self.scope) {
            Some(value) => self.thrown_to_py(value),
            None => self.uncatchable(),
        }
    }

    /// What ended JavaScript uncatchably: an exception of Python's that it must not see, Ctrl-C, or process.exit.
    fn uncatchable(&self) -> PyErr {
        if let Some(error) = self.bridge.take_leaving() {
            return error;
        }
        if self.bridge.js().context().take_interrupted() {
            // The program's own handler may raise something else; one that only takes note does not keep JavaScript going.
            return self
                .py
                .check_signals()
                .err()
                .unwrap_or_else(|| PyKeyboardInterrupt::new_err(()));
        }
        PySystemExit::new_err(self.bridge.js().exit_status())
    }

    /// The Python exception for a thrown JavaScript value, which is raised while another may be handled.
    pub(crate) fn thrown_to_py(&self, value: Local<'_>) -> PyErr {
        let error = self.exception_for(value);
        self.add_context(&error);
        error
    }

    fn exception_for(&self, value: Local<'_>) -> PyErr {
        self.bridge
            .describing(DEEPEST_DESCRIPTION, || self.describe_thrown(value, true))
            .unwrap_or_else(|| Ok(self.describe_simply(value)))
            .unwrap_or_else(|error| error)
    }

    /// What Python's own `raise` does: the exception that is being handled is the context of another one.
    fn add_context(&self, error: &PyErr) {
        static EXCEPTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = self.py;
        let handled = EXCEPTION
            .import(py, "sys", "exception")
            .and_then(|function| function.call0());
        let Ok(handled) = handled else { return };
        let context = |exception: &Bound<'py, PyAny>| {
            exception
                .getattr(intern!(py, "__context__"))
                .ok()
                .filter(|context| !context.is_none())
        };
        let exception = error.value(py).as_any();
        if handled.is_none() || context(exception).is_some() {
            return;
        }
        // No circles: it may be the one that is handled, or what led to it.
        let mut earlier = Some(handled.clone());
        for _ in 0..LONGEST_CHAIN {
            let Some(one) = earlier else { break };
            if one.is(exception) {
                return;
            }
            earlier = context(&one);
        }
        // An exception takes another one for its context.
        let _ = exception.setattr(intern!(py, "__context__"), handled);
    }

    /// An Error that Python is given, and not thrown: the exception that it would be. One that cannot be described stays a proxy.
    pub(super) fn error_as_value(&self, error: Local<'_>) -> PyResult<Bound<'py, PyAny>> {
        let described = self
            .bridge
            .describing(DEEPEST_DESCRIPTION, || self.describe_thrown(error, false));
        match described {
            Some(Ok(exception)) => Ok(exception.into_value(self.py).into_bound(self.py).into_any()),
            Some(Err(failure)) if must_leave(self.py, &failure) => Err(failure),
            _ => self.proxy_of(error),
        }
    }

    fn describe_thrown(&self, value: Local<'_>, is_thrown: bool) -> PyResult<PyErr> {
        let (exception, parts) = self.described(value)?;
        match parts {
            Some(parts) => self.chain_causes(&exception, parts),
            None if is_thrown => self.add_segment(&exception, value),
            None => {}
        }
        Ok(PyErr::from_value(exception))
    }

    /// Puts the frames of JavaScript that a known exception has just left before those that it left earlier. What cannot be told is left out.
    fn add_segment(&self, exception: &Bound<'py, PyAny>, value: Local<'_>) {
        let segment = self.bridge.help(self.scope, Helper::SegmentLeft, &[value]);
        let Ok(text) = segment.and_then(|segment| self.scope.string_of(segment)) else {
            return;
        };
        if text.is_empty() {
            return;
        }
        let add = || -> PyResult<()> {
            let js = self.py.import("twinloop.js")?;
            js.call_method1("_leave_frames", (exception, text))
                .map(drop)
        };
        let _ = add();
    }

    /// The exception for a thrown value, and what `describe` said of it if it was made just now.
    fn described(&self, value: Local<'_>) -> PyResult<(Bound<'py, PyAny>, Option<Local<'s>>)> {
        let failed = |error: Error| match error.to_local(self.scope) {
            Some(_) => self.describe_simply(value),
            None => self.uncatchable(),
        };
        if let Some(exception) = self.python_exception_of(value).map_err(failed)? {
            return Ok((exception, None));
        }
        let identity = if value.is_object() {
            let identity = self.bridge.help(self.scope, Helper::IdentityOf, &[value]);
            identity.map_err(failed)?.as_index()
        } else {
            None
        };
        if let Some(known) =
            identity.and_then(|identity| self.bridge.known_exception(self.py, identity))
        {
            return Ok((known, None));
        }
        let parts = self
            .bridge
            .help(self.scope, Helper::Describe, &[value])
            .map_err(failed)?;
        let part = |index: u32| {
            self.scope
                .get(parts, index)
                .and_then(|part| self.scope.string_of(part))
                .map_err(failed)
        };
        let thrown = match value.is_object() {
            true => self.proxy_of(value)?,
            false => self.to_py(value)?,
        };
        let words = (part(0)?, part(1)?, part(2)?);
        let frames = match self.scope.get(parts, 6u32).map_err(failed)? {
            frames if frames.is_string() => self.scope.string_of(frames).map_err(failed)?,
            _ => String::new(),
        };
        let errors = self.exceptions_of(parts).map_err(failed)?;
        let exception = self.py.import("twinloop.js")?.call_method1(
            "_exception",
            (words.0, words.1, words.2, thrown, errors, frames),
        )?;
        if let Some(identity) = identity {
            self.bridge.remember_exception(identity, &exception)?;
        }
        Ok((exception, Some(parts)))
    }

    /// The exceptions for the errors of an AggregateError, of which `describe` said these parts.
    fn exceptions_of(&self, parts: Local<'_>) -> Result<Option<Vec<PyErr>>, Error> {
        let errors = self.scope.get(parts, 5u32)?;
        if !errors.is_object() {
            return Ok(None);
        }
        let mut exceptions = Vec::new();
        for index in 0..self.scope.array_length(errors)? {
            let error = self.scope.get(errors, index)?;
            exceptions.push(self.exception_for(error));
        }
        Ok(Some(exceptions))
    }

    /// The Python exception that a JavaScript value is or stands for.
    fn python_exception_of(&self, value: Local<'_>) -> Result<Option<Bound<'py, PyAny>>, Error> {
        if !value.is_object() {
            return Ok(None);
        }
        let exception = match self.bridge.unwrap(self.scope, self.py, value) {
            Some(object) => Some(object),
            None => {
                let proxy = self
                    .bridge
                    .help(self.scope, Helper::ExceptionOf, &[value])?;
                self.bridge.unwrap(self.scope, self.py, proxy)
            }
        };
        Ok(exception.filter(|exception| exception.is_instance_of::<PyBaseException>()))
    }

    /// Whether a JavaScript value stands for a CancelledError.
    pub(crate) fn is_cancellation(&self, value: Local<'_>) -> bool {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = CLASS.import(self.py, "asyncio", "CancelledError");
        let exception = self.python_exception_of(value);
        match (class, exception) {
            (Ok(class), Ok(Some(exception))) => exception.get_type().is(class),
            _ => false,
        }
    }

    /// Gives an exception the causes of the error that it stands for, as `raise ... from` would. What cannot be told of them is
    /// left out: the exception itself is what matters.
    fn chain_causes(&self, exception: &Bound<'py, PyAny>, parts: Local<'s>) {
        let mut chain = vec![exception.clone()];
        let mut parts = parts;
        for _ in 0..LONGEST_CHAIN {
            let (Ok(cause), Ok(is_error)) =
                (self.scope.get(parts, 3u32), self.scope.get(parts, 4u32))
            else {
                return;
            };
            let is_exception = || matches!(self.python_exception_of(cause), Ok(Some(_)));
            if is_error.as_bool() != Some(true) && !is_exception() {
                return;
            }
            let Ok((next, more)) = self.described(cause) else {
                return;
            };
            let known = chain.iter().any(|earlier| earlier.is(&next));
            let last = &chain[chain.len() - 1];
            if known || last.setattr("__cause__", &next).is_err() {
                return;
            }
            if let Ok(suppressed) = self.scope.get(parts, 7u32)
                && suppressed.is_object()
                && let Ok((context, _)) = self.described(suppressed)
                && !context.is(&next)
                && next
                    .getattr("__context__")
                    .is_ok_and(|known| known.is_none())
            {
                // An exception takes another one for its context.
                let _ = next.setattr("__context__", context);
            }
            chain.push(next);
            match more {
                Some(more) => parts = more,
                None => return,
            }
        }
    }

    /// What can be said of a thrown value without running code of either language.
    fn describe_simply(&self, value: Local<'_>) -> PyErr {
        let text = |name: &str| -> Option<String> {
            let text = self.scope.get(value, name).ok()?;
            text.is_string().then_some(())?;
            self.scope.string_of(text).ok()
        };
        if self.scope.class_of(value) == Some(Class::Error) {
            if text("message").is_some_and(|message| message == FULL_STACK) {
                return PyRecursionError::new_err("too much recursion in JavaScript");
            }
            if let Some(message) = text("message") {
                return PyRuntimeError::new_err(format!(
                    "a JavaScript error could not be described: {message}"
                ));
            }
        }
        PyRuntimeError::new_err("a JavaScript error could not be described")
    }

    /// The JavaScript error for a Python exception.
    pub(crate) fn error_to_js(&self, error: PyErr) -> Error {
        if must_leave(self.py, &error) {
            return self.bridge.leave_with(error);
        }
        match self.exception_to_js(error) {
            Ok(value) => Error::thrown(self.scope, value),
            Err(error) => error,
        }
    }

    /// The JavaScript value that stands for a Python exception.
    pub(crate) fn exception_to_js(&self, error: PyErr) -> Result<Local<'s>, Error> {
        let exception = error.into_value(self.py).into_bound(self.py).into_any();
        self.exception_with_causes(&exception, 0)
    }

    fn exception_with_causes(
        &self,
        exception: &Bound<'_, PyAny>,
        depth: u32,
    ) -> Result<Local<'s>, Error> {
        let scope = self.scope;
        let passed = |error: Local<'_>| -> Result<(), Error> {
            let frames = self.lines_of(exception)?;
            self.bridge
                .help(scope, Helper::Passed, &[error, frames])
                .map(drop)
        };
        if let Some(thrown) = self.thrown_of(exception) {
            let thrown = self.value_to_js(&thrown)?;
            if thrown.is_object() && depth == 0 {
                passed(thrown)?;
            }
            return Ok(thrown);
        }
        let proxy = self.bridge.wrap(scope, exception)?;
        // Of a class that JavaScript made: the object that JavaScript knows.
        if exception.get_type().hasattr(JS_CLASS).unwrap_or(false) {
            return Ok(proxy);
        }
        let known = self.bridge.help(scope, Helper::KnownError, &[proxy])?;
        if known.is_object() {
            if depth == 0 {
                passed(known)?;
            }
            return Ok(known);
        }
        let class = exception.get_type();
        let name = class
            .name()
            .map_or_else(|_| "PythonError".to_owned(), |name| name.to_string());
        let message = exception.str().map_or_else(
            |_| format!("<{name} whose __str__ failed>"),
            |text| text.to_string_lossy().into_owned(),
        );
        let message = match about_values(&name, &message) {
            true => format!(
                "{message}; to_py(value) of python:twinloop.js copies a JavaScript value to Python's types"
            ),
            false => message,
        };
        // `raise ... from None` says that there is none.
        let suppressed = exception.getattr("__suppress_context__");
        let is_suppressed = suppressed.is_ok_and(|it| it.is_truthy().unwrap_or(false));
        let cause = ["__cause__", "__context__"]
            .into_iter()
            .take(if is_suppressed { 1 } else { 2 })
            .filter_map(|name| exception.getattr(name).ok())
            .find(|reason| !reason.is_none());
        let cause = match cause {
            Some(cause) if depth < LONGEST_CHAIN => {
                self.exception_with_causes(&cause, depth + 1)?
            }
            _ => Local::undefined(),
        };
        let parts = if depth < LONGEST_CHAIN {
            self.errors_of_group(exception, depth)?
        } else {
            Local::undefined()
        };
        let values = [
            scope.string(&name)?,
            scope.string(&message)?,
            self.lines_of(exception)?,
            proxy,
            cause,
            parts,
        ];
        self.bridge.help(scope, Helper::MakeError, &values)
    }

    /// What stands below an exception's message: its notes, as in Python's own tracebacks, and its frames.
    fn lines_of(&self, exception: &Bound<'_, PyAny>) -> Result<Local<'s>, Error> {
        let lines = (notes_of(exception).iter())
            .chain(frames_of(exception).iter())
            .map(|line| self.scope.string(line))
            .collect::<Result<Vec<_>, _>>()?;
        self.scope.array(&lines)
    }

    /// An Array of the errors for the exceptions of an ExceptionGroup; undefined for any other exception.
    fn errors_of_group(
        &self,
        exception: &Bound<'_, PyAny>,
        depth: u32,
    ) -> Result<Local<'s>, Error> {
        if !exception.is_instance_of::<PyBaseExceptionGroup>() {
            return Ok(Local::undefined());
        }
        let parts = exception.getattr("exceptions");
        let parts = parts.and_then(|parts| Ok(parts.cast_into::<PyTuple>()?));
        let mut errors = Vec::new();
        for part in parts.iter().flatten() {
            errors.push(self.exception_with_causes(&part, depth + 1)?);
        }
        self.scope.array(&errors)
    }

    /// What JavaScript threw, if the exception is a `JsException`.
    pub(super) fn thrown_of<'e>(&self, exception: &Bound<'e, PyAny>) -> Option<Bound<'e, PyAny>> {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = CLASS.import(self.py, "twinloop.js", "JsException").ok()?;
        // By its type and not `isinstance`, which may run code.
        if !exception.get_type().is_subclass(class).ok()? {
            return None;
        }
        // One that Python made itself is an exception like any other.
        let is_thrown = exception.getattr("_is_of_javascript").ok()?;
        is_thrown.is_truthy().ok()?.then_some(())?;
        exception.getattr("js_error").ok()
    }
}

/// Whether a TypeError of Python's complains about a JavaScript value, which the JavaScript code that gave it can convert.
fn about_values(name: &str, message: &str) -> bool {
    const CLASSES: [&str; 10] = [
        "JsProxy",
        "JsRecord",
        "JsArray",
        "JsCollection",
        "JsMap",
        "JsIterable",
        "JsFunction",
        "JsPromise",
        "JsBytes",
        "JsSized",
    ];
    name == "TypeError"
        && !message.contains("to_py")
        && CLASSES.iter().any(|class| message.contains(class))
}

/// What `add_note` added to an exception, as lines.
fn notes_of(exception: &Bound<'_, PyAny>) -> Vec<String> {
    let notes = exception.getattr("__notes__");
    let notes = notes.and_then(|notes| Ok(notes.cast_into::<PyList>()?));
    (notes.iter().flatten())
        .filter_map(|note| Some(note.cast::<PyString>().ok()?.to_string_lossy().into_owned()))
        .collect()
}

/// The frames of an exception's traceback as V8 prints them, innermost first.
fn frames_of(exception: &Bound<'_, PyAny>) -> Vec<String> {
    let mut frames = Vec::new();
    let mut next = exception.getattr("__traceback__").ok();
    while let Some(traceback) = next.filter(|traceback| !traceback.is_none()) {
        let describe = || -> PyResult<String> {
            let frame = traceback.getattr("tb_frame")?;
            let code = frame.getattr("f_code")?;
            Ok(format!(
                "    at {}{} ({}:{}:{})",
                of_javascript(&frame, "waited").unwrap_or_default(),
                code.getattr("co_qualname")?.str()?.to_string_lossy(),
                code.getattr("co_filename")?.str()?.to_string_lossy(),
                traceback.getattr("tb_lineno")?,
                of_javascript(&frame, "column").unwrap_or_else(|| "1".to_owned())
            ))
        };
        // Frames of the import system tell nothing, and Python leaves them out of its own tracebacks.
        frames.extend(
            describe()
                .ok()
                .filter(|frame| !frame.contains("(<frozen importlib")),
        );
        next = traceback.getattr("tb_next").ok();
    }
    frames.reverse();
    if frames.len() > MOST_FRAMES {
        let more = frames.len() - MOST_FRAMES;
        frames.truncate(MOST_FRAMES);
        frames.push(format!("    ... {more} more frames of Python"));
    }
    frames
}

/// What a frame that stands for one of JavaScript's (`_frame` of `twinloop.js`) says of it.
fn of_javascript(frame: &Bound<'_, PyAny>, name: &str) -> Option<String> {
    let variables = frame.getattr("f_globals").ok()?;
    let text = |name: &str| variables.get_item(name).ok()?.extract::<String>().ok();
    (text("__name__")? == "javascript").then(|| text(name))?
}
