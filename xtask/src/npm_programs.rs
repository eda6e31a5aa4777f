//! The programs of `tests/npm` and `tests/real`: packages from npm, unmodified, each used by a small program that must print what it
//! prints on Node; those of `tests/real` against real servers.
//!
//! `package-lock.json` of either folder pins the packages with their checksums; they are installed into `.cache`, and the programs
//! are copied beside them. What each printed on Node is kept in the folder's `expected`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process::{self, Finished};
use crate::servers::Servers;
use crate::{javascript, paths};

/// None of them should take longer; a hang ends here.
const LIMIT: Duration = Duration::from_secs(120);

/// What a program's name begins with whose packages hold native addons: Node runs those, Twinloop says why not.
const REFUSED: &str = "refused-";

/// What a program's line begins with that names the servers which it needs.
const SERVERS: &str = "// Servers: ";

/// What programs share and is none itself.
const HARNESS: &str = "harness.mjs";

/// A folder of programs.
#[derive(Clone, Copy)]
pub(crate) enum Suite {
    /// `tests/npm`
    Npm,
    /// `tests/real`
    Real,
}

impl Suite {
    fn folder(self) -> PathBuf {
        paths::root().join(match self {
            Suite::Npm => "tests/npm",
            Suite::Real => "tests/real",
        })
    }

    /// Below `.cache`.
    pub(crate) fn place(self) -> PathBuf {
        paths::cache().join(match self {
            Suite::Npm => "npm-programs",
            Suite::Real => "real-programs",
        })
    }

    fn kept(self, name: &str) -> PathBuf {
        self.folder().join("expected").join(format!("{name}.txt"))
    }
}

/// One program.
pub(crate) struct Program {
    pub(crate) name: String,
    suite: Suite,
    /// The servers that it needs.
    pub(crate) servers: Vec<String>,
    /// Where it lies, beside the packages.
    file: PathBuf,
    /// What it must print on standard output.
    expected: String,
}

/// Installs the packages, and returns the programs in order of their names.
///
/// # Errors
/// When npm or the packages cannot be had.
pub(crate) fn provide(suite: Suite) -> Result<Vec<Program>> {
    let wanted = suite.folder();
    let place = suite.place();
    // Addons are not compiled; packages whose peers disagree stand side by side.
    let mut options = vec!["--ignore-scripts", "--legacy-peer-deps"];
    if matches!(suite, Suite::Real) {
        // Of the packages that bring an addon for each kind of machine (rolldown), the one that is WebAssembly.
        options.push("--cpu=wasm32");
    }
    javascript::install(&wanted, &place, "the packages that programs use", &options)?;
    let copies = place.join("programs");
    if copies.exists() {
        std::fs::remove_dir_all(&copies)?;
    }
    copy_folder(&wanted.join("programs"), &copies)?;
    let mut programs = Vec::new();
    for entry in std::fs::read_dir(&copies)? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        if file.is_dir() || name == HARNESS {
            continue;
        }
        let text = std::fs::read_to_string(&file)?;
        let servers = text.lines().find_map(|line| line.strip_prefix(SERVERS));
        let servers = servers.unwrap_or_default().split(", ");
        programs.push(Program {
            suite,
            servers: servers
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            expected: std::fs::read_to_string(suite.kept(&name)).unwrap_or_default(),
            name,
            file,
        });
    }
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(programs)
}

/// Copies a folder with all that is in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let source = entry?.path();
        let target = to.join(source.file_name().unwrap_or_default());
        if source.is_dir() {
            copy_folder(&source, &target)?;
        } else {
            std::fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

impl Program {
    /// Runs it on `runtime`: Twinloop or Node; with the addresses of its servers.
    pub(crate) fn run(&self, runtime: &Path, servers: Option<&Servers>) -> Result<Finished> {
        let mut command = Command::new(runtime);
        command
            .arg(&self.file)
            .env("NO_COLOR", "1")
            .env("TZ", "UTC")
            .env_remove("FORCE_COLOR")
            .current_dir(self.file.parent().unwrap_or(Path::new(".")));
        if let Some(servers) = servers {
            command.env("SERVERS", servers.addresses().to_string());
        }
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
pub(crate) fn keep(programs: &[&Program], node: &Path, servers: Option<&Servers>) -> Result<()> {
    for program in programs {
        if program.name.starts_with(REFUSED) {
            continue;
        }
        let finished = program.run(node, servers)?;
        anyhow::ensure!(
            finished.success(),
            "{} on Node: {}\n{}",
            program.name,
            finished.how(),
            finished.output
        );
        std::fs::write(program.suite.kept(&program.name), &finished.printed)
            .with_context(|| format!("keep what {} printed", program.name))?;
    }
    Ok(())
}
