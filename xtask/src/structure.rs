//! The structure of the repository, checked: the arrows between crates, headers, and where unsafe code may be.
//!
//! ARCHITECTURE.md says why; this file says it so that a machine can refuse what breaks it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::{paths, terminal};

/// Which of this workspace's crates each crate may use. A crate that is not here may use none, and must be added.
const ARROWS: [(&str, &[&str]); 12] = [
    ("crates/loop", &[]),
    ("crates/web", &["twinloop-loop"]),
    ("crates/twinloop", &["twinloop-loop", "twinloop-web"]),
    ("crates/js", &["twinloop-loop", "twinloop-web"]),
    ("crates/py", &["twinloop-loop", "twinloop-web"]),
    (
        "crates/runtime",
        &[
            "twinloop-loop",
            "twinloop-web",
            "twinloop-js",
            "twinloop-py",
        ],
    ),
    ("crates/trace", &["twinloop-loop"]),
    (
        "crates/cli",
        &[
            "twinloop-loop",
            "twinloop-web",
            "twinloop-js",
            "twinloop-trace",
        ],
    ),
    (
        "python/native",
        &[
            "twinloop-loop",
            "twinloop-web",
            "twinloop-js",
            "twinloop-py",
            "twinloop-runtime",
            "twinloop-trace",
        ],
    ),
    ("crates/fixtures", &[]),
    ("fuzz", &["twinloop-web"]),
    ("xtask", &[]),
];

/// The folders that may hold unsafe code.
const UNSAFE: [&str; 3] = [
    "crates/js/src/engine/",
    "crates/loop/src/sys/",
    "crates/py/src/ffi/",
];

/// A file longer than this is named, as a place to look: is there a second room inside?
const LONG: usize = 700;

pub(crate) fn check() -> Result<()> {
    let mut faults = Vec::new();
    for manifest in files("toml")?
        .iter()
        .filter(|path| path.ends_with("Cargo.toml") && path.components().count() > 1)
    {
        check_arrows(
            manifest,
            &std::fs::read_to_string(paths::root().join(manifest))?,
            &mut faults,
        );
    }
    for file in files("rs")? {
        check_rust(
            &file,
            &std::fs::read_to_string(paths::root().join(&file))?,
            &mut faults,
        );
    }
    for file in files("md")? {
        check_decision(
            &file,
            &std::fs::read_to_string(paths::root().join(&file))?,
            &mut faults,
        );
    }
    check_names(&files("py")?, &mut faults);
    if faults.is_empty() {
        Ok(())
    } else {
        bail!("{}", faults.join("\n"))
    }
}

/// No two files of Python tests have one name: pytest would take them for one module, and collect none.
fn check_names(files: &[PathBuf], faults: &mut Vec<String>) {
    let mut known = BTreeMap::new();
    for file in files.iter().filter(|file| file.starts_with("tests")) {
        let name = file.file_name().unwrap_or_default();
        if name.to_string_lossy().starts_with("test_")
            && let Some(other) = known.insert(name, file)
        {
            faults.push(format!(
                "{}: has the name of {}; pytest needs another",
                file.display(),
                other.display()
            ));
        }
    }
}

/// The repository's files of one extension, relative to its root, without what is built or hidden.
fn files(extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(paths::root().join(&folder))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = folder.join(&name);
            if entry.file_type()?.is_dir() {
                if !name.starts_with('.') && name != "target" && name != "node_modules" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|it| it == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn check_arrows(manifest: &Path, text: &str, faults: &mut Vec<String>) {
    let folder = manifest
        .parent()
        .unwrap_or(Path::new(""))
        .to_string_lossy()
        .into_owned();
    let Some((_, allowed)) = ARROWS
        .iter()
        .find(|(crate_folder, _)| *crate_folder == folder)
    else {
        faults.push(format!(
            "{folder}: a new crate; say in xtask/src/structure.rs which crates it may use"
        ));
        return;
    };
    for dependency in dependencies(text) {
        if !allowed.contains(&dependency.as_str()) {
            faults.push(format!(
                "{}: {folder} must not depend on {dependency}",
                manifest.display()
            ));
        }
    }
}

/// This workspace's crates among the manifest's dependencies. What only tests use may point anywhere.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut section = "";
    let mut found = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            section = header;
        } else if section.ends_with("dependencies") && !section.ends_with("dev-dependencies") {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            if name == "twinloop" || name.starts_with("twinloop-") {
                found.push(name.to_owned());
            }
        }
    }
    found
}

/// A page on a decision ends by saying when to look at it again.
fn check_decision(file: &Path, text: &str, faults: &mut Vec<String>) {
    let is_decision = file.starts_with("docs/design") && !file.ends_with("README.md");
    let last = text.trim_end().rsplit("\n\n").next().unwrap_or_default();
    if is_decision && !last.starts_with("**Look again** when ") {
        faults.push(format!(
            "{}: the last paragraph does not say when to look again (**Look again** when ...)",
            file.display()
        ));
    }
}

fn check_rust(file: &Path, text: &str, faults: &mut Vec<String>) {
    let shown = file.display().to_string();
    if !text.starts_with("//!") {
        faults.push(format!("{shown}: no header; open it with //! lines: what it is, why it is here, its thread and GIL rule"));
    }
    if !UNSAFE.iter().any(|folder| shown.starts_with(folder)) {
        for (index, line) in text.lines().enumerate() {
            if uses_unsafe(line) {
                faults.push(format!(
                    "{shown}:{}: unsafe code outside of {}",
                    index + 1,
                    UNSAFE.join(", ")
                ));
            }
        }
    }
    let lines = text.lines().count();
    if lines > LONG {
        terminal::note(&format!("{shown}: {lines} lines, a place to look"));
    }
}

/// Whether a line opens unsafe code: the keyword before what it can stand before, so that prose about it does not count.
fn uses_unsafe(line: &str) -> bool {
    // What stands between quotes is text: every second piece.
    let code: String = line.split('"').step_by(2).collect();
    let code = code.split("//").next().unwrap_or_default();
    ["{", "fn ", "impl", "trait ", "extern "]
        .iter()
        .any(|next| code.contains(&format!("unsafe {next}")))
        || code.contains("#[unsafe(")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_the_wrong_way_is_a_fault() {
        let manifest = "[package]\nname = \"twinloop-web\"\n[dependencies]\ntwinloop-js.workspace = true\n\
                        twinloop-loop.workspace = true\n[dev-dependencies]\ntwinloop-fixtures.workspace = true\n";
        let mut faults = Vec::new();
        check_arrows(Path::new("crates/web/Cargo.toml"), manifest, &mut faults);
        assert_eq!(
            faults,
            ["crates/web/Cargo.toml: crates/web must not depend on twinloop-js"]
        );
    }

    #[test]
    fn two_python_tests_of_one_name_are_a_fault() {
        let files = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        for (names, count) in [
            (["tests/py/loop/test_a.py", "tests/py/tls/test_b.py"], 0),
            (["tests/py/loop/test_a.py", "tests/py/tls/test_a.py"], 1),
            (["tests/py/loop/shared.py", "tests/py/tls/shared.py"], 0),
            (["python/twinloop/test_a.py", "tests/py/tls/test_a.py"], 0),
        ] {
            let mut faults = Vec::new();
            check_names(&files(&names), &mut faults);
            assert_eq!(faults.len(), count, "{names:?}");
        }
    }

    #[test]
    fn the_keyword_counts_only_as_code() {
        assert!(uses_unsafe("    let x = unsafe { read(p) };"));
        assert!(!uses_unsafe("#![forbid(unsafe_code)]"));
        assert!(!uses_unsafe("// unsafe { } is elsewhere"));
        assert!(!uses_unsafe("  unsafe code only where it belongs"));
    }

    #[test]
    fn a_decision_that_does_not_say_when_to_look_again_is_a_fault() {
        for (page, text, count) in [
            (
                "docs/design/a.md",
                "# A\n\nSo.\n\n**Look again** when it is not.\n",
                0,
            ),
            (
                "docs/design/a.md",
                "# A\n\n**Look again** when it is not.\n\nSo.\n",
                1,
            ),
            ("docs/design/README.md", "# Decisions\n", 0),
            ("docs/bridge.md", "# The bridge\n", 0),
        ] {
            let mut faults = Vec::new();
            check_decision(Path::new(page), text, &mut faults);
            assert_eq!(faults.len(), count, "{page}: {faults:?}");
        }
    }

    #[test]
    fn a_file_without_a_header_is_a_fault() {
        let mut faults = Vec::new();
        check_rust(
            Path::new("crates/web/src/x.rs"),
            "use std::io;\n",
            &mut faults,
        );
        assert_eq!(faults.len(), 1);
    }
}
