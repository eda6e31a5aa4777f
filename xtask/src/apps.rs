//! The applications of `examples/apps`: what they use, and the demo that shows each of them.
//!
//! Their packages are pinned by `package-lock.json` and `requirements.txt` there. Those from npm are installed into `.cache/apps`, and
//! the demo runs a copy of the applications beside them, which may leave its files there. Their tests are `tests/apps`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::npm_programs::copy_folder;
use crate::paths::{self, Profile};
use crate::python::Venv;
use crate::{javascript, process, setup};

/// Where the packages from npm are.
fn place() -> PathBuf {
    paths::cache().join("apps")
}

fn sources() -> PathBuf {
    paths::root().join("examples/apps")
}

/// Installs the packages of both languages.
pub(crate) fn provide(venv: &Venv) -> Result<()> {
    let what = "the packages of examples/apps";
    javascript::install(&sources(), &place(), what, &["--ignore-scripts"])?;
    venv.provide_list(&sources().join("requirements.txt"), "apps.txt")
}

/// `cargo xtask demo apps`
pub(crate) fn demo() -> Result<()> {
    let profile = Profile::Quick;
    setup::setup(profile, &[])?;
    let venv = Venv::default()?;
    provide(&venv)?;
    let copy = place().join("apps");
    if copy.exists() {
        std::fs::remove_dir_all(&copy)?;
    }
    copy_folder(&sources(), &copy)?;
    println!();
    let mut demo = Command::new(venv.python());
    demo.args(["-m", "twinloop", "demo.py"])
        .env("TWINLOOP", profile.artifact("twinloop"))
        .current_dir(copy);
    process::run(&mut demo)
}
