//! What a Python type can do, as the flags from which `bridge.js` composes a proxy's prototype.
//!
//! Asked of the type, never of the instance, as Python itself looks up special methods. GIL held.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCFunction, PyFunction, PyList, PyModule, PyTuple};

/// Flags; the same numbers stand in `bridge.js`.
pub(crate) mod flag {
    pub(crate) const CALLABLE: u32 = 1;
    pub(crate) const AWAITABLE: u32 = 2;
    pub(crate) const ITERABLE: u32 = 4;
    pub(crate) const ITERATOR: u32 = 8;
    pub(crate) const ASYNC_ITERABLE: u32 = 16;
    pub(crate) const SIZED: u32 = 32;
    pub(crate) const ITEMS: u32 = 64;
    pub(crate) const MUTABLE_ITEMS: u32 = 128;
    pub(crate) const CONTAINER: u32 = 256;
    pub(crate) const SEQUENCE: u32 = 512;
}

/// The flags of `object`'s type.
pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<u32> {
    // The kinds that cross most often need no look-ups.
    if object.is_instance_of::<PyFunction>() || object.is_instance_of::<PyCFunction>() {
        return Ok(flag::CALLABLE);
    }
    if object.is_instance_of::<PyModule>() {
        return Ok(0);
    }
    let class = object.get_type();
    let mut flags = 0;
    for (method, ability) in [
        ("__call__", flag::CALLABLE),
        ("__await__", flag::AWAITABLE),
        ("__iter__", flag::ITERABLE),
        ("__next__", flag::ITERATOR),
        ("__aiter__", flag::ASYNC_ITERABLE),
        ("__len__", flag::SIZED),
        ("__getitem__", flag::ITEMS),
        ("__setitem__", flag::MUTABLE_ITEMS),
        ("__contains__", flag::CONTAINER),
    ] {
        if class.hasattr(method)? {
            flags |= ability;
        }
    }
    if is_sequence(object)? {
        flags |= flag::SEQUENCE;
    }
    Ok(flags)
}

fn is_sequence(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    if object.is_instance_of::<PyList>()
        || object.is_instance_of::<PyTuple>()
        || object.is_instance_of::<PyBytes>()
    {
        return Ok(true);
    }
    object.is_instance(&object.py().import("collections.abc")?.getattr("Sequence")?)
}
