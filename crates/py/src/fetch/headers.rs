//! `Headers`: the fields of a message as a mapping, found in any spelling.
//!
//! What Python's own mixin methods do is Python's own (`register`). A response and its headers share one map, so a header that is set
//! is set in the response. GIL held; the map is not borrowed while Python runs.

use std::cell::RefCell;
use std::rc::Rc;

use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyIterator, PyList, PyString};
use twinloop_web::fetch::{HeaderMap, HeaderName, HeaderValue};

use crate::ffi::buffers::{is_bytes_like, with_bytes};
use crate::ffi::{GilBound, Text, text_of_latin1, with_text};

/// The fields of a message, which its object and its headers share.
pub(super) type Fields = Rc<RefCell<HeaderMap>>;

/// The headers of a message: a mapping whose keys are found in any spelling. Of several of one name the mapping shows one value, joined by
/// commas, as HTTP has it.
#[pyclass(frozen, mapping, module = "twinloop")]
pub(super) struct Headers {
    fields: GilBound<Fields>,
}

impl Headers {
    pub(super) fn of(fields: &Fields) -> Headers {
        Headers {
            fields: GilBound::new(Rc::clone(fields)),
        }
    }

    fn joined<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let fields = self.fields.get(py).borrow();
        let mut values = fields.get_all(name).iter();
        let Some(first) = values.next() else {
            return Ok(None);
        };
        let Some(second) = values.next() else {
            return text_of_latin1(py, first.as_bytes()).map(Some);
        };
        let between: &[u8] = match name.eq_ignore_ascii_case("cookie") {
            true => b"; ",
            false => b", ",
        };
        let mut all = first.as_bytes().to_vec();
        for value in std::iter::once(second).chain(values) {
            all.extend_from_slice(between);
            all.extend_from_slice(value.as_bytes());
        }
        text_of_latin1(py, &all).map(Some)
    }
}

#[pymethods]
impl Headers {
    /// Headers of a mapping or of pairs of a name and a value.
    #[new]
    #[pyo3(signature = (source=None, /))]
    fn new(source: Option<&Bound<'_, PyAny>>) -> PyResult<Headers> {
        let mut map = HeaderMap::new();
        if let Some(source) = source {
            read_into(&mut map, source)?;
        }
        Ok(Headers::of(&Rc::new(RefCell::new(map))))
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.joined(py, name)?
            .ok_or_else(|| PyKeyError::new_err(name.to_owned()))
    }

    /// The value of a header, or `default`.
    #[pyo3(signature = (name, default=None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.joined(py, name)?.or(default))
    }

    fn __setitem__(&self, name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let (name, value, py) = (name_of(name)?, value, name.py());
        let value = value_of(&name, value)?;
        self.fields.get(py).borrow_mut().insert(name, value);
        Ok(())
    }

    fn __delitem__(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        match self.fields.get(py).borrow_mut().remove(name) {
            Some(_) => Ok(()),
            None => Err(PyKeyError::new_err(name.to_owned())),
        }
    }

    fn __contains__(&self, name: &Bound<'_, PyAny>) -> bool {
        let text = name.cast::<PyString>().ok();
        text.and_then(|text| text.to_str().ok())
            .is_some_and(|text| self.fields.get(name.py()).borrow().contains_key(text))
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        self.fields.get(py).borrow().keys_len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        let names: Vec<String> = {
            let fields = self.fields.get(py).borrow();
            fields.keys().map(|name| name.as_str().to_owned()).collect()
        };
        PyList::new(py, names)?.try_iter()
    }

    /// Each value of a header.
    fn get_all<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for value in self.fields.get(py).borrow().get_all(name) {
            list.append(text_of_latin1(py, value.as_bytes())?)?;
        }
        Ok(list)
    }

    /// Adds a header beside those of its name.
    fn append(&self, name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = name.py();
        let name = name_of(name)?;
        let value = value_of(&name, value)?;
        self.fields.get(py).borrow_mut().append(name, value);
        Ok(())
    }

    /// A pair for each header as it stands in the message, those of one name apart.
    fn multi_items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for (name, value) in &*self.fields.get(py).borrow() {
            let name = PyString::new(py, name.as_str());
            list.append((name, text_of_latin1(py, value.as_bytes())?))?;
        }
        Ok(list)
    }

    /// As `multi_items`, in bytes.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for (name, value) in &*self.fields.get(py).borrow() {
            let name = PyBytes::new(py, name.as_str().as_bytes());
            list.append((name, PyBytes::new(py, value.as_bytes())))?;
        }
        Ok(list)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Headers({})", self.multi_items(py)?.repr()?))
    }
}

/// Adds the headers of a mapping, or of pairs of a name and a value.
pub(super) fn read_into(map: &mut HeaderMap, source: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = source.py();
    if let Ok(headers) = source.cast::<Headers>() {
        for (name, value) in &*headers.get().fields.get(py).borrow() {
            map.append(name.clone(), value.clone());
        }
        return Ok(());
    }
    if let Ok(dict) = source.cast_exact::<PyDict>() {
        for (name, value) in dict.iter() {
            let name = name_of(&name)?;
            let value = value_of(&name, &value)?;
            map.append(name, value);
        }
        return Ok(());
    }
    for_each_pair(source, "headers", |name, value| {
        let name = name_of(name)?;
        let value = value_of(&name, value)?;
        map.append(name, value);
        Ok(())
    })
}

/// Calls `act` with each pair of a mapping or of an iterable of pairs.
pub(super) fn for_each_pair(
    source: &Bound<'_, PyAny>,
    what: &str,
    mut act: impl FnMut(&Bound<'_, PyAny>, &Bound<'_, PyAny>) -> PyResult<()>,
) -> PyResult<()> {
    let py = source.py();
    let wrong = || {
        PyTypeError::new_err(format!(
            "{what} are a mapping, or pairs of a name and a value, not {}",
            source
                .repr()
                .map_or_else(|_| "this".to_owned(), |text| text.to_string())
        ))
    };
    let pairs = match source.getattr_opt(intern!(py, "items"))? {
        Some(items) => items.call0()?,
        None if source.is_instance_of::<PyString>() || is_bytes_like(source) => return Err(wrong()),
        None => source.clone(),
    };
    let Ok(pairs) = pairs.try_iter() else {
        return Err(wrong());
    };
    for each in pairs {
        let each = each?;
        let Ok((name, value)) = each.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>() else {
            return Err(wrong());
        };
        act(&name, &value)?;
    }
    Ok(())
}

/// A header's name.
pub(super) fn name_of(name: &Bound<'_, PyAny>) -> PyResult<HeaderName> {
    let parsed = bytes_of(name, "the name of a header", HeaderName::from_bytes)?;
    match parsed {
        Some(Ok(parsed)) => Ok(parsed),
        _ => Err(PyValueError::new_err(format!(
            "{} is not a valid header name",
            name.repr()?
        ))),
    }
}

/// A header's value, without the blanks around it (<https://fetch.spec.whatwg.org/#concept-header-value-normalize>).
pub(super) fn value_of(name: &HeaderName, value: &Bound<'_, PyAny>) -> PyResult<HeaderValue> {
    let what = format!("the value of the header '{name}'");
    let parsed = bytes_of(value, &what, |bytes| {
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let start = bytes.iter().position(|byte| !is_blank(byte));
        let end = bytes.iter().rposition(|byte| !is_blank(byte));
        let trimmed = match (start, end) {
            (Some(start), Some(end)) => &bytes[start..=end],
            _ => b"",
        };
        HeaderValue::from_bytes(trimmed)
    })?;
    match parsed {
        Some(Ok(parsed)) => Ok(parsed),
        // It may be a secret, so it is not shown.
        Some(Err(_)) => Err(PyValueError::new_err(format!(
            "{what} has a character that ends lines or controls"
        ))),
        None => Err(PyValueError::new_err(format!(
            "{what} has characters beyond latin-1: headers are bytes"
        ))),
    }
}

/// The bytes of a `str` whose characters are bytes, or of bytes. `None` for a `str` with others.
fn bytes_of<R>(
    text: &Bound<'_, PyAny>,
    what: &str,
    read: impl FnOnce(&[u8]) -> R,
) -> PyResult<Option<R>> {
    if let Ok(text) = text.cast::<PyString>() {
        return with_text(text, |text| match text {
            Text::Latin1(bytes) => Some(read(bytes)),
            Text::Ucs2(_) | Text::Ucs4(_) => None,
        });
    }
    if !is_bytes_like(text) {
        return Err(PyTypeError::new_err(format!(
            "{what} is a str or bytes, not '{}'",
            text.get_type().name()?
        )));
    }
    with_bytes(text, read).map(Some)
}

/// Adds the class, with the methods that every mapping has from Python's own.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let class = py.get_type::<Headers>();
    let mixins = py.import("collections.abc")?.getattr("MutableMapping")?;
    for name in [
        "keys",
        "values",
        "items",
        "pop",
        "popitem",
        "clear",
        "update",
        "setdefault",
        "__eq__",
    ] {
        class.setattr(name, mixins.getattr(name)?)?;
    }
    class.setattr("__hash__", py.None())?;
    mixins.call_method1("register", (&class,))?;
    module.add("Headers", class)
}
