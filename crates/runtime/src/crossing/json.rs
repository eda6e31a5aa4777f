//! The JSON form of a Python object: what `JSON.stringify` gets when it asks a `PyProxy` for `toJSON`.
//!
//! A copy, as `toJs` makes one, but of what JSON can say: `None` is null, and a value that has no form is an error instead of
//! whatever its attributes look like. A container that contains itself is copied so, which the engine then refuses as it refuses
//! any cycle. `json_forms.py` has the kinds that are no list, tuple or dict. Containers that are still to be filled wait in a list,
//! so any depth is converted. GIL held.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use twinloop_js::engine::{Attributes, Error, Local, Slot};

use super::Crossing;
use crate::js_in_python::JsProxy;

/// The conversion on its way.
#[derive(Default)]
struct Forms<'py> {
    /// By address of the original; `seen` keeps it alive.
    known: HashMap<usize, Slot>,
    seen: Vec<Bound<'py, PyAny>>,
    /// Lists, tuples and dicts, and what their items go into.
    waiting: Vec<(Bound<'py, PyAny>, Slot)>,
}

impl<'s, 'py> Crossing<'_, 's, 'py> {
    /// The JSON form of `value`, which stands under `key`.
    pub(crate) fn json_of(&self, value: &Bound<'py, PyAny>, key: &str) -> Result<Local<'s>, Error> {
        let mut forms = Forms::default();
        let whole = self.begin_json(value, key, &mut forms)?;
        while let Some((original, target)) = forms.waiting.pop() {
            self.nested(|crossing| {
                let target = crossing.scope.local(&target);
                crossing.fill_json(&original, target, &mut forms)
            })?;
        }
        Ok(whole)
    }

    /// The form of a value, which is filled later if it is a container.
    fn begin_json(
        &self,
        value: &Bound<'py, PyAny>,
        key: &str,
        forms: &mut Forms<'py>,
    ) -> Result<Local<'s>, Error> {
        if value.is_none() {
            return Ok(Local::null());
        }
        if is_plain(value) {
            return self.value_to_js(value);
        }
        let address = value.as_ptr() as usize;
        if let Some(known) = forms.known.get(&address) {
            return Ok(self.scope.local(known));
        }
        let container = if is_container(value) {
            value.clone()
        } else {
            let (kind, form) = self.of_python(form_of(value, key))?;
            match kind.as_str() {
                "absent" => return Ok(Local::undefined()),
                "none" => {
                    let class = value.get_type().name().map(|name| name.to_string());
                    return Err(Error::type_error(format!(
                        "JSON.stringify: a Python {} has no form in JSON; convert it first: {form}",
                        class.unwrap_or_else(|_| "object".to_owned()),
                    )));
                }
                _ if form.is_none() => return Ok(Local::null()),
                _ if is_plain(&form) => return self.value_to_js(&form),
                _ => form,
            }
        };
        // A dict with such a key says itself what it is, as an object of JavaScript does.
        if let Ok(dict) = container.cast::<PyDict>()
            && let Ok(Some(method)) = dict.get_item("toJSON")
            && method.is_callable()
        {
            return self.value_to_js(value);
        }
        let target = if container.is_instance_of::<PyDict>() {
            self.scope.object()?
        } else {
            self.scope.array(&[])?
        };
        forms.known.insert(address, self.scope.persist(target));
        forms.seen.push(value.clone());
        forms.waiting.push((container, self.scope.persist(target)));
        Ok(target)
    }

    fn fill_json(
        &self,
        container: &Bound<'py, PyAny>,
        target: Local<'_>,
        forms: &mut Forms<'py>,
    ) -> Result<(), Error> {
        if let Ok(dict) = container.cast::<PyDict>() {
            // The items as they are now: a form may run code that changes the dict.
            for pair in dict.items() {
                self.nested(|crossing| {
                    let (key, item): (Bound<'py, PyAny>, Bound<'py, PyAny>) =
                        crossing.of_python(pair.extract())?;
                    let (name, text) = crossing.json_name(&key)?;
                    let item = crossing.begin_json(&item, &text, forms)?;
                    crossing.scope.define(target, name, item, Attributes::PLAIN)
                })?;
            }
            return Ok(());
        }
        let items = self.of_python(container.try_iter())?;
        for (index, item) in (0u32..).zip(items) {
            let item = self.of_python(item)?;
            self.nested(|crossing| {
                let item = crossing.begin_json(&item, &index.to_string(), forms)?;
                crossing
                    .scope
                    .define(target, index, item, Attributes::PLAIN)
            })?;
        }
        Ok(())
    }

    /// The name of a dict's key, as Python's `json` has it: of a str itself, of a number its text.
    fn json_name(&self, key: &Bound<'py, PyAny>) -> Result<(Local<'s>, String), Error> {
        let name = if key.is_none() {
            self.scope.string("null")?
        } else if key.is_instance_of::<PyString>() {
            self.value_to_js(key)?
        } else if is_plain(key) && !key.is_instance_of::<JsProxy>() {
            let value = self.value_to_js(key)?;
            self.scope.string(&self.scope.string_of(value)?)?
        } else {
            return Err(Error::type_error(format!(
                "JSON.stringify: a dict's key is a str or a number, not {}",
                key.get_type()
                    .name()
                    .map_or_else(|_| "an object".to_owned(), |name| name.to_string()),
            )));
        };
        Ok((name, self.scope.string_of(name)?))
    }
}

/// What is converted as it is.
fn is_plain(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyString>()
        || value.is_instance_of::<PyBool>()
        || value.is_instance_of::<PyInt>()
        || value.is_instance_of::<PyFloat>()
        || value.is_instance_of::<JsProxy>()
}

fn is_container(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyDict>()
        || value.is_instance_of::<PyList>()
        || value.is_instance_of::<PyTuple>()
}

fn form_of<'py>(value: &Bound<'py, PyAny>, key: &str) -> PyResult<(String, Bound<'py, PyAny>)> {
    static FORM_OF: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    FORM_OF
        .import(value.py(), "_twinloop.crossing.json_forms", "form_of")?
        .call1((value, key))?
        .extract()
}
