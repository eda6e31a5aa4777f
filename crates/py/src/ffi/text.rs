//! The characters of a `str` as CPython keeps them, for code that has strings of the same make.
//!
//! A `str` holds one, two or four bytes a character, and so do JavaScript's strings hold one or two: copied whole, a megabyte
//! takes microseconds, where UTF-8 in between took milliseconds. GIL held.

use pyo3::ffi as c;
use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::types::string::PyStringData;

/// The characters of a `str`.
#[derive(Debug, Clone, Copy)]
pub enum Text<'t> {
    /// All are below 256.
    Latin1(&'t [u8]),
    /// All are below 65536; some may be halves of surrogate pairs that stand alone.
    Ucs2(&'t [u16]),
    /// Any.
    Ucs4(&'t [u32]),
}

/// Lends the characters of a `str`, without a copy.
pub fn with_text<R>(text: &Bound<'_, PyString>, f: impl FnOnce(Text<'_>) -> R) -> PyResult<R> {
    // SAFETY: a `str` is immutable and alive for the call, and its form is one of the three since 3.12; before, this makes it so.
    Ok(f(match unsafe { text.data() }? {
        PyStringData::Ucs1(bytes) => Text::Latin1(bytes),
        PyStringData::Ucs2(units) => Text::Ucs2(units),
        PyStringData::Ucs4(characters) => Text::Ucs4(characters),
    }))
}

/// A `str` of characters below 256.
pub fn text_of_latin1<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: `bytes` has as many characters of this kind; the result is a new reference, or null with an exception.
    unsafe {
        Bound::from_owned_ptr_or_err(
            py,
            c::PyUnicode_FromKindAndData(1, bytes.as_ptr().cast(), bytes.len() as c::Py_ssize_t),
        )
    }
}

/// A `str` of characters below 65536: units of UTF-16 among which there are no pairs.
pub fn text_of_ucs2<'py>(py: Python<'py>, units: &[u16]) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: as above.
    unsafe {
        Bound::from_owned_ptr_or_err(
            py,
            c::PyUnicode_FromKindAndData(2, units.as_ptr().cast(), units.len() as c::Py_ssize_t),
        )
    }
}
