//! What a Python type can do, as the flags from which `prototypes.js` composes a proxy's prototype.
//!
//! Asked of the type and its bases, never of the instance or the metaclass, as Python itself looks up special methods.
//! Remembered per type, weakly. Runs no Python code but that of `collections.abc`, and cannot fail: an object can be wrapped
//! also when Python has no frame left to run anything (an exception that says so must cross). GIL held.

use std::cell::RefCell;
use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyCFunction, PyDict, PyFunction, PyList, PyModule, PyTuple, PyType, PyWeakrefMethods,
    PyWeakrefReference,
};

const CALLABLE: u32 = 1;
const AWAITABLE: u32 = 2;
const SEQUENCE: u32 = 512;
/// A dict: its string keys are its properties.
const RECORD: u32 = 1024;
/// A list or tuple, which is an Array.
const ARRAY: u32 = 2048;
/// A dict of a class of its own, which may have attributes.
const SUBCLASS: u32 = 4096;
/// A class.
const CLASS: u32 = 1 << 16;
/// Of a class that JavaScript made of one of Python's (`class D extends C`).
const DERIVED: u32 = 1 << 17;

/// The flags by name, as the JavaScript files get them.
pub(crate) const FLAGS: [(&str, u32); 18] = [
    ("CALLABLE", CALLABLE),
    ("AWAITABLE", AWAITABLE),
    ("ITERABLE", 4),
    ("ITERATOR", 8),
    ("ASYNC_ITERABLE", 16),
    ("SIZED", 32),
    ("ITEMS", 64),
    ("MUTABLE_ITEMS", 128),
    ("CONTAINER", 256),
    ("SEQUENCE", SEQUENCE),
    ("RECORD", RECORD),
    ("ARRAY", ARRAY),
    ("SUBCLASS", SUBCLASS),
    ("ASYNC_ITERATOR", 1 << 13),
    ("DISPOSABLE", 1 << 14),
    ("ASYNC_DISPOSABLE", 1 << 15),
    ("CLASS", CLASS),
    ("DERIVED", DERIVED),
];

/// The attribute of a class that JavaScript made: its class there.
pub(crate) const JS_CLASS: &str = "__twinloop_class__";

/// Special methods and the abilities they give.
const METHODS: [(&str, u32); 12] = [
    ("__await__", AWAITABLE),
    ("__iter__", 4),
    ("__next__", 8),
    ("__aiter__", 16),
    ("__len__", 32),
    ("__getitem__", 64),
    ("__setitem__", 128),
    ("__contains__", 256),
    ("__anext__", 1 << 13),
    ("__exit__", 1 << 14),
    ("__aexit__", 1 << 15),
    (JS_CLASS, DERIVED),
];

/// `inspect.CO_ITERABLE_COROUTINE`: a generator that can be awaited although its type has no `__await__`.
const ITERABLE_COROUTINE: u32 = 0x100;

thread_local! {
    /// Flags by the address of the type, good as long as the reference is alive.
    static KNOWN: RefCell<HashMap<usize, (Py<PyWeakrefReference>, u32)>> = RefCell::default();
}

/// The flags of `object`.
pub(crate) fn of(object: &Bound<'_, PyAny>) -> u32 {
    // The kinds that cross most often need no look-ups.
    if object.is_instance_of::<PyFunction>() || object.is_instance_of::<PyCFunction>() {
        return CALLABLE;
    }
    if object.is_instance_of::<PyModule>() {
        return 0;
    }
    let class = object.get_type();
    let flags = known(&class).unwrap_or_else(|| {
        let (flags, whole) = find(object, &class);
        if whole && let Ok(reference) = PyWeakrefReference::new(&class) {
            KNOWN.with_borrow_mut(|known| {
                // A type made at run time leaves its entry behind: the dead are swept out now and then.
                if known.len().is_power_of_two() && known.len() >= 256 {
                    known.retain(|_, (reference, _)| {
                        reference.bind(object.py()).upgrade().is_some()
                    });
                }
                known.insert(class.as_ptr() as usize, (reference.unbind(), flags));
            });
        }
        flags
    });
    if flags & ITERATES == ITERATES && is_coroutine(object) {
        flags | AWAITABLE
    } else {
        flags
    }
}

const ITERABLE: u32 = 4;
/// `__len__` and `__getitem__`.
const COUNTED: u32 = 32 | 64;

/// What every generator does.
const ITERATES: u32 = 4 | 8;

fn known(class: &Bound<'_, PyType>) -> Option<u32> {
    KNOWN.with_borrow(|known| {
        let (reference, flags) = known.get(&(class.as_ptr() as usize))?;
        reference
            .bind(class.py())
            .upgrade()
            .is_some_and(|known| known.is(class))
            .then_some(*flags)
    })
}

/// The flags of a type, and whether everything could be asked.
fn find(object: &Bound<'_, PyAny>, class: &Bound<'_, PyType>) -> (u32, bool) {
    let callable = object.is_callable();
    let (mut flags, whole) = of_class(class, callable);
    if object.is_instance_of::<PyType>() {
        flags |= CLASS;
    }
    (flags, whole)
}

/// The flags of a class's instances, and whether everything could be asked.
fn of_class(class: &Bound<'_, PyType>, callable: bool) -> (u32, bool) {
    let is_a = |base: Bound<'_, PyType>| class.is_subclass(&base).unwrap_or(false);
    let py = class.py();
    let mut flags = if callable { CALLABLE } else { 0 };
    if is_a(py.get_type::<PyDict>()) {
        flags |= RECORD;
        if !class.is(py.get_type::<PyDict>()) {
            flags |= SUBCLASS;
        }
    }
    // One that can be called is a function, which no Array is.
    if flags & CALLABLE == 0 && (is_a(py.get_type::<PyList>()) || is_a(py.get_type::<PyTuple>())) {
        flags |= ARRAY;
    }
    for base in class.mro() {
        let Ok(names) = base.getattr("__dict__") else {
            continue;
        };
        for (method, ability) in METHODS {
            if flags & ability == 0 && names.contains(method).unwrap_or(false) {
                flags |= ability;
            }
        }
    }
    // Python's older way to be one (PyTorch's datasets): by index, until an IndexError.
    if flags & COUNTED == COUNTED {
        flags |= ITERABLE;
    }
    match is_sequence(class) {
        Ok(true) => (flags | SEQUENCE, true),
        Ok(false) => (flags, true),
        Err(_) => (flags, false),
    }
}

/// What instances of a class can do.
pub(super) fn of_instances(class: &Bound<'_, PyType>) -> u32 {
    let has_call = |base: &Bound<'_, PyAny>| -> PyResult<bool> {
        base.getattr("__dict__")?.contains("__call__")
    };
    let callable = (class.mro().iter()).any(|base| has_call(&base).unwrap_or(false));
    of_class(class, callable).0
}

fn is_sequence(class: &Bound<'_, PyType>) -> PyResult<bool> {
    static SEQUENCE_CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let sequence = SEQUENCE_CLASS.import(class.py(), "collections.abc", "Sequence")?;
    class.is_subclass(sequence)
}

/// Whether the object is a generator of Python's own.
pub(super) fn is_generator(object: &Bound<'_, PyAny>) -> bool {
    static GENERATOR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    GENERATOR
        .import(object.py(), "types", "GeneratorType")
        .is_ok_and(|class| object.get_type().is(class))
}

/// Whether a generator was made by `types.coroutine`.
fn is_coroutine(object: &Bound<'_, PyAny>) -> bool {
    let flags = || -> PyResult<u32> { object.getattr("gi_code")?.getattr("co_flags")?.extract() };
    is_generator(object) && flags().is_ok_and(|flags| flags & ITERABLE_COROUTINE != 0)
}
