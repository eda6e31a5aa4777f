//! `cargo xtask roots`: the packages, installed as a user would into systems that have nothing else, tried there, and removed.

mod root;
mod trials;

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::{Arguments, paths, process, system, terminal};
use trials::{Figures, Outcome, PACKAGES};

const HELP: &str = "\
cargo xtask roots [deb] [npm] [wheel] [--suite NAME]... [--fresh]

Makes fresh roots of Debian by debootstrap (bookworm and trixie, or each --suite; the first time takes minutes), and installs what `cargo xtask pack` and
`cargo xtask wheels` made as a user would: the Debian package by apt, the npm package by Debian's npm, the wheel by pip into a virtual environment. An
ordinary user then runs programs of each language and of both. It says sizes and what a start takes there, removes what it installed, and looks whether anything is left.
The Debian package goes through lintian too. Roots are kept in target/roots (--fresh makes them anew). Needs root; elsewhere it is skipped, and says why.
";

/// Debian's releases that have a Python which the package supports.
const SUITES: [&str; 2] = ["bookworm", "trixie"];

pub(crate) fn command(mut arguments: Arguments) -> Result<()> {
    let mut suites = Vec::new();
    let mut wanted = Vec::new();
    let mut makes_anew = false;
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("help") | lexopt::Arg::Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            lexopt::Arg::Long("suite") => {
                suites.push(arguments.value()?.to_string_lossy().into_owned())
            }
            lexopt::Arg::Long("fresh") => makes_anew = true,
            lexopt::Arg::Value(kind) => {
                let kind = kind.to_string_lossy().into_owned();
                if !PACKAGES.iter().any(|package| package.name == kind) {
                    bail!("there are packages for deb, npm and wheel, not for {kind}");
                }
                wanted.push(kind);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if suites.is_empty() {
        suites = SUITES.map(str::to_owned).to_vec();
    }
    if let Some(reason) = root::hindrance() {
        terminal::note(&format!("skipped: {reason}"));
        return Ok(());
    }
    if let Err(error) = system::provide(&system::ROOTS) {
        terminal::note(&format!("skipped: {error:#}"));
        return Ok(());
    }
    let mut run = Run::default();
    for suite in &suites {
        if makes_anew {
            root::forget(suite)?;
        }
        for package in &PACKAGES {
            if wanted.is_empty() || wanted.iter().any(|name| name == package.name) {
                run.add(suite, package.name, package.try_in(suite));
            }
        }
    }
    run.tell()
}

/// What the trials came to.
#[derive(Default)]
struct Run {
    rows: Vec<String>,
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Run {
    fn add(&mut self, suite: &str, package: &str, outcome: Result<Outcome>) {
        let title = format!("{suite} {package}");
        match outcome {
            Ok(Outcome::Works(figures)) => {
                self.passed += 1;
                self.rows.push(row(&title, &figures));
            }
            Ok(Outcome::Skipped(reason)) => {
                self.skipped += 1;
                terminal::note(&format!("{title} skipped: {reason}"));
            }
            Err(error) => {
                self.failed += 1;
                eprintln!("{} {title}: {error:#}", terminal::red("failed:"));
            }
        }
    }

    fn tell(&self) -> Result<()> {
        if !self.rows.is_empty() {
            println!(
                "{:<16} {:>12} {:>12} {:>12} {:>12}",
                "", "package", "installed", "JavaScript", "Python"
            );
        }
        for row in &self.rows {
            println!("{row}");
        }
        println!(
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        );
        if self.failed > 0 {
            bail!("not every package works in a fresh root");
        }
        Ok(())
    }
}

/// Sizes in MiB, and the time of an empty program of each language.
fn row(title: &str, figures: &Figures) -> String {
    let size = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    let time = |time: Option<u64>| match time {
        Some(us) => format!("{:.1} ms", us as f64 / 1e3),
        None => "-".to_owned(),
    };
    format!(
        "{title:<16} {:>12} {:>12} {:>12} {:>12}",
        size(figures.package_bytes),
        size(figures.installed_bytes),
        time(figures.javascript_us),
        time(figures.python_us),
    )
}

/// The file below `target/` with this name's start and end that was made last.
fn newest(folder: &str, start: &str, end: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(paths::target().join(folder)).ok()?;
    entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(start) && name.ends_with(end)
        })
        .max_by_key(|entry| entry.metadata().and_then(|about| about.modified()).ok())
        .map(|entry| entry.path())
}

/// What Debian's own checker of packages says against this one, if anything.
fn lintian(package: &std::path::Path) -> Result<()> {
    let mut lintian = std::process::Command::new("lintian");
    lintian
        .args(["--allow-root", "--fail-on", "error,warning"])
        .arg(package);
    let finished = process::gather(&mut lintian, std::time::Duration::from_secs(600), |_| {})?;
    anyhow::ensure!(
        finished.success(),
        "lintian {}:\n{}",
        finished.how(),
        finished.output
    );
    Ok(())
}
