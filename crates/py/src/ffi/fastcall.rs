//! Methods with CPython's vectorcall signature: no argument tuple, no dictionary, 20 to 25 ns less a call than `*args`.
//!
//! A class's methods are a table, [`fast_methods!`], which makes the function that installs them: each line becomes a type that
//! implements [`FastMethod`]. The trampoline catches panics (rule NO-ABORT) and turns `Err` into a raised exception. Runs
//! under the GIL, on any Python thread.

use std::any::Any;
use std::ffi::{CStr, c_int, c_void};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::PyTypeError;
use pyo3::panic::PanicException;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};
use pyo3::{Borrowed, ffi};

/// A method called by vectorcall.
pub(crate) trait FastMethod {
    /// The attribute's name.
    const NAME: &'static CStr;
    /// Its docstring, beginning with the signature.
    const DOC: &'static CStr;
    /// What it may be called with.
    const PARAMETERS: Parameters;

    /// The method itself. `receiver` is an instance of the class it was installed in.
    fn call<'py>(
        py: Python<'py>,
        receiver: Borrowed<'_, 'py, PyAny>,
        arguments: Arguments<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>>;
}

/// A table of methods, and the function that puts them into a class. A line has the method's name, what it may be called with,
/// its docstring and its body, whose value is any [`Returned`].
macro_rules! fast_methods {
    (
        $(#[$attribute:meta])*
        $visibility:vis fn $install:ident;
        $(
            $name:literal, $parameters:expr,
            $doc:expr,
            |$py:ident, $receiver:ident, $arguments:ident| $body:expr;
        )*
    ) => {
        $(#[$attribute])*
        $visibility fn $install(
            class: &pyo3::Bound<'_, pyo3::types::PyType>,
        ) -> pyo3::PyResult<()> {
            $({
                struct Method;
                impl $crate::ffi::fastcall::FastMethod for Method {
                    const NAME: &'static std::ffi::CStr = $name;
                    const DOC: &'static std::ffi::CStr = $doc;
                    const PARAMETERS: $crate::ffi::fastcall::Parameters = $parameters;

                    #[inline(always)]
                    fn call<'py>(
                        $py: pyo3::Python<'py>,
                        $receiver: pyo3::Borrowed<'_, 'py, pyo3::PyAny>,
                        $arguments: $crate::ffi::fastcall::Arguments<'_, 'py>,
                    ) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::PyAny>> {
                        let body = || -> pyo3::PyResult<_> { $body };
                        $crate::ffi::fastcall::Returned::into_object(body()?, $receiver.py())
                    }
                }
                $crate::ffi::fastcall::install::<Method>(class)?;
            })*
            Ok(())
        }
    };
}
pub(crate) use fast_methods;

/// What the body of a method may return.
pub(crate) trait Returned<'py> {
    /// The Python object for it.
    fn into_object(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>>;
}

impl<'py> Returned<'py> for Bound<'py, PyAny> {
    fn into_object(self, _py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self)
    }
}

impl<'py> Returned<'py> for () {
    fn into_object(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(py.None().into_bound(py))
    }
}

impl<'py> Returned<'py> for bool {
    fn into_object(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.into_pyobject(py)?.to_owned().into_any())
    }
}

impl<'py> Returned<'py> for usize {
    fn into_object(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.into_pyobject(py)?.into_any())
    }
}

impl<'py> Returned<'py> for f64 {
    fn into_object(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.into_pyobject(py)?.into_any())
    }
}

/// What a method may be called with. The trampoline refuses anything else, and gives arguments that were passed by keyword
/// their place among the positional ones; the usual call, which needs neither, costs two comparisons.
#[derive(Clone, Copy)]
pub(crate) struct Parameters {
    positional: &'static [&'static str],
    /// Any number of positional arguments may follow.
    takes_more: bool,
    keyword_only: Option<&'static str>,
    /// False for a method that looks at its arguments itself.
    checked: bool,
}

impl Parameters {
    /// Anything: the method looks at its arguments itself.
    pub(crate) const ANY: Parameters = Parameters {
        checked: false,
        ..Parameters::named(&[])
    };

    /// Nothing.
    pub(crate) const NONE: Parameters = Parameters::named(&[]);

    /// These parameters, by position or by keyword. Whether all of them are there is for the method to say.
    pub(crate) const fn named(positional: &'static [&'static str]) -> Parameters {
        Parameters {
            positional,
            takes_more: false,
            keyword_only: None,
            checked: true,
        }
    }

    /// As `f(positional, *args, keyword_only=None)`.
    pub(crate) const fn with_more(
        positional: &'static [&'static str],
        keyword_only: &'static str,
    ) -> Parameters {
        Parameters {
            takes_more: true,
            keyword_only: Some(keyword_only),
            ..Parameters::named(positional)
        }
    }
}

/// The arguments of one call, borrowed from the caller's stack.
#[derive(Clone, Copy)]
pub(crate) struct Arguments<'a, 'py> {
    values: *const *mut ffi::PyObject,
    positional: usize,
    keyword_names: *mut ffi::PyObject,
    py: Python<'py>,
    borrow: PhantomData<&'a ()>,
}

impl<'a, 'py> Arguments<'a, 'py> {
    /// How many positional arguments there are.
    pub(crate) fn len(&self) -> usize {
        self.positional
    }

    /// True for `count` positional arguments and no keyword.
    pub(crate) fn are_exactly(&self, count: usize) -> bool {
        self.positional == count && self.keywords().next().is_none()
    }

    /// The positional argument at `index`.
    pub(crate) fn get(&self, index: usize) -> Option<Borrowed<'a, 'py, PyAny>> {
        if index < self.positional {
            // SAFETY: the caller passed `positional` live references that it keeps for the call's duration `'a`.
            return Some(unsafe { Borrowed::from_ptr(self.py, *self.values.add(index)) });
        }
        None
    }

    /// The positional argument at `index`, or the TypeError for a missing one.
    pub(crate) fn required(
        &self,
        index: usize,
        method: &str,
        name: &str,
    ) -> PyResult<Borrowed<'a, 'py, PyAny>> {
        self.get(index).ok_or_else(|| missing(method, name))
    }

    /// The positional arguments from `first` on, as a raw slice for a vectorcall.
    pub(crate) fn rest(&self, first: usize) -> &'a [*mut ffi::PyObject] {
        if first >= self.positional {
            return &[];
        }
        // SAFETY: as in `get`; the range stays inside the `positional` values.
        unsafe { std::slice::from_raw_parts(self.values.add(first), self.positional - first) }
    }

    /// True if the method can be called with these as they are.
    #[inline(always)]
    fn fit(&self, parameters: &Parameters) -> bool {
        (parameters.takes_more || self.positional <= parameters.positional.len())
            && (self.keyword_names.is_null() || self.are_only(parameters.keyword_only))
    }

    fn are_only(&self, keyword: Option<&str>) -> bool {
        self.keywords()
            .all(|(name, _)| keyword.is_some() && name.to_str().ok() == keyword)
    }

    /// The value of the keyword-only parameter of [`Parameters`], which have been checked.
    pub(crate) fn keyword(&self) -> Option<Borrowed<'a, 'py, PyAny>> {
        if self.keyword_names.is_null() {
            return None;
        }
        self.keywords().next().map(|(_, value)| value)
    }

    /// The value of the only keyword this method knows; any other keyword is a TypeError.
    pub(crate) fn only_keyword(
        &self,
        name: &str,
        method: &str,
    ) -> PyResult<Option<Borrowed<'a, 'py, PyAny>>> {
        if self.keyword_names.is_null() {
            return Ok(None);
        }
        let mut found = None;
        for (keyword, value) in self.keywords() {
            if keyword.to_str()? != name {
                return Err(unexpected(method, &keyword));
            }
            found = Some(value);
        }
        Ok(found)
    }

    /// All keyword arguments.
    pub(crate) fn keywords(
        &self,
    ) -> impl Iterator<Item = (Borrowed<'a, 'py, PyString>, Borrowed<'a, 'py, PyAny>)> {
        let count = if self.keyword_names.is_null() {
            0
        } else {
            // SAFETY: vectorcall passes a tuple of strings.
            unsafe { ffi::PyTuple_GET_SIZE(self.keyword_names) }
        };
        let (names, values, py) = (self.keyword_names, self.values, self.py);
        let positional = self.positional;
        (0..count).map(move |index| {
            // SAFETY: the names are a tuple of `count` strings, and as many values follow the positional ones.
            unsafe {
                let name = Borrowed::from_ptr(py, ffi::PyTuple_GET_ITEM(names, index))
                    .cast_unchecked::<PyString>();
                let value = Borrowed::from_ptr(py, *values.add(positional + index as usize));
                (name, value)
            }
        })
    }

    /// Calls `callee` with these very arguments.
    pub(crate) fn forward(&self, callee: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: the arguments are live for `'a`; the offset flag is not set, so the slot before them is left alone.
        unsafe {
            let result = ffi::PyObject_Vectorcall(
                callee.as_ptr(),
                self.values,
                self.positional,
                self.keyword_names,
            );
            Bound::from_owned_ptr_or_err(self.py, result)
        }
    }
}

impl<'py> Arguments<'_, 'py> {
    /// Calls `callee` with `first` in the place of the arguments before `from`. Cold.
    pub(crate) fn forward_from(
        &self,
        from: usize,
        first: f64,
        callee: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut positional = vec![first.into_pyobject(self.py)?.into_any()];
        positional.extend(
            (from..self.len())
                .filter_map(|index| self.get(index))
                .map(|value| value.to_owned()),
        );
        let keywords = pyo3::types::PyDict::new(self.py);
        for (name, value) in self.keywords() {
            keywords.set_item(name, value)?;
        }
        callee.call(PyTuple::new(self.py, positional)?, Some(&keywords))
    }
}

/// Calls `callee` with positional and keyword arguments; `names` holds the keywords in the order of their values.
pub(crate) fn call_with_keywords<'py>(
    callee: &Bound<'py, PyAny>,
    positional: &[Borrowed<'_, 'py, PyAny>],
    values: &[Borrowed<'_, 'py, PyAny>],
    names: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    const MOST: usize = 8;
    let mut slots = [std::ptr::null_mut(); MOST + 1];
    assert!(
        positional.len() + values.len() <= MOST && names.len() == values.len(),
        "a call of this crate is malformed"
    );
    for (slot, value) in slots[1..].iter_mut().zip(positional.iter().chain(values)) {
        *slot = value.as_ptr();
    }
    // SAFETY: the slots hold live borrowed references; the first slot is scratch space for the callee; there are as many
    // keyword values as names.
    unsafe {
        let result = ffi::PyObject_Vectorcall(
            callee.as_ptr(),
            slots.as_ptr().add(1),
            positional.len() | ffi::PY_VECTORCALL_ARGUMENTS_OFFSET,
            names.as_ptr(),
        );
        Bound::from_owned_ptr_or_err(callee.py(), result)
    }
}

/// The arguments of a call, each in its place among the positional ones.
struct Ordered<'py> {
    values: Vec<*mut ffi::PyObject>,
    positional: usize,
    keyword: Option<Bound<'py, PyTuple>>,
}

impl<'py> Ordered<'py> {
    /// Puts them in order, or raises the TypeError for arguments that the method does not take.
    #[cold]
    fn new(
        method: &CStr,
        parameters: &Parameters,
        arguments: Arguments<'_, 'py>,
    ) -> PyResult<Ordered<'py>> {
        let method = &*method.to_string_lossy();
        let names = parameters.positional;
        if arguments.len() > names.len() && !parameters.takes_more {
            return Err(too_many(method, names.len(), arguments.len()));
        }
        let mut values: Vec<_> = (0..arguments.len().max(names.len()))
            .map(|index| arguments.get(index))
            .collect();
        let mut keyword = None;
        for (name, value) in arguments.keywords() {
            let text = name.to_str()?;
            if let Some(index) = names.iter().position(|known| *known == text) {
                if values[index].replace(value).is_some() {
                    return Err(PyTypeError::new_err(format!(
                        "{method}() got multiple values for argument '{text}'"
                    )));
                }
            } else if parameters.keyword_only == Some(text) {
                keyword = Some((name, value));
            } else {
                return Err(unexpected(method, &name));
            }
        }
        while values.last().is_some_and(Option::is_none) {
            values.pop();
        }
        if let Some(index) = values.iter().position(Option::is_none) {
            return Err(missing(method, names[index]));
        }
        let positional = values.len();
        values.extend(keyword.map(|(_, value)| Some(value)));
        let values = values.into_iter().flatten();
        Ok(Ordered {
            values: values.map(|value| value.as_ptr()).collect(),
            positional,
            keyword: keyword
                .map(|(name, _)| PyTuple::new(arguments.py, [name]))
                .transpose()?,
        })
    }

    /// For a call of the method, while the arguments that these came from are alive.
    fn arguments(&self, py: Python<'py>) -> Arguments<'_, 'py> {
        let names = self.keyword.as_ref().map(|names| names.as_ptr());
        Arguments {
            values: self.values.as_ptr(),
            positional: self.positional,
            keyword_names: names.unwrap_or(std::ptr::null_mut()),
            py,
            borrow: PhantomData,
        }
    }
}

/// Counts the receiver among the arguments, as Python does.
#[cold]
fn too_many(method: &str, taken: usize, given: usize) -> PyErr {
    let plural = if taken == 0 { "" } else { "s" };
    let (taken, given) = (taken + 1, given + 1);
    PyTypeError::new_err(format!(
        "{method}() takes {taken} positional argument{plural} but {given} were given"
    ))
}

#[cold]
fn missing(method: &str, name: &str) -> PyErr {
    PyTypeError::new_err(format!("{method}() missing required argument: '{name}'"))
}

#[cold]
fn unexpected(method: &str, keyword: &Bound<'_, PyString>) -> PyErr {
    PyTypeError::new_err(format!(
        "{method}() got an unexpected keyword argument '{keyword}'"
    ))
}

/// Puts `M` into `class` as a method.
pub(crate) fn install<M: FastMethod>(class: &Bound<'_, PyType>) -> PyResult<()> {
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: M::NAME.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer {
            PyCFunctionFastWithKeywords: trampoline::<M>,
        },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS as c_int,
        ml_doc: M::DOC.as_ptr(),
    }));
    // SAFETY: the definition is leaked, so it outlives the descriptor; the class is a live type object.
    let descriptor = unsafe {
        let descriptor = ffi::PyDescr_NewMethod(class.as_type_ptr(), definition);
        Bound::from_owned_ptr_or_err(class.py(), descriptor)?
    };
    let name = M::NAME
        .to_str()
        .map_err(|_| PyTypeError::new_err("a method's name is not UTF-8"))?;
    class.setattr(name, descriptor)
}

/// An attribute that native code computes, for instances of a Python class.
pub(crate) trait FastAttribute {
    /// The attribute's name.
    const NAME: &'static CStr;

    /// Its value. `receiver` is an instance of the class it was installed in.
    fn get<'py>(py: Python<'py>, receiver: Borrowed<'_, 'py, PyAny>)
    -> PyResult<Bound<'py, PyAny>>;

    /// Assigns it.
    fn set(
        py: Python<'_>,
        receiver: Borrowed<'_, '_, PyAny>,
        value: Borrowed<'_, '_, PyAny>,
    ) -> PyResult<()>;
}

/// Puts `A` into `class` as a data descriptor, which goes before what the instance's dictionary holds.
pub(crate) fn install_attribute<A: FastAttribute>(class: &Bound<'_, PyType>) -> PyResult<()> {
    let definition = Box::leak(Box::new(ffi::PyGetSetDef {
        name: A::NAME.as_ptr(),
        get: Some(getter::<A>),
        set: Some(setter::<A>),
        doc: std::ptr::null(),
        closure: std::ptr::null_mut(),
    }));
    // SAFETY: as in `install`.
    let descriptor = unsafe {
        let descriptor = ffi::PyDescr_NewGetSet(class.as_type_ptr(), definition);
        Bound::from_owned_ptr_or_err(class.py(), descriptor)?
    };
    let name = A::NAME
        .to_str()
        .map_err(|_| PyTypeError::new_err("an attribute's name is not UTF-8"))?;
    class.setattr(name, descriptor)
}

/// # Safety
/// CPython's getter protocol: `receiver` is an instance of the class (the descriptor checks it), the GIL is held.
unsafe extern "C" fn getter<A: FastAttribute>(
    receiver: *mut ffi::PyObject,
    _closure: *mut c_void,
) -> *mut ffi::PyObject {
    // SAFETY: see above; the caller keeps the receiver alive.
    let (py, receiver) = unsafe {
        let py = Python::assume_attached();
        (py, Borrowed::from_ptr(py, receiver))
    };
    catch_unwind(AssertUnwindSafe(|| A::get(py, receiver)))
        .unwrap_or_else(|payload| Err(panic_error(payload)))
        .map_or_else(
            |error| {
                error.restore(py);
                std::ptr::null_mut()
            },
            Bound::into_ptr,
        )
}

/// # Safety
/// CPython's setter protocol, as [`getter`]; a null value asks for deletion.
unsafe extern "C" fn setter<A: FastAttribute>(
    receiver: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    _closure: *mut c_void,
) -> c_int {
    // SAFETY: see above.
    let (py, receiver) = unsafe {
        let py = Python::assume_attached();
        (py, Borrowed::from_ptr(py, receiver))
    };
    let result = catch_unwind(AssertUnwindSafe(|| {
        if value.is_null() {
            return Err(PyTypeError::new_err(format!(
                "cannot delete the attribute {}",
                A::NAME.to_string_lossy()
            )));
        }
        // SAFETY: not null, and alive for the call.
        A::set(py, receiver, unsafe { Borrowed::from_ptr(py, value) })
    }))
    .unwrap_or_else(|payload| Err(panic_error(payload)));
    match result {
        Ok(()) => 0,
        Err(error) => {
            error.restore(py);
            -1
        }
    }
}

/// The function that CPython calls for `M`.
///
/// # Safety
/// CPython's: `receiver` is an instance of the class (method descriptors check it), `values` and `keyword_names` follow
/// the vectorcall protocol, and the GIL is held.
unsafe extern "C" fn trampoline<M: FastMethod>(
    receiver: *mut ffi::PyObject,
    values: *const *mut ffi::PyObject,
    positional: ffi::Py_ssize_t,
    keyword_names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls with the GIL held.
    let py = unsafe { Python::assume_attached() };
    let arguments = Arguments {
        values,
        positional: positional as usize,
        keyword_names,
        py,
        borrow: PhantomData,
    };
    // SAFETY: the caller keeps its receiver alive for the call.
    let receiver = unsafe { Borrowed::from_ptr(py, receiver) };
    let result = catch_unwind(AssertUnwindSafe(|| {
        let ordered;
        let mut arguments = arguments;
        if M::PARAMETERS.checked && !arguments.fit(&M::PARAMETERS) {
            match Ordered::new(M::NAME, &M::PARAMETERS, arguments) {
                Ok(arguments) => ordered = arguments,
                Err(error) => {
                    error.restore(py);
                    return std::ptr::null_mut();
                }
            }
            arguments = ordered.arguments(py);
        }
        // The only call, so that it is compiled into this function.
        match M::call(py, receiver, arguments) {
            Ok(value) => value.into_ptr(),
            Err(error) => {
                error.restore(py);
                std::ptr::null_mut()
            }
        }
    }));
    result.unwrap_or_else(|payload| {
        panic_error(payload).restore(py);
        std::ptr::null_mut()
    })
}

/// A caught panic as Python's exception for it.
#[cold]
pub(crate) fn panic_error(payload: Box<dyn Any + Send>) -> PyErr {
    let message = if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without a message".to_owned()
    };
    PanicException::new_err(message)
}
