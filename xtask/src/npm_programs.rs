//! The programs of `tests/npm`: packages from npm, unmodified, each used by a small program that must print what it prints on Node.
//!
//! `tests/npm/package-lock.json` pins the packages with their checksums; they are installed into `.cache/npm-programs`, and the
//! programs are copied beside them. What each printed on Node is kept in `tests/npm/expected`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process::{self, Finished};
use crate::{javascript, paths};

/// None of them should take longer; a hang ends here.
const LIMIT: Duration = Duration::from_secs(60);

/// What a program's name begins with whose packages hold native addons: Node runs those, Twinloop says why not.
const REFUSED: &str = "refused-";

/// One program.
pub(crate) struct Program {
    pub(crate) name: String,
    /// Where it lies, beside the packages.
    file: PathBuf,
    /// What it must print on standard output.
    expected: String,
}

/// Installs the packages, and returns the programs in order of their names.
///
/// # Errors
/// When npm or the packages cannot be had.
pub(crate) fn provide() -> Result<Vec<Program>> {
    let wanted = folder();
    let place = paths::cache().join("npm-programs");
    // Addons are not compiled; packages whose peers disagree stand side by side.
    let options = ["--ignore-scripts", "--legacy-peer-deps"];
    javascript::install(&wanted, &place, "the packages that programs use", &options)?;
    let copies = place.join("programs");
    if copies.exists() {
        std::fs::remove_dir_all(&copies)?;
    }
    std::fs::create_dir(&copies)?;
    let mut programs = Vec::new();
    for entry in std::fs::read_dir(wanted.join("programs"))? {
        let source = entry?.path();
        let name = source.file_name().unwrap_or_default();
        let file = copies.join(name);
        std::fs::copy(&source, &file)?;
        let name = name.to_string_lossy().into_owned();
        let expected = std::fs::read_to_string(kept(&name)).unwrap_or_default();
        programs.push(Program {
            name,
            file,
            expected,
        });
    }
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(programs)
}

impl Program {
    /// Runs it on `runtime`: Twinloop or Node.
    pub(crate) fn run(&self, runtime: &Path) -> Result<Finished> {
        let mut command = Command::new(runtime);
        command
            .arg(&self.file)
            .env("NO_COLOR", "1")
            .env("TZ", "UTC")
            .env_remove("FORCE_COLOR")
            .current_dir(self.file.parent().unwrap_or(Path::new(".")));
        process::gather(&mut command, LIMIT, |_| {})
    }

    /// What was wrong with a run, if something was.
    pub(crate) fn fault(&self, finished: &Finished) -> Option<String> {
        if !finished.success() {
            return Some(format!(
                "{}\n{}",
                finished.how(),
                finished.output.trim_end()
            ));
        }
        if finished.printed == self.expected {
            return None;
        }
        let (mut got, mut wanted) = (finished.printed.lines(), self.expected.lines());
        loop {
            match (got.next(), wanted.next()) {
                (None, None) => return Some("the ends of lines differ".to_owned()),
                (got, wanted) if got != wanted => {
                    let shown = |line: Option<&str>| line.unwrap_or("the end").to_owned();
                    return Some(format!(
                        "printed:  {}\nexpected: {}",
                        shown(got),
                        shown(wanted)
                    ));
                }
                _ => {}
            }
        }
    }
}

/// Writes down what the programs print on Node: `cargo xtask test npm --node PROGRAM`.
///
/// # Errors
/// When a program fails on Node.
pub(crate) fn keep(programs: &[Program], node: &Path) -> Result<()> {
    for program in programs {
        if program.name.starts_with(REFUSED) {
            continue;
        }
        let finished = program.run(node)?;
        anyhow::ensure!(
            finished.success(),
            "{} on Node: {}\n{}",
            program.name,
            finished.how(),
            finished.output
        );
        std::fs::write(kept(&program.name), &finished.printed)
            .with_context(|| format!("keep what {} printed", program.name))?;
    }
    Ok(())
}

fn folder() -> PathBuf {
    paths::root().join("tests/npm")
}

fn kept(name: &str) -> PathBuf {
    folder().join("expected").join(format!("{name}.txt"))
}
