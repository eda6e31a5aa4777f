//! Interpreters, virtual environments, and the package in them.
//!
//! A development environment has a `.pth` file that points to `python/`, and the extension module beside the package's sources
//! under the name of its interpreter (`_native.cpython-311-x86_64-linux-gnu.so`), so environments of several versions share
//! the sources and a rebuilt module is one renamed file. Wheels are made by maturin from the same sources.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::paths::{self, Profile};
use crate::{cargo, process, system, terminal};

/// The versions that the package supports.
const SUPPORTED: std::ops::RangeInclusive<u32> = 11..=13;

/// An interpreter that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interpreter {
    pub(crate) program: PathBuf,
    /// 11 for CPython 3.11.
    pub(crate) minor: u32,
}

impl Interpreter {
    fn probe(program: &Path) -> Option<Interpreter> {
        // The free-threaded build has an ABI of its own ("t"), which the package does not support.
        let ask =
            "import sys; print(sys.implementation.name + sys.abiflags, *sys.version_info[:2])";
        let answer = process::output(Command::new(program).args(["-c", ask])).ok()?;
        let mut words = answer.split(' ');
        let (name, major, minor) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
        (name == "cpython" && major == "3").then(|| Interpreter {
            program: program.to_owned(),
            minor,
        })
    }

    fn is_default(&self) -> bool {
        process::find("python3").is_some_and(|program| program == self.program)
    }

    /// `3.11`
    pub(crate) fn version(&self) -> String {
        format!("3.{}", self.minor)
    }
}

/// One interpreter of each supported version: the default `python3` first, then by version.
pub(crate) fn interpreters() -> Vec<Interpreter> {
    let mut candidates: Vec<PathBuf> = process::find("python3").into_iter().collect();
    candidates.extend(SUPPORTED.filter_map(|minor| process::find(&format!("python3.{minor}"))));
    candidates.extend(pyenv_versions());
    let mut found: Vec<Interpreter> = Vec::new();
    for interpreter in candidates
        .iter()
        .filter_map(|program| Interpreter::probe(program))
    {
        let is_new = !found.iter().any(|other| other.minor == interpreter.minor);
        if is_new && SUPPORTED.contains(&interpreter.minor) {
            found.push(interpreter);
        }
    }
    found
}

fn pyenv_versions() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv"));
    let Some(versions) = root
        .or_else(home)
        .and_then(|root| std::fs::read_dir(root.join("versions")).ok())
    else {
        return Vec::new();
    };
    let mut programs: Vec<PathBuf> = versions
        .flatten()
        .map(|entry| entry.path().join("bin/python3"))
        .collect();
    programs.sort();
    programs
}

/// A virtual environment.
#[derive(Clone)]
pub(crate) struct Venv {
    pub(crate) folder: PathBuf,
    pub(crate) interpreter: Interpreter,
}

impl Venv {
    /// `.venv`, of the default interpreter.
    pub(crate) fn default() -> Result<Venv> {
        match interpreters().into_iter().next() {
            Some(interpreter) => Ok(Venv {
                folder: paths::root().join(".venv"),
                interpreter,
            }),
            None => bail!(
                "no CPython from 3.11 to 3.13 is on PATH; install the package python3 and python3-venv"
            ),
        }
    }

    /// One environment for each supported interpreter that is there, the default first.
    pub(crate) fn all() -> Result<Vec<Venv>> {
        let mut all = vec![Venv::default()?];
        for interpreter in interpreters().into_iter().skip(1) {
            let folder = paths::cache().join(format!("venv-{}", interpreter.version()));
            all.push(Venv {
                folder,
                interpreter,
            });
        }
        Ok(all)
    }

    /// The default environment and that of the newest other interpreter: what lies between seldom differs from both.
    pub(crate) fn outermost() -> Result<Vec<Venv>> {
        let mut all = Venv::all()?;
        let newest = all
            .split_off(1)
            .into_iter()
            .max_by_key(|venv| venv.interpreter.minor);
        all.extend(newest);
        Ok(all)
    }

    /// An environment for something else than the package, such as the benchmarks' peers; of the default interpreter, or of
    /// the one with a `version` such as 3.13.
    pub(crate) fn named(name: &str, version: Option<&str>) -> Result<Venv> {
        let default = Venv::default()?;
        let Some(version) = version else {
            return Ok(Venv {
                folder: paths::cache().join(name),
                ..default
            });
        };
        let interpreter = interpreters()
            .into_iter()
            .find(|interpreter| interpreter.version() == version)
            .with_context(|| format!("no CPython {version} is on PATH"))?;
        let folder = if interpreter == default.interpreter {
            name.to_owned()
        } else {
            format!("{name}-{version}")
        };
        Ok(Venv {
            folder: paths::cache().join(folder),
            interpreter,
        })
    }

    pub(crate) fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    /// A program that a package put into the environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// Makes the environment if it is not there, and installs what `requirements` (a file of `xtask/requirements`) lists,
    /// unless that was done before.
    pub(crate) fn provide(&self, requirements: &str) -> Result<()> {
        self.provide_list(&required(requirements), requirements)
    }

    /// As `provide`, with a list that stands elsewhere, and a name for it.
    pub(crate) fn provide_list(&self, list: &Path, name: &str) -> Result<()> {
        self.once(list, name, || {
            let mut pip = self.pip(&["--requirement".as_ref(), list.as_os_str()]);
            process::fetch(&mut pip).map(drop)
        })
    }

    /// As `provide`, but a line that cannot be installed is left out.
    pub(crate) fn provide_what_can_be_had(&self, requirements: &str) -> Result<()> {
        let list = required(requirements);
        self.once(&list, requirements, || {
            let lines = std::fs::read_to_string(&list)?;
            for line in lines.lines().filter(|line| !line.starts_with('#')) {
                // Once: what is not there for this interpreter is not there a moment later.
                if process::output(&mut self.pip(&[line.as_ref()])).is_err() {
                    terminal::note(&format!("{line} cannot be installed here"));
                }
            }
            Ok(())
        })
    }

    /// Makes the environment and calls `install`, unless the same list was installed before.
    fn once(&self, list: &Path, name: &str, install: impl FnOnce() -> Result<()>) -> Result<()> {
        let wanted =
            std::fs::read_to_string(list).with_context(|| format!("read {}", list.display()))?;
        self.create()?;
        let stamp = self.folder.join(format!("installed-{name}"));
        if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        let what = format!("installing {name} into {}", self.folder.display());
        terminal::timed(&what, install)?;
        Ok(std::fs::write(stamp, wanted)?)
    }

    fn pip(&self, what: &[&std::ffi::OsStr]) -> Command {
        let mut pip = Command::new(self.python());
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(what);
        pip
    }

    fn create(&self) -> Result<()> {
        if Interpreter::probe(&self.python())
            .is_some_and(|there| there.minor == self.interpreter.minor)
        {
            return Ok(());
        }
        system::provide(&system::VENV)?;
        let what = format!(
            "making {} with Python {}",
            self.folder.display(),
            self.interpreter.version()
        );
        let mut venv = Command::new(&self.interpreter.program);
        venv.args(["-m", "venv", "--clear"]).arg(&self.folder);
        terminal::timed(&what, || process::run(&mut venv))
    }

    /// Builds the extension module for this interpreter and makes `import twinloop` work in the environment.
    pub(crate) fn install_package(&self, profile: Profile) -> Result<()> {
        self.install_package_and_build(profile, &[])
    }

    /// As `install_package`, and builds these examples in the same run of cargo.
    pub(crate) fn install_package_and_build(
        &self,
        profile: Profile,
        examples: &[&str],
    ) -> Result<()> {
        self.create()?;
        let mut build = cargo::products(profile)?;
        build.args(examples.iter().flat_map(|name| ["--example", name]));
        // PyO3 builds for `python3` on PATH unless told otherwise; telling it what it would find would make plain
        // `cargo build` and this one build PyO3 again in turns.
        if !self.interpreter.is_default() {
            build.env("PYO3_PYTHON", &self.interpreter.program);
        }
        process::run(&mut build)?;
        self.place_package(profile)
    }

    /// Makes the package as it was built last importable.
    pub(crate) fn place_package(&self, profile: Profile) -> Result<()> {
        let sources = paths::root().join("python");
        self.place_module(
            &profile.artifact("libtwinloop_native.so"),
            &sources.join("_twinloop"),
        )?;
        let site_packages = self.ask("sysconfig.get_path('purelib')")?;
        let pointer = Path::new(&site_packages).join("twinloop-development.pth");
        Ok(std::fs::write(pointer, format!("{}\n", sources.display()))?)
    }

    /// Makes `folder`, for PYTHONPATH, with a copy of the package that has another extension module.
    pub(crate) fn copy_package(&self, module: &Path, folder: &Path) -> Result<()> {
        for package in ["twinloop", "_twinloop"] {
            copy_sources(
                &paths::root().join("python").join(package),
                &folder.join(package),
            )?;
        }
        self.place_module(module, &folder.join("_twinloop"))
    }

    /// Puts an extension module into a package under the name that this interpreter looks for.
    fn place_module(&self, module: &Path, package: &Path) -> Result<()> {
        let suffix = self.ask("sysconfig.get_config_var('EXT_SUFFIX')")?;
        // Renamed into place: a process that has the old module loaded keeps it.
        let fresh = package.join(format!(".native{suffix}.new"));
        std::fs::copy(module, &fresh).context("copy the extension module")?;
        Ok(std::fs::rename(
            &fresh,
            package.join(format!("_native{suffix}")),
        )?)
    }

    /// What an expression about the interpreter's `sysconfig` says.
    fn ask(&self, expression: &str) -> Result<String> {
        let program = format!("import sysconfig; print({expression})");
        process::output(Command::new(self.python()).args(["-c", &program]))
    }
}

/// A list of `xtask/requirements`.
fn required(name: &str) -> PathBuf {
    paths::root().join("xtask/requirements").join(name)
}

/// Copies a folder's Python files, and those of the folders in it.
fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let source = entry?.path();
        let target = to.join(source.file_name().context("a file has a name")?);
        if source.is_dir() {
            copy_sources(&source, &target)?;
        } else if source
            .extension()
            .is_some_and(|extension| extension == "py")
        {
            std::fs::copy(&source, &target)?;
        }
    }
    Ok(())
}
