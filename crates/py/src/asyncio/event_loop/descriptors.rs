//! What the program's own descriptors are watched for: `add_reader`, `add_writer`, and waiting `sock_*` operations.
//!
//! One registration a descriptor. With callbacks of `add_reader` or `add_writer` it is level-triggered, as asyncio
//! promises: a callback that leaves data unread is called again. With socket operations alone it is edge-triggered and
//! stays for the socket's life, so that an operation costs no registration, and one whose socket is known to be empty
//! waits without a system call. Loop thread, GIL held.

use std::cell::{Cell, RefCell};
use std::os::fd::RawFd;
use std::rc::Rc;

use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};
use twinloop_loop::net::Boundaries;
use twinloop_loop::{IoHandler, Loop, Mode, Readiness, Source};

use super::core::{LoopCore, run_foreign_handle};
use super::host::PythonHost;
use super::state::LoopState;
use crate::asyncio::sockets::closed;
use crate::errors::os_error;
use crate::ffi::coroutine::Waiter;
use crate::ffi::handle::Owned;
use crate::ffi::sockets::boundaries_of;
use crate::ffi::{self, Object, handle};

/// A direction of a descriptor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Direction {
    fn readiness(self) -> Readiness {
        match self {
            Direction::Read => Readiness::READ,
            Direction::Write => Readiness::WRITE,
        }
    }
}

/// The descriptors of one loop, by number.
#[derive(Default)]
pub(crate) struct Descriptors {
    watched: RefCell<Vec<Option<Rc<Descriptor>>>>,
    self_pipes: RefCell<Vec<Source>>,
}

/// Who waits for one direction.
#[derive(Default)]
struct Side {
    callback: RefCell<Option<Object>>,
    waiters: RefCell<Vec<Waiter>>,
}

impl Side {
    fn visit(&self, owned: &mut Owned<'_>) {
        if let (Ok(callback), Ok(waiters)) = (self.callback.try_borrow(), self.waiters.try_borrow())
        {
            callback.iter().for_each(|callback| owned.add(callback));
            waiters.iter().for_each(|waiter| waiter.visit(owned));
        }
    }

    fn is_wanted(&self) -> bool {
        self.callback.borrow().is_some() || !self.waiters.borrow().is_empty()
    }
}

pub(crate) struct Descriptor {
    fd: RawFd,
    /// The object that the program named the descriptor by, for a removal after it was closed and tells no number.
    named_by: RefCell<Option<Object>>,
    source: RefCell<Option<Source>>,
    reader: Side,
    writer: Side,
    /// A weak reference to the socket object that operations were last called with.
    socket: RefCell<Option<Object>>,
    boundaries: Cell<Boundaries>,
    event_loop: Loop,
    host: Rc<PythonHost>,
}

impl Descriptors {
    fn get(&self, fd: RawFd) -> Option<Rc<Descriptor>> {
        self.watched
            .borrow()
            .get(usize::try_from(fd).ok()?)?
            .clone()
    }

    fn get_or_make(&self, event_loop: &Loop, host: &Rc<PythonHost>, fd: RawFd) -> Rc<Descriptor> {
        if let Some(known) = self.get(fd) {
            return known;
        }
        let descriptor = Rc::new(Descriptor {
            fd,
            named_by: RefCell::default(),
            source: RefCell::new(None),
            reader: Side::default(),
            writer: Side::default(),
            socket: RefCell::new(None),
            boundaries: Cell::new(Boundaries::Anywhere),
            event_loop: event_loop.clone(),
            host: Rc::clone(host),
        });
        let mut watched = self.watched.borrow_mut();
        let index = fd as usize;
        if watched.len() <= index {
            watched.resize_with(index + 1, || None);
        }
        watched[index] = Some(Rc::clone(&descriptor));
        descriptor
    }

    /// Sets the callback for one direction; a callback that it replaces is cancelled.
    pub(crate) fn add(
        &self,
        py: Python<'_>,
        event_loop: &Loop,
        host: &Rc<PythonHost>,
        fd: RawFd,
        direction: Direction,
        callback: Object,
    ) -> PyResult<()> {
        let descriptor = self.get_or_make(event_loop, host, fd);
        let old = descriptor.side(direction).callback.replace(Some(callback));
        if old.is_some() {
            // Perhaps the program closed the descriptor without removing its callback, and the number is another file's
            // now. The kernel has forgotten the registration then; a fresh one is right in both cases.
            let source = descriptor.source.take();
            drop(source);
        }
        if let Err(error) = descriptor.update_mode() {
            let failed = descriptor.side(direction).callback.take();
            drop(failed);
            self.remove_if_unused(&descriptor);
            return Err(os_error(py, &error));
        }
        old.map_or(Ok(()), |old| handle::cancel(py, old.bind(py)))
    }

    /// Removes the callback for one direction; false if there was none.
    pub(crate) fn remove(&self, py: Python<'_>, fd: RawFd, direction: Direction) -> PyResult<bool> {
        let Some(descriptor) = self.get(fd) else {
            return Ok(false);
        };
        let Some(old) = descriptor.side(direction).callback.take() else {
            return Ok(false);
        };
        // Its event may wait in the queue; a callback that is added meanwhile must not be called in its place.
        if let Some(source) = &*descriptor.source.borrow() {
            source.forget_report(direction.readiness());
        }
        // An error means that the descriptor was closed: then nothing is reported any more, as wanted.
        let _ = descriptor.update_mode();
        self.remove_if_unused(&descriptor);
        if !descriptor.has_callback() {
            let name = descriptor.named_by.take();
            drop(name);
        }
        handle::cancel(py, old.bind(py))?;
        Ok(true)
    }

    /// Remembers the object that a descriptor with a callback was named by.
    pub(crate) fn name(&self, fd: RawFd, object: Object) {
        if let Some(descriptor) = self.get(fd) {
            let old = descriptor.named_by.replace(Some(object));
            drop(old);
        }
    }

    /// The descriptor with a callback that was named by this very object.
    pub(crate) fn named_by(&self, object: &Bound<'_, PyAny>) -> Option<RawFd> {
        let watched = self.watched.borrow();
        let found = watched.iter().flatten().find(|descriptor| {
            let name = descriptor.named_by.borrow();
            name.as_ref()
                .is_some_and(|name| name.bind(object.py()).is(object))
        });
        found.map(|descriptor| descriptor.fd)
    }

    fn remove_if_unused(&self, descriptor: &Rc<Descriptor>) {
        if !descriptor.is_wanted() && descriptor.socket.borrow().is_none() {
            self.take(descriptor.fd);
        }
    }

    fn take(&self, fd: RawFd) -> Option<Rc<Descriptor>> {
        let taken = self
            .watched
            .borrow_mut()
            .get_mut(usize::try_from(fd).ok()?)?
            .take()?;
        let source = taken.source.take();
        drop(source);
        Some(taken)
    }

    /// Ends every registration of the number: a transport takes it over, or it names another socket now. Operations that
    /// still wait are woken and find out by trying.
    pub(crate) fn forget(&self, py: Python<'_>, fd: RawFd) -> PyResult<()> {
        let Some(descriptor) = self.take(fd) else {
            return Ok(());
        };
        for side in [&descriptor.reader, &descriptor.writer] {
            let callback = side.callback.take();
            let waiters = side.waiters.take();
            if let Some(callback) = callback {
                handle::cancel(py, callback.bind(py))?;
            }
            for waiter in waiters {
                waiter.wake(py)?;
            }
        }
        Ok(())
    }

    /// The descriptor of a socket object, registered for its operations.
    pub(crate) fn of_socket(
        &self,
        event_loop: &Loop,
        host: &Rc<PythonHost>,
        fd: RawFd,
        socket: &Bound<'_, PyAny>,
    ) -> PyResult<Rc<Descriptor>> {
        let py = socket.py();
        if let Some(descriptor) = self.get(fd) {
            if descriptor.belongs_to(socket) {
                return Ok(descriptor);
            }
            let names_another_socket = descriptor.socket.borrow().is_some();
            if names_another_socket {
                self.forget(py, fd)?;
            }
        }
        let descriptor = self.get_or_make(event_loop, host, fd);
        descriptor.boundaries.set(boundaries_of(fd));
        let weak = PyWeakrefReference::new(socket)?;
        descriptor
            .socket
            .replace(Some(Object::new(weak.into_any())));
        if let Err(error) = descriptor.update_mode() {
            self.take(fd);
            return Err(os_error(py, &error));
        }
        Ok(descriptor)
    }

    /// Which directions have callbacks: for the selector that asyncio's own transports look into.
    pub(crate) fn watched(&self, fd: RawFd) -> (bool, bool) {
        match self.get(fd) {
            Some(watched) => (
                watched.reader.callback.borrow().is_some(),
                watched.writer.callback.borrow().is_some(),
            ),
            None => (false, false),
        }
    }

    pub(crate) fn watch_self_pipe(
        &self,
        owner: &Bound<'_, LoopCore>,
        event_loop: &Loop,
        host: Rc<PythonHost>,
        fd: RawFd,
        read: String,
    ) -> PyResult<()> {
        let source = event_loop.register(
            fd,
            Mode::Level {
                read: true,
                write: false,
            },
        )?;
        let owner = PyWeakrefReference::new(owner.as_any())?;
        source.set_handler(Some(Rc::new(SelfPipe {
            owner: Object::new(owner.into_any()),
            read,
            host,
        })));
        self.self_pipes.borrow_mut().push(source);
        Ok(())
    }

    /// Shows the references that keep callbacks and waiting operations.
    pub(crate) fn visit(&self, owned: &mut Owned<'_>) {
        let Ok(watched) = self.watched.try_borrow() else {
            return;
        };
        for descriptor in watched.iter().flatten() {
            if let Ok(name) = descriptor.named_by.try_borrow() {
                name.iter().for_each(|name| owned.add(name));
            }
            for side in [&descriptor.reader, &descriptor.writer] {
                side.visit(owned);
            }
        }
    }

    /// Ends everything, for the loop is being closed.
    pub(crate) fn clear(&self, py: Python<'_>) {
        let self_pipes = self.self_pipes.take();
        drop(self_pipes);
        let all = self.watched.take();
        for descriptor in all.into_iter().flatten() {
            let source = descriptor.source.take();
            drop(source);
            let socket = descriptor.socket.take();
            drop(socket);
            for side in [&descriptor.reader, &descriptor.writer] {
                let callback = side.callback.take();
                drop(callback);
            }
            // Without anything to be registered for: a waiter withdraws, which closes a socket that it kept open.
            for side in [&descriptor.reader, &descriptor.writer] {
                let waiters = side.waiters.take();
                waiters.into_iter().for_each(|waiter| waiter.abandon(py));
            }
        }
    }
}

impl Descriptor {
    fn has_callback(&self) -> bool {
        self.reader.callback.borrow().is_some() || self.writer.callback.borrow().is_some()
    }

    fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Read => &self.reader,
            Direction::Write => &self.writer,
        }
    }

    fn is_wanted(&self) -> bool {
        self.reader.is_wanted() || self.writer.is_wanted()
    }

    fn belongs_to(&self, socket: &Bound<'_, PyAny>) -> bool {
        let weak = self.socket.borrow();
        let Some(weak) = &*weak else { return false };
        let Ok(weak) = weak.bind(socket.py()).cast::<PyWeakrefReference>() else {
            return false;
        };
        weak.upgrade().is_some_and(|owner| owner.is(socket))
    }

    /// The registration that the present users need.
    fn wanted_mode(&self) -> Option<Mode> {
        let has_callback =
            self.reader.callback.borrow().is_some() || self.writer.callback.borrow().is_some();
        if has_callback {
            return Some(Mode::Level {
                read: self.reader.is_wanted(),
                write: self.writer.is_wanted(),
            });
        }
        self.socket.borrow().is_some().then_some(Mode::Edge)
    }

    fn update_mode(self: &Rc<Self>) -> std::io::Result<()> {
        let Some(mode) = self.wanted_mode() else {
            let source = self.source.take();
            drop(source);
            return Ok(());
        };
        let changed = self
            .source
            .borrow()
            .as_ref()
            .map(|source| source.set_mode(mode));
        if let Some(Ok(())) = changed {
            return Ok(());
        }
        // Either new, or the descriptor was closed and its number used again: the old registration is gone.
        let old = self.source.take();
        drop(old);
        let source = self.event_loop.register(self.fd, mode)?;
        source.set_handler(Some(Rc::new(DescriptorHandler(Rc::clone(self)))));
        source.assume(Readiness::READ | Readiness::WRITE);
        self.source.replace(Some(source));
        Ok(())
    }

    /// False if a system call in this direction is known to block.
    pub(crate) fn may_be_ready(&self, direction: Direction) -> bool {
        let level =
            self.reader.callback.borrow().is_some() || self.writer.callback.borrow().is_some();
        level
            || self
                .source
                .borrow()
                .as_ref()
                .is_none_or(|source| source.readiness().contains(direction.readiness()))
    }

    /// A system call would have blocked.
    pub(crate) fn used_up(&self, direction: Direction) {
        if let Some(source) = &*self.source.borrow() {
            source.clear(direction.readiness());
        }
    }

    /// A read returned less than it could. Where bytes are all there is, nothing is left.
    pub(crate) fn short_read(&self) {
        if let Some(source) = &*self.source.borrow() {
            source.note_short_read(self.boundaries.get() != Boundaries::None);
        }
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.boundaries.get() != Boundaries::Anywhere
    }

    pub(crate) fn wait(
        self: &Rc<Self>,
        py: Python<'_>,
        direction: Direction,
        waiter: Waiter,
    ) -> PyResult<()> {
        self.side(direction).waiters.borrow_mut().push(waiter);
        self.update_mode().map_err(|error| os_error(py, &error))
    }

    pub(crate) fn withdraw(self: &Rc<Self>, direction: Direction, waiter: &Waiter) {
        let withdrawn = {
            let mut waiters = self.side(direction).waiters.borrow_mut();
            waiters
                .iter()
                .position(|other| other.is(waiter))
                .map(|index| waiters.remove(index))
        };
        drop(withdrawn);
        // A registration that is gone is no obstacle to not waiting.
        let _ = self.update_mode();
    }

    /// The socket object is about to close the descriptor, in whatever thread: operations that wait end with an error.
    /// With `calls_back` callbacks are called once more: those of asyncio's own operations then try and get it.
    pub(crate) fn closes(&self, py: Python<'_>, core: &LoopState, calls_back: bool) {
        for side in [&self.reader, &self.writer] {
            let waiters = side.waiters.take();
            for waiter in waiters {
                let error = closed(py).into_value(py).into_bound(py);
                waiter.fail_soon(py, core, Object::new(error.into_any()));
            }
            if calls_back && let Some(callback) = &*side.callback.borrow() {
                core.schedule(py, callback.share(py));
            }
        }
    }

    fn report(self: &Rc<Self>, py: Python<'_>, direction: Direction) {
        let side = self.side(direction);
        let callback = side
            .callback
            .borrow()
            .as_ref()
            .map(|callback| callback.share(py));
        if let Some(callback) = callback {
            let error = if self.host.is_debug() {
                run_foreign_handle(py, callback.bind(py)).err()
            } else {
                handle::run(py, &callback)
            };
            if let Some(error) = error {
                self.host.interrupt(error);
                return;
            }
        }
        let waiters = side.waiters.take();
        if waiters.is_empty() {
            return;
        }
        let level =
            self.reader.callback.borrow().is_some() || self.writer.callback.borrow().is_some();
        if level {
            let _ = self.update_mode();
        }
        for (index, waiter) in waiters.into_iter().enumerate() {
            if index > 0 {
                self.event_loop.checkpoint();
            }
            if let Err(error) = waiter.wake(py) {
                self.host.interrupt(error);
            }
        }
    }
}

/// The registration holds its handler, which is this; `Descriptors` takes the source out to end that.
struct DescriptorHandler(Rc<Descriptor>);

impl IoHandler for DescriptorHandler {
    fn ready(&self, readiness: Readiness) {
        let descriptor = &self.0;
        ffi::with_gil_held(|py| {
            if readiness.contains(Readiness::READ) {
                descriptor.report(py, Direction::Read);
            }
            if !readiness.contains(Readiness::WRITE) {
                return;
            }
            if readiness.contains(Readiness::READ) {
                if descriptor.host.is_interrupted() {
                    // The reader ends the run: the writer is for the next one.
                    if let Some(source) = &*descriptor.source.borrow() {
                        source.call_again(Readiness::WRITE);
                    }
                    return;
                }
                descriptor.event_loop.checkpoint();
            }
            descriptor.report(py, Direction::Write);
        });
    }
}

/// A socket pair through which signals wake the loop.
struct SelfPipe {
    owner: Object,
    /// The method of the owner that reads what is in it.
    read: String,
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
            owner.call_method0(&*self.read)?;
        }
        Ok(())
    }
}
