//! Copies of containers, asked for by `JsProxy.to_py` and `PyProxy.toJs`.
//!
//! What stands twice in the original stands twice in the copy, also inside of itself: each container is made empty, remembered
//! and then filled. Containers that are still to be filled wait in a list and not on the stack, so any depth is copied.

use std::collections::HashMap;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple};
use twinloop_js::engine::{Attributes, Error, Local, Slot};

use super::Crossing;
use crate::bridge::Helper;
use crate::js_in_python::JsProxy;

/// The Python module that knows dates and times.
const DATES: &str = "_twinloop.crossing.dates";

/// How many levels are copied; what lies deeper stays a proxy. Negative and endless depths are no limit.
#[derive(Clone, Copy)]
pub(crate) struct Depth(Option<u32>);

impl Depth {
    pub(crate) fn new(depth: f64) -> Depth {
        Depth((depth >= 0.0 && depth <= f64::from(u32::MAX)).then_some(depth as u32))
    }

    fn is_over(self) -> bool {
        self.0 == Some(0)
    }

    fn next(self) -> Depth {
        Depth(self.0.map(|depth| depth.saturating_sub(1)))
    }
}

/// A container in Python that is still empty.
enum ToFill<'py> {
    List(Bound<'py, PyList>),
    Dict(Bound<'py, PyDict>),
    Set(Bound<'py, PySet>),
}

/// `JsProxy.to_py` on its way.
#[derive(Default)]
struct Copied<'py> {
    /// The copies by the identity number of their originals.
    known: HashMap<u64, Bound<'py, PyAny>>,
    /// The parts of what is to be filled.
    waiting: Vec<(Slot, ToFill<'py>, Depth)>,
}

/// `PyProxy.toJs` on its way: the same in the other direction.
#[derive(Default)]
struct CopiedToJs<'py> {
    /// By address; the objects are kept alive by the tree that is copied, or by `waiting`.
    known: HashMap<usize, Slot>,
    waiting: Vec<(Bound<'py, PyAny>, Slot, Depth)>,
    /// What was copied, so that no address is used again meanwhile.
    seen: Vec<Bound<'py, PyAny>>,
    /// Gives what stands for a value of which there is no copy.
    converter: Option<Bound<'py, PyAny>>,
}

impl<'s, 'py> Crossing<'_, 's, 'py> {
    /// `JsProxy.to_py(depth)`: Array to list, Map and plain Object to dict, Set to set, buffers to bytes or arrays, Date to datetime; the rest, and what
    /// must be hashable in Python (keys and members of sets), as `to_py`.
    pub(crate) fn copy_to_py(&self, value: Local<'_>, depth: Depth) -> PyResult<Bound<'py, PyAny>> {
        let mut copied = Copied::default();
        let whole = self.begin_copy_to_py(value, depth, &mut copied)?;
        while let Some((parts, target, depth)) = copied.waiting.pop() {
            self.nested(|crossing| {
                let scope = crossing.scope;
                let parts = scope.local(&parts);
                let count = crossing.of_js(scope.array_length(parts))?;
                let mut index = 0;
                while index < count {
                    crossing.nested(|crossing| {
                        let part = |index: u32| crossing.of_js(crossing.scope.get(parts, index));
                        match &target {
                            ToFill::List(list) => {
                                let item =
                                    crossing.begin_copy_to_py(part(index)?, depth, &mut copied)?;
                                list.append(item)
                            }
                            ToFill::Set(set) => set.add(crossing.to_py(part(index)?)?),
                            ToFill::Dict(dict) => {
                                let key = crossing.to_py(part(index)?)?;
                                index += 1;
                                let item =
                                    crossing.begin_copy_to_py(part(index)?, depth, &mut copied)?;
                                dict.set_item(key, item)
                            }
                        }
                    })?;
                    index += 1;
                }
                Ok::<_, PyErr>(())
            })?;
        }
        Ok(whole)
    }

    /// The copy of a value, which is filled later if it is a container.
    fn begin_copy_to_py(
        &self,
        value: Local<'_>,
        depth: Depth,
        copied: &mut Copied<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if depth.is_over()
            || !value.is_object()
            || self.bridge.unwrap(self.scope, self.py, value).is_some()
        {
            return self.to_py(value);
        }
        let identity = self.help(Helper::IdentityOf, &[value])?.as_index();
        if let Some(known) = identity.and_then(|identity| copied.known.get(&identity)) {
            return Ok(known.clone());
        }
        let (py, scope) = (self.py, self.scope);
        let parts = self.help(Helper::Parts, &[value])?;
        if parts.is_undefined() {
            return self.to_py(value);
        }
        let kind = scope
            .get(parts, 0u32)
            .and_then(|kind| scope.string_of(kind));
        let kind = self.of_js(kind)?;
        let items = self.of_js(scope.get(parts, 1u32))?;
        let (copy, target) = match kind.as_str() {
            "bytes" => {
                let bytes = scope.with_bytes(items, |bytes| PyBytes::new(py, bytes));
                let bytes = self.of_js(bytes)?.into_any();
                let element = self.of_js(scope.get(parts, 2u32))?;
                let copy = match element.is_string() {
                    true => {
                        let code = self.to_py(element)?;
                        let array = py.import(intern!(py, "array"))?;
                        array.call_method1(intern!(py, "array"), (code, bytes))?
                    }
                    false => bytes,
                };
                (copy, None)
            }
            "date" => {
                let milliseconds = items.as_f64().unwrap_or(f64::NAN);
                let module = py.import(intern!(py, DATES))?;
                let date = module.call_method1(intern!(py, "datetime_of"), (milliseconds,))?;
                (date, None)
            }
            "temporal" => {
                let text = self.of_js(scope.get(parts, 2u32))?;
                let (kind, text) = (self.to_py(items)?, self.to_py(text)?);
                let module = py.import(intern!(py, DATES))?;
                let made = module.call_method1(intern!(py, "temporal_of"), (kind, text))?;
                (made, None)
            }
            "list" => {
                let list = PyList::empty(py);
                (list.clone().into_any(), Some(ToFill::List(list)))
            }
            "set" => {
                let set = PySet::empty(py)?;
                (set.clone().into_any(), Some(ToFill::Set(set)))
            }
            _ => {
                let dict = PyDict::new(py);
                (dict.clone().into_any(), Some(ToFill::Dict(dict)))
            }
        };
        if let Some(identity) = identity {
            copied.known.insert(identity, copy.clone());
        }
        if let Some(target) = target {
            copied
                .waiting
                .push((scope.persist(items), target, depth.next()));
        }
        Ok(copy)
    }

    /// `PyProxy.toJs({depth})`: list and tuple to Array, dict to Object, set to Set, buffers to typed arrays, datetime to Date; the rest as
    /// `value_to_js`.
    pub(crate) fn copy_to_js(
        &self,
        value: &Bound<'py, PyAny>,
        depth: Depth,
    ) -> Result<Local<'s>, Error> {
        self.converted_to_js(value, depth, None)
    }

    /// As [`copy_to_js`](Self::copy_to_js); `converter(value)` gives what is copied in the place of a value that would stay what it is.
    pub(crate) fn converted_to_js(
        &self,
        value: &Bound<'py, PyAny>,
        depth: Depth,
        converter: Option<Bound<'py, PyAny>>,
    ) -> Result<Local<'s>, Error> {
        let mut copied = CopiedToJs {
            converter,
            ..CopiedToJs::default()
        };
        let whole = self.begin_copy_to_js(value, depth, &mut copied)?;
        while let Some((original, target, depth)) = copied.waiting.pop() {
            self.nested(|crossing| {
                let target = crossing.scope.local(&target);
                crossing.fill_copy(&original, target, depth, &mut copied)
            })?;
        }
        Ok(whole)
    }

    /// The copy of a value, which is filled later if it is a container.
    fn begin_copy_to_js(
        &self,
        value: &Bound<'py, PyAny>,
        depth: Depth,
        copied: &mut CopiedToJs<'py>,
    ) -> Result<Local<'s>, Error> {
        let scope = self.scope;
        if depth.is_over() {
            return self.value_to_js(value);
        }
        let address = value.as_ptr() as usize;
        if let Some(known) = copied.known.get(&address) {
            return Ok(scope.local(known));
        }
        let (copy, filled) =
            if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
                (scope.array(&[])?, false)
            } else if value.is_instance_of::<PyDict>() {
                (scope.object()?, false)
            } else if value.is_instance_of::<PySet>() || value.is_instance_of::<PyFrozenSet>() {
                (self.bridge.help(scope, Helper::NewSet, &[])?, false)
            } else if value.is_instance_of::<PyString>() || value.is_instance_of::<JsProxy>() {
                return self.value_to_js(value);
            } else if let Some(arrays) = self.typed_arrays_of(value)? {
                (arrays, true)
            } else if let Some(date) = self.date_to_js(value)? {
                (date, true)
            } else {
                return self.convert_to_js(value, depth, copied);
            };
        copied.known.insert(address, scope.persist(copy));
        copied.seen.push(value.clone());
        if !filled {
            let target = scope.persist(copy);
            copied.waiting.push((value.clone(), target, depth.next()));
        }
        Ok(copy)
    }

    /// What the converter makes of a value; it is not asked again for what it gave, but for the parts of that.
    fn convert_to_js(
        &self,
        value: &Bound<'py, PyAny>,
        depth: Depth,
        copied: &mut CopiedToJs<'py>,
    ) -> Result<Local<'s>, Error> {
        let is_plain =
            value.is_none() || value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>();
        let Some(converter) = copied.converter.take_if(|_| !is_plain) else {
            return self.value_to_js(value);
        };
        let converted = self.of_python(converter.call1((value,)));
        let copy = converted.and_then(|converted| {
            let copy = match converted.is(value) {
                true => self.value_to_js(value),
                false => self.begin_copy_to_js(&converted, depth, copied),
            };
            copied.seen.push(converted);
            copy
        });
        copied.converter = Some(converter);
        let copy = copy?;
        let kept = self.scope.persist(copy);
        copied.known.insert(value.as_ptr() as usize, kept);
        copied.seen.push(value.clone());
        Ok(copy)
    }

    /// A Date for a `date` or `datetime`, a Number for a `timedelta`; nothing for all else.
    fn date_to_js(&self, value: &Bound<'py, PyAny>) -> Result<Option<Local<'s>>, Error> {
        static CLASSES: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = self.py;
        let find = || -> PyResult<Option<(bool, f64)>> {
            let classes = CLASSES.import(py, DATES, "DATES")?;
            if !value.is_instance(classes)? {
                return Ok(None);
            }
            let found = py.import(intern!(py, DATES))?;
            let found = found.call_method1(intern!(py, "milliseconds_of"), (value,))?;
            found.extract().map(Some)
        };
        match self.of_python(find())? {
            Some((is_moment, milliseconds)) => {
                let number = self.scope.number(milliseconds);
                if is_moment {
                    let date = self.bridge.help(self.scope, Helper::NewDate, &[number])?;
                    return Ok(Some(date));
                }
                Ok(Some(number))
            }
            None => Ok(None),
        }
    }

    fn fill_copy(
        &self,
        original: &Bound<'py, PyAny>,
        target: Local<'_>,
        depth: Depth,
        copied: &mut CopiedToJs<'py>,
    ) -> Result<(), Error> {
        if let Ok(dict) = original.cast::<PyDict>() {
            // The items as they are now: a key's conversion may run code that changes the dict.
            for pair in dict.items() {
                self.nested(|crossing| {
                    let (key, item) = crossing.of_python(pair.extract())?;
                    let (key, item): (Bound<'py, PyAny>, Bound<'py, PyAny>) = (key, item);
                    let key = crossing.value_to_js(&key)?;
                    let item = crossing.begin_copy_to_js(&item, depth, copied)?;
                    crossing.scope.define(target, key, item, Attributes::PLAIN)
                })?;
            }
            return Ok(());
        }
        let is_set = !original.is_instance_of::<PyList>() && !original.is_instance_of::<PyTuple>();
        let items = self.of_python(original.try_iter())?;
        for (index, item) in (0u32..).zip(items) {
            let item = self.of_python(item)?;
            self.nested(|crossing| {
                let item = crossing.begin_copy_to_js(&item, depth, copied)?;
                if is_set {
                    let values = [target, item];
                    let added = crossing
                        .bridge
                        .help(crossing.scope, Helper::AddToSet, &values);
                    added.map(drop)
                } else {
                    crossing
                        .scope
                        .define(target, index, item, Attributes::PLAIN)
                }
            })?;
        }
        Ok(())
    }
}
