//! What a Python type can do, as the flags from which `bridge.js` composes a proxy's prototype.
//!
//! Asked of the type and its bases, never of the instance or the metaclass, as Python itself looks up special methods.
//! Remembered per type, weakly. GIL held.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyFunction, PyModule, PyType};

const CALLABLE: u32 = 1;
const SEQUENCE: u32 = 512;

/// Special methods and the abilities they give; the same numbers stand in `bridge.js`.
const METHODS: [(&str, u32); 8] = [
    ("__await__", 2),
    ("__iter__", 4),
    ("__next__", 8),
    ("__aiter__", 16),
    ("__len__", 32),
    ("__getitem__", 64),
    ("__setitem__", 128),
    ("__contains__", 256),
];

/// The flags of `object`'s type.
pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<u32> {
    // The kinds that cross most often need no look-ups.
    if object.is_instance_of::<PyFunction>() || object.is_instance_of::<PyCFunction>() {
        return Ok(CALLABLE);
    }
    if object.is_instance_of::<PyModule>() {
        return Ok(0);
    }
    let class = object.get_type();
    let known = known_types(object.py())?;
    let remembered = known.call_method1("get", (&class,))?;
    if !remembered.is_none() {
        return remembered.extract();
    }
    let flags = find(object, &class)?;
    known.set_item(&class, flags)?;
    Ok(flags)
}

fn known_types(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static KNOWN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let known = KNOWN.get_or_try_init(py, || -> PyResult<Py<PyAny>> {
        Ok(py
            .import("weakref")?
            .call_method0("WeakKeyDictionary")?
            .unbind())
    })?;
    Ok(known.bind(py))
}

fn find(object: &Bound<'_, PyAny>, class: &Bound<'_, PyType>) -> PyResult<u32> {
    let py = object.py();
    let mut flags = if object.is_callable() { CALLABLE } else { 0 };
    for base in class.mro() {
        let names = base.getattr("__dict__")?;
        for (method, ability) in METHODS {
            if flags & ability == 0 && names.contains(method)? {
                flags |= ability;
            }
        }
    }
    let abc = py.import("collections.abc")?;
    if object.is_instance(&abc.getattr("Sequence")?)? {
        flags |= SEQUENCE;
    }
    // A generator-based coroutine has no __await__ on its type, yet can be awaited.
    if py
        .import("inspect")?
        .call_method1("isawaitable", (object,))?
        .is_truthy()?
    {
        flags |= 2;
    }
    Ok(flags)
}
