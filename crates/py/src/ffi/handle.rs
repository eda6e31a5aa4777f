//! `Handle` and `TimerHandle`: what `call_soon`, `call_later` and the I/O callbacks return, as raw types.
//!
//! A handle is made for every callback, so it is the hottest object of the loop: a raw type with a free list, up to three
//! arguments stored inline, called by vectorcall, no garbage-collector header. It needs none: a handle is owned by the
//! loop until it runs or is cancelled, and drops callback, arguments and context at that moment, so it is never part of
//! a lasting cycle. To `isinstance` it is an `asyncio.Handle` (through `__class__`).
//!
//! Everything here runs under the GIL. Rules kept: NO-ABORT (no panic leaves a callback).

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::null_mut;

use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PySystemExit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyTuple, PyType};
use pyo3::{Borrowed, ffi};
use twinloop_loop::TimerKey;

use super::fastcall::{Arguments, FastMethod, install};
use super::gil::GilBound;
use super::object::Object;
use crate::asyncio::core;

const INLINE: usize = 3;
/// `count` of a handle whose first argument slot holds a tuple of all arguments.
const MANY: u8 = u8::MAX;
/// Handles kept for reuse: enough for a busy turn, half a page of pointers' worth of memory.
const KEPT: usize = 512;

const CANCELLED: u8 = 1;
const SCHEDULED: u8 = 2;
const TIMER: u8 = 4;
/// Runs any number of times (a reader or writer callback) and so keeps its callback.
const PERSISTENT: u8 = 8;

#[repr(C)]
struct Raw {
    head: ffi::PyObject,
    weak_references: *mut ffi::PyObject,
    event_loop: *mut ffi::PyObject,
    /// Null once run or cancelled; in the free list, the next free handle.
    callback: *mut ffi::PyObject,
    context: *mut ffi::PyObject,
    arguments: [*mut ffi::PyObject; INLINE],
    count: u8,
    flags: u8,
    when: f64,
    timer: MaybeUninit<TimerKey>,
}

struct FreeList {
    first: Cell<*mut Raw>,
    length: Cell<usize>,
}

static FREE: GilBound<FreeList> =
    GilBound::new(FreeList { first: Cell::new(null_mut()), length: Cell::new(0) });

struct Types {
    handle: Py<PyType>,
    timer: Py<PyType>,
    asyncio_handle: Py<PyAny>,
    asyncio_timer: Py<PyAny>,
}

static TYPES: PyOnceLock<Types> = PyOnceLock::new();

/// The two pointers that every call compares with, readable without a lock.
struct TypePointers {
    handle: Cell<*mut ffi::PyTypeObject>,
    timer: Cell<*mut ffi::PyTypeObject>,
}

static POINTERS: GilBound<TypePointers> =
    GilBound::new(TypePointers { handle: Cell::new(null_mut()), timer: Cell::new(null_mut()) });

/// What a new handle is for.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Runs once.
    Once,
    /// Runs at a time, in seconds of the loop's clock.
    At(f64),
    /// Runs again and again.
    Persistent,
}

/// A reference to one of our handles.
pub(crate) struct Handle(Object);

impl Handle {
    /// Makes a handle; `arguments` and `context` are borrowed and kept. Without a context the current one is copied.
    pub(crate) fn new(
        py: Python<'_>,
        kind: Kind,
        event_loop: Borrowed<'_, '_, PyAny>,
        callback: Borrowed<'_, '_, PyAny>,
        arguments: &[*mut ffi::PyObject],
        context: Option<Borrowed<'_, '_, PyAny>>,
    ) -> PyResult<Handle> {
        let context = match context {
            Some(context) if !context.is_none() => context.to_owned().into_ptr(),
            // SAFETY: the GIL is held (token).
            _ => unsafe { ffi::PyContext_CopyCurrent() },
        };
        if context.is_null() {
            return Err(PyErr::fetch(py));
        }
        let pointers = POINTERS.get(py);
        let (class, flags, when) = match kind {
            Kind::Once => (pointers.handle.get(), 0, 0.0),
            Kind::At(when) => (pointers.timer.get(), TIMER, when),
            Kind::Persistent => (pointers.handle.get(), PERSISTENT, 0.0),
        };
        // SAFETY: `allocate` returns memory for one `Raw` with a valid object header, or null with an error set; each
        // field is then written exactly once. The new references are taken by the increments here, and `context` is
        // owned already. `arguments` are live borrowed references.
        unsafe {
            let raw = allocate(py, class);
            if raw.is_null() {
                ffi::Py_DECREF(context);
                return Err(PyErr::fetch(py));
            }
            (*raw).weak_references = null_mut();
            (*raw).event_loop = event_loop.as_ptr();
            ffi::Py_INCREF(event_loop.as_ptr());
            (*raw).callback = callback.as_ptr();
            ffi::Py_INCREF(callback.as_ptr());
            (*raw).context = context;
            (*raw).flags = flags;
            (*raw).when = when;
            (*raw).count = 0;
            let handle = Handle(Object::from_token(raw as u64));
            if arguments.len() <= INLINE {
                for (slot, argument) in (&mut (*raw).arguments).iter_mut().zip(arguments) {
                    ffi::Py_INCREF(*argument);
                    *slot = *argument;
                }
                (*raw).count = arguments.len() as u8;
            } else {
                let tuple = PyTuple::new(py, arguments.iter().map(|value| Borrowed::from_ptr(py, *value)))?;
                (*raw).arguments[0] = tuple.into_ptr();
                (*raw).count = MANY;
            }
            Ok(handle)
        }
    }

    /// Remembers the timer that will queue this handle.
    pub(crate) fn set_timer(&self, key: TimerKey) {
        let raw = self.raw();
        // SAFETY: `self` owns a live handle; fields are only touched under the GIL and never borrowed across calls.
        unsafe {
            (*raw).timer = MaybeUninit::new(key);
            (*raw).flags |= SCHEDULED;
        }
    }

    /// A second reference to the same handle, for the queue.
    pub(crate) fn share(&self, py: Python<'_>) -> Object {
        self.0.share(py)
    }

    pub(crate) fn into_bound(self, py: Python<'_>) -> Bound<'_, PyAny> {
        self.0.into_bound(py)
    }

    fn raw(&self) -> *mut Raw {
        self.0.as_ptr().cast()
    }
}

/// True if `object` is one of our handles.
fn is_handle(py: Python<'_>, object: *mut ffi::PyObject) -> bool {
    let pointers = POINTERS.get(py);
    // SAFETY: `object` is a live object; reading its type has no side effect.
    let class = unsafe { ffi::Py_TYPE(object) };
    class == pointers.handle.get() || class == pointers.timer.get()
}

/// Runs a callback from the ready queue: one of our handles, or an `asyncio.Handle` of the debug mode.
///
/// Returns the exception that has to leave `run_forever`, if there is one; any other has been reported to the loop's
/// exception handler.
pub(crate) fn run(py: Python<'_>, handle: &Object) -> Option<PyErr> {
    if !is_handle(py, handle.as_ptr()) {
        return core::run_foreign_handle(py, handle.bind(py)).err();
    }
    let raw: *mut Raw = handle.as_ptr().cast();
    // SAFETY: the type was checked. The references are moved out (or, for a persistent handle, added to), so that the
    // callback may cancel, run again or drop its own handle; they are released exactly once, below or by being put back.
    unsafe {
        (*raw).flags &= !SCHEDULED;
        if (*raw).callback.is_null() {
            return None;
        }
        let call = Call::take(raw);
        let result = call.invoke();
        if result.is_null() {
            return fail(py, handle, raw, call);
        }
        ffi::Py_DECREF(result);
        call.release();
    }
    None
}

/// The references of one call, owned by the C stack while it runs.
struct Call {
    callback: *mut ffi::PyObject,
    context: *mut ffi::PyObject,
    /// The first slot is scratch space for the callee (PY_VECTORCALL_ARGUMENTS_OFFSET).
    arguments: [*mut ffi::PyObject; INLINE + 1],
    count: u8,
}

impl Call {
    /// # Safety
    /// `raw` is a live handle that has a callback, and the GIL is held.
    unsafe fn take(raw: *mut Raw) -> Call {
        // SAFETY: the caller's promise; slots below `count` (or the first, for MANY) hold owned references.
        unsafe {
            let [first, second, third] = (*raw).arguments;
            let call = Call {
                callback: (*raw).callback,
                context: (*raw).context,
                arguments: [null_mut(), first, second, third],
                count: (*raw).count,
            };
            if (*raw).flags & PERSISTENT == 0 {
                (*raw).callback = null_mut();
                (*raw).context = null_mut();
                (*raw).count = 0;
            } else {
                ffi::Py_INCREF(call.callback);
                ffi::Py_INCREF(call.context);
                for index in 1..=call.slots() {
                    ffi::Py_INCREF(call.arguments[index]);
                }
            }
            call
        }
    }

    fn slots(&self) -> usize {
        if self.count == MANY { 1 } else { self.count as usize }
    }

    /// # Safety
    /// The GIL is held.
    unsafe fn invoke(&self) -> *mut ffi::PyObject {
        let mut arguments = self.arguments;
        // SAFETY: all references are owned by `self` for the duration; the slot before the arguments is ours to lend.
        unsafe {
            if ffi::PyContext_Enter(self.context) != 0 {
                return null_mut();
            }
            let result = if self.count == MANY {
                ffi::PyObject_Call(self.callback, arguments[1], null_mut())
            } else {
                ffi::PyObject_Vectorcall(
                    self.callback,
                    arguments.as_mut_ptr().add(1),
                    self.count as usize | ffi::PY_VECTORCALL_ARGUMENTS_OFFSET,
                    null_mut(),
                )
            };
            if ffi::PyContext_Exit(self.context) != 0 && !result.is_null() {
                ffi::Py_DECREF(result);
                return null_mut();
            }
            result
        }
    }

    /// # Safety
    /// The GIL is held.
    unsafe fn release(self) {
        // SAFETY: releases what `take` moved out or added, once.
        unsafe {
            ffi::Py_DECREF(self.callback);
            for index in 1..=self.slots() {
                ffi::Py_DECREF(self.arguments[index]);
            }
            ffi::Py_DECREF(self.context);
        }
    }
}

/// A callback raised: the handle gets its references back, so that reports can name the callback.
///
/// # Safety
/// An exception is set, `handle` is `raw`, and `call` was taken from it.
#[cold]
unsafe fn fail(py: Python<'_>, handle: &Object, raw: *mut Raw, call: Call) -> Option<PyErr> {
    let error = PyErr::fetch(py);
    // SAFETY: a handle that runs once was emptied by `take`, and nothing can fill it but this.
    unsafe {
        if (*raw).flags & (PERSISTENT | CANCELLED) == 0 {
            let [_, first, second, third] = call.arguments;
            (*raw).arguments = [first, second, third];
            (*raw).count = call.count;
            (*raw).callback = call.callback;
            (*raw).context = call.context;
        } else {
            call.release();
        }
    }
    let outcome = report(py, handle.bind(py), error).err();
    // SAFETY: as above; from here on the handle is spent.
    unsafe {
        if (*raw).flags & PERSISTENT == 0 {
            clear(raw);
        }
    }
    outcome
}

/// Hands `error` to the loop's exception handler; `Err` is what must end `run_forever` instead.
pub(crate) fn report(py: Python<'_>, handle: Borrowed<'_, '_, PyAny>, error: PyErr) -> PyResult<()> {
    if error.is_instance_of::<PySystemExit>(py) || error.is_instance_of::<PyKeyboardInterrupt>(py) {
        return Err(error);
    }
    let event_loop = handle.getattr("_loop")?;
    event_loop.call_method1("_callback_failed", (handle, error.value(py)))?;
    Ok(())
}

/// As [`report`], for a callback that ran without a handle: `source` is what called it.
pub(crate) fn report_in(py: Python<'_>, source: Borrowed<'_, '_, PyAny>, error: PyErr) -> PyResult<()> {
    if error.is_instance_of::<PySystemExit>(py) || error.is_instance_of::<PyKeyboardInterrupt>(py) {
        return Err(error);
    }
    let context = pyo3::types::PyDict::new(py);
    context.set_item("message", "Exception in callback of a socket operation")?;
    context.set_item("exception", error.value(py))?;
    context.set_item("future", source)?;
    source.call_method0("get_loop")?.call_method1("call_exception_handler", (context,))?;
    Ok(())
}

/// Cancels one of our handles; any other object has its `cancel` method called.
pub(crate) fn cancel(py: Python<'_>, handle: Borrowed<'_, '_, PyAny>) -> PyResult<()> {
    if !is_handle(py, handle.as_ptr()) {
        handle.call_method0("cancel")?;
        return Ok(());
    }
    let raw: *mut Raw = handle.as_ptr().cast();
    // SAFETY: the type was checked; the fields are read and written without a call into Python in between, and `clear`
    // takes each reference out before it releases it.
    unsafe {
        if (*raw).flags & CANCELLED != 0 {
            return Ok(());
        }
        (*raw).flags |= CANCELLED;
        if (*raw).flags & SCHEDULED != 0 {
            let event_loop = Borrowed::from_ptr(py, (*raw).event_loop);
            if let Some(entry) = core::cancel_timer(py, event_loop, (*raw).timer.assume_init()) {
                (*raw).flags &= !SCHEDULED;
                drop(entry);
            }
        }
        clear(raw);
    }
    Ok(())
}

/// Releases callback, context and arguments.
///
/// # Safety
/// `raw` is a live handle and the GIL is held.
unsafe fn clear(raw: *mut Raw) {
    // SAFETY: the references are moved out before any of them is released, as a release can run Python code that looks
    // at this handle again.
    unsafe {
        if (*raw).callback.is_null() {
            return;
        }
        let call = Call {
            callback: (*raw).callback,
            context: (*raw).context,
            arguments: [null_mut(), (*raw).arguments[0], (*raw).arguments[1], (*raw).arguments[2]],
            count: (*raw).count,
        };
        (*raw).callback = null_mut();
        (*raw).context = null_mut();
        (*raw).count = 0;
        call.release();
    }
}

/// Memory for a handle with an initialised header, from the free list or from Python's allocator.
///
/// # Safety
/// `class` is one of our two types.
unsafe fn allocate(py: Python<'_>, class: *mut ffi::PyTypeObject) -> *mut Raw {
    let free = FREE.get(py);
    // SAFETY: the list holds only memory that `deallocate` put there, each big enough for a `Raw`, owned by the list.
    unsafe {
        let mut raw = free.first.get();
        if raw.is_null() {
            raw = ffi::PyObject_Malloc(size_of::<Raw>()).cast();
            if raw.is_null() {
                return ffi::PyErr_NoMemory().cast();
            }
        } else {
            free.first.set((*raw).callback.cast());
            free.length.set(free.length.get() - 1);
        }
        ffi::PyObject_Init(raw.cast(), class).cast()
    }
}

/// # Safety
/// Called by CPython when the last reference to a handle is gone, with the GIL held.
unsafe extern "C" fn deallocate(object: *mut ffi::PyObject) {
    let raw: *mut Raw = object.cast();
    // SAFETY: the object is ours alone now. The type's reference was taken by `PyObject_Init`.
    unsafe {
        let py = Python::assume_attached();
        if !(*raw).weak_references.is_null() {
            ffi::PyObject_ClearWeakRefs(object);
        }
        clear(raw);
        ffi::Py_DECREF((*raw).event_loop);
        let class = ffi::Py_TYPE(object);
        let free = FREE.get(py);
        if free.length.get() < KEPT {
            (*raw).callback = free.first.get().cast();
            free.first.set(raw);
            free.length.set(free.length.get() + 1);
        } else {
            ffi::PyObject_Free(raw.cast());
        }
        ffi::Py_DECREF(class.cast());
    }
}

// ---- attributes and methods, all cold but `cancel` --------------------------------------------------------------------

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
unsafe extern "C" fn attribute(object: *mut ffi::PyObject, closure: *mut c_void) -> *mut ffi::PyObject {
    // SAFETY: the GIL is held in a getter; every pointer read is null or owned by the live handle, and gets a reference
    // of its own before it is returned.
    unsafe {
        let py = Python::assume_attached();
        let raw: *mut Raw = object.cast();
        let value = match closure as usize {
            x if x == Attribute::Class as usize => class_of(py, raw),
            x if x == Attribute::Callback as usize => (*raw).callback,
            x if x == Attribute::Arguments as usize => return arguments_tuple(py, raw),
            x if x == Attribute::Context as usize => (*raw).context,
            x if x == Attribute::Loop as usize => (*raw).event_loop,
            x if x == Attribute::Cancelled as usize => return boolean((*raw).flags & CANCELLED != 0),
            x if x == Attribute::Scheduled as usize => return boolean((*raw).flags & SCHEDULED != 0),
            x if x == Attribute::When as usize => return ffi::PyFloat_FromDouble((*raw).when),
            _ => ffi::Py_None(),
        };
        let value = if value.is_null() { ffi::Py_None() } else { value };
        ffi::Py_INCREF(value);
        value
    }
}

unsafe fn boolean(value: bool) -> *mut ffi::PyObject {
    // SAFETY: returns a new reference to an immortal singleton.
    unsafe { ffi::PyBool_FromLong(value.into()) }
}

unsafe fn class_of(py: Python<'_>, raw: *mut Raw) -> *mut ffi::PyObject {
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
unsafe fn arguments_tuple(py: Python<'_>, raw: *mut Raw) -> *mut ffi::PyObject {
    // SAFETY: slots below `count` hold live references; the tuple takes references of its own.
    unsafe {
        let count = (*raw).count;
        if count == MANY {
            ffi::Py_INCREF((*raw).arguments[0]);
            return (*raw).arguments[0];
        }
        let values = (&(*raw).arguments)[..count as usize].iter().map(|value| Borrowed::from_ptr(py, *value));
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
    let text = py.import("twinloop._handles").and_then(|module| module.call_method1("describe", (handle,)));
    match text {
        Ok(text) => text.into_ptr(),
        Err(error) => {
            error.restore(py);
            null_mut()
        }
    }
}

struct Cancel;
impl FastMethod for Cancel {
    const NAME: &'static CStr = c"cancel";
    const DOC: &'static CStr = c"cancel()\n--\n\nCancels the callback. Has no effect once it was called or cancelled.";

    fn call<'py>(
        py: Python<'py>,
        receiver: Borrowed<'_, 'py, PyAny>,
        _arguments: Arguments<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        cancel(py, receiver)?;
        Ok(py.None().into_bound(py))
    }
}

struct Cancelled;
impl FastMethod for Cancelled {
    const NAME: &'static CStr = c"cancelled";
    const DOC: &'static CStr = c"cancelled()\n--\n\nTrue if the callback was cancelled.";

    fn call<'py>(
        _py: Python<'py>,
        receiver: Borrowed<'_, 'py, PyAny>,
        _arguments: Arguments<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        receiver.getattr("_cancelled")
    }
}

struct When;
impl FastMethod for When {
    const NAME: &'static CStr = c"when";
    const DOC: &'static CStr = c"when()\n--\n\nThe time at which the callback is due, on the loop's clock.";

    fn call<'py>(
        _py: Python<'py>,
        receiver: Borrowed<'_, 'py, PyAny>,
        _arguments: Arguments<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        receiver.getattr("_when")
    }
}

struct GetContext;
impl FastMethod for GetContext {
    const NAME: &'static CStr = c"get_context";
    const DOC: &'static CStr = c"get_context()\n--\n\nThe context in which the callback runs.";

    fn call<'py>(
        _py: Python<'py>,
        receiver: Borrowed<'_, 'py, PyAny>,
        _arguments: Arguments<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        receiver.getattr("_context")
    }
}

struct Run;
impl FastMethod for Run {
    const NAME: &'static CStr = c"_run";
    const DOC: &'static CStr = c"_run()\n--\n\nCalls the callback now.";

    fn call<'py>(
        py: Python<'py>,
        receiver: Borrowed<'_, 'py, PyAny>,
        _arguments: Arguments<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let handle = Object::new(receiver.to_owned());
        match run(py, &handle) {
            None => Ok(py.None().into_bound(py)),
            Some(error) => Err(error),
        }
    }
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
    ffi::PyType_Slot { slot: number, pfunc: function }
}

fn make_type(py: Python<'_>, name: &'static CStr, extra: &[ffi::PyGetSetDef]) -> PyResult<Py<PyType>> {
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
            offset: std::mem::offset_of!(Raw, weak_references) as ffi::Py_ssize_t,
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
        basicsize: size_of::<Raw>() as c_int,
        itemsize: 0,
        flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION) as u32,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the spec is complete and only read during the call; what CPython keeps of it is leaked above or static.
    let class = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyType_FromSpec(&raw mut spec))? };
    let class = class.cast_into::<PyType>()?;
    install::<Cancel>(&class)?;
    install::<Cancelled>(&class)?;
    install::<GetContext>(&class)?;
    install::<Run>(&class)?;
    Ok(class.unbind())
}

/// Makes the two types and adds them to `module`.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let events = py.import("asyncio.events")?;
    let timer_attributes = [getter(c"_when", Attribute::When), getter(c"_scheduled", Attribute::Scheduled)];
    let types = Types {
        handle: make_type(py, c"twinloop._native.Handle", &[])?,
        timer: make_type(py, c"twinloop._native.TimerHandle", &timer_attributes)?,
        asyncio_handle: events.getattr("Handle")?.unbind(),
        asyncio_timer: events.getattr("TimerHandle")?.unbind(),
    };
    install::<When>(types.timer.bind(py))?;
    module.add("Handle", types.handle.clone_ref(py))?;
    module.add("TimerHandle", types.timer.clone_ref(py))?;
    let pointers = POINTERS.get(py);
    pointers.handle.set(types.handle.as_ptr().cast());
    pointers.timer.set(types.timer.as_ptr().cast());
    TYPES.set(py, types).map_err(|_| PyRuntimeError::new_err("twinloop._native was initialised twice"))
}
