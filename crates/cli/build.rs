//! How the command is linked.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // At a fixed address, as Node and Bun are: 55,000 pointers of the engine's tables need no relocation at start, which took a fifth of
    // the time of an empty script and 140 pages of memory. Libraries and the heap still stand at random ones.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
