//! Cargo with the engine's archive set, so that every command builds the engine's crate with the same variables.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::Result;

use crate::paths::{self, Profile};
use crate::{engine, process, terminal};

/// A cargo command in the checkout.
pub(crate) fn cargo(subcommand: &str) -> Result<Command> {
    let mut command = Command::new("cargo");
    command.arg(subcommand).current_dir(paths::root());
    with_engine(&mut command)?;
    Ok(command)
}

/// Sets the engine's archive for a program that runs cargo.
pub(crate) fn with_engine(command: &mut Command) -> Result<()> {
    static ARCHIVE: OnceLock<PathBuf> = OnceLock::new();
    let archive = match ARCHIVE.get() {
        Some(archive) => archive,
        None => {
            let archive = engine::archive()?;
            terminal::note(&format!("SpiderMonkey: {}", archive.display()));
            ARCHIVE.get_or_init(|| archive)
        }
    };
    command.env("MOZJS_ARCHIVE", archive);
    Ok(())
}

/// Builds one package.
pub(crate) fn build(
    package: &str,
    profile: Profile,
    prepare: impl FnOnce(&mut Command),
) -> Result<()> {
    let mut command = cargo("build")?;
    command.args(["--package", package]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    prepare(&mut command);
    process::run(&mut command)
}

/// Builds the command `twinloop` and gives its path.
pub(crate) fn build_cli(profile: Profile) -> Result<PathBuf> {
    build("twinloop-cli", profile, |_| {})?;
    Ok(profile.artifact("twinloop"))
}

/// Builds the local servers and gives their program's path.
pub(crate) fn build_fixtures(profile: Profile) -> Result<PathBuf> {
    build("twinloop-fixtures", profile, |_| {})?;
    Ok(profile.artifact("twinloop-fixtures"))
}
