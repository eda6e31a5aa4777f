//! Tells the code which CPython it is compiled for, as PyO3 does: `cfg(Py_3_12)` is 3.12 or later.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    println!("cargo::rerun-if-changed=build.rs");
}
