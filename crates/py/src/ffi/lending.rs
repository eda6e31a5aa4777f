//! The memory of a Python object, for another language to use as long as it likes: [`lend_buffer`].
//!
//! The object is locked meanwhile, as by any user of the buffer protocol: a `bytearray` refuses to change its length. What ends the lock may be
//! another language's collector, on a thread of its own or in the middle of anything, so the end waits for a turn of the loop
//! (rule NO-GIL-OFF-LOOP), or for the next lock.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::sync::{Mutex, PoisonError};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use twinloop_loop::{Remote, StableMemory};

/// A view that was acquired and must be released.
struct View(Box<ffi::Py_buffer>);

// SAFETY: the view is released under the GIL only (`release`), and otherwise only its address and length are read, which never change.
unsafe impl Send for View {}
// SAFETY: as above.
unsafe impl Sync for View {}

impl View {
    fn of(object: &Bound<'_, PyAny>) -> PyResult<View> {
        let mut view = Box::new(MaybeUninit::<ffi::Py_buffer>::zeroed());
        // SAFETY: the view is zeroed memory of the right type; on success it is initialised and must be released. It is boxed, as exporters
        // may point into the view itself.
        let code = unsafe {
            ffi::PyObject_GetBuffer(object.as_ptr(), view.as_mut_ptr(), ffi::PyBUF_FULL_RO)
        };
        if code != 0 {
            return Err(PyErr::fetch(object.py()));
        }
        // SAFETY: initialised by the successful call.
        Ok(View(unsafe { view.assume_init() }))
    }

    /// Releases the view. The GIL must be held, and no collector of another language's run.
    fn release(mut self, _py: Python<'_>) {
        // SAFETY: acquired in `of`, and released once, as `self` is consumed.
        unsafe { ffi::PyBuffer_Release(&raw mut *self.0) };
    }
}

/// Views that came back, for whoever has the GIL next.
static RETURNED: Mutex<Vec<View>> = Mutex::new(Vec::new());

/// Ends the locks of what came back. Called in a turn of the loop, and when another language's heap is gone.
pub fn release_returned() {
    // SAFETY: the check may be made at any time by any thread.
    if unsafe { ffi::PyGILState_Check() } == 0 {
        return;
    }
    Python::attach(|py| {
        let returned =
            std::mem::take(&mut *RETURNED.lock().unwrap_or_else(PoisonError::into_inner));
        for view in returned {
            view.release(py);
        }
    });
}

struct Lent {
    view: Option<View>,
    start: *mut u8,
    length: usize,
    remote: Remote,
}

// SAFETY: the address is that of the locked memory, which is only given away.
unsafe impl Send for Lent {}
// SAFETY: as above.
unsafe impl Sync for Lent {}

// SAFETY: an exporter keeps the memory of a view where it is until that is released, which is what the drop asks the loop to do.
unsafe impl StableMemory for Lent {
    fn start(&self) -> *mut u8 {
        self.start
    }

    fn len(&self) -> usize {
        self.length
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(view) = self.view.take() {
            (RETURNED.lock())
                .unwrap_or_else(PoisonError::into_inner)
                .push(view);
            self.remote.post(Box::new(|_| release_returned()));
        }
    }
}

/// What stands in a buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BufferInfo {
    /// One element in the notation of `struct`, without what says the order of bytes that this machine has.
    pub format: String,
    /// The size of an element in bytes.
    pub item: usize,
    /// How many elements there are in each dimension.
    pub shape: Vec<usize>,
}

/// What stands in a buffer, and its memory if that can be lent.
pub type LentBuffer = (BufferInfo, Option<Box<dyn StableMemory>>);

/// What stands in the buffer of `object`, and its memory; no memory if that is read-only, in pieces, or not where elements of their size
/// may stand, so that others must be given a copy. Nothing for what has no buffer.
///
/// # Errors
/// What the object raises when it is asked.
pub fn lend_buffer(object: &Bound<'_, PyAny>, remote: Remote) -> PyResult<Option<LentBuffer>> {
    // SAFETY: a type check of a live object.
    if unsafe { ffi::PyObject_CheckBuffer(object.as_ptr()) } == 0 {
        return Ok(None);
    }
    release_returned();
    let view = View::of(object)?;
    let raw = &*view.0;
    let format = if raw.format.is_null() {
        "B".to_owned()
    } else {
        // SAFETY: a C string that lives as long as the view.
        let text = unsafe { CStr::from_ptr(raw.format) };
        text.to_string_lossy().into_owned()
    };
    let shape = if raw.shape.is_null() {
        vec![raw.len as usize / (raw.itemsize as usize).max(1)]
    } else {
        // SAFETY: an exporter that was asked for a shape gives one of `ndim` entries that lives as long as the view.
        let shape = unsafe { std::slice::from_raw_parts(raw.shape, raw.ndim as usize) };
        shape.iter().map(|&length| length as usize).collect()
    };
    let item = (raw.itemsize as usize).max(1);
    let info = BufferInfo {
        format: native(&format),
        item,
        shape,
    };
    let (start, length) = (raw.buf.cast::<u8>(), raw.len as usize);
    // SAFETY: the view is initialised.
    let is_whole = unsafe { ffi::PyBuffer_IsContiguous(&raw const *raw, b'C' as _) } == 1;
    if raw.readonly != 0 || !is_whole || length == 0 || !(start as usize).is_multiple_of(item) {
        view.release(object.py());
        return Ok(Some((info, None)));
    }
    let lent = Lent {
        view: Some(view),
        start,
        length,
        remote,
    };
    Ok(Some((info, Some(Box::new(lent)))))
}

/// How many bytes the buffer of `object` has; none if it has no buffer.
pub fn buffer_size(object: &Bound<'_, PyAny>) -> usize {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return bytes.as_bytes().len();
    }
    // SAFETY: a type check of a live object.
    if unsafe { ffi::PyObject_CheckBuffer(object.as_ptr()) } == 0 {
        return 0;
    }
    View::of(object).map_or(0, |view| {
        let length = view.0.len as usize;
        view.release(object.py());
        length
    })
}

/// The format without a prefix that says nothing here.
fn native(format: &str) -> String {
    let own = if cfg!(target_endian = "little") {
        '<'
    } else {
        '>'
    };
    let rest = format.strip_prefix(['@', '=', own]);
    rest.unwrap_or(format).to_owned()
}
