//! Puts guarded functions between the extension module and those of CPython that may run Python code, see
//! `crates/py/src/ffi/last_calls.rs`.

/// Those that have a `__wrap_` function there.
const GUARDED: [&str; 23] = [
    "PyObject_Call",
    "PyObject_CallNoArgs",
    "PyObject_Vectorcall",
    "PyObject_VectorcallDict",
    "PyObject_VectorcallMethod",
    "PyObject_GetAttr",
    "PyObject_SetAttr",
    "PyObject_GetItem",
    "PyObject_SetItem",
    "PyObject_GetIter",
    "PyIter_Next",
    "PyObject_Size",
    "PyObject_IsTrue",
    "PyObject_IsInstance",
    "PyObject_RichCompare",
    "PyObject_Repr",
    "PyObject_Str",
    "PyImport_Import",
    "PyErr_CheckSignals",
    "PyErr_WarnEx",
    "PyErr_WriteUnraisable",
    "_PyObject_MakeTpCall",
    "PyVectorcall_Function",
];

fn main() {
    for function in GUARDED {
        println!("cargo::rustc-cdylib-link-arg=-Wl,--wrap={function}");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
