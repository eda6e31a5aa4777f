//! JavaScript values that Python holds, each behind a [`JsKey`], and the one `JsProxy` of a JavaScript object.
//!
//! A key may be dropped anywhere: on another thread it goes home through the inbox (rule NO-GIL-OFF-LOOP).

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};
use slab::Slab;
use twinloop_js::engine::{Local, Scope, Slot};
use twinloop_loop::{Loop, Remote};
use twinloop_py::Known;

use super::Bridge;
use super::lifecycle::here;

/// The tables of one bridge.
#[derive(Default)]
pub(super) struct Keys {
    /// None for a value that was collected, while something that is garbage itself still has its key.
    values: RefCell<Slab<Option<Slot>>>,
    /// What Python has for a JavaScript object instead of its `JsProxy`, by the object's identity number.
    stand_ins: RefCell<HashMap<u64, Py<PyWeakrefReference>>>,
    /// The live `JsException` of a thrown object.
    exceptions: RefCell<HashMap<u64, Py<PyWeakrefReference>>>,
    /// Generators whose iteration Python left and which it still holds, by identity number.
    left: RefCell<HashMap<u64, JsKey>>,
}

impl Keys {
    /// Lets go of every value.
    pub(super) fn clear(&self) {
        let values = std::mem::take(&mut *self.values.borrow_mut());
        drop(values);
        let left = std::mem::take(&mut *self.left.borrow_mut());
        drop(left);
    }

    /// How many values Python holds.
    pub(super) fn count(&self) -> usize {
        self.values.borrow().len()
    }

    /// Takes the root of a value away; its key stays.
    pub(super) fn weaken(&self, index: usize) {
        let slot = self
            .values
            .borrow_mut()
            .get_mut(index)
            .and_then(Option::take);
        drop(slot);
    }

    /// Gives the value of a key its root back.
    pub(super) fn strengthen(&self, index: usize, slot: Slot) {
        if let Some(value) = self.values.borrow_mut().get_mut(index) {
            *value = Some(slot);
        }
    }
}

/// Names a JavaScript value that Python holds. Python may hold a hundred thousand: it is small.
pub(crate) struct JsKey {
    bridge: u32,
    index: u32,
}

/// The loops of the bridges, by the bridges' numbers, for keys that are dropped on other threads.
static HOMES: Mutex<BTreeMap<u32, Remote>> = Mutex::new(BTreeMap::new());

/// The bridge with this number runs on the loop behind `remote`.
pub(super) fn settle(number: u32, remote: Remote) {
    HOMES
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(number, remote);
}

/// The bridge with this number has ended.
pub(super) fn move_out(number: u32) {
    let remote = HOMES
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(&number);
    drop(remote);
}

impl JsKey {
    pub(super) fn is_of(&self, bridge: &Bridge) -> bool {
        self.bridge == bridge.number
    }

    /// The number of its bridge, and where the value stands there.
    pub(super) fn parts(&self) -> (u32, usize) {
        (self.bridge, self.index as usize)
    }

    /// Where its value stands.
    pub(crate) fn place(&self) -> usize {
        self.index as usize
    }

    /// Runs `function` on the loop's thread, unless the loop has ended.
    pub(super) fn post(&self, function: Box<dyn FnOnce(&Loop) + Send>) {
        let homes = HOMES.lock().unwrap_or_else(PoisonError::into_inner);
        let home = homes.get(&self.bridge).cloned();
        drop(homes);
        if let Some(home) = home {
            home.post(function);
        }
    }
}

impl Drop for JsKey {
    fn drop(&mut self) {
        let (number, index) = self.parts();
        if here().is_some_and(|bridge| bridge.number == number) {
            release(number, index);
        } else {
            self.post(Box::new(move |_| release(number, index)));
        }
    }
}

fn release(number: u32, index: usize) {
    if let Some(bridge) = here().filter(|bridge| bridge.number == number) {
        let slot = bridge.keys.values.borrow_mut().try_remove(index);
        drop(slot);
    }
}

impl Bridge {
    /// Keeps a value for Python.
    pub(crate) fn keep(&self, scope: &Scope<'_>, value: Local<'_>) -> JsKey {
        let index = self
            .keys
            .values
            .borrow_mut()
            .insert(Some(scope.persist(value)));
        JsKey {
            bridge: self.number,
            index: index as u32,
        }
    }

    /// The value behind a key, on its own thread.
    pub(crate) fn value<'s>(&self, scope: &Scope<'s>, key: &JsKey) -> PyResult<Local<'s>> {
        if !key.is_of(self) {
            return Err(PyRuntimeError::new_err(
                "this JavaScript value belongs to an event loop that has ended",
            ));
        }
        let values = self.keys.values.borrow();
        let slot = values
            .get(key.place())
            .and_then(Option::as_ref)
            .ok_or_else(|| {
                PyRuntimeError::new_err(
                    "this JavaScript value is gone: it was collected together with what held it",
                )
            })?;
        Ok(scope.local(slot))
    }

    /// The value that stands at the index of a key of this bridge.
    pub(super) fn value_at<'s>(&self, scope: &Scope<'s>, index: usize) -> Option<Local<'s>> {
        let values = self.keys.values.borrow();
        Some(scope.local(values.get(index)?.as_ref()?))
    }

    /// Lets the generator be closed when Python's last proxy of it goes.
    pub(super) fn remember_left(&self, identity: u64, key: JsKey) {
        let earlier = self.keys.left.borrow_mut().insert(identity, key);
        drop(earlier);
    }

    /// What Python has for the object with this identity number: its live proxy, or what stands for that.
    pub(crate) fn known_proxy<'py>(
        &self,
        py: Python<'py>,
        identity: u64,
    ) -> Option<Bound<'py, PyAny>> {
        let stand_ins = self.keys.stand_ins.borrow();
        let stand_in = if stand_ins.is_empty() {
            None
        } else {
            stand_ins.get(&identity)
        };
        stand_in
            .and_then(|reference| reference.bind(py).upgrade())
            .or_else(|| Known::find(py, self.number, identity))
    }

    /// The number of the object with this identity, for its proxy.
    pub(crate) fn known_by(&self, identity: u64) -> Known {
        Known::new(self.number, identity)
    }

    /// From now on Python gets `object` for what has this identity number.
    pub(crate) fn stand_in(&self, identity: u64, object: &Bound<'_, PyAny>) -> PyResult<()> {
        let reference = PyWeakrefReference::new(object)?.unbind();
        let mut stand_ins = self.keys.stand_ins.borrow_mut();
        stand_ins.insert(identity, reference);
        Ok(())
    }

    /// The live exception that an object was thrown as before.
    pub(crate) fn known_exception<'py>(
        &self,
        py: Python<'py>,
        identity: u64,
    ) -> Option<Bound<'py, PyAny>> {
        self.keys
            .exceptions
            .borrow()
            .get(&identity)
            .and_then(|reference| reference.bind(py).upgrade())
    }

    pub(crate) fn remember_exception(
        &self,
        identity: u64,
        exception: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let reference = PyWeakrefReference::new(exception)?.unbind();
        let mut exceptions = self.keys.exceptions.borrow_mut();
        // The dead are swept out now and then (rule BOUNDED).
        if exceptions.len() >= 64 && exceptions.len().is_power_of_two() {
            exceptions.retain(|_, reference| reference.bind(exception.py()).upgrade().is_some());
        }
        exceptions.insert(identity, reference);
        Ok(())
    }

    /// The proxy that was known by this is gone.
    pub(crate) fn forget_proxy(py: Python<'_>, known: &Known) {
        let identity = known.number();
        if let Some(bridge) = here().filter(|bridge| bridge.number == known.owner())
            && bridge.known_proxy(py, identity).is_none()
        {
            let reference = bridge.keys.stand_ins.borrow_mut().remove(&identity);
            drop(reference);
            let left = bridge.keys.left.borrow_mut().remove(&identity);
            if let Some(left) = left {
                left.leave_iteration(None);
            }
            bridge.let_go(identity);
        }
    }
}
