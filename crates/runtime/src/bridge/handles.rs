//! Python objects that JavaScript holds, each owned by an object of the JavaScript heap that carries its number here, its handle.
//!
//! One proxy per Python object while JavaScript holds it: a round trip keeps identity (`===`). Python makes a bound method anew each
//! time that one is read, so those of one function and one object share a proxy: `object.method` is the same one at each look, and a
//! loop that calls it makes one.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use slab::Slab;
use twinloop_js::engine::{CountedMemory, Error, Local, Scope, Slot, WeakSlot};

use super::{Bridge, Helper};
use crate::python_in_js::abilities;

/// The table of one bridge. A program may hold a hundred thousand objects: what stands here for each is small.
#[derive(Default)]
pub(super) struct Handles {
    /// By the numbers that the handles carry.
    objects: RefCell<Slab<Held>>,
    /// The number of the youngest handle of each object, by its identity.
    numbers: RefCell<HashTable<u32>>,
    hasher: DefaultHashBuilder,
    /// What the handles of one kind of object inherit from, by the kind's abilities; none where a proxy's target cannot be its handle.
    kinds: RefCell<HashMap<u32, Option<Slot>>>,
}

/// A Python object that a handle owns.
struct Held {
    object: Py<PyAny>,
    /// Its proxy, which keeps the handle.
    proxy: Option<WeakSlot>,
    /// What few objects have.
    rest: Option<Box<Rest>>,
}

struct Rest {
    /// The function of a bound method and what it is bound to.
    method: Option<(usize, usize)>,
    /// What it keeps alive, of which the engine sees a small object.
    _memory: Option<CountedMemory>,
}

impl Held {
    fn identity(&self) -> Identity {
        match self.rest.as_ref().and_then(|rest| rest.method) {
            Some((function, receiver)) => Identity::Method(function, receiver),
            None => Identity::Object(self.object.as_ptr() as usize),
        }
    }
}

impl Handles {
    /// How many Python objects JavaScript holds.
    pub(super) fn count(&self) -> usize {
        self.objects.borrow().len()
    }

    /// The handles whose proxies are alive.
    pub(super) fn live(&self) -> Vec<u32> {
        let objects = self.objects.borrow();
        let is_live = |held: &Held| held.proxy.as_ref().is_some_and(WeakSlot::is_alive);
        let live = objects.iter().filter(|(_, held)| is_live(held));
        live.map(|(number, _)| number as u32).collect()
    }

    /// The object that the handle with this number owns.
    pub(super) fn object<'py>(&self, py: Python<'py>, number: u32) -> Option<Bound<'py, PyAny>> {
        let objects = self.objects.borrow();
        Some(objects.get(number as usize)?.object.bind(py).clone())
    }

    /// The proxy of what is known by this identity.
    fn known<'s>(&self, scope: &Scope<'s>, identity: Identity) -> Option<Local<'s>> {
        let objects = self.objects.borrow();
        let numbers = self.numbers.borrow();
        let is_it = |number: &u32| objects[*number as usize].identity() == identity;
        let number = *numbers.find(self.hasher.hash_one(identity), is_it)?;
        scope.upgrade(objects[number as usize].proxy.as_ref()?)
    }

    /// The proxy that keeps the handle with this number.
    fn proxy<'s>(&self, scope: &Scope<'s>, number: u32) -> Option<Local<'s>> {
        let objects = self.objects.borrow();
        scope.upgrade(objects.get(number as usize)?.proxy.as_ref()?)
    }

    fn insert(
        &self,
        identity: Identity,
        object: &Bound<'_, PyAny>,
        memory: Option<CountedMemory>,
    ) -> u32 {
        let method = identity.method();
        let rest = (method.is_some() || memory.is_some()).then(|| {
            Box::new(Rest {
                method,
                _memory: memory,
            })
        });
        let mut objects = self.objects.borrow_mut();
        let number = objects.insert(Held {
            object: object.clone().unbind(),
            proxy: None,
            rest,
        }) as u32;
        let hash = |number: &u32| self.hasher.hash_one(objects[*number as usize].identity());
        let is_it = |number: &u32| objects[*number as usize].identity() == identity;
        let mut numbers = self.numbers.borrow_mut();
        match numbers.entry(self.hasher.hash_one(identity), is_it, hash) {
            // Of a handle that is dead, and has not been dropped yet.
            hashbrown::hash_table::Entry::Occupied(mut known) => *known.get_mut() = number,
            hashbrown::hash_table::Entry::Vacant(free) => drop(free.insert(number)),
        }
        number
    }

    fn set_proxy(&self, number: u32, proxy: WeakSlot) {
        if let Some(held) = self.objects.borrow_mut().get_mut(number as usize) {
            held.proxy = Some(proxy);
        }
    }

    /// Lets go of what these handles owned, which are gone. Any code may run.
    pub(super) fn drop_collected(&self, handles: &[u32]) {
        for number in handles {
            let held = self.remove(*number);
            drop(held);
        }
    }

    fn remove(&self, number: u32) -> Option<Held> {
        let held = self.objects.borrow_mut().try_remove(number as usize)?;
        let hash = self.hasher.hash_one(held.identity());
        // It may be that of a younger handle to the same object.
        let mut numbers = self.numbers.borrow_mut();
        if let Ok(known) = numbers.find_entry(hash, |known| *known == number) {
            known.remove();
        }
        Some(held)
    }
}

/// What a Python object is known by: addresses of what is alive as long as it stands in the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Identity {
    Object(usize),
    /// A function and what it is bound to.
    Method(usize, usize),
}

impl Identity {
    fn of(object: &Bound<'_, PyAny>) -> Identity {
        static METHOD: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let py = object.py();
        let address = |object: &Bound<'_, PyAny>| object.as_ptr() as usize;
        let is_method = METHOD
            .import(py, "types", "MethodType")
            .is_ok_and(|class| object.get_type().is(class));
        if is_method
            && let Ok(function) = object.getattr(intern!(py, "__func__"))
            && let Ok(receiver) = object.getattr(intern!(py, "__self__"))
        {
            return Identity::Method(address(&function), address(&receiver));
        }
        Identity::Object(address(object))
    }

    fn method(self) -> Option<(usize, usize)> {
        match self {
            Identity::Object(_) => None,
            Identity::Method(function, receiver) => Some((function, receiver)),
        }
    }
}

/// Counts what the object keeps alive, if that is much. A loop of Python's may pass many such objects before the next checkpoint, so those
/// that are found dead are dropped here.
fn count_memory(scope: &Scope<'_>, object: &Bound<'_, PyAny>) -> Option<CountedMemory> {
    let size = twinloop_py::buffer_size(object);
    (size >= COUNTED).then(|| {
        let counted = scope.count_memory(size);
        scope.drop_collected();
        counted
    })
}

/// From so many bytes on, memory of a Python object is told to the engine.
const COUNTED: usize = 16 * 1024;

impl Bridge {
    /// The proxy of a Python object: the same one as long as JavaScript holds it.
    pub(crate) fn wrap<'s>(
        &self,
        scope: &Scope<'s>,
        object: &Bound<'_, PyAny>,
    ) -> Result<Local<'s>, Error> {
        let identity = Identity::of(object);
        if let Some(proxy) = self.handles.known(scope, identity) {
            return Ok(proxy);
        }
        let abilities = abilities::of(object);
        let flags = scope.number(f64::from(abilities));
        let kind = self.kind_of(scope, abilities, flags)?;
        let memory = count_memory(scope, object);
        // Until here code of the program's may have run, which met the object.
        if let Some(proxy) = self.handles.known(scope, identity) {
            return Ok(proxy);
        }
        let number = self.handles.insert(identity, object, memory);
        let handle = scope
            .numbered_object(kind, number)
            .inspect_err(|_| self.handles.drop_collected(&[number]))?;
        self.look_for_cycles_later();
        let proxy = self.help(scope, Helper::Wrap, &[handle, flags])?;
        self.handles.set_proxy(number, scope.weak(proxy));
        Ok(proxy)
    }

    fn kind_of<'s>(
        &self,
        scope: &Scope<'s>,
        abilities: u32,
        flags: Local<'_>,
    ) -> Result<Option<Local<'s>>, Error> {
        if let Some(known) = self.handles.kinds.borrow().get(&abilities) {
            return Ok(known.as_ref().map(|kind| scope.local(kind)));
        }
        let made = self.help(scope, Helper::KindOf, &[flags])?;
        let kind = made.is_object().then_some(made);
        let kept = kind.map(|kind| scope.persist(kind));
        self.handles.kinds.borrow_mut().insert(abilities, kept);
        Ok(kind)
    }

    /// The handle with this number, if its proxy is alive.
    pub(super) fn handle<'s>(&self, scope: &Scope<'s>, number: u32) -> Option<Local<'s>> {
        let (target, _) = scope.proxy_details(self.handles.proxy(scope, number)?)?;
        self.handle_of(scope, target)
    }

    /// The Python object that a handle owns.
    pub(crate) fn owned_by<'py>(
        &self,
        scope: &Scope<'_>,
        py: Python<'py>,
        handle: Local<'_>,
    ) -> Option<Bound<'py, PyAny>> {
        self.handles.object(py, scope.carried_number(handle)?)
    }

    /// The Python object behind a `PyProxy`.
    pub(crate) fn unwrap<'py>(
        &self,
        scope: &Scope<'_>,
        py: Python<'py>,
        value: Local<'_>,
    ) -> Option<Bound<'py, PyAny>> {
        // Looked at from outside: a Proxy of the program's own is not asked, which could run its code.
        let (target, handler) = scope.proxy_details(value)?;
        if !handler.is_same(self.helpers.handler(scope)) {
            return None;
        }
        match scope.carried_number(target) {
            Some(number) => self.handles.object(py, number),
            None => self.owned_by(scope, py, self.handle_of(scope, target)?),
        }
    }

    /// The handle of a proxy with this target, which may be the target itself.
    fn handle_of<'s>(&self, scope: &Scope<'s>, target: Local<'_>) -> Option<Local<'s>> {
        scope.get(target, self.helpers.handle_key(scope)).ok()
    }
}
