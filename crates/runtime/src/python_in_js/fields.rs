//! What is a Python object's own, as JavaScript has own properties: its fields, and not what its class has.
//!
//! Methods and class attributes are reached through the object and not listed. Otherwise a walk over the properties of a number of
//! Python's would not end: `real` is a new number with a `real` of its own. Of modules and classes, everything that they have is
//! theirs. GIL held.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyModule, PyString, PyType};

/// The names of the fields, without those that Python reserves (`__name__`).
pub(super) fn names(object: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let mut names = Vec::new();
    let mut add = |name: String| {
        if !name.starts_with("__") && !names.contains(&name) {
            names.push(name);
        }
    };
    if has_all(object) {
        for name in object.dir()? {
            add(name.extract()?);
        }
        return Ok(names);
    }
    for name in slots(object)? {
        if object.hasattr(name.as_str())? {
            add(name);
        }
    }
    if let Some(fields) = dictionary(object)? {
        for name in fields.keys() {
            if let Ok(name) = name.extract() {
                add(name);
            }
        }
    }
    Ok(names)
}

/// Whether `names` lists this one.
pub(super) fn has(object: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> PyResult<bool> {
    let text = name.to_string_lossy();
    if text.starts_with("__") {
        return Ok(false);
    }
    if has_all(object) {
        return object.hasattr(name);
    }
    if let Some(fields) = dictionary(object)?
        && fields.contains(name)?
    {
        return Ok(true);
    }
    Ok(slots(object)?.iter().any(|slot| **slot == *text) && object.hasattr(name)?)
}

fn has_all(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<PyModule>() || object.is_instance_of::<PyType>()
}

fn dictionary<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyDict>>> {
    let fields = object.getattr_opt(intern!(object.py(), "__dict__"))?;
    Ok(fields.and_then(|fields| fields.cast_into().ok()))
}

/// The names in `__slots__` of the class and its bases.
fn slots(object: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let mut names = Vec::new();
    for base in object.get_type().mro().iter().rev() {
        let declared = base.getattr(intern!(object.py(), "__dict__"))?;
        let Ok(declared) = declared.get_item(intern!(object.py(), "__slots__")) else {
            continue;
        };
        if let Ok(name) = declared.extract::<String>() {
            names.push(name);
        } else if let Ok(several) = declared.try_iter() {
            for name in several {
                names.extend(name?.extract::<String>());
            }
        }
    }
    Ok(names)
}
