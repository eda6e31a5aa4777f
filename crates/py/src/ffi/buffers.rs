//! Bytes across the border: reading what a program passes, and receiving into what it will own.
//!
//! The slices lent here point into Python objects. They are lent to one closure, which runs no Python code, so nothing
//! can resize or free the object meanwhile. GIL held throughout.

use std::ffi::CStr;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::sync::Once;

use bytes::Bytes;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView};

use super::object::Object;

unsafe extern "C" {
    /// Exported by every CPython, but no longer declared by the bindings.
    fn _PyBytes_Resize(bytes: *mut *mut ffi::PyObject, size: ffi::Py_ssize_t) -> std::ffi::c_int;
}

/// Lends the bytes of `data` (bytes, bytearray or memoryview) to `body`.
pub(crate) fn with_bytes<R>(data: &Bound<'_, PyAny>, body: impl FnOnce(&[u8]) -> R) -> PyResult<R> {
    if let Ok(bytes) = data.cast_exact::<PyBytes>() {
        return Ok(body(bytes.as_bytes()));
    }
    let view = View::of(data, ffi::PyBUF_SIMPLE)?;
    // SAFETY: a simple buffer is contiguous, `len` bytes long, and locked until the view is released.
    let slice = unsafe { std::slice::from_raw_parts(view.start(), view.len()) };
    Ok(body(slice))
}

/// `data` in a form that nothing can resize while it is kept: `bytes` as they are, anything else behind a memoryview. The
/// lock ends with the last reference.
pub(crate) fn locked(data: &Bound<'_, PyAny>) -> PyResult<Object> {
    if data.is_exact_instance_of::<PyBytes>() {
        return Ok(Object::new(data.clone()));
    }
    // First what a system call needs, whose errors have the words that programs know.
    with_bytes(data, |_bytes| ())?;
    Ok(Object::new(PyMemoryView::from(data)?.into_any()))
}

/// Lends the writable memory of `buffer` to `body`; what has none is an error in the words of `socket.recv_into`.
pub(crate) fn with_writable<R>(
    buffer: &Bound<'_, PyAny>,
    body: impl FnOnce(&mut [u8]) -> R,
) -> PyResult<R> {
    let view = View::of(buffer, ffi::PyBUF_WRITABLE).map_err(|_error| not_writable(buffer))?;
    // SAFETY: as above, and writable. Another view of the same memory may exist, but no code that could look into it
    // runs until `body` returns.
    let slice = unsafe { std::slice::from_raw_parts_mut(view.start(), view.len()) };
    Ok(body(slice))
}

#[cold]
fn not_writable(buffer: &Bound<'_, PyAny>) -> PyErr {
    let name = if buffer.is_none() {
        "None".into()
    } else {
        // SAFETY: the name of a live object's type is a C string that lives as long as the type.
        unsafe { CStr::from_ptr((*ffi::Py_TYPE(buffer.as_ptr())).tp_name) }.to_string_lossy()
    };
    PyTypeError::new_err(format!(
        "recv_into() argument 1 must be read-write bytes-like object, not {name}"
    ))
}

/// A `bytes` object that is kept until native code has used it. Dropped under the GIL, as every [`Object`].
pub(crate) struct KeptBytes(Object);

impl KeptBytes {
    pub(crate) fn new(bytes: &Bound<'_, PyBytes>) -> KeptBytes {
        KeptBytes(Object::new(bytes.clone().into_any()))
    }
}

impl AsRef<[u8]> for KeptBytes {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `new` took a `bytes` object, which never changes or moves, and `self` keeps it alive.
        unsafe {
            let start = ffi::PyBytes_AS_STRING(self.0.as_ptr()).cast::<u8>();
            let length = ffi::PyBytes_Size(self.0.as_ptr()) as usize;
            std::slice::from_raw_parts(start, length)
        }
    }
}

/// A `bytes` object as memory that native code shares: its last user may drop it on any thread, and with or without the GIL.
struct SharedBytes(std::mem::ManuallyDrop<KeptBytes>);

// SAFETY: what is read of the object never changes (`KeptBytes`), and its reference is released under the GIL only (`drop`).
unsafe impl Send for SharedBytes {}

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        let kept: &KeptBytes = &self.0;
        kept.as_ref()
    }
}

impl Drop for SharedBytes {
    fn drop(&mut self) {
        // SAFETY: taken once. The check may be made at any time by any thread.
        unsafe {
            let kept = std::mem::ManuallyDrop::take(&mut self.0);
            if ffi::PyGILState_Check() == 1 {
                drop(kept);
            } else {
                Python::attach(|_py| drop(kept));
            }
        }
    }
}

/// Up to this size a copy is cheaper than a reference that is counted twice.
const COPIED: usize = 4096;

/// The bytes of `data`, which are copied unless they are many in a `bytes` object.
pub(crate) fn shared(data: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    match data.cast_exact::<PyBytes>() {
        Ok(bytes) if bytes.as_bytes().len() > COPIED => {
            let kept = std::mem::ManuallyDrop::new(KeptBytes::new(bytes));
            Ok(Bytes::from_owner(SharedBytes(kept)))
        }
        Ok(bytes) => Ok(Bytes::copy_from_slice(bytes.as_bytes())),
        Err(_) => with_bytes(data, Bytes::copy_from_slice),
    }
}

struct View(ffi::Py_buffer);

impl View {
    fn of(object: &Bound<'_, PyAny>, flags: std::ffi::c_int) -> PyResult<View> {
        let mut view = MaybeUninit::<ffi::Py_buffer>::zeroed();
        // SAFETY: the view is zeroed memory of the right type; on success it is initialised and must be released.
        let code = unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), view.as_mut_ptr(), flags) };
        if code != 0 {
            return Err(PyErr::fetch(object.py()));
        }
        // SAFETY: initialised by the successful call.
        Ok(View(unsafe { view.assume_init() }))
    }

    fn len(&self) -> usize {
        self.0.len as usize
    }

    fn start(&self) -> *mut u8 {
        // An empty buffer may have a null address, which no slice may have.
        if self.0.buf.is_null() {
            std::ptr::dangling_mut()
        } else {
            self.0.buf.cast()
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // SAFETY: acquired in `of`, released once.
        unsafe { ffi::PyBuffer_Release(&raw mut self.0) }
    }
}

/// The error for data that is not bytes-like, in asyncio's words.
pub(crate) fn check_bytes_like(data: &Bound<'_, PyAny>) -> PyResult<()> {
    if is_bytes_like(data) {
        return Ok(());
    }
    Err(PyTypeError::new_err(format!(
        "data argument must be a bytes-like object, not '{}'",
        data.get_type().name()?
    )))
}

/// The error for an item of `writelines` that has no buffer: asyncio takes any there.
pub(crate) fn check_buffer(data: &Bound<'_, PyAny>) -> PyResult<()> {
    // SAFETY: a type check of a live object.
    if unsafe { ffi::PyObject_CheckBuffer(data.as_ptr()) } != 0 {
        return Ok(());
    }
    Err(PyTypeError::new_err(format!(
        "a bytes-like object is required, not '{}'",
        data.get_type().name()?
    )))
}

/// True for bytes, bytearray and memoryview.
pub(crate) fn is_bytes_like(data: &Bound<'_, PyAny>) -> bool {
    // SAFETY: type checks of a live object.
    unsafe {
        ffi::PyBytes_Check(data.as_ptr()) != 0
            || ffi::PyByteArray_Check(data.as_ptr()) != 0
            || ffi::PyMemoryView_Check(data.as_ptr()) != 0
    }
}

/// Half of what the heap keeps after [`keep_freed_memory`] (rule BOUNDED).
const KEPT_FREE: usize = 4 * 1024 * 1024;

/// Lets the C library keep what large messages leave free, for the next ones.
///
/// glibc gives the top of its heap back to the system when 128 KiB are free there, so that a server of large messages would
/// fault in fresh pages for each: half of its time at 100 KiB and 16 connections. Once a block of its own mapping has been
/// freed, glibc takes twice that block's size for the limit, unless the program or its environment has set one. The block
/// is never touched. Elsewhere this does nothing.
fn keep_freed_memory() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(black_box(Vec::<u8>::with_capacity(KEPT_FREE))));
}

/// A `bytes` object that is still being filled.
pub(crate) struct UnfilledBytes(Object);

impl UnfilledBytes {
    pub(crate) fn new(py: Python<'_>, size: usize) -> PyResult<UnfilledBytes> {
        keep_freed_memory();
        // SAFETY: a null pointer asks for an object with unset contents; the result is new or null with an error.
        let bytes = unsafe {
            Bound::from_owned_ptr_or_err(
                py,
                ffi::PyBytes_FromStringAndSize(std::ptr::null(), size as ffi::Py_ssize_t),
            )?
        };
        Ok(UnfilledBytes(Object::new(bytes)))
    }

    /// The memory to fill. Its contents are unset: pass it to a system call only.
    pub(crate) fn memory(&mut self) -> &mut [u8] {
        // SAFETY: the object is new and unshared, so its memory is ours alone; it is `PyBytes_GET_SIZE` bytes long. Any
        // bit pattern is a valid byte, and the only use is as the target of recv, as CPython itself does it.
        unsafe {
            let start = ffi::PyBytes_AS_STRING(self.0.as_ptr())
                .cast_mut()
                .cast::<u8>();
            std::slice::from_raw_parts_mut(start, ffi::PyBytes_Size(self.0.as_ptr()) as usize)
        }
    }

    /// The object, cut to its first `size` bytes.
    pub(crate) fn finish(self, py: Python<'_>, size: usize) -> PyResult<Bound<'_, PyBytes>> {
        let mut pointer = self.0.into_bound(py).into_ptr();
        // SAFETY: the object has one reference, which `_PyBytes_Resize` takes and gives back, or releases on error.
        unsafe {
            if size != ffi::PyBytes_Size(pointer) as usize
                && _PyBytes_Resize(&raw mut pointer, size as ffi::Py_ssize_t) != 0
            {
                debug_assert!(pointer.is_null(), "a failed resize releases the object");
                return Err(PyErr::fetch(py));
            }
            Ok(Bound::from_owned_ptr(py, pointer).cast_into_unchecked())
        }
    }
}
