//! The tools that check JavaScript: Biome (format and lint) and `tsc` (types by JSDoc), from npm, pinned with their checksums.
//!
//! `xtask/requirements/javascript` has the versions; they are installed into `.cache/javascript` and again when that file changes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{disk, paths, process, system, terminal};

/// The projects that `tsc` checks, each a folder with a `tsconfig.json`.
const TYPED: [&str; 2] = ["crates/js/src", "crates/runtime/src"];

/// Runs Biome over everything that `biome.jsonc` includes.
pub(crate) fn biome(words: &[&str]) -> Result<()> {
    let mut command = Command::new(tool("biome")?);
    command.args(words).current_dir(paths::root());
    process::run(&mut command)
}

/// Checks the types of the built-in files.
pub(crate) fn types() -> Result<()> {
    for folder in TYPED {
        let mut command = Command::new(tool("tsc")?);
        command
            .args(["--project", folder])
            .current_dir(paths::root());
        process::run(&mut command)?;
    }
    Ok(())
}

/// A program of the npm packages, which are installed if they are not there or not these.
fn tool(name: &str) -> Result<PathBuf> {
    let folder = paths::cache().join("javascript");
    let wanted = paths::root().join("xtask/requirements/javascript");
    install(&wanted, &folder, "the tools that check JavaScript", &[])?;
    Ok(folder.join("node_modules/.bin").join(name))
}

/// Installs the packages of `tests/mixed`, which the benchmark of chats uses too.
pub(crate) fn packages_of_both_languages() -> Result<()> {
    let what = "the packages of tests/mixed";
    install(
        &paths::root().join("tests/mixed"),
        &paths::cache().join("mixed"),
        what,
        &["--ignore-scripts"],
    )
}

/// Installs the packages of the `package-lock.json` in `wanted` into `folder`, if they are not there or not these; with further
/// options of npm.
pub(crate) fn install(wanted: &Path, folder: &Path, what: &str, options: &[&str]) -> Result<()> {
    let lock = std::fs::read(wanted.join("package-lock.json")).context("the pinned packages")?;
    let kept = folder.join("package-lock.json");
    if std::fs::read(&kept).ok().as_ref() == Some(&lock) {
        return Ok(());
    }
    system::provide(&system::NPM)?;
    terminal::note(&format!("installing {what}"));
    std::fs::create_dir_all(folder)?;
    std::fs::copy(wanted.join("package.json"), folder.join("package.json"))?;
    // The lock is copied last: it says that the installation is whole.
    let partial = folder.join("npm-shrinkwrap.json");
    std::fs::write(&partial, &lock)?;
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .args(options)
        .current_dir(folder);
    // The archives that npm keeps take half as much again as what is in them.
    let archives = folder.join("npm-cache");
    if disk::is_used_once() {
        npm.arg("--cache").arg(&archives);
    }
    process::fetch(&mut npm)?;
    disk::give_back(&archives);
    std::fs::rename(&partial, &kept)?;
    Ok(())
}
