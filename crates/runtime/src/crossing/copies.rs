//! Copies of containers, asked for by `JsProxy.to_py` and `PyProxy.toJs`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyFrozenSet, PyList, PySet, PyTuple};
use twinloop_js::engine::{Error, Local};

use super::Crossing;
use crate::bridge::Helper;

/// Deeper than this a structure is taken for endless (a cycle).
const DEEPEST: i32 = 1000;

impl<'s, 'py> Crossing<'_, 's, 'py> {
    /// `JsProxy.to_py(depth)`: Array to list, Map and plain Object to dict, Set to set, buffers to bytes; the rest as
    /// `to_py`. A negative depth copies everything.
    pub(crate) fn copy_to_py(&self, value: Local<'_>, depth: i32) -> PyResult<Bound<'py, PyAny>> {
        if depth == 0 || !value.is_object() {
            return self.to_py(value);
        }
        if depth < -DEEPEST {
            return Err(PyValueError::new_err(
                "to_py: the value is nested too deeply, or contains itself; pass a depth",
            ));
        }
        let (py, scope) = (self.py, self.scope);
        if self.bridge.unwrap(scope, py, value).is_some() {
            return self.to_py(value);
        }
        let parts = self.help(Helper::Parts, &[value])?;
        if parts.is_undefined() {
            return self.to_py(value);
        }
        let kind = scope
            .get(parts, 0u32)
            .and_then(|kind| scope.string_of(kind));
        let kind = self.of_js(kind)?;
        let items = self.of_js(scope.get(parts, 1u32))?;
        if kind == "bytes" {
            let bytes = self.of_js(scope.bytes_of(items))?;
            return Ok(PyBytes::new(py, &bytes).into_any());
        }
        let count = self.of_js(scope.array_length(items))?;
        let mut copies = Vec::new();
        for index in 0..count {
            let copy = self.nested(|crossing| {
                let item = crossing.of_js(crossing.scope.get(items, index))?;
                crossing.copy_to_py(item, depth - 1)
            })?;
            copies.push(copy);
        }
        match kind.as_str() {
            "list" => Ok(PyList::new(py, copies)?.into_any()),
            "set" => Ok(PySet::new(py, copies)?.into_any()),
            _ => {
                let dict = PyDict::new(py);
                for pair in copies.chunks_exact(2) {
                    dict.set_item(&pair[0], &pair[1])?;
                }
                Ok(dict.into_any())
            }
        }
    }

    /// `PyProxy.toJs({depth})`: list and tuple to Array, dict to Object, set to Set, bytes to Uint8Array; the rest as
    /// `value_to_js`. A negative depth copies everything.
    pub(crate) fn copy_to_js(
        &self,
        value: &Bound<'_, PyAny>,
        depth: i32,
    ) -> Result<Local<'s>, Error> {
        if depth < -DEEPEST {
            return Err(Error::range_error(
                "toJs: the value is nested too deeply, or contains itself; pass a depth",
            ));
        }
        let scope = self.scope;
        if depth == 0 {
            return self.value_to_js(value);
        }
        let copy_all =
            |items: &mut dyn Iterator<Item = Bound<'_, PyAny>>| -> Result<Vec<Local<'s>>, Error> {
                items
                    .map(|item| self.copy_to_js(&item, depth - 1))
                    .collect()
            };
        let new_set = |items: Vec<Local<'s>>| -> Result<Local<'s>, Error> {
            self.bridge
                .help(scope, Helper::NewSet, &[scope.array(&items)?])
        };
        if let Ok(list) = value.cast::<PyList>() {
            return scope.array(&copy_all(&mut list.iter())?);
        }
        if let Ok(tuple) = value.cast::<PyTuple>() {
            return scope.array(&copy_all(&mut tuple.iter())?);
        }
        if let Ok(dict) = value.cast::<PyDict>() {
            let mut entries = Vec::new();
            for (key, item) in dict.iter() {
                let pair = [self.value_to_js(&key)?, self.copy_to_js(&item, depth - 1)?];
                entries.push(scope.array(&pair)?);
            }
            let entries = scope.array(&entries)?;
            return self.bridge.help(scope, Helper::FromEntries, &[entries]);
        }
        if let Ok(set) = value.cast::<PySet>() {
            return new_set(copy_all(&mut set.iter())?);
        }
        if let Ok(set) = value.cast::<PyFrozenSet>() {
            return new_set(copy_all(&mut set.iter())?);
        }
        if let Ok(bytes) = value.cast::<PyBytes>() {
            return scope.uint8_array_copy(bytes.as_bytes());
        }
        if let Ok(bytes) = value.cast::<PyByteArray>() {
            return scope.uint8_array(bytes.to_vec());
        }
        self.value_to_js(value)
    }
}
