//! Puts guarded functions between the extension module and those of CPython that may run Python code, see
//! `crates/py/src/ffi/last_calls.rs`.

use std::collections::BTreeSet;

/// Where the guarded functions are: `__wrap_NAME` stands for `NAME`.
const GUARDS: &str = include_str!("../../crates/py/src/ffi/last_calls.rs");

fn main() {
    let functions: BTreeSet<&str> = GUARDS
        .split("fn __wrap_")
        .chain(GUARDS.split(": __wrap_"))
        .skip(1)
        .filter_map(|rest| rest.split([' ', '(']).next())
        .collect();
    for function in functions {
        println!("cargo::rustc-cdylib-link-arg=-Wl,--wrap={function}");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
