//! The bridge of one thread: the JavaScript context, the loop both languages run on, and the tables by which values
//! keep their identity.
//!
//! Everything runs on the loop thread with the GIL held. A [`JsKey`] may be dropped anywhere: on another thread it goes
//! home through the inbox (rule NO-GIL-OFF-LOOP). What either heap holds of the other is rooted: JavaScript values in
//! slots (rule ROOTED), Python objects in host objects that the JavaScript collector owns.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;
use slab::Slab;
use twinloop_js::Js;
use twinloop_js::engine::{Context, Error, Local, Scope, Slot};
use twinloop_loop::{Entry, Loop, Remote};

use crate::awaits::Waiting;
use crate::interrupts::Watcher;
use crate::python_ops;

thread_local! {
    static BRIDGE: RefCell<Option<Rc<Bridge>>> = const { RefCell::new(None) };
    static NEXT_BRIDGE: Cell<u64> = const { Cell::new(1) };
}

/// Both languages of one thread.
pub(crate) struct Bridge {
    /// Tells the keys of this bridge from those of an earlier one on the same thread.
    number: u64,
    js: Rc<Js>,
    context: Context,
    event_loop: Loop,
    /// JavaScript values that Python holds.
    values: RefCell<Slab<Slot>>,
    /// The live `JsProxy` of a JavaScript object, by the object's identity number.
    js_proxies: RefCell<HashMap<u64, Py<PyWeakrefReference>>>,
    /// Python objects that JavaScript holds, by address (each is alive as long as it stands here).
    python_objects: RefCell<HashMap<usize, Weak<PythonObject>>>,
    next_object: Cell<u64>,
    /// Numbers of proxies that are gone, for `bridge.js` to forget.
    dead: RefCell<Vec<u64>>,
    /// Promises that wait for Tasks.
    waiting: RefCell<Slab<Waiting>>,
    helpers: Slot,
    /// Brings Ctrl-C to JavaScript; the inner value is absent off the main thread.
    watcher: RefCell<Option<Option<Watcher>>>,
    /// An exception that JavaScript must not catch (SystemExit, KeyboardInterrupt), on its way out through JavaScript.
    leaving: RefCell<Option<PyErr>>,
}

/// A Python object that JavaScript holds; owned by a host object of the JavaScript heap.
pub(crate) struct PythonObject {
    pub(crate) number: u64,
    pub(crate) object: Py<PyAny>,
}

impl Drop for PythonObject {
    fn drop(&mut self) {
        let address = self.object.as_ptr() as usize;
        if let Ok(Some(bridge)) = BRIDGE.try_with(|bridge| bridge.borrow().clone()) {
            let mut objects = bridge.python_objects.borrow_mut();
            // The entry may already be that of a younger handle to the same object.
            if objects
                .get(&address)
                .is_some_and(|known| known.strong_count() == 0)
            {
                objects.remove(&address);
            }
            bridge.dead.borrow_mut().push(self.number);
        }
    }
}

/// Names a JavaScript value that Python holds.
pub(crate) struct JsKey {
    bridge: u64,
    index: usize,
    remote: Remote,
}

impl Drop for JsKey {
    fn drop(&mut self) {
        let (number, index) = (self.bridge, self.index);
        let here = BRIDGE.try_with(|bridge| {
            bridge
                .borrow()
                .as_ref()
                .is_some_and(|bridge| bridge.number == number)
        });
        if here == Ok(true) {
            release(number, index);
        } else {
            self.remote.post(Box::new(move |_| release(number, index)));
        }
    }
}

fn release(number: u64, index: usize) {
    let bridge = BRIDGE
        .try_with(|bridge| bridge.borrow().clone())
        .ok()
        .flatten();
    if let Some(bridge) = bridge.filter(|bridge| bridge.number == number) {
        let slot = bridge.values.borrow_mut().try_remove(index);
        drop(slot);
    }
}

impl Bridge {
    /// The bridge of this thread and of the running asyncio loop, started when there is none yet.
    pub(crate) fn running(py: Python<'_>) -> PyResult<Rc<Bridge>> {
        let running = py.import("asyncio")?.call_method0("get_running_loop").map_err(|_| {
            PyRuntimeError::new_err(
                "twinloop.js needs a running event loop: call it from a coroutine that twinloop.run() runs",
            )
        })?;
        let event_loop = twinloop_py::event_loop_of(&running).map_err(|_| {
            PyRuntimeError::new_err(format!(
                "twinloop.js needs Twinloop's event loop, but {} is running: start the program with twinloop.run(), \
                 or with the twinloop command",
                running.repr().map_or_else(|_| "another loop".to_owned(), |text| text.to_string()),
            ))
        })?;
        let bridge = Bridge::on(py, &event_loop)?;
        if bridge.watcher.borrow().is_none() {
            let watcher = Watcher::start(&running, bridge.context.interrupt_handle())?;
            *bridge.watcher.borrow_mut() = Some(watcher);
        }
        Ok(bridge)
    }

    /// The bridge of this thread on the given loop, started when there is none yet.
    pub(crate) fn on(py: Python<'_>, event_loop: &Loop) -> PyResult<Rc<Bridge>> {
        if let Some(bridge) = BRIDGE.with_borrow(Clone::clone) {
            if bridge.event_loop.is_same(event_loop) {
                return Ok(bridge);
            }
            // The earlier loop of this thread has ended, and with it everything its JavaScript could still do.
            bridge.end(py);
        }
        let bridge = Rc::new(Bridge::start(event_loop)?);
        py.import("twinloop.js")?
            .call_method0("_keep_output_in_order")?;
        BRIDGE.set(Some(Rc::clone(&bridge)));
        Ok(bridge)
    }

    fn start(event_loop: &Loop) -> PyResult<Bridge> {
        let js = crate::program::start_engine(event_loop).map_err(PyRuntimeError::new_err)?;
        let context = js.context().clone();
        let helpers = context
            .enter(|scope| {
                let native = python_ops::object(scope)?;
                let factory = scope.evaluate(include_str!("bridge.js"), "twinloop:bridge", 1)?;
                let helpers = scope.call(factory, Local::undefined(), &[native])?;
                Ok::<_, Error>(scope.persist(helpers))
            })
            .map_err(|error| {
                PyRuntimeError::new_err(format!("the bridge cannot start: {error:?}"))
            })?;
        let number = NEXT_BRIDGE.replace(NEXT_BRIDGE.get() + 1);
        Ok(Bridge {
            number,
            js,
            context,
            event_loop: event_loop.clone(),
            values: RefCell::default(),
            js_proxies: RefCell::default(),
            python_objects: RefCell::default(),
            next_object: Cell::new(1),
            dead: RefCell::default(),
            waiting: RefCell::default(),
            helpers,
            watcher: RefCell::new(None),
            leaving: RefCell::new(None),
        })
    }

    /// Ends the JavaScript of this thread, if `event_loop` is its loop.
    pub(crate) fn end_on(py: Python<'_>, event_loop: &Loop) {
        if let Some(bridge) = BRIDGE.with_borrow(Clone::clone)
            && bridge.event_loop.is_same(event_loop)
        {
            bridge.end(py);
        }
    }

    /// Ends the JavaScript of this thread, whatever its loop.
    pub(crate) fn end_here(py: Python<'_>) {
        if let Some(bridge) = BRIDGE.with_borrow(Clone::clone) {
            bridge.end(py);
        }
    }

    fn end(&self, _py: Python<'_>) {
        BRIDGE.set(None);
        drop(self.watcher.take());
        let values = std::mem::take(&mut *self.values.borrow_mut());
        drop(values);
        let waiting = std::mem::take(&mut *self.waiting.borrow_mut());
        drop(waiting);
        self.js.end();
    }

    /// The bridge that runs native operations on this thread right now.
    pub(crate) fn current() -> Result<Rc<Bridge>, Error> {
        BRIDGE
            .with_borrow(Clone::clone)
            .ok_or_else(|| Error::new("the Python side of this program has ended"))
    }

    pub(crate) fn js(&self) -> &Rc<Js> {
        &self.js
    }

    pub(crate) fn event_loop(&self) -> &Loop {
        &self.event_loop
    }

    /// Runs `f` in a scope of the context.
    pub(crate) fn enter<R>(
        &self,
        f: impl for<'s> FnOnce(&Scope<'s>) -> PyResult<R>,
    ) -> PyResult<R> {
        if !self.context.is_open() {
            return Err(PyRuntimeError::new_err(
                "the JavaScript of this thread has ended with its event loop",
            ));
        }
        self.context.enter(f)
    }

    /// Calls a function of `bridge.js`.
    pub(crate) fn help<'s>(
        &self,
        scope: &Scope<'s>,
        name: &str,
        values: &[Local<'_>],
    ) -> Result<Local<'s>, Error> {
        let helpers = scope.local(&self.helpers);
        let function = scope.get(helpers, name)?;
        scope.call(function, Local::undefined(), values)
    }

    // ---- JavaScript values that Python holds ----------------------------------------------------------------------

    /// Keeps a value for Python.
    pub(crate) fn keep(&self, scope: &Scope<'_>, value: Local<'_>) -> JsKey {
        let index = self.values.borrow_mut().insert(scope.persist(value));
        JsKey {
            bridge: self.number,
            index,
            remote: self.event_loop.remote(),
        }
    }

    /// The value behind a key, on its own thread.
    pub(crate) fn value<'s>(&self, scope: &Scope<'s>, key: &JsKey) -> PyResult<Local<'s>> {
        if key.bridge != self.number {
            return Err(PyRuntimeError::new_err(
                "this JavaScript value belongs to an event loop that has ended",
            ));
        }
        let values = self.values.borrow();
        let slot = values
            .get(key.index)
            .ok_or_else(|| PyRuntimeError::new_err("this JavaScript value is gone"))?;
        Ok(scope.local(slot))
    }

    /// The bridge on which `key` lives.
    pub(crate) fn of(key: &JsKey) -> PyResult<Rc<Bridge>> {
        let bridge = BRIDGE.with_borrow(Clone::clone);
        bridge.filter(|bridge| bridge.number == key.bridge).ok_or_else(|| {
            PyRuntimeError::new_err(
                "this JavaScript value belongs to another thread, or to an event loop that has ended",
            )
        })
    }

    pub(crate) fn known_proxy<'py>(
        &self,
        py: Python<'py>,
        identity: u64,
    ) -> Option<Bound<'py, PyAny>> {
        use pyo3::types::PyWeakrefMethods;
        self.js_proxies
            .borrow()
            .get(&identity)
            .and_then(|reference| reference.bind(py).upgrade())
    }

    pub(crate) fn remember_proxy(&self, identity: u64, reference: Py<PyWeakrefReference>) {
        self.js_proxies.borrow_mut().insert(identity, reference);
    }

    pub(crate) fn forget_proxy(py: Python<'_>, identity: u64) {
        if let Ok(Some(bridge)) = BRIDGE.try_with(|bridge| bridge.borrow().clone())
            && bridge.known_proxy(py, identity).is_none()
        {
            let reference = bridge.js_proxies.borrow_mut().remove(&identity);
            drop(reference);
        }
    }

    // ---- Python objects that JavaScript holds ---------------------------------------------------------------------

    /// The proxy of a Python object: the same one as long as JavaScript holds it.
    pub(crate) fn wrap<'s>(
        self: &Rc<Self>,
        scope: &Scope<'s>,
        object: &Bound<'_, PyAny>,
    ) -> Result<Local<'s>, Error> {
        self.bury_dead(scope)?;
        let address = object.as_ptr() as usize;
        let known = self
            .python_objects
            .borrow()
            .get(&address)
            .and_then(Weak::upgrade);
        let owned = match known {
            Some(owned) => {
                let proxy = self.help(scope, "known", &[scope.number(owned.number as f64)])?;
                if proxy.is_object() {
                    return Ok(proxy);
                }
                owned
            }
            None => {
                let number = self.next_object.replace(self.next_object.get() + 1);
                let owned = Rc::new(PythonObject {
                    number,
                    object: object.clone().unbind(),
                });
                self.python_objects
                    .borrow_mut()
                    .insert(address, Rc::downgrade(&owned));
                owned
            }
        };
        let flags = crate::abilities::of(object)
            .map_err(|error| crate::errors::to_js(self, scope, object.py(), error))?;
        let number = scope.number(owned.number as f64);
        let handle = scope.host_object(owned)?;
        self.help(
            scope,
            "wrap",
            &[number, handle, scope.number(f64::from(flags))],
        )
    }

    /// Lets `bridge.js` drop its entries for Python objects that are gone.
    fn bury_dead(&self, scope: &Scope<'_>) -> Result<(), Error> {
        if self.dead.borrow().len() < 64 {
            return Ok(());
        }
        for number in std::mem::take(&mut *self.dead.borrow_mut()) {
            scope.nested(|scope| {
                self.help(scope, "forget", &[scope.number(number as f64)])
                    .map(drop)
            })?;
        }
        Ok(())
    }

    /// Keeps what waits for a Task; the ticket gets it back.
    pub(crate) fn wait_for_python(&self, waiting: Waiting) -> usize {
        self.waiting.borrow_mut().insert(waiting)
    }

    pub(crate) fn python_is_done(&self, ticket: usize) -> Option<Waiting> {
        self.waiting.borrow_mut().try_remove(ticket)
    }

    // ---- exceptions that must leave -------------------------------------------------------------------------------

    /// Ends JavaScript with an exception that it cannot catch. If no Python code is below that it could reach, it leaves
    /// through the loop.
    pub(crate) fn leave_with(self: &Rc<Self>, error: PyErr) -> Error {
        *self.leaving.borrow_mut() = Some(error);
        self.context.stop();
        let bridge = Rc::downgrade(self);
        self.event_loop.push(Entry::call(move |_| {
            if let Some(error) = bridge.upgrade().and_then(|bridge| bridge.take_leaving()) {
                Python::attach(|py| crate::program::raise_from_loop(py, error));
            }
        }));
        Error::terminated()
    }

    pub(crate) fn take_leaving(&self) -> Option<PyErr> {
        self.leaving.borrow_mut().take()
    }
}
