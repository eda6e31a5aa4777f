//! Which file a program is, and in which language: a name without its extension, a folder by its `package.json`, a script by its first line.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::arguments::{Arguments, UsageError};

/// What a program is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    JavaScript,
    Python,
    Unknown,
}

/// Tried, in this order, where a name has no file.
const EXTENSIONS: [&str; 7] = ["js", "json", "node", "mjs", "cjs", "ts", "mts"];

/// The file of the program that `path` names.
///
/// # Errors
/// Says that there is none.
pub(crate) fn program(path: &Path) -> Result<PathBuf, String> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            folder_program(path).ok_or_else(|| {
                format!(
                    "{} is a folder without a program: it has no main in its package.json, no index.js and no __main__.py",
                    path.display()
                )
            })
        }
        Ok(_) => Ok(path.to_owned()),
        Err(error) => with_extension(path)
            .ok_or_else(|| format!("cannot open {}: {error}", path.display())),
    }
}

fn with_extension(path: &Path) -> Option<PathBuf> {
    EXTENSIONS.iter().find_map(|extension| {
        let mut name = path.as_os_str().to_owned();
        name.push(".");
        name.push(extension);
        let candidate = PathBuf::from(name);
        candidate.is_file().then_some(candidate)
    })
}

fn folder_program(folder: &Path) -> Option<PathBuf> {
    if folder.join("__main__.py").is_file() {
        return Some(folder.to_owned());
    }
    let main = twinloop_js::package_main(folder).map(|main| folder.join(main));
    let named = main.and_then(|main| {
        if main.is_file() {
            return Some(main);
        }
        with_extension(&main).or_else(|| with_extension(&main.join("index")))
    });
    named.or_else(|| with_extension(&folder.join("index")))
}

/// The language of a file; a name without an extension says nothing, and the first line may name an interpreter.
pub(crate) fn language(file: &Path) -> Language {
    if file.is_dir() {
        return Language::Python;
    }
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("py" | "pyw") => Language::Python,
        Some(
            "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" | "jsx" | "tsx" | "json" | "node" | "wasm",
        ) => Language::JavaScript,
        Some("rb" | "pl" | "sh" | "c" | "h" | "rs" | "go" | "java" | "php" | "lua") => {
            Language::Unknown
        }
        _ if first_line(file).contains("python") => Language::Python,
        _ => Language::JavaScript,
    }
}

/// The line of a script that names its interpreter; empty if there is none.
fn first_line(file: &Path) -> String {
    let mut start = Vec::new();
    let read = File::open(file).and_then(|file| file.take(256).read_to_end(&mut start));
    if read.is_err() || !start.starts_with(b"#!") {
        return String::new();
    }
    let line = start.split(|&byte| byte == b'\n').next();
    String::from_utf8_lossy(line.unwrap_or_default()).into_owned()
}

/// What can be told to be wrong before anything runs.
///
/// # Errors
/// Names the option.
pub(crate) fn check_options(arguments: &Arguments) -> Result<(), UsageError> {
    for file in arguments.values("--env-file") {
        if !Path::new(file).exists() {
            return Err(UsageError::node(format!("{file}: not found")));
        }
    }
    const KINDS: [&str; 4] = [
        "commonjs",
        "module",
        "commonjs-typescript",
        "module-typescript",
    ];
    match arguments.value("--input-type") {
        Some(kind) if !KINDS.contains(&kind) => Err(UsageError::node(format!(
            "--input-type must be one of \"{}\"",
            KINDS.join("\", \"")
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_its_name_or_its_folder() {
        let root = std::env::temp_dir().join(format!("twinloop-entry-{}", std::process::id()));
        let folder = root.join("package");
        std::fs::create_dir_all(folder.join("lib")).unwrap();
        std::fs::write(folder.join("package.json"), r#"{ "main": "./lib/start" }"#).unwrap();
        std::fs::write(folder.join("lib/start.js"), "").unwrap();
        std::fs::write(root.join("tool"), "#!/usr/bin/env python3\n").unwrap();
        assert_eq!(program(&folder).unwrap(), folder.join("./lib/start.js"));
        assert_eq!(
            program(&folder.join("lib/start")).unwrap(),
            folder.join("lib/start.js")
        );
        assert!(program(&root).is_err());
        assert_eq!(language(&root.join("tool")), Language::Python);
        assert_eq!(language(&folder.join("lib/start.js")), Language::JavaScript);
        std::fs::remove_dir_all(root).unwrap();
    }
}
