//! The extension `http.response.pathsend`: a file as the body of an answer, read on the blocking pool and sent at the client's pace.
//!
//! The application awaits the end; the answer of one that ends before is cut. Loop thread, GIL held where Python is touched.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use pyo3::Borrowed;
use pyo3::exceptions::{PyFileNotFoundError, PyOSError, PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use twinloop_web::fs::{self, OpenOptions};
use twinloop_web::server::{Fields, FileBody};
use twinloop_web::{Error, Result};

use super::call::{Call, Start, Task};
use crate::ffi::coroutine::{self, Attempt, Operation, Waiter};
use crate::ffi::{self, Object};

/// How much is read at a time.
const PIECE: usize = 256 * 1024;

impl Call {
    pub(super) fn send_path<'py>(
        self: &Rc<Self>,
        py: Python<'py>,
        this: Borrowed<'_, 'py, PyAny>,
        message: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let path = message.get_item(intern!(py, "path"))?;
        let path: PathBuf = path
            .ok_or_else(|| {
                PyTypeError::new_err("the message 'http.response.pathsend' has no 'path'")
            })?
            .extract()?;
        let Some(start) = self.start.take() else {
            return Err(PyRuntimeError::new_err(
                "the body has begun already: 'http.response.pathsend' is all of it",
            ));
        };
        self.log(py, start.status);
        let outcome = Rc::new(RefCell::new(None));
        let (call, result) = (Rc::clone(self), Rc::clone(&outcome));
        self.application.core.open()?.begin(
            Box::pin(async move {
                let sent = call.copy_file(path, start).await;
                ffi::with_gil_held(|py| {
                    // Who went away with the middle of a file is nobody's fault, and a file that cannot be read is the sender's.
                    let failed = sent.err().filter(|error| !error.is_closed());
                    if failed.is_none() {
                        call.complete(py);
                    }
                    *result.borrow_mut() = Some(failed);
                    call.wake(py);
                });
            }),
            None,
        );
        let operation = Box::new(Sending {
            task: Task::new(this, self),
            outcome,
        });
        coroutine::make(py, self.application.event_loop.bind(py), operation)
    }

    async fn copy_file(&self, path: PathBuf, mut start: Start) -> Result<()> {
        let mut options = OpenOptions::new();
        options.read(true);
        let file = fs::open(&path, options).await?;
        let metadata = file.metadata().await?;
        let has_body = self.exchange.method() != "HEAD";
        // A file may have grown since its length was said: what was promised is what is sent.
        let promised = start.fields.length();
        if metadata.is_file() && metadata.len() > 0 {
            let length = promised.map_or(metadata.len(), |promised| promised.min(metadata.len()));
            if promised.is_none() {
                put_length(&mut start.fields, length)?;
            }
            if has_body {
                let file = file.blocking("dup", std::fs::File::try_clone)?;
                let mut body = FileBody::new(file, 0, length);
                if body.begin(&self.exchange, start.status, &start.fields)? {
                    return Ok(());
                }
                return body.send_rest(&self.exchange).await;
            }
            self.exchange.begin(start.status, &start.fields)?;
            return self.exchange.finish(&Fields::new());
        }
        // What the system makes up as it is read, or a pipe: its length says nothing. That it is a folder is told before anything is answered.
        let mut piece = file.read(PIECE).await?;
        if promised.is_none() && piece.is_empty() {
            put_length(&mut start.fields, 0)?;
        }
        let mut left = promised.unwrap_or(u64::MAX);
        self.exchange.begin(start.status, &start.fields)?;
        while has_body && left > 0 && !piece.is_empty() {
            piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            left -= piece.len() as u64;
            self.exchange.write(piece)?;
            self.exchange.ready().await?;
            piece = file.read(PIECE).await?;
        }
        self.exchange.finish(&Fields::new())
    }
}

fn put_length(fields: &mut Fields, length: u64) -> Result<()> {
    fields.append(b"content-length", length.to_string().as_bytes())
}

/// Waits until the file is sent.
struct Sending {
    task: Task,
    outcome: Rc<RefCell<Option<Option<Error>>>>,
}

impl Operation for Sending {
    fn name(&self) -> &'static str {
        "send"
    }

    fn attempt<'py>(&mut self, py: Python<'py>, waiter: &Waiter) -> Attempt<'py> {
        match self.outcome.take() {
            None => {
                self.task.call.wait(waiter);
                Ok(None)
            }
            Some(None) => Ok(Some(py.None().into_bound(py))),
            Some(Some(error)) => Err(file_error(&error)),
        }
    }

    fn withdraw(&mut self, _py: Python<'_>, _waiter: &Waiter) {}

    fn visit(&self, visitor: &mut dyn FnMut(&Object)) {
        visitor(&self.task.object);
    }
}

fn file_error(error: &Error) -> PyErr {
    match error.io_kind() {
        Some(std::io::ErrorKind::NotFound) => PyFileNotFoundError::new_err(error.chain()),
        Some(_) => PyOSError::new_err(error.chain()),
        None => PyRuntimeError::new_err(error.chain()),
    }
}
