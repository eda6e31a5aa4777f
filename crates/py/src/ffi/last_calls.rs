//! Calls into CPython from which a thread may never come back: a daemon thread that asks for the GIL while the interpreter ends.
//!
//! Before 3.14 CPython ends such a thread with `pthread_exit`, which unwinds its stack. That must not go through Rust frames: they
//! would drop Python objects without the GIL, and the first one that catches panics aborts the process. So every call that may
//! run Python code goes through a function of this file, whose guard parks the thread for good as soon as it is unwound, which
//! is what CPython 3.14 does by itself. PyO3 does the same for `PyEval_RestoreThread` and `PyGILState_Ensure`.
//!
//! The linker puts the functions in between (`--wrap`, in the build script of `python/native`, which reads their names here): a
//! reference to `PyObject_Call` becomes one to `__wrap_PyObject_Call`, and `__real_PyObject_Call` is CPython's. PyO3's calls
//! are caught that way too. On any thread, GIL held when they are called.

use std::ffi::{c_char, c_double, c_int, c_long};

use pyo3::ffi::{
    Py_buffer, Py_ssize_t, PyGILState_STATE, PyGetSetDef, PyMethodDef, PyObject, PyType_Spec,
    PyTypeObject, vectorcallfunc,
};

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
    ($($(#[$only:meta])? $plain:ident: $wrap:ident = $real:ident($($name:ident: $type:ty),*) -> $result:ty;)*) => {
        unsafe extern "C-unwind" {
            $($(#[$only])? fn $real($($name: $type),*) -> $result;)*
        }
        unsafe extern "C" {
            $($(#[$only])? fn $plain();)*
        }
        /// Some linkers put nothing in between where nobody else names the function.
        #[used]
        static NAMED: &[unsafe extern "C" fn()] = &[$($(#[$only])? $plain),*];
        $(
            $(#[$only])?
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
    #[cfg(Py_3_12)] PyObject_CallOneArg: __wrap_PyObject_CallOneArg = __real_PyObject_CallOneArg(callable: Object, argument: Object) -> Object;
    PyObject_Vectorcall: __wrap_PyObject_Vectorcall = __real_PyObject_Vectorcall(callable: Object, arguments: Objects, count: usize, names: Object) -> Object;
    PyObject_VectorcallDict: __wrap_PyObject_VectorcallDict = __real_PyObject_VectorcallDict(callable: Object, arguments: Objects, count: usize, keywords: Object) -> Object;
    PyObject_VectorcallMethod: __wrap_PyObject_VectorcallMethod = __real_PyObject_VectorcallMethod(name: Object, arguments: Objects, count: usize, names: Object) -> Object;
    _PyObject_MakeTpCall: __wrap__PyObject_MakeTpCall = __real__PyObject_MakeTpCall(thread: Object, callable: Object, arguments: Objects, count: Py_ssize_t, keywords: Object) -> Object;
    PyObject_GetAttr: __wrap_PyObject_GetAttr = __real_PyObject_GetAttr(object: Object, name: Object) -> Object;
    PyObject_GenericGetAttr: __wrap_PyObject_GenericGetAttr = __real_PyObject_GenericGetAttr(object: Object, name: Object) -> Object;
    #[cfg(Py_3_13)] PyObject_GetOptionalAttr: __wrap_PyObject_GetOptionalAttr = __real_PyObject_GetOptionalAttr(object: Object, name: Object, value: *mut Object) -> c_int;
    #[cfg(Py_3_13)] PyObject_HasAttrWithError: __wrap_PyObject_HasAttrWithError = __real_PyObject_HasAttrWithError(object: Object, name: Object) -> c_int;
    PyObject_SetAttr: __wrap_PyObject_SetAttr = __real_PyObject_SetAttr(object: Object, name: Object, value: Object) -> c_int;
    PyObject_SetAttrString: __wrap_PyObject_SetAttrString = __real_PyObject_SetAttrString(object: Object, name: *const c_char, value: Object) -> c_int;
    #[cfg(Py_3_13)] PyObject_DelAttr: __wrap_PyObject_DelAttr = __real_PyObject_DelAttr(object: Object, name: Object) -> c_int;
    PyObject_GetItem: __wrap_PyObject_GetItem = __real_PyObject_GetItem(object: Object, key: Object) -> Object;
    PyObject_SetItem: __wrap_PyObject_SetItem = __real_PyObject_SetItem(object: Object, key: Object, value: Object) -> c_int;
    PyObject_DelItem: __wrap_PyObject_DelItem = __real_PyObject_DelItem(object: Object, key: Object) -> c_int;
    PyDict_SetItem: __wrap_PyDict_SetItem = __real_PyDict_SetItem(dict: Object, key: Object, value: Object) -> c_int;
    PySet_Add: __wrap_PySet_Add = __real_PySet_Add(set: Object, key: Object) -> c_int;
    PySequence_Contains: __wrap_PySequence_Contains = __real_PySequence_Contains(sequence: Object, item: Object) -> c_int;
    PySequence_DelSlice: __wrap_PySequence_DelSlice = __real_PySequence_DelSlice(sequence: Object, start: Py_ssize_t, end: Py_ssize_t) -> c_int;
    PyObject_GetIter: __wrap_PyObject_GetIter = __real_PyObject_GetIter(object: Object) -> Object;
    PyIter_Next: __wrap_PyIter_Next = __real_PyIter_Next(iterator: Object) -> Object;
    PyIter_Send: __wrap_PyIter_Send = __real_PyIter_Send(iterator: Object, value: Object, result: *mut Object) -> c_int;
    PyObject_Size: __wrap_PyObject_Size = __real_PyObject_Size(object: Object) -> Py_ssize_t;
    PyObject_LengthHint: __wrap_PyObject_LengthHint = __real_PyObject_LengthHint(object: Object, default: Py_ssize_t) -> Py_ssize_t;
    PyObject_Dir: __wrap_PyObject_Dir = __real_PyObject_Dir(object: Object) -> Object;
    PyObject_IsTrue: __wrap_PyObject_IsTrue = __real_PyObject_IsTrue(object: Object) -> c_int;
    PyObject_IsInstance: __wrap_PyObject_IsInstance = __real_PyObject_IsInstance(object: Object, class: Object) -> c_int;
    PyObject_IsSubclass: __wrap_PyObject_IsSubclass = __real_PyObject_IsSubclass(derived: Object, class: Object) -> c_int;
    PyObject_RichCompare: __wrap_PyObject_RichCompare = __real_PyObject_RichCompare(left: Object, right: Object, operation: c_int) -> Object;
    PyObject_Repr: __wrap_PyObject_Repr = __real_PyObject_Repr(object: Object) -> Object;
    PyObject_Str: __wrap_PyObject_Str = __real_PyObject_Str(object: Object) -> Object;
    PyNumber_Add: __wrap_PyNumber_Add = __real_PyNumber_Add(left: Object, right: Object) -> Object;
    PyNumber_Subtract: __wrap_PyNumber_Subtract = __real_PyNumber_Subtract(left: Object, right: Object) -> Object;
    PyNumber_Index: __wrap_PyNumber_Index = __real_PyNumber_Index(object: Object) -> Object;
    PyLong_AsLong: __wrap_PyLong_AsLong = __real_PyLong_AsLong(object: Object) -> c_long;
    PyFloat_AsDouble: __wrap_PyFloat_AsDouble = __real_PyFloat_AsDouble(object: Object) -> c_double;
    PyOS_FSPath: __wrap_PyOS_FSPath = __real_PyOS_FSPath(path: Object) -> Object;
    PyUnicode_AsEncodedString: __wrap_PyUnicode_AsEncodedString = __real_PyUnicode_AsEncodedString(text: Object, encoding: *const c_char, errors: *const c_char) -> Object;
    PyUnicode_EncodeFSDefault: __wrap_PyUnicode_EncodeFSDefault = __real_PyUnicode_EncodeFSDefault(text: Object) -> Object;
    PyUnicode_DecodeFSDefaultAndSize: __wrap_PyUnicode_DecodeFSDefaultAndSize = __real_PyUnicode_DecodeFSDefaultAndSize(text: *const c_char, size: Py_ssize_t) -> Object;
    PyObject_GetBuffer: __wrap_PyObject_GetBuffer = __real_PyObject_GetBuffer(object: Object, view: *mut Py_buffer, flags: c_int) -> c_int;
    PyBuffer_Release: __wrap_PyBuffer_Release = __real_PyBuffer_Release(view: *mut Py_buffer) -> ();
    PyMemoryView_FromObject: __wrap_PyMemoryView_FromObject = __real_PyMemoryView_FromObject(object: Object) -> Object;
    PyImport_Import: __wrap_PyImport_Import = __real_PyImport_Import(name: Object) -> Object;
    PyType_FromSpec: __wrap_PyType_FromSpec = __real_PyType_FromSpec(spec: *mut PyType_Spec) -> Object;
    PyErr_CheckSignals: __wrap_PyErr_CheckSignals = __real_PyErr_CheckSignals() -> c_int;
    PyErr_WarnEx: __wrap_PyErr_WarnEx = __real_PyErr_WarnEx(category: Object, text: *const c_char, level: Py_ssize_t) -> c_int;
    PyErr_WriteUnraisable: __wrap_PyErr_WriteUnraisable = __real_PyErr_WriteUnraisable(object: Object) -> ();
    PyErr_PrintEx: __wrap_PyErr_PrintEx = __real_PyErr_PrintEx(set_variables: c_int) -> ();
    PyErr_SetObject: __wrap_PyErr_SetObject = __real_PyErr_SetObject(class: Object, value: Object) -> ();
    PyErr_SetString: __wrap_PyErr_SetString = __real_PyErr_SetString(class: Object, text: *const c_char) -> ();
    PyErr_NewExceptionWithDoc: __wrap_PyErr_NewExceptionWithDoc = __real_PyErr_NewExceptionWithDoc(name: *const c_char, documentation: *const c_char, base: Object, dict: Object) -> Object;
    PyErr_NormalizeException: __wrap_PyErr_NormalizeException = __real_PyErr_NormalizeException(class: *mut Object, value: *mut Object, traceback: *mut Object) -> ();
    PyTraceBack_Print: __wrap_PyTraceBack_Print = __real_PyTraceBack_Print(traceback: Object, file: Object) -> c_int;

    // Whatever lets go of an object may run its finalizer.
    _Py_Dealloc: __wrap__Py_Dealloc = __real__Py_Dealloc(object: Object) -> ();
    PyObject_ClearWeakRefs: __wrap_PyObject_ClearWeakRefs = __real_PyObject_ClearWeakRefs(object: Object) -> ();
    PyErr_Restore: __wrap_PyErr_Restore = __real_PyErr_Restore(class: Object, value: Object, traceback: Object) -> ();
    PyErr_Clear: __wrap_PyErr_Clear = __real_PyErr_Clear() -> ();
    #[cfg(Py_3_12)] PyErr_SetRaisedException: __wrap_PyErr_SetRaisedException = __real_PyErr_SetRaisedException(exception: Object) -> ();
    PyException_SetCause: __wrap_PyException_SetCause = __real_PyException_SetCause(exception: Object, cause: Object) -> ();
    PyException_SetTraceback: __wrap_PyException_SetTraceback = __real_PyException_SetTraceback(exception: Object, traceback: Object) -> c_int;
    PyGILState_Release: __wrap_PyGILState_Release = __real_PyGILState_Release(state: PyGILState_STATE) -> ();

    // Before 3.12 the cycle collector runs while an object is made.
    _PyObject_GC_New: __wrap__PyObject_GC_New = __real__PyObject_GC_New(class: *mut PyTypeObject) -> Object;
    PyCMethod_New: __wrap_PyCMethod_New = __real_PyCMethod_New(definition: *mut PyMethodDef, owner: Object, module: Object, class: *mut PyTypeObject) -> Object;
    PyContext_CopyCurrent: __wrap_PyContext_CopyCurrent = __real_PyContext_CopyCurrent() -> Object;
    PyDescr_NewGetSet: __wrap_PyDescr_NewGetSet = __real_PyDescr_NewGetSet(class: *mut PyTypeObject, definition: *mut PyGetSetDef) -> Object;
    PyDescr_NewMethod: __wrap_PyDescr_NewMethod = __real_PyDescr_NewMethod(class: *mut PyTypeObject, definition: *mut PyMethodDef) -> Object;
    PyDict_Contains: __wrap_PyDict_Contains = __real_PyDict_Contains(dict: Object, key: Object) -> c_int;
    #[cfg(Py_3_13)]
    PyDict_GetItemRef: __wrap_PyDict_GetItemRef = __real_PyDict_GetItemRef(dict: Object, key: Object, result: *mut Object) -> c_int;
    #[cfg(not(Py_3_13))]
    PyDict_GetItemWithError: __wrap_PyDict_GetItemWithError = __real_PyDict_GetItemWithError(dict: Object, key: Object) -> Object;
    PyDict_Items: __wrap_PyDict_Items = __real_PyDict_Items(dict: Object) -> Object;
    PyDict_Keys: __wrap_PyDict_Keys = __real_PyDict_Keys(dict: Object) -> Object;
    PySlice_Unpack: __wrap_PySlice_Unpack = __real_PySlice_Unpack(slice: Object, start: *mut Py_ssize_t, stop: *mut Py_ssize_t, step: *mut Py_ssize_t) -> c_int;
    PyDict_Copy: __wrap_PyDict_Copy = __real_PyDict_Copy(dict: Object) -> Object;
    PyType_GenericAlloc: __wrap_PyType_GenericAlloc = __real_PyType_GenericAlloc(class: Object, count: Py_ssize_t) -> Object;
    PyDict_New: __wrap_PyDict_New = __real_PyDict_New() -> Object;
    PyList_New: __wrap_PyList_New = __real_PyList_New(length: Py_ssize_t) -> Object;
    PySet_New: __wrap_PySet_New = __real_PySet_New(items: Object) -> Object;
    PyTuple_New: __wrap_PyTuple_New = __real_PyTuple_New(length: Py_ssize_t) -> Object;
    PyTuple_GetSlice: __wrap_PyTuple_GetSlice = __real_PyTuple_GetSlice(tuple: Object, start: Py_ssize_t, end: Py_ssize_t) -> Object;
    PyWeakref_NewRef: __wrap_PyWeakref_NewRef = __real_PyWeakref_NewRef(object: Object, callback: Object) -> Object;
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
