//! Cargo with the engine's archive set, so that every command builds the engine's crate with the same variables.
//!
//! Cargo chooses the features of shared dependencies anew for each set of packages that it is asked for, and compiles what differs
//! again. So every build here, as `cargo test` and clippy do, asks for the whole workspace: one choice, each dependency compiled once
//! for a profile.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::Result;

use crate::paths::{self, Profile};
use crate::{engine, examples, packages, process, terminal};

/// A cargo command in the checkout.
pub(crate) fn cargo(subcommand: &str) -> Result<Command> {
    let mut command = Command::new("cargo");
    command.arg(subcommand).current_dir(paths::root());
    with_engine(&mut command)?;
    Ok(command)
}

/// Sets the engine's archive for a program that runs cargo, and provides the packages that the build takes in.
pub(crate) fn with_engine(command: &mut Command) -> Result<()> {
    static ARCHIVE: OnceLock<PathBuf> = OnceLock::new();
    command.env("MOZJS_ARCHIVE", known(&ARCHIVE, engine::Build::Ordinary)?);
    without_own_package(command);
    packages::provide()
}

/// Takes away what `cargo xtask` told this program of its own package. Build scripts look at it too (ring's at `CARGO_MANIFEST_DIR`), so that builds
/// from here and plain ones would compile half of the workspace again in turns.
fn without_own_package(command: &mut Command) {
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}

/// Finds, fetches or builds the engine's archive, and says where it is.
pub(crate) fn find_engine() -> Result<()> {
    with_engine(&mut Command::new("cargo"))
}

/// A cargo command in the checkout that uses the engine's debug build, in a target folder of its own.
pub(crate) fn with_debug_engine(subcommand: &str) -> Result<Command> {
    static ARCHIVE: OnceLock<PathBuf> = OnceLock::new();
    let archive = known(&ARCHIVE, engine::Build::Debug)?;
    packages::provide()?;
    let mut command = Command::new("cargo");
    command
        .args([subcommand, "--features", engine::DEBUG_FEATURE])
        .current_dir(paths::root())
        .env("CARGO_TARGET_DIR", paths::debug_engine_target())
        .env("MOZJS_ARCHIVE", archive);
    without_own_package(&mut command);
    Ok(command)
}

/// The archive of one build of the engine, looked for and named once.
fn known(archive: &OnceLock<PathBuf>, build: engine::Build) -> Result<&PathBuf> {
    if let Some(archive) = archive.get() {
        return Ok(archive);
    }
    let found = engine::archive(build)?;
    terminal::note(&format!("SpiderMonkey: {}", found.display()));
    Ok(archive.get_or_init(|| found))
}

/// Builds what the tests of programs run: the command `twinloop`, the extension module, the local servers and the Rust
/// examples. What is built is in `Profile::artifact`.
pub(crate) fn build(profile: Profile) -> Result<()> {
    let examples = examples::rust_names();
    let examples = examples.iter().flat_map(|name| ["--example", name]);
    process::run(products(profile)?.args(examples))
}

/// The command that builds the products alone. Each example is a program of its own to link.
pub(crate) fn products(profile: Profile) -> Result<Command> {
    let mut command = cargo("build")?;
    command.args(["--workspace", "--lib", "--bins"]);
    command.args(profile.words());
    Ok(command)
}
