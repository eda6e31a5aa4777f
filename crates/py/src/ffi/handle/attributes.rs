//! What a handle looks like from Python: the attributes and methods of `asyncio.Handle`, and the making of the two types.
//!
//! Cold but for `cancel`. GIL held.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::null_mut;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};
use pyo3::{Borrowed, ffi};

use super::{
    CANCELLED, INTEGER, MANY, POINTERS, RawHandle, SCHEDULED, TIMER, TYPES, Types, cancel,
    context_of, deallocate, loop_of, run,
};
use crate::ffi::fastcall::{Parameters, fast_methods};
use crate::ffi::object::Object;

#[derive(Clone, Copy)]
#[repr(usize)]
enum Attribute {
    Class,
    Callback,
    Arguments,
    Context,
    Loop,
    Cancelled,
    Scheduled,
    When,
    SourceTraceback,
}

/// # Safety
/// CPython's getter protocol: `object` is one of our handles, `closure` is the number of an [`Attribute`].
unsafe extern "C" fn attribute(
    object: *mut ffi::PyObject,
    closure: *mut c_void,
) -> *mut ffi::PyObject {
    // SAFETY: the GIL is held in a getter; every pointer read is null or owned by the live handle, and gets a reference
    // of its own before it is returned.
    unsafe {
        let py = Python::assume_attached();
        let raw: *mut RawHandle = object.cast();
        let value = match closure as usize {
            x if x == Attribute::Class as usize => class_of(py, raw),
            x if x == Attribute::Callback as usize => (*raw).callback,
            x if x == Attribute::Arguments as usize => return arguments_tuple(py, raw),
            x if x == Attribute::Context as usize => context_of(raw),
            x if x == Attribute::Loop as usize => {
                return match loop_of(py, raw) {
                    Some(event_loop) => event_loop.into_ptr(),
                    None => py.None().into_ptr(),
                };
            }
            x if x == Attribute::Cancelled as usize => {
                return boolean((*raw).flags & CANCELLED != 0);
            }
            x if x == Attribute::Scheduled as usize => {
                return boolean((*raw).flags & SCHEDULED != 0);
            }
            x if x == Attribute::When as usize && (*raw).flags & INTEGER != 0 => {
                return ffi::PyLong_FromDouble((*raw).when);
            }
            x if x == Attribute::When as usize => return ffi::PyFloat_FromDouble((*raw).when),
            _ => ffi::Py_None(),
        };
        let value = if value.is_null() {
            ffi::Py_None()
        } else {
            value
        };
        ffi::Py_INCREF(value);
        value
    }
}

unsafe fn boolean(value: bool) -> *mut ffi::PyObject {
    // SAFETY: returns a new reference to an immortal singleton.
    unsafe { ffi::PyBool_FromLong(value.into()) }
}

unsafe fn class_of(py: Python<'_>, raw: *mut RawHandle) -> *mut ffi::PyObject {
    // SAFETY: `raw` is a live handle.
    let timer = unsafe { (*raw).flags & TIMER != 0 };
    match TYPES.get(py) {
        Some(types) if timer => types.asyncio_timer.as_ptr(),
        Some(types) => types.asyncio_handle.as_ptr(),
        None => null_mut(),
    }
}

/// # Safety
/// `raw` is a live handle.
unsafe fn arguments_tuple(py: Python<'_>, raw: *mut RawHandle) -> *mut ffi::PyObject {
    // SAFETY: slots below `count` hold live references; the tuple takes references of its own.
    unsafe {
        let count = (*raw).count;
        if count == MANY {
            ffi::Py_INCREF((*raw).arguments[0]);
            return (*raw).arguments[0];
        }
        let values = (&(*raw).arguments)[..count as usize]
            .iter()
            .map(|value| Borrowed::from_ptr(py, *value));
        match PyTuple::new(py, values) {
            Ok(tuple) => tuple.into_ptr(),
            Err(error) => {
                error.restore(py);
                null_mut()
            }
        }
    }
}

/// # Safety
/// CPython's `tp_repr`: `object` is one of our handles, the GIL is held.
unsafe extern "C" fn representation(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: see above.
    let (py, handle) = unsafe {
        let py = Python::assume_attached();
        (py, Borrowed::from_ptr(py, object))
    };
    let text = py
        .import("_twinloop.loop.handles")
        .and_then(|module| module.call_method1("describe", (handle,)));
    match text {
        Ok(text) => text.into_ptr(),
        Err(error) => {
            error.restore(py);
            null_mut()
        }
    }
}

fast_methods! {
    fn install_methods;

    c"cancel", Parameters::NONE,
    c"cancel()\n--\n\nCancels the callback. Has no effect once it was called or cancelled.",
    |py, receiver, _arguments| cancel(py, receiver);

    c"cancelled", Parameters::NONE,
    c"cancelled()\n--\n\nTrue if the callback was cancelled.",
    |_py, receiver, _arguments| receiver.getattr("_cancelled");

    c"get_context", Parameters::NONE,
    c"get_context()\n--\n\nThe context in which the callback runs.",
    |_py, receiver, _arguments| receiver.getattr("_context");

    c"_run", Parameters::NONE,
    c"_run()\n--\n\nCalls the callback now.",
    |py, receiver, _arguments| run(py, &Object::new(receiver.to_owned())).map_or(Ok(()), Err);
}

fast_methods! {
    fn install_timer_methods;

    c"when", Parameters::NONE,
    c"when()\n--\n\nThe time at which the callback is due, on the loop's clock.",
    |_py, receiver, _arguments| receiver.getattr("_when");
}

const fn getter(name: &'static CStr, attribute_number: Attribute) -> ffi::PyGetSetDef {
    ffi::PyGetSetDef {
        name: name.as_ptr(),
        get: Some(attribute),
        set: None,
        doc: std::ptr::null(),
        closure: std::ptr::without_provenance_mut(attribute_number as usize),
    }
}

const fn slot(number: c_int, function: *mut c_void) -> ffi::PyType_Slot {
    ffi::PyType_Slot {
        slot: number,
        pfunc: function,
    }
}

fn make_type(
    py: Python<'_>,
    name: &'static CStr,
    extra: &[ffi::PyGetSetDef],
) -> PyResult<Py<PyType>> {
    let mut attributes = vec![
        getter(c"__class__", Attribute::Class),
        getter(c"_callback", Attribute::Callback),
        getter(c"_args", Attribute::Arguments),
        getter(c"_context", Attribute::Context),
        getter(c"_loop", Attribute::Loop),
        getter(c"_cancelled", Attribute::Cancelled),
        getter(c"_source_traceback", Attribute::SourceTraceback),
    ];
    attributes.extend_from_slice(extra);
    attributes.push(ffi::PyGetSetDef::default());
    // CPython keeps pointers to both tables for the life of the type, which is the life of the process.
    let attributes = Box::leak(attributes.into_boxed_slice());
    let members = Box::leak(Box::new([
        ffi::PyMemberDef {
            name: c"__weaklistoffset__".as_ptr(),
            type_code: ffi::Py_T_PYSSIZET,
            offset: std::mem::offset_of!(RawHandle, weak_references) as ffi::Py_ssize_t,
            flags: ffi::Py_READONLY,
            doc: std::ptr::null::<c_char>(),
        },
        ffi::PyMemberDef::default(),
    ]));
    let mut slots = [
        slot(ffi::Py_tp_dealloc, deallocate as *mut c_void),
        slot(ffi::Py_tp_repr, representation as *mut c_void),
        slot(ffi::Py_tp_getset, attributes.as_mut_ptr().cast()),
        slot(ffi::Py_tp_members, members.as_mut_ptr().cast()),
        slot(0, null_mut()),
    ];
    let mut spec = ffi::PyType_Spec {
        name: name.as_ptr(),
        basicsize: size_of::<RawHandle>() as c_int,
        itemsize: 0,
        flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION) as u32,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the spec is complete and only read during the call; what CPython keeps of it is leaked above or static.
    let class = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyType_FromSpec(&raw mut spec))? };
    let class = class.cast_into::<PyType>()?;
    install_methods(&class)?;
    Ok(class.unbind())
}

/// Makes the two types and adds them to `module`.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let events = py.import("asyncio.events")?;
    let timer_attributes = [
        getter(c"_when", Attribute::When),
        getter(c"_scheduled", Attribute::Scheduled),
    ];
    let types = Types {
        handle: make_type(py, c"_twinloop._native.Handle", &[])?,
        timer: make_type(py, c"_twinloop._native.TimerHandle", &timer_attributes)?,
        asyncio_handle: events.getattr("Handle")?.unbind(),
        asyncio_timer: events.getattr("TimerHandle")?.unbind(),
    };
    install_timer_methods(types.timer.bind(py))?;
    // asyncio's own comparisons need no more than the attributes.
    for name in ["__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__hash__"] {
        let method = types.asyncio_timer.getattr(py, name)?;
        types.timer.setattr(py, name, method)?;
    }
    module.add("Handle", types.handle.clone_ref(py))?;
    module.add("TimerHandle", types.timer.clone_ref(py))?;
    let pointers = POINTERS.get(py);
    pointers.handle.set(types.handle.as_ptr().cast());
    pointers.timer.set(types.timer.as_ptr().cast());
    TYPES
        .set(py, types)
        .map_err(|_| PyRuntimeError::new_err("_twinloop._native was initialised twice"))
}
