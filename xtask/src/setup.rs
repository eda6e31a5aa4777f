//! `cargo xtask setup`: everything that a fresh machine lacks, then the build of what people use.

use std::time::Instant;

use anyhow::Result;

use crate::paths::{self, Profile};
use crate::python::Venv;
use crate::{Arguments, cargo, disk, system, terminal};

const HELP: &str = "\
cargo xtask setup [--dev | --release]

Needs Rust and Python 3.11 or later. Then, each only if it is missing:
  1. system packages, by apt, as root or with sudo; otherwise it names them and stops
  2. SpiderMonkey: MOZJS_ARCHIVE, a prebuilt archive beside the checkout, the user's cache folder, its release
     download (given ten seconds to answer), or a build from source (about 20 minutes, kept in the cache folder)
  3. target/quick/twinloop
  4. .venv with the package `twinloop` and what the examples and tests import

  --dev       build without optimisation
  --release   build as wheels and benchmarks are, with link-time optimisation: twice as long, and some calls of web APIs that
              end in other crates (URL) take two thirds of the time
";

pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    let mut profile = Profile::Quick;
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            lexopt::Arg::Long("dev") => profile = Profile::Dev,
            lexopt::Arg::Long("release") => profile = Profile::Release,
            other => return Err(other.unexpected().into()),
        }
    }
    setup(profile, &[])?;
    terminal::step("done; try `cargo xtask demo`");
    Ok(())
}

/// Leaves `twinloop` and these examples built, and `.venv` ready. Says what each step cost.
pub(crate) fn setup(profile: Profile, examples: &[&str]) -> Result<()> {
    let start = Instant::now();
    disk::warn_if_small(profile);
    system::provide(&system::BUILD)?;
    // Before the environment: a source build would be the longest step by far, and should be known first.
    cargo::find_engine()?;
    let venv = Venv::default()?;
    venv.provide("test.txt")?;
    let what = format!(
        "building the command `twinloop` and the package for Python {} (the first build takes twelve to eighteen minutes on two cores)",
        venv.interpreter.version()
    );
    terminal::timed(&what, || venv.install_package_and_build(profile, examples))?;
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
    terminal::note(&format!(
        "set-up took {} in all",
        terminal::duration(start.elapsed())
    ));
    Ok(())
}
