//! `cargo xtask setup`: everything that a fresh machine lacks, then the two builds that people use.

use anyhow::Result;

use crate::paths::{self, Profile};
use crate::python::Venv;
use crate::{Arguments, system, terminal};

const HELP: &str = "\
cargo xtask setup [--dev]

Needs Rust and Python 3.11 or later. Then, each only if it is missing:
  1. system packages, by apt, as root or with sudo; otherwise it names them and stops
  2. SpiderMonkey: MOZJS_ARCHIVE, a prebuilt archive beside the checkout, the user's cache folder, its release
     download (given ten seconds to answer), or a build from source (about 20 minutes, kept in the cache folder)
  3. target/release/twinloop
  4. .venv with the package `twinloop` and what the examples and tests import

  --dev   build without optimisation
";

pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    let mut profile = Profile::Release;
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            lexopt::Arg::Long("dev") => profile = Profile::Dev,
            other => return Err(other.unexpected().into()),
        }
    }
    setup(profile)?;
    terminal::step("done; try `cargo xtask demo`");
    Ok(())
}

/// Leaves `twinloop` built and `.venv` ready.
pub(crate) fn setup(profile: Profile) -> Result<()> {
    system::provide(&system::BUILD)?;
    let venv = Venv::default()?;
    venv.provide("test.txt")?;
    terminal::step(&format!(
        "building the command `twinloop` and the package for Python {} (the first build takes some minutes)",
        venv.interpreter.version()
    ));
    venv.install_package(profile)?;
    terminal::note(&format!(
        "command: {}",
        profile.artifact("twinloop").display()
    ));
    terminal::note(&format!(
        "Python:  {}",
        venv.folder
            .strip_prefix(paths::root())
            .unwrap_or(&venv.folder)
            .display()
    ));
    Ok(())
}
