//! How the command is linked: what the system would do at each start is done here once.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Libraries that become part of the command, and the names of their archives; to load them took 0.4 of the 5 ms of an empty script. The
/// command throws no exception into another library, so it may have an unwinder of its own.
const ARCHIVES: [(&str, &str); 3] = [
    ("libstdc++.a", "libstdc++.a"),
    ("libgcc_s.a", "libgcc_eh.a"),
    ("libz.a", "libz.a"),
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        // At a fixed address, as Node and Bun are: 55,000 pointers of the engine's tables need no relocation at start, which took a fifth
        // of the time of an empty script and 140 pages of memory. Libraries and the heap still stand at random ones.
        println!("cargo:rustc-link-arg-bins=-no-pie");
        let folder = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        for (name, archive) in ARCHIVES {
            provide(&folder.join(name), archive);
        }
        println!("cargo:rustc-link-search=native={}", folder.display());
    }
}

/// Puts the compiler's archive where the linker looks first; without one it takes the shared library, as ever.
fn provide(place: &Path, archive: &str) {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    let output = Command::new(compiler)
        .arg(format!("-print-file-name={archive}"))
        .output();
    let path = output
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map(|path| PathBuf::from(path.trim()));
    let _ = std::fs::remove_file(place);
    if let Some(path) = path.filter(|path| path.is_absolute() && path.is_file()) {
        symlink(&path, place).expect("a link in OUT_DIR");
    }
}
