//! Python objects that JavaScript holds, each owned by a host object of the JavaScript heap, its handle.
//!
//! One proxy per Python object while JavaScript holds it: a round trip keeps identity (`===`). Python makes a bound method anew each
//! time that one is read, so those of one function and one object share a proxy: `object.method` is the same one at each look, and a
//! loop that calls it makes one.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::Hash;
use std::rc::{Rc, Weak};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use twinloop_js::engine::{CountedMemory, Error, Local, Scope, Slot, WeakSlot};

use super::lifecycle::here;
use super::{Bridge, Helper};
use crate::python_in_js::abilities;

/// The table of one bridge. A program may hold a hundred thousand objects: what stands here for each is small.
#[derive(Default)]
pub(super) struct Handles {
    objects: RefCell<HashMap<usize, Weak<PythonObject>>>,
    methods: RefCell<HashMap<(usize, usize), Weak<PythonObject>>>,
    /// What the handles of one kind of object inherit from, by the kind's abilities; none where a proxy's target cannot be its handle.
    kinds: RefCell<HashMap<u32, Option<Slot>>>,
}

impl Handles {
    /// How many Python objects JavaScript holds.
    pub(super) fn count(&self) -> usize {
        self.objects.borrow().len() + self.methods.borrow().len()
    }

    /// Those of which there is one host object.
    fn alone(&self) -> Vec<Rc<PythonObject>> {
        let (objects, methods) = (self.objects.borrow(), self.methods.borrow());
        let all = objects.values().chain(methods.values());
        let live = all.filter(|object| object.strong_count() == 1);
        live.filter_map(Weak::upgrade).collect()
    }

    fn get(&self, identity: &Identity) -> Option<Rc<PythonObject>> {
        match *identity {
            Identity::Object(address) => self.objects.borrow().get(&address)?.upgrade(),
            Identity::Method(function, receiver) => {
                self.methods.borrow().get(&(function, receiver))?.upgrade()
            }
        }
    }

    fn insert(&self, identity: Identity, object: &Rc<PythonObject>) {
        let object = Rc::downgrade(object);
        match identity {
            Identity::Object(address) => self.objects.borrow_mut().insert(address, object),
            Identity::Method(function, receiver) => self
                .methods
                .borrow_mut()
                .insert((function, receiver), object),
        };
    }

    /// Takes out what has died, if the entry is not that of a younger handle to the same object.
    fn remove_dead(&self, identity: &Identity) {
        match *identity {
            Identity::Object(address) => remove_dead(&self.objects, &address),
            Identity::Method(function, receiver) => {
                remove_dead(&self.methods, &(function, receiver));
            }
        }
    }
}

fn remove_dead<K: Hash + Eq>(table: &RefCell<HashMap<K, Weak<PythonObject>>>, key: &K) {
    let mut table = table.borrow_mut();
    if table
        .get(key)
        .is_some_and(|known| known.strong_count() == 0)
    {
        table.remove(key);
    }
}

/// What a Python object is known by: addresses of what is alive as long as it stands in the table.
#[derive(Clone, Copy)]
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
}

/// A Python object that JavaScript holds; owned by a host object of the JavaScript heap.
pub(crate) struct PythonObject {
    pub(crate) object: Py<PyAny>,
    /// Its proxy, which owns this object by its handle.
    proxy: Cell<Option<WeakSlot>>,
    /// What few objects have.
    rest: Option<Box<Rest>>,
}

struct Rest {
    /// The function of a bound method and what it is bound to.
    method: Option<(usize, usize)>,
    /// What it keeps alive, of which the engine sees a small object.
    _memory: Option<CountedMemory>,
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

impl PythonObject {
    fn new(
        identity: Identity,
        object: &Bound<'_, PyAny>,
        memory: Option<CountedMemory>,
    ) -> PythonObject {
        let method = match identity {
            Identity::Object(_) => None,
            Identity::Method(function, receiver) => Some((function, receiver)),
        };
        let rest = (method.is_some() || memory.is_some()).then(|| {
            Box::new(Rest {
                method,
                _memory: memory,
            })
        });
        PythonObject {
            object: object.clone().unbind(),
            proxy: Cell::new(None),
            rest,
        }
    }

    fn identity(&self) -> Identity {
        match self.rest.as_ref().and_then(|rest| rest.method) {
            Some((function, receiver)) => Identity::Method(function, receiver),
            None => Identity::Object(self.object.as_ptr() as usize),
        }
    }

    fn proxy<'s>(&self, scope: &Scope<'s>) -> Option<Local<'s>> {
        let slot = self.proxy.take()?;
        let proxy = scope.upgrade(&slot);
        self.proxy.set(Some(slot));
        proxy
    }
}

impl Drop for PythonObject {
    fn drop(&mut self) {
        if let Some(bridge) = here() {
            bridge.handles.remove_dead(&self.identity());
        }
    }
}

impl Bridge {
    /// The proxy of a Python object: the same one as long as JavaScript holds it.
    pub(crate) fn wrap<'s>(
        &self,
        scope: &Scope<'s>,
        object: &Bound<'_, PyAny>,
    ) -> Result<Local<'s>, Error> {
        let identity = Identity::of(object);
        let owned = match self.handles.get(&identity) {
            Some(owned) => {
                if let Some(proxy) = owned.proxy(scope) {
                    return Ok(proxy);
                }
                owned
            }
            None => {
                let memory = count_memory(scope, object);
                let owned = Rc::new(PythonObject::new(identity, object, memory));
                self.handles.insert(identity, &owned);
                self.look_for_cycles_later();
                owned
            }
        };
        let abilities = abilities::of(object);
        let flags = scope.number(f64::from(abilities));
        let handle = match self.kind_of(scope, abilities, flags)? {
            Some(kind) => scope.host_object_of(kind, owned.clone())?,
            None => scope.host_object(owned.clone())?,
        };
        let proxy = self.help(scope, Helper::Wrap, &[handle, flags])?;
        owned.proxy.set(Some(scope.weak(proxy)));
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

    /// The Python objects of which there is one handle, each with it.
    pub(super) fn lone_handles<'s>(
        &self,
        scope: &Scope<'s>,
    ) -> impl Iterator<Item = (Rc<PythonObject>, Local<'s>)> {
        self.handles.alone().into_iter().filter_map(|object| {
            let (target, _) = scope.proxy_details(object.proxy(scope)?)?;
            let handle = self.handle_of(scope, target)?;
            Some((object, handle))
        })
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
        let owned = match scope.host_value::<PythonObject>(target) {
            Some(owned) => owned,
            None => scope.host_value(self.handle_of(scope, target)?)?,
        };
        Some(owned.object.bind(py).clone())
    }

    /// The handle of a proxy with this target, which may be the target itself.
    fn handle_of<'s>(&self, scope: &Scope<'s>, target: Local<'_>) -> Option<Local<'s>> {
        scope.get(target, self.helpers.handle_key(scope)).ok()
    }
}
