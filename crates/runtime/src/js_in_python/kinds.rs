//! What a JavaScript object can do, as classes: a `JsProxy` is callable, awaitable, iterable, sized only if its object is.
//!
//! Python asks the type (`callable`, `inspect.isawaitable`, `collections.abc`), so each ability is a subclass of `JsProxy`. The
//! kinds that are common have a class of their own; any other mixture is composed by `type()` once it is met. GIL held.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::CStr;
use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::exceptions::{PyStopIteration, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple, PyType};
use twinloop_js::engine::{Class, Local, ViewType};
use twinloop_py::{BytesExporter, Lending};

use super::generators::{JsAsyncDisposable, JsAsyncGenerator, JsDisposable, JsGenerator};
use super::iterators::{JsAsyncIterator, JsIterator};
use super::proxy::{JsProxy, arguments_to_js};
use crate::bridge::Helper;
use crate::crossing::{self, Awaited, Crossing, Depth, Wait};

const CALLABLE: u32 = 1;
const AWAITABLE: u32 = 2;
const ITERABLE: u32 = 4;
const ASYNC_ITERABLE: u32 = 8;
const SIZED: u32 = 16;
const SEQUENCE: u32 = 32;
const BYTES: u32 = 64;
const RECORD: u32 = 128;
/// Known by its class alone.
const MAP: u32 = 256;
const ITERATOR: u32 = 512;
const ASYNC_ITERATOR: u32 = 1024;
const DISPOSABLE: u32 = 2048;
const ASYNC_DISPOSABLE: u32 = 4096;
/// More than all flags: `introduce` gives an identity times this, and the flags, in one number.
const BEYOND: u32 = 8192;

/// The flags by name, as `objects.js` gets them.
pub(crate) const FLAGS: [(&str, u32); 12] = [
    ("CALLABLE", CALLABLE),
    ("AWAITABLE", AWAITABLE),
    ("ITERABLE", ITERABLE),
    ("ASYNC_ITERABLE", ASYNC_ITERABLE),
    ("SIZED", SIZED),
    ("BYTES", BYTES),
    ("RECORD", RECORD),
    ("ITERATOR", ITERATOR),
    ("ASYNC_ITERATOR", ASYNC_ITERATOR),
    ("DISPOSABLE", DISPOSABLE),
    ("ASYNC_DISPOSABLE", ASYNC_DISPOSABLE),
    ("BEYOND", BEYOND),
];

/// What a typed array can do.
const TYPED_ARRAY: u32 = BYTES | SIZED | ITERABLE;

thread_local! {
    /// What the next instance of a composed class is of: their constructor is Python's and takes no Rust value.
    static NEXT: RefCell<Option<JsProxy>> = const { RefCell::new(None) };
    /// Composed classes by their flags.
    static COMPOSED: RefCell<HashMap<u32, Py<PyType>>> = RefCell::default();
}

/// An instance of the class that does what `value` does.
pub(super) fn instantiate<'py>(
    crossing: &Crossing<'_, '_, 'py>,
    value: Local<'_>,
    proxy: JsProxy,
    abilities: Option<u32>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = crossing.py;
    let flags = match abilities {
        Some(flags) => flags,
        None => abilities_of(crossing, value)?,
    };
    if !matches!(
        flags,
        0 | CALLABLE
            | AWAITABLE
            | ITERABLE
            | RECORD
            | JsCollection::FLAGS
            | JsMap::FLAGS
            | JsArray::FLAGS
    ) {
        return compose(py, flags, proxy);
    }
    let base = PyClassInitializer::from(proxy);
    Ok(match flags {
        CALLABLE => Bound::new(py, base.add_subclass(JsFunction))?.into_any(),
        AWAITABLE => Bound::new(py, base.add_subclass(JsPromise::default()))?.into_any(),
        RECORD => Bound::new(py, base.add_subclass(JsRecord))?.into_any(),
        ITERABLE => Bound::new(py, base.add_subclass(JsIterable))?.into_any(),
        JsCollection::FLAGS => {
            let iterable = base.add_subclass(JsIterable);
            Bound::new(py, iterable.add_subclass(JsCollection))?.into_any()
        }
        JsMap::FLAGS => {
            let iterable = base.add_subclass(JsIterable);
            let collection = iterable.add_subclass(JsCollection);
            Bound::new(py, collection.add_subclass(JsMap))?.into_any()
        }
        JsArray::FLAGS => {
            let iterable = base.add_subclass(JsIterable);
            let collection = iterable.add_subclass(JsCollection);
            Bound::new(py, collection.add_subclass(JsArray))?.into_any()
        }
        _ => Bound::new(py, base)?.into_any(),
    })
}

/// The identity of an object of this class, and its abilities if they came with it.
pub(crate) fn introduce(
    crossing: &Crossing<'_, '_, '_>,
    object: Local<'_>,
    class: Option<Class>,
) -> PyResult<(u64, Option<u32>)> {
    let index = |value: Local<'_>| value.as_f64().unwrap_or_default();
    if let Some(flags) = abilities_by_class(class) {
        let identity = index(crossing.help(Helper::IdentityOf, &[object])?);
        return Ok((identity as u64, Some(flags)));
    }
    let answer = index(crossing.help(Helper::Introduce, &[object])?);
    Ok(if answer < 0.0 {
        (-answer as u64, None)
    } else {
        let beyond = u64::from(BEYOND);
        let (identity, flags) = (answer as u64 / beyond, answer as u64 % beyond);
        (identity, Some(flags as u32))
    })
}

/// The language's own classes say it themselves.
fn abilities_by_class(class: Option<Class>) -> Option<u32> {
    match class {
        Some(Class::Array) => Some(JsArray::FLAGS),
        Some(Class::Map) => Some(JsMap::FLAGS),
        Some(Class::Set) => Some(JsCollection::FLAGS),
        Some(Class::Promise) => Some(AWAITABLE),
        _ => None,
    }
}

fn abilities_of(crossing: &Crossing<'_, '_, '_>, value: Local<'_>) -> PyResult<u32> {
    if !value.is_object() {
        return Ok(0);
    }
    if let Some(flags) = abilities_by_class(crossing.scope.class_of(value)) {
        return Ok(flags);
    }
    let flags = crossing.help(Helper::AbilitiesOf, &[value])?;
    Ok(flags.as_index().map_or(0, |flags| flags as u32))
}

fn compose<'py>(py: Python<'py>, flags: u32, proxy: JsProxy) -> PyResult<Bound<'py, PyAny>> {
    let known = COMPOSED.with_borrow(|known| known.get(&flags).map(|class| class.clone_ref(py)));
    let class = match known {
        Some(class) => class.into_bound(py),
        None => {
            let parts: [(u32, Bound<'py, PyType>); 11] = [
                (CALLABLE, py.get_type::<JsFunction>()),
                (AWAITABLE, py.get_type::<JsPromise>()),
                (ITERABLE, py.get_type::<JsIterable>()),
                (ASYNC_ITERABLE, py.get_type::<JsAsyncIterable>()),
                (SIZED, py.get_type::<JsSized>()),
                (BYTES, py.get_type::<JsBytes>()),
                (BYTES, py.get_type::<BytesExporter>()),
                (ITERATOR, py.get_type::<JsGenerator>()),
                (ASYNC_ITERATOR, py.get_type::<JsAsyncGenerator>()),
                (DISPOSABLE, py.get_type::<JsDisposable>()),
                (ASYNC_DISPOSABLE, py.get_type::<JsAsyncDisposable>()),
            ];
            let bases: Vec<_> = parts
                .into_iter()
                .filter(|(flag, _)| flags & flag != 0)
                .map(|(_, class)| class)
                .collect();
            let names = PyDict::new(py);
            names.set_item("__slots__", PyTuple::empty(py))?;
            names.set_item("__module__", "twinloop.js")?;
            let class = py
                .get_type::<PyType>()
                .call1(("JsProxy", PyTuple::new(py, bases)?, names))?
                .cast_into::<PyType>()?;
            let abstract_name = match flags & (BYTES | SIZED | ITERABLE | ITERATOR | ASYNC_ITERATOR)
            {
                TYPED_ARRAY => Some("Sequence"),
                _ if flags & ITERATOR != 0 => Some("Generator"),
                _ if flags & ASYNC_ITERATOR != 0 => Some("AsyncGenerator"),
                _ => None,
            };
            if let Some(name) = abstract_name {
                abstract_class(py, name)?.call_method1("register", (&class,))?;
            }
            COMPOSED.with_borrow_mut(|known| known.insert(flags, class.clone().unbind()));
            class
        }
    };
    NEXT.set(Some(proxy));
    class.call0()
}

/// What the instance that Python makes now is of.
pub(super) fn next() -> PyResult<JsProxy> {
    NEXT.take()
        .ok_or_else(|| PyTypeError::new_err("a JsProxy comes from JavaScript and cannot be made"))
}

/// A JavaScript function or class.
#[pyclass(frozen, subclass, extends = JsProxy, module = "twinloop.js")]
pub(crate) struct JsFunction;

#[pymethods]
impl JsFunction {
    #[new]
    fn new() -> PyResult<PyClassInitializer<Self>> {
        Ok(PyClassInitializer::from(next()?).add_subclass(JsFunction))
    }

    #[pyo3(signature = (*arguments, **named))]
    fn __call__(
        slf: &Bound<'_, Self>,
        arguments: &Bound<'_, PyTuple>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        let proxy = slf.as_super().get();
        proxy.with(slf.py(), |crossing, function| {
            if !crossing.scope.is_function(function) {
                return Err(PyTypeError::new_err(
                    "the JavaScript object is not callable",
                ));
            }
            let values = arguments_to_js(crossing, arguments, named)?;
            let this = proxy.receiver(crossing)?;
            let result = crossing.of_js(crossing.scope.call(function, this, &values))?;
            Ok(crossing.to_py(result)?.unbind())
        })
    }

    /// What stands among Python's bases for `class Mine(js.EventTarget)`.
    fn __mro_entries__<'py>(
        slf: &Bound<'py, Self>,
        _bases: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let module = slf.py().import("_twinloop.crossing.subclasses")?;
        PyTuple::new(slf.py(), [module.call_method1("base_of", (slf,))?])
    }

    /// `isinstance(value, URL)` is JavaScript's `instanceof`.
    fn __instancecheck__(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        slf.as_super().get().with(slf.py(), |crossing, function| {
            let value = crossing.to_js(value)?;
            let answer = crossing.help(Helper::IsInstance, &[value, function])?;
            Ok(answer.as_bool() == Some(true))
        })
    }
}

/// A Promise, or any object with a method `then`.
#[pyclass(frozen, subclass, extends = JsProxy, module = "twinloop.js")]
#[derive(Default)]
pub(crate) struct JsPromise {
    /// How many wait for it in Python.
    waiting: AtomicU32,
}

impl JsPromise {
    /// One more waits.
    pub(crate) fn begin(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// One less; whether it was the last.
    pub(crate) fn end(&self) -> bool {
        self.waiting.fetch_sub(1, Ordering::Relaxed) == 1
    }
}

#[pymethods]
impl JsPromise {
    #[new]
    fn new() -> PyResult<PyClassInitializer<Self>> {
        Ok(PyClassInitializer::from(next()?).add_subclass(JsPromise::default()))
    }

    fn __await__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let proxy = slf.as_super().get();
        // What is settled already, or by the microtasks that wait, costs no turn of the loop, as a Future that is done.
        if let Some(settled) = proxy.settled(slf.py())? {
            return Ok(Bound::new(slf.py(), settled)?.into_any().unbind());
        }
        proxy.with(slf.py(), |crossing, value| {
            let future = crossing.future_of(value)?;
            Wait::on(&future, Awaited::Shared(slf.clone().unbind()))
        })
    }
}

/// What awaiting a fulfilled Promise gives: an iterator that is at its end, with the value. It can be awaited itself.
#[pyclass(frozen, module = "twinloop.js")]
pub(super) struct Settled(pub(super) Py<PyAny>);

#[pymethods]
impl Settled {
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __await__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<()> {
        Err(PyStopIteration::new_err((self.0.clone_ref(py),)))
    }
}

/// An object with a method `Symbol.iterator`.
#[pyclass(frozen, subclass, extends = JsProxy, module = "twinloop.js")]
pub(crate) struct JsIterable;

#[pymethods]
impl JsIterable {
    #[new]
    fn new() -> PyResult<PyClassInitializer<Self>> {
        Ok(PyClassInitializer::from(next()?).add_subclass(JsIterable))
    }

    fn __iter__(slf: &Bound<'_, Self>) -> PyResult<JsIterator> {
        slf.as_super().get().with(slf.py(), |crossing, object| {
            let iterator = crossing.help(Helper::IteratorOf, &[object])?;
            if iterator.is_undefined() {
                return Err(PyTypeError::new_err(
                    "the JavaScript object is not iterable",
                ));
            }
            JsIterator::new(crossing, object, iterator)
        })
    }
}

/// An object with a method `Symbol.asyncIterator`.
#[pyclass(frozen, subclass, extends = JsProxy, module = "twinloop.js")]
pub(crate) struct JsAsyncIterable;

#[pymethods]
impl JsAsyncIterable {
    #[new]
    fn new() -> PyResult<PyClassInitializer<Self>> {
        Ok(PyClassInitializer::from(next()?).add_subclass(JsAsyncIterable))
    }

    fn __aiter__(slf: &Bound<'_, Self>) -> PyResult<JsAsyncIterator> {
        slf.as_super().get().with(slf.py(), |crossing, object| {
            let iterator = crossing.help(Helper::AsyncIteratorOf, &[object])?;
            if iterator.is_undefined() {
                return Err(PyTypeError::new_err(
                    "the JavaScript object is not async iterable",
                ));
            }
            JsAsyncIterator::new(crossing, object, iterator)
        })
    }
}

fn length_of(proxy: &JsProxy, py: Python<'_>) -> PyResult<usize> {
    proxy.with(py, |crossing, object| {
        let length = crossing.help(Helper::LengthOf, &[object])?;
        if length.is_undefined() {
            return Err(PyTypeError::new_err(
                "the JavaScript object has no length or size",
            ));
        }
        crossing::length(length)
    })
}

/// An object of data, which is a mapping of its own properties in Python; the methods that a mapping has in Python are those of
/// `collections.abc.Mapping`, unless a property has the name.
#[pyclass(frozen, mapping, extends = JsProxy, module = "twinloop.js")]
pub(crate) struct JsRecord;

/// The method of this name that Python's mappings and sequences have, of an object that has no such property.
pub(super) fn method_of_python<'py>(
    proxy: &Bound<'py, PyAny>,
    name: &str,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = proxy.py();
    if let Some((module, marks)) = marks_coroutine_functions(name) {
        if !is_async_function(proxy)? {
            return Ok(None);
        }
        let module = py.import(module)?;
        for mark in marks {
            if let Some(mark) = module.getattr_opt(*mark)? {
                return Ok(Some(mark));
            }
        }
        return Ok(None);
    }
    let function = if proxy.is_instance_of::<JsRecord>() {
        match name {
            "keys" | "values" | "items" | "get" => {
                Some(abstract_class(py, "Mapping")?.getattr(name)?)
            }
            _ => None,
        }
    } else if proxy.is_instance_of::<JsArray>() {
        method_in(py, SEQUENCES, name)?
    } else if proxy.is_instance_of::<JsMap>() {
        method_in(py, MAPPINGS, name)?
    } else if is_of_python_iterator(proxy, name) {
        Some(proxy.get_type().getattr(name)?)
    } else if matches!(name, "count" | "index") && is_typed_array(proxy) {
        method_in(py, SEQUENCES, name)?
    } else {
        None
    };
    let Some(function) = function else {
        return Ok(None);
    };
    let bind = py.import("types")?.getattr("MethodType")?;
    bind.call1((function, proxy)).map(Some)
}

/// The Python modules that know what sequences and mappings have.
const SEQUENCES: &str = "_twinloop.crossing.sequences";
const MAPPINGS: &str = "_twinloop.crossing.mappings";

fn method_in<'py>(
    py: Python<'py>,
    module: &str,
    name: &str,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let methods = py.import(module)?.getattr("METHODS")?;
    methods.cast::<PyDict>()?.get_item(name)
}

/// The module whose `iscoroutinefunction` looks for an attribute of this name at what is no function of Python's, and the names that it has
/// for the value: `inspect` does from 3.12 on, by another one from 3.13 on.
fn marks_coroutine_functions(name: &str) -> Option<(&'static str, &'static [&'static str])> {
    match name {
        "_is_coroutine" => Some(("asyncio.coroutines", &["_is_coroutine"])),
        "_is_coroutine_marker" => {
            Some(("inspect", &["_is_coroutine_mark", "_is_coroutine_marker"]))
        }
        _ => None,
    }
}

fn is_async_function(proxy: &Bound<'_, PyAny>) -> PyResult<bool> {
    let Ok(function) = proxy.cast::<JsFunction>() else {
        return Ok(false);
    };
    (function.as_super().get()).with(proxy.py(), |crossing, function| {
        Ok(crossing.help(Helper::IsAsync, &[function])?.as_bool() == Some(true))
    })
}

/// Whether this is a method that only Python's generators have.
fn is_of_python_iterator(proxy: &Bound<'_, PyAny>, name: &str) -> bool {
    match name {
        "send" | "throw" | "close" => proxy.is_instance_of::<JsGenerator>(),
        "asend" | "athrow" | "aclose" => proxy.is_instance_of::<JsAsyncGenerator>(),
        _ => false,
    }
}

fn is_typed_array(proxy: &Bound<'_, PyAny>) -> bool {
    proxy.is_instance_of::<JsBytes>()
        && proxy.is_instance_of::<JsSized>()
        && proxy.is_instance_of::<JsIterable>()
}

/// Whether this is what Python asks for its length to know whether it is empty.
pub(super) fn is_collection(proxy: &Bound<'_, JsProxy>) -> bool {
    proxy.is_instance_of::<JsCollection>()
        || proxy.is_instance_of::<JsRecord>()
        || (proxy.is_instance_of::<JsBytes>() && proxy.is_instance_of::<JsSized>())
}

/// Whether Python's method of this name stands before JavaScript's: a Map's `get` knows no default, and `throw` takes an exception.
pub(super) fn is_of_python(proxy: &Bound<'_, JsProxy>, name: &str) -> bool {
    match name {
        "get" => proxy.is_instance_of::<JsMap>(),
        "send" | "throw" | "asend" | "athrow" | "aclose" => is_of_python_iterator(proxy, name),
        _ => false,
    }
}

fn abstract_class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("collections.abc")?.getattr(name)
}

/// Lets Python know what is a mapping, and what a sequence.
pub(super) fn register(py: Python<'_>) -> PyResult<()> {
    for (name, class) in [
        ("Mapping", py.get_type::<JsRecord>()),
        ("MutableMapping", py.get_type::<JsMap>()),
        ("MutableSequence", py.get_type::<JsArray>()),
    ] {
        abstract_class(py, name)?.call_method1("register", (class,))?;
    }
    Ok(())
}

#[pymethods]
impl JsRecord {
    fn __len__(slf: &Bound<'_, Self>) -> PyResult<usize> {
        slf.as_super().get().with(slf.py(), |crossing, object| {
            let keys = crossing.help(Helper::KeysOf, &[object])?;
            Ok(crossing.of_js(crossing.scope.array_length(keys))? as usize)
        })
    }

    fn __iter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let keys = slf.as_super().get().with(py, |crossing, object| {
            let keys = crossing.help(Helper::KeysOf, &[object])?;
            Ok(crossing.copy_to_py(keys, Depth::new(1.0))?.unbind())
        })?;
        Ok(keys.bind(py).try_iter()?.into_any())
    }
}

/// An object with a `length` or `size`.
#[pyclass(frozen, subclass, mapping, extends = JsProxy, module = "twinloop.js")]
pub(crate) struct JsSized;

#[pymethods]
impl JsSized {
    #[new]
    fn new() -> PyResult<PyClassInitializer<Self>> {
        Ok(PyClassInitializer::from(next()?).add_subclass(JsSized))
    }

    fn __len__(slf: &Bound<'_, Self>) -> PyResult<usize> {
        length_of(slf.as_super().get(), slf.py())
    }
}

/// An ArrayBuffer or a view of one.
#[pyclass(frozen, subclass, extends = JsProxy, module = "twinloop.js")]
pub(crate) struct JsBytes;

#[pymethods]
impl JsBytes {
    #[new]
    fn new() -> PyResult<PyClassInitializer<Self>> {
        Ok(PyClassInitializer::from(next()?).add_subclass(JsBytes))
    }

    /// The memory itself, for the buffer protocol; nothing where a copy must do.
    fn __lend__(slf: &Bound<'_, Self>) -> PyResult<Option<Lending>> {
        slf.as_super().get().with(slf.py(), |crossing, object| {
            let lent = crossing.bridge.lend_bytes(crossing.scope, object);
            Ok(crossing.of_js(lent)?.map(|lent| {
                let (format, item) = element_of(lent.kind());
                Lending::new(Box::new(lent), format, item)
            }))
        })
    }

    /// The memory as a tensor (DLPack), for PyTorch, JAX, CuPy and others.
    #[pyo3(signature = (**options))]
    fn __dlpack__<'py>(
        slf: &Bound<'py, Self>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        py.import("_twinloop.crossing.tensors")?
            .call_method("capsule_of", (slf,), options)
    }

    /// The processor's memory, of which there is one (`kDLCPU`).
    fn __dlpack_device__(&self) -> (i32, i32) {
        (1, 0)
    }

    /// What NumPy and pandas ask for, which otherwise take the elements one by one.
    #[pyo3(signature = (dtype = None, copy = None))]
    fn __array__<'py>(
        slf: &Bound<'py, Self>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        py.import("_twinloop.crossing.tensors")?
            .call_method1("as_array", (slf, dtype, copy))
    }

    fn __bytes__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyBytes>> {
        let py = slf.py();
        slf.as_super().get().with(py, |crossing, object| {
            let bytes = crossing
                .scope
                .with_bytes(object, |bytes| PyBytes::new(py, bytes));
            crossing.of_js(bytes)
        })
    }
}

/// The elements of a view as Python's `struct` has them, and their size.
fn element_of(kind: ViewType) -> (&'static CStr, usize) {
    match kind {
        ViewType::Int8 => (c"b", 1),
        ViewType::Uint8 | ViewType::Uint8Clamped | ViewType::DataView => (c"B", 1),
        ViewType::Int16 => (c"h", 2),
        ViewType::Uint16 => (c"H", 2),
        ViewType::Float16 => (c"e", 2),
        ViewType::Int32 => (c"i", 4),
        ViewType::Uint32 => (c"I", 4),
        ViewType::Float32 => (c"f", 4),
        ViewType::Float64 => (c"d", 8),
        ViewType::BigInt64 => (c"q", 8),
        ViewType::BigUint64 => (c"Q", 8),
    }
}

/// A Set, or another iterable that knows its size.
#[pyclass(frozen, subclass, mapping, extends = JsIterable, module = "twinloop.js")]
pub(crate) struct JsCollection;

impl JsCollection {
    const FLAGS: u32 = ITERABLE | SIZED;
}

#[pymethods]
impl JsCollection {
    fn __len__(slf: &Bound<'_, Self>) -> PyResult<usize> {
        length_of(slf.as_super().as_super().get(), slf.py())
    }
}

/// A Map, which is a mapping in Python: to iterate over it gives its keys, and not pairs as in JavaScript.
#[pyclass(frozen, mapping, extends = JsCollection, module = "twinloop.js")]
pub(crate) struct JsMap;

impl JsMap {
    const FLAGS: u32 = ITERABLE | SIZED | MAP;
}

#[pymethods]
impl JsMap {
    fn __iter__(slf: &Bound<'_, Self>) -> PyResult<JsIterator> {
        let proxy = slf.as_super().as_super().as_super();
        proxy.get().with(slf.py(), |crossing, object| {
            let keys = crossing.help(Helper::MapKeysOf, &[object])?;
            JsIterator::new(crossing, object, keys)
        })
    }
}

/// An Array, which is a sequence in Python too.
#[pyclass(frozen, sequence, extends = JsCollection, module = "twinloop.js")]
pub(crate) struct JsArray;

impl JsArray {
    const FLAGS: u32 = ITERABLE | SIZED | SEQUENCE;
}

#[pymethods]
impl JsArray {
    fn __len__(slf: &Bound<'_, Self>) -> PyResult<usize> {
        length_of(slf.as_super().as_super().as_super().get(), slf.py())
    }

    fn __getitem__(slf: &Bound<'_, Self>, key: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let proxy = slf.as_super().as_super().as_super();
        proxy.get().item(slf.py(), key)
    }

    fn __iadd__(slf: &Bound<'_, Self>, values: &Bound<'_, PyAny>) -> PyResult<()> {
        let sequences = slf.py().import(SEQUENCES)?;
        sequences.call_method1("extend", (slf, values)).map(drop)
    }
}
