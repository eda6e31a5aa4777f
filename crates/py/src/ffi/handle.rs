//! `Handle` and `TimerHandle`: what `call_soon`, `call_later` and the I/O callbacks return, as raw types.
//!
//! A handle is made for every callback, so it is the hottest object of the loop: a raw type with a free list, up to three
//! arguments stored inline, called by vectorcall, no garbage-collector header. It needs none. It refers to its loop weakly,
//! and drops callback, arguments and context when it has run or is cancelled; until then the loop owns it, and shows what
//! it holds to the collector as its own (`Owned`). To `isinstance` it is an `asyncio.Handle` (through `__class__`).
//!
//! Everything here runs under the GIL. Rules kept: NO-ABORT (no panic leaves a callback).

mod attributes;
mod collector;

pub(crate) use attributes::register;
pub(crate) use collector::Owned;

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr::null_mut;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyTuple, PyType, PyWeakrefMethods, PyWeakrefReference};
use pyo3::{Borrowed, ffi};
use twinloop_loop::TimerKey;

use super::context::{copy_context, release_context};
use super::coroutine;
use super::gil::GilBound;
use super::object::Object;
use crate::asyncio::event_loop;
use crate::errors::must_leave;
use crate::tracing;

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
/// The time of a timer was given as a Python int.
const INTEGER: u8 = 16;
/// The context is hidden from the garbage collector; see [`copy_context`].
const HIDDEN: u8 = 32;

/// `shown` of a handle that was in no visit of the collector yet.
const NEVER_SHOWN: u32 = 0;

#[repr(C)]
struct RawHandle {
    head: ffi::PyObject,
    weak_references: *mut ffi::PyObject,
    /// The weak reference of its [`LoopLink`].
    event_loop: *mut ffi::PyObject,
    /// Null once run or cancelled; in the free list, the next free handle.
    callback: *mut ffi::PyObject,
    context: *mut ffi::PyObject,
    arguments: [*mut ffi::PyObject; INLINE],
    count: u8,
    flags: u8,
    /// The last visit of the collector that this was shown in; see [`Owned`].
    shown: u32,
    when: f64,
    timer: MaybeUninit<TimerKey>,
}

struct FreeList {
    first: Cell<*mut RawHandle>,
    length: Cell<usize>,
}

static FREE: GilBound<FreeList> = GilBound::new(FreeList {
    first: Cell::new(null_mut()),
    length: Cell::new(0),
});

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

static POINTERS: GilBound<TypePointers> = GilBound::new(TypePointers {
    handle: Cell::new(null_mut()),
    timer: Cell::new(null_mut()),
});

/// What a new handle is for.
#[derive(Clone, Copy)]
pub(crate) enum HandleKind {
    /// Runs once.
    Once,
    /// Runs at a time, in seconds of the loop's clock.
    At {
        seconds: f64,
        /// The program gave a Python int, and gets one back.
        is_integer: bool,
    },
    /// Runs again and again.
    Persistent,
}

/// What handles know their loop by: a weak reference, as what keeps a handle must not keep its loop.
pub(crate) struct LoopLink(Object);

impl LoopLink {
    pub(crate) fn new(event_loop: &Bound<'_, PyAny>) -> PyResult<LoopLink> {
        let weak = PyWeakrefReference::new(event_loop)?;
        Ok(LoopLink(Object::new(weak.into_any())))
    }
}

/// A reference to one of our handles.
pub(crate) struct Handle(Object);

impl Handle {
    /// Makes a handle; `arguments` and `context` are borrowed and kept. Without a context the current one is copied.
    pub(crate) fn new(
        py: Python<'_>,
        kind: HandleKind,
        event_loop: &LoopLink,
        callback: Borrowed<'_, '_, PyAny>,
        arguments: &[*mut ffi::PyObject],
        context: Option<Borrowed<'_, '_, PyAny>>,
    ) -> PyResult<Handle> {
        let given = context.filter(|context| !context.is_none());
        let hidden = given.is_none() && !matches!(kind, HandleKind::Persistent);
        let context = match given {
            Some(context) => context.to_owned().into_ptr(),
            // SAFETY: the GIL is held (token). A hidden one is released by `release_context` only.
            None => unsafe { copy_context(hidden) },
        };
        if context.is_null() {
            return Err(PyErr::fetch(py));
        }
        let pointers = POINTERS.get(py);
        let (class, flags, when) = match kind {
            HandleKind::Once => (pointers.handle.get(), 0, 0.0),
            HandleKind::At {
                seconds,
                is_integer,
            } => {
                let flags = if is_integer { TIMER | INTEGER } else { TIMER };
                (pointers.timer.get(), flags, seconds)
            }
            HandleKind::Persistent => (pointers.handle.get(), PERSISTENT, 0.0),
        };
        // SAFETY: `allocate` returns memory for one `RawHandle` with a valid object header, or null with an error set; each
        // field is then written exactly once. The new references are taken by the increments here, and `context` is
        // owned already. `arguments` are live borrowed references.
        unsafe {
            let raw = allocate(py, class);
            if raw.is_null() {
                release_context(context, hidden);
                return Err(PyErr::fetch(py));
            }
            (*raw).weak_references = null_mut();
            (*raw).event_loop = event_loop.0.as_ptr();
            ffi::Py_INCREF((*raw).event_loop);
            (*raw).callback = callback.as_ptr();
            ffi::Py_INCREF(callback.as_ptr());
            (*raw).context = context;
            (*raw).flags = if hidden { flags | HIDDEN } else { flags };
            (*raw).shown = NEVER_SHOWN;
            (*raw).when = when;
            (*raw).count = 0;
            let handle = Handle(Object::from_token(raw as u64));
            if arguments.len() <= INLINE {
                for (slot, argument) in (*raw).arguments.iter_mut().zip(arguments) {
                    ffi::Py_INCREF(*argument);
                    *slot = *argument;
                }
                (*raw).count = arguments.len() as u8;
            } else {
                let tuple = PyTuple::new(
                    py,
                    arguments.iter().map(|value| Borrowed::from_ptr(py, *value)),
                )?;
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

    fn raw(&self) -> *mut RawHandle {
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

/// Runs an entry of the ready queue: one of our handles, a native coroutine that was woken, or an `asyncio.Handle` of the
/// debug mode.
///
/// Returns the exception that has to leave `run_forever`, if there is one; any other has been reported to the loop's
/// exception handler.
pub(crate) fn run(py: Python<'_>, handle: &Object) -> Option<PyErr> {
    if !is_handle(py, handle.as_ptr()) {
        let result = match coroutine::run_woken(py, handle) {
            Some(result) => result,
            None => event_loop::run_foreign_handle(py, handle.bind(py)),
        };
        return result.err();
    }
    let raw: *mut RawHandle = handle.as_ptr().cast();
    // SAFETY: the type was checked. The references are moved out (or, for a persistent handle, added to), so that the
    // callback may cancel, run again or drop its own handle; they are released exactly once, below or by being put back.
    unsafe {
        (*raw).flags &= !SCHEDULED;
        if (*raw).callback.is_null() {
            return None;
        }
        let call = HandleCall::take(raw);
        let step = tracing::begin(&Borrowed::from_ptr(py, call.callback));
        let result = call.invoke();
        if let Some(step) = step {
            step.end();
        }
        if result.is_null() {
            return fail(py, handle, raw, call);
        }
        ffi::Py_DECREF(result);
        call.release();
    }
    None
}

/// The references of one call, owned by the C stack while it runs.
struct HandleCall {
    callback: *mut ffi::PyObject,
    context: *mut ffi::PyObject,
    /// The first slot is scratch space for the callee (PY_VECTORCALL_ARGUMENTS_OFFSET).
    arguments: [*mut ffi::PyObject; INLINE + 1],
    count: u8,
    /// The context is hidden from the garbage collector.
    hidden: bool,
}

impl HandleCall {
    /// # Safety
    /// `raw` is a live handle that has a callback, and the GIL is held.
    unsafe fn take(raw: *mut RawHandle) -> HandleCall {
        // SAFETY: the caller's promise; slots below `count` (or the first, for MANY) hold owned references.
        unsafe {
            let [first, second, third] = (*raw).arguments;
            let call = HandleCall {
                callback: (*raw).callback,
                context: (*raw).context,
                arguments: [null_mut(), first, second, third],
                count: (*raw).count,
                hidden: (*raw).flags & HIDDEN != 0,
            };
            if (*raw).flags & PERSISTENT == 0 {
                (*raw).callback = null_mut();
                (*raw).context = null_mut();
                (*raw).count = 0;
                (*raw).flags &= !HIDDEN;
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
        if self.count == MANY {
            1
        } else {
            self.count as usize
        }
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
            release_context(self.context, self.hidden);
        }
    }
}

/// A callback raised: the handle gets its references back, so that reports can name the callback.
///
/// # Safety
/// An exception is set, `handle` is `raw`, and `call` was taken from it.
#[cold]
unsafe fn fail(
    py: Python<'_>,
    handle: &Object,
    raw: *mut RawHandle,
    call: HandleCall,
) -> Option<PyErr> {
    let error = PyErr::fetch(py);
    // SAFETY: a handle that runs once was emptied by `take`, and nothing can fill it but this.
    unsafe {
        if (*raw).flags & (PERSISTENT | CANCELLED) == 0 {
            let [_, first, second, third] = call.arguments;
            (*raw).arguments = [first, second, third];
            (*raw).count = call.count;
            (*raw).callback = call.callback;
            (*raw).context = call.context;
            (*raw).flags |= if call.hidden { HIDDEN } else { 0 };
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
pub(crate) fn report(
    py: Python<'_>,
    handle: Borrowed<'_, '_, PyAny>,
    error: PyErr,
) -> PyResult<()> {
    if must_leave(py, &error) {
        return Err(error);
    }
    let event_loop = handle.getattr("_loop")?;
    // `into_value`, unlike `value`, gives the exception its traceback on CPython 3.11 too.
    event_loop.call_method1("_callback_failed", (handle, error.into_value(py)))?;
    Ok(())
}

/// As [`report`], for a callback that ran without a handle: `source` is what called it.
pub(crate) fn report_in(
    py: Python<'_>,
    source: Borrowed<'_, '_, PyAny>,
    error: PyErr,
) -> PyResult<()> {
    if must_leave(py, &error) {
        return Err(error);
    }
    let event_loop = source.getattr("_loop")?;
    event_loop.call_method1("_operation_failed", (source, error.into_value(py)))?;
    Ok(())
}

/// Cancels one of our handles; any other object has its `cancel` method called.
pub(crate) fn cancel(py: Python<'_>, handle: Borrowed<'_, '_, PyAny>) -> PyResult<()> {
    if !is_handle(py, handle.as_ptr()) {
        handle.call_method0("cancel")?;
        return Ok(());
    }
    let raw: *mut RawHandle = handle.as_ptr().cast();
    // SAFETY: the type was checked, and the caller keeps the handle alive; `clear` takes each reference out before it
    // releases it. What is called in between sees a handle that is cancelled already.
    unsafe {
        if (*raw).flags & CANCELLED != 0 {
            return Ok(());
        }
        (*raw).flags |= CANCELLED;
        if (*raw).flags & SCHEDULED != 0 {
            let key = (*raw).timer.assume_init();
            if let Some(event_loop) = loop_of(py, raw)
                && let Some(entry) = event_loop::cancel_timer(py, event_loop.as_borrowed(), key)
            {
                (*raw).flags &= !SCHEDULED;
                drop(entry);
            }
        }
        clear(raw);
    }
    Ok(())
}

/// Gives up an entry that will never run: its loop is closed. The handle may be part of a cycle, through a task that keeps
/// its timer, which nobody could find any more: so it lets go of its callback.
pub(crate) fn discard(py: Python<'_>, handle: Object) {
    if is_handle(py, handle.as_ptr()) {
        let raw: *mut RawHandle = handle.as_ptr().cast();
        // SAFETY: the type was checked, and `handle` keeps it alive for the call.
        unsafe {
            (*raw).flags &= !SCHEDULED;
            clear(raw);
        }
    }
}

/// The context of a handle, null if it has none any more; borrowed, for the program.
///
/// # Safety
/// `raw` is a live handle.
unsafe fn context_of(raw: *mut RawHandle) -> *mut ffi::PyObject {
    // SAFETY: the caller's promise; a hidden context is alive and unknown to the collector.
    unsafe {
        if (*raw).flags & HIDDEN != 0 {
            (*raw).flags &= !HIDDEN;
            ffi::PyObject_GC_Track((*raw).context.cast());
        }
        (*raw).context
    }
}

/// The loop of a handle, unless it is gone.
///
/// # Safety
/// `raw` is a live handle.
unsafe fn loop_of<'py>(py: Python<'py>, raw: *mut RawHandle) -> Option<Bound<'py, PyAny>> {
    // SAFETY: the field holds the weak reference of a `LoopLink`, for the life of the handle.
    let weak =
        unsafe { Borrowed::from_ptr(py, (*raw).event_loop).cast_unchecked::<PyWeakrefReference>() };
    weak.upgrade()
}

/// Releases callback, context and arguments.
///
/// # Safety
/// `raw` is a live handle and the GIL is held.
unsafe fn clear(raw: *mut RawHandle) {
    // SAFETY: the references are moved out before any of them is released, as a release can run Python code that looks
    // at this handle again.
    unsafe {
        if (*raw).callback.is_null() {
            return;
        }
        let call = HandleCall {
            callback: (*raw).callback,
            context: (*raw).context,
            arguments: [
                null_mut(),
                (*raw).arguments[0],
                (*raw).arguments[1],
                (*raw).arguments[2],
            ],
            count: (*raw).count,
            hidden: (*raw).flags & HIDDEN != 0,
        };
        (*raw).callback = null_mut();
        (*raw).context = null_mut();
        (*raw).count = 0;
        (*raw).flags &= !HIDDEN;
        call.release();
    }
}

/// Memory for a handle with an initialised header, from the free list or from Python's allocator.
///
/// # Safety
/// `class` is one of our two types.
unsafe fn allocate(py: Python<'_>, class: *mut ffi::PyTypeObject) -> *mut RawHandle {
    let free = FREE.get(py);
    // SAFETY: the list holds only memory that `deallocate` put there, each big enough for a `RawHandle`, owned by the list.
    unsafe {
        let mut raw = free.first.get();
        if raw.is_null() {
            raw = ffi::PyObject_Malloc(size_of::<RawHandle>()).cast();
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
    let raw: *mut RawHandle = object.cast();
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
