//! `add_reader`, `add_writer` and their removal: callbacks that run in each turn while a descriptor is ready.
//!
//! Level-triggered, as asyncio promises: a callback that leaves data unread is called again. A descriptor is registered
//! for as long as it has a callback. Loop thread, GIL held.

use std::cell::RefCell;
use std::collections::HashMap;
use std::os::fd::RawFd;
use std::rc::Rc;

use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;
use twinloop_loop::{IoHandler, Loop, Mode, Readiness, Source};

use super::core::LoopCore;
use super::host::PythonHost;
use crate::ffi::{self, Object, handle};

/// The descriptors of one loop that have callbacks.
#[derive(Default)]
pub(crate) struct Descriptors {
    watched: RefCell<HashMap<RawFd, Rc<Watched>>>,
    self_pipe: RefCell<Option<Source>>,
}

struct Watched {
    source: RefCell<Option<Source>>,
    reader: RefCell<Option<Object>>,
    writer: RefCell<Option<Object>>,
    event_loop: Loop,
    host: Rc<PythonHost>,
}

impl Descriptors {
    /// Sets the callback for one direction; a callback that it replaces is cancelled.
    pub(crate) fn add(
        &self,
        event_loop: &Loop,
        host: Rc<PythonHost>,
        fd: RawFd,
        read: bool,
        callback: Object,
    ) -> PyResult<()> {
        let known = self.watched.borrow().get(&fd).cloned();
        let watched = known.unwrap_or_else(|| {
            Rc::new(Watched {
                source: RefCell::new(None),
                reader: RefCell::new(None),
                writer: RefCell::new(None),
                event_loop: event_loop.clone(),
                host,
            })
        });
        let mode = Mode::Level {
            read: read || watched.reader.borrow().is_some(),
            write: !read || watched.writer.borrow().is_some(),
        };
        watched.register(fd, mode)?;
        self.watched.borrow_mut().insert(fd, Rc::clone(&watched));
        let old = watched.slot(read).replace(Some(callback));
        cancel(old)
    }

    /// Removes the callback for one direction; false if there was none.
    pub(crate) fn remove(&self, py: Python<'_>, fd: RawFd, read: bool) -> PyResult<bool> {
        let _ = py;
        let Some(watched) = self.watched.borrow().get(&fd).cloned() else { return Ok(false) };
        let old = watched.slot(read).take();
        let rest = Mode::Level { read: watched.reader.borrow().is_some(), write: watched.writer.borrow().is_some() };
        if rest == (Mode::Level { read: false, write: false }) {
            self.watched.borrow_mut().remove(&fd);
            let source = watched.source.take();
            drop(source);
        } else if let Some(source) = &*watched.source.borrow() {
            // An error means that the descriptor was closed: then nothing is reported any more, as wanted.
            let _ = source.set_mode(rest);
        }
        let removed = old.is_some();
        cancel(old)?;
        Ok(removed)
    }

    /// Directions that are watched: for the selector that asyncio's own transports look into.
    pub(crate) fn watched(&self, fd: RawFd) -> (bool, bool) {
        match self.watched.borrow().get(&fd) {
            Some(watched) => (watched.reader.borrow().is_some(), watched.writer.borrow().is_some()),
            None => (false, false),
        }
    }

    pub(crate) fn watch_self_pipe(
        &self,
        owner: &Bound<'_, LoopCore>,
        event_loop: &Loop,
        host: Rc<PythonHost>,
        fd: RawFd,
    ) -> PyResult<()> {
        let source = event_loop.register(fd, Mode::Level { read: true, write: false })?;
        let owner = PyWeakrefReference::new(owner.as_any())?;
        source.set_handler(Some(Rc::new(SelfPipe { owner: Object::new(owner.into_any()), host })));
        self.self_pipe.replace(Some(source));
        Ok(())
    }

    pub(crate) fn clear(&self) {
        let self_pipe = self.self_pipe.take();
        drop(self_pipe);
        let watched = self.watched.take();
        for watched in watched.into_values() {
            let source = watched.source.take();
            drop(source);
            let callbacks = (watched.reader.take(), watched.writer.take());
            drop(callbacks);
        }
    }
}

fn cancel(callback: Option<Object>) -> PyResult<()> {
    match callback {
        Some(callback) => ffi::with_gil_held(|py| handle::cancel(py, callback.bind(py))),
        None => Ok(()),
    }
}

impl Watched {
    fn slot(&self, read: bool) -> &RefCell<Option<Object>> {
        if read { &self.reader } else { &self.writer }
    }

    fn register(self: &Rc<Self>, fd: RawFd, mode: Mode) -> PyResult<()> {
        let changed = self.source.borrow().as_ref().map(|source| source.set_mode(mode));
        if let Some(Ok(())) = changed {
            return Ok(());
        }
        // Either new, or the descriptor was closed and its number used again: the old registration is gone.
        let old = self.source.take();
        drop(old);
        let source = self.event_loop.register(fd, mode)?;
        source.set_handler(Some(Rc::clone(self) as Rc<dyn IoHandler>));
        self.source.replace(Some(source));
        Ok(())
    }

    fn call(&self, read: bool) {
        if self.host.is_interrupted() {
            return;
        }
        ffi::with_gil_held(|py| {
            let callback = self.slot(read).borrow().as_ref().map(|callback| callback.share(py));
            if let Some(callback) = callback
                && let Some(error) = handle::run(py, &callback)
            {
                self.host.interrupt(error);
            }
        });
    }
}

impl IoHandler for Watched {
    fn ready(&self, readiness: Readiness) {
        if readiness.contains(Readiness::READ) {
            self.call(true);
        }
        if readiness.contains(Readiness::WRITE) {
            self.event_loop.checkpoint();
            self.call(false);
        }
    }
}

/// The socket pair through which signals wake the loop.
struct SelfPipe {
    owner: Object,
    host: Rc<PythonHost>,
}

impl IoHandler for SelfPipe {
    fn ready(&self, _readiness: Readiness) {
        ffi::with_gil_held(|py| {
            if let Err(error) = self.read(py) {
                self.host.interrupt(error);
            }
        });
    }
}

impl SelfPipe {
    fn read(&self, py: Python<'_>) -> PyResult<()> {
        let owner = self.owner.bind(py).call0()?;
        if !owner.is_none() {
            owner.call_method0("_read_from_self")?;
        }
        Ok(())
    }
}
