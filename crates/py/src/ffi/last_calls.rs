//! Calls into CPython from which a thread may never come back: a daemon thread that asks for the GIL while the interpreter ends.
//!
//! Before 3.14 CPython ends such a thread with `pthread_exit`, which unwinds its stack. That must not go through Rust frames: they
//! would drop Python objects without the GIL, and the first one that catches panics aborts the process. So every call that may
//! run Python code goes through a function of this file, whose guard parks the thread for good as soon as it is unwound, which
//! is what CPython 3.14 does by itself. PyO3 does the same for `PyEval_RestoreThread` and `PyGILState_Ensure`.
//!
//! The linker puts the functions in between (`--wrap`, in the build script of `python/native`, which names each of them): a
//! reference to `PyObject_Call` becomes one to `__wrap_PyObject_Call`, and `__real_PyObject_Call` is CPython's. PyO3's calls
//! are caught that way too. On any thread, GIL held when they are called.

use std::ffi::{c_char, c_int};

use pyo3::ffi::{Py_ssize_t, PyObject, vectorcallfunc};

/// Parks the thread when it is dropped, which only unwinding does.
struct Park;

impl Drop for Park {
    fn drop(&mut self) {
        loop {
            std::thread::park();
        }
    }
}

macro_rules! guarded {
    ($($plain:ident: $wrap:ident = $real:ident($($name:ident: $type:ty),*) -> $result:ty;)*) => {
        unsafe extern "C-unwind" {
            $(fn $real($($name: $type),*) -> $result;)*
        }
        unsafe extern "C" {
            $(fn $plain();)*
        }
        /// Some linkers put nothing in between where nobody else names the function.
        #[used]
        static NAMED: &[unsafe extern "C" fn()] = &[$($plain),*];
        $(
            /// # Safety
            /// That of the function of CPython that it stands for.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $wrap($($name: $type),*) -> $result {
                let guard = Park;
                // SAFETY: the caller's promise, passed on with the very arguments.
                let result = unsafe { $real($($name),*) };
                std::mem::forget(guard);
                result
            }
        )*
    };
}

type Object = *mut PyObject;
type Objects = *const *mut PyObject;

guarded! {
    PyObject_Call: __wrap_PyObject_Call = __real_PyObject_Call(callable: Object, arguments: Object, keywords: Object) -> Object;
    PyObject_CallNoArgs: __wrap_PyObject_CallNoArgs = __real_PyObject_CallNoArgs(callable: Object) -> Object;
    PyObject_Vectorcall: __wrap_PyObject_Vectorcall = __real_PyObject_Vectorcall(callable: Object, arguments: Objects, count: usize, names: Object) -> Object;
    PyObject_VectorcallDict: __wrap_PyObject_VectorcallDict = __real_PyObject_VectorcallDict(callable: Object, arguments: Objects, count: usize, keywords: Object) -> Object;
    PyObject_VectorcallMethod: __wrap_PyObject_VectorcallMethod = __real_PyObject_VectorcallMethod(name: Object, arguments: Objects, count: usize, names: Object) -> Object;
    PyObject_GetAttr: __wrap_PyObject_GetAttr = __real_PyObject_GetAttr(object: Object, name: Object) -> Object;
    PyObject_SetAttr: __wrap_PyObject_SetAttr = __real_PyObject_SetAttr(object: Object, name: Object, value: Object) -> c_int;
    PyObject_GetItem: __wrap_PyObject_GetItem = __real_PyObject_GetItem(object: Object, key: Object) -> Object;
    PyObject_SetItem: __wrap_PyObject_SetItem = __real_PyObject_SetItem(object: Object, key: Object, value: Object) -> c_int;
    PyObject_GetIter: __wrap_PyObject_GetIter = __real_PyObject_GetIter(object: Object) -> Object;
    PyIter_Next: __wrap_PyIter_Next = __real_PyIter_Next(iterator: Object) -> Object;
    PyObject_Size: __wrap_PyObject_Size = __real_PyObject_Size(object: Object) -> Py_ssize_t;
    PyObject_IsTrue: __wrap_PyObject_IsTrue = __real_PyObject_IsTrue(object: Object) -> c_int;
    PyObject_IsInstance: __wrap_PyObject_IsInstance = __real_PyObject_IsInstance(object: Object, class: Object) -> c_int;
    PyObject_RichCompare: __wrap_PyObject_RichCompare = __real_PyObject_RichCompare(left: Object, right: Object, operation: c_int) -> Object;
    PyObject_Repr: __wrap_PyObject_Repr = __real_PyObject_Repr(object: Object) -> Object;
    PyObject_Str: __wrap_PyObject_Str = __real_PyObject_Str(object: Object) -> Object;
    PyImport_Import: __wrap_PyImport_Import = __real_PyImport_Import(name: Object) -> Object;
    PyErr_CheckSignals: __wrap_PyErr_CheckSignals = __real_PyErr_CheckSignals() -> c_int;
    PyErr_WarnEx: __wrap_PyErr_WarnEx = __real_PyErr_WarnEx(category: Object, text: *const c_char, level: Py_ssize_t) -> c_int;
    PyErr_WriteUnraisable: __wrap_PyErr_WriteUnraisable = __real_PyErr_WriteUnraisable(object: Object) -> ();
    _PyObject_MakeTpCall: __wrap__PyObject_MakeTpCall = __real__PyObject_MakeTpCall(thread: Object, callable: Object, arguments: Objects, count: Py_ssize_t, keywords: Object) -> Object;
}

unsafe extern "C" {
    fn PyVectorcall_Function();
    fn __real_PyVectorcall_Function(callable: Object) -> Option<vectorcallfunc>;
}

/// As `NAMED`.
#[used]
static ALSO_NAMED: unsafe extern "C" fn() = PyVectorcall_Function;

/// Before 3.12 PyO3 asks for the function behind a callable and calls that, which no linker sees: it gets one that calls the
/// callable through the guard.
///
/// # Safety
/// That of `PyVectorcall_Function`.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_PyVectorcall_Function(callable: Object) -> Option<vectorcallfunc> {
    // SAFETY: the caller's promise.
    let function = unsafe { __real_PyVectorcall_Function(callable) };
    function.map(|_| __wrap_PyObject_Vectorcall as vectorcallfunc)
}
